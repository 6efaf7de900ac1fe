"""Plain text: paragraphs, with the headings that Chinese documents number."""

import re
from collections.abc import Iterator
from typing import Final

from kb_ingest.content import Block, Heading, Options, Parsed, Source, Text
from kb_ingest.decoding import decode

_NUMBERED: Final = (
    re.compile(r"^第[一二三四五六七八九十百\d]+[章篇部]\s*\S"),
    re.compile(r"^(?:第[一二三四五六七八九十百\d]+节\s*\S|[一二三四五六七八九十]+、)"),
    re.compile(r"^(?:[（(][一二三四五六七八九十]+[）)]|\d+(?:\.\d+)+\s)"),
)
_LONGEST_HEADING: Final = 40


def parse(source: Source, options: Options) -> Parsed:
    """Blocks of a text file, each with the line where it begins."""
    del options
    return Parsed(blocks=tuple(_blocks(decode(source.data))))


def heading_level(line: str) -> int | None:
    """The level of a numbered heading (`第一章 …`, `一、…`, `（一）…`, `1.2 …`); None for running text."""
    if len(line) > _LONGEST_HEADING or line[-1:] in "。；;，,：:、！!":
        return None
    return next((level for level, mark in enumerate(_NUMBERED, 1) if mark.match(line)), None)


def _blocks(text: str) -> Iterator[Block]:
    paragraph: list[str] = []
    first = 1
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        line = line.strip()
        level = heading_level(line)
        if paragraph and (not line or level):
            yield Text("\n".join(paragraph), f"第 {first} 行")
            paragraph = []
        if level:
            yield Heading(level, line, f"第 {number} 行")
        elif line:
            first = first if paragraph else number
            paragraph.append(line)
