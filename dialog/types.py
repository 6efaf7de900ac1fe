"""A turn of the bot: state and text in, decision and new state out. Plain values, equal when their parts are."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from retrieval.types import Candidate


class Action(StrEnum):
    """What the bot does. The names are those of the public contract."""

    ANSWER = "answer"  # says it directly
    SUGGEST = "suggest"  # 您是不是想问
    CLARIFY = "clarify"  # asks back
    HANDOFF = "handoff"  # brings in a human
    REJECT = "reject"  # says that it does not know


@dataclass(frozen=True, slots=True)
class Choice:
    """A button under a reply; pressing it says `payload` in the customer's place ("/handoff" asks for a human)."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Entity:
    """Something named in the text: kind such as `phone`, `order_number`, `amount`; `value` normalised."""

    kind: str
    text: str
    value: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision on one question."""

    action: Action
    text: str  # what the bot says, Markdown
    confidence: float  # calibrated probability that candidates[0] is the right entry
    candidates: tuple[Candidate, ...] = ()  # best first; at least 10 when the base has them
    faq_id: str | None = None  # the entry that was answered with; None unless action is ANSWER from the base
    intent: str = "question"  # or transfer_human, greeting, …, gibberish
    entities: tuple[Entity, ...] = ()
    sentiment: str = "neutral"  # positive, neutral, negative, angry
    choices: tuple[Choice, ...] = ()
    handoff_trigger: str | None = None  # with HANDOFF: customer, misses or anger
    trace: dict[str, Any] = field(default_factory=dict)  # the receipt: index version, rule taken, tokens, scores


@dataclass(frozen=True, slots=True)
class DialogState:
    """What the bot remembers between turns of one conversation. Small, and round-trips through JSON."""

    misses: int = 0  # turns in a row without an answer
    last_faq_id: str | None = None
    last_question: str | None = None
    repeats: int = 0  # how often the same entry was asked for in a row
    sentiment: str = "neutral"
    entities: tuple[Entity, ...] = ()
    pieces: tuple[str, ...] = ()  # short messages since the last answer that found none: maybe parts of one question

    def to_json(self) -> dict[str, Any]:
        return {
            "misses": self.misses,
            "last_faq_id": self.last_faq_id,
            "last_question": self.last_question,
            "repeats": self.repeats,
            "sentiment": self.sentiment,
            "entities": [{"kind": e.kind, "text": e.text, "value": e.value} for e in self.entities],
            "pieces": list(self.pieces),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "DialogState":
        """Reads what to_json wrote; missing keys take their default, so that old conversations go on."""
        known = {key: value for key, value in stored.items() if key in cls.__slots__}
        known["entities"] = tuple(Entity(**entity) for entity in stored.get("entities", []))
        known["pieces"] = tuple(stored.get("pieces", []))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What came of one turn."""

    answer: Answer
    state: DialogState
