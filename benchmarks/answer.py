"""How fast one answer is, in process, on the demo base: `python benchmarks/answer.py` prints one line of JSON.

Every question is distinct (held-out questions), so nothing comes from the memory of vectors except in `repeat`.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

from core.settings import REPOSITORY, limit_compute_threads

limit_compute_threads()

from dialog.engine import build_engine  # noqa: E402 - the thread limit must come before numpy and faiss
from eval.files import read_entries, read_queries  # noqa: E402
from nlu.embedders import OnnxEmbedder  # noqa: E402

_WARM_UP = 50


def main() -> None:
    demo = REPOSITORY / "data" / "demo"
    entries = [entry for path in sorted((demo / "kb").glob("*.jsonl")) for entry in read_entries(path).entries]
    texts = [
        query.text
        for path in sorted((demo / "heldout").glob("*.jsonl"))
        if path.stem != "smalltalk"
        for query in read_queries(path)
    ]
    embedder = OnnxEmbedder(REPOSITORY / "data" / "models" / "encoder")
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        build_engine(entries, embedder, cache=Path(folder))
        built = time.perf_counter() - started
        started = time.perf_counter()
        engine = build_engine(entries, embedder, cache=Path(folder))
        rebuilt = time.perf_counter() - started
    for text in texts[:_WARM_UP]:
        engine.answer(text)
    alone = [_milliseconds(lambda text=text: embedder.embed([text])) for text in texts[_WARM_UP:]]
    times = [_milliseconds(lambda text=text: engine.answer(text)) for text in texts[_WARM_UP:]]
    again = [_milliseconds(lambda text=text: engine.answer(text)) for text in texts[-500:]]
    print(
        json.dumps(
            {
                "entries": len(entries),
                "questions": len(times),
                "build_s": round(built, 2),
                "build_cached_s": round(rebuilt, 2),
                "p50_ms": round(statistics.median(times), 3),
                "p99_ms": round(statistics.quantiles(times, n=100)[98], 3),
                "encoder_p50_ms": round(statistics.median(alone), 3),
                "repeat_p50_ms": round(statistics.median(again), 3),
            }
        )
    )


def _milliseconds(call: object) -> float:
    started = time.perf_counter()
    call()  # type: ignore[operator]
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
