"""All layers, under Keras' names."""

from cello.cells import (
    AttentionCell,
    GRUCell,
    HGRNCell,
    LRUCell,
    LSTMCell,
    MinGRUCell,
    MinLSTMCell,
    ProjectedLSTMCell,
    QRNNCell,
    RGLRUCell,
    SimpleRNNCell,
    SRUCell,
    StackedRNNCells,
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
from cello.layers.linear import HGRN, LRU, QRNN, RGLRU, SRU, MinGRU, MinLSTM
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
from cello.layers.rnn import GRU, LSTM, RNN, ProjectedLSTM, SimpleRNN
from cello.layers.time_distributed import TimeDistributed

GlobalAvgPool1D = GlobalAveragePooling1D
GlobalMaxPool1D = GlobalMaxPooling1D
MaxPool1D = MaxPooling1D
Convolution1D = Conv1D

__all__ = [
    "GRU",
    "HGRN",
    "LRU",
    "LSTM",
    "QRNN",
    "RGLRU",
    "RNN",
    "SRU",
    "Activation",
    "Add",
    "AdditiveAttention",
    "Attention",
    "AttentionCell",
    "Average",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "Conv1D",
    "Convolution1D",
    "Dense",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GlobalAveragePooling1D",
    "GlobalAvgPool1D",
    "GlobalMaxPool1D",
    "GlobalMaxPooling1D",
    "HGRNCell",
    "Input",
    "InputLayer",
    "InputSpec",
    "LRUCell",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
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
    "Permute",
    "ProjectedLSTM",
    "ProjectedLSTMCell",
    "QRNNCell",
    "RGLRUCell",
    "RepeatVector",
    "Reshape",
    "SRUCell",
    "SimpleRNN",
    "SimpleRNNCell",
    "SpatialDropout1D",
    "StackedRNNCells",
    "Subtract",
    "TimeDistributed",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]
