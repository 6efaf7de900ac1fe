"""`yingda kb` as an editor uses it: any file in, a table of what happened, and the same again without a change."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from core.errors import UsageProblem
from kb_ingest.refusals import UnsupportedFile
from server.cli import app
from tests.kb_ingest.documents import docx, pdf, write, xlsx, zipped
from tests.kb_ingest.website import serving

Imported = dict[str, Any]


class Base:
    """A tenant of its own, and its knowledge commands."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.environment = {"YINGDA_DATABASE_URL": database_url, "YINGDA_DATA_DIR": str(folder / "var")}
        made = self.run("tenant", "create", "acme", "--name", "甲公司", "--admin-email", "a@b.example")
        assert made.exit_code == 0, made.output

    def run(self, *arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], env=self.environment)

    def load(self, *arguments: object) -> Imported:
        done = self.run("kb", "import", *arguments, "--tenant", "acme", "--json")
        report: Imported = json.loads(done.stdout)
        assert done.exit_code == (1 if report["refused"] else 0), done.stderr
        return report

    def stored(self) -> list[dict[str, Any]]:
        out = self.folder / "out.jsonl"
        assert self.run("kb", "export", "--tenant", "acme", "--out", out).exit_code == 0
        return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def base(tmp_path: Path, own_database_url: str) -> Base:
    return Base(tmp_path, own_database_url)


def figures(report: Imported) -> tuple[int, ...]:
    return tuple(report[name] for name in ("added", "changed", "unchanged", "problems", "refused"))


class TestImport:
    def test_every_format_once_and_again(self, base: Base, tmp_path: Path) -> None:
        files = [
            xlsx(
                tmp_path / "faq.xlsx",
                ("标准问", "相似问", "答案"),
                ("运费怎么算？", "邮费多少｜包邮吗", "满 99 元包邮。"),
            ),
            write(tmp_path / "gb.csv", "问题,答案\n能开发票吗？,能。\n没有答案,\n".encode("gb18030")),
            docx(tmp_path / "手册.docx", ("Heading1", "怎么退货？"), ("Normal", "点退货。")),
            pdf(tmp_path / "政策.pdf", [(11, "签收后七天内可以退货。")]),
            zipped(tmp_path / "all.zip", {"a.md": "# 营业时间\n\n九点到十八点。\n".encode(), "b.exe": b"MZ"}),
            write(tmp_path / "broken.docx", b"PK nothing"),
        ]
        tried = base.load(*files, "--dry-run")
        assert figures(tried) == (5, 0, 0, 1, 2)
        assert base.stored() == []
        first = base.load(*files)
        assert figures(first) == (5, 0, 0, 1, 2)
        assert {file["name"]: file["refused"]["code"] for file in first["files"] if file["refused"]} == {
            "all.zip/b.exe": "file_unsupported",
            "broken.docx": "file_broken",
        }
        assert figures(base.load(*files)) == (0, 0, 5, 1, 2)
        stored = base.stored()
        assert [(row["question"], row["category"], row["labels"]) for row in stored[2:]] == [
            ("怎么退货？", "文档/手册.docx", []),
            ("签收后七天内可以退货", "文档/政策.pdf", ["passage", "第 1 页"]),
            ("营业时间", "文档/all.zip/a.md", ["passage", "第 3 行"]),
        ]
        assert figures(base.load(tmp_path / "out.jsonl")) == (0, 0, 5, 0, 0)  # what goes out comes in unchanged
        assert base.stored() == stored

    def test_changed_answer_replaces_the_old_one(self, base: Base, tmp_path: Path) -> None:
        path = tmp_path / "faq.csv"
        base.load(write(path, "问题,答案\n几点下班？,六点\n几点开门？,九点\n"))
        assert figures(base.load(write(path, "问题,答案\n几点下班？,七点\n几点开门？,九点\n"))) == (0, 1, 1, 0, 0)
        assert [row["answer"] for row in base.stored()] == ["七点", "九点"]

    def test_files_that_differ_on_an_entry_are_settled_the_same_way_each_time(self, base: Base, tmp_path: Path) -> None:
        old = write(tmp_path / "old.csv", "问题,答案\n几点下班？,六点\n")
        new = write(tmp_path / "new.csv", "问题,答案\n几点下班？,七点\n")
        assert figures(base.load(old, new)) == (1, 0, 0, 1, 0)
        assert figures(base.load(old, new)) == (0, 0, 1, 1, 0)
        assert [row["answer"] for row in base.stored()] == ["七点"]


class TestOnTheTerminal:
    def test_closing_table_and_reasons(self, tmp_path: Path) -> None:
        base = Base(tmp_path, f"sqlite:///{tmp_path / 'own.db'}")
        good = write(tmp_path / "faq.csv", "问题,答案\n几点下班？,六点\n几点上班？,\n")
        done = base.run("kb", "import", good, tmp_path / "none.pdf", "--tenant", "acme")
        assert done.exit_code == 1
        assert "faq.csv" in done.stdout
        assert "faq.csv 第 3 行：缺少答案" in done.stderr
        assert "none.pdf：文件不存在" in done.stderr

    def test_mapping_columns(self, tmp_path: Path) -> None:
        base = Base(tmp_path, f"sqlite:///{tmp_path / 'own.db'}")
        path = write(tmp_path / "faq.csv", "客户怎么说,客服怎么说\n几点下班？,六点\n")
        assert figures(base.load(path)) == (0, 0, 0, 0, 1)
        assert figures(base.load(path, "--map", "客户怎么说=question", "--map", "客服怎么说=answer")) == (1, 0, 0, 0, 0)
        wrong = base.run("kb", "import", path, "--tenant", "acme", "--map", "客户怎么说=问题")
        assert isinstance(wrong.exception, UsageProblem)  # which main() prints as one sentence
        assert "--map 应写成" in str(wrong.exception)

    def test_web_page_of_an_intranet_only_when_it_is_named(self, tmp_path: Path) -> None:
        base = Base(tmp_path, f"sqlite:///{tmp_path / 'own.db'}")
        with serving() as site:
            site.page("/help", "<h1>怎么退货？</h1><p>点退货。</p>")
            url = f"http://127.0.0.1:{site.port}/help"
            refused = base.load(url)
            assert refused["files"][0]["refused"]["code"] == "address_refused"
            assert site.seen == []
            assert figures(base.load(url, "--intranet", f"127.0.0.1:{site.port}")) == (1, 0, 0, 0, 0)
        wrong = base.run("kb", "import", url, "--tenant", "acme", "--intranet", "nowhere")
        assert isinstance(wrong.exception, UsageProblem)

    def test_template_is_filled_in_and_imported(self, tmp_path: Path) -> None:
        base = Base(tmp_path, f"sqlite:///{tmp_path / 'own.db'}")
        assert base.run("kb", "template", tmp_path / "模板.xlsx").exit_code == 0
        assert figures(base.load(tmp_path / "模板.xlsx")) == (2, 0, 0, 0, 0)
        wrong = base.run("kb", "template", tmp_path / "模板.doc")
        assert isinstance(wrong.exception, UnsupportedFile)
