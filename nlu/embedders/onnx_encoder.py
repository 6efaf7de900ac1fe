"""The sentence encoder shipped under ``data/models/encoder``, run by onnxruntime on the CPU."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from nlu.embedders.session import PROVIDERS, session_options
from nlu.embedders.types import ModelFileError

_MODEL, _TOKENIZER, _MANIFEST = "model.onnx", "tokenizer.json", "manifest.json"
_LONGEST_PIECE = 16  # characters; bounds how much text max_tokens tokens can cover
_REMEDY = "请重新取得完整的模型目录，或执行 python -m retrieval.encoder_build --out {} 重新生成。"


@dataclass(frozen=True)
class _Manifest:
    name: str
    dim: int
    max_tokens: int
    prefix: str
    files: dict[str, str]


@dataclass(frozen=True)
class _Loaded:
    session: ort.InferenceSession
    tokenizer: Tokenizer


class OnnxEmbedder:
    """Embeds short texts on the calling thread; run several threads to use several cores.

    Every text is run by itself, never padded into a batch. The int8 arithmetic scales activations
    by the largest value in the tensor, so in a batch a text's vector would depend on its neighbours
    (measured: cosine 0.9997, components off by up to 0.007); alone it is the same bits every time.
    The price is paid when indexing: batches of 32 would take 0.5 to 0.8 of the time. Texts longer
    than the model's `max_tokens` are cut at the end.

    The model is weak where traditional meets simplified characters: convert texts first.

    The constructor touches no file. Files are read and checked against the manifest's sha256 on
    first use or by `warm_up`; a failure raises `ModelFileError` and may be retried.
    """

    def __init__(self, model_dir: Path) -> None:
        self._dir = model_dir
        self._lock = threading.Lock()
        self._manifest: _Manifest | None = None
        self._loaded: _Loaded | None = None

    @property
    def name(self) -> str:
        return self._read_manifest().name

    @property
    def dim(self) -> int:
        return self._read_manifest().dim

    def warm_up(self) -> None:
        """Load the model and run it once, so that the first question is not slow."""
        self.embed(["你好"])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        loaded, manifest = self._load(), self._read_manifest()
        vectors = np.empty((len(texts), manifest.dim), np.float32)
        for row, text in enumerate(texts):
            encoding = loaded.tokenizer.encode(manifest.prefix + _tidy(text, manifest.max_tokens))
            ids = np.array([encoding.ids], np.int64)
            feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
            vectors[row] = loaded.session.run(["embedding"], feeds)[0][0]
        return vectors

    def _read_manifest(self) -> _Manifest:
        if self._manifest is None:
            self._manifest = _parse_manifest(self._dir)
        return self._manifest

    def _load(self) -> _Loaded:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = _load(self._dir, self._read_manifest())
        return self._loaded


def _tidy(text: str, max_tokens: int) -> str:
    """Bound the tokeniser's work, and replace lone surrogates, which it would refuse."""
    cut = text.strip()[: max_tokens * _LONGEST_PIECE]
    return cut.encode("utf-8", "replace").decode("utf-8")


def _parse_manifest(folder: Path) -> _Manifest:
    path = folder / _MANIFEST
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        files = {name: str(data["files"][name]) for name in (_MODEL, _TOKENIZER)}
        return _Manifest(
            # The checksum makes a rebuilt model a different vector space even if nobody
            # remembered to raise the version.
            name=f"{data['name']}-{data['version']}+{files[_MODEL][:8]}",
            dim=int(data["dim"]),
            max_tokens=int(data["max_tokens"]),
            prefix=str(data["prefix"]),
            files=files,
        )
    except OSError as error:
        raise ModelFileError(f"读不到句向量模型的清单 {path}。{_remedy(folder)}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"句向量模型的清单 {path} 已损坏。{_remedy(folder)}") from error


def _load(folder: Path, manifest: _Manifest) -> _Loaded:
    for name, expected in manifest.files.items():
        _check(folder / name, expected, folder)
    try:
        session = ort.InferenceSession(str(folder / _MODEL), session_options(), providers=PROVIDERS)
        tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
    except Exception as error:  # both libraries raise their own, undocumented types
        raise ModelFileError(f"句向量模型 {folder} 无法加载：{error}。{_remedy(folder)}") from error
    tokenizer.enable_truncation(manifest.max_tokens)
    return _Loaded(session, tokenizer)


def _check(path: Path, expected: str, folder: Path) -> None:
    try:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelFileError(f"读不到句向量模型文件 {path}。{_remedy(folder)}") from error
    if actual != expected:
        raise ModelFileError(f"句向量模型文件 {path} 与清单的校验和不符。{_remedy(folder)}")


def _remedy(folder: Path) -> str:
    return _REMEDY.format(folder)
