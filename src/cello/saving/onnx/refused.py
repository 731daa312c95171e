"""Layers that are not exported to ONNX, and what to do instead."""

from __future__ import annotations

from cello import layers

IN_FRONT = (
    "what prepares data is not part of the file; leave it out of the exported model, and give the "
    "file what it makes"
)
REFUSED: dict[type, str] = {
    layers.Lambda: "a Python function has no form in ONNX; use functions of cello.ops on the "
    "symbolic tensors, or layers",
    layers.STFTSpectrogram: IN_FRONT,
    layers.MelSpectrogram: IN_FRONT,
    layers.CategoryEncoding: IN_FRONT,
    layers.Discretization: IN_FRONT,
    layers.Hashing: IN_FRONT,
    layers.IntegerLookup: IN_FRONT,
    layers.StringLookup: IN_FRONT,
    layers.TextVectorization: IN_FRONT,
    layers.Wrapper: "it is the base of wrappers of one's own, and computes nothing",
}
