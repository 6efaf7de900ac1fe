"""What disturbances cost and what is taken for the same: `python -m eval.robustness` prints one JSON object.

Noise: every in-scope held-out question of a base with a typo, a word in pinyin, traditional characters, or as speech
recognition writes it; hit@1 beside that of the question as it was. Minimal pairs: 500 pairs that differ in one decisive
place. `one`: the base holds the left question, the right one is asked, and a direct answer is a merger. `both`: the
base holds both, the right one is asked in a sentence around it, and the left one in front is a merger.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.settings import REPOSITORY, limit_compute_threads

if __name__ == "__main__":
    limit_compute_threads()  # before numpy and faiss are imported

from dialog.engine import AnswerEngine, build_engine
from dialog.types import Action
from eval.files import Query, read_entries, read_queries
from eval.minimal_pairs import MinimalPair, minimal_pairs
from eval.noise import Noise
from nlu.embedders import Embedder, OnnxEmbedder
from retrieval.types import Entry

_PACKS = REPOSITORY / "data" / "packs"
_SEED = 5
_AROUND = (("我想了解一下哈，", "，谢啦"), ("师傅，", "啊"), ("帮忙看看", "呗"), ("", "，有人知道不"))


def hit_at_1(engine: AnswerEngine, queries: Sequence[Query], texts: Sequence[str]) -> float:
    """Share of `texts` whose first candidate is a gold entry of the query in the same place."""
    found = [engine.answer(text).candidates[:1] for text in texts]
    right = sum(
        bool(best) and best[0].entry.id in (one.gold_ids or ()) for best, one in zip(found, queries, strict=True)
    )
    return right / len(queries)


def noise_figures(entries: Sequence[Entry], queries: Sequence[Query], embedder: Embedder) -> dict[str, float]:
    """hit@1 of in-scope `queries` as they are (`clean`) and with each kind of noise."""
    asked = [query for query in queries if query.gold_ids]
    engine = build_engine(entries, embedder)
    noise = Noise([wording for entry in entries for wording in entry.wordings])
    figures = {"clean": hit_at_1(engine, asked, [query.text for query in asked])}
    for kind, disturb in noise.kinds.items():
        rng = random.Random(_SEED)  # noqa: S311 - not for secrets
        figures[kind] = hit_at_1(engine, asked, [disturb(query.text, rng) for query in asked])
    return figures


def merged_alone(pairs: Sequence[MinimalPair], embedder: Embedder) -> list[MinimalPair]:
    """The pairs whose right question is answered directly with the left one, the right one not being in the base."""
    engine = build_engine([Entry(str(i), pair.left, (), f"答{i}") for i, pair in enumerate(pairs)], embedder)
    answers = [engine.answer(pair.right) for pair in pairs]
    return [
        pair
        for i, (pair, answer) in enumerate(zip(pairs, answers, strict=True))
        if answer.action is Action.ANSWER and answer.faq_id == str(i)
    ]


def merged_beside(pairs: Sequence[MinimalPair], embedder: Embedder) -> list[MinimalPair]:
    """The pairs whose right question, said in other words around it, finds the left one in front of the right one."""
    entries = [
        Entry(f"{side}{i}", text, (), f"答{side}{i}")
        for i, pair in enumerate(pairs)
        for side, text in (("L", pair.left), ("R", pair.right))
    ]
    engine = build_engine(entries, embedder)
    merged = []
    for i, pair in enumerate(pairs):
        before, after = _AROUND[i % len(_AROUND)]
        best = engine.answer(f"{before}{pair.right}{after}").candidates[0].entry.id
        if best == f"L{i}":
            merged.append(pair)
    return merged


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m eval.robustness", description=__doc__)
    parser.add_argument("--packs", nargs="*", default=sorted(path.parent.name for path in _PACKS.glob("*/kb.jsonl")))
    parser.add_argument("--encoder", type=Path, default=REPOSITORY / "data" / "models" / "encoder")
    options = parser.parse_args()
    embedder = OnnxEmbedder(options.encoder)
    noise = {
        pack: noise_figures(
            read_entries(_PACKS / pack / "kb.jsonl").entries, read_queries(_PACKS / pack / "heldout.jsonl"), embedder
        )
        for pack in options.packs
    }
    pairs = minimal_pairs()
    figures = {
        "noise": noise | ({"mean": _mean(list(noise.values()))} if noise else {}),
        "pairs": {
            "total": dict(Counter(pair.kind for pair in pairs)),
            "merged_one": dict(Counter(pair.kind for pair in merged_alone(pairs, embedder))),
            "merged_both": dict(Counter(pair.kind for pair in merged_beside(pairs, embedder))),
        },
    }
    sys.stdout.write(json.dumps(_rounded(figures), ensure_ascii=False, indent=1) + "\n")


def _mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
