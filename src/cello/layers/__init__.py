"""All layers, under Keras' names."""

from cello.cells import (
    AttentionCell,
    CfCCell,
    ConvGRU1DCell,
    ConvGRU2DCell,
    ConvGRU3DCell,
    ConvLSTM1DCell,
    ConvLSTM2DCell,
    ConvLSTM3DCell,
    CoupledLSTMCell,
    DeltaNetCell,
    DropConnectCell,
    DropoutCell,
    EchoStateCell,
    FeedForwardCell,
    GatedDeltaNetCell,
    GLACell,
    GriffinCell,
    GRUCell,
    GRUDCell,
    HGRNCell,
    IndRNNCell,
    LayerNormGRUCell,
    LayerNormLSTMCell,
    LRUCell,
    LSTMCell,
    LTCCell,
    Mamba2Cell,
    MambaCell,
    MGUCell,
    MinGRUCell,
    MinLSTMCell,
    MLSTMCell,
    MultiplicativeIntegrationCell,
    ODERNNCell,
    PeepholeLSTMCell,
    ProjectedLSTMCell,
    QRNNCell,
    ResidualCell,
    RetNetCell,
    RGLRUCell,
    RWKV7Cell,
    S4DCell,
    S5Cell,
    SimpleRNNCell,
    SLSTMCell,
    SRUCell,
    StackedRNNCells,
    TokenShiftFeedForwardCell,
    UGRNNCell,
    ZoneoutCell,
)
from cello.core.input_spec import InputSpec
from cello.core.layer import Layer
from cello.layers.attention import AdditiveAttention, Attention
from cello.layers.bidirectional import Bidirectional
from cello.layers.blocks import GriffinBlockCell, MambaBlockCell, RWKVBlockCell, XLSTMBlockCell
from cello.layers.convolution import Conv1D
from cello.layers.dense import Dense
from cello.layers.dropout import Dropout, SpatialDropout1D
from cello.layers.embedding import Embedding, Masking
from cello.layers.function import Activation, Lambda
from cello.layers.input import Input, InputLayer
from cello.layers.merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from cello.layers.normalization import BatchNormalization, LayerNormalization, RMSNormalization
from cello.layers.pooling import GlobalAveragePooling1D, GlobalMaxPooling1D, MaxPooling1D
from cello.layers.reshaping import Flatten, Permute, RepeatVector, Reshape
from cello.layers.rnn import GRU, LSTM, RNN, ProjectedLSTM, SimpleRNN, layer_of
from cello.layers.time_distributed import TimeDistributed

PeepholeLSTM = layer_of(PeepholeLSTMCell)
CoupledLSTM = layer_of(CoupledLSTMCell)
LayerNormLSTM = layer_of(LayerNormLSTMCell)
LayerNormGRU = layer_of(LayerNormGRUCell)
MGU = layer_of(MGUCell)
IndRNN = layer_of(IndRNNCell)
UGRNN = layer_of(UGRNNCell)
SLSTM = layer_of(SLSTMCell)
MinGRU = layer_of(MinGRUCell)
MinLSTM = layer_of(MinLSTMCell)
LRU = layer_of(LRUCell)
RGLRU = layer_of(RGLRUCell)
SRU = layer_of(SRUCell)
QRNN = layer_of(QRNNCell)
HGRN = layer_of(HGRNCell)
Griffin = layer_of(GriffinCell)
GriffinBlock = layer_of(GriffinBlockCell)
MambaBlock = layer_of(MambaBlockCell)
XLSTMBlock = layer_of(XLSTMBlockCell)
RWKVBlock = layer_of(RWKVBlockCell)
S4D = layer_of(S4DCell)
S5 = layer_of(S5Cell)
Mamba = layer_of(MambaCell)
RetNet = layer_of(RetNetCell)
GLA = layer_of(GLACell)
MLSTM = layer_of(MLSTMCell)
DeltaNet = layer_of(DeltaNetCell)
GatedDeltaNet = layer_of(GatedDeltaNetCell)
RWKV7 = layer_of(RWKV7Cell)
Mamba2 = layer_of(Mamba2Cell)
EchoState = layer_of(EchoStateCell)
CfC = layer_of(CfCCell)
LTC = layer_of(LTCCell)
GRUD = layer_of(GRUDCell)
ODERNN = layer_of(ODERNNCell)
ConvLSTM1D = layer_of(ConvLSTM1DCell)
ConvLSTM2D = layer_of(ConvLSTM2DCell)
ConvLSTM3D = layer_of(ConvLSTM3DCell)
ConvGRU1D = layer_of(ConvGRU1DCell)
ConvGRU2D = layer_of(ConvGRU2DCell)
ConvGRU3D = layer_of(ConvGRU3DCell)

