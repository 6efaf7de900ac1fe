"""Figures on hand-made cases whose value is known."""

import numpy as np
import pytest

from eval.metrics import Judged, auroc, coverage_at_false_accepts, expected_calibration_error, measure, risk_coverage
from eval.plots import reliability_diagram, risk_coverage_curve


def one(
    confidence: float, rank: int | None, *, known: bool = True, oos: str | None = None, action: str = "answer"
) -> Judged:
    faq = "x" if action == "answer" else None
    return Judged("q", known, oos, action, faq, "question", confidence, confidence, rank)


def test_auroc() -> None:
    assert auroc(np.array([0.9, 0.8]), np.array([0.1])) == 1
    assert auroc(np.array([0.5]), np.array([0.5])) == 0.5
    assert auroc(np.array([0.1]), np.array([0.2])) == 0
    assert auroc(np.array([0.1]), np.array([])) is None


def test_coverage_lets_one_in_twenty_through() -> None:
    outside = np.arange(100) / 100
    assert coverage_at_false_accepts(np.array([0.99, 0.5]), outside) == 0.5


def test_calibration_error_of_the_honest_and_the_boastful() -> None:
    right = np.array([True] * 8 + [False] * 2)
    assert expected_calibration_error(np.full(10, 0.8), right) == pytest.approx(0)
    assert expected_calibration_error(np.full(10, 1.0), right) == pytest.approx(0.2)


def test_risk_grows_with_coverage_when_errors_are_unsure() -> None:
    curve = risk_coverage(np.array([0.9, 0.8, 0.1]), np.array([True, True, False]))
    assert [round(risk, 3) for _, risk, _ in curve] == [0, 0, 0.333]


def test_measure() -> None:
    figures = measure(
        [
            one(0.9, 0),
            one(0.6, 2, action="suggest"),
            one(0.95, None, known=False, oos="near"),
            one(0.1, None, known=False, oos="far", action="reject"),
        ]
    )
    assert figures["hit@1"] == 0.5
    assert figures["hit@3"] == 1
    assert figures["mrr@10"] == pytest.approx((1 + 1 / 3) / 2)
    assert figures["auroc_near"] == 0
    assert figures["auroc_far"] == 1
    assert figures["direct"] == 0.5
    assert figures["direct_precision"] == 0.5
    assert figures["direct_precision_in_scope"] == 1


def test_plots_are_pictures_even_of_nothing() -> None:
    for rows in ([], [one(0.9, 0)], [one(0.9, 0), one(0.2, None)]):
        for plot in (risk_coverage_curve, reliability_diagram):
            assert plot(rows).startswith("<svg")
