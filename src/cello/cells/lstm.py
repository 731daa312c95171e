"""Long short-term memory."""

from cello import activations
from cello.cells.gated import GatedCell
from cello.core.arguments import arg
from cello.core.kinds import boolean
from cello.ops.lstm import LSTM


class LSTMCell(GatedCell):
    """One step of long short-term memory.

        i, f, g, o = split(x_t W + h_{t-1} U + b)
        c_t = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(g)
        h_t = sigmoid(o) * tanh(c_t)

    Inputs `(batch, features)`, states `[h, c]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 4 * units)`, recurrent kernel `U` `(units, 4 * units)`, bias `b`
    `(4 * units,)`; gates in the order i, f, c, o.

    Source: Hochreiter and Schmidhuber 1997; forget gate: Gers, Schmidhuber and Cummins 2000.
    """

    recurrent_activation = arg("sigmoid", kind=activations.get, doc="Activation of the gates.")
    unit_forget_bias = arg(
        True, kind=boolean,
        doc="Whether the bias of the forget gate starts from 1 (Jozefowicz et al. 2015).",
    )  # fmt: skip

    recurrence = LSTM
    has_kernel = True
