"""Pinyin is read with the words of the base, and nothing else is touched."""

import pytest

from nlu.normalise import normalise
from nlu.segment import Segmenter
from retrieval.index import KnowledgeIndex
from retrieval.spelling import Spelling
from retrieval.types import Entry
from tests.hashed_ngrams import HashedNgrams

SPELLING = Spelling(["退款多久到账", "怎么开发票", "email 收不到验证码", "银行卡怎么绑定"], Segmenter())


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("tuikuan多久能到", "退款多久能到"),
        ("zenmetuikuan啊", "怎么退款啊"),
        ("yinhangka丢了", "银行卡丢了"),  # 行 is read by its word
    ],
)
def test_reads_words_of_the_base(typed: str, read: str) -> None:
    assert SPELLING.repair(typed) == read


@pytest.mark.parametrize(
    "text", ["email收不到", "name怎么改", "tuikuan", "iphone15怎么退", "wuliu到哪了", "退款多久到账", "", "ok吗"]
)
def test_leaves_everything_else_alone(text: str) -> None:
    assert SPELLING.repair(normalise(text).question) == normalise(text).question


def test_the_index_finds_what_is_asked_in_pinyin(embedder: HashedNgrams) -> None:
    index = KnowledgeIndex([Entry("a", "退款多久到账"), Entry("b", "运费谁出"), Entry("c", "怎么开发票")], embedder)
    assert index.search("tuikuan啥时候")[0].entry.id == "a"
