"""The linear recurrent unit."""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np

from cello.cells.linear import LinearCell, join_parts
from cello.core.arguments import arg
from cello.core.kinds import fraction, optional, positive, positive_integer
from cello.initializers import RandomUniform, VarianceScaling
from cello.ops.product import product


class LRUCell(LinearCell):
    """One step of the linear recurrent unit: a complex diagonal recurrence within the unit circle.

        lambda = exp(-exp(nu) + i exp(theta))
        h_t = lambda * h_{t-1} + exp(gamma) * (x_t B)
        y_t = Re(h_t C) + x_t D

    Whatever training does to `nu`, `|lambda| < 1`: the recurrence is stable.

    Inputs `(batch, features)`, states `[Re(h), Im(h)]`, each `(batch, state_units)`, output `y`
    `(batch, units)`. Weights: `nu`, `theta` and `gamma` `(state_units,)`; input kernel
    `(features, 2 * state_units)`, the real and the imaginary part of `B`; output kernel
    `(2 * state_units, units)`, `Re(C)` above `-Im(C)`; skip kernel `D` `(features, units)`.

    As in the paper, `lambda` starts uniform over the ring between `r_min` and `r_max` with phases
    up to `max_phase`, `exp(gamma)` from `sqrt(1 - |lambda|^2)`, `B` and `C` from normal numbers of
    the variances `1 / (2 features)` and `1 / state_units` in each part. `D` is there a diagonal of
    standard normal numbers; here it is a matrix, as `units` may differ from the features, of
    the variance `1 / features`.

    Source: Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu and De 2023, Resurrecting Recurrent
    Neural Networks for Long Sequences.
    """

    state_units = arg(
        None, kind=optional(positive_integer),
        doc="Size of the complex state; `units` where `None`.",
    )  # fmt: skip
    r_min = arg(
        0.0, kind=fraction,
        doc="Smallest radius that lambda starts from; near 1 for long sequences.",
    )  # fmt: skip
    r_max = arg(
        1.0, kind=fraction, doc="Largest radius that lambda starts from."
    )  # fmt: skip
    max_phase = arg(
        2 * math.pi, kind=positive,
        doc="Largest phase that lambda starts from; small for long sequences.",
    )  # fmt: skip

    complex_state = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.r_min >= self.r_max:
            raise ValueError(
                f"{type(self).__name__}: r_min must be less than r_max. Received: "
                f"r_min={self.r_min}, r_max={self.r_max}"
            )

    def state_shape(self):
        if self.state_units is None:
            self.state_units = self.units
        return self.state_units

    def build(self, input_shape):
        super().build(input_shape)
        n, features = self.state_units, input_shape[-1]
        self.nu = self.add_weight((n,), self._initial_nu, name="nu", autocast=False)
        self.theta = self.add_weight((n,), self._initial_theta, name="theta", autocast=False)
        self.gamma = self.add_weight((n,), self._initial_gamma, name="gamma", autocast=False)
        normal = lambda scale: VarianceScaling(scale, "fan_in", "untruncated_normal")  # noqa: E731
        self.input_kernel = self.add_weight(
            (features, 2 * n), normal(0.5), name="input_kernel", autocast=False
        )
        self.output_kernel = self.add_weight(
            (2 * n, self.units), normal(2.0), name="output_kernel", autocast=False
        )
        self.skip_kernel = self.add_weight(
            (features, self.units), normal(1.0), name="skip_kernel", autocast=False
        )

    def _initial_nu(self, shape, dtype):
        squares = RandomUniform(max(self.r_min**2, 1e-6), min(self.r_max**2, 1 - 1e-6))
        return np.log(-0.5 * np.log(squares(shape, dtype)))

    def _initial_theta(self, shape, dtype):
        return np.log(RandomUniform(1e-6 * self.max_phase, self.max_phase)(shape, dtype))

    def _initial_gamma(self, shape, dtype):
        return 0.5 * np.log(-np.expm1(-2 * np.exp(self.nu.numpy())))

    def coefficients(self, inputs):
        decay = jnp.exp(-jnp.exp(self.nu.value))
        phase = jnp.exp(self.theta.value)
        real, imaginary = jnp.split(
            product(inputs, self.input_kernel.value, self.compute_dtype), 2, axis=-1
        )
        scale = jnp.exp(self.gamma.value)
        skipped = product(inputs, self.skip_kernel.value, self.compute_dtype)
        a = join_parts(decay * jnp.cos(phase), decay * jnp.sin(phase))
        return a, join_parts(scale * real, scale * imaginary), skipped

    def readout(self, h, skipped):
        parts = jnp.concatenate([h.real, h.imag], -1)
        return product(parts, self.output_kernel.value, self.compute_dtype) + skipped
