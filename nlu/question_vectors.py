"""The vectors of the latest questions, so that one question is embedded once however many parts ask for it."""

from __future__ import annotations

import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from nlu.embedders import Embedder


class QuestionVectors:
    """A least-recently-used memory in front of an embedder; 2,000 vectors of 384 numbers take 3 MB.

    Thread-safe; two threads that ask for the same new text may both compute it, with the same result.
    """

    def __init__(self, embedder: Embedder, size: int = 2_000) -> None:
        self._embedder = embedder
        self._size = size
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The vector space, as the embedder names it."""
        return self._embedder.name

    def vector(self, text: str) -> NDArray[np.float32]:
        """The unit vector of a text, float32 [dim]; must not be written to."""
        with self._lock:
            known = self._known.get(text)
            if known is not None:
                self._known.move_to_end(text)
                return known
        vector: NDArray[np.float32] = self._embedder.embed([text])[0]
        vector.flags.writeable = False
        with self._lock:
            self._known[text] = vector
            while len(self._known) > self._size:
                self._known.popitem(last=False)
        return vector
