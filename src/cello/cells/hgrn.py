"""The recurrent unit of the hierarchically gated recurrent network."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from cello.cells.linear import ProjectedLinearCell, join_parts
from cello.core.arguments import arg
from cello.core.kinds import fraction
from cello.ops.product import product

EPSILON = 1e-5


class HGRNCell(ProjectedLinearCell):
    """One step of the hierarchically gated recurrent network.

        c, m, g = split(x_t W + b)
        c, g = silu(c), silu(g)
        lambda = lower_bound + (1 - lower_bound) * sigmoid(m)
        h_t = lambda exp(i theta) * h_{t-1} + (1 - lambda) * c
        y_t = (g * layer_norm([Re(h_t), Im(h_t)])) V + b_V

    `c` is complex: its real part and its imaginary part have a block of the kernel each. In the
    paper the lower bounds of the layers of a network are learned together, and grow from layer to
    layer: give `lower_bound` 0 to the first layer and more to each one above, so that the upper
    layers keep more.

    Inputs `(batch, features)`, states `[Re(h), Im(h)]` and output `y`, each `(batch, units)`.
    Weights: kernel `W` `(features, 5 * units)`, bias `b` `(5 * units,)`, blocks in the order Re(c),
    Im(c), m and the two of g; `theta` `(units,)`; `scale` and `shift` `(2 * units,)` of the
    normalisation; output kernel `V` `(2 * units, units)`, output bias `b_V` `(units,)`.

    `theta` starts from the frequencies `10000^(-2j / units)`, as in the authors' code.

    Source: Qin, Yang and Zhong 2023, Hierarchically Gated Recurrent Neural Network for Sequence
    Modeling; the normalisation in front of the gate from its code (hgru).
    """

    lower_bound = arg(0.0, kind=fraction, doc="What the forget gate never goes below.")
    blocks = 5
    complex_state = True

    def build(self, input_shape):
        super().build(input_shape)
        n = self.units
        self.theta = self.add_weight((n,), _frequencies, name="theta", autocast=False)
        self.scale = self.add_weight((2 * n,), "ones", name="scale", autocast=False)
        self.shift = self.add_weight((2 * n,), "zeros", name="shift", autocast=False)
        self.output_kernel = self.add_weight(
            (2 * n, n), self.kernel_initializer, name="output_kernel", autocast=False
        )
        self.output_bias = None
        if self.use_bias:
            self.output_bias = self.add_weight((n,), "zeros", name="output_bias", autocast=False)

    def coefficients(self, inputs):
        real, imaginary, m, *g = self.project(inputs)
        keep = self.lower_bound + (1 - self.lower_bound) * jax.nn.sigmoid(m)
        new = (1 - self.lower_bound) * jax.nn.sigmoid(-m)
        theta = self.theta.value
        a = join_parts(keep * jnp.cos(theta), keep * jnp.sin(theta))
        b = join_parts(new * jax.nn.silu(real), new * jax.nn.silu(imaginary))
        return a, b, jax.nn.silu(jnp.concatenate(g, -1))

    def readout(self, h, g):
        x = jnp.concatenate([h.real, h.imag], -1)
        x = x - jnp.mean(x, -1, keepdims=True)
        x = x * lax.rsqrt(jnp.mean(x**2, -1, keepdims=True) + EPSILON)
        x = x * self.scale.value + self.shift.value
        y = product(g * x, self.output_kernel.value, self.compute_dtype)
        return y if self.output_bias is None else y + self.output_bias.value


def _frequencies(shape, dtype):
    return np.asarray(10000.0 ** (-2 / shape[0] * np.arange(shape[0])), dtype)
