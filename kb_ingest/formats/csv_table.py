"""Comma, tab, semicolon or bar separated tables."""

import csv
import io
from typing import Final

from kb_ingest.columns import Row, read_rows
from kb_ingest.content import Options, Parsed, Problem, Source
from kb_ingest.decoding import decode

_DELIMITERS: Final = ",\t;，；|"
_LONGEST_CELL: Final = 200_000
_OPEN_QUOTES: Final = 100  # unreadable rows after which the rest is given up: each may cost a reading of the file


def parse(source: Source, options: Options) -> Parsed:
    """Entries of a CSV file. A cell is text, whatever it begins with: a formula stays the characters it is."""
    text = decode(source.data)
    csv.field_size_limit(_LONGEST_CELL)
    rows: list[Row] = []
    problems: list[Problem] = []
    delimiter = _delimiter(text)
    lines = text.removesuffix("\n").split("\n")
    start = 0
    for _ in range(_OPEN_QUOTES):
        bad = _read(lines, start, delimiter, rows)
        if bad is None:
            break
        problems.append(Problem(f"第 {bad + 1} 行", "引号没有配对，或单元格过长"))
        start = bad + 1
    parsed = read_rows(rows, options)
    return Parsed(entries=parsed.entries, problems=(*problems, *parsed.problems))


def _read(lines: list[str], start: int, delimiter: str, rows: list[Row]) -> int | None:
    """Adds the rows from line `start` on. None at the end, else the line that cannot be read, to go on after it."""
    reader = csv.reader(io.StringIO("\n".join(lines[start:]), newline=""), delimiter=delimiter)
    while True:
        first = start + reader.line_num  # a quoted cell may span lines
        try:
            cells = next(reader)
        except StopIteration:
            return None
        except csv.Error:
            return first
        end = start + reader.line_num
        if end == len(lines) > first + 1 and sum(line.count('"') for line in lines[first:end]) % 2:
            return first  # a quote that is never closed would swallow the rest of the file
        rows.append(Row(f"第 {first + 1} 行", tuple(cells)))


def _delimiter(text: str) -> str:
    """The separator that cuts the first lines into the same number of cells, and into most."""
    lines = [line for line in text.split("\n")[:20] if line.strip()]
    counts = {mark: [line.count(mark) for line in lines] for mark in _DELIMITERS}
    first = {mark: numbers[0] for mark, numbers in counts.items() if numbers and numbers[0]}
    return max(first, key=lambda mark: (sum(n >= first[mark] for n in counts[mark]), first[mark]), default=",")
