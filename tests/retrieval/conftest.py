"""The stand-in encoder of these tests."""

import pytest

from tests.hashed_ngrams import HashedNgrams


@pytest.fixture
def embedder() -> HashedNgrams:
    return HashedNgrams()
