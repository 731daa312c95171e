"""The gated recurrent unit for values that are missing."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from cello.cells.timed import TimedCell
from cello.core.arguments import arg
from cello.ops.product import product


def _numbers(value: ArrayLike | Sequence[float]):
    array = np.asarray(value)
    if array.ndim > 1 or not np.issubdtype(array.dtype, np.number) or not np.isfinite(array).all():
        raise ValueError("a number, or a list of one number a feature")
    return array.tolist()


class GRUDCell(TimedCell):
    """One step of GRU-D, the gated recurrent unit for values that are missing: NaN in the inputs.

        m = 1 where x_t is known, 0 where it is NaN
        d = the time since each feature was last known
        k = exp(-max(0, d * w + c)),  q = exp(-max(0, d D + e))
        u = m * x_t + (1 - m) * (k * last + (1 - k) * mean)
        p = q * h_{t-1}
        z = sigmoid(u W_z + p U_z + m V_z + b_z)
        r = sigmoid(u W_r + p U_r + m V_r + b_r)
        g = tanh(u W_h + (r * p) U_h + m V_h + b_h)
        h_t = z * p + (1 - z) * g

    A missing value is taken to be the last one known, which decays towards the mean of the feature,
    and the state fades with the time since values came. Both are learned, and so is what it tells
    that a value is missing. The inputs are `x`, or `[x, t]` with the time of each step; see
    `cello.cells.timed.TimedCell`. Before the first known value of a feature, `last` is its mean, at
    time 0.

    Inputs `(batch, features)`, or these and times `(batch,)`; states `[h, last, seen, time]`:
    `(batch, units)`, the last known values and their times `(batch, features)`, and `(batch, 1)`.
    Output `h`. Weights: kernel `W` and mask kernel `V` `(features, 3 * units)`, recurrent kernel
    `U` `(units, 3 * units)`, bias `b` `(3 * units,)`, gates in the order z, r, h; `w` and `c`
    `(features,)`, `D` `(features, units)`, `e` `(units,)`; and the means `(features,)`, which are
    not trained. `w` and `D` start between 0 and 0.1.

    Source: Che et al. 2018, whose z is 1 - z here.
    """

    mean = arg(
        0.0, kind=_numbers, doc="What missing values decay to: the mean of each feature, or of all."
    )

    def add_weights(self, features):
        n = self.units
        decay = {"class_name": "RandomUniform", "config": {"minval": 0.0, "maxval": 0.1}}
        if np.shape(self.mean) not in ((), (features,)):
            raise ValueError(
                f"{self}: mean must be a number, or a list of one number for each of the "
                f"{features} features. Received: mean={self.mean}"
            )
        self.state_size = [n, features, features, 1]
        self.kernel = self.add_weight((features, 3 * n), name="kernel")
        self.recurrent_kernel = self.add_weight((n, 3 * n), "orthogonal", name="recurrent_kernel")
        self.mask_kernel = self.add_weight((features, 3 * n), name="mask_kernel")
        self.bias = self.add_weight((3 * n,), "zeros", name="bias")
        self.input_decay = self.add_weight((features,), decay, name="input_decay")
        self.input_decay_bias = self.add_weight((features,), "zeros", name="input_decay_bias")
        self.hidden_decay = self.add_weight((features, n), decay, name="hidden_decay")
        self.hidden_decay_bias = self.add_weight((n,), "zeros", name="hidden_decay_bias")
        self.means = self.add_weight(
            (features,), lambda shape, dtype: jnp.full(shape, jnp.asarray(self.mean), dtype),
            trainable=False, name="mean",
        )  # fmt: skip

    def step(self, x, states, now, gap, training):
        h, last, seen = states
        unseen = jnp.abs(now - seen)
        known = ~jnp.isnan(x)
        kept = _decay(unseen * self.input_decay.value + self.input_decay_bias.value)
        mean = self.means.value
        last = jnp.where(known, x, last)
        u = jnp.where(known, last, kept * last + (1 - kept) * mean)
        fading = self._product(unseen, self.hidden_decay) + self.hidden_decay_bias.value
        h = _decay(fading) * h
        told = self._product(known.astype(u.dtype), self.mask_kernel) + self.bias.value
        z, r, g = jnp.split(self._product(u, self.kernel) + told, 3, axis=-1)
        u_gates, u_h = jnp.split(self.recurrent_kernel.value, [2 * self.units], axis=-1)
        h_z, h_r = jnp.split(product(h, u_gates, self.compute_dtype), 2, axis=-1)
        z, r = jax.nn.sigmoid(z + h_z), jax.nn.sigmoid(r + h_r)
        h = z * h + (1 - z) * jnp.tanh(g + product(r * h, u_h, self.compute_dtype))
        return h, [h, last, jnp.where(known, now, seen)]

    def _product(self, a, weight):
        return product(a, weight.value, self.compute_dtype)

    def get_initial_state(self, batch_size):
        h, last, *times = super().get_initial_state(batch_size)
        return [h, last + self.means.value, *times]


def _decay(x):
    return jnp.exp(-jax.nn.relu(x))
