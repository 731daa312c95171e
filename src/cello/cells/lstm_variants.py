"""Variants of long short-term memory: with peepholes, and with coupled gates."""

from __future__ import annotations

import jax.numpy as jnp

from cello import activations, initializers
from cello.cells.gated import GatedCell
from cello.cells.lstm import LSTMCell
from cello.core.arguments import arg
from cello.core.kinds import boolean
from cello.ops.gated import Gated

_SMALL_UNIFORM = {"class_name": "RandomUniform", "config": {"minval": -0.1, "maxval": 0.1}}
_SMALL_NORMAL = {"class_name": "RandomNormal", "config": {"mean": 0.0, "stddev": 0.1}}


class PeepholeLSTMCell(LSTMCell):
    """One step of long short-term memory whose gates see the memory, through peepholes.

        i, f, g, o = split(x_t W + h_{t-1} U + b)
        c_t = sigmoid(f + p_f * c_{t-1}) * c_{t-1} + sigmoid(i + p_i * c_{t-1}) * tanh(g)
        h_t = sigmoid(o + p_o * c_t) * tanh(c_t)

    It learns precise intervals of time, which the gates of `LSTMCell` see only as far as the output
    gate is open.

    Inputs `(batch, features)`, states `[h, c]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 4 * units)`, recurrent kernel `U` `(units, 4 * units)`, bias `b`
    `(4 * units,)`, gates in the order i, f, c, o; peepholes `p` `(3, units)` in the order i, f, o.
    Weights start between -0.1 and 0.1.

    Source: Gers and Schmidhuber 2000; Gers, Schraudolph and Schmidhuber 2002.
    """

    kernel_initializer = arg(
        _SMALL_UNIFORM, kind=initializers.get, doc="Initialiser of the input weights.",
    )  # fmt: skip
    recurrent_initializer = arg(
        _SMALL_UNIFORM, kind=initializers.get, doc="Initialiser of the recurrent weights.",
    )  # fmt: skip
    peephole_initializer = arg(
        _SMALL_UNIFORM, kind=initializers.get, doc="Initialiser of the peepholes.",
    )  # fmt: skip

    recurrence = Gated("peephole_lstm", gates="ifgo", states="hc", forget="f")
    has_kernel = False

    def build(self, input_shape):
        super().build(input_shape)
        self.peepholes = self.add_weight(
            (3, self.units), self.peephole_initializer, name="peepholes", autocast=False
        )

    def step(self, x, states, recurrent, recurrent_bias):
        h, c = states
        gate = self.recurrent_activation
        p_i, p_f, p_o = self.peepholes.value
        i, f, g, o = jnp.split(x + recurrent(h), 4, axis=-1)
        i, f, g = gate(i + p_i * c), gate(f + p_f * c), self.activation(g)
        c = f * c + i * g
        o = gate(o + p_o * c)
        h = o * self.activation(c)
        return h, (h, c), (i, f, g, o)


class CoupledLSTMCell(GatedCell):
    """One step of long short-term memory that forgets exactly as much as it takes in (CIFG).

        f, g, o = split(x_t W + h_{t-1} U + b)
        c_t = sigmoid(f) * c_{t-1} + (1 - sigmoid(f)) * tanh(g)
        h_t = sigmoid(o) * tanh(c_t)

    The input gate is one minus the forget gate: a quarter fewer weights than `LSTMCell`, and a
    memory between -1 and 1.

    Inputs `(batch, features)`, states `[h, c]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 3 * units)`, recurrent kernel `U` `(units, 3 * units)`, bias `b`
    `(3 * units,)`; gates in the order f, c, o. `W` and `U` start normal, with a deviation of 0.1.

    Source: Greff, Srivastava, Koutnik, Steunebrink and Schmidhuber 2017, without peepholes.
    """

    recurrent_activation = arg("sigmoid", kind=activations.get, doc="Activation of the gates.")
    kernel_initializer = arg(
        _SMALL_NORMAL, kind=initializers.get, doc="Initialiser of the input weights.",
    )  # fmt: skip
    recurrent_initializer = arg(
        _SMALL_NORMAL, kind=initializers.get, doc="Initialiser of the recurrent weights.",
    )  # fmt: skip
    unit_forget_bias = arg(
        True, kind=boolean,
        doc="Whether the bias of the forget gate starts from 1 (Jozefowicz et al. 2015).",
    )  # fmt: skip

    recurrence = Gated("coupled_lstm", gates="fgo", states="hc", forget="f")

    def step(self, x, states, recurrent, recurrent_bias):
        h, c = states
        f, g, o = jnp.split(x + recurrent(h), 3, axis=-1)
        f, o = self.recurrent_activation(f), self.recurrent_activation(o)
        g = self.activation(g)
        c = f * c + (1 - f) * g
        h = o * self.activation(c)
        return h, (h, c), (f, g, o)
