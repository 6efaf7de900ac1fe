"""Documents of every format: what asks becomes a question, all else becomes passages that keep their place."""

from pathlib import Path

import pytest

from kb_ingest.reading import ReadFile
from tests.kb_ingest.documents import docx, pairs, pdf, pptx, read, read_one, write, zipped

LONG = "".join(f"第{n}类商品签收后七天内可以申请退货，商品须完好，配件齐全。" for n in range(30))


def passages(file: ReadFile) -> list[str]:
    return [entry.answer for entry in file.entries if "passage" in entry.labels]


class TestQuestionsInDocuments:
    @pytest.mark.parametrize(
        "marks",
        [
            ("问：", "答："),
            ("Q: ", "A: "),
            ("问题1：", "答案："),
            ("Q1. ", "A1. "),
            ("**问：**", "**答：**"),
            ("问:", "答:"),
        ],
    )
    def test_marked_pairs(self, tmp_path: Path, marks: tuple[str, str]) -> None:
        ask, reply = marks
        text = (
            f"常见问答如下。\n\n{ask}怎么开发票？\n{reply}在订单详情里开。\n当天寄出。\n"
            f"{ask}能改地址吗\n{reply}发货前可以。\n"
        )
        file = read_one(write(tmp_path / "faq.txt", text))
        assert [pair for pair in pairs(file) if "发票" in pair[0] or "地址" in pair[0]] == [
            ("怎么开发票？", "在订单详情里开。\n当天寄出。"),
            ("能改地址吗", "发货前可以。"),
        ]
        assert passages(file) == ["常见问答如下。"]

    def test_headings_that_ask(self, tmp_path: Path) -> None:
        text = (
            "# 售后\n\n## 1. 如何申请退货\n\n先登录。\n\n### 手机上\n\n点**我的**。\n\n"
            "## 运费说明\n\n满 99 元包邮。\n\n## 多久到账？\n\n三天。\n"
        )
        file = read_one(write(tmp_path / "help.md", text))
        assert pairs(file) == [
            ("如何申请退货", "先登录。\n\n**手机上**\n\n点**我的**。"),
            ("售后 · 运费说明", "满 99 元包邮。"),
            ("多久到账？", "三天。"),
        ]
        assert [entry.labels for entry in file.entries] == [("第 3 行",), ("passage", "第 13 行"), ("第 15 行",)]
        assert file.entries[0].category == "文档/help.md"

    def test_chapter_that_asks_but_holds_questions_is_no_question(self, tmp_path: Path) -> None:
        text = "# 怎么用优惠券？\n\n总说明。\n\n## 能叠加吗？\n\n不能。\n"
        assert pairs(read_one(write(tmp_path / "a.md", text))) == [
            ("怎么用优惠券？", "总说明。"),
            ("能叠加吗？", "不能。"),
        ]

    def test_whole_guide_below_a_question_becomes_passages(self, tmp_path: Path) -> None:
        text = "# 如何部署\n\n" + "".join(f"## 第{n}步\n\n{LONG}\n\n" for n in range(12))
        file = read_one(write(tmp_path / "a.md", text))
        assert len(passages(file)) == len(file.entries)

    def test_tables_of_two_columns(self, tmp_path: Path) -> None:
        text = (
            "# 帮助\n\n|问题|答案|\n|---|---|\n|能退吗|能|\n|能换吗|能|\n\n"
            "|a|b|\n|:-|-:|\n|怎么改密码？|点设置|\n|怎么注销？|联系客服|\n"
        )
        assert pairs(read_one(write(tmp_path / "a.md", text))) == [
            ("能退吗", "能"),
            ("能换吗", "能"),
            ("怎么改密码？", "点设置"),
            ("怎么注销？", "联系客服"),
        ]

    def test_statement_headings_and_price_tables_are_no_questions(self, tmp_path: Path) -> None:
        table = "|套餐|价格|\n|---|---|\n|基础版|99|\n|专业版|199|\n"
        text = f"# 产品简介\n\n问题、建议请这样反馈，答复时间两天。\n\nA. 拨打热线。\n\n{table}"
        file = read_one(write(tmp_path / "a.md", text))
        assert len(passages(file)) == len(file.entries) == 1
        assert "| 基础版 | 99 |" in file.entries[0].answer


