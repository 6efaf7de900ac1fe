"""The stored intent classifier: softmax regression over the message's vector and hashed character n-grams."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.settings import REPOSITORY
from nlu.types import QUESTION

Floats = NDArray[np.float32]

INTENT_MODEL_FILE = REPOSITORY / "data" / "models" / "intents.npz"
_HASHED = 512
VECTOR_SCALE = 10.0
"""Cosines of the encoder lie within a few hundredths of each other; n-grams weigh about the same after this."""


@dataclass(frozen=True, slots=True)
class IntentModel:
    """Immutable, thread-safe. `python -m nlu.fit_intents` makes it from data/nlu."""

    encoder: str  # the vector space it was fitted in, without the build's checksum
    names: tuple[str, ...]
    threshold: float  # least probability at which the classifier is believed; see nlu/fit_intents.py
    weights: Floats  # [features, names]
    bias: Floats  # [names]
    mean: Floats  # [dim]

    def fits(self, encoder: str) -> bool:
        """Whether vectors of that encoder mean the same here; rebuilds of one version do."""
        return space_of(encoder) == self.encoder

    def predict(self, text: str, vector: Floats) -> tuple[str, float]:
        """The most probable name that is not `question`, and the probability that the message is no question, 0..1.

        Which of two kinds of small talk it is matters little; that it is none of the business's questions matters.
        """
        scores = features_of(text, vector, self.mean) @ self.weights + self.bias
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        question = self.names.index(QUESTION)
        other = 1 - float(shares[question])
        shares[question] = 0
        return self.names[int(np.argmax(shares))], other


def space_of(encoder: str) -> str:
    """An embedder's name without the checksum of one build."""
    return encoder.partition("+")[0]


def features_of(text: str, vector: Floats, mean: Floats) -> Floats:
    """float32 [dim + 512] for normalised text and its vector."""
    hashed = np.zeros(_HASHED, np.float32)
    marked = f"^{text}$"
    for size in (1, 2, 3):
        for start in range(len(marked) - size + 1):
            code = zlib.crc32(marked[start : start + size].encode("utf-8", "replace"))
            hashed[(code >> 1) % _HASHED] += 1 if code & 1 else -1
    hashed /= np.float32(max(float(np.linalg.norm(hashed)), 1e-6))
    return np.concatenate(((vector - mean) * np.float32(VECTOR_SCALE), hashed))


@lru_cache(maxsize=4)
def load_intent_model(path: Path = INTENT_MODEL_FILE) -> IntentModel | None:
    """Reads the stored model; None when it is missing or damaged, for patterns alone do for a start."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return IntentModel(
                str(stored["encoder"]),
                tuple(map(str, stored["names"])),
                float(stored["threshold"]),
                stored["weights"].astype(np.float32),
                stored["bias"].astype(np.float32),
                stored["mean"].astype(np.float32),
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
