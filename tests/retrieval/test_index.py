"""What a caller may rely on, in every regime."""

from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest

from retrieval.index import EXACT_SCORE, KnowledgeIndex
from retrieval.types import Entry
from tests.hashed_ngrams import HashedNgrams

Regime = Literal["softmax", "means", "single"]
TOPICS = ("退款", "换货", "发票", "优惠券", "会员", "积分", "运费", "配送", "安装", "保修", "预售", "评价", "投诉")
BASE = [
    Entry(f"e{number:02}", f"{topic}怎么办理", (f"想办{topic}", f"{topic}在哪里弄", f"{topic}的流程"), f"{topic}的答案")
    for number, topic in enumerate(TOPICS)
]


@pytest.fixture(params=["softmax", "means", "single"])
def index(request: pytest.FixtureRequest, embedder: HashedNgrams) -> KnowledgeIndex:
    return KnowledgeIndex(BASE, embedder, regime=request.param)


def test_at_least_ten_best_first(index: KnowledgeIndex) -> None:
    found = index.search("发票怎么开")
    assert len(found) == 10
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all(0 <= one.score <= 1 and 0 <= one.features["probability"] <= 1 for one in found)
    assert len({one.entry.id for one in found}) == 10


@pytest.mark.parametrize("wording", ["想办优惠券", "想 办 优惠券？？", "想辦優惠券", "请问想办优惠券"])
def test_a_wording_itself_wins_however_it_is_typed(index: KnowledgeIndex, wording: str) -> None:
    best = index.search(wording)[0]
    assert best.entry.id == "e03"
    assert best.score == pytest.approx(EXACT_SCORE)
    assert best.matched == "想办优惠券"


def test_the_same_question_finds_the_same_from_many_threads(index: KnowledgeIndex) -> None:
    once = [(one.entry.id, one.score) for one in index.search("快递的运费谁出")]
    with ThreadPoolExecutor(8) as pool:
        runs = list(
            pool.map(lambda _: [(one.entry.id, one.score) for one in index.search("快递的运费谁出")], range(40))
        )
    assert all(run == once for run in runs)


@pytest.mark.parametrize("text", ["", "   ", "😭😭", "。。。", "\x00"])
def test_blank_questions_find_nothing(index: KnowledgeIndex, text: str) -> None:
    assert index.search(text) == []


@pytest.mark.parametrize("text", ["a" * 10_000, "\ud800发票", "<script>alert(1)</script>", "' OR 1=1 --", "發票" * 500])
def test_odd_questions_are_searched_without_complaint(index: KnowledgeIndex, text: str) -> None:
    assert len(index.search(text)) == 10


def test_small_and_empty_bases(embedder: HashedNgrams) -> None:
    assert KnowledgeIndex([], embedder).search("发票") == []
    assert [one.entry.id for one in KnowledgeIndex(BASE[:1], embedder).search("发票")] == ["e00"]
    assert len(KnowledgeIndex(BASE[:3], embedder).search("发票")) == 3


def test_blank_wordings_and_repetitions_do_no_harm(embedder: HashedNgrams) -> None:
    messy = [Entry("a", "  ", ("怎么退款", "怎么退款", "")), Entry("b", "", ()), Entry("c", "发票", (), "字" * 20_000)]
    index = KnowledgeIndex(messy, embedder)
    assert len(index) == 2
    assert index.search("怎么退款")[0].entry.id == "a"


def test_contradicting_entries_share_the_probability(embedder: HashedNgrams) -> None:
    index = KnowledgeIndex([Entry("a", "能退吗", (), "能"), Entry("b", "能退吗", (), "不能")], embedder)
    assert index.search("能退吗")[0].features["probability"] <= 0.5


def test_a_standard_question_beats_a_similar_one(embedder: HashedNgrams) -> None:
    index = KnowledgeIndex([Entry("a", "怎么退款", ("怎么退货",), "款"), Entry("b", "怎么退货", (), "货")], embedder)
    best = index.search("怎么退货")[0]
    assert best.entry.id == "b"
    assert best.score == pytest.approx(EXACT_SCORE)


def test_negation_keeps_minimal_pairs_apart(embedder: HashedNgrams) -> None:
    pair = [Entry("yes", "优惠券能叠加使用", (), "能"), Entry("no", "优惠券不能叠加使用", (), "不能")]
    index = KnowledgeIndex([*BASE, *pair], embedder)
    assert index.search("优惠券能叠加使用吗亲")[0].entry.id == "yes"
    assert index.search("优惠券不能叠加使用吗亲")[0].entry.id == "no"


def test_numbers_keep_minimal_pairs_apart(embedder: HashedNgrams) -> None:
    pair = [Entry("7", "7天内怎么退", (), "7"), Entry("15", "15天内怎么退", (), "15")]
    index = KnowledgeIndex([*BASE, *pair], embedder)
    assert index.search("七天内要怎么退呢")[0].entry.id == "7"
    assert index.search("十五天内要怎么退呢")[0].entry.id == "15"


def test_the_version_names_content_and_encoder(embedder: HashedNgrams) -> None:
    version = KnowledgeIndex(BASE, embedder).version
    assert KnowledgeIndex(list(BASE), embedder).version == version
    assert KnowledgeIndex(BASE[:-1], embedder).version != version
    embedder.name = "other"
    assert KnowledgeIndex(BASE, embedder).version != version