class TestPassages:
    def test_sizes_ends_and_nothing_lost(self, tmp_path: Path) -> None:
        file = read_one(write(tmp_path / "a.txt", f"一、退货规则\n{LONG}"))
        found = passages(file)
        assert len(found) > 2
        assert all(len(text) <= 460 and text.endswith("。") for text in found)
        assert all(len(text) >= 200 for text in found[:-1])
        assert "".join(found).replace("\n", "") == LONG
        assert file.entries[0].question == "一、退货规则"
        assert file.entries[0].similar[0] == "第0类商品签收后七天内可以申请退货，商品须完好，配件齐全"

    def test_long_table_repeats_its_header(self, tmp_path: Path) -> None:
        rows = "".join(f"|型号{n}|{'功率大，' * 8}|\n" for n in range(30))
        file = read_one(write(tmp_path / "a.md", f"# 型号表\n\n|型号|特点|\n|---|---|\n{rows}"))
        assert len(file.entries) > 3
        assert all(text.startswith("| 型号 | 特点 |") for text in passages(file))
        assert sum(text.count("| 型号") - 1 for text in passages(file)) == 30

    def test_same_document_same_ids_changed_sentence_changes_one(self, tmp_path: Path) -> None:
        text = "# 说明\n\n## 退货\n\n七天。\n\n## 换货\n\n十五天。\n"
        before = read_one(write(tmp_path / "a.md", text)).entries
        assert read_one(tmp_path / "a.md").entries == before
        after = read_one(write(tmp_path / "a.md", text.replace("七天", "十天"))).entries
        assert [entry.id for entry in after] == [entry.id for entry in before]
        assert [a == b for a, b in zip(before, after, strict=True)] == [False, True]


