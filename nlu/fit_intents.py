"""Fits the intent classifier on our own examples: `python -m nlu.fit_intents` rewrites data/models/intents.npz.

Business questions are the class to protect: not_smalltalk.jsonl and the wordings of the demo base and of all packs.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from core.settings import REPOSITORY, limit_compute_threads
from nlu.embedders import Embedder, OnnxEmbedder
from nlu.intent_model import INTENT_MODEL_FILE, features_of, space_of
from nlu.intents import load_intents
from nlu.normalise import normalise
from nlu.types import GIBBERISH, QUESTION

FALSE_ALARMS = 0.005
"""Share of business questions that the classifier may take for something else, cross-validated."""
_BASE_SHARE, _PACK_SHARE = 3, 9  # every third wording of the demo base, every ninth of a pack: enough of each trade
_log = structlog.get_logger(__name__)


def examples(data: Path) -> list[tuple[str, str]]:
    """(text, intent) pairs of everything below `data` that may be learned from."""
    pairs = [(text, spec.name) for spec in load_intents(data / "nlu" / "intents.jsonl") for text in spec.examples]
    pairs += [(row["text"], GIBBERISH) for row in _rows(data / "nlu" / "gibberish.jsonl")]
    pairs += [(row["text"], QUESTION) for row in _rows(data / "nlu" / "not_smalltalk.jsonl")]
    files = [(path, _BASE_SHARE) for path in sorted((data / "demo" / "kb").glob("*.jsonl"))]
    files += [(path, _PACK_SHARE) for path in sorted((data / "packs").glob("*/kb.jsonl"))]
    for path, share in files:
        wordings = [text for row in _rows(path) for text in (row["question"], *row["similar"])]
        pairs += [(text, QUESTION) for text in wordings[::share]]
    return [(text, name) for text, name in pairs if not normalise(text).blank]


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def fit(pairs: list[tuple[str, str]], embedder: Embedder, out: Path) -> None:
    """Fits, cross-validates, sets the threshold and writes the model."""
    messages = [normalise(text) for text, _ in pairs]
    vectors = embedder.embed([message.question for message in messages])
    mean = vectors.mean(axis=0)
    table = np.stack([features_of(m.text, v, mean) for m, v in zip(messages, vectors, strict=True)])
    names = np.array([name for _, name in pairs])
    model = LogisticRegression(C=3.0, max_iter=300)
    shares: NDArray[np.float64] = cross_val_predict(model, table, names, cv=5, method="predict_proba")
    classes = np.unique(names)
    question = int(np.flatnonzero(classes == QUESTION)[0])
    sure = 1 - shares[:, question]
    guess = classes[np.where(np.arange(len(classes)) == question, -1, shares).argmax(axis=1)]
    alarms = np.sort(sure[names == QUESTION])[::-1]
    allowed = int(FALSE_ALARMS * (names == QUESTION).sum())
    threshold = max(0.5, float(alarms[allowed]) + 1e-3)
    said = sure >= threshold
    _log.info(
        "intents_fitted", examples=len(pairs), threshold=round(threshold, 4),
        recall=round(float((said & (guess == names))[names != QUESTION].mean()), 4),
        precision=round(float((guess == names)[said].mean()), 4),
    )  # fmt: skip
    model.fit(table, names)
    np.savez_compressed(
        out, encoder=space_of(embedder.name), names=np.array(model.classes_), threshold=threshold,
        weights=model.coef_.T.astype(np.float32), bias=model.intercept_.astype(np.float32), mean=mean,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=INTENT_MODEL_FILE)
    options = parser.parse_args()
    data = REPOSITORY / "data"
    fit(examples(data), OnnxEmbedder(data / "models" / "encoder"), options.out)


if __name__ == "__main__":
    limit_compute_threads()
    main()
