"""What stands between the recurrences of a deep network: products on each step by itself."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from cello import activations, initializers
from cello.cells.cell import Cell
from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import boolean, positive, positive_integer
from cello.initializers import RandomUniform
from cello.ops.engine import Engine
from cello.ops.product import product
from cello.ops.recurrence import seen_steps


class _WithoutRecurrence(Cell):
    """A cell whose step looks at no output of the step before."""

    has_layer = False
    does = frozenset()

    @property
    def engine(self) -> Engine:
        """What runs it: "xla", matrix products for all steps at once."""
        return Engine("xla", "It has no recurrence: its products are taken for all steps at once.")


class FeedForwardCell(_WithoutRecurrence):
    """Two products on each step by itself: a cell without a state, to stand in a row with others.

        y_t = (activation(x_t W_g) * (x_t W_u)) V    gated
        y_t = activation(x_t W_u) V                  not gated

    Inputs `(batch, features)`, no states, output `(batch, units)`. Weights: `kernel`
    `(features, 2 * hidden)`, blocks g, u, or `(features, hidden)`, and `output_kernel`
    `(hidden, units)`, where `hidden = expand * units`, rounded up.

    Source: Vaswani et al. 2017; gated Shazeer 2020, GLU Variants Improve Transformer.
    """

    units = arg(kind=positive_integer, doc="Size of the output.")
    expand = arg(4, kind=positive, doc="Size of the hidden layer, in `units`.")
    activation = arg("gelu", kind=activations.get, doc="Activation of the hidden layer.")
    gated = arg(True, kind=boolean, doc="Whether the hidden layer has gates.")
    kernel_initializer = arg(
        "glorot_uniform", kind=initializers.get, doc="Initialiser of the kernels."
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.state_size = []
        self.output_size = self.units

    def build(self, input_shape):
        self.input_spec = InputSpec(("batch", "features"), {"features": input_shape[-1]})
        hidden = math.ceil(self.expand * self.units)
        self.kernel = self.add_weight(
            (input_shape[-1], 2 * hidden if self.gated else hidden),
            self.kernel_initializer, name="kernel", autocast=False,
        )  # fmt: skip
        self.output_kernel = self.add_weight(
            (hidden, self.units), self.kernel_initializer, name="output_kernel", autocast=False
        )

    def call(self, inputs, states):
        hidden = product(inputs, self.kernel.value, self.compute_dtype)
        if self.gated:
            gates, hidden = jnp.split(hidden, 2, axis=-1)
            hidden = self.activation(gates) * hidden
        else:
            hidden = self.activation(hidden)
        y = product(hidden, self.output_kernel.value, self.compute_dtype)
        return y.astype(self.dtype), states

    def sequence(self, inputs, states, run):
        return inputs, states

    def finish(self, found):
        return self.call(found, [])[0]


class TokenShiftFeedForwardCell(_WithoutRecurrence):
    """Two products on a mixture of each step and the one before: the channel mixing of RWKV.

        y_t = (relu((x_t + mix * (x_{t-1} - x_t)) K) ** 2) V

    Inputs `(batch, features)`; state `[x_{t-1}]`, the last real step before; output
    `(batch, units)`. Weights: `mix` `(features,)`, which starts from `1 - (place / features) ** 4`;
    `kernel` `K` `(features, hidden)` and `output_kernel` `V` `(hidden, units)`, where `hidden =
    expand * units`, rounded up. `K` starts uniform up to `0.5 / sqrt(features)`; `V`, which is 0 in
    the authors' code, as `K` does.

    Source: Peng et al. 2025, RWKV-7 "Goose" with Expressive Dynamic State Evolution; the
    initialisation from its code (RWKV-LM), for a network of one layer.
    """

    units = arg(kind=positive_integer, doc="Size of the output.")
    expand = arg(4, kind=positive, doc="Size of the hidden layer, in `units`.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.output_size = self.units
        self.state_size = [self.units]  # as wide as the inputs, once these are known

    def build(self, input_shape):
        features, hidden = input_shape[-1], math.ceil(self.expand * self.units)
        self.input_spec = InputSpec(("batch", "features"), {"features": features})
        self.state_size = [features]
        start = RandomUniform(-0.5 / math.sqrt(features), 0.5 / math.sqrt(features))
        self.mix = self.add_weight((features,), _mix, name="mix", autocast=False)
        self.kernel = self.add_weight((features, hidden), start, name="kernel", autocast=False)
        self.output_kernel = self.add_weight(
            (hidden, self.units), start, name="output_kernel", autocast=False
        )

    def call(self, inputs, states):
        (before,) = states
        return self._mix(inputs, before), [inputs.astype(self.dtype)]

    def sequence(self, inputs, states, run):
        before, seen = seen_steps(inputs, states[0][:, None], run.mask)
        return (seen, before), [seen if run.return_all_states else seen[:, -1]]

    def finish(self, found):
        return self._mix(*found)

    def _mix(self, x, before):
        hidden = product(x + self.mix.value * (before - x), self.kernel.value, self.compute_dtype)
        y = product(jnp.square(jax.nn.relu(hidden)), self.output_kernel.value, self.compute_dtype)
        return y.astype(self.dtype)


def _mix(shape, dtype):
    return (1 - (np.arange(shape[0]) / shape[0]) ** 4).astype(dtype)
