"""Documents into entries: pairs where the document asks and answers, passages for everything else.

A passage is an entry whose question is where it stands (its headings, then its first sentence) and whose answer is its
text; it carries the label `passage`. Decision: docs/decisions/0010-passages-are-entries.md.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from kb_ingest.content import Block, Heading, Parsed, Problem, Table, Text
from kb_ingest.jsonl import BadEntry, parse_entry
from kb_ingest.pieces import Piece, cut_pieces, first_sentences
from kb_ingest.questions import (
    Pair,
    asked_in,
    bare_answer,
    bare_question,
    is_question,
    marks_question,
    replied_in,
    table_pairs,
    table_text,
)
from retrieval.types import Entry

PASSAGE: Final = "passage"
DOCUMENTS: Final = "文档"  # the top category of what came from documents
_LONGEST_ANSWER: Final = 4000  # what is longer is a chapter, not an answer
_LONGEST_QUESTION: Final = 200
_HEADINGS: Final = 3
_CATEGORY: Final = 200


@dataclass(slots=True)
class _Section:
    """What stands under one heading, up to the next."""

    path: tuple[Heading, ...]
    body: list[Text | Table] = field(default_factory=list)

    @property
    def level(self) -> int:
        return self.path[-1].level if self.path else 0

    @property
    def asks(self) -> bool:
        return bool(self.path) and (is_question(self.path[-1].text) or marks_question(self.path[-1].text))


def compose(name: str, blocks: Iterable[Block]) -> Parsed:
    """Entries of a document, in its order. The same document gives the same entries with the same ids."""
    entries: list[Entry] = []
    problems: list[Problem] = []
    seen: Counter[str] = Counter()
    said: set[tuple[str, str]] = set()
    for pair, is_passage in _pairs_and_passages(_sections(blocks)):
        if (pair.question, pair.answer) in said:  # the same words twice are one entry
            continue
        said.add((pair.question, pair.answer))
        key = hashlib.sha256(f"{name}\n{pair.question}".encode()).hexdigest()[:16]
        seen[key] += 1
        labels = ([PASSAGE] if is_passage else []) + ([pair.place[:50]] if pair.place else [])
        try:
            entry = parse_entry(
                {
                    "id": f"doc-{key}" + (f"-{seen[key]}" if seen[key] > 1 else ""),
                    "question": pair.question,
                    "similar": list(pair.similar),
                    "answer": pair.answer,
                    "category": f"{DOCUMENTS}/{name.split('://')[-1]}"[:_CATEGORY].rstrip("/"),
                    "labels": labels,
                }
            )
        except BadEntry as error:
            problems.append(Problem(pair.place, error.reason))
        else:
            entries.append(entry)
    return Parsed(entries=tuple(entries), problems=tuple(problems))


def _sections(blocks: Iterable[Block]) -> list[_Section]:
    sections = [_Section(())]
    for block in blocks:
        if isinstance(block, Heading):
            above = tuple(heading for heading in sections[-1].path if heading.level < block.level)
            sections.append(_Section((*above, block)))
        else:
            sections[-1].body.append(block)
    return sections


def _pairs_and_passages(sections: Sequence[_Section]) -> Iterator[tuple[Pair, bool]]:
    """Everything a document says, with whether it is a passage."""
    index = 0
    while index < len(sections):
        section = sections[index]
        index += 1
        if section.asks:
            below = _answering(sections, index - 1)
            whole = _answer_text([section, *below])
            if len(whole) > _LONGEST_ANSWER:
                below, whole = [], _answer_text([section])
            if 0 < len(whole) <= _LONGEST_ANSWER:
                heading = section.path[-1]
                yield Pair(bare_question(heading.text), bare_answer(whole), heading.place or _place(section)), False
                index += len(below)
                continue
        pairs, rest = _read_body(section.body)
        yield from ((pair, False) for pair in pairs)
        yield from ((pair, True) for pair in _passages(section, rest))


def _answering(sections: Sequence[_Section], index: int) -> list[_Section]:
    """The sections below a question's heading that belong to its answer: deeper, and not asking themselves."""
    below: list[_Section] = []
    for section in sections[index + 1 :]:
        if section.level <= sections[index].level:
            break
        if section.asks:  # the heading is a chapter of questions
            return []
        below.append(section)
    return below


def _answer_text(sections: Sequence[_Section]) -> str:
    parts: list[str] = []
    for number, section in enumerate(sections):
        if number and section.body:
            parts.append(f"**{section.path[-1].text}**")
        parts += [table_text(block.rows) if isinstance(block, Table) else block.text for block in section.body]
    return "\n\n".join(parts).strip()


def _read_body(body: Sequence[Text | Table]) -> tuple[list[Pair], list[Text | Table]]:
    """Pairs marked by 问/答 or standing in tables, and the blocks that are neither."""
    pairs: list[Pair] = []
    rest: list[Text | Table] = []
    question, place = "", ""
    answer: list[str] = []

    def close() -> None:
        nonlocal question
        if question and (text := "\n".join(answer).strip()):
            pairs.append(Pair(question, text, place))
        elif question:
            rest.append(Text(question, place))
        question = ""
        answer.clear()

    for block in body:
        if isinstance(block, Table):
            found = table_pairs(block)
            if found:
                close()
                pairs += found
            elif question:
                answer.append(table_text(block.rows))
            else:
                rest.append(block)
            continue
        loose: list[str] = []
        for line in block.text.split("\n"):
            asked = asked_in(line)
            if asked:
                close()
                question, place = asked[0], block.place
                answer += [asked[1]] if asked[1] else []
            elif question:
                replied = replied_in(line)
                answer.append(line if replied is None else replied)
            else:
                loose.append(line)
        if loose:
            rest.append(Text("\n".join(loose), block.place))
    close()
    return pairs, rest


def _passages(section: _Section, blocks: Sequence[Text | Table]) -> Iterator[Pair]:
    title = " · ".join(heading.text for heading in section.path[-_HEADINGS:])
    for number, piece in enumerate(cut_pieces(blocks)):
        yield _passage(title, piece, is_first=number == 0, fallback=_place(section))


def _passage(title: str, piece: Piece, *, is_first: bool, fallback: str) -> Pair:
    sentences = first_sentences(piece.text)
    first = sentences[0] if sentences else re.sub(r"\s+", " ", piece.text)[:60]
    question = title if title and is_first else f"{title}：{first}" if title else first
    similar = tuple(sentence for sentence in sentences if sentence != question)
    return Pair(question[:_LONGEST_QUESTION], piece.text, piece.place or fallback, similar)


def _place(section: _Section) -> str:
    return section.path[-1].place if section.path else ""
