"""Cells: one step of a recurrence each, to be run by `RNN`."""

from cello.cells.attention import AttentionCell
from cello.cells.feed_forward import FeedForwardCell
from cello.cells.gru import GRUCell
from cello.cells.hgrn import HGRNCell
from cello.cells.layer_norm import LayerNormGRUCell, LayerNormLSTMCell
from cello.cells.lru import LRUCell
from cello.cells.lstm import LSTMCell
from cello.cells.lstm_variants import CoupledLSTMCell, PeepholeLSTMCell
from cello.cells.mamba import MambaCell
from cello.cells.min_rnn import MinGRUCell, MinLSTMCell
from cello.cells.multiplicative import MultiplicativeIntegrationCell
from cello.cells.projected_lstm import ProjectedLSTMCell
from cello.cells.qrnn import QRNNCell
from cello.cells.rglru import GriffinCell, RGLRUCell
from cello.cells.s4d import S4DCell
from cello.cells.s5 import S5Cell
from cello.cells.simple_rnn import SimpleRNNCell
from cello.cells.slstm import SLSTMCell
from cello.cells.small_gated import IndRNNCell, MGUCell, UGRNNCell
from cello.cells.sru import SRUCell
from cello.cells.stacked import StackedRNNCells
from cello.cells.wrappers import DropConnectCell, DropoutCell, ResidualCell, ZoneoutCell

__all__ = [
    "AttentionCell",
    "CoupledLSTMCell",
    "DropConnectCell",
    "DropoutCell",
    "FeedForwardCell",
    "GRUCell",
    "GriffinCell",
    "HGRNCell",
    "IndRNNCell",
    "LRUCell",
    "LSTMCell",
    "LayerNormGRUCell",
    "LayerNormLSTMCell",
    "MGUCell",
    "MambaCell",
    "MinGRUCell",
    "MinLSTMCell",
    "MultiplicativeIntegrationCell",
    "PeepholeLSTMCell",
    "ProjectedLSTMCell",
    "QRNNCell",
    "RGLRUCell",
    "ResidualCell",
    "S4DCell",
    "S5Cell",
    "SLSTMCell",
    "SRUCell",
    "SimpleRNNCell",
    "StackedRNNCells",
    "UGRNNCell",
    "ZoneoutCell",
]
