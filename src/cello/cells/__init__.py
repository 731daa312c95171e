"""Cells: one step of a recurrence each, to be run by `RNN`."""

from cello.cells.attention import AttentionCell
from cello.cells.gru import GRUCell
from cello.cells.layer_norm import LayerNormGRUCell, LayerNormLSTMCell
from cello.cells.lstm import LSTMCell
from cello.cells.lstm_variants import CoupledLSTMCell, PeepholeLSTMCell
from cello.cells.projected_lstm import ProjectedLSTMCell
from cello.cells.simple_rnn import SimpleRNNCell
from cello.cells.slstm import SLSTMCell
from cello.cells.small_gated import IndRNNCell, MGUCell, UGRNNCell
from cello.cells.stacked import StackedRNNCells

__all__ = [
    "AttentionCell",
    "CoupledLSTMCell",
    "GRUCell",
    "IndRNNCell",
    "LSTMCell",
    "LayerNormGRUCell",
    "LayerNormLSTMCell",
    "MGUCell",
    "PeepholeLSTMCell",
    "ProjectedLSTMCell",
    "SLSTMCell",
    "SimpleRNNCell",
    "StackedRNNCells",
    "UGRNNCell",
]
