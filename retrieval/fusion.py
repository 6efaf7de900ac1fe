"""The learned combination of all evidence, and what it promises.

A softmax over the candidates and "none of them": each candidate has a utility (weights times its features), "none"
has one of its own, and a candidate's share says how it stands among the others: two equally good candidates halve each
other, and a question far from everything leaves all to "none". How sure the best one is, a logistic regression says
that also sees how the base looks around it. `python -m retrieval.fit_ranker` fits both on held-out questions of our own
packs and writes them to `data/models/ranker.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.settings import REPOSITORY
from retrieval.features import (
    CANDIDATE_FEATURES,
    CONFIDENCE_FEATURES,
    QUESTION_FEATURES,
    Evidence,
    confidence_features,
)

Floats = NDArray[np.float64]

RANKER_FILE = REPOSITORY / "data" / "models" / "ranker.json"


class RankerFileError(Exception):
    """The ranker file is missing or damaged; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line in log odds: from a model's odds to those that were observed."""

    slope: float = 1.0
    offset: float = 0.0

    def __call__(self, odds: Floats) -> Floats:
        """Probabilities, float64, 0..1."""
        bent: Floats = 1 / (1 + np.exp(-np.clip(odds * self.slope + self.offset, -50, 50)))
        return bent


@dataclass(frozen=True, slots=True)
class Weights:
    """Coefficients for one regime: bases with a softmax classifier, with class means, or with single wordings."""

    candidate: Floats  # [CANDIDATE_FEATURES]
    none: Floats  # [QUESTION_FEATURES]
    sure: Floats  # [CONFIDENCE_FEATURES]
    fit: Curve = Curve()  # for scores

    def odds(self, evidence: Evidence) -> tuple[Floats, Floats]:
        """Log odds of each candidate against "none" alone, and against all else together; float64 [candidates]."""
        utilities = evidence.candidates.astype(np.float64) @ self.candidate
        none = float(evidence.question.astype(np.float64) @ self.none)
        top = max(float(utilities.max()), none)
        shares = np.exp(utilities - top)
        others = shares.sum() + np.exp(none - top) - shares
        return utilities - none, utilities - top - np.log(np.maximum(others, 1e-12))

    def confidence(self, evidence: Evidence, best: int, alone: Floats, against_all: Floats) -> float:
        """Calibrated probability that the candidate `best`, the first in rank, is the one meant."""
        seen = confidence_features(evidence, best, float(alone[best]), float(against_all[best]))
        return float(1 / (1 + np.exp(-np.clip(seen @ self.sure, -50, 50))))

    def judge(self, evidence: Evidence) -> tuple[Floats, Floats]:
        """Score (fits, whatever else fits) and probability (is the one meant) of each candidate, float64, 0..1.

        Both rank alike. The score tells known from unknown questions better where a base holds look-alikes, because
        these halve each other's probability; the probability of the first is the calibrated one, and the others stand
        to it as their shares do. Needs at least one candidate.
        """
        alone, against_all = self.odds(evidence)
        best = int(np.argmax(alone))
        sure = self.confidence(evidence, best, alone, against_all)
        probabilities = sure * np.exp(alone - alone[best])
        probabilities = np.minimum(probabilities, max(sure, 1 - sure))
        return self.fit(alone), probabilities


@dataclass(frozen=True, slots=True)
class Ranker:
    """Weights by regime (`softmax`, `means`, `single`) and the thresholds that kept their promise; see fit_ranker."""

    regimes: Mapping[str, Weights]
    thresholds: Mapping[str, float] = field(default_factory=dict)


def load_ranker(path: Path = RANKER_FILE) -> Ranker:
    """Reads what fit_ranker wrote; raises RankerFileError."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        regimes = {
            name: Weights(
                np.array([one["candidate"][feature] for feature in CANDIDATE_FEATURES], np.float64),
                np.array([one["none"][feature] for feature in QUESTION_FEATURES], np.float64),
                np.array([one["sure"][feature] for feature in CONFIDENCE_FEATURES], np.float64),
                Curve(float(one["fit"]["slope"]), float(one["fit"]["offset"])),
            )
            for name, one in stored["regimes"].items()
        }
        if not {"softmax", "means", "single"} <= set(regimes):
            raise KeyError("regimes")
        return Ranker(regimes, {name: float(value) for name, value in stored["thresholds"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RankerFileError(
            f"排序模型 {path} 缺失或已损坏，请重新取得该文件，或执行 python -m retrieval.fit_ranker 重新生成。"
        ) from error


@lru_cache(maxsize=1)
def shipped_ranker() -> Ranker:
    """The ranker that comes with the source, read once a process."""
    return load_ranker()
