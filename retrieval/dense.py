"""Nearest wordings by meaning: a FAISS index over every wording, exact for the entries that come near."""

from __future__ import annotations

import faiss
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

NEAR_ROWS = 96  # rows fetched a question: on the demo base some 50 entries, of which ten are shown


_SAMPLE = 300  # rows from which the usual similarity is estimated
_NEIGHBOURS = 64  # rows in which another entry's row is expected
DEFAULT_USUAL = 0.9
"""The usual similarity for a base of one entry; near the demo base's."""


class DenseIndex:
    """Inner products of unit vectors. Immutable and thread-safe; exact, so equal input gives equal output."""

    def __init__(self, vectors: Floats, entry_of: Ints, starts: Ints) -> None:
        """`vectors` float32 [rows, dim] of length 1, rows ordered by entry as in `Wordings`."""
        self.vectors = np.ascontiguousarray(vectors)
        self._entry_of = entry_of
        self._starts = starts
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(self.vectors)
        self.usual = self._usual()

    def nearest_entries(self, question: Floats) -> Ints:
        """Entries that own the nearest rows, in ascending order."""
        _, rows = self._index.search(question[None, :], min(NEAR_ROWS, len(self.vectors)))
        return np.unique(self._entry_of[rows[0]])

    def similarities(self, question: Floats, entries: Ints) -> tuple[Floats, Ints]:
        """Similarity of every row of `entries`, in their order, and where each entry's rows begin in it."""
        sizes = self._starts[entries + 1] - self._starts[entries]
        begins = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        rows = np.repeat(self._starts[entries] - begins, sizes) + np.arange(int(sizes.sum()))
        return self.vectors[rows] @ question, begins

    def best_of_all(self, question: Floats) -> Floats:
        """The best similarity of every entry, [entries]."""
        best: Floats = np.maximum.reduceat(self.vectors @ question, self._starts[:-1])
        return best

    def _usual(self) -> float:
        """The median similarity of a wording to the nearest wording of another entry: what a near miss looks like here.

        Bases differ in it (a narrow trade lies closer together), so similarities are judged against it.
        """
        rows = np.linspace(0, len(self.vectors) - 1, min(_SAMPLE, len(self.vectors))).astype(np.int64)
        similarities, found = self._index.search(self.vectors[rows], min(_NEIGHBOURS, len(self.vectors)))
        others = self._entry_of[found] != self._entry_of[rows][:, None]
        nearest = [float(line[other][0]) for line, other in zip(similarities, others, strict=True) if other.any()]
        return float(np.median(nearest)) if nearest else DEFAULT_USUAL
