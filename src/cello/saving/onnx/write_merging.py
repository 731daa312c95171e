"""The layers of several inputs in ONNX."""

from __future__ import annotations

import functools

import numpy as np


def merge(kind: str, layer_mean: bool = False):
    def export(e, layer, inputs, mask=None):
        values, _ = _as_wide(e, inputs, mask)
        total = functools.reduce(lambda x, y: e.b.op(kind, x, y), values)
        return e.b.op("Div", total, e.b.scalar(len(inputs), total.dtype)) if layer_mean else total

    return export


def multiply(e, layer, inputs, mask=None):
    b = e.b
    values, masks = _as_wide(e, inputs, mask)
    one, zero = b.scalar(1, values[0].dtype), b.scalar(0, values[0].dtype)
    factors = [
        x if m is None else b.op("Where", m, x, one, dtype=x.dtype)
        for x, m in zip(values, masks, strict=True)
    ]
    product, counts = functools.reduce(lambda x, y: b.op("Mul", x, y), factors), _any_of(b, masks)
    return product if counts is None else b.op("Where", counts, product, zero, dtype=product.dtype)


def extreme(kind: str):
    def export(e, layer, inputs, mask=None):
        b = e.b
        values, masks = _as_wide(e, inputs, mask)
        best, counts = values[0], masks[0]
        for x, m in zip(values[1:], masks[1:], strict=True):
            x = x if m is None else b.op("Where", m, x, best, dtype=x.dtype)
            best = best if counts is None else b.op("Where", counts, best, x, dtype=x.dtype)
            best, counts = b.op(kind, best, x), _any_of(b, [counts, m])
        return best

    return export


def _as_wide(e, inputs, masks):
    """The inputs and their masks, all of as many axes."""
    b, rank = e.b, max(x.ndim for x in inputs)

    def widen(value, ndim, like):
        """`value` of `ndim` axes with as many as `like` behind, and `rank` with those in front."""
        missing = [*range(1, 1 + rank - like), *range(rank - like + ndim, rank)]
        return b.unsqueeze(value, *missing) if missing else value

    values = [widen(b.cast(x, e.specs[0].dtype), x.ndim, x.ndim) for x in inputs]
    wide = [
        None if m is None else widen(b.cast(m, bool), len(m.shape or (0, 1)), x.ndim)
        for x, m in zip(inputs, masks or [None] * len(inputs), strict=True)
    ]
    return values, wide


def _any_of(b, masks):
    if masks is None or any(m is None for m in masks):
        return None
    return functools.reduce(lambda x, y: b.op("Or", x, y, dtype=bool), masks)


def concatenate(e, layer, inputs, mask=None):
    dtype = e.specs[0].dtype
    return e.b.op("Concat", *[e.b.cast(x, dtype) for x in inputs], axis=layer.axis)


def merge_mask(e, layer, inputs, previous):
    if previous is None or any(m is None for m in previous):
        return None
    return _any_of(e.b, [e.b.cast(m, bool) for m in previous])


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
    return functools.reduce(lambda x, y: b.op("Or", x, y), masks)


def dot(e, layer, inputs, mask=None):
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
