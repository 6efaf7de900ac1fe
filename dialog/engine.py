"""The one path from a message to an answer: server, command line, test bench and evaluation all come through here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.language import Language, language_of
from core.settings import REPOSITORY
from dialog.context import fuller_wordings, remember_piece
from dialog.policy import Decision, EngineSettings, confidence_of, decide, fitting
from dialog.replies import has_reply, reply
from dialog.types import Action, Answer, Choice, DialogState, Entity, TurnResult
from nlu.embedders import Embedder
from nlu.intent_model import load_intent_model
from nlu.intents import IntentRecogniser, load_intents
from nlu.question_vectors import QuestionVectors
from nlu.types import GIBBERISH, Understood
from nlu.understanding import Understanding
from retrieval.fusion import shipped_ranker
from retrieval.index import KnowledgeIndex
from retrieval.types import Candidate, Entry
from retrieval.vector_cache import VectorCache

HANDOFF_PAYLOAD = "/handoff"
LONG_MESSAGE = 300
"""Characters from which on a message is searched sentence by sentence: a story has one question in it."""
_SENTENCES_TRIED = 12
_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;\n]*")
_UNSURE = frozenset({"likely", "fragment", "unknown"})  # rules of `decide` after which context may help
_INTENTS_FILE = REPOSITORY / "data" / "nlu" / "intents.jsonl"

Candidates = tuple[Candidate, ...]


class AnswerEngine:
    """Answers questions against one base. Immutable and thread-safe; equal questions get equal answers."""

    def __init__(
        self,
        index: KnowledgeIndex,
        understanding: Understanding,
        settings: EngineSettings | None = None,
        bot_name: str = "小应",
        tenant_name: str = "应答",
    ) -> None:
        self.index = index
        self.understanding = understanding
        self.settings = settings or default_settings()
        self.bot_name = bot_name
        self.tenant_name = tenant_name

    def answer(self, text: str) -> Answer:
        """One answer without context: what `take_turn` says at the start of a conversation."""
        return take_turn(DialogState(), text, self).answer


def build_engine(
    entries: Sequence[Entry],
    embedder: Embedder,
    *,
    cache: VectorCache | Path | None = None,
    settings: EngineSettings | None = None,
    bot_name: str = "小应",
    tenant_name: str = "应答",
    threads: int = 1,
) -> AnswerEngine:
    """Indexes a base (seconds for some thousand wordings, far less when `cache` knows their vectors).

    `cache` is a directory of the tenant or a `VectorCache`; `threads` embed new wordings. Raises `ModelFileError`
    when the encoder's files are missing or damaged.
    """
    store = cache if isinstance(cache, VectorCache) else VectorCache(cache)
    questions = QuestionVectors(embedder)
    index = KnowledgeIndex(entries, embedder, questions=questions, cache=store, threads=threads)
    understanding = Understanding(_recogniser(), questions)
    return AnswerEngine(index, understanding, settings, bot_name, tenant_name)


def default_settings() -> EngineSettings:
    """The thresholds that keep the shipped ranker's promise."""
    return EngineSettings.from_ranker(shipped_ranker())


@lru_cache(maxsize=1)
def _recogniser() -> IntentRecogniser:
    return IntentRecogniser(load_intents(_INTENTS_FILE), load_intent_model())


def take_turn(state: DialogState, text: str, engine: AnswerEngine) -> TurnResult:
    """Same state, text and engine: same decision. No clock, no chance, no input or output."""
    language = language_of(text) if text.strip() else "zh"
    if text.strip() == HANDOFF_PAYLOAD:
        pressed = Answer(
            Action.HANDOFF,
            reply("handoff", language_of(state.last_question or "")),
            0.0,
            intent="transfer_human",
            handoff_trigger="customer",
            trace=_trace(engine, "button"),
        )
        return TurnResult(pressed, replace(state, misses=0, pieces=()))
    query = _question_in(text, engine)
    found = engine.understanding.understand(query)
    if found.normalised.blank:
        name = "emoji" if found.normalised.emoji else "blank"
        said = Answer(Action.CLARIFY, reply(name, language), 0.0, intent=name, trace=_trace(engine, name))
        return TurnResult(said, state)
    candidates = tuple(engine.index.search(query, engine.settings.candidates))
    decision = decide(found, candidates, engine.settings)
    meant = None
    if decision.rule in _UNSURE:
        meant, decision, candidates = _with_what_was_said(state, found, decision, candidates, engine)
    decision = _in_context(decision, state, found, engine.settings)
    answer = _answer(decision, found, candidates, state, engine, language, meant or found.normalised.question)
    if meant is not None:
        answer.trace["meant"] = meant
    return TurnResult(answer, _after(state, meant or text, answer, found))


