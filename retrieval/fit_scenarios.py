"""Bases and questions from which the ranker learns: our demo base, cut in many ways.

Real bases differ in size, in how many wordings an entry has and in how often customers ask for what is missing. Taking
entries out of the base turns their held-out questions into near out-of-scope ones of the hardest kind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from retrieval.linear import Method
from retrieval.types import Entry

Regime = Method | Literal["single"]

FAR_INTENTS = ("chitchat", "love", "bored", "who_are_you", "praise", "how_are_you")
"""Small talk whose examples serve as far out-of-scope questions."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A held-out question: the entry it means (None = none) and the group that cross-fitting keeps together."""

    text: str
    gold: str | None
    group: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """A base and what is asked of it; `primary` is the uncut demo base, on which thresholds are set."""

    entries: tuple[Entry, ...]
    asked: tuple[Asked, ...]
    regime: Regime
    primary: bool = False


def _rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def read_demo(data: Path) -> tuple[list[Entry], list[Asked], list[Asked]]:
    """Entries, held-out questions and far questions of `data` (the repository's data directory)."""
    entries = [
        Entry(
            str(row["id"]), str(row["question"]), tuple(map(str, _list(row["similar"]))), str(row["answer"]), path.stem
        )
        for path in sorted((data / "demo" / "kb").glob("*.jsonl"))
        for row in _rows(path)
    ]
    asked = [
        Asked(str(row["text"]), str(gold[0]) if (gold := _list(row["gold_ids"])) else None, path.stem)
        for path in sorted((data / "demo" / "heldout").glob("*.jsonl"))
        if path.stem != "smalltalk"
        for row in _rows(path)
    ]
    far = [
        Asked(str(example), None, f"far-{row['intent']}")
        for row in _rows(data / "nlu" / "intents.jsonl")
        if row["intent"] in FAR_INTENTS
        for example in _list(row["examples"])
    ]
    return entries, asked, far


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def scenarios(
    regime: Regime, entries: Sequence[Entry], asked: Sequence[Asked], far: Sequence[Asked]
) -> Iterator[Scenario]:
    """The cuts for one regime, the same in every run."""
    random = np.random.default_rng(7)
    wordings = 0 if regime == "single" else 99
    yield _cut(regime, entries, asked, far, wordings, primary=True)
    order = random.permutation(len(entries))
    for fold in range(4):  # a quarter of the entries missing
        kept = [entries[i] for i in sorted(order[np.arange(len(entries)) % 4 != fold])]
        yield _cut(regime, kept, asked, far[fold::4], wordings)
    groups = sorted({one.group for one in asked})
    for fold in range(4):  # a small base of seven topics, asked about nine
        chosen = random.permutation(groups)[:9]
        kept = [entry for entry in entries if entry.category in chosen[:7]]
        some = [one for one in asked if one.group in chosen]
        yield _cut(regime, kept, some, far[fold::8], wordings)
    if wordings:  # editors who wrote only a few similar questions
        kept = [entries[i] for i in sorted(order[np.arange(len(entries)) % 5 != 0])]
        yield _cut(regime, kept, asked, far[::4], 4)
        yield _cut(regime, kept, asked, far[1::4], 7)


def _cut(
    regime: Regime,
    entries: Sequence[Entry],
    asked: Sequence[Asked],
    far: Sequence[Asked],
    wordings: int,
    *,
    primary: bool = False,
) -> Scenario:
    kept = tuple(replace(entry, similar=entry.similar[:wordings]) for entry in entries)
    known = {entry.id for entry in kept}
    questions = (replace(one, gold=one.gold if one.gold in known else None) for one in (*asked, *far))
    return Scenario(kept, tuple(questions), regime, primary)
