"""Markdown: kept as it is written; only headings, tables and what no customer should see are recognised."""

import re
from collections.abc import Iterator
from typing import Final

from kb_ingest.content import Block, Heading, Options, Parsed, Source, Table, Text
from kb_ingest.decoding import decode

_FRONT_MATTER: Final = re.compile(r"\A---\n.*?\n(?:---|\.\.\.)\n", re.DOTALL)
_HEADING: Final = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE: Final = re.compile(r"^ {0,3}(=+|-{2,})\s*$")
_FENCE: Final = re.compile(r"^\s*(`{3,}|~{3,})")
_RULE: Final = re.compile(r"^:?-{1,}:?$")
_ANCHOR: Final = re.compile(r"\s*\{#[^}]*\}|<a\s[^>]*(?:/>|>\s*</a>)|</?span[^>]*>")
_IMAGE: Final = re.compile(r"!\[[^\]]*\]\((?!https?://)[^)]*\)")
_LINK: Final = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]*)[^)]*\)")
_MARKS: Final = re.compile(r"\*\*|__|`")


def parse(source: Source, options: Options) -> Parsed:
    """Blocks of a Markdown file, each with the line where it begins."""
    del options
    text = decode(source.data)
    return Parsed(blocks=tuple(read_markdown(text)))


def read_markdown(text: str) -> Iterator[Block]:
    """Blocks of Markdown text."""
    front = _FRONT_MATTER.match(text)
    lines = _blank_comments(text).split("\n")
    number = front.group(0).count("\n") if front else 0
    paragraph: list[str] = []
    first = number

    while number < len(lines):
        line = lines[number]
        heading = _HEADING.match(line)
        fence = _FENCE.match(line)
        if heading or fence or _begins_table(lines, number) or not line.strip():
            yield from _paragraph(paragraph, first)
            paragraph = []
        if heading:
            yield Heading(len(heading.group(1)), plain(heading.group(2)), _place(number))
        elif fence:
            end = next((n for n in range(number + 1, len(lines)) if lines[n].strip() == fence.group(1)), len(lines) - 1)
            yield Text("\n".join(lines[number : end + 1]), _place(number))
            number = end
        elif _begins_table(lines, number):
            end = next((n for n in range(number, len(lines)) if "|" not in lines[n]), len(lines))
            rows = [_cells(line) for line in (lines[number], *lines[number + 2 : end])]
            yield Table(tuple(rows), _place(number))
            number = end - 1
        elif (under := _UNDERLINE.match(line)) and len(paragraph) == 1:
            yield Heading(1 if "=" in under.group(1) else 2, plain(paragraph[0]), _place(first))
            paragraph = []
        elif line.strip():
            first = first if paragraph else number
            paragraph.append(line.rstrip())
        number += 1
    yield from _paragraph(paragraph, first)


def plain(text: str) -> str:
    """A heading's words without Markdown."""
    return " ".join(_MARKS.sub("", _LINK.sub(r"\1", _ANCHOR.sub("", text))).split())


def _paragraph(lines: list[str], first: int) -> Iterator[Block]:
    """The paragraph, unless it is nothing but links (a table of contents)."""
    text = _IMAGE.sub("", _ANCHOR.sub("", "\n".join(lines)))
    if re.search(r"\w", _LINK.sub("", text)):
        yield Text(_LINK.sub(_kept_link, text).strip("\n"), _place(first))


def _kept_link(link: re.Match[str]) -> str:
    """A link that leads nowhere outside its folder is only words to the reader."""
    return link.group(0) if link.group(2).startswith(("http://", "https://", "mailto:", "tel:")) else link.group(1)


def _begins_table(lines: list[str], number: int) -> bool:
    if number + 1 >= len(lines) or "|" not in lines[number] or "|" not in lines[number + 1]:
        return False
    return all(_RULE.match(cell) for cell in _cells(lines[number + 1]))


def _cells(line: str) -> tuple[str, ...]:
    cells = re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))
    return tuple(_LINK.sub(_kept_link, _ANCHOR.sub("", cell)).replace("\\|", "|").strip() for cell in cells)


def _blank_comments(text: str) -> str:
    """Comments become blank lines, so that line numbers stay right."""
    kept: list[str] = []
    place = 0
    while (start := text.find("<!--", place)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept += [text[place:start], "\n" * text.count("\n", start, end)]
        place = end + len("-->")
    return "".join((*kept, text[place:]))


def _place(number: int) -> str:
    return f"第 {number + 1} 行"
