"""What the cells share that know how much time went by between two steps."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from cello.cells.cell import Cell
from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import positive_integer


class TimedCell(Cell):
    """Base of the cells of steps at any times: a subclass makes its weights and writes `step`.

    Inputs are `x`, `(batch, features)`, or `[x, t]` with the time of each step, `(batch,)` or
    `(batch, 1)`; without `t`, steps are 1 apart. The last state is the time of the last step,
    `(batch, 1)`. It starts from 0: the states before the first step hold at time 0. The gap between
    two steps is `|t - last|`, so that sequences can run backwards. A masked step leaves the time as
    it is, and the next gap spans it.

    Times count from near the start of the sequence, in units near the usual gap: float32 has 24
    bits. They are never rounded to 16 bits, whatever the dtype policy.
    """

    units = arg(kind=positive_integer, doc="Size of the state and of the output.")

    input_spec: Any = InputSpec(("batch", "features"))
    exact_inputs = True
    draws_once = True
    state_size: list[Any]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.output_size = self.units
        self.state_size = [self.units, 1]

    def build(self, input_shape):
        several = isinstance(input_shape, list)
        shapes = input_shape if several else [input_shape]
        x_shape, t_shape = shapes if len(shapes) == 2 else (shapes[0], (None, 1))
        is_time = len(t_shape) == 1 or (len(t_shape) == 2 and t_shape[1] == 1)
        if len(shapes) > 2 or len(x_shape) != 2 or not is_time:
            raise ValueError(
                f"{self} takes the inputs x of a step, (batch, features), or [x, t] with its time, "
                f"(batch,) or (batch, 1), and got the shapes {input_shape}. Of whole sequences "
                "they are (batch, time, features), and (batch, time) or (batch, time, 1)."
            )
        self.input_spec = InputSpec(("batch", "features"), {"features": x_shape[-1]})
        self.add_weights(x_shape[-1])

    def add_weights(self, features: int) -> None:
        """Make the weights."""
        raise NotImplementedError

    def step(self, x, states, now, gap, training):
        """`(outputs, states)` of one step, without the state of the time.

        Args:
            x: the inputs.
            states: list of the states.
            now: the time, `(batch, 1)`.
            gap: how much went by since the step before, `(batch, 1)`.
            training: whether dropout acts.
        """
        raise NotImplementedError

    def call(self, inputs, states, training=False):
        x, t = inputs if isinstance(inputs, (list, tuple)) else (inputs, None)
        *states, last = states
        now = last + 1 if t is None else t.astype(last.dtype).reshape(last.shape)
        outputs, states = self.step(x, states, now, jnp.abs(now - last), training)
        return outputs, [*states, now]
