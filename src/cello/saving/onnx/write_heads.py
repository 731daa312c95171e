"""`MultiHeadAttention` and `GroupQueryAttention` in ONNX: as `HeadedAttention.call`."""

from __future__ import annotations

import numpy as np

from cello.layers import GroupQueryAttention
from cello.layers.heads import Letters
from cello.saving.onnx.builder import Builder, Value
from cello.saving.onnx.write_attention import FAR, ahead, hide


def headed_attention(
    e, layer, query, value, key=None, query_mask=None, value_mask=None, key_mask=None,
    attention_mask=None, return_attention_scores=False, training=False, use_causal_mask=False,
):  # fmt: skip
    b, rank = e.b, query.ndim
    query_mask = _mask(b, query_mask, query)
    value_mask = _both(b, _mask(b, value_mask, value), _mask(b, key_mask, key))
    key = _hide(b, value if key is None else key, value_mask, rank)
    query, value = _hide(b, query, query_mask, rank), _hide(b, value, value_mask, rank)
    heads = layer.heads
    (queries,), (keys,), (values,) = (
        e.call(dense, (x,), {}) for dense, x in zip(heads[:3], (query, key, value), strict=True)
    )
    letters = Letters(rank + 1, layer.attended_axes(rank))
    seen = None
    if attention_mask is not None:
        seen = b.unsqueeze(b.cast(attention_mask, bool), *letters.axes_between(attention_mask.ndim))
    if use_causal_mask or layer.sliding_window:
        seen = _both(b, seen, _near(b, layer, letters, queries, keys, use_causal_mask))
    for mask, of in ((query_mask, letters.query), (value_mask, letters.value)):
        if mask is not None:
            seen = _both(b, seen, b.unsqueeze(mask, *letters.axes_without(of[:2])))
    size = np.sqrt(layer.heads.query.kernel.shape[-1])
    scaled = b.op("Div", queries, b.scalar(size, queries.dtype))
    keys, values = _repeated(b, layer, keys), _repeated(b, layer, values)
    scores = b.op("Einsum", keys, scaled, equation=letters.scores)
    weights = _softmax(b, scores, seen, letters.axes)
    found = b.op("Einsum", weights, values, equation=letters.found)
    if heads.gate is not None:
        (gate,) = e.call(heads.gate, (query,), {})
        found = b.op("Mul", found, gate)
    (outputs,) = e.call(heads.output, (found,), {})
    return (outputs, weights) if return_attention_scores else outputs


def _mask(b: Builder, mask: Value | None, of: Value | None) -> Value | None:
    """A mask that was passed, or else that which travels with `of`."""
    mask = of.mask if mask is None and of is not None else mask
    return None if mask is None else b.cast(mask, bool)


def _both(b: Builder, mask: Value | None, other: Value | None) -> Value | None:
    if mask is None or other is None:
        return other if mask is None else mask
    return b.op("And", mask, other, dtype=bool)


def _hide(b: Builder, x: Value, mask: Value | None, rank: int) -> Value:
    return hide(b, x, None if mask is None else b.unsqueeze(mask, *range(2, rank)))


def _near(b: Builder, layer, letters: Letters, queries: Value, keys: Value, causal: bool) -> Value:
    """As `HeadedAttention` has it."""
    near, steps = None, ahead(b, queries, keys, letters.attended[0])
    if causal:
        near = b.op("GreaterOrEqual", steps, b.scalar(0, "int64"), dtype=bool)
    if layer.sliding_window:
        window = b.scalar(layer.sliding_window, "int64")
        near = _both(b, near, b.op("Less", b.op("Abs", steps), window, dtype=bool))
    assert near is not None
    return near


def _repeated(b: Builder, layer, x: Value) -> Value:
    """As `repeat_heads`: each head of `(batch, time, heads, size)` several times."""
    if not isinstance(layer, GroupQueryAttention):
        return x
    times = layer.num_query_heads // layer.num_key_value_heads
    x = b.op("Tile", b.unsqueeze(x, 3), b.integers(1, 1, 1, times, 1))
    return b.reshape(x, 0, 0, layer.num_query_heads, layer.head_dim)


def _softmax(b: Builder, scores: Value, seen: Value | None, axes) -> Value:
    if seen is not None:
        scores = b.op("Where", seen, scores, b.scalar(FAR, scores.dtype), dtype=scores.dtype)
    largest = b.reduce("ReduceMax", scores, axes, True)
    powers = b.op("Exp", b.op("Sub", scores, largest))
    weights = b.op("Div", powers, b.reduce("ReduceSum", powers, axes, True))
    return hide(b, weights, seen)
