"""Measure a model on trades it was not trained on: the packs' held-out questions.

Each pack under ``data/packs`` has ``heldout.jsonl``: 300 questions with the entry that answers them and
100 of the same trade that no entry answers (``near``). Nothing here feeds back into training.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .pairs import DATA, read_entries

Floats = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]


def score_packs(embed: Embed, packs: Sequence[str], data: Path = DATA) -> dict[str, dict[str, float]]:
    """`score_pack` of each pack and, as ``mean``, the average."""
    scores = {pack: score_pack(embed, data / "packs" / pack) for pack in packs}
    if scores:
        scores["mean"] = average(scores)
    return scores


def score_pack(embed: Embed, folder: Path) -> dict[str, float]:
    """hit1, hit3 and near_auroc with all wordings indexed; the same with ``_alone`` for standard questions only."""
    entries = read_entries(folder / "kb.jsonl")
    rows = [json.loads(line) for line in (folder / "heldout.jsonl").read_text(encoding="utf-8").splitlines()]
    where = {entry.key: place for place, entry in enumerate(entries)}
    gold = [{where[key] for key in row["gold_ids"] if key in where} for row in rows]
    likeness = (
        embed([row["text"] for row in rows])
        @ embed([text for entry in entries for text in (entry.standard, *entry.similar)]).T
    )
    starts = np.cumsum([0] + [1 + len(entry.similar) for entry in entries])[:-1]
    whole = _scores(np.maximum.reduceat(likeness, starts, axis=1), gold)
    alone = _scores(likeness[:, starts], gold)
    return whole | {f"{name}_alone": value for name, value in alone.items()}


def average(scores: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The mean of each figure over the packs."""
    rows = list(scores.values())
    return {name: round(float(np.mean([row[name] for row in rows])), 4) for name in rows[0]}


def auroc(inside: Floats, outside: Floats) -> float:
    """The share of (inside, outside) pairs in which the inside value is larger; ties count half."""
    ordered = np.sort(outside)
    below = np.searchsorted(ordered, inside, "left") + np.searchsorted(ordered, inside, "right")
    return float(below.mean() / 2 / len(outside))


def _scores(best: Floats, gold: Sequence[set[int]]) -> dict[str, float]:
    """`best` is the likeness of each question to each entry; a question without gold is out of scope."""
    inside = np.array([bool(right) for right in gold])
    order = np.argsort(-best, axis=1, kind="stable")[:, :3].tolist()
    asked = [(row, right) for row, right in zip(order, gold, strict=True) if right]
    top = best.max(axis=1)
    return {
        "hit1": round(sum(row[0] in right for row, right in asked) / len(asked), 4),
        "hit3": round(sum(bool(right & set(row)) for row, right in asked) / len(asked), 4),
        "near_auroc": round(auroc(top[inside], top[~inside]), 4),
    }