def _with_what_was_said(
    state: DialogState, found: Understood, decision: Decision, candidates: Candidates, engine: AnswerEngine
) -> tuple[str | None, Decision, Candidates]:
    """What a fuller wording finds, where it finds it with more confidence than the message alone; else as it was."""
    meant: str | None = None
    for fuller in fuller_wordings(state, found):
        others = tuple(
            one
            for one in engine.index.search(fuller.text, engine.settings.candidates + 1)
            if not (fuller.goes_on and one.entry.id == state.last_faq_id)  # it goes on: the same again is no answer
        )[: engine.settings.candidates]
        if confidence_of(others) > confidence_of(candidates):
            meant, candidates = fuller.text, others
    if meant is None:
        return None, decision, candidates
    is_sure = confidence_of(candidates) >= engine.settings.answer_from
    return (
        meant,
        Decision(Action.ANSWER, "context") if is_sure else decide(found, candidates, engine.settings),
        candidates,
    )


def _in_context(decision: Decision, state: DialogState, found: Understood, settings: EngineSettings) -> Decision:
    """What earlier turns change: too many misses or too much anger bring in a human."""
    if found.sentiment == "angry" and state.sentiment == "angry" and settings.anger_until_handoff <= 2:
        answered = decision.action is Action.ANSWER and decision.rule != "intent"
        if not answered and decision.action is not Action.HANDOFF:
            return Decision(Action.HANDOFF, "anger", "anger")
    if _is_miss(decision, found) and state.misses + 1 >= settings.misses_until_handoff:
        return Decision(Action.HANDOFF, "misses", "misses")
    return decision


def _is_miss(decision: Decision, found: Understood) -> bool:
    return decision.action is Action.REJECT or (decision.rule == "intent" and found.intent.name == "unclear")


def _answer(
    decision: Decision,
    found: Understood,
    candidates: tuple[Candidate, ...],
    state: DialogState,
    engine: AnswerEngine,
    language: Language,
    topic: str,
) -> Answer:
    best = candidates[0] if candidates else None
    handoff = Choice(reply("button_handoff", language), HANDOFF_PAYLOAD)
    blank = Answer(
        action=decision.action,
        text="",
        confidence=confidence_of(candidates),
        candidates=candidates,
        intent=found.intent.name,
        entities=tuple(Entity(entity.kind, entity.text, entity.value) for entity in found.entities),
        sentiment=found.sentiment,
        handoff_trigger=decision.trigger,
        trace=_trace(engine, decision.rule, found, candidates),
    )
    if decision.action is Action.HANDOFF:
        name = {"misses": "handoff_misses", "anger": "handoff_anger"}.get(decision.trigger or "", "handoff")
        return replace(blank, text=reply(name, language))
    if decision.rule == "intent":
        return _small_talk(blank, found, state, engine, language, handoff)
    if decision.action is Action.ANSWER and best is not None:
        return _say(blank, best.entry, language, handoff)
    if decision.action is Action.REJECT:
        name = "gibberish" if decision.rule == GIBBERISH else "reject"
        return replace(blank, text=reply(name, language), choices=(handoff,))
    clarifying = decision.action is Action.CLARIFY
    shown = fitting(candidates, engine.settings) if clarifying else list(candidates)
    choices = tuple(Choice(c.entry.question, c.entry.question) for c in shown[: engine.settings.suggestions])
    name = "clarify" if clarifying else "suggest"
    return replace(blank, text=reply(name, language, topic=topic), choices=(*choices, handoff))


