"""Commands, small talk and signals: what a message is when it is not a question to the knowledge base.

Precision comes first: a business question taken for small talk gets no answer at all, while small talk taken
for a question only gets "您是不是想问". Patterns and known sentences decide at once, the classifier only when sure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import re2

from nlu.gibberish import is_gibberish
from nlu.intent_model import IntentModel
from nlu.normalise import Normalised, normalise
from nlu.question_vectors import QuestionVectors
from nlu.types import GIBBERISH, QUESTION, Intent

NO_INTENT = Intent(QUESTION, QUESTION, 1.0, "none")
_CODE = re.compile(r"[a-z]{0,6}-?\d{6,}")  # order and phone numbers look like noise to a classifier
_LONGEST = 60  # characters; small talk is short, and a long message has something else to say


@dataclass(frozen=True, slots=True)
class IntentSpec:
    """One line of `intents.jsonl`. Replies hold {bot} and {tenant}; commands have none."""

    name: str
    kind: str
    examples: tuple[str, ...]
    patterns: tuple[str, ...]
    replies: tuple[str, ...]


def load_intents(path: Path) -> tuple[IntentSpec, ...]:
    """Reads `intents.jsonl`; raises OSError, ValueError or KeyError for a file that is not one."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return tuple(
        IntentSpec(row["intent"], row["kind"], tuple(row["examples"]), tuple(row["patterns"]), tuple(row["replies"]))
        for row in rows
    )


class IntentRecogniser:
    """Recognises the intents of one list. Immutable, thread-safe, deterministic."""

    def __init__(self, specs: Sequence[IntentSpec], model: IntentModel | None = None) -> None:
        """Without a model only patterns, known sentences and the gibberish rules work."""
        self._specs = {spec.name: spec for spec in specs}
        self._patterns = [(spec.name, re2.compile(pattern)) for spec in specs for pattern in spec.patterns]
        # One automaton for all patterns says no at once, which is the answer for nearly every question.
        self._any = re2.compile("|".join(f"(?:{pattern})" for spec in specs for pattern in spec.patterns) or "$^")
        self._known: dict[str, str] = {}
        for spec in specs:
            for example in spec.examples:
                self._known.setdefault(normalise(example).key, spec.name)
        self._model = model

    def spec(self, name: str) -> IntentSpec | None:
        """The definition of an intent; None for `question` and `gibberish`."""
        return self._specs.get(name)

    def recognise(self, message: Normalised, vectors: QuestionVectors | None = None) -> Intent:
        """The message's intent; `question` whenever in doubt. `vectors` let the classifier have its say."""
        text = message.text
        if message.blank or len(text) > _LONGEST:
            return NO_INTENT
        for said in dict.fromkeys((text, message.question)):
            if self._any.fullmatch(said):
                name = next(name for name, pattern in self._patterns if pattern.fullmatch(said))
                return self._intent(name, 1.0, "pattern")
        known = self._known.get(normalise(text).key)
        if known is not None:
            return self._intent(known, 1.0, "example")
        if is_gibberish(message):
            return Intent(GIBBERISH, GIBBERISH, 1.0, "pattern")
        if _CODE.fullmatch(text):
            return NO_INTENT
        if self._model is None or vectors is None or not self._model.fits(vectors.name):
            return NO_INTENT
        name, score = self._model.predict(text, vectors.vector(message.question))
        if score < self._model.threshold:
            return NO_INTENT
        return self._intent(name, score, "classifier")

    def _intent(self, name: str, score: float, rule: str) -> Intent:
        spec = self._specs.get(name)
        return Intent(name, GIBBERISH if spec is None else spec.kind, score, rule)
