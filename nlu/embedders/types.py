"""What every sentence embedder promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import UsageProblem


class ModelFileError(UsageProblem):
    """A model file is missing, damaged or of an unknown kind; the message says what to do."""


class Embedder(Protocol):
    """Turns texts into unit vectors whose dot product says how alike they are.

    Must be safe to call from several threads, and deterministic: the same text gives the same
    vector, alone or among others, up to 1e-3 in any component.
    """

    @property
    def name(self) -> str:
        """Identifies the vector space, version included; vectors of two names never mix."""
        ...

    @property
    def dim(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of `texts`, float32 [len(texts), dim], each of length 1; no texts: (0, dim)."""
        ...
