"""Long short-term memory and the gated recurrent unit with layer normalisation."""

from __future__ import annotations

import dataclasses

from cello import activations
from cello.cells.gated import GatedCell
from cello.core.arguments import arg
from cello.core.kinds import boolean, positive
from cello.ops.gated import project
from cello.ops.layer_norm import LAYER_NORM_GRU, LAYER_NORM_LSTM, LayerNorm


class LayerNormCell(GatedCell):
    """Base of the cells that normalise the input product and the recurrent product, each by itself.

    Attributes:
        equations: the recurrence, but for `epsilon`.
    """

    recurrent_activation = arg("sigmoid", kind=activations.get, doc="Activation of the gates.")
    epsilon = arg(1e-5, kind=positive, doc="Added to the variances.")
    has_kernel = True
    equations: LayerNorm

    @property
    def recurrence(self):  # type: ignore[override]
        return dataclasses.replace(self.equations, epsilon=self.epsilon)

    def build(self, input_shape):
        super().build(input_shape)
        columns = len(self.recurrence.gates) * self.units
        self.kernel_gain = self._gain("kernel_gain", columns)
        self.recurrent_gain = self._gain("recurrent_gain", columns)

    def _gain(self, name, size, start="ones"):
        return self.add_weight((size,), start, name=name, autocast=False)

    def of_memory(self):
        """Gain and bias of the memory, in a cell that normalises one."""
        return ()

    def arrays(self):
        recurrence = self.recurrence
        kernel, recurrent_kernel, bias, _ = super().arrays()
        vectors = recurrence.vectors(
            self.units, self.kernel_gain.value, self.recurrent_gain.value, bias, *self.of_memory()
        )
        return recurrence.centred(kernel), recurrence.centred(recurrent_kernel), None, vectors

    def project(self, inputs, dropout_mask=None):
        bias = None if self.bias is None else self.bias.value
        bias, recurrent_bias = self.recurrence.split_bias(bias)
        kernel = self.recurrence.centred(self.kernel.value)
        x = project(inputs, kernel, None, dropout_mask, self.compute_dtype)
        x = self.recurrence.scaled(x) * self.kernel_gain.value
        return x if bias is None else x + bias, recurrent_bias

    def recurrent(self, recurrent_mask=None):
        kernel = self.recurrence.centred(self.recurrent_kernel.value)
        gain = self.recurrent_gain.value
        return self.recurrence.recurrent(kernel, gain, recurrent_mask, self.compute_dtype)


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

    unit_forget_bias = arg(
        True, kind=boolean,
        doc="Whether the bias of the forget gate starts from 1 (Jozefowicz et al. 2015).",
    )  # fmt: skip
    equations = LAYER_NORM_LSTM

    def build(self, input_shape):
        super().build(input_shape)
        self.state_gain = self._gain("state_gain", self.units)
        self.state_bias = self._gain("state_bias", self.units, "zeros")

    def of_memory(self):
        return self.state_gain.value, self.state_bias.value

    def step(self, x, states, recurrent, recurrent_bias):
        recurrence, (gain, bias) = self.recurrence, self.of_memory()
        return recurrence.step(
            x, states, recurrent, recurrent_bias, self.activation, self.recurrent_activation,
            normalised=lambda c: recurrence.standardised(c) * gain + bias,
        )  # fmt: skip


class LayerNormGRUCell(LayerNormCell):
    """One step of the gated recurrent unit with layer normalisation.

        z, r = split(sigmoid(LN(x_t W_zr) + b_zr + LN(h_{t-1} U_zr) + d_zr))
        n = tanh(LN(x_t W_n) + b_n + r * (LN(h_{t-1} U_n) + d_n))
        h_t = z * h_{t-1} + (1 - z) * n
        LN(v) = (v - mean(v)) / sqrt(variance(v) + epsilon) * gain

    Mean and variance are those of one row and step: of the `2 * units` features of both gates, and
    of the `units` of the candidate. `z` multiplies the old state, as in `GRUCell`; in the paper,
    the new one.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 3 * units)`, recurrent kernel `U` `(units, 3 * units)`, bias
    `(2, 3 * units)` (`b`, then `d`), the gains of the two products `(3 * units,)`, from 1; gates in
    the order z, r, n.

    Source: Ba, Kiros and Hinton 2016.
    """

    equations = LAYER_NORM_GRU
