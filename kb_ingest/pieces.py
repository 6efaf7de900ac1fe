"""Text into pieces of a size that an answer can have, cut where a sentence ends; tables stay tables."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from kb_ingest.content import Table, Text
from kb_ingest.questions import table_text

SHORTEST: Final = 200
LONGEST: Final = 400
_SCRAP: Final = 60  # what is left at the end and shorter than this joins the piece before it
_SENTENCE: Final = re.compile(r"[^。！？；!?;]*[。！？；!?;]+[”’」）)]*|[^。！？；!?;]+")
_MARKDOWN: Final = re.compile(r"^\s*(?:[-*+]|\d+[.)、])\s+|\*\*|`|!?\[([^\]]*)\]\([^)]*\)")
_FIRST: Final = 3  # sentences that stand for a piece when somebody asks for what it says
_SHORT_SENTENCE, _LONG_SENTENCE = 6, 80


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of about 200 to 400 characters and where it begins."""

    text: str
    place: str


def cut_pieces(blocks: Sequence[Text | Table]) -> list[Piece]:
    """Pieces of a section, in order; together they hold all its text."""
    pieces: list[Piece] = []
    text, place = "", ""
    for between, unit, where in _units(blocks):
        if text and (len(text) >= SHORTEST or len(text) + len(unit) > LONGEST):
            pieces.append(Piece(text.strip("\n"), place))
            text = ""
        if not text:
            text, place = unit, where
        else:
            text += between + unit
    text = text.strip("\n")
    if pieces and 0 < len(text) < _SCRAP:
        pieces[-1] = Piece(f"{pieces[-1].text}\n{text}", pieces[-1].place)
    elif text.strip():
        pieces.append(Piece(text, place))
    return pieces


def first_sentences(text: str) -> tuple[str, ...]:
    """The first sentences of a piece as plain words, long enough to mean something and short enough to compare."""
    found: list[str] = []
    for line in text.split("\n"):
        if line.startswith(("|", "```")):
            continue
        for sentence in _SENTENCE.findall(_MARKDOWN.sub(r"\1", line)):
            sentence = sentence.strip(" 。！；!;：:")
            if _SHORT_SENTENCE <= len(sentence) <= _LONG_SENTENCE and sentence not in found:
                found.append(sentence)
            if len(found) == _FIRST:
                return tuple(found)
    return tuple(found)


def _units(blocks: Sequence[Text | Table]) -> Iterator[tuple[str, str, str]]:
    """What must not be cut: (what joins it to the text before, the unit, its place)."""
    for block in blocks:
        if isinstance(block, Table):
            yield from (("\n\n", part, block.place) for part in _table_parts(block))
            continue
        if block.text.lstrip().startswith("```") and len(block.text) <= LONGEST:
            yield "\n\n", block.text, block.place
            continue
        between = "\n\n"
        for line in block.text.split("\n"):
            for sentence in _SENTENCE.findall(line):
                for part in _short_enough(sentence):
                    yield between, part, block.place
                    between = ""
            between = "\n"


def _short_enough(sentence: str) -> Iterator[str]:
    while len(sentence) > LONGEST:
        cut = max(sentence.rfind(mark, SHORTEST, LONGEST) for mark in "，,、 ") + 1 or LONGEST
        yield sentence[:cut]
        sentence = sentence[cut:]
    if sentence:
        yield sentence


def _table_parts(table: Table) -> Iterator[str]:
    """A table, or parts of it with the header repeated where it is too long for one piece."""
    header, rows = table.rows[0], list(table.rows[1:])
    part: list[tuple[str, ...]] = []
    for row in rows:
        if part and len(table_text([header, *part, row])) > LONGEST:
            yield table_text([header, *part])
            part = []
        part.append(row)
    if part or not rows:
        yield table_text([header, *part])
