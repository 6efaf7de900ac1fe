"""The arithmetic behind `python -m retrieval.fit_ranker`: weights, calibration and thresholds from judged questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import beta

from retrieval.features import (
    CANDIDATE_FEATURES,
    CONFIDENCE_FEATURES,
    QUESTION_FEATURES,
    Evidence,
    confidence_features,
)
from retrieval.fusion import Curve, Weights

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

PROMISED_PRECISION = 0.95
"""Share of direct answers that must be right, out-of-scope questions included."""
CERTAINTY = 0.95
"""How sure the promise is: one-sided Clopper-Pearson bound over the held-out questions."""
USEFUL_LISTS = 0.5
"""A list of suggestions is shown where at least this share of such lists holds the right entry."""
_FOLDS = 4
_L2 = 1e-3
_MOST = 24  # candidates a question, for one rectangular table
_STEPS = 200

_LIMITS: dict[str, tuple[float | None, float | None]] = {
    "dense": (0, None), "dense_top3": (0, None), "lexical": (0, None), "coverage": (0, None), "linear": (0, None),
    "negation": (None, -0.5), "number_clash": (None, -1.0), "number_match": (0, None), "kind_clash": (None, 0),
    "opposite": (None, 0), "length": (None, 0), "one": (None, None), "unseen": (0, None), "short": (0, None),
    "wordings": (None, None),
}  # fmt: skip
# Evidence may only speak the way it means: signs learned by accident do not carry over to other trades. Negation and
# numbers decide where little else differs (7 天 or 15 天), which is rare in the held-out questions; a least weight
# costs them nothing (hit@1 is the same to the third digit).

_FOR, _AGAINST = (0.0, None), (None, 0.0)
_SIGNS: dict[str, tuple[float | None, float | None]] = {
    **dict.fromkeys(
        ("alone", "against_all", "dense", "dense_top3", "lexical", "coverage", "linear", "number_match"), _FOR
    ),
    **dict.fromkeys(("negation", "number_clash", "opposite", "kind_clash", "length", "unseen", "short"), _AGAINST),
}
_DECISIVE: dict[str, tuple[float | None, float | None]] = {
    "negation": (None, -3.0), "number_clash": (None, -4.0), "opposite": (None, -1.0),
}  # fmt: skip
# Least weights for bases with single wordings, where one wording that says the opposite may be the only one near. With
# several wordings they would cost nine of ten direct answers, for these differ among themselves in such marks.


@dataclass(frozen=True, slots=True)
class Sample:
    """One question against one base. `gold` is the position among the candidates, -1 for none of them.

    `group` is the trade, which cross-fitting keeps together; `cut` says what was done to the base, and `weight` how
    much the question counts for the confidence.
    """

    evidence: Evidence
    gold: int
    group: str
    cut: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Judged:
    """Held-out questions as judged by weights that know nothing of their trade. One element a question."""

    alone: Floats  # log odds of the best candidate against none
    confidence: Floats  # probability that the best candidate is the gold one
    right: Flags  # the best candidate is the gold one
    shown: Flags  # the gold one is among the best five
    known: Flags  # the question has a gold entry in the base


def fit(samples: Sequence[Sample], *, single: bool = False) -> Weights:
    """Maximum likelihood with a small penalty, on features scaled to unit deviation. `single`: bases of one wording."""
    width, count = len(CANDIDATE_FEATURES), len(samples)
    table = np.zeros((count, _MOST, width))
    mask = np.full((count, _MOST), -np.inf)
    nones = np.array([sample.evidence.question for sample in samples], np.float64)
    gold = np.full(count, _MOST)
    for row, sample in enumerate(samples):
        # Of many candidates the best by meaning and the gold one suffice to fit.
        order = np.argsort(-sample.evidence.candidates[:, 1])[:_MOST]
        if sample.gold >= 0 and sample.gold not in order:
            order[-1] = sample.gold
        table[row, : len(order)] = sample.evidence.candidates[order]
        mask[row, : len(order)] = 0
        if sample.gold >= 0:
            gold[row] = int(np.flatnonzero(order == sample.gold)[0])
    scale = np.array([max(float(table[..., k][mask == 0].std()), 1e-6) for k in range(width)])
    table /= scale
    none_scale = nones.std(axis=0)
    none_scale[none_scale < 1e-3] = 1.0  # the constant, and what is the same in all these bases
    nones /= none_scale
    rows = np.arange(count)
    flat = table.reshape(-1, width)

    def loss(packed: Floats) -> tuple[float, Floats]:
        utilities = np.empty((count, _MOST + 1))
        utilities[:, :_MOST] = (flat @ packed[:width]).reshape(count, _MOST) + mask
        utilities[:, _MOST] = nones @ packed[width:]
        utilities -= utilities.max(axis=1, keepdims=True)
        shares = np.exp(utilities)
        shares /= shares.sum(axis=1, keepdims=True)
        value = -np.log(shares[rows, gold] + 1e-12).mean() + 0.5 * _L2 * float(packed @ packed)
        shares[rows, gold] -= 1
        slope = np.concatenate((shares[:, :_MOST].reshape(-1) @ flat, shares[:, _MOST] @ nones)) / count
        return float(value), slope + _L2 * packed

    scales = np.concatenate((scale, none_scale))
    limits = [_LIMITS[name] for name in (*CANDIDATE_FEATURES, *QUESTION_FEATURES)]
    bounds = [
        tuple(end if end is None else end * unit for end in ends) for ends, unit in zip(limits, scales, strict=True)
    ]
    start = np.array([min(0.0, high) if high is not None else 0.0 for _, high in bounds])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _STEPS})
    candidate, none = found.x[:width] / scale, found.x[width:] / none_scale
    unsure = Weights(candidate, none, np.zeros(len(CONFIDENCE_FEATURES)))
    return Weights(candidate, none, _fit_confidence(samples, unsure, _SIGNS | _DECISIVE if single else _SIGNS))


def _fit_confidence(
    samples: Sequence[Sample], weights: Weights, signs: Mapping[str, tuple[float | None, float | None]]
) -> Floats:
    """A logistic regression: is the best candidate the gold one? On the same samples; the weights before are few.

    Here too evidence may only speak the way it means: with free signs the confidence was better on our own packs, and
    worse on real questions of another style.
    """
    rows, right = [], []
    for sample in samples:
        alone, against_all = weights.odds(sample.evidence)
        best = int(np.argmax(alone))
        rows.append(confidence_features(sample.evidence, best, float(alone[best]), float(against_all[best])))
        right.append(best == sample.gold)
    table, sides = np.array(rows), np.where(right, 1.0, -1.0)
    scale = table.std(axis=0)
    scale[scale < 1e-3] = 1.0
    table /= scale
    counts = np.array([sample.weight for sample in samples])
    counts /= counts.sum()

    def loss(packed: Floats) -> tuple[float, Floats]:
        margins = sides * (table @ packed)
        slope = -(counts * sides / (1 + np.exp(np.clip(margins, -50, 50)))) @ table
        return float(counts @ np.logaddexp(0, -margins)) + 0.5 * _L2 * float(packed @ packed), slope + _L2 * packed

    limits = [signs.get(name.removeprefix("best_"), (None, None)) for name in CONFIDENCE_FEATURES]
    bounds = [
        tuple(end if end is None else end * unit for end in ends) for ends, unit in zip(limits, scale, strict=True)
    ]
    start = np.array([min(0.0, high) if high is not None else 0.0 for _, high in bounds])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    coefficients: Floats = found.x / scale
    return coefficients


def cross_fit(samples: Sequence[Sample], *, single: bool = False) -> Judged:
    """Judges every question by weights fitted on other trades."""
    groups = sorted({sample.group for sample in samples})
    fold_of = {group: place % _FOLDS for place, group in enumerate(np.random.default_rng(3).permutation(groups))}
    alone, confidence = np.zeros(len(samples)), np.zeros(len(samples))
    right, shown = np.zeros(len(samples), bool), np.zeros(len(samples), bool)
    for fold in range(_FOLDS):
        weights = fit([sample for sample in samples if fold_of[sample.group] != fold], single=single)
        for row, sample in enumerate(samples):
            if fold_of[sample.group] == fold:
                first, second = weights.odds(sample.evidence)
                order = np.argsort(-first, kind="stable")
                alone[row] = first[order[0]]
                confidence[row] = weights.confidence(sample.evidence, int(order[0]), first, second)
                right[row], shown[row] = order[0] == sample.gold, sample.gold in order[:5]
    return Judged(alone, confidence, right, shown, np.array([sample.gold >= 0 for sample in samples]))


def calibrate(odds: Floats, happened: Flags) -> Curve:
    """The line in log odds that fits what was seen (Platt, 1999)."""

    def loss(pair: Floats) -> float:
        return float(np.logaddexp(0, -np.where(happened, 1, -1) * (pair[0] * odds + pair[1])).mean())

    found = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead")
    return Curve(round(float(found.x[0]), 4), round(float(found.x[1]), 4))


def calibration_error(confidence: Floats, right: Flags, bins: int = 10) -> float:
    """Mean distance of confidence from the share that was right, over equal bins, weighted by their questions."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    sums = [abs(float((confidence - right)[place == one].sum())) for one in range(bins)]
    return float(sum(sums) / max(len(confidence), 1))


def answer_threshold(confidence: Floats, right: Flags) -> float:
    """The lowest confidence from which on direct answers keep the promise (one-sided Clopper-Pearson bound)."""
    order = np.argsort(-confidence)
    hits = np.cumsum(right[order])
    counts = np.arange(1, len(order) + 1)
    bounds = beta.ppf(1 - CERTAINTY, hits, counts - hits + 1)
    kept = np.flatnonzero(bounds >= PROMISED_PRECISION)
    return float(confidence[order[kept[-1]]]) if len(kept) else 1.0


def suggest_threshold(confidence: Floats, shown: Flags) -> float:
    """The lowest confidence around which (200 questions) `USEFUL_LISTS` of the lists hold the right entry."""
    order = np.argsort(-confidence)
    useful = np.convolve(shown[order], np.ones(200) / 200, "valid")
    enough = np.flatnonzero(useful >= USEFUL_LISTS)
    return float(confidence[order[int(enough[-1]) + 100]]) if len(enough) else 1.0
