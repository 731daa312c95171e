"""The reservoir of an echo state network: random weights that stay as they are."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello import activations
from cello.cells.projecting import ProjectingCell
from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import Number, fraction, integer, non_negative, optional, positive_integer
from cello.core.random import new_key
from cello.ops.gated import project


def _share(value: Number):
    if not fraction(value) > 0:
        raise ValueError("a number above 0 and up to 1")
    return value


class EchoStateCell(ProjectingCell):
    """One step of a reservoir, the random and untrained part of an echo state network.

        h_t = (1 - leak) h_{t-1} + leak * tanh(x_t W + h_{t-1} U + b)

    The weights are drawn once and never trained; what is trained is a `Dense` after it, most simply
    in closed form, by `cello.ridge.fit_readout`. `W` and `b` are uniform up to `input_scale` and
    `bias_scale`. Of the entries of each column of `U` a share of `connectivity`, one at the least,
    is uniform around 0, and the others are 0; then `U` is scaled so that its largest eigenvalue has
    the absolute value `spectral_radius`. Below 1, in practice, states that were different run
    together as the same inputs come: the reservoir forgets how it started.

    Inputs `(batch, features)`, state `[h]` and output `h`, each `(batch, units)`. Weights, none of
    them trainable: kernel `W` `(features, units)`, recurrent kernel `U` `(units, units)`, bias `b`
    `(units,)`.

    Source: Jaeger 2001; leaking units: Jaeger et al. 2007; how to choose the arguments:
    Lukosevicius 2012, A practical guide to applying echo state networks.
    """

    units = arg(kind=positive_integer, doc="Size of the reservoir and of the output.")
    spectral_radius = arg(
        0.9, kind=non_negative, doc="Largest absolute value of an eigenvalue of the reservoir."
    )
    leak = arg(1.0, kind=_share, doc="How much of the state is new at every step.")
    input_scale = arg(1.0, kind=non_negative, doc="Largest weight of the inputs.")
    bias_scale = arg(0.0, kind=non_negative, doc="Largest bias.")
    connectivity = arg(
        0.1, kind=_share, doc="Share of the units from which a unit gets a connection."
    )
    activation = arg("tanh", kind=activations.get, doc="Activation of the units.")
    seed = arg(None, kind=optional(integer), doc="Seed of the weights.")

    input_spec: Any = InputSpec(("batch", "features"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.output_size = self.units
        self.state_size = [self.units]

    def build(self, input_shape):
        self.input_spec = InputSpec(("batch", "features"), {"features": input_shape[-1]})
        key = new_key() if self.seed is None else jax.random.PRNGKey(self.seed)
        keys = jax.random.split(key, 3)
        n = self.units

        def uniform(key, scale):
            return lambda shape, dtype: jax.random.uniform(key, shape, dtype, -scale, scale)

        def fixed(shape, start, name):
            return self.add_weight(shape, start, trainable=False, name=name)

        self.kernel = fixed((input_shape[-1], n), uniform(keys[0], self.input_scale), "kernel")
        self.recurrent_kernel = fixed(
            (n, n), lambda shape, dtype: self._reservoir(keys[1]), "recurrent_kernel"
        )
        self.bias = fixed((n,), uniform(keys[2], self.bias_scale), "bias")

    def _reservoir(self, key) -> np.ndarray:
        where, how = jax.random.split(key)
        shape = (self.units, self.units)
        count = max(1, round(self.connectivity * self.units))
        first = jnp.broadcast_to(jnp.arange(self.units)[:, None] < count, shape)
        connected = jax.random.permutation(where, first, axis=0, independent=True)
        weights = connected * jax.random.uniform(how, shape, minval=-1.0, maxval=1.0)
        matrix = np.asarray(weights, "float64")
        return matrix * (self.spectral_radius / np.abs(np.linalg.eigvals(matrix)).max())

    def project(self, inputs, dropout_mask=None):
        x = project(inputs, self.kernel.value, self.bias.value, None, self.compute_dtype)
        return x, None

    def step(self, x, states, recurrent, recurrent_bias):
        (h,) = states
        h = (1 - self.leak) * h + self.leak * self.activation(x + recurrent(h))
        return h, (h,), ()
