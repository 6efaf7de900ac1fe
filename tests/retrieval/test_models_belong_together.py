"""The files under data/models were made for one another, and from questions that prove something."""

import json
from pathlib import Path

from core.settings import REPOSITORY
from nlu.embedders import OnnxEmbedder
from nlu.intent_model import load_intent_model
from retrieval.fit_ranker import trained_on
from retrieval.fit_scenarios import base_names

MODELS = REPOSITORY / "data" / "models"


def stored_ranker() -> dict[str, object]:
    ranker = json.loads((MODELS / "ranker.json").read_text(encoding="utf-8"))
    assert isinstance(ranker, dict)
    return ranker


def test_ranker_and_intents_are_fitted_for_the_shipped_encoder() -> None:
    encoder = OnnxEmbedder(MODELS / "encoder").name
    assert stored_ranker()["encoder"] == encoder
    intents = load_intent_model()
    assert intents is not None
    assert intents.fits(encoder)


def test_the_ranker_learned_from_packs_that_its_encoders_had_not_seen() -> None:
    encoder = OnnxEmbedder(MODELS / "encoder").name
    sources = stored_ranker()["fitted_on"]
    assert isinstance(sources, list)
    assert sources
    for source in sources:
        assert set(source["unseen"]) <= set(base_names(REPOSITORY / "data"))
        assert not set(source["unseen"]) & set(source["trained_on"])
        if source["encoder"] == encoder:
            assert set(source["trained_on"]) == trained_on(MODELS / "encoder")


def test_the_promise_is_the_one_that_is_published() -> None:
    promise = stored_ranker()["promise"]
    assert isinstance(promise, dict)
    assert (promise["precision"], promise["certainty"]) == (0.95, 0.95)


def test_the_card_names_what_the_model_was_trained_on() -> None:
    card = Path(MODELS / "encoder" / "MODEL_CARD.md").read_text(encoding="utf-8")
    for name in trained_on(MODELS / "encoder"):
        assert name in card
