"""Long short-term memory with a projection."""

from __future__ import annotations

from cello import initializers
from cello.cells.lstm import LSTMCell
from cello.core.arguments import arg
from cello.core.kinds import optional, positive_integer
from cello.ops import engine as engines
from cello.ops.product import product


class ProjectedLSTMCell(LSTMCell):
    """One step of long short-term memory with a recurrent projection.

        i, f, g, o = split(x_t W + h_{t-1} U + b)
        c_t = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(g)
        h_t = (sigmoid(o) * tanh(c_t)) P

    The memory `c` is `units` wide; what goes on, to the next step and out, is `projection` wide, so
    that `U` is smaller than that of an LSTM with as much memory.

    Inputs `(batch, features)`, states `[h, c]`, `(batch, projection)` and `(batch, units)`; output
    `h`. Weights: kernel `W` `(features, 4 * units)`, recurrent kernel `U`
    `(projection, 4 * units)`, bias `b` `(4 * units,)`, projection kernel `P`
    `(units, projection)`; gates in the order i, f, c, o. It is what PyTorch calls
    `LSTM(proj_size=...)`.

    Source: Sak, Senior and Beaufays 2014, without peepholes.
    """

    has_kernel = False
    argument_order = f"projection {LSTMCell.argument_order}"
    projection = arg(
        None, kind=optional(positive_integer),
        doc="Size of the output and of the state `h`; half of `units` where `None`.",
    )  # fmt: skip
    projection_initializer = arg(
        "glorot_uniform", kind=initializers.get, doc="Initialiser of the projection kernel.",
    )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.projection is None:
            self.projection = max(1, self.units // 2)
        self.state_size = [self.projection, self.units]
        self.output_size = self.projection

    def build(self, input_shape):
        super().build(input_shape)
        self.projection_kernel = self.add_weight(
            (self.units, self.projection), self.projection_initializer, name="projection_kernel",
            autocast=False,
        )  # fmt: skip

    def step(self, x, states, recurrent, recurrent_bias):
        outputs, (_, c), gates = super().step(x, states, recurrent, recurrent_bias)
        h = product(outputs, self.projection_kernel.value, self.compute_dtype)
        return h, (h, c), gates

    @property
    def engine(self) -> engines.Engine:
        """What runs `sequence`: "scan", with a `reason`."""
        return engines.no_kernel("The kernels have no projection.")
