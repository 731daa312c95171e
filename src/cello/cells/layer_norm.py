"""Long short-term memory and the gated recurrent unit with layer normalisation."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from cello import activations
from cello.cells.gated import GatedCell, with_ones
from cello.core.arguments import arg
from cello.core.kinds import boolean, positive
from cello.ops.gated import Gated, entering, project
from cello.ops.product import product


class LayerNormCell(GatedCell):
    """Base of the cells that normalise the input product and the recurrent product, each by itself.

    Attributes:
        ends: where, in blocks of `units`, a part ends that is normalised by itself.
    """

    recurrent_activation = arg(
        "sigmoid", kind=activations.get, after="activation", doc="Activation of the gates."
    )
    epsilon = arg(1e-5, kind=positive, after="use_bias", doc="Added to the variances.")
    ends: tuple[int, ...] = ()

    def build(self, input_shape):
        super().build(input_shape)
        self.kernel_gain = self._gain("kernel_gain", self.recurrence.gates * self.units)
        self.recurrent_gain = self._gain("recurrent_gain", self.recurrence.gates * self.units)

    def _gain(self, name, size, start="ones"):
        return self.add_weight((size,), start, name=name, autocast=False)

    def project(self, inputs, dropout_mask=None):
        bias = None if self.bias is None else self.bias.value
        bias, recurrent_bias = self.recurrence.split_bias(bias)
        x = project(inputs, self.kernel.value, None, dropout_mask, self.compute_dtype)
        x = self._by_part(x, self._standardised) * self.kernel_gain.value
        return x if bias is None else x + bias, recurrent_bias

    def recurrent(self, recurrent_mask=None):
        """`LN(h U)`: the mean of `h U` is `h` times that of `U`, which is taken off once."""
        kernel = self._by_part(self.recurrent_kernel.value, _centred)
        gain = self.recurrent_gain.value

        def normalised(h, columns=slice(None)):
            inner = product(entering(h, recurrent_mask), kernel, self.compute_dtype)
            return (self._by_part(inner, self._scaled) * gain)[..., columns]

        return normalised

    def _by_part(self, x, function):
        """`function` of each part of the features by itself."""
        parts = jnp.split(x, [end * self.units for end in self.ends], axis=-1)
        return jnp.concatenate([function(part) for part in parts], axis=-1)

    def _standardised(self, x):
        return self._scaled(_centred(x))

    def _scaled(self, x):
        """`x`, whose mean is 0, with a variance of 1."""
        return x * lax.rsqrt(jnp.mean(jnp.square(x), axis=-1, keepdims=True) + self.epsilon)


def _centred(x):
    return x - jnp.mean(x, axis=-1, keepdims=True)


class LayerNormLSTMCell(LayerNormCell):
    """One step of long short-term memory with layer normalisation.

        i, f, g, o = split(LN(x_t W) + LN(h_{t-1} U) + b)
        c_t = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(g)
        h_t = sigmoid(o) * tanh(LN(c_t) + b_c)
        LN(v) = (v - mean(v)) / sqrt(variance(v) + epsilon) * gain

    Mean and variance are those of one row and step: of all `4 * units` features of a product, and
    of the `units` of the memory. `b` stands for the sum of the paper's three offsets.

    Inputs `(batch, features)`, states `[h, c]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 4 * units)`, recurrent kernel `U` `(units, 4 * units)`, bias `b`
    `(4 * units,)`, gates in the order i, f, c, o; the gains of the two products `(4 * units,)`, and
    gain and bias `b_c` of the memory `(units,)`. Gains start from 1, `b_c` from 0.

    Source: Ba, Kiros and Hinton 2016.
    """

    keras_name = ("cello.layers", "LayerNormLSTMCell")
    unit_forget_bias = arg(
        True, kind=boolean, after="bias_initializer",
        doc="Whether the bias of the forget gate starts from 1 (Jozefowicz et al. 2015).",
    )  # fmt: skip
    recurrence = Gated("layer_norm_lstm", gates=4, states=2)

    def initial_bias(self, shape, dtype):
        bias = super().initial_bias(shape, dtype)
        return with_ones(bias, self.units, 1) if self.unit_forget_bias else bias

    def build(self, input_shape):
        super().build(input_shape)
        self.state_gain = self._gain("state_gain", self.units)
        self.state_bias = self._gain("state_bias", self.units, "zeros")

    def step(self, x, states, recurrent, recurrent_bias):
        h, c = states
        gate = self.recurrent_activation
        i, f, g, o = jnp.split(x + recurrent(h), 4, axis=-1)
        c = gate(f) * c + gate(i) * self.activation(g)
        inner = self._standardised(c) * self.state_gain.value + self.state_bias.value
        h = gate(o) * self.activation(inner)
        return h, (h, c)


class LayerNormGRUCell(LayerNormCell):
    """One step of the gated recurrent unit with layer normalisation.

        z, r = split(sigmoid(LN(x_t W_zr) + b_zr + LN(h_{t-1} U_zr) + d_zr))
        g = tanh(LN(x_t W_h) + b_h + r * (LN(h_{t-1} U_h) + d_h))
        h_t = z * h_{t-1} + (1 - z) * g
        LN(v) = (v - mean(v)) / sqrt(variance(v) + epsilon) * gain

    Mean and variance are those of one row and step: of the `2 * units` features of both gates, and
    of the `units` of the candidate. `z` multiplies the old state, as in `GRUCell`; in the paper,
    the new one.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 3 * units)`, recurrent kernel `U` `(units, 3 * units)`, bias
    `(2, 3 * units)` (`b`, then `d`), the gains of the two products `(3 * units,)`, from 1; gates in
    the order z, r, h.

    Source: Ba, Kiros and Hinton 2016.
    """

    keras_name = ("cello.layers", "LayerNormGRUCell")
    recurrence = Gated("layer_norm_gru", gates=3, states=1, two_biases=True)
    ends = (2,)

    def step(self, x, states, recurrent, recurrent_bias):
        (h,) = states
        inner = recurrent(h)
        if recurrent_bias is not None:
            inner = inner + recurrent_bias
        x_z, x_r, x_h = jnp.split(x, 3, axis=-1)
        h_z, h_r, h_h = jnp.split(inner, 3, axis=-1)
        z, r = self.recurrent_activation(x_z + h_z), self.recurrent_activation(x_r + h_r)
        h = z * h + (1 - z) * self.activation(x_h + r * h_h)
        return h, (h,)
