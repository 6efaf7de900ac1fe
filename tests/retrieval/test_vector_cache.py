"""A cache only: it may be lost or damaged, and never costs an error."""

from pathlib import Path

import numpy as np
import pytest

from retrieval.vector_cache import VectorCache
from tests.hashed_ngrams import HashedNgrams

TEXTS = ["怎么退款", "怎么开发票", "怎么退款"]


def test_a_second_start_embeds_nothing(tmp_path: Path, embedder: HashedNgrams) -> None:
    first = VectorCache(tmp_path).vectors(embedder, TEXTS)
    embedder.embedded.clear()
    again = VectorCache(tmp_path)
    assert np.array_equal(again.vectors(embedder, TEXTS), first)
    assert embedder.embedded == []
    assert again.computed == 0


def test_only_new_texts_are_embedded(tmp_path: Path, embedder: HashedNgrams) -> None:
    VectorCache(tmp_path).vectors(embedder, TEXTS)
    embedder.embedded.clear()
    VectorCache(tmp_path).vectors(embedder, [*TEXTS, "怎么换货"])
    assert embedder.embedded == ["怎么换货"]


@pytest.mark.parametrize("damage", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_a_damaged_file_is_built_anew(tmp_path: Path, embedder: HashedNgrams, damage: bytes) -> None:
    good = VectorCache(tmp_path).vectors(embedder, TEXTS)
    (tmp_path / "vectors.npz").write_bytes(damage)
    assert np.array_equal(VectorCache(tmp_path).vectors(embedder, TEXTS), good)
    embedder.embedded.clear()
    VectorCache(tmp_path).vectors(embedder, TEXTS)
    assert embedder.embedded == []


def test_a_truncated_file_is_built_anew(tmp_path: Path, embedder: HashedNgrams) -> None:
    good = VectorCache(tmp_path).vectors(embedder, TEXTS)
    path = tmp_path / "vectors.npz"
    path.write_bytes(path.read_bytes()[:-200])
    assert np.array_equal(VectorCache(tmp_path).vectors(embedder, TEXTS), good)


def test_another_encoder_never_gets_these_vectors(tmp_path: Path, embedder: HashedNgrams) -> None:
    VectorCache(tmp_path).vectors(embedder, TEXTS)
    embedder.embedded.clear()
    embedder.name = "hashed-ngrams-2"
    VectorCache(tmp_path).vectors(embedder, TEXTS)
    assert embedder.embedded == ["怎么退款", "怎么开发票"]


def test_an_unwritable_place_costs_only_speed(tmp_path: Path, embedder: HashedNgrams) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("x")
    assert VectorCache(blocker / "below").vectors(embedder, TEXTS).shape == (3, embedder.dim)


def test_threads_give_the_same_vectors(tmp_path: Path, embedder: HashedNgrams) -> None:
    texts = [f"第{number}个问题" for number in range(300)]
    assert np.array_equal(
        VectorCache(None).vectors(embedder, texts, threads=4), VectorCache(None).vectors(embedder, texts)
    )
