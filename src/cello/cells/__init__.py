"""Cells: one step of a recurrence each, to be run by `RNN`."""

from cello.cells.attention import AttentionCell
from cello.cells.gru import GRUCell
from cello.cells.hgrn import HGRNCell
from cello.cells.lru import LRUCell
from cello.cells.lstm import LSTMCell
from cello.cells.min_rnn import MinGRUCell, MinLSTMCell
from cello.cells.projected_lstm import ProjectedLSTMCell
from cello.cells.qrnn import QRNNCell
from cello.cells.rglru import RGLRUCell
from cello.cells.simple_rnn import SimpleRNNCell
from cello.cells.sru import SRUCell
from cello.cells.stacked import StackedRNNCells

__all__ = [
    "AttentionCell",
    "GRUCell",
    "HGRNCell",
    "LRUCell",
    "LSTMCell",
    "MinGRUCell",
    "MinLSTMCell",
    "ProjectedLSTMCell",
    "QRNNCell",
    "RGLRUCell",
    "SRUCell",
    "SimpleRNNCell",
    "StackedRNNCells",
]
