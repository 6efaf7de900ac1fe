"""Vectors that were computed before, kept in one file, so that a second start embeds nothing."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlu.embedders import Embedder

_FILE = "vectors.npz"
_CHUNK = 64  # texts a task: small enough to share the work evenly, large enough to cost nothing


class VectorCache:
    """Vectors by (encoder, text), in the file `vectors.npz` of a directory (one directory a tenant).

    The file is only a cache: missing, damaged or of another encoder, it is built anew; not writable, it is
    left alone. It is replaced as a whole, so a reader never sees half of it. Thread-safe.
    """

    def __init__(self, directory: Path | None) -> None:
        """With None nothing is kept on disk."""
        self._path = None if directory is None else directory / _FILE
        self._lock = threading.Lock()
        self.computed = 0  # vectors that had to be embedded, for start-up reports and tests

    def vectors(self, embedder: Embedder, texts: Sequence[str], threads: int = 1) -> NDArray[np.float32]:
        """One vector a text, float32 [len(texts), dim]; embeds each unknown text once and keeps what was asked for."""
        with self._lock:
            keys = [_key(embedder.name, text) for text in texts]
            known = self._load(embedder.dim)
            missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
            if missing:
                fresh = _embed(embedder, list(missing.values()), threads)
                known |= dict(zip(missing, fresh, strict=True))
                self.computed += len(missing)
            wanted = dict.fromkeys(keys)
            if missing or len(known) > 2 * len(wanted):  # drops what edits have left behind
                self._save({key: known[key] for key in wanted}, embedder.dim)
            if not keys:
                return np.zeros((0, embedder.dim), np.float32)
            return np.stack([known[key] for key in keys])

    def _load(self, dim: int) -> dict[bytes, NDArray[np.float32]]:
        if self._path is None or not self._path.exists():
            return {}
        try:
            # numpy would leave the file open when it turns out to be damaged
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                keys, vectors = stored["keys"], stored["vectors"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return {}
        fits = vectors.dtype == np.float32 and keys.dtype == np.uint8 and keys.ndim == vectors.ndim == 2
        if not fits or vectors.shape != (len(keys), dim) or keys.shape[1:] != (32,) or not np.isfinite(vectors).all():
            return {}
        return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}

    def _save(self, known: dict[bytes, NDArray[np.float32]], dim: int) -> None:
        if self._path is None:
            return
        keys = np.frombuffer(b"".join(known), np.uint8).reshape(-1, 32)
        vectors = np.stack(list(known.values())) if known else np.zeros((0, dim), np.float32)
        temporary = ""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self._path.parent, suffix=".tmp")
            with os.fdopen(handle, "wb") as file:
                np.savez(file, keys=keys, vectors=vectors)
            Path(temporary).replace(self._path)
        except OSError:  # a read-only or full disk costs the next start its speed, not this one its answers
            if temporary:
                Path(temporary).unlink(missing_ok=True)


def _key(encoder: str, text: str) -> bytes:
    return hashlib.sha256(f"{encoder}\0{text}".encode("utf-8", "surrogatepass")).digest()


def _embed(embedder: Embedder, texts: list[str], threads: int) -> NDArray[np.float32]:
    chunks = [texts[start : start + _CHUNK] for start in range(0, len(texts), _CHUNK)]
    if threads <= 1 or len(chunks) <= 1:
        return np.concatenate([embedder.embed(chunk) for chunk in chunks])
    with ThreadPoolExecutor(threads, thread_name_prefix="embed") as pool:
        return np.concatenate(list(pool.map(embedder.embed, chunks)))
