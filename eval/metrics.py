"""Measures of answering. Plain arrays in, numbers in 0..1 out; None where nothing can be said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """One question with gold, answered. `rank` is the place of the first gold entry among the candidates, 0-based."""

    id: str
    known: bool  # there is a gold entry
    oos_type: str | None
    action: str
    faq_id: str | None
    intent: str
    confidence: float
    score: float  # of the first candidate
    rank: int | None

    @property
    def right(self) -> bool:
        """The first candidate is a gold one."""
        return self.rank == 0

    @property
    def direct(self) -> bool:
        """Answered from the base, without asking back; a reply to small talk is no answer in this sense."""
        return self.action == "answer" and self.faq_id is not None


def auroc(inside: Floats, outside: Floats) -> float | None:
    """Chance that an in-scope question scores above an out-of-scope one; ties count half (Mann-Whitney)."""
    if not len(inside) or not len(outside):
        return None
    ordered = np.sort(outside)
    below = np.searchsorted(ordered, inside, "left")
    upto = np.searchsorted(ordered, inside, "right")
    return float((below + upto).sum() / (2 * len(inside) * len(outside)))


def coverage_at_false_accepts(inside: Floats, outside: Floats, share: float = 0.05) -> float | None:
    """Share of in-scope questions above the threshold that lets `share` of the out-of-scope ones through."""
    if not len(inside) or not len(outside):
        return None
    return float((inside > np.quantile(outside, 1 - share)).mean())


def expected_calibration_error(confidence: Floats, right: Flags, bins: int = 10) -> float | None:
    """Mean distance of confidence from the share that was right, over equal bins, weighted by their questions."""
    if not len(confidence):
        return None
    return float(sum(share * abs(said - was) for said, was, share in reliability(confidence, right, bins)))


def reliability(confidence: Floats, right: Flags, bins: int = 10) -> list[tuple[float, float, float]]:
    """For each bin that holds questions: mean confidence, share right, share of all questions."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        (float(confidence[place == k].mean()), float(right[place == k].mean()), float((place == k).mean()))
        for k in range(bins)
        if (place == k).any()
    ]


def risk_coverage(confidence: Floats, right: Flags) -> list[tuple[float, float, float]]:
    """For each number of questions answered, most confident first: share answered, share of these wrong, confidence."""
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    count = np.arange(1, len(order) + 1)
    return [
        (float(n / len(order)), float(w / n), float(c)) for n, w, c in zip(count, wrong, confidence[order], strict=True)
    ]


def measure(judged: Sequence[Judged]) -> dict[str, float | int | None]:
    """All figures of a run. Retrieval over in-scope questions; calibration and direct answers over all with gold."""
    known = [one for one in judged if one.known]
    inside, near, far = (
        [one for one in judged if one.known],
        [one for one in judged if one.oos_type == "near"],
        [one for one in judged if one.oos_type == "far"],
    )
    outside = [one for one in judged if not one.known]
    confidence, right = np.array([one.confidence for one in judged]), np.array([one.right for one in judged], bool)
    direct = [one for one in judged if one.direct]
    wrongly = [one for one in judged if one.direct and not one.right]
    ranks = [one.rank for one in known]
    figures: dict[str, float | int | None] = {
        "questions": len(judged),
        "in_scope": len(known),
        "near": len(near),
        "far": len(far),
        "hit@1": _mean([rank == 0 for rank in ranks]),
        "hit@3": _mean([rank is not None and rank < 3 for rank in ranks]),
        "mrr@10": _mean([1 / (rank + 1) if rank is not None and rank < 10 else 0.0 for rank in ranks]),
    }
    for name in ("confidence", "score"):
        suffix = "" if name == "confidence" else "_score"
        values = {key: np.array([getattr(one, name) for one in rows]) for key, rows in
                  {"in": inside, "near": near, "far": far, "out": outside}.items()}  # fmt: skip
        figures[f"auroc_near{suffix}"] = auroc(values["in"], values["near"])
        figures[f"auroc_far{suffix}"] = auroc(values["in"], values["far"])
        figures[f"cov5{suffix}"] = coverage_at_false_accepts(values["in"], values["out"])
    figures["ece"] = expected_calibration_error(confidence, right)
    figures["direct"] = _mean([one.direct for one in judged])
    figures["direct_in_scope"] = _mean([one.direct for one in known])
    figures["direct_precision"] = 1 - len(wrongly) / len(direct) if direct else None
    figures["direct_precision_in_scope"] = _mean([one.right for one in known if one.direct])
    for action in ("answer", "suggest", "clarify", "handoff", "reject"):
        figures[f"action_{action}"] = sum(one.action == action for one in judged)
    return figures


def _mean(values: Sequence[float | bool]) -> float | None:
    return float(np.mean(values)) if len(values) else None
