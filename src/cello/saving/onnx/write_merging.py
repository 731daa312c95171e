"""The layers of several inputs in ONNX."""

from __future__ import annotations

import functools

import numpy as np


def merge(kind: str, layer_mean: bool = False):
    def export(e, layer, inputs):
        b = e.b
        dtype = e.specs[0].dtype
        rank = max(x.ndim for x in inputs)
        values = []
        for x in inputs:
            missing = range(1, 1 + rank - x.ndim)
            x = b.cast(x, dtype)
            values.append(b.unsqueeze(x, *missing) if missing else x)
        total = functools.reduce(lambda x, y: b.op(kind, x, y), values)
        return b.op("Div", total, b.scalar(len(inputs), dtype)) if layer_mean else total

    return export


def concatenate(e, layer, inputs):
    dtype = e.specs[0].dtype
    return e.b.op("Concat", *[e.b.cast(x, dtype) for x in inputs], axis=layer.axis)


def merge_mask(e, layer, inputs, previous):
    if previous is None or any(m is None for m in previous):
        return None
    masks = [e.b.cast(m, bool) for m in previous]
    return functools.reduce(lambda x, y: e.b.op("Or", x, y), masks)


def concatenate_mask(e, layer, inputs, previous):
    b, masks = e.b, previous or []
    if all(m is None for m in masks):
        return None

    def every_step(x):
        value = b.onnx.numpy_helper.from_array(np.ones(1, bool))
        return b.op("ConstantOfShape", b.sizes(x, 0, 2), dtype=bool, value=value)

    masks = [
        every_step(x) if m is None else b.cast(m, bool) for x, m in zip(inputs, masks, strict=True)
    ]
    if layer.axis % inputs[0].ndim == 1:
        return b.op("Concat", *masks, axis=1)
    return functools.reduce(lambda x, y: b.op("And", x, y), masks)


def dot(e, layer, inputs):
    b = e.b
    x, y = (b.cast(v, e.specs[0].dtype) for v in inputs)
    axes = layer.axes if isinstance(layer.axes, list) else [layer.axes, layer.axes]
    x_axis, y_axis = (a % v.ndim for a, v in zip(axes, (x, y), strict=True))
    letters = iter("acdefghijklmnopqrstuvwxy")
    one = ["b", *[next(letters) for _ in range(x.ndim - 1)]]
    other = ["b", *[next(letters) for _ in range(y.ndim - 1)]]
    one[x_axis] = other[y_axis] = "z"
    rest = [c for c in (*one[1:], *other[1:]) if c != "z"]
    if layer.normalize:
        x, y = _to_length_one(b, x, x_axis), _to_length_one(b, y, y_axis)
    product = b.op("Einsum", x, y, equation=f"{''.join(one)},{''.join(other)}->b{''.join(rest)}")
    return product if rest else b.unsqueeze(product, 1)


def _to_length_one(b, x, axis):
    squared = b.reduce("ReduceSum", b.op("Mul", x, x), [axis], True)
    return b.op("Div", x, b.op("Sqrt", b.op("Max", squared, b.scalar(1e-12, x.dtype))))
