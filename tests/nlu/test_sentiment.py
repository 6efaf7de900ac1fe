"""Mood, coarsely."""

import pytest

from nlu.normalise import normalise
from nlu.sentiment import sentiment_of


@pytest.mark.parametrize(
    ("text", "mood"),
    [
        ("你们什么破平台", "angry"),
        ("我要去12315投诉你们", "angry"),
        ("怎么还没到！！！", "angry"),
        ("怎么还没到", "negative"),
        ("😡", "angry"),
        ("谢谢，很满意", "positive"),
        ("不太满意", "negative"),
        ("发票怎么开", "neutral"),
    ],
)
def test_mood(text: str, mood: str) -> None:
    assert sentiment_of(normalise(text)) == mood
