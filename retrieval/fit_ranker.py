"""Fits the ranker on trades that the encoder has not seen: `python -m retrieval.fit_ranker` rewrites
data/models/ranker.json.

Only text written for this project goes in. An encoder knows the wordings it was trained on, which makes everything look
easier there than on a customer's base; so the questions come from packs that were kept out of its training. The shipped
encoder's manifest names what it was trained on; `--unseen FOLDER` adds another encoder of the same recipe that left
other packs out (`python -m retrieval.encoder_build --finetune --without …` makes one). Figures printed are
cross-fitted: a question is judged by weights that have seen no question of its trade.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from core.settings import REPOSITORY, limit_compute_threads
from nlu.embedders import Embedder, OnnxEmbedder
from nlu.normalise import normalise
from nlu.question_vectors import QuestionVectors
from retrieval.features import CANDIDATE_FEATURES, CONFIDENCE_FEATURES, QUESTION_FEATURES
from retrieval.fit_scenarios import Base, Regime, base_names, read_base, read_far, scenarios
from retrieval.fit_weights import (
    CERTAINTY,
    PROMISED_PRECISION,
    USEFUL_LISTS,
    Sample,
    answer_threshold,
    calibrate,
    calibration_error,
    cross_fit,
    fit,
    suggest_threshold,
)
from retrieval.fusion import RANKER_FILE, Ranker, Weights
from retrieval.index import KnowledgeIndex
from retrieval.vector_cache import VectorCache

_REGIMES: tuple[Regime, ...] = ("softmax", "means", "single")
_log = structlog.get_logger(__name__)


class KnownVectors:
    """An embedder that has computed everything it will be asked for, so that many cuts of a base cost one."""

    def __init__(self, embedder: Embedder, texts: Iterable[str], cache: VectorCache) -> None:
        unique = list(dict.fromkeys(texts))
        self.name, self.dim = embedder.name, embedder.dim
        self._known = dict(zip(unique, cache.vectors(embedder, unique, threads=2), strict=True))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self._known[text] for text in texts])


def trained_on(encoder: Path) -> set[str]:
    """The bases whose wordings an encoder was trained on, as its manifest says; none for the plain one."""
    manifest = json.loads((encoder / "manifest.json").read_text(encoding="utf-8"))
    return set(manifest.get("trained_on", ()))


def collect(encoder: Path, names: Sequence[str], data: Path, cache: VectorCache) -> dict[Regime, list[Sample]]:
    """The evidence for every question about `names`, which the encoder must not have seen, in every scenario."""
    bases = [read_base(data, name) for name in names]
    far = read_far(data)
    texts = [text for base in bases for entry in base.entries for text in entry.wordings]
    texts += [one.text for base in bases for one in base.asked] + far
    embedder = KnownVectors(OnnxEmbedder(encoder), (normalise(text).question for text in texts), cache)
    return {regime: _samples(regime, bases, far, embedder) for regime in _REGIMES}


def _samples(regime: Regime, bases: Sequence[Base], far: Sequence[str], embedder: Embedder) -> list[Sample]:
    """One for each question of each scenario."""
    questions = QuestionVectors(embedder)
    blank = Weights(
        np.zeros(len(CANDIDATE_FEATURES)), np.zeros(len(QUESTION_FEATURES)), np.zeros(len(CONFIDENCE_FEATURES))
    )
    ranker = Ranker(dict.fromkeys(_REGIMES, blank))
    samples = []
    for scenario in scenarios(regime, bases, far):
        index = KnowledgeIndex(scenario.entries, embedder, questions=questions, ranker=ranker, regime=regime)
        position = {entry.id: place for place, entry in enumerate(scenario.entries)}
        for one in scenario.asked:
            evidence = index.evidence(normalise(one.text))
            found = np.flatnonzero(evidence.entries == position.get(one.gold or "", -1))
            gold = int(found[0]) if len(found) else -1
            samples.append(Sample(evidence, gold, one.group, scenario.cut, scenario.weight))
    return samples


def fit_regime(regime: Regime, samples: Sequence[Sample]) -> tuple[dict[str, Any], dict[str, float]]:
    """What ranker.json holds of a regime; its thresholds keep the promise even with a quarter of a base missing."""
    single = regime == "single"
    weights, judged = fit(samples, single=single), cross_fit(samples, single=single)
    confidence = judged.confidence
    whole = np.array([sample.cut == "whole" for sample in samples])
    groups = np.array([sample.group for sample in samples])
    usual = whole | np.array([sample.cut == "quarter missing" for sample in samples])
    thresholds = {
        "answer_from": round(answer_threshold(confidence[usual], judged.right[usual]), 4),
        "suggest_from": round(suggest_threshold(confidence[usual], judged.shown[usual]), 4),
    }
    for name, chosen in [(name, whole & (groups == name)) for name in np.unique(groups)] + [
        (f"all, {cut}", np.array([sample.cut == cut for sample in samples]))
        for cut in dict.fromkeys(sample.cut for sample in samples)
    ]:
        direct = chosen & (confidence >= thresholds["answer_from"])
        _log.info(
            "ranker_judged",
            regime=regime,
            base=str(name),
            questions=int(chosen.sum()),
            hit1=round(float(judged.right[chosen & judged.known].mean()), 3),
            ece=round(calibration_error(confidence[chosen], judged.right[chosen]), 3),
            answered=round(float(direct.sum() / chosen.sum()), 3),
            precision=round(float(judged.right[direct].sum() / max(int(direct.sum()), 1)), 3),
        )
    return {
        "candidate": dict(zip(CANDIDATE_FEATURES, weights.candidate.round(5).tolist(), strict=True)),
        "none": dict(zip(QUESTION_FEATURES, weights.none.round(5).tolist(), strict=True)),
        "sure": dict(zip(CONFIDENCE_FEATURES, weights.sure.round(5).tolist(), strict=True)),
        "fit": asdict(calibrate(judged.alone, judged.right)),
    }, thresholds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=RANKER_FILE)
    parser.add_argument("--unseen", type=Path, nargs="*", default=[], help="encoders that left other packs out")
    parser.add_argument(
        "--without", nargs="*", default=[], metavar="PACK", help="packs to keep for checking the result"
    )
    parser.add_argument("--cache", type=Path, help="directory for vectors, to make a second run faster")
    options = parser.parse_args()
    data = REPOSITORY / "data"
    shipped = data / "models" / "encoder"
    samples: dict[Regime, list[Sample]] = {regime: [] for regime in _REGIMES}
    sources: list[dict[str, object]] = []
    waiting = [name for name in base_names(data) if name not in options.without]
    for place, encoder in enumerate([shipped, *options.unseen]):
        seen = trained_on(encoder)
        names = [name for name in waiting if name not in seen]
        if names:
            cache = VectorCache(options.cache and options.cache / str(place))
            for regime, found in collect(encoder, names, data, cache).items():
                samples[regime] += found
            sources.append({"encoder": OnnxEmbedder(encoder).name, "trained_on": sorted(seen), "unseen": names})
            waiting = [name for name in waiting if name in seen]
    made = {regime: fit_regime(regime, samples[regime]) for regime in _REGIMES}
    stored = {
        "encoder": OnnxEmbedder(shipped).name,
        "fitted_on": sources,
        "promise": {"precision": PROMISED_PRECISION, "certainty": CERTAINTY, "useful_lists": USEFUL_LISTS},
        "thresholds": made["softmax"][1],
        "regimes": {name: regime for name, (regime, _) in made.items()},
    }
    options.out.write_text(json.dumps(stored, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    limit_compute_threads()
    main()
