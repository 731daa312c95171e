"""The layers of the linear recurrent cells: trained in parallel over time.

See each cell for the equations, `RNN` for calls. Inputs are `(batch, time, features)`.
"""

from cello.cells import HGRNCell, LRUCell, MinGRUCell, MinLSTMCell, QRNNCell, RGLRUCell, SRUCell
from cello.layers.rnn import RNN


class MinGRU(RNN, cell=MinGRUCell):
    """The minimal gated recurrent unit: `RNN(MinGRUCell(units, ...))`."""

    keras_name = ("cello.layers", "MinGRU")


class MinLSTM(RNN, cell=MinLSTMCell):
    """Minimal long short-term memory: `RNN(MinLSTMCell(units, ...))`."""

    keras_name = ("cello.layers", "MinLSTM")


class LRU(RNN, cell=LRUCell):
    """The linear recurrent unit: `RNN(LRUCell(units, ...))`."""

    keras_name = ("cello.layers", "LRU")


class RGLRU(RNN, cell=RGLRUCell):
    """The real-gated linear recurrent unit: `RNN(RGLRUCell(units, ...))`."""

    keras_name = ("cello.layers", "RGLRU")


class SRU(RNN, cell=SRUCell):
    """The simple recurrent unit: `RNN(SRUCell(units, ...))`."""

    keras_name = ("cello.layers", "SRU")


class QRNN(RNN, cell=QRNNCell):
    """The quasi-recurrent network: `RNN(QRNNCell(units, ...))`."""

    keras_name = ("cello.layers", "QRNN")


class HGRN(RNN, cell=HGRNCell):
    """The hierarchically gated recurrent network: `RNN(HGRNCell(units, ...))`."""

    keras_name = ("cello.layers", "HGRN")


LINEAR_LAYERS = (MinGRU, MinLSTM, LRU, RGLRU, SRU, QRNN, HGRN)