class TestFormats:
    def test_word(self, tmp_path: Path) -> None:
        path = docx(
            tmp_path / "手册.docx",
            ("Heading1", "售后手册"),
            ("Heading2", "怎么申请退货？"),
            ("Normal", "在订单里点退货。"),
            ("Heading2", "营业时间"),
            ("Normal", "每天九点到十八点。"),
            table=(("项目", "时限", "备注"), ("退货", "7 天", "完好"), ("换货", "15 天", "完好")),
        )
        file = read_one(path)
        assert pairs(file)[0] == ("怎么申请退货？", "在订单里点退货。")
        assert file.entries[1].question == "售后手册 · 营业时间"
        assert "| 退货 | 7 天 | 完好 |" in file.entries[1].answer

    def test_pdf_with_headings_by_size_and_running_titles(self, tmp_path: Path) -> None:
        head = (9, "应答商城内部资料")
        file = read_one(
            pdf(
                tmp_path / "a.pdf",
                [
                    head,
                    (20, "退换货政策"),
                    (11, "签收后七天内可以申请退货，商品须"),
                    (11, "完好，配件齐全。"),
                    (9, "1"),
                ],
                [head, (20, "怎么联系客服？"), (11, "拨打热线。"), (9, "2")],
                [head, (20, "发票"), (11, "电子发票当天开出。"), (9, "第 3 页")],
            )
        )
        assert pairs(file) == [
            ("退换货政策", "签收后七天内可以申请退货，商品须完好，配件齐全。"),
            ("怎么联系客服？", "拨打热线。"),
            ("发票", "电子发票当天开出。"),
        ]
        assert [entry.labels[-1] for entry in file.entries] == ["第 1 页", "第 2 页", "第 3 页"]

    def test_scanned_page_is_told_and_the_rest_is_read(self, tmp_path: Path) -> None:
        file = read_one(pdf(tmp_path / "a.pdf", [(11, "门店地址在人民路一号。")], []))
        assert pairs(file) == [("门店地址在人民路一号", "门店地址在人民路一号。")]
        assert [(problem.place, "扫描件" in problem.reason) for problem in file.problems] == [("第 2 页", True)]

    def test_slides(self, tmp_path: Path) -> None:
        path = pptx(
            tmp_path / "a.pptx",
            ("会员权益", "银卡九五折。\n金卡九折。"),
            ("怎么升级会员？", "累计消费满一千元。"),
            table=(("等级", "积分", "折扣"), ("金卡", "1000", "九折")),
        )
        file = read_one(path)
        assert pairs(file)[0] == ("会员权益", "银卡九五折。\n金卡九折。")
        assert file.entries[1].question == "怎么升级会员？"
        assert "| 金卡 | 1000 | 九折 |" in file.entries[1].answer
        assert file.entries[1].labels == ("第 2 张幻灯片",)

    def test_web_page_without_navigation_and_scripts(self, tmp_path: Path) -> None:
        page = """<%@ page language="java" %><html><head><meta charset="gbk"><title>帮助</title></head><body>
        <nav><a href="/">首页</a></nav><header>应答商城</header>
        <main><h1>帮助中心</h1><h3>Q：如何取消订单？</h3>
        <p>付款前<b>可以</b>取消，见<a href="https://a.example/x">说明</a>。</p>
        <ul><li>先登录</li><li>再取消</li></ul><script>alert('坏')</script>
        <a data-toggle="fold"><div>支付</div></a><div>支持<a href="javascript:x()">微信</a>支付。</div>
        <details><summary>能货到付款吗</summary>不能。</details>
        <ul><li><a href="/a">别的</a></li><li><a href="/b">更多</a></li></ul></main>
        <footer>版权所有</footer></body></html>"""
        file = read_one(write(tmp_path / "a.html", page.encode("gbk")))
        assert pairs(file) == [
            ("如何取消订单？", "付款前**可以**取消，见[说明](https://a.example/x)。\n\n- 先登录\n- 再取消"),
            ("帮助中心 · 支付", "支持微信支付。"),
            ("能货到付款吗", "不能。"),
        ]

    def test_fold_of_questions_whose_answer_follows_in_small_type(self, tmp_path: Path) -> None:
        folds = (("Q：如何投诉？", "拨打客服电话。"), ("Q：如何表扬？", "写评价。"))
        items = "".join(f"<li><div>{ask}<small>{reply}</small></div></li>" for ask, reply in folds)
        page = f"<ul>{items}</ul>"
        file = read_one(write(tmp_path / "a.html", page))
        assert pairs(file) == [("如何投诉？", "拨打客服电话。"), ("如何表扬？", "写评价。")]

    def test_markdown_drops_front_matter_contents_and_dead_links(self, tmp_path: Path) -> None:
        text = (
            "---\nkeyword: [退货]\n---\n\n# 说明 {#a}\n\n- [第一节](#a)\n- [第二节](#b)\n\n"
            "<!-- 内部备注 -->\n见[政策](/cn/policy.md)与[官网](https://a.example/)。\n\n```\n# 不是标题\n```\n"
        )
        file = read_one(write(tmp_path / "a.md", text))
        assert pairs(file) == [("说明", "见政策与[官网](https://a.example/)。\n\n```\n# 不是标题\n```")]

    def test_rasa_project_in_several_files(self, tmp_path: Path) -> None:
        nlu = write(
            tmp_path / "nlu.yml",
            'version: "3.1"\nnlu:\n- intent: faq/退货\n  examples: |\n    - 怎么退货\n    - [昨天](time)买的想退\n'
            "- intent: ask_price\n  examples: |\n    - 多少钱\n- intent: hello\n  examples: |\n    - 你好\n",
        )
        domain = write(
            tmp_path / "domain.yml",
            'version: "3.1"\nresponses:\n  utter_faq/退货:\n  - text: 微信里这样退。\n    channel: wechat\n'
            "  - text: 在订单里点退货。\n  utter_price:\n  - text: 看商品页。\n",
        )
        rules = write(
            tmp_path / "rules.yml",
            'version: "3.1"\nrules:\n- rule: 价格\n  steps:\n  - intent: ask_price\n  - action: utter_price\n',
        )
        (file,) = read(nlu, domain, rules)
        assert pairs(file) == [("怎么退货", "在订单里点退货。"), ("多少钱", "看商品页。")]
        assert file.entries[0].similar == ("昨天买的想退",)
        assert [problem.place for problem in file.problems] == ["意图 hello"]

    def test_zip_of_everything(self, tmp_path: Path) -> None:
        inner = write(tmp_path / "in.md", "# 能退吗？\n\n能。\n")
        path = zipped(
            tmp_path / "all.zip",
            {
                "手册/a.md": inner.read_bytes(),
                "b.csv": "问题,答案\n能换吗,能\n".encode("gbk"),
                "c.exe": b"MZ",
                "d.pdf": b"no",
            },
        )
        files = {file.name: file for file in read(path)}
        assert pairs(files["all.zip/手册/a.md"]) == [("能退吗？", "能。")]
        assert pairs(files["all.zip/b.csv"]) == [("能换吗", "能")]
        assert {name: file.refused.code for name, file in files.items() if file.refused} == {
            "all.zip/c.exe": "file_unsupported",
            "all.zip/d.pdf": "file_broken",
        }