GlobalAvgPool1D = GlobalAveragePooling1D
GlobalMaxPool1D = GlobalMaxPooling1D
MaxPool1D = MaxPooling1D
Convolution1D = Conv1D

__all__ = [
    "GLA",
    "GRU",
    "GRUD",
    "HGRN",
    "LRU",
    "LSTM",
    "LTC",
    "MGU",
    "MLSTM",
    "ODERNN",
    "QRNN",
    "RGLRU",
    "RNN",
    "RWKV7",
    "S4D",
    "S5",
    "SLSTM",
    "SRU",
    "UGRNN",
    "Activation",
    "Add",
    "AdditiveAttention",
    "Attention",
    "AttentionCell",
    "Average",
    "BatchNormalization",
    "Bidirectional",
    "CfC",
    "CfCCell",
    "Concatenate",
    "Conv1D",
    "ConvGRU1D",
    "ConvGRU1DCell",
    "ConvGRU2D",
    "ConvGRU2DCell",
    "ConvGRU3D",
    "ConvGRU3DCell",
    "ConvLSTM1D",
    "ConvLSTM1DCell",
    "ConvLSTM2D",
    "ConvLSTM2DCell",
    "ConvLSTM3D",
    "ConvLSTM3DCell",
    "Convolution1D",
    "CoupledLSTM",
    "CoupledLSTMCell",
    "DeltaNet",
    "DeltaNetCell",
    "Dense",
    "Dot",
    "DropConnectCell",
    "Dropout",
    "DropoutCell",
    "EchoState",
    "EchoStateCell",
    "Embedding",
    "FeedForwardCell",
    "Flatten",
    "GLACell",
    "GRUCell",
    "GRUDCell",
    "GatedDeltaNet",
    "GatedDeltaNetCell",
    "GlobalAveragePooling1D",
    "GlobalAvgPool1D",
    "GlobalMaxPool1D",
    "GlobalMaxPooling1D",
    "Griffin",
    "GriffinBlock",
    "GriffinBlockCell",
    "GriffinCell",
    "HGRNCell",
    "IndRNN",
    "IndRNNCell",
    "Input",
    "InputLayer",
    "InputSpec",
    "LRUCell",
    "LSTMCell",
    "LTCCell",
    "Lambda",
    "Layer",
    "LayerNormGRU",
    "LayerNormGRUCell",
    "LayerNormLSTM",
    "LayerNormLSTMCell",
    "LayerNormalization",
    "MGUCell",
    "MLSTMCell",
    "Mamba",
    "Mamba2",
    "Mamba2Cell",
    "MambaBlock",
    "MambaBlockCell",
    "MambaCell",
    "Masking",
    "MaxPool1D",
    "MaxPooling1D",
    "Maximum",
    "MinGRU",
    "MinGRUCell",
    "MinLSTM",
    "MinLSTMCell",
    "Minimum",
    "MultiplicativeIntegrationCell",
    "Multiply",
    "ODERNNCell",
    "PeepholeLSTM",
    "PeepholeLSTMCell",
    "Permute",
    "ProjectedLSTM",
    "ProjectedLSTMCell",
    "QRNNCell",
    "RGLRUCell",
    "RMSNormalization",
    "RWKV7Cell",
    "RWKVBlock",
    "RWKVBlockCell",
    "RepeatVector",
    "Reshape",
    "ResidualCell",
    "RetNet",
    "RetNetCell",
    "S4DCell",
    "S5Cell",
    "SLSTMCell",
    "SRUCell",
    "SimpleRNN",
    "SimpleRNNCell",
    "SpatialDropout1D",
    "StackedRNNCells",
    "Subtract",
    "TimeDistributed",
    "TokenShiftFeedForwardCell",
    "UGRNNCell",
    "XLSTMBlock",
    "XLSTMBlockCell",
    "ZoneoutCell",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]
