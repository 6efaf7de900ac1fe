"""All wordings of a base in one table: which row belongs to which entry, and what it says in normal form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.normalise import normalise
from retrieval.types import Entry


@dataclass(frozen=True, slots=True)
class Wordings:
    """Rows are ordered by entry: those of entry `e` are `starts[e]` to `starts[e + 1]`.

    Blank wordings and repetitions within an entry are left out; an entry with nothing to read has no row.
    """

    entries: tuple[Entry, ...]  # those with at least one row
    texts: tuple[str, ...]  # what is embedded and compared, one a row
    originals: tuple[str, ...]  # as the editor wrote it
    keys: tuple[str, ...]
    entry_of: NDArray[np.int64]  # [rows]
    starts: NDArray[np.int64]  # [entries + 1]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Rows of each entry, [entries]; never 0."""
        return np.diff(self.starts)


def tabulate(entries: Sequence[Entry]) -> Wordings:
    """Lays out the wordings of a base; of entries with the same id the first counts."""
    kept: list[Entry] = []
    texts: list[str] = []
    originals: list[str] = []
    keys: list[str] = []
    entry_of: list[int] = []
    starts = [0]
    ids: set[str] = set()
    for entry in entries:
        if entry.id in ids:
            continue
        ids.add(entry.id)
        seen: set[str] = set()
        for wording in entry.wordings:
            normal = normalise(wording)
            if normal.blank or normal.question in seen:
                continue
            seen.add(normal.question)
            texts.append(normal.question)
            originals.append(wording)
            keys.append(normal.key)
            entry_of.append(len(kept))
        if seen:
            kept.append(entry)
            starts.append(len(texts))
    return Wordings(
        tuple(kept), tuple(texts), tuple(originals), tuple(keys),
        np.array(entry_of, np.int64), np.array(starts, np.int64),
    )  # fmt: skip
