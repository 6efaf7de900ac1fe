"""Slides (pptx): a slide's title is a heading, its text frames and tables follow in order, notes come last."""

import io
from collections.abc import Iterator

from pptx import Presentation
from pptx.shapes.base import BaseShape
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.slide import Slide
from pptx.text.text import TextFrame

from kb_ingest.content import Block, Heading, Options, Parsed, Source, Table, Text


def parse(source: Source, options: Options) -> Parsed:
    """Blocks of all slides, each with its slide number."""
    del options
    deck = Presentation(io.BytesIO(source.data))
    blocks = [block for number, slide in enumerate(deck.slides, 1) for block in _slide(slide, f"第 {number} 张幻灯片")]
    return Parsed(blocks=tuple(blocks))


def _slide(slide: Slide, place: str) -> Iterator[Block]:
    title = slide.shapes.title
    if title is not None and title.has_text_frame and title.text_frame.text.strip():
        yield Heading(1, " ".join(title.text_frame.text.split()), place)
    for shape in slide.shapes:
        if title is None or shape.shape_id != title.shape_id:
            yield from _shape(shape, place)
    if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame) is not None:
        yield from _text(notes, place)


def _shape(shape: BaseShape, place: str) -> Iterator[Block]:
    if isinstance(shape, GroupShape):
        for inner in shape.shapes:
            yield from _shape(inner, place)
    elif isinstance(shape, GraphicFrame) and shape.has_table:
        rows = [tuple(" ".join(cell.text.split()) for cell in row.cells) for row in shape.table.rows]
        yield Table(tuple(rows), place)
    elif shape.has_text_frame:
        yield from _text(shape.text_frame, place)  # type: ignore[attr-defined]  # the check above says that it is there


def _text(frame: TextFrame, place: str) -> Iterator[Block]:
    lines = [line for paragraph in frame.paragraphs if (line := " ".join(paragraph.text.split()))]
    if lines:
        yield Text("\n".join(lines), place)
