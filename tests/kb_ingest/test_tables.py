"""Tables of questions: csv and spreadsheets as offices really save them."""

from pathlib import Path

import pytest
import xlsxwriter

from core.settings import REPOSITORY
from kb_ingest.refusals import NoQuestionColumn
from kb_ingest.template import write_template
from tests.kb_ingest.documents import pairs, read, read_one, write, xlsx

TEXT = "问题,相似问,答案,分类\n运费怎么算？,邮费多少|包邮吗,满 99 元包邮。,配送/运费\n怎么退货？,,点“申请退货”。,售后\n"


class TestCsv:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"])
    def test_any_encoding_of_an_office(self, tmp_path: Path, encoding: str) -> None:
        file = read_one(write(tmp_path / "faq.csv", TEXT.encode(encoding)))
        assert pairs(file) == [("运费怎么算？", "满 99 元包邮。"), ("怎么退货？", "点“申请退货”。")]
        assert file.entries[0].similar == ("邮费多少", "包邮吗")
        assert file.entries[0].category == "配送/运费"

    @pytest.mark.parametrize("delimiter", [",", "\t", ";", "，", "|"])
    def test_any_delimiter(self, tmp_path: Path, delimiter: str) -> None:
        text = "\r\n".join(
            delimiter.join(row) for row in (("标准问", "答案"), ("能开发票吗", "能"), ("能货到付款吗", "不能"))
        )
        assert pairs(read_one(write(tmp_path / "faq.csv", text))) == [("能开发票吗", "能"), ("能货到付款吗", "不能")]

    def test_quoted_cells_keep_lines_and_commas(self, tmp_path: Path) -> None:
        file = read_one(write(tmp_path / "a.csv", 'Question,Answer\n"Where, exactly?","一行\n二行, ""引号"""\n'))
        assert pairs(file) == [("Where, exactly?", '一行\n二行, "引号"')]

    def test_bad_row_is_named_and_the_rest_is_read(self, tmp_path: Path) -> None:
        text = f"问题,答案\n甲怎么办,可以\n乙怎么办,\n,没有问题\n丙怎么办,{'长' * 20_001}\n丁怎么办,行\n"
        file = read_one(write(tmp_path / "a.csv", text))
        assert [question for question, _ in pairs(file)] == ["甲怎么办", "丁怎么办"]
        assert [(problem.place, problem.reason) for problem in file.problems] == [
            ("第 3 行", "缺少答案"),
            ("第 4 行", "缺少标准问 question"),
            ("第 5 行", "answer 有 20001 字，最多 20000 字"),
        ]

    def test_quote_that_is_never_closed_costs_one_row(self, tmp_path: Path) -> None:
        file = read_one(write(tmp_path / "a.csv", '问题,答案\n甲怎么办,"好\n的"\n"乙怎么办,行\n丙怎么办,行\n'))
        assert pairs(file) == [("甲怎么办", "好\n的"), ("丙怎么办", "行")]
        assert [(problem.place, problem.reason[:6]) for problem in file.problems] == [("第 4 行", "引号没有配对")]

    def test_same_question_twice_is_told(self, tmp_path: Path) -> None:
        file = read_one(write(tmp_path / "a.csv", "问题,答案\n怎么退货,旧\n怎么退货,新\n"))
        assert pairs(file) == [("怎么退货", "新")]
        assert (file.problems[0].place, "第 3 行" in file.problems[0].reason) == ("第 2 行", True)

    def test_formula_stays_text(self, tmp_path: Path) -> None:
        formula = '=HYPERLINK("http://127.0.0.1/","点我")'
        file = read_one(write(tmp_path / "a.csv", f'问题,答案\n怎么领券,"{formula.replace(chr(34), chr(34) * 2)}"\n'))
        assert pairs(file) == [("怎么领券", formula)]

    def test_unknown_header_says_how_to_map_it(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", "客户怎么说,我们怎么说\n能退吗,能\n")
        refused = read_one(path).refused
        assert isinstance(refused, NoQuestionColumn)
        assert "客户怎么说、我们怎么说" in str(refused)
        assert "--map" in str(refused)
        assert pairs(read_one(path, 客户怎么说="question", 我们怎么说="answer")) == [("能退吗", "能")]

    def test_same_rows_get_the_same_ids_in_any_file(self, tmp_path: Path) -> None:
        one = read_one(write(tmp_path / "a.csv", TEXT))
        other = read_one(write(tmp_path / "b.csv", TEXT.replace("满 99", "满 199")))
        assert [entry.id for entry in one.entries] == [entry.id for entry in other.entries]


class TestSpreadsheet:
    def test_old_xls_with_merged_category_and_long_number(self) -> None:
        file = read_one(REPOSITORY / "tests" / "fixtures" / "ingest" / "faq.xls")
        assert pairs(file) == [("怎么申请退货？", "在订单里点退货。"), ("退款几天到账？", "1 至 3 个工作日。")]
        assert {entry.category for entry in file.entries} == {"售后/退货"}

    def test_title_above_the_header_and_empty_sheets(self, tmp_path: Path) -> None:
        with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
            book.add_worksheet("空的")
            sheet = book.add_worksheet("问答")
            sheet.merge_range(0, 0, 0, 3, "客服知识库（2026 年 11 月）")
            sheet.write_row(2, 0, ("标准问题", "标准答案"))
            sheet.write_row(3, 0, ("几点下班？", "18:00"))
            hidden = book.add_worksheet("内部")
            hidden.write_row(0, 0, ("问题", "答案"))
            hidden.write_row(1, 0, ("底价多少", "不能说"))
            hidden.hide()
        assert pairs(read_one(tmp_path / "a.xlsx")) == [("几点下班？", "18:00")]

    def test_merged_question_gathers_its_rows(self, tmp_path: Path) -> None:
        with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ("问题", "相似问法", "答案"))
            sheet.merge_range(1, 0, 3, 0, "怎么退货？")
            sheet.merge_range(1, 2, 3, 2, "点退货。")
            for row, wording in enumerate(("咋退", "我要退货", "不想要了"), 1):
                sheet.write(row, 1, wording)
            sheet.write_row(4, 0, ("怎么换货？", "", "点换货。"))
        file = read_one(tmp_path / "a.xlsx")
        assert pairs(file) == [("怎么退货？", "点退货。"), ("怎么换货？", "点换货。")]
        assert file.entries[0].similar == ("咋退", "我要退货", "不想要了")
        assert file.problems == ()

    def test_numbers_dates_and_formulas_are_what_the_reader_sees(self, tmp_path: Path) -> None:
        with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ("编号", "问题", "答案"))
            sheet.write_string(1, 0, "12345678901234567890")
            sheet.write_row(1, 1, ("满多少包邮？", 99))
            sheet.write_string(2, 0, "007")
            sheet.write_string(2, 1, "折后多少钱？")
            sheet.write_formula(2, 2, "=WEBSERVICE(1)+79.5", value=79.5)
        file = read_one(tmp_path / "a.xlsx")
        assert [(entry.id, entry.answer) for entry in file.entries] == [("12345678901234567890", "99"), ("007", "79.5")]

    def test_number_that_lost_its_last_digits_is_told(self, tmp_path: Path) -> None:
        file = read_one(xlsx(tmp_path / "a.xlsx", ("问题", "答案"), ("客服账号是多少？", 12345678901234567890)))
        assert file.problems[0].place == "第 2 行"
        assert "15 位" in file.problems[0].reason

    def test_sheet_without_questions_never_stops_the_others(self, tmp_path: Path) -> None:
        with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
            book.add_worksheet("价目").write_row(0, 0, ("名称", "价格"))
            sheet = book.add_worksheet("问答")
            sheet.write_row(0, 0, ("问", "答"))
            sheet.write_row(1, 0, ("几点开门？", "9:00"))
        file = read_one(tmp_path / "a.xlsx")
        assert pairs(file) == [("几点开门？", "9:00")]
        assert file.problems[0].place == "工作表“价目”"

    @pytest.mark.parametrize("name", ["t.xlsx", "t.csv"])
    def test_template_can_be_imported_as_it_is(self, tmp_path: Path, name: str) -> None:
        write_template(tmp_path / name)
        file = read_one(tmp_path / name)
        assert [entry.question for entry in file.entries] == ["运费怎么算？", "怎么申请退货？"]
        assert [entry.similar for entry in file.entries] == [("邮费多少", "包邮吗"), ("这东西咋退啊", "我要退货")]
        assert file.entries[0].labels == ("常见",)
        assert file.problems == ()


class TestConflicts:
    def test_files_of_one_import_are_read_alone(self, tmp_path: Path) -> None:
        good = write(tmp_path / "a.csv", TEXT)
        files = read(tmp_path / "none.csv", good, write(tmp_path / "empty.csv", ""))
        assert [len(file.entries) for file in files] == [0, 2, 0]
        assert [file.refused.code if file.refused else None for file in files] == ["file_missing", None, "file_empty"]
