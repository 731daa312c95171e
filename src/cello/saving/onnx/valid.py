"""The steps that count, moved to the front of a recurrent node and back.

A node counts the steps of a row from the front (`sequence_lens`), a mask may be anything. Under a
mask the steps that count are moved to the front, in their order; the node runs over so many; and
its outputs are put back to where their steps were.
"""

from __future__ import annotations

import numpy as np

from cello.saving.onnx.builder import Value
from cello.saving.onnx.lower import Writer


class Valid:
    """What is needed to move steps to the front and back.

    Attributes:
        mask: boolean `(batch, time)`.
        seen: the number of steps that count, up to and with each step, `(batch, time)`.
        ones: the mask in numbers.
        count: the number of steps that count, `(batch, 1)`.
        lengths: the same as the node takes it, int32 `(batch,)`.
        empty: whether a row has none, `(batch, 1)`.
    """

    def __init__(self, w: Writer, mask: Value):
        self.w, self.mask = w, mask
        b = w.b
        self.ones = b.cast(mask, "int64")
        self.seen = b.op("CumSum", self.ones, b.constant(np.array(1, np.int64)))
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
        return self.w.op("GatherND", x, steps, batch_dims=1, shape=x.shape)

    def to_front(self, x: Value) -> Value:
        return self.take(x, self.order)

    def back_with_zeros(self, y: Value) -> Value:
        """Outputs `(batch, time, units)` at their own steps, and zeros at the masked ones."""
        b = self.w.b
        place = b.op("Sub", self.seen, self.ones)
        found = self.take(y, b.unsqueeze(place, 2))
        kept, zero = b.unsqueeze(self.mask, 2), b.scalar(0, y.dtype)
        return self.w.op("Where", kept, found, zero, dtype=y.dtype, shape=y.shape)

    def back_holding(self, y: Value, start: Value, backwards: bool) -> Value:
        """Outputs at their own steps; at a masked step that of the step before, or `start`."""
        b = self.w.b
        if backwards:  # the step before is the next one that counts; there may be none
            place = b.op("Sub", self.seen, self.ones)
            left = b.op("Sub", self.count, place)
            none = b.op("Equal", left, b.scalar(0, "int64"), dtype=bool)
            after = b.op("Add", place, b.scalar(1, "int64"))
            place = b.op("Where", none, b.scalar(0, "int64"), after, dtype="int64")
        else:
            place = self.seen
        longer = b.op("Concat", b.unsqueeze(start, 1), y, axis=1)
        return self.w.with_shape(self.take(longer, b.unsqueeze(place, 2)), y.shape)

    def state(self, after: Value, start: Value) -> Value:
        """The state after the last step; a row without steps keeps the one it started from."""
        empty, shape = self.empty, after.shape
        return self.w.op("Where", empty, start, after, dtype=after.dtype, shape=shape)


def valid(w: Writer, mask: Value) -> Valid:
    return w.b.once(("valid", mask.name), lambda: Valid(w, mask))
