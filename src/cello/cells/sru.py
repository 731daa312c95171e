"""The simple recurrent unit."""

from __future__ import annotations

import math

import jax
import numpy as np

from cello import initializers
from cello.cells.linear import ProjectedLinearCell
from cello.core.arguments import arg
from cello.core.kinds import boolean, number


class SRUCell(ProjectedLinearCell):
    """One step of the simple recurrent unit: a light recurrence and a highway around it.

        c, f, r = split(x_t W + b)
        f, r = sigmoid(f), sigmoid(r)
        c_t = f * c_{t-1} + (1 - f) * c
        h_t = r * c_t + (1 - r) * alpha * x_t

    Where the inputs are not `units` wide, `x_t V` is taken in place of the last `x_t`. With
    `highway=False` the output is `c_t`, and there is no `r`. The gates look at the inputs alone, as
    in the paper's first version; the terms `v * c_{t-1}` that the last version adds in the gates
    make the recurrence one that cannot be computed in parallel over time.

    Inputs `(batch, features)`, states `[c]` and output `h`, each `(batch, units)`. Weights: kernel
    `W` `(features, 3 * units)`, blocks in the order c, f, r; bias `b` `(2 * units,)` of f and r;
    where `features` is not `units`, input kernel `V` `(features, units)`.

    As in the paper the kernels start uniform with the variance `1 / features`, the bias of f from
    zero, that of r from `highway_bias`, and `alpha` is `sqrt(1 + 2 exp(highway_bias))`, with which
    the variance of the outputs is that of the inputs.

    Source: Lei, Zhang, Wang, Dai and Artzi 2018, Simple Recurrent Units for Highly Parallelizable
    Recurrence.
    """

    highway = arg(True, kind=boolean, doc="Whether the inputs go around the recurrence.")
    highway_bias = arg(
        0.0, kind=number,
        doc="What the bias of r starts from: less than 0 to let more of the inputs around.",
    )  # fmt: skip
    kernel_initializer = arg(
        "lecun_uniform", kind=initializers.get, doc="Initialiser of the kernels."
    )

    unbiased = 1

    @property
    def blocks(self):
        return 3 if self.highway else 2

    def build(self, input_shape):
        super().build(input_shape)
        if self.highway:
            self.add_input_kernel(input_shape[-1], self.kernel_initializer)

    def initial_bias(self, shape, dtype):
        bias = np.array(super().initial_bias(shape, dtype))
        bias[self.units :] += self.highway_bias
        return bias

    def coefficients(self, inputs):
        c, *gates = self.project(inputs)
        f, *r = map(jax.nn.sigmoid, gates)
        b = jax.nn.sigmoid(-gates[0]) * c
        if not self.highway:
            return f, b, None
        alpha = math.sqrt(1 + 2 * math.exp(self.highway_bias))
        return f, b, (r[0], alpha * self.fit_inputs(inputs))

    def readout(self, c, more):
        if not self.highway:
            return c
        r, x = more
        return x + r * (c - x)
