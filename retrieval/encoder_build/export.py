"""Write the encoder as an ONNX graph with `onnx.helper` (no training framework needed).

multilingual-e5-small is a BERT model (absolute positions from 0, post-layer-norm, erf GELU) behind
XLM-R's tokeniser. The graph takes ``input_ids`` and ``attention_mask`` (int64 [batch, seq]) and
returns ``embedding`` (float32 [batch, 384]): mean over the mask and L2 norm are inside.

How each matrix product is stored and computed is left to a `Linear` (see linears.py). onnxruntime's
fused operators (domain com.microsoft) are used throughout: at 12 tokens a question, the number of
operators costs as much as the arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from .decode import BLOCK, Checkpoint, FloatMatrix, Matrix, Q4Matrix

FUSED = "com.microsoft"
SITES = ("qkv", "ao", "fi", "fo")  # the four matrix products of a layer, in order


@dataclass
class GraphBuilder:
    """Collects nodes and initialisers, and hands out fresh names."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initialisers: list[onnx.TensorProto] = field(default_factory=list)
    outputs: list[onnx.ValueInfoProto] = field(default_factory=list)
    _constants: dict[tuple[str, bytes], str] = field(default_factory=dict)

    def tensor(self, array: NDArray[np.generic], name: str) -> str:
        """Store an initialiser under `name`."""
        self.initialisers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def constant(self, array: NDArray[np.generic]) -> str:
        """A small shared initialiser."""
        key = (f"{array.dtype}{array.shape}", array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.tensor(array, f"const{len(self._constants)}")
        return self._constants[key]

    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        *,
        domain: str = "",
        outputs: int = 1,
        **attributes: Any,
    ) -> str:
        """Append a node; returns its first output (others are that name + ``.1``, ``.2``)."""
        name = f"{operator}{len(self.nodes)}"
        names = [name] + [f"{name}.{i}" for i in range(1, outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, name, domain=domain, **attributes))
        return name


class Linear(Protocol):
    """Adds ``y = x W^T + b`` to a graph: x [batch, seq, inputs], W [outputs, inputs]."""

    def __call__(self, graph: GraphBuilder, site: str, x: str, weight: Matrix, bias: NDArray[np.float32]) -> str: ...


def build_model(
    checkpoint: Checkpoint,
    keep: NDArray[np.int64],
    linear: Linear,
    *,
    exact_table: bool = True,
    taps: bool = False,
) -> onnx.ModelProto:
    """The whole encoder over the kept vocabulary rows.

    `exact_table` stores word vectors in their own 4 bits (216 bytes a row), else as float32.
    `taps` adds each matrix product's input as an extra output, for calibration.
    """
    graph, shape = GraphBuilder(), checkpoint.shape
    x = _embeddings(graph, checkpoint, keep, exact_table)
    padding = graph.add("Cast", ["attention_mask"], to=TensorProto.INT32)

    def product(layer: int, site: str, inputs: str) -> str:
        site_name = f"l{layer}.{site}"
        if taps:
            graph.nodes.append(helper.make_node("Identity", [inputs], [site_name]))
            graph.outputs.append(helper.make_tensor_value_info(site_name, TensorProto.FLOAT, None))
        weight, bias = site_weights(checkpoint, layer, site)
        return linear(graph, site_name, inputs, weight, bias)

    for layer in range(shape.layers):
        qkv = product(layer, "qkv", x)
        q = graph.add("Split", [qkv], outputs=3, axis=2, num_outputs=3)
        context = graph.add(
            "MultiHeadAttention",
            [q, f"{q}.1", f"{q}.2", "", padding],
            domain=FUSED,
            num_heads=shape.heads,
        )
        x = _add_norm(graph, checkpoint, f"l{layer}.aln", product(layer, "ao", context), x)
        middle = graph.add("Gelu", [product(layer, "fi", x)], domain=FUSED)
        x = _add_norm(graph, checkpoint, f"l{layer}.oln", product(layer, "fo", middle), x)
    _pool(graph, x)
    return _finish(graph, shape.hidden)


