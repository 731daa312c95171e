"""Layers that are not exported to ONNX, and what to do instead."""

from __future__ import annotations

from cello import layers

_NOT_YET = (
    *(layers.ReLU, layers.PReLU, layers.Softmax, layers.Rescaling, layers.Normalization),
    *(layers.GroupNormalization, layers.UnitNormalization),
    *(layers.Conv1DTranspose, layers.Conv2D, layers.DepthwiseConv1D, layers.SeparableConv1D),
    *(layers.AveragePooling1D, layers.AveragePooling2D, layers.MaxPooling2D),
    *(layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D),
    *(layers.UpSampling1D, layers.ZeroPadding1D, layers.Cropping1D, layers.Wrapper),
)
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
    **dict.fromkeys(_NOT_YET, "no form of it in ONNX is written yet; make it of other layers"),
}
