"""Mamba's mixer: a state space model that chooses by its inputs what it keeps."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from cello.cells.state_space import StateSpaceCell
from cello.core.arguments import arg
from cello.core.kinds import boolean, optional, positive_integer
from cello.initializers import RandomUniform, VarianceScaling
from cello.ops.product import product


class MambaCell(StateSpaceCell):
    """One step of the mixer of Mamba: a short convolution, a selective recurrence and a gate.

        p, z = split(x_t W)
        u = silu(sum(K * [p_{t-k+1}, ..., p_t]) + k)
        r, B, C = split(u X)
        d = softplus(r S + s)
        h_t = exp(-d exp(P)) * h_{t-1} + d * u * B       (d, u by channel, B by number of its state)
        y_t = ((sum(C * h_t) + D * u) * silu(z)) V

    Each of the `inner = expand * units` channels of `u` has a state of `state_units` numbers. The
    convolution takes `k = window` steps of each channel by itself; steps before the first are
    zeros, and masked steps are passed over. Block, residual path and normalisation are left to the
    layers around.

    Inputs `(batch, features)`; states `[h, the k - 1 p before]`, `(batch, inner, state_units)` and
    `(batch, k - 1, inner)`, or `[h]` with a window of 1; output `y` `(batch, units)`. Weights:
    `input_kernel` `W` `(features, 2 * inner)`, blocks p, z; `convolution_kernel` `K` `(k, inner)`,
    the oldest step first, and `convolution_bias` `k` `(inner,)`; `selection_kernel` `X`
    `(inner, step_rank + 2 * state_units)`, blocks r, B, C; `step_kernel` `S` `(step_rank, inner)`
    and `step_bias` `s` `(inner,)`; `log_decay` `P` `(inner, state_units)`; `skip` `D` `(inner,)`;
    `output_kernel` `V` `(inner, units)`. With `use_bias`, `input_bias` `(2 * inner,)` and
    `output_bias` `(units,)` are added to the first and to the last product.

    As in the authors' code, `exp(P)` starts from 1, ..., `state_units`, `D` from 1, `s` so that the
    steps `softplus(s)` are log-uniform between `dt_min` and `dt_max` and at least 1e-4, `S` uniform
    up to `step_rank^-1/2`, and the other kernels uniform up to `n^-1/2` for sums of `n` products.
    A sequence goes by segments of 256 steps, as `h` is `state_units * expand` times as large as the
    output.

    Source: Gu and Dao 2023, Mamba: Linear-Time Sequence Modeling with Selective State Spaces.
    """

    state_units = arg(16, kind=positive_integer, doc="Size of the state of a channel.")
    expand = arg(2, kind=positive_integer, doc="Channels inside for each unit.")
    window = arg(4, kind=positive_integer, doc="How many steps the convolution looks at.")
    step_rank = arg(
        None, kind=optional(positive_integer),
        doc="Numbers that the steps of all channels are made of; `units / 16`, rounded up, where "
        "`None`.",
    )  # fmt: skip
    use_bias = arg(
        False, kind=boolean, doc="Whether the products with W and V get a bias.",
    )  # fmt: skip

    segment = 256

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.inner = self.window_units = self.expand * self.units
        self.step_rank = self.step_rank or math.ceil(self.units / 16)

    def state_shape(self):
        return self.expand * self.units, self.state_units

    def build(self, input_shape):
        super().build(input_shape)
        inner, rank, features = self.inner, self.step_rank, input_shape[-1]
        selected, edge = rank + 2 * self.state_units, self.window**-0.5
        self.input_kernel = self.add("input_kernel", (features, 2 * inner), _uniform())
        self.convolution_kernel = self.add(
            "convolution_kernel", (self.window, inner), RandomUniform(-edge, edge)
        )
        self.convolution_bias = self.add("convolution_bias", (inner,), RandomUniform(-edge, edge))
        self.selection_kernel = self.add("selection_kernel", (inner, selected), _uniform())
        self.step_kernel = self.add(
            "step_kernel", (rank, inner), RandomUniform(-(rank**-0.5), rank**-0.5)
        )
        self.step_bias = self.add("step_bias", (inner,), self._initial_step_bias)
        self.log_decay = self.add("log_decay", self.state_shape(), _initial_log_decay)
        self.skip = self.add("skip", (inner,), "ones")
        self.output_kernel = self.add("output_kernel", (inner, self.units), _uniform())
        if self.use_bias:
            self.input_bias = self.add("input_bias", (2 * inner,), "zeros")
            self.output_bias = self.add("output_bias", (self.units,), "zeros")

    def _initial_step_bias(self, shape, dtype):
        step = np.maximum(np.exp(self.initial_log_step(shape, dtype)), 1e-4)
        return step + np.log(-np.expm1(-step))  # softplus of this is the step

    def prepare(self, inputs):
        projected = product(inputs, self.input_kernel.value, self.compute_dtype)
        if self.use_bias:
            projected = projected + self.input_bias.value
        return jnp.split(projected, 2, axis=-1)

    def coefficients(self, inputs):
        *seen, z = jnp.split(inputs, self.window + 1, axis=-1)
        convolved = sum(k * p for k, p in zip(self.convolution_kernel.value, seen, strict=True))
        u = jax.nn.silu(convolved + self.convolution_bias.value)
        selected = product(u, self.selection_kernel.value, self.compute_dtype)
        r, B, C = jnp.split(selected, [self.step_rank, self.step_rank + self.state_units], axis=-1)
        steps = product(r, self.step_kernel.value, self.compute_dtype) + self.step_bias.value
        steps = jax.nn.softplus(steps)
        a = jnp.exp(-steps[..., None] * jnp.exp(self.log_decay.value))
        return a, (steps * u)[..., None] * B[..., None, :], (u, C, z)

    def readout(self, h, more):
        u, C, z = more
        y = jnp.sum(h * C[..., None, :], -1) + self.skip.value * u
        y = product(y * jax.nn.silu(z), self.output_kernel.value, self.compute_dtype)
        return y + self.output_bias.value if self.use_bias else y


def _uniform():
    return VarianceScaling(1 / 3, "fan_in", "uniform")


def _initial_log_decay(shape, dtype):
    return np.broadcast_to(np.log(1.0 + np.arange(shape[-1])), shape).astype(dtype)
