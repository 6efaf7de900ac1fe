"""The fit learns what tells candidates apart, and its thresholds keep what they promise."""

import numpy as np
import pytest

from core.settings import REPOSITORY
from retrieval.features import CANDIDATE_FEATURES, QUESTION_FEATURES, Evidence
from retrieval.fit_scenarios import Regime, read_base, scenarios
from retrieval.fit_weights import (
    PROMISED_PRECISION,
    Sample,
    answer_threshold,
    calibrate,
    calibration_error,
    cross_fit,
    fit,
    suggest_threshold,
)  # fmt: skip

DATA = REPOSITORY / "data"


def made_up(count: int, seed: int = 1) -> list[Sample]:
    """Questions whose right candidate lies nearer, and a third that have none."""
    random = np.random.default_rng(seed)
    samples = []
    for number in range(count):
        table = random.normal(0, 0.02, (6, len(CANDIDATE_FEATURES))).astype(np.float32)
        gold = int(random.integers(6)) if number % 3 else -1
        if gold >= 0:
            table[gold, :2] += 0.06
        question = np.array([1, *[0] * (len(QUESTION_FEATURES) - 1)], np.float32)
        evidence = Evidence(np.arange(6), np.arange(6), table, question)
        samples.append(Sample(evidence, gold, f"trade {number % 8}", "whole"))
    return samples


def test_learns_which_candidate_is_meant_and_that_none_may_be() -> None:
    judged = cross_fit(made_up(900))
    assert judged.right[judged.known].mean() > 0.8
    assert judged.confidence[judged.right].mean() > judged.confidence[~judged.right].mean() + 0.2
    weights = fit(made_up(900))
    assert weights.candidate[0] + weights.candidate[1] > 10
    assert weights.candidate[CANDIDATE_FEATURES.index("negation")] <= -0.5  # however little it says here


def test_calibrated_confidence_is_what_it_says() -> None:
    judged = cross_fit(made_up(1200))
    assert calibration_error(judged.confidence, judged.right) < 0.05
    curve = calibrate(judged.alone, judged.right)
    assert calibration_error(curve(judged.alone), judged.right) < 0.06
    assert calibration_error(np.full(100, 0.9), np.zeros(100, bool)) == pytest.approx(0.9)


def test_the_threshold_keeps_the_promise_and_no_more() -> None:
    random = np.random.default_rng(5)
    confidence = random.random(4000)
    right = random.random(4000) < confidence
    threshold = answer_threshold(confidence, right)
    assert right[confidence >= threshold].mean() > PROMISED_PRECISION
    assert right[confidence >= threshold - 0.15].mean() < PROMISED_PRECISION
    assert answer_threshold(confidence, np.zeros(4000, bool)) == 1.0  # never right: never answered
    assert 0.3 < suggest_threshold(confidence, right) < 0.7


@pytest.mark.parametrize("regime", ["softmax", "single"])
def test_scenarios_take_answers_away_but_no_questions(regime: Regime) -> None:
    bases = [read_base(DATA, "bank"), read_base(DATA, "auto")]
    cuts = {one.cut: one for one in scenarios(regime, bases, ["你好", "讲个笑话"])}
    assert len(cuts["joined"].entries) == 300
    for cut in cuts.values():
        known = {entry.id for entry in cut.entries}
        assert all(one.gold is None or one.gold in known for one in cut.asked)
        assert regime != "single" or not any(entry.similar for entry in cut.entries)
    assert sum(one.gold is None for one in cuts["half"].asked) > 200
