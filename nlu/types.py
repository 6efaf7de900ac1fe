"""What understanding a message yields. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

from nlu.normalise import Normalised

QUESTION = "question"  # the intent of everything that is not small talk, a command or a signal
GIBBERISH = "gibberish"


@dataclass(frozen=True, slots=True)
class Intent:
    """What the customer wants beside asking: `kind` is command, smalltalk, signal, gibberish or question.

    `score` is 1 for a pattern match, else the classifier's probability; `rule` says which of the two it was.
    """

    name: str
    kind: str
    score: float
    rule: str = "classifier"


@dataclass(frozen=True, slots=True)
class Entity:
    """Something named in the text, `value` in one normal form; `start` counts characters of the searched text."""

    kind: str
    text: str
    value: str
    start: int


@dataclass(frozen=True, slots=True)
class Understood:
    """A message, understood on its own (no context, no knowledge base)."""

    normalised: Normalised
    intent: Intent
    entities: tuple[Entity, ...]
    sentiment: str  # positive, neutral, negative, angry
