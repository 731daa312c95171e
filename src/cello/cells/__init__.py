"""Cells: one step of a recurrence each, to be run by `RNN`."""

from cello.cells.attention import AttentionCell
from cello.cells.cfc import CfCCell
from cello.cells.convolutional import (
    ConvGRU1DCell,
    ConvGRU2DCell,
    ConvGRU3DCell,
    ConvLSTM1DCell,
    ConvLSTM2DCell,
    ConvLSTM3DCell,
)
from cello.cells.echo_state import EchoStateCell
from cello.cells.gru import GRUCell
from cello.cells.grud import GRUDCell
from cello.cells.hgrn import HGRNCell
from cello.cells.layer_norm import LayerNormGRUCell, LayerNormLSTMCell
from cello.cells.lru import LRUCell
from cello.cells.lstm import LSTMCell
from cello.cells.lstm_variants import CoupledLSTMCell, PeepholeLSTMCell
from cello.cells.ltc import LTCCell
from cello.cells.min_rnn import MinGRUCell, MinLSTMCell
from cello.cells.ode_rnn import ODERNNCell
from cello.cells.projected_lstm import ProjectedLSTMCell
from cello.cells.qrnn import QRNNCell
from cello.cells.rglru import RGLRUCell
from cello.cells.simple_rnn import SimpleRNNCell
from cello.cells.slstm import SLSTMCell
from cello.cells.small_gated import IndRNNCell, MGUCell, UGRNNCell
from cello.cells.sru import SRUCell
from cello.cells.stacked import StackedRNNCells

__all__ = [
    "AttentionCell",
    "CfCCell",
    "ConvGRU1DCell",
    "ConvGRU2DCell",
    "ConvGRU3DCell",
    "ConvLSTM1DCell",
    "ConvLSTM2DCell",
    "ConvLSTM3DCell",
    "CoupledLSTMCell",
    "EchoStateCell",
    "GRUCell",
    "GRUDCell",
    "HGRNCell",
    "IndRNNCell",
    "LRUCell",
    "LSTMCell",
    "LTCCell",
    "LayerNormGRUCell",
    "LayerNormLSTMCell",
    "MGUCell",
    "MinGRUCell",
    "MinLSTMCell",
    "ODERNNCell",
    "PeepholeLSTMCell",
    "ProjectedLSTMCell",
    "QRNNCell",
    "RGLRUCell",
    "SLSTMCell",
    "SRUCell",
    "SimpleRNNCell",
    "StackedRNNCells",
    "UGRNNCell",
]
