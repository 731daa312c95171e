"""The simple recurrent network."""

from cello.cells.gated import GatedCell
from cello.ops.simple_rnn import SIMPLE_RNN


class SimpleRNNCell(GatedCell):
    """One step of the fully connected recurrent network.

        h_t = tanh(x_t W + h_{t-1} U + b)

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, units)`, recurrent kernel `U` `(units, units)`, bias `(units,)`.

    Source: Elman 1990, Finding structure in time.
    """

    recurrence = SIMPLE_RNN
    has_kernel = True