def site_weights(checkpoint: Checkpoint, layer: int, site: str) -> tuple[Matrix, NDArray[np.float32]]:
    """Weight [outputs, inputs] and bias [outputs] of one product; q, k and v are one product."""
    parts = ("q", "k", "v") if site == "qkv" else (site,)
    bias = np.concatenate([checkpoint.vectors[f"l{layer}.{part}.b"] for part in parts])
    matrices = [checkpoint.matrices[f"l{layer}.{part}.w"] for part in parts]
    stored = [matrix for matrix in matrices if isinstance(matrix, Q4Matrix)]
    if len(stored) == len(matrices):
        return Q4Matrix.stack(stored), bias
    return FloatMatrix(np.concatenate([matrix.to_float() for matrix in matrices])), bias


def pack_nibbles(nibbles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Two 4-bit values a byte, even index in the low half; last axis halves."""
    high: NDArray[np.uint8] = np.left_shift(nibbles[..., 1::2], np.uint8(4))
    packed: NDArray[np.uint8] = np.bitwise_or(nibbles[..., 0::2], high)
    return packed


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write one self-contained file."""
    path.write_bytes(model.SerializeToString(deterministic=True))


def _embeddings(graph: GraphBuilder, checkpoint: Checkpoint, keep: NDArray[np.int64], exact_table: bool) -> str:
    table = checkpoint.words.rows(keep)
    if exact_table:
        rows, columns = table.shape  # nibble ^ 8 is the two's complement of nibble - 8
        graph.initialisers.append(
            helper.make_tensor(
                "emb.word", TensorProto.INT4, [rows, columns],
                pack_nibbles(table.nibbles ^ np.uint8(8)).tobytes(), raw=True,
            )
        )  # fmt: skip
        # Scales are stored in their own float16; the cast is folded once, when loading.
        halves = graph.tensor(table.scales.astype(np.float16), "emb.word.scales")
        words = graph.add(
            "GatherBlockQuantized",
            ["emb.word", "input_ids", graph.add("Cast", [halves], to=TensorProto.FLOAT)],
            domain=FUSED, block_size=BLOCK, gather_axis=0, quantize_axis=1,
        )  # fmt: skip
    else:
        words = graph.add("Gather", [graph.tensor(table.to_float(), "emb.word"), "input_ids"])
    places = graph.tensor(checkpoint.vectors["emb.pos"] + checkpoint.vectors["emb.type"], "emb.pos")
    length = graph.add("Shape", ["input_ids"], start=1, end=2)
    zero, axis = graph.constant(np.zeros(1, np.int64)), graph.constant(np.zeros(1, np.int64))
    position = graph.add("Slice", [places, zero, length, axis])
    total = graph.add("Add", [words, position])
    return graph.add(
        "LayerNormalization",
        [total, graph.tensor(checkpoint.vectors["emb.ln.w"], "emb.ln.w"),
         graph.tensor(checkpoint.vectors["emb.ln.b"], "emb.ln.b")],
        epsilon=checkpoint.shape.eps, axis=-1,
    )  # fmt: skip


def _add_norm(graph: GraphBuilder, checkpoint: Checkpoint, name: str, x: str, skip: str) -> str:
    """LayerNorm(x + skip). Two plain operators: 11 us against 34 us for SkipLayerNormalization."""
    weights = [graph.tensor(checkpoint.vectors[f"{name}.{part}"], f"{name}.{part}") for part in "wb"]
    total = graph.add("Add", [x, skip])
    return graph.add("LayerNormalization", [total, *weights], epsilon=checkpoint.shape.eps, axis=-1)


def _pool(graph: GraphBuilder, hidden: str) -> None:
    """Masked mean and L2 norm. The mean's divisor cancels in the norm, so only the sum is taken."""
    mask = graph.add("Cast", ["attention_mask"], to=TensorProto.FLOAT)
    row = graph.add("Unsqueeze", [mask, graph.constant(np.array([1], np.int64))])
    total = graph.add("MatMul", [row, hidden])  # [batch, 1, hidden]
    flat = graph.add("Squeeze", [total, graph.constant(np.array([1], np.int64))])
    graph.nodes.append(helper.make_node("LpNormalization", [flat], ["embedding"], axis=-1, p=2))


def _finish(graph: GraphBuilder, hidden: int) -> onnx.ModelProto:
    ids = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "seq"])
        for name in ("input_ids", "attention_mask")
    ]
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", hidden])
    proto = helper.make_graph(graph.nodes, "sentence_encoder", ids, [embedding, *graph.outputs], graph.initialisers)
    model = helper.make_model(
        proto,
        producer_name="yingda",
        opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid(FUSED, 1)],
    )
    model.ir_version = 10
    return model
