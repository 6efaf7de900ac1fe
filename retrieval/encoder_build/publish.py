"""Write the finished artefact: model, tokenizer and manifest; and put it in its place."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import onnx
from tokenizers import Tokenizer

from .export import save
from .prune import write_tokenizer

NAME = "yingda-e5-small-zh"
VERSION = "1.0.0"
TUNED_VERSION = "1.1.0"
DIM = 384
MAX_TOKENS = 512
PREFIX = "query: "


@dataclass(frozen=True)
class Manifest:
    """What the serving side needs to know; `files` maps file name to sha256.

    `trained_on` names our own knowledge bases whose wordings the model has seen; whoever measures or fits something
    with it must use others.
    """

    name: str
    version: str
    dim: int
    max_tokens: int
    prefix: str
    pooling: str
    variant: str
    vocabulary: int
    trained_on: list[str]
    files: dict[str, str]


def publish(
    out: Path,
    model: onnx.ModelProto,
    tokenizer: Tokenizer,
    variant: str,
    version: str = VERSION,
    trained_on: Sequence[str] = (),
) -> dict[str, object]:
    """Write ``model.onnx``, ``tokenizer.json`` and ``manifest.json``; returns the manifest."""
    out.mkdir(parents=True, exist_ok=True)
    save(model, out / "model.onnx")
    write_tokenizer(tokenizer, out / "tokenizer.json")
    manifest = Manifest(
        NAME, version, DIM, MAX_TOKENS, PREFIX, "mean, then L2 norm; inside the graph", variant,
        tokenizer.get_vocab_size(), list(trained_on),
        {name: _sha256(out / name) for name in ("model.onnx", "tokenizer.json")},
    )  # fmt: skip
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=2)
    (out / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return asdict(manifest)


def replace_folder(made: Path, out: Path) -> None:
    """Put the finished folder `made` in the place of `out`: two renames, and back again if one fails.

    Both must be on one file system. Whoever has the old files open keeps them.
    """
    if not out.exists():
        made.rename(out)
        return
    old = made.with_name(made.name + ".old")
    out.rename(old)
    try:
        made.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
