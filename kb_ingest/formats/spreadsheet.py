"""Spreadsheets: xlsx, xls and ods. Values only: formulas are never evaluated, macros never run."""

import io
from datetime import date, datetime, time, timedelta
from typing import Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from kb_ingest.columns import Row, read_rows
from kb_ingest.content import Options, Parsed, Problem, Source
from kb_ingest.refusals import Broken, NoQuestionColumn, Protected

_EXACT: Final = 10**15  # a spreadsheet keeps 15 digits of a number; what was typed after them is already lost
Cell = int | float | str | bool | time | date | datetime | timedelta


def parse(source: Source, options: Options) -> Parsed:
    """Entries of all visible sheets; a sheet without questions is named and never stops the others."""
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(source.data))
        sheets = [meta.name for meta in workbook.sheets_metadata if meta.visible is SheetVisibleEnum.Visible]
        found = [_sheet(workbook.get_sheet_by_name(name), options, is_only=len(sheets) == 1) for name in sheets]
    except PasswordError as error:
        raise Protected from error
    except CalamineError as error:
        raise Broken from error
    entries = {entry.id: entry for parsed in found for entry in parsed.entries}
    return Parsed(tuple(entries.values()), problems=tuple(problem for parsed in found for problem in parsed.problems))


def _sheet(sheet: CalamineSheet, options: Options, *, is_only: bool) -> Parsed:
    prefix = "" if is_only else f"工作表“{sheet.name}”"
    top = sheet.start[0] if sheet.start else 0
    left = sheet.start[1] if sheet.start else 0
    grid = [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=True)]
    for (row, column), (last_row, _) in sheet.merged_cell_ranges or ():
        _fill_down(grid, column - left, row - top, last_row - top)
    problems = [
        Problem(
            f"{prefix}第 {top + number} 行", "有超过 15 位的数字，表格软件已丢失末尾几位；请把该列设为文本后重新填写"
        )
        for number, row in enumerate(sheet.to_python(skip_empty_area=True), start=1)
        if any(isinstance(cell, float) and abs(cell) >= _EXACT for cell in row)
    ]
    rows = [Row(f"{prefix}第 {top + number} 行", tuple(row)) for number, row in enumerate(grid, start=1)]
    try:
        parsed = read_rows(rows, options, merges_repeat=True)
    except NoQuestionColumn as error:
        if is_only:
            raise
        return Parsed(problems=(Problem(prefix, str(error)),))
    return Parsed(parsed.entries, problems=(*problems, *parsed.problems))


def _fill_down(grid: list[list[str]], column: int, row: int, last_row: int) -> None:
    """Writes a merged cell's value down its rows, so that each can be read alone.

    Not to the right: that would make a title above the table look like its header.
    """
    if 0 <= row < len(grid) and 0 <= column < len(grid[row]):
        for below in range(row + 1, min(last_row + 1, len(grid))):
            grid[below][column] = grid[row][column]


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "minutes")
    return str(cell).strip()
