"""The layers of the linear recurrent cells: trained in parallel over time.

See each cell for the equations, `RNN` for calls. Inputs are `(batch, time, features)`.
"""

from cello.cells import MinGRUCell, MinLSTMCell
from cello.layers.rnn import RNN


class MinGRU(RNN, cell=MinGRUCell):
    """The minimal gated recurrent unit: `RNN(MinGRUCell(units, ...))`."""

    keras_name = ("cello.layers", "MinGRU")


class MinLSTM(RNN, cell=MinLSTMCell):
    """Minimal long short-term memory: `RNN(MinLSTMCell(units, ...))`."""

    keras_name = ("cello.layers", "MinLSTM")


LINEAR_LAYERS = (MinGRU, MinLSTM)
