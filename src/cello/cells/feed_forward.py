"""A cell without a state: what stands between the recurrences of a deep network."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from cello import activations, initializers
from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import boolean, positive, positive_integer
from cello.core.layer import Layer
from cello.ops.engine import Engine
from cello.ops.product import product
from cello.ops.recurrence import hide_masked, hold


class FeedForwardCell(Layer):
    """Two products on each step by itself: a cell without a state, to stand in a row with others.

        y_t = (activation(x_t W_g) * (x_t W_u)) V    gated
        y_t = activation(x_t W_u) V                  not gated

    Inputs `(batch, features)`, no states, output `(batch, units)`. Weights: `kernel`
    `(features, 2 * hidden)`, blocks g, u, or `(features, hidden)`, and `output_kernel`
    `(hidden, units)`, where `hidden = expand * units`, rounded up.

    Source: Vaswani et al. 2017; gated Shazeer 2020, GLU Variants Improve Transformer.
    """

    keras_name = ("cello.layers", "FeedForwardCell")
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
        hidden = -int(-self.expand * self.units // 1)
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

    def sequence(
        self, inputs, states, *, mask=None, go_backwards=False, training=False, unroll=False,
        return_all_states=False, **options,
    ):  # fmt: skip
        """The same as repeating `call` along axis 1."""
        if go_backwards:
            inputs, mask = jax.tree.map(lambda x: jnp.flip(x, 1), (inputs, mask))
        outputs, states = self.call(hide_masked(inputs, mask), states)
        return hold(outputs, jnp.zeros_like(outputs[:, 0]), mask, **options), states

    @property
    def engine(self) -> Engine:
        """What runs it: two matrix products, no recurrence."""
        return Engine("native")

    def get_initial_state(self, batch_size):
        return []
