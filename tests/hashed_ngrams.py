"""A stand-in encoder, so that these tests need no model file and say what they mean about the index alone."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class HashedNgrams:
    """Vectors of hashed character bigrams: alike for alike wordings, the same in every process."""

    name, dim = "hashed-ngrams-1", 128

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += texts
        vectors = np.full((len(texts), self.dim), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for gram in [*text, *(text[i : i + 2] for i in range(len(text) - 1))]:
                vectors[row, hashlib.sha256(gram.encode()).digest()[0] % self.dim] += 1
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors
