"""Cells: one step of a recurrence each, to be run by `RNN`.

A new one adds its line here; the rest follows.
"""

from cello.cells.attention import AttentionCell
from cello.cells.cell import Cell
from cello.cells.cfc import CfCCell
from cello.cells.convolutional import (
    ConvGRU1DCell,
    ConvGRU2DCell,
    ConvGRU3DCell,
    ConvLSTM1DCell,
    ConvLSTM2DCell,
    ConvLSTM3DCell,
)
from cello.cells.delta_net import DeltaNetCell, GatedDeltaNetCell
from cello.cells.echo_state import EchoStateCell
from cello.cells.feed_forward import FeedForwardCell, TokenShiftFeedForwardCell
from cello.cells.gla import GLACell
from cello.cells.gru import GRUCell
from cello.cells.grud import GRUDCell
from cello.cells.hgrn import HGRNCell
from cello.cells.layer_norm import LayerNormGRUCell, LayerNormLSTMCell
from cello.cells.lru import LRUCell
from cello.cells.lstm import LSTMCell
from cello.cells.lstm_variants import CoupledLSTMCell, PeepholeLSTMCell
from cello.cells.ltc import LTCCell
from cello.cells.mamba import MambaCell
from cello.cells.mamba2 import Mamba2Cell
from cello.cells.min_rnn import MinGRUCell, MinLSTMCell
from cello.cells.mlstm import MLSTMCell
from cello.cells.multiplicative import MultiplicativeIntegrationCell
from cello.cells.ode_rnn import ODERNNCell
from cello.cells.projected_lstm import ProjectedLSTMCell
from cello.cells.qrnn import QRNNCell
from cello.cells.retnet import RetNetCell
from cello.cells.rglru import GriffinCell, RGLRUCell
from cello.cells.rwkv7 import RWKV7Cell
from cello.cells.s4d import S4DCell
from cello.cells.s5 import S5Cell
from cello.cells.simple_rnn import SimpleRNNCell
from cello.cells.slstm import SLSTMCell
from cello.cells.small_gated import IndRNNCell, MGUCell, UGRNNCell
from cello.cells.sru import SRUCell
from cello.cells.stacked import StackedRNNCells
from cello.cells.wrappers import DropConnectCell, DropoutCell, ResidualCell, ZoneoutCell
from cello.core.exports import public as _public

__all__ = _public(globals())
