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
    EchoStateCell,
    GRUCell,
    GRUDCell,
    HGRNCell,
    IndRNNCell,
    LayerNormGRUCell,
    LayerNormLSTMCell,
    LRUCell,
    LSTMCell,
    LTCCell,
    MGUCell,
    MinGRUCell,
    MinLSTMCell,
    ODERNNCell,
    PeepholeLSTMCell,
    ProjectedLSTMCell,
    QRNNCell,
    RGLRUCell,
    SimpleRNNCell,
    SLSTMCell,
    SRUCell,
    StackedRNNCells,
    UGRNNCell,
)
from cello.core.input_spec import InputSpec
from cello.core.layer import Layer
from cello.layers.attention import AdditiveAttention, Attention
from cello.layers.bidirectional import Bidirectional
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
from cello.layers.normalization import BatchNormalization, LayerNormalization
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
EchoState = layer_of(EchoStateCell)
CfC = layer_of(CfCCell)
LTC = layer_of(LTCCell)
GRUD = layer_of(GRUDCell)
ODERNN = layer_of(ODERNNCell)
ConvLSTM1D = layer_of(ConvLSTM1DCell, "keras.layers")
ConvLSTM2D = layer_of(ConvLSTM2DCell, "keras.layers")
ConvLSTM3D = layer_of(ConvLSTM3DCell, "keras.layers")
ConvGRU1D = layer_of(ConvGRU1DCell)
ConvGRU2D = layer_of(ConvGRU2DCell)
ConvGRU3D = layer_of(ConvGRU3DCell)

GlobalAvgPool1D = GlobalAveragePooling1D
GlobalMaxPool1D = GlobalMaxPooling1D
MaxPool1D = MaxPooling1D
Convolution1D = Conv1D

__all__ = [
    "GRU",
    "GRUD",
    "HGRN",
    "LRU",
    "LSTM",
    "LTC",
    "MGU",
    "ODERNN",
    "QRNN",
    "RGLRU",
    "RNN",
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
    "Dense",
    "Dot",
    "Dropout",
    "EchoState",
    "EchoStateCell",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GRUDCell",
    "GlobalAveragePooling1D",
    "GlobalAvgPool1D",
    "GlobalMaxPool1D",
    "GlobalMaxPooling1D",
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
    "Masking",
    "MaxPool1D",
    "MaxPooling1D",
    "Maximum",
    "MinGRU",
    "MinGRUCell",
    "MinLSTM",
    "MinLSTMCell",
    "Minimum",
    "Multiply",
    "ODERNNCell",
    "PeepholeLSTM",
    "PeepholeLSTMCell",
    "Permute",
    "ProjectedLSTM",
    "ProjectedLSTMCell",
    "QRNNCell",
    "RGLRUCell",
    "RepeatVector",
    "Reshape",
    "SLSTMCell",
    "SRUCell",
    "SimpleRNN",
    "SimpleRNNCell",
    "SpatialDropout1D",
    "StackedRNNCells",
    "Subtract",
    "TimeDistributed",
    "UGRNNCell",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]
