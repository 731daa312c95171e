"""`Attention` and `AdditiveAttention` in ONNX."""

from __future__ import annotations

import numpy as np

from cello.layers import AdditiveAttention
from cello.saving.onnx.builder import Builder, Value

FAR = -1e9


def hide(b: Builder, x: Value, kept: Value | None) -> Value:
    """`x` with zeros where `kept`, of as many axes, is false."""
    return x if kept is None else b.op("Where", kept, x, b.scalar(0, x.dtype), dtype=x.dtype)


def attention(
    e, layer, inputs, mask=None, training=False, return_attention_scores=False,
    use_causal_mask=False,
):  # fmt: skip
    b = e.b
    query, value = (b.cast(x, layer.dtype) for x in inputs[:2])
    key = b.cast(inputs[2], layer.dtype) if len(inputs) == 3 else value
    masks = (mask[0], mask[1]) if mask else (None, None)
    query_mask, value_mask = (None if m is None else b.cast(m, bool) for m in masks)
    rows = None if query_mask is None else b.unsqueeze(query_mask, 2)
    steps = None if value_mask is None else b.unsqueeze(value_mask, 2)
    scores = _scores(e, layer, hide(b, query, rows), hide(b, key, steps))
    far = b.scalar(FAR, scores.dtype)
    if value_mask is not None:
        kept = b.unsqueeze(value_mask, 1)
        scores = b.op("Where", kept, scores, far, dtype=scores.dtype)
    if use_causal_mask:
        scores = b.op("Where", _past(b, query, value), scores, far, dtype=scores.dtype)
    weights = b.op("Softmax", scores, axis=-1)
    outputs = hide(b, b.op("MatMul", weights, hide(b, value, steps)), rows)
    return (outputs, weights) if return_attention_scores else outputs


def _past(b: Builder, query: Value, value: Value) -> Value:
    """Whether step `i` of the query may see step `j`: `(query_time, time)`."""
    return b.op("GreaterOrEqual", ahead(b, query, value, 1), b.scalar(0, "int64"), dtype=bool)


def ahead(b: Builder, query: Value, value: Value, axis: int) -> Value:
    """`i - j` for the steps `i` of the query and `j` of the value along an axis."""

    def steps(x):
        start, one = b.scalar(0, "int64"), b.scalar(1, "int64")
        return b.op("Range", start, b.squeeze(b.sizes(x, axis, axis + 1), 0), one)

    return b.op("Sub", b.unsqueeze(steps(query), 1), b.unsqueeze(steps(value), 0))


def _scores(e, layer, query: Value, key: Value) -> Value:
    """The scores `(batch, query_time, time)`."""
    b = e.b

    def number(name):
        return b.weight([layer], name, lambda: np.asarray(getattr(layer, name).numpy()))

    additive = type(layer) is AdditiveAttention
    if not additive and layer.concat_score_weight is None:
        scores = b.op("MatMul", query, b.op("Transpose", key, perm=[0, 2, 1]))
        return scores if layer.scale is None else b.op("Mul", scores, number("scale"))
    joined = b.op("Add", b.unsqueeze(query, 2), b.unsqueeze(key, 1))
    if additive:
        joined = b.op("Tanh", joined)
        if layer.scale is not None:
            joined = b.op("Mul", joined, number("scale"))
        return b.reduce("ReduceSum", joined, [-1])
    if layer.scale is not None:
        joined = b.op("Mul", joined, number("scale"))
    total = b.reduce("ReduceSum", b.op("Tanh", joined), [-1])
    return b.op("Mul", number("concat_score_weight"), total)
