"""The shipped ranker, and what happens without it."""

from pathlib import Path

import pytest

from retrieval.fusion import RankerFileError, load_ranker, shipped_ranker


def test_thresholds_are_probabilities_in_order() -> None:
    thresholds = shipped_ranker().thresholds
    assert 0 < thresholds["suggest_from"] < thresholds["answer_from"] < 1


def test_evidence_speaks_the_way_it_means() -> None:
    for weights in shipped_ranker().regimes.values():
        assert (weights.candidate[:5] >= 0).all()  # dense, dense_top3, lexical, coverage, linear
        assert weights.candidate[5] < 0  # negation
        assert weights.candidate[6] < 0  # number_clash
        assert weights.fit.slope > 0
        assert weights.sure[:2].sum() > 0  # better odds, more confidence


@pytest.mark.parametrize("content", ["", "{}", '{"regimes": {}, "thresholds": {}}', "[1]", "\x00"])
def test_a_damaged_file_says_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ranker.json"
    path.write_text(content)
    with pytest.raises(RankerFileError, match="fit_ranker"):
        load_ranker(path)
