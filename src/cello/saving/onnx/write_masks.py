"""Masks in ONNX: the steps that count, moved to the front of a recurrent node and back."""

from __future__ import annotations

import jax
import numpy as np

from cello.saving.onnx.builder import Builder, Value


class Valid:
    """The steps that count: what is needed to move them to the front and back.

    Attributes:
        mask: boolean `(batch, time)`.
        seen: the number of steps that count, up to and with each step, `(batch, time)`.
        ones: the mask in numbers.
        count: the number of steps that count, `(batch, 1)`.
        lengths: the same as the node takes it, int32 `(batch,)`.
        empty: whether a row has none, `(batch, 1)`.
    """

    def __init__(self, b: Builder, mask: Value):
        self.b, self.mask = b, mask
        self.ones = b.cast(mask, "int64")
        self.seen = b.op("CumSum", self.ones, b.constant(np.array(1, np.int64), "number"))
        self.count = b.reduce("ReduceSum", self.ones, [1], keepdims=True)
        self.lengths = b.cast(b.squeeze(self.count, 1), "int32")
        self.empty = b.op("Equal", self.count, b.scalar(0, "int64"), dtype=bool)
        time = b.sizes(mask, 1, 2)
        steps = b.op(
            "Range", b.scalar(0, "int64"), b.squeeze(time, 0), b.scalar(1, "int64"), dtype="int64"
        )
        key = b.op("Sub", steps, b.op("Mul", self.ones, time))  # those that count come first
        _, order = b.op("TopK", key, time, outputs=2, axis=1, largest=0)
        self.order = b.unsqueeze(order, 2)

    def take(self, x: Value, steps: Value) -> Value:
        """`x` `(batch, time, ...)` at these steps of each row, `(batch, time, 1)`."""
        return self.b.op("GatherND", x, steps, batch_dims=1)

    def to_front(self, x: Value) -> Value:
        return self.take(x, self.order)

    def back_with_zeros(self, y: Value) -> Value:
        """Outputs `(batch, time, units)` at their own steps, and zeros at the masked ones."""
        b = self.b
        place = b.op("Sub", self.seen, self.ones)
        found = self.take(y, b.unsqueeze(place, 2))
        kept = b.unsqueeze(self.mask, 2)
        return b.op("Where", kept, found, b.scalar(0, y.dtype), dtype=y.dtype)

    def back_holding(self, y: Value, start: Value, backwards: bool) -> Value:
        """Outputs at their own steps; at a masked step that of the step before, or `start`."""
        b = self.b
        if backwards:  # the step before is the next one that counts; there may be none
            place = b.op("Sub", self.seen, self.ones)
            left = b.op("Sub", self.count, place)
            none = b.op("Equal", left, b.scalar(0, "int64"), dtype=bool)
            after = b.op("Add", place, b.scalar(1, "int64"))
            place = b.op("Where", none, b.scalar(0, "int64"), after, dtype="int64")
        else:
            place = self.seen
        return self.take(b.op("Concat", b.unsqueeze(start, 1), y, axis=1), b.unsqueeze(place, 2))

    def state(self, after: Value, start: Value) -> Value:
        """The state after the last step; a row without steps keeps the one it started from."""
        return self.b.op("Where", self.empty, start, after, dtype=after.dtype)


def valid(b: Builder, mask) -> Valid | None:
    masks = jax.tree.leaves(mask)
    if not masks:
        return None
    mask = masks[0]
    if mask.shape is not None and len(mask.shape) == 3:
        mask = b.squeeze(mask, 2)
    mask = b.cast(mask, bool)
    return b.once(("valid", mask.name), lambda: Valid(b, mask))


def rnn_mask(e, layer, inputs, previous):
    masks = jax.tree.leaves(previous)
    if not layer.return_sequences or not masks:
        return None
    return e.b.flip(masks[0], 1) if layer.go_backwards else masks[0]


def bidirectional_mask(e, layer, inputs, previous):
    if not layer.return_sequences:
        return None
    mask = previous[0] if isinstance(previous, (list, tuple)) else previous
    return [mask, mask] if layer.merge_mode is None else mask
