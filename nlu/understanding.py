"""Everything that can be said about a message on its own."""

from __future__ import annotations

from nlu.entities import find_entities
from nlu.intents import IntentRecogniser
from nlu.normalise import normalise
from nlu.question_vectors import QuestionVectors
from nlu.sentiment import sentiment_of
from nlu.types import Understood


class Understanding:
    """Normal form, intent, entities and mood in one call. Immutable apart from the vector memory; thread-safe."""

    def __init__(self, intents: IntentRecogniser, vectors: QuestionVectors | None = None) -> None:
        self.intents = intents
        self._vectors = vectors

    def understand(self, text: str) -> Understood:
        """Never raises; the vector it may need is kept for the search that follows."""
        message = normalise(text)
        intent = self.intents.recognise(message, self._vectors)
        mood = "angry" if intent.name in {"angry", "insult"} else sentiment_of(message)
        return Understood(message, intent, find_entities(message.text), mood)
