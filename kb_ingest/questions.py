"""Recognising questions in documents: headings that ask, 问/答 and Q/A lines, tables of two columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kb_ingest.columns import Row, find_columns, read_rows
from kb_ingest.content import Options, Table

_NUMBER: Final = re.compile(
    r"^\s*(?:[（(]?\d{1,3}[)）]|\d{1,3}[.、．]|[（(][一二三四五六七八九十]+[)）]|[一二三四五六七八九十]+、)\s*"
)
# Before a full stop there must be a number: `Q1.` marks a question, `问题、建议…` and `A. 方案` mark nothing.
_MARK: Final = r"\s*(?:[\d一二三四五六七八九十]{1,3}\s*[：:.、]|[：:])"
_ASKS: Final = re.compile(
    rf"^\s*(?:\d{{1,3}}[.、．)）]\s*)?(?:\*\*)?(?:问题?|Q(?:uestion)?){_MARK}\s*(?P<rest>.+)$", re.IGNORECASE
)
_REPLIES: Final = re.compile(
    rf"^\s*(?:\*\*)?(?:答案?|回答|解答|A(?:nswer)?){_MARK}(?:\*\*)?\s*(?P<rest>.*)$", re.IGNORECASE | re.DOTALL
)
_BEGINS: Final = re.compile(r"^(?:如何|怎么|怎样|为什么|为何|什么是|哪些|哪里|哪个|能否|是否|可否|有没有|多久|多少)")
_ENDS: Final = re.compile(r"(?:吗|呢|么|怎么办|是什么|有哪些|在哪里?|多久|多少钱?|为什么|怎么回事|如何处理)$")
_SHORTEST, _LONGEST = 3, 120
_SHARE: Final = 0.6  # of the first cells that must ask, for a table without a header to be one of questions


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and its answer, as a document says them."""

    question: str
    answer: str
    place: str
    similar: tuple[str, ...] = ()


def is_question(text: str) -> bool:
    """Whether a heading or a cell asks something."""
    text = bare_question(text)
    if not _SHORTEST <= len(text) <= _LONGEST:
        return False
    return text.endswith(("？", "?")) or bool(_BEGINS.match(text) or _ENDS.search(text))


def bare_question(text: str) -> str:
    """A question without its number and without `问：` or `Q：` before it."""
    text = text.strip().strip("*").strip()
    asked = _ASKS.match(text)
    return _NUMBER.sub("", asked.group("rest") if asked else text).strip().strip("*").strip()


def asked_in(line: str) -> tuple[str, str] | None:
    """The question that a line `问：…` holds, and what follows its question mark; None for any other line."""
    asked = _ASKS.match(line)
    if asked is None:
        return None
    question, mark, rest = _cut_after_mark(asked.group("rest").strip())
    return bare_question(question + mark), rest.strip()


def marks_question(heading: str) -> bool:
    """Whether a heading is marked as a question by `问：` or `Q：`."""
    return _ASKS.match(heading) is not None


def replied_in(text: str) -> str | None:
    """What a text that begins with `答：` or `A：` says; None for any other text."""
    replied = _REPLIES.match(text)
    return replied.group("rest").strip() if replied else None


def bare_answer(text: str) -> str:
    """An answer without `答：` before it."""
    replied = replied_in(text)
    return text.strip() if replied is None else replied


def table_pairs(table: Table) -> list[Pair]:
    """The pairs of a table that has question and answer columns, or two columns of which the first asks."""
    rows = table.rows
    if rows and find_columns(rows[0], Options()):
        parsed = read_rows((Row(table.place, row) for row in rows), Options())
        return [Pair(entry.question, entry.answer, table.place, entry.similar) for entry in parsed.entries]
    if any(len(row) != 2 for row in rows):
        return []
    asking = [row for row in rows if is_question(row[0]) and row[1].strip()]
    if len(asking) < max(2, _SHARE * (len(rows) - 1)):
        return []
    return [Pair(bare_question(row[0]), bare_answer(row[1]), table.place) for row in asking]


def table_text(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table, the first as its header."""
    width = max(len(row) for row in rows)
    lines = ["| " + " | ".join((*map(_cell, row), *[""] * (width - len(row)))) + " |" for row in rows]
    return "\n".join((lines[0], "|" + " --- |" * width, *lines[1:]))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _cut_after_mark(text: str) -> tuple[str, str, str]:
    places = [place for mark in "？?" if (place := text.find(mark)) >= 0]
    if not places:
        return text, "", ""
    cut = min(places)
    return text[:cut], text[cut], text[cut + 1 :]
