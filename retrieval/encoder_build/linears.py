"""Ways to store and compute one matrix product in the graph; each is a `Linear` of export.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .decode import BLOCK, Matrix, Q4Matrix
from .export import FUSED, GraphBuilder, Linear, pack_nibbles

Floats = NDArray[np.float32]


def float32(graph: GraphBuilder, site: str, x: str, weight: Matrix, bias: Floats) -> str:
    """Plain float32: the reference."""
    product = graph.add("MatMul", [x, graph.tensor(weight.to_float().T, f"{site}.w")])
    return graph.add("Add", [product, graph.tensor(bias, f"{site}.b")])


def exact4(graph: GraphBuilder, site: str, x: str, weight: Matrix, bias: Floats) -> str:
    """The source's own 4-bit weights, unrounded; activations int8 per block of 32."""
    if not isinstance(weight, Q4Matrix):
        raise TypeError("fine-tuned weights have no exact 4-bit form")
    rows, columns = weight.shape
    packed = pack_nibbles(weight.nibbles).reshape(rows, columns // BLOCK, BLOCK // 2)
    return _blockwise(graph, site, x, packed, weight.scales, bias, columns, 4, BLOCK)


@dataclass(frozen=True)
class Block8:
    """8-bit weights with one scale per `block` inputs; activations int8 per block and token."""

    block: int = 128

    def __call__(self, graph: GraphBuilder, site: str, x: str, weight: Matrix, bias: Floats) -> str:
        full = weight.to_float()
        rows, columns = full.shape
        blocks = full.reshape(rows, columns // self.block, self.block)
        scales = np.abs(blocks).max(axis=2) / np.float32(127)
        scales[scales == 0] = 1
        stored = (np.rint(blocks / scales[..., None]) + 128).astype(np.uint8)
        return _blockwise(graph, site, x, stored, scales, bias, columns, 8, self.block)


def _blockwise(
    graph: GraphBuilder, site: str, x: str, stored: NDArray[np.uint8], scales: Floats,
    bias: Floats, columns: int, bits: int, block: int,
) -> str:  # fmt: skip
    return graph.add(
        "MatMulNBits",
        [x, graph.tensor(stored, f"{site}.w"),
         graph.tensor(scales.reshape(len(stored), -1), f"{site}.scales"),
         "", "", graph.tensor(bias, f"{site}.b")],
        domain=FUSED, K=columns, N=len(stored), bits=bits, block_size=block, accuracy_level=4,
    )  # fmt: skip


def int8_columns(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Symmetric int8 per output: ([inputs, outputs] int8, scales [outputs])."""
    scales = np.abs(weight).max(axis=1) / np.float32(127)
    scales[scales == 0] = 1
    return np.rint(weight / scales[:, None]).astype(np.int8).T, scales.astype(np.float32)


def dynamic8(graph: GraphBuilder, site: str, x: str, weight: Matrix, bias: Floats) -> str:
    """int8 weights per output; one activation scale for the whole tensor, found at run time."""
    return _dynamic(graph, site, x, weight.to_float(), bias)


def _dynamic(graph: GraphBuilder, site: str, x: str, weight: Floats, bias: Floats) -> str:
    stored, scales = int8_columns(weight)
    return graph.add(
        "DynamicQuantizeMatMul",
        [x, graph.tensor(stored, f"{site}.w"), graph.tensor(scales, f"{site}.scales"),
         "", graph.tensor(bias, f"{site}.b")],
        domain=FUSED,
    )  # fmt: skip


@dataclass(frozen=True)
class Smoothed8:
    """int8 after rescaling each input channel (SmoothQuant), with the worst channels kept exact.

    ``x W^T = (x / s) (W s)^T`` is exact before rounding; `alpha` says how much of a channel's reach
    moves from the activation into the weight. The `exact` channels with the largest reach skip
    int8 altogether: they are zeroed on its side and added by a small float32 product. (After GELU
    one channel of 1,536 reaches 56 where the others stay under 5, always at the token <s>.)
    `reach` maps a site to the calibrated largest absolute value of each input channel.
    """

    reach: Mapping[str, Floats]
    alpha: float = 0.5
    exact: int = 0

    def __call__(self, graph: GraphBuilder, site: str, x: str, weight: Matrix, bias: Floats) -> str:
        full = weight.to_float()
        reach = np.maximum(self.reach[site], 1e-5)
        heaviest = np.maximum(np.abs(full).max(axis=0), 1e-5)
        scale = reach**self.alpha / heaviest ** (1 - self.alpha)
        scale = (scale / np.exp(np.log(scale).mean())).astype(np.float32)
        inverse = (1 / scale).astype(np.float32)
        moved = full * scale
        outliers = np.sort(np.argsort(-reach * inverse)[: self.exact])
        inverse[outliers] = 0
        moved[:, outliers] = 0
        rescaled = graph.add("Mul", [x, graph.tensor(inverse, f"{site}.smooth")])
        product = _dynamic(graph, site, rescaled, moved, bias)
        if not len(outliers):
            return product
        picked = graph.add("Gather", [x, graph.tensor(outliers, f"{site}.outliers")], axis=2)
        exact = graph.tensor(full[:, outliers].T, f"{site}.exact")
        return graph.add("Add", [product, graph.add("MatMul", [picked, exact])])


@dataclass(frozen=True)
class PerSite:
    """Different linears for different products: `special` by site kind ("fo"), else `default`."""

    default: Linear
    special: Mapping[str, Linear]

    def __call__(self, graph: GraphBuilder, site: str, x: str, weight: Matrix, bias: Floats) -> str:
        chosen = self.special.get(site.split(".")[1], self.default)
        return chosen(graph, site, x, weight, bias)
