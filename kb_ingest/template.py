"""A table to fill in: the columns that import knows, and rows that show how they are meant."""

import csv
import io
from pathlib import Path
from typing import Final

import xlsxwriter

from kb_ingest.formats.registry import suffix_of
from kb_ingest.refusals import UnsupportedFile

HEADER: Final = ("编号", "标准问", "相似问", "答案", "分类", "标签")
_EXAMPLES: Final = (
    ("freight", "运费怎么算？", "邮费多少\n包邮吗", "满 99 元包邮，未满收 8 元。", "配送/运费", "常见"),
    ("", "怎么申请退货？", "这东西咋退啊｜我要退货", "签收后 7 天内，在“我的订单”里点“申请退货”。", "售后/退货", ""),
)
_HINTS: Final = (
    "可不填；不填时按标准问识别同一条",
    "必填：一句完整的问话",
    "可不填：每行一个，或用 ｜ 隔开",
    "必填：文字或 Markdown",
    "可不填：用 / 分级",
    "可不填：每行一个，或用 ｜ 隔开",
)
_WIDTHS: Final = (16, 36, 36, 60, 20, 16)


def write_template(path: Path) -> None:
    """Writes a template as `.xlsx` or `.csv`, over a file of that name.

    Raises:
        UnsupportedFile: another ending.
    """
    match suffix_of(path.name):
        case ".xlsx":
            path.write_bytes(_workbook())
        case ".csv":
            text = io.StringIO(newline="")
            csv.writer(text).writerows((HEADER, *_EXAMPLES))
            path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")  # the mark is what Excel looks for
        case _:
            raise UnsupportedFile


def _workbook() -> bytes:
    """Cells are formatted as text, so that a long order number keeps all its digits."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet("知识")
        text = workbook.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        bold = workbook.add_format({"bold": True, "bg_color": "#E8EEF7", "border": 1})
        for column, (name, hint, width) in enumerate(zip(HEADER, _HINTS, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width, text)
            sheet.write_string(0, column, name, bold)
            sheet.write_comment(0, column, hint)
        for row, example in enumerate(_EXAMPLES, start=1):
            for column, value in enumerate(example):
                sheet.write_string(row, column, value, text)
        sheet.freeze_panes(1, 0)
    return data.getvalue()
