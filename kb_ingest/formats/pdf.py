"""PDF with a text layer. Scanned pages are reported; nothing in the file is executed."""

import re
import statistics
from collections import Counter
from dataclasses import dataclass
from typing import Final

import pypdfium2 as pdfium

from kb_ingest.content import Block, Heading, Options, Parsed, Problem, Source, Text
from kb_ingest.formats.plain_text import heading_level
from kb_ingest.refusals import Broken, NothingFound, OnlyScans, Protected

_PAGE_NUMBER: Final = re.compile(r"^[\s\-—–·|/第页共\d]*$|^Page \d+( of \d+)?$", re.IGNORECASE)
_ENDS: Final = "。！？；：.!?;:"
_STARTS: Final = re.compile(
    r"^(?:[•●◆■·\-*]|\d+[.、)）]|[（(]?[一二三四五六七八九十]+[)）、]|问[：:]|答[：:]|[QA]\d*[：:.])", re.IGNORECASE
)
_LARGER: Final = 1.15  # a line so much taller than the usual one is a heading
_LONGEST_HEADING: Final = 60
_REPEATS: Final = 3  # a line on so many pages, and on most, is a running header or footer
_FEW: Final = 4  # characters below which a page has no text layer


@dataclass(frozen=True, slots=True)
class _Line:
    page: int
    text: str
    height: float


def parse(source: Source, options: Options) -> Parsed:
    """Blocks of all pages, each with its page number; pages without a text layer are problems."""
    del options
    try:
        document = pdfium.PdfDocument(source.data)
    except pdfium.PdfiumError as error:
        raise (Protected if "password" in str(error).lower() else Broken) from error
    lines: list[_Line] = []
    problems: list[Problem] = []
    count = len(document)
    for index in range(count):
        try:
            found = _page_lines(document, index)
        except pdfium.PdfiumError:
            problems.append(Problem(f"第 {index + 1} 页", "这一页已损坏"))
            continue
        if sum(len(line.text) for line in found) < _FEW:
            problems.append(Problem(f"第 {index + 1} 页", "没有文字层（扫描件或空白页）"))
        lines += found
    if not lines:
        raise OnlyScans if count else NothingFound
    return Parsed(blocks=tuple(_blocks(_without_repeats(lines, count))), problems=tuple(problems))


def _page_lines(document: pdfium.PdfDocument, index: int) -> list[_Line]:
    page = document[index]
    layer = page.get_textpage()
    text = layer.get_text_range()
    is_aligned = len(text) == layer.count_chars()  # characters beyond the basic plane shift the numbering
    lines: list[_Line] = []
    position = 0
    for raw in text.split("\n"):
        line = raw.replace("\r", "").replace("\ufffe", "").replace("\x00", "").strip()
        start = position + len(raw) - len(raw.lstrip())
        position += len(raw) + 1
        if line:
            box = layer.get_charbox(start, loose=True) if is_aligned else (0.0, 0.0, 0.0, 0.0)
            lines.append(_Line(index + 1, line, round(box[3] - box[1], 1)))
    layer.close()
    page.close()
    return lines


def _without_repeats(lines: list[_Line], pages: int) -> list[_Line]:
    """Lines without page numbers and without headers and footers that most pages repeat."""
    on_pages = Counter(text for text, _ in {(line.text, line.page) for line in lines})
    is_repeat = {text for text, number in on_pages.items() if number >= _REPEATS and number * 2 > pages}
    return [line for line in lines if line.text not in is_repeat and not _PAGE_NUMBER.match(line.text)]


def _blocks(lines: list[_Line]) -> list[Block]:
    usual = statistics.median(line.height for line in lines) if lines else 0.0
    sizes = sorted({line.height for line in lines if usual and line.height > usual * _LARGER}, reverse=True)
    blocks: list[Block] = []
    paragraph: list[_Line] = []

    def flush() -> None:
        if paragraph:
            blocks.append(Text(_joined([line.text for line in paragraph]), f"第 {paragraph[0].page} 页"))
            paragraph.clear()

    for line in lines:
        level = heading_level(line.text)
        if line.height in sizes and len(line.text) <= _LONGEST_HEADING:
            level = min(sizes.index(line.height) + 1, 6)
        if level:
            flush()
            blocks.append(Heading(level, line.text, f"第 {line.page} 页"))
            continue
        if paragraph and (_STARTS.match(line.text) or paragraph[-1].text[-1] in _ENDS):
            flush()
        paragraph.append(line)
    flush()
    return blocks


def _joined(lines: list[str]) -> str:
    """Lines of one paragraph as one line; a space only between Latin words."""
    text = lines[0]
    for line in lines[1:]:
        between = " " if text[-1].isascii() and line[0].isascii() else ""
        text += between + line
    return text
