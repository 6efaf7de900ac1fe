"""From what was understood and found to what is done. Pure rules, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dialog.types import Action
from nlu.types import GIBBERISH, QUESTION, Understood
from retrieval.fusion import Ranker
from retrieval.types import Candidate

EXACT = 0.999
"""Score from which on a candidate is the question itself (see `KnowledgeIndex.search`)."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What a tenant may tune. Thresholds are calibrated probabilities, 0..1.

    The defaults come from `data/models/ranker.json`, where `python -m retrieval.fit_ranker` has written the lowest
    thresholds that kept their promise on held-out questions, out-of-scope ones included: see `from_ranker`.
    """

    answer_from: float = 0.8
    suggest_from: float = 0.25
    suggestions: int = 5
    misses_until_handoff: int = 3
    anger_until_handoff: int = 2
    candidates: int = 10

    @classmethod
    def from_ranker(cls, ranker: Ranker) -> EngineSettings:
        """Settings that promise what the ranker measured: 95 % of direct answers right."""
        return cls(
            answer_from=ranker.thresholds["answer_from"],
            suggest_from=ranker.thresholds["suggest_from"],
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """An action and the name of the rule that chose it."""

    action: Action
    rule: str
    trigger: str | None = None


def confidence_of(candidates: Sequence[Candidate]) -> float:
    """Calibrated probability that the first candidate is the one meant, 0..1."""
    return candidates[0].features["probability"] if candidates else 0.0


def decide(found: Understood, candidates: Sequence[Candidate], settings: EngineSettings) -> Decision:
    """The rule for one message, without its context."""
    intent, best = found.intent, confidence_of(candidates)
    if intent.name == "transfer_human":
        return Decision(Action.HANDOFF, "transfer_human", "customer")
    if candidates and candidates[0].score >= EXACT and best >= settings.answer_from:
        return Decision(Action.ANSWER, "exact")
    # Noise that the rules see is noise. The classifier takes a bare 会员 for noise too: believed if the base has none.
    if intent.name == GIBBERISH and (intent.rule != "classifier" or best < settings.suggest_from):
        return Decision(Action.REJECT, "gibberish")
    # A sentence that the base answers with confidence is a question, unless a pattern says otherwise.
    if intent.name not in {QUESTION, GIBBERISH} and (intent.rule != "classifier" or best < settings.answer_from):
        return Decision(Action.ANSWER, "intent")
    if best >= settings.answer_from:
        return Decision(Action.ANSWER, "confident")
    if is_fragment(found) and len(fitting(candidates, settings)) > 1:
        return Decision(Action.CLARIFY, "fragment")
    if best >= settings.suggest_from:
        return Decision(Action.SUGGEST, "likely")
    return Decision(Action.REJECT, "unknown")


FRAGMENT_CHARACTERS = 5
"""A message of up to this many characters may be a bare topic (发票, 优惠券怎么) that fits several entries."""


ALL_WORDS = 0.99
"""Coverage from which on an entry holds every word of the message."""


NEAR_EQUAL = 1 / 8
"""Share of the best candidate's probability from which on another is offered beside it. On the demo base a bare topic
(发票, 退款) then offers two to five entries, and a short but full question (能退吗) keeps its one answer.
"""


def is_fragment(found: Understood) -> bool:
    """Too short to say what is wanted."""
    return len(found.normalised.key) <= FRAGMENT_CHARACTERS


def fitting(candidates: Sequence[Candidate], settings: EngineSettings) -> list[Candidate]:
    """What a fragment may mean, best first; fewer than two if it is no question of which.

    Either several are about equally probable, and one of them is meant likely enough; or it is a bare topic (会员),
    which says too little for any probability: then those that hold all its words.
    """
    equal = near_equal(candidates, settings)
    if len(equal) > 1 and sum(one.features["probability"] for one in equal) >= settings.suggest_from:
        return equal
    return [one for one in candidates[: settings.suggestions] if one.features["coverage"] >= ALL_WORDS]


def near_equal(candidates: Sequence[Candidate], settings: EngineSettings) -> list[Candidate]:
    """Candidates that a fragment may mean: not much less probable than the best; the best alone if it stands out."""
    if not candidates:
        return []
    least = confidence_of(candidates) * NEAR_EQUAL
    return [one for one in candidates[: settings.suggestions] if one.features["probability"] >= least]
