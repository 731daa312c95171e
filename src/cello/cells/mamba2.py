"""Mamba-2: a selective state space model with a number as the decay of each head."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from cello.cells.matrix import (
    MatrixCell,
    flat,
    initial_kernel,
    initial_step_bias,
    normalize_rms,
    split,
)
from cello.core.arguments import arg
from cello.core.kinds import positive_integer
from cello.initializers import RandomUniform


class Mamba2Cell(MatrixCell):
    """One step of Mamba-2, a selective state space model (SSD).

        z, u, B, C, dt = split(x_t W)
        u, B, C = silu(convolution of [u, B, C] over the last steps + b)
        dt = softplus(dt + step_bias)
        S_t = exp(-exp(decay) dt) S_{t-1} + B (dt u)^T
        y_t = (scale * rms_norm(silu(z) * (S_t^T C + D u))) V

    in each head; `B` and `C` are the same for all heads (one group). The convolution has a kernel
    for each channel; steps before the first are zeros, and masked steps are passed over.
    `rms_norm` divides the values of all heads together by the root of their mean square plus 1e-5.

    Inputs `(batch, features)`; states `[S, the window - 1 steps of u, B, C before]`,
    `(batch, heads, state_units, expand * units / heads)` and
    `(batch, window - 1, expand * units + 2 * state_units)`; output `y` `(batch, units)`. Weights:
    kernel `W` `(features, 2 * expand * units + 2 * state_units + heads)`, blocks in the order z, u,
    B, C, dt; convolution `(window, expand * units + 2 * state_units)`, the oldest step first, and
    its bias `b`; `step_bias`, `decay` and `D`, called `skip`, `(heads,)`; `scale`
    `(expand * units,)`; output kernel `V` `(expand * units, units)`.

    As in the authors' code, kernels and convolution start as PyTorch starts them, `decay` from
    logarithms of uniform numbers between 1 and 16, `step_bias` so that its softplus is spread
    evenly over the logarithms from 0.001 to 0.1, `D` and `scale` from 1. There a head has 64
    values; here `heads` says how many there are.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Dao and Gu 2024, Transformers are SSMs: Generalized Models and Efficient Algorithms
    Through Structured State Space Duality.
    """

    state_units = arg(128, kind=positive_integer, doc="Size of B and C: rows of the state.")
    expand = arg(2, kind=positive_integer, doc="Values of all heads for each unit.")
    window = arg(
        4, kind=positive_integer, doc="How many steps the convolution looks at; 1 for none.",
    )  # fmt: skip
    kernel_initializer = initial_kernel(1 / 3)

    def head_sizes(self):
        return self.state_units, self.expand * self.units // self.heads

    def window_width(self, features):
        return self.expand * self.units + 2 * self.state_units

    def build(self, input_shape):
        super().build(input_shape)
        inner, channels = self.expand * self.units, self.window_width(input_shape[-1])
        self.add_kernel(input_shape[-1], inner + channels + self.heads)
        self.add_convolution(channels)
        limit = 1 / math.sqrt(self.window)
        self.convolution_bias = self.add_weight(
            (channels,), RandomUniform(-limit, limit), name="convolution_bias", autocast=False
        )
        one_a_head = (self.heads,)
        self.step_bias = self.add_weight(
            one_a_head, initial_step_bias, name="step_bias", autocast=False
        )
        self.decay = self.add_weight(one_a_head, _decay, name="decay", autocast=False)
        self.skip = self.add_weight(one_a_head, "ones", name="skip", autocast=False)
        self.scale = self.add_weight((inner,), "ones", name="scale", autocast=False)
        self.add_output_kernel(inner, 1 / 3)

    def enter(self, inputs):
        inner, channels = self.expand * self.units, self.window_width(inputs.shape[-1])
        z, x, dt = split(self.times(inputs, self.kernel), inner, channels, self.heads)
        return x, (z, dt)

    def terms(self, seen, rest, others, mask):
        z, dt = rest
        x = jax.nn.silu(self.convolve(seen) + self.convolution_bias.value)
        u, b, c = split(x, self.expand * self.units, self.state_units, self.state_units)
        u, dt = self.by_head(u), jax.nn.softplus(dt + self.step_bias.value)
        log_decay = -jnp.exp(self.decay.value) * dt
        b, c = b[..., None, :], c[..., None, :]  # one for all heads
        return (c, b, dt[..., None] * u, log_decay, None), (z, u), others

    def readout(self, y, more):
        z, u = more
        y = flat(y + self.skip.value[:, None] * u) * jax.nn.silu(z)
        return self.times(normalize_rms(y, 1e-5) * self.scale.value, self.output_kernel)


def _decay(shape, dtype):
    return np.log(RandomUniform(1.0, 16.0)(shape, dtype))
