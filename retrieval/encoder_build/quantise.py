"""The serving variants: which precision each matrix product gets, and how it was calibrated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from nlu.embedders.session import PROVIDERS, session_options

from . import linears
from .decode import Checkpoint
from .export import SITES, Linear, build_model

Floats = NDArray[np.float32]
CHOSEN = "smooth8"
EXACT = "exact4"


@dataclass(frozen=True)
class Variant:
    """One way to build the model; `linear` gets the calibrated reach of each channel by site."""

    name: str
    about: str
    linear: Callable[[dict[str, Floats]], Linear]
    exact_table: bool = True


VARIANTS: tuple[Variant, ...] = (
    Variant("fp32", "float32 weights and arithmetic", lambda _: linears.float32, False),
    Variant(EXACT, "the source's 4-bit weights, int8 activations per 32", lambda _: linears.exact4),
    Variant("block8", "8-bit weights per 128, int8 activations per 128", lambda _: linears.Block8()),
    Variant("dynamic8", "int8 per output, activations per text", lambda _: linears.dynamic8),
    Variant(
        "dynamic8-fo4",
        "as dynamic8, FFN-down as exact4",
        lambda _: linears.PerSite(linears.dynamic8, {"fo": linears.exact4}),
    ),
    Variant(
        "smooth8-fo4",
        "int8 after smoothing, FFN-down as exact4",
        lambda reach: linears.PerSite(linears.Smoothed8(reach, 0.6), {"fo": linears.exact4}),
    ),
    Variant(
        "smooth8-plain",
        "int8 after smoothing, no channel kept exact",
        lambda reach: linears.Smoothed8(reach, 0.6),
    ),
    Variant(
        CHOSEN,
        "int8 after smoothing; the worst 4 inputs of FFN-up and 16 of FFN-down in float32",
        lambda reach: linears.PerSite(
            linears.Smoothed8(reach, 0.6),
            {
                "fi": linears.Smoothed8(reach, 0.6, exact=4),
                "fo": linears.Smoothed8(reach, 0.4, exact=16),
            },
        ),
    ),
)


def build_variant(
    variant: Variant, checkpoint: Checkpoint, keep: NDArray[np.int64], reach: dict[str, Floats]
) -> onnx.ModelProto:
    """The ONNX model of one variant."""
    return build_model(checkpoint, keep, variant.linear(reach), exact_table=variant.exact_table)


def calibrate(
    checkpoint: Checkpoint, keep: NDArray[np.int64], tokenizer: Tokenizer, texts: Iterable[str]
) -> dict[str, Floats]:
    """The largest absolute value of each input channel of each matrix product, [channels] by site.

    Runs the float32 graph; `texts` carry their prefix already.
    """
    model = build_model(checkpoint, keep, linears.float32, taps=True)
    session = open_session(model.SerializeToString())
    sites = [f"l{layer}.{site}" for layer in range(checkpoint.shape.layers) for site in SITES]
    reach: dict[str, Floats] = {}
    for text in texts:
        for site, seen in zip(sites, session.run(sites, feeds(tokenizer, text)), strict=True):
            largest = np.abs(seen).max(axis=(0, 1))
            reach[site] = np.maximum(reach[site], largest) if site in reach else largest
    return reach


def feeds(tokenizer: Tokenizer, text: str) -> dict[str, NDArray[np.int64]]:
    """The graph's inputs for one text: int64 [1, tokens]."""
    ids = np.array([tokenizer.encode(text).ids], np.int64)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def open_session(model: bytes) -> ort.InferenceSession:
    """A session set up just as it is when serving."""
    return ort.InferenceSession(model, session_options(), providers=PROVIDERS)
