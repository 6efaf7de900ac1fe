"""Sentence embedders: texts in, unit vectors out."""

from nlu.embedders.onnx_encoder import OnnxEmbedder
from nlu.embedders.types import Embedder, ModelFileError

__all__ = ["Embedder", "ModelFileError", "OnnxEmbedder"]
