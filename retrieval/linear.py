"""A linear classifier over the wordings of each entry: with several wordings it beats nearest neighbour.

Two ways to fit, because one does not fit all sizes: softmax regression up to some thousand entries (half a second
for 364 entries with 11 wordings), class means under a shared covariance (closed form) beyond that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Method = Literal["softmax", "means"]

SOFTMAX_COST = 20_000_000
"""Largest rows × entries for softmax regression (14 times the demo base, some ten seconds of one core)."""

_EPOCHS = 12  # 6 lost half a point on the demo base, 25 gained nothing
_STEP = 0.02  # of Adam; 0.05 was worse
_BATCH = 256
_SCALE = 10.0  # of the centred vectors: cosines of this encoder lie within a few hundredths of each other
_SHRINK = 10.0  # of the shared covariance towards a sphere, in multiples of its mean variance (0.3-10 tried)
_MEANS_SCALE = 1.0


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Immutable, thread-safe."""

    method: Method
    _weights: Floats  # [features, entries]
    _bias: Floats  # [entries]
    _mean: Floats  # [dim]

    def log_probabilities(self, vector: Floats, sketch: Floats) -> Floats:
        """Log of the share of each entry among all, float32 [entries]. Says which entry, not whether any."""
        features = (vector - self._mean) * np.float32(_SCALE)
        if self.method == "softmax":
            features = np.concatenate((features, sketch))
        scores = features @ self._weights + self._bias
        scores -= scores.max()
        logs: Floats = scores - np.log(np.exp(scores).sum())
        return logs


def choose_method(rows: int, entries: int) -> Method | None:
    """How to fit a base of that size; None when most entries have one wording, which a classifier cannot learn from."""
    if entries < 2 or rows < 2 * entries:
        return None
    return "softmax" if rows * entries <= SOFTMAX_COST else "means"


def fit_linear(vectors: Floats, sketches: Floats, entry_of: Ints, method: Method) -> LinearModel:
    """Fits on rows ordered in any way; the same rows give the same model. Every entry needs at least one row."""
    mean = vectors.mean(axis=0)
    features = (vectors - mean) * np.float32(_SCALE)
    if method == "means":
        return _fit_means(features, entry_of, mean)
    return _fit_softmax(np.concatenate((features, sketches), axis=1), entry_of, mean)


def _fit_softmax(features: Floats, entry_of: Ints, mean: Floats) -> LinearModel:
    """Mini-batch Adam with a falling step; entries weigh the same however many wordings they have."""
    random = np.random.default_rng(0)
    rows, width = features.shape
    counts = np.bincount(entry_of)
    share = (counts.mean() / counts[entry_of]).astype(np.float32)
    weights = np.zeros((width, len(counts)), np.float32)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    steps = _EPOCHS * -(-rows // _BATCH)
    step = 0
    for _ in range(_EPOCHS):
        order = random.permutation(rows)
        for start in range(0, rows, _BATCH):
            step += 1
            batch = order[start : start + _BATCH]
            errors = features[batch] @ weights
            errors -= errors.max(axis=1, keepdims=True)
            np.exp(errors, out=errors)
            errors /= errors.sum(axis=1, keepdims=True)
            errors[np.arange(len(batch)), entry_of[batch]] -= 1
            errors *= (share[batch] / np.float32(len(batch)))[:, None]
            gradient = features[batch].T @ errors
            first += np.float32(0.1) * (gradient - first)
            second += np.float32(0.01) * (gradient * gradient - second)
            pace = np.float32(_STEP * (1 - step / (steps + 1)) / (1 - 0.9**step))
            weights -= pace * first / (np.sqrt(second / np.float32(1 - 0.99**step)) + np.float32(1e-6))
    return LinearModel("softmax", weights, np.zeros(len(counts), np.float32), mean)


def _fit_means(features: Floats, entry_of: Ints, mean: Floats) -> LinearModel:
    """Linear discriminant analysis with a shrunken covariance."""
    counts = np.bincount(entry_of)
    means = np.zeros((len(counts), features.shape[1]), np.float32)
    np.add.at(means, entry_of, features)
    means /= counts[:, None].astype(np.float32)
    spread = features - means[entry_of]
    covariance = (spread.T @ spread) / np.float32(max(len(features) - len(counts), 1))
    width = len(covariance)
    ridge = np.float32(_SHRINK * max(float(np.trace(covariance)) / width, 1e-6))
    weights = np.linalg.solve(covariance + ridge * np.eye(width, dtype=np.float32), means.T)
    bias = -0.5 * np.einsum("ed,de->e", means, weights)
    scale = np.float32(_MEANS_SCALE)
    return LinearModel("means", (weights * scale).astype(np.float32), (bias * scale).astype(np.float32), mean)
