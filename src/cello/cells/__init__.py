"""Cells: one step of a recurrence each, to be run by `RNN`."""

from cello.cells.attention import AttentionCell
from cello.cells.gru import GRUCell
from cello.cells.lstm import LSTMCell
from cello.cells.min_rnn import MinGRUCell, MinLSTMCell
from cello.cells.projected_lstm import ProjectedLSTMCell
from cello.cells.simple_rnn import SimpleRNNCell
from cello.cells.stacked import StackedRNNCells

__all__ = [
    "AttentionCell",
    "GRUCell",
    "LSTMCell",
    "MinGRUCell",
    "MinLSTMCell",
    "ProjectedLSTMCell",
    "SimpleRNNCell",
    "StackedRNNCells",
]
