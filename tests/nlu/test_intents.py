"""Small talk is recognised; a business question is never taken for it."""

import json
from functools import lru_cache

import pytest

from core.settings import REPOSITORY
from nlu.embedders import OnnxEmbedder
from nlu.intent_model import load_intent_model
from nlu.intents import IntentRecogniser, load_intents
from nlu.normalise import normalise
from nlu.question_vectors import QuestionVectors

DATA = REPOSITORY / "data"


@lru_cache(maxsize=1)
def recogniser() -> tuple[IntentRecogniser, QuestionVectors]:
    vectors = QuestionVectors(OnnxEmbedder(DATA / "models" / "encoder"))
    return IntentRecogniser(load_intents(DATA / "nlu" / "intents.jsonl"), load_intent_model()), vectors


def intent(text: str) -> str:
    known, vectors = recogniser()
    return known.recognise(normalise(text), vectors).name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("转人工", "transfer_human"),
        ("人工人工人工！！", "transfer_human"),
        ("轉人工", "transfer_human"),
        ("你好", "greeting"),
        ("谢谢啦", "thanks"),
        ("asdfghjkl", "gibberish"),
        ("的了吗呢", "gibberish"),
        ("[图片]", "gibberish"),
        ("气死我了", "angry"),
    ],
)
def test_recognised(text: str, name: str) -> None:
    assert intent(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "人工客服几点上班",
        "人工费多少钱",
        "谢师宴的礼品卡怎么开发票",
        "你好牌洗衣机怎么退",
        "PLUS",
        "vip",
        "13800001234",
        "hahaha",
        "wifi",
    ],
)
def test_not_taken_for_a_command_or_noise(text: str) -> None:
    assert intent(text) not in {"transfer_human", "gibberish"}


def test_held_out_business_questions_are_questions() -> None:
    rows = [
        json.loads(line) for line in (DATA / "demo" / "heldout" / "smalltalk.jsonl").read_text("utf-8").splitlines()
    ]
    taken = [row["text"] for row in rows if row["intent"] == "none" and intent(row["text"]) != "question"]
    assert len(taken) <= 1, taken


def test_without_a_model_the_patterns_still_work() -> None:
    known = IntentRecogniser(load_intents(DATA / "nlu" / "intents.jsonl"))
    assert known.recognise(normalise("我要转人工")).name == "transfer_human"
