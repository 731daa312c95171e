"""Recurrent units with fewer weights than the gated recurrent unit."""

from __future__ import annotations

import jax.numpy as jnp

from cello import activations, initializers
from cello.cells.gated import GatedCell
from cello.core.arguments import arg
from cello.core.kinds import boolean
from cello.ops.gated import Gated


class MGUCell(GatedCell):
    """One step of the minimal gated unit.

        f = sigmoid(x_t W_f + h_{t-1} U_f + b_f)
        g = tanh(x_t W_g + (f * h_{t-1}) U_g + b_g)
        h_t = (1 - f) * h_{t-1} + f * g

    The gated recurrent unit with one gate for both, and two thirds of its weights.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 2 * units)`, recurrent kernel `U` `(units, 2 * units)`, bias
    `(2 * units,)`; blocks in the order f, g.

    Source: Zhou, Wu, Zhang and Zhou 2016.
    """

    recurrent_activation = arg("sigmoid", kind=activations.get, doc="Activation of the gate.")
    recurrence = Gated("mgu", gates="fg", states="h")

    def step(self, x, states, recurrent, recurrent_bias):
        (h,) = states
        x_f, x_h = jnp.split(x, 2, axis=-1)
        f = self.recurrent_activation(x_f + recurrent(h, slice(self.units)))
        g = self.activation(x_h + recurrent(f * h, slice(self.units, None)))
        h = (1 - f) * h + f * g
        return h, (h,), (f, g)


class UGRNNCell(GatedCell):
    """One step of the update gate recurrent network.

        g = sigmoid(x_t W_g + h_{t-1} U_g + b_g)
        c = tanh(x_t W_c + h_{t-1} U_c + b_c)
        h_t = g * h_{t-1} + (1 - g) * c

    The simple recurrent network with an update gate: the fewest gates that keep a state for long.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 2 * units)`, recurrent kernel `U` `(units, 2 * units)`, bias
    `(2 * units,)`; blocks in the order g, c.

    Source: Collins, Sohl-Dickstein and Sussillo 2017.
    """

    recurrent_activation = arg("sigmoid", kind=activations.get, doc="Activation of the gate.")
    unit_forget_bias = arg(
        True, kind=boolean,
        doc="Whether the bias of the gate starts from 1, so that states are kept at first.",
    )  # fmt: skip
    recurrence = Gated("ugrnn", gates="gc", states="h", candidate="c", forget="g")

    def step(self, x, states, recurrent, recurrent_bias):
        (h,) = states
        g, c = jnp.split(x + recurrent(h), 2, axis=-1)
        g, c = self.recurrent_activation(g), self.activation(c)
        h = g * h + (1 - g) * c
        return h, (h,), (g, c)


class IndRNNCell(GatedCell):
    """One step of the independently recurrent network.

        h_t = relu(x_t W + u * h_{t-1} + b)

    Each unit sees its own state only; units meet in the layer above. A gradient is multiplied by
    `u` at each step, so that it lives as long as `abs(u)` is near 1; over `T` steps it stays
    bounded where `abs(u) <= gamma ** (1 / T)`.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, units)`, recurrent kernel `u` `(units,)`, bias `b` `(units,)`.
    `u` starts between 0 and 1.

    Source: Li, Li, Cook, Zhu and Gao 2018.
    """

    activation = arg(
        "relu", kind=activations.get, doc="Activation of the output."
    )  # fmt: skip
    recurrent_initializer = arg(
        {"class_name": "RandomUniform", "config": {"minval": 0.0, "maxval": 1.0}},
        kind=initializers.get, doc="Initialiser of the recurrent weights.",
    )  # fmt: skip
    recurrence = Gated("ind_rnn", gates="g", states="h")

    def recurrent_shape(self) -> tuple[int, ...]:
        return (self.units,)

    def recurrent_product(self, h, columns=slice(None)):
        return h * self.recurrent_kernel.value[columns]

    def step(self, x, states, recurrent, recurrent_bias):
        (h,) = states
        x = x + recurrent(h)
        h = self.activation(x)
        return h, (h,), (x,)
