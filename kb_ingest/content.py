"""What goes through ingest: a source is parsed into entries or blocks; blocks are composed into entries.

Source ──parser──▶ Parsed(entries | blocks, problems) ──passages.compose──▶ entries
"""

from dataclasses import dataclass
from typing import Protocol

from retrieval.types import Entry


@dataclass(frozen=True, slots=True)
class Source:
    """A file's bytes and the name that people know it by (a path inside an archive, a web address)."""

    name: str
    data: bytes
    kind: str = ""  # the file ending that says how to read it, where its name does not
    companions: tuple["Source", ...] = ()  # read together with it: the files of one Rasa project


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a source that was left out: where, and why, in words for its editor."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A title; `level` 1 is the highest."""

    level: int
    text: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph or list, as Markdown."""

    text: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, the header first."""

    rows: tuple[tuple[str, ...], ...]
    place: str = ""


Block = Heading | Text | Table


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a parser found. Tables of questions give entries at once; documents give blocks in reading order."""

    entries: tuple[Entry, ...] = ()
    blocks: tuple[Block, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """What the editor said about the source: which column means what (`{"客户问题": "question"}`)."""

    columns: tuple[tuple[str, str], ...] = ()


class Parser(Protocol):
    """One format. Raises a FileRefused that says why a source as a whole cannot be read; anything else that it raises
    means a broken file. Never touches disk or network.
    """

    def __call__(self, source: Source, options: Options) -> Parsed: ...
