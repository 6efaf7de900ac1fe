"""Bases and questions from which the ranker learns: our own knowledge bases, cut and joined in many ways.

Real bases differ in size, in how many wordings an entry has and in how often customers ask for what is missing. Taking
entries out of a base turns their held-out questions into near out-of-scope ones of the hardest kind.
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
_WEIGHTS = {"whole": 3.0, "joined": 2.0, "half": 0.5}
"""How much a question counts for the confidence: most where a customer's share of missing answers is usual, a third."""
_FEW = (1, 3, 5)
"""Numbers of similar questions to which editors' bases are cut."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A held-out question: the entry it means (None = none) and the base it was written for."""

    text: str
    gold: str | None
    group: str


@dataclass(frozen=True, slots=True)
class Base:
    """One trade: its entries and the held-out questions written for it, out-of-scope ones included."""

    name: str
    entries: tuple[Entry, ...]
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A base and what is asked of it. `cut` names what was done to it; `whole` ones are as their editors wrote them."""

    cut: str
    entries: tuple[Entry, ...]
    asked: tuple[Asked, ...]

    @property
    def weight(self) -> float:
        """How much one of its questions counts for the confidence."""
        return _WEIGHTS.get(self.cut, 1.0)


def base_names(data: Path) -> list[str]:
    """The demo base and all industry packs below `data`."""
    return ["demo", *sorted(path.parent.name for path in (data / "packs").glob("*/heldout.jsonl"))]


def read_base(data: Path, name: str) -> Base:
    """The demo base (`demo`) or an industry pack of `data`, the repository's data directory."""
    folder = data / "demo" if name == "demo" else data / "packs" / name
    plain = name != "demo"
    kb = [folder / "kb.jsonl"] if plain else sorted((folder / "kb").glob("*.jsonl"))
    held = [folder / "heldout.jsonl"] if plain else sorted((folder / "heldout").glob("*.jsonl"))
    entries = [
        Entry(f"{name}/{row['id']}", str(row["question"]), tuple(map(str, _list(row["similar"]))), str(row["answer"]))
        for path in kb
        for row in _rows(path)
    ]
    asked = [
        Asked(str(row["text"]), f"{name}/{gold[0]}" if (gold := _list(row["gold_ids"])) else None, name)
        for path in held
        if path.stem != "smalltalk"
        for row in _rows(path)
    ]
    return Base(name, tuple(entries), tuple(asked))


def read_far(data: Path) -> list[str]:
    """Small talk: questions that no base answers."""
    return [
        str(example)
        for row in _rows(data / "nlu" / "intents.jsonl")
        if row["intent"] in FAR_INTENTS
        for example in _list(row["examples"])
    ]


def scenarios(regime: Regime, bases: Sequence[Base], far: Sequence[str]) -> Iterator[Scenario]:
    """All cuts of every base, and all bases in one; the same in every run."""
    wordings = 0 if regime == "single" else 99
    random = np.random.default_rng(7)
    for base in bases:
        small_talk = [Asked(text, None, base.name) for text in random.permutation(np.array(far))[:30].tolist()]
        yield _cut("whole", base.entries, (*base.asked, *small_talk), wordings)
        order = random.permutation(len(base.entries))
        for part in range(2):  # a quarter of the entries missing
            kept = [base.entries[i] for i in sorted(order[np.arange(len(order)) % 4 != part])]
            yield _cut("quarter missing", kept, base.asked, wordings)
        half = [base.entries[i] for i in sorted(order[: len(order) // 2])]
        yield _cut("half", half, base.asked, wordings)
        for few in _FEW if regime == "softmax" else ():  # editors who wrote only a few similar questions
            yield _cut(f"{few} wordings", base.entries, base.asked, few)
    joined = [entry for base in bases for entry in base.entries]
    asked = [one for base in bases for one in base.asked]
    yield _cut("joined", joined, asked, wordings)


def _cut(cut: str, entries: Sequence[Entry], asked: Sequence[Asked], wordings: int) -> Scenario:
    kept = tuple(replace(entry, similar=entry.similar[:wordings]) for entry in entries)
    known = {entry.id for entry in kept}
    questions = (replace(one, gold=one.gold if one.gold in known else None) for one in asked)
    return Scenario(cut, kept, tuple(questions))


def _rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
