"""A tenant's own words stay whole and stay the tenant's."""

import tracemalloc

from nlu.segment import Segmenter


def test_own_words_stay_whole() -> None:
    assert "应答plus" in Segmenter(["应答PLUS"]).cut("应答plus怎么退")


def test_words_do_not_leak_to_another_tenant() -> None:
    Segmenter(["退差价"]).cut("怎么退差价")
    assert "退差价" not in Segmenter().cut("怎么退差价")


def test_a_thousand_words_cost_less_than_a_megabyte() -> None:
    words = [f"产品{number}型" for number in range(1000)]
    tracemalloc.start()
    segmenter = Segmenter(words)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert segmenter.cut("产品7型") == ["产品7型"]
    assert used < 1_000_000
