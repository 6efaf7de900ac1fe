"""Word overlap: TF-IDF over words and character bigrams, in plain arrays."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlu.segment import Segmenter

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

SKETCH_SIZE = 512
"""Dimensions of the hashed n-gram vectors: more gained nothing on the demo base (512, 1024 tried)."""

_NOT_TEXT = re.compile(r"[\W_]+")


def terms_of(text: str, segmenter: Segmenter) -> list[str]:
    """Words and character bigrams of normalised text, the words marked so that they count besides."""
    bare = _NOT_TEXT.sub("", text)
    return [f"w:{word}" for word in segmenter.cut(text)] + [bare[i : i + 2] for i in range(len(bare) - 1)]


class LexicalIndex:
    """Cosine of TF-IDF vectors, the best row of each entry. Immutable and thread-safe."""

    def __init__(self, texts: Sequence[str], entry_of: Ints, starts: Ints, segmenter: Segmenter) -> None:
        """Rows ordered by entry as in `Wordings`."""
        self._starts = starts[:-1]
        self._segmenter = segmenter
        postings: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for row, text in enumerate(texts):
            for term, count in Counter(terms_of(text, segmenter)).items():
                postings[term].append((row, count))
        self._rows = len(texts)
        self._unseen = math.log(self._rows + 1) + 1
        self._idf = {term: math.log((self._rows + 1) / (len(found) + 1)) + 1 for term, found in postings.items()}
        squares = np.zeros(self._rows, np.float32)
        self._postings: dict[str, tuple[Ints, Floats]] = {}
        self._owners: dict[str, Ints] = {}
        for term, found in postings.items():
            rows = np.array([row for row, _ in found], np.int64)
            weights = np.array([(1 + math.log(count)) * self._idf[term] for _, count in found], np.float32)
            np.add.at(squares, rows, weights * weights)
            self._postings[term] = rows, weights
            self._owners[term] = np.unique(entry_of[rows])
        lengths = np.sqrt(np.maximum(squares, 1e-9))
        for rows, weights in self._postings.values():
            weights /= lengths[rows]

    def scores(self, text: str) -> tuple[Floats, Floats, float]:
        """For each entry the best cosine and the share of the question's terms (by weight) that its wordings hold,
        and the share of the question that no wording of the base holds at all; all 0..1.
        """
        counts = Counter(terms_of(text, self._segmenter))
        rows = np.zeros(self._rows, np.float32)
        covered = np.zeros(len(self._starts), np.float32)
        square = total = unseen = 0.0
        for term, count in counts.items():
            idf = self._idf.get(term, self._unseen)
            weight = (1 + math.log(count)) * idf
            square += weight * weight
            total += idf
            if term not in self._idf:
                unseen += idf
                continue
            where, weights = self._postings[term]
            rows[where] += weights * np.float32(weight)
            covered[self._owners[term]] += np.float32(idf)
        best: Floats = (np.maximum.reduceat(rows, self._starts) / (math.sqrt(square) or 1.0)).astype(np.float32)
        shares: Floats = (covered / (total or 1.0)).astype(np.float32)
        return best, shares, unseen / (total or 1.0)


class Sketch:
    """Character unigrams and bigrams hashed into `SKETCH_SIZE` signed, IDF-weighted dimensions of unit length.

    What a linear model needs to tell wordings apart that the encoder finds equal. Immutable, thread-safe.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        seen = Counter(gram for text in texts for gram in _grams(text))
        self._rows = len(texts)
        self._weights = {gram: math.log((self._rows + 1) / (count + 1)) for gram, count in seen.items()}
        self._unseen = math.log(self._rows + 1)

    def vector(self, text: str) -> Floats:
        """float32 [SKETCH_SIZE], of length 1 (or 0 for text without letters)."""
        sketch = np.zeros(SKETCH_SIZE, np.float32)
        for gram in _grams(text):
            code = zlib.crc32(gram.encode("utf-8", "replace"))
            sketch[(code >> 1) % SKETCH_SIZE] += (1 if code & 1 else -1) * self._weights.get(gram, self._unseen)
        length = float(np.linalg.norm(sketch))
        return sketch / np.float32(length) if length else sketch


def _grams(text: str) -> list[str]:
    """Each once, in a fixed order: a set's order would change the rounding of sums between processes."""
    return list(dict.fromkeys([*text, *(text[i : i + 2] for i in range(len(text) - 1))]))
