"""The quasi-recurrent network."""

from __future__ import annotations

import jax

from cello import activations
from cello.cells.linear import ProjectedLinearCell
from cello.core.arguments import arg
from cello.core.kinds import positive_integer


class QRNNCell(ProjectedLinearCell):
    """One step of the quasi-recurrent network: gates by a convolution, then fo-pooling.

        z, f, o = split([x_{t-k+1}, ..., x_t] W + b)
        c_t = sigmoid(f) * c_{t-1} + (1 - sigmoid(f)) * tanh(z)
        h_t = sigmoid(o) * c_t

    The convolution looks at `window` = `k` steps up to this one; steps before the first are zeros,
    and masked steps are passed over.

    Inputs `(batch, features)`; states `[c, the k - 1 inputs before]`, `(batch, units)` and
    `(batch, k - 1, features)`, or `[c]` with a window of 1; output `h` `(batch, units)`. Weights:
    kernel `W` `(k * features, 3 * units)`, the oldest step first and blocks in the order z, f, o;
    bias `b` `(3 * units,)`. The paper names no initialisation.

    Source: Bradbury, Merity, Xiong and Socher 2016, Quasi-Recurrent Neural Networks.
    """

    window = arg(2, kind=positive_integer, doc="How many steps the convolution looks at.")
    activation = arg("tanh", kind=activations.get, doc="Activation of the candidate.")
    blocks = 3

    def coefficients(self, inputs):
        z, f, o = self.project(inputs)
        return jax.nn.sigmoid(f), jax.nn.sigmoid(-f) * self.activation(z), jax.nn.sigmoid(o)

    def readout(self, c, o):
        return o * c