def _say(blank: Answer, entry: Entry, language: Language, handoff: Choice) -> Answer:
    if entry.answer.strip():
        return replace(blank, text=entry.answer, faq_id=entry.id)
    text = reply("no_answer_text", language, question=entry.question)
    return replace(blank, text=text, faq_id=entry.id, choices=(handoff,))


def _small_talk(
    blank: Answer, found: Understood, state: DialogState, engine: AnswerEngine, language: Language, handoff: Choice
) -> Answer:
    name = found.intent.name
    spec = engine.understanding.intents.spec(name)
    if name == "repeat":
        entry = engine.index.entry(state.last_faq_id)
        if entry is None:
            return replace(blank, action=Action.CLARIFY, text=reply("nothing_to_repeat", language))
        return _say(blank, entry, language, handoff)
    if language == "zh" and spec is not None and spec.replies:
        # The same words get the same reply, other words another: no chance, and yet not one sentence for ever.
        digest = hashlib.sha256(found.normalised.text.encode("utf-8", "replace")).digest()
        text = spec.replies[digest[0] % len(spec.replies)]
        text = text.replace("{bot}", engine.bot_name).replace("{tenant}", engine.tenant_name)
    else:
        known = name if has_reply(name, language) else "smalltalk"
        text = reply(known, language, bot=engine.bot_name, tenant=engine.tenant_name)
    troubled = spec is not None and (spec.kind == "signal" or name == "insult")
    action = Action.CLARIFY if name == "unclear" else Action.ANSWER
    return replace(blank, action=action, text=text, choices=(handoff,) if troubled else ())


def _after(state: DialogState, text: str, answer: Answer, found: Understood) -> DialogState:
    """What is remembered. A direct answer or a human ends a row of misses; small talk neither ends nor adds to it."""
    missed = answer.action is Action.REJECT or answer.intent == "unclear"
    settled = answer.faq_id is not None or answer.action is Action.HANDOFF
    same = answer.faq_id is not None and answer.faq_id == state.last_faq_id
    return DialogState(
        misses=0 if settled else state.misses + 1 if missed else state.misses,
        last_faq_id=answer.faq_id or state.last_faq_id,
        last_question=text[:LONG_MESSAGE] if answer.faq_id else state.last_question,
        repeats=state.repeats + 1 if same else 0 if answer.faq_id else state.repeats,
        sentiment=answer.sentiment,
        entities=answer.entities or state.entities,
        pieces=remember_piece(state, found, answered=settled),
    )


def _question_in(text: str, engine: AnswerEngine) -> str:
    """The message itself, or of a long one the sentence that the base knows best (the last of equals)."""
    if len(text) <= LONG_MESSAGE:
        return text
    sentences = [found.strip() for found in _SENTENCE.findall(text)]
    sentences = [sentence[:LONG_MESSAGE] for sentence in sentences if len(sentence) > 3]
    asking = [sentence for sentence in sentences if re.search(r"[?？吗呢]|怎么|什么|如何|多久|多少|能不能", sentence)]
    tried = (asking or sentences)[-_SENTENCES_TRIED:]
    best, best_score = text[:LONG_MESSAGE], -1.0
    for sentence in tried:
        score = confidence_of(engine.index.search(sentence, 1))
        if score >= best_score:
            best, best_score = sentence, score
    return best


def _trace(
    engine: AnswerEngine, rule: str, found: Understood | None = None, candidates: tuple[Candidate, ...] = ()
) -> dict[str, Any]:
    """The receipt: with the same index version and text the answer can be made again."""
    trace: dict[str, Any] = {"index_version": engine.index.version, "rule": rule}
    if found is not None:
        trace["normalised"] = found.normalised.question
        trace["intent"] = {"name": found.intent.name, "score": found.intent.score, "rule": found.intent.rule}
    if candidates:
        trace["candidates"] = [
            {"faq_id": c.entry.id, "score": c.score, "matched": c.matched, **dict(c.features)} for c in candidates[:5]
        ]
    return trace
