"""Answers against gold."""

from __future__ import annotations

from collections.abc import Sequence

from dialog.types import Answer
from eval.files import Query
from eval.metrics import Judged


def judge(queries: Sequence[Query], answers: Sequence[Answer]) -> list[Judged]:
    """Compares answers with gold, in order; questions without gold are left out."""
    return [_judge(query, answer) for query, answer in zip(queries, answers, strict=True) if query.gold_ids is not None]


def _judge(query: Query, answer: Answer) -> Judged:
    gold = set(query.gold_ids or ())
    places = [place for place, candidate in enumerate(answer.candidates) if candidate.entry.id in gold]
    return Judged(
        id=query.id,
        known=bool(gold),
        oos_type=query.oos_type,
        action=str(answer.action),
        faq_id=answer.faq_id,
        intent=answer.intent,
        confidence=answer.confidence,
        score=answer.candidates[0].score if answer.candidates else 0.0,
        rank=places[0] if places else None,
    )
