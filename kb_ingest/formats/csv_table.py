"""Comma, tab, semicolon or bar separated tables."""

import csv
import io
from typing import Final

from kb_ingest.columns import Row, read_rows
from kb_ingest.content import Options, Parsed, Problem, Source
from kb_ingest.decoding import decode

_DELIMITERS: Final = ",\t;，；|"
_LONGEST_CELL: Final = 200_000


def parse(source: Source, options: Options) -> Parsed:
    """Entries of a CSV file. A cell is text, whatever it begins with: a formula stays the characters it is."""
    text = decode(source.data)
    csv.field_size_limit(_LONGEST_CELL)
    rows: list[Row] = []
    problems: list[Problem] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    while True:
        first = reader.line_num + 1  # a quoted cell may span lines
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error:
            problems.append(Problem(f"第 {first} 行", "引号不配对，或单元格过长"))
            continue
        rows.append(Row(f"第 {first} 行", tuple(cells)))
    parsed = read_rows(rows, options)
    return Parsed(entries=parsed.entries, problems=(*problems, *parsed.problems))


def _delimiter(text: str) -> str:
    """The separator that cuts the first lines into the same number of cells, and into most."""
    lines = [line for line in text.split("\n")[:20] if line.strip()]
    counts = {mark: [line.count(mark) for line in lines] for mark in _DELIMITERS}
    first = {mark: numbers[0] for mark, numbers in counts.items() if numbers and numbers[0]}
    return max(first, key=lambda mark: (sum(n >= first[mark] for n in counts[mark]), first[mark]), default=",")
