"""Disturbed questions and minimal pairs, with the shipped encoder."""

import random

from core.settings import REPOSITORY
from dialog.engine import build_engine
from eval.files import read_entries, read_queries
from eval.minimal_pairs import SIZE, minimal_pairs
from eval.noise import Noise, pinyin_word, traditional
from eval.robustness import hit_at_1, merged_alone, merged_beside, noise_figures
from nlu.embedders import OnnxEmbedder
from retrieval.types import Entry

PACK = REPOSITORY / "data" / "packs" / "bank"
ENCODER = OnnxEmbedder(REPOSITORY / "data" / "models" / "encoder")


def test_every_kind_of_noise_changes_nearly_every_question() -> None:
    texts = [query.text for query in read_queries(PACK / "heldout.jsonl")][:100]
    noise = Noise(texts)
    for kind, disturb in noise.kinds.items():
        made = [disturb(text, random.Random(place)) for place, text in enumerate(texts)]
        again = [disturb(text, random.Random(place)) for place, text in enumerate(texts)]
        assert made == again
        assert all(made), kind
        assert sum(one != text for one, text in zip(made, texts, strict=True)) > 90, kind


def test_noise_copes_with_texts_that_have_nothing_to_disturb() -> None:
    noise = Noise(["退款"])
    for disturb in noise.kinds.values():
        for text in ("", "?", "a", "ok 123"):
            disturb(text, random.Random(1))
    assert pinyin_word("退款", random.Random(1)) == "tuikuan"
    assert traditional("退货怎么办理", random.Random(1)) == "退貨怎麼辦理"


def test_a_disturbed_question_is_still_understood() -> None:
    entries = read_entries(PACK / "kb.jsonl").entries[:25]
    known = {entry.id for entry in entries}
    queries = [q for q in read_queries(PACK / "heldout.jsonl") if known & set(q.gold_ids or ())]
    figures = noise_figures(entries, queries, ENCODER)
    assert figures["clean"] > 0.8
    assert figures["traditional"] > figures["clean"] - 0.03
    assert min(figures.values()) > figures["clean"] - 0.2


def test_hit_at_1_counts_only_the_first_candidate() -> None:
    entries = [Entry("退", "怎么退款"), Entry("票", "怎么开发票")]
    engine = build_engine(entries, ENCODER)
    queries = read_queries(PACK / "heldout.jsonl")[:1]
    assert hit_at_1(engine, queries, ["怎么退款"]) == 0


def test_minimal_pairs_are_many_different_and_hardly_merged() -> None:
    pairs = minimal_pairs()
    assert len(pairs) == len(set(pairs)) == SIZE
    assert all(pair.left != pair.right for pair in pairs)
    few = pairs[::5]
    merged = [pair for pair in merged_alone(few, ENCODER) if pair.kind != "型号"]  # Pro and Plus: a known limit
    assert len(merged) < 0.02 * len(few)
    assert len(merged_beside(few, ENCODER)) < 0.05 * len(few)
