"""What is done element by element, and what only moves steps, in ONNX's own operators."""

from __future__ import annotations

import numpy as np

from cello.layers.axes import positive_axes
from cello.saving.onnx import write_attention
from cello.saving.onnx.builder import weight_of

LAST = 2**62


def leaky_relu(e, layer, x):
    return e.b.op("LeakyRelu", e.b.cast(x, layer.dtype), alpha=float(layer.negative_slope))


def elu(e, layer, x):
    return e.b.op("Elu", e.b.cast(x, layer.dtype), alpha=float(layer.alpha))


def relu(e, layer, x):
    b = e.b
    x = b.cast(x, layer.dtype)
    least = b.scalar(layer.threshold, x.dtype)
    below = b.op("Mul", b.op("Sub", x, least), b.scalar(layer.negative_slope, x.dtype))
    above = b.op("GreaterOrEqual", x, least, dtype=bool)
    y = b.op("Where", above, x, below, dtype=x.dtype)
    if layer.max_value is None:
        return y
    return b.op("Min", y, b.scalar(layer.max_value, x.dtype))


def prelu(e, layer, x):
    return e.b.op("PRelu", e.b.cast(x, layer.dtype), weight_of(e, layer, "alpha"))


def softmax(e, layer, x, mask=None):
    b, axes = e.b, positive_axes(layer, layer.axis, x.ndim)
    x = b.cast(x, layer.dtype)
    kept = None if mask is None else b.unsqueeze(b.cast(mask, bool), *range(2, x.ndim))
    if kept is not None:
        x = b.op("Where", kept, x, b.scalar(np.finfo(x.dtype).min, x.dtype), dtype=x.dtype)
    shares = b.op("Exp", b.op("Sub", x, b.reduce("ReduceMax", x, axes, True)))
    if kept is None:
        return b.op("Div", shares, b.reduce("ReduceSum", shares, axes, True))
    shares = write_attention.hide(b, shares, kept)
    total = b.reduce("ReduceSum", shares, axes, True)
    return b.op("Div", shares, b.op("Max", total, b.scalar(np.finfo(x.dtype).tiny, x.dtype)))


def rescaling(e, layer, x):
    b = e.b
    x = b.cast(x, layer.dtype)
    y = b.op("Mul", x, b.constant(np.asarray(layer.scale, x.dtype), "scale"))
    return b.op("Add", y, b.constant(np.asarray(layer.offset, x.dtype), "offset"))


def up_sampling(e, layer, x):
    b = e.b
    repeated = b.op("Tile", b.unsqueeze(x, 2), b.integers(1, 1, layer.size, 1))
    return b.reshape(repeated, 0, -1, b.sizes(x, 2, 3))


def zero_padding(e, layer, x):
    before, after = layer.ends
    pads = e.b.integers(0, before, 0, 0, after, 0)
    return e.b.op("Pad", x, pads, e.b.scalar(0, x.dtype))


def cropping(e, layer, x):
    before, after = layer.ends
    return e.b.slice(x, 1, before, -after if after else LAST)
