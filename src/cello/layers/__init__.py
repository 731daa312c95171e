"""All layers, under Keras' names."""

from cello.cells import *
from cello.core.exports import public as _public
from cello.core.input_spec import InputSpec
from cello.core.layer import Layer
from cello.core.serialization import deserialize, serialize
from cello.layers.activations import ELU, LeakyReLU, PReLU, ReLU, Softmax
from cello.layers.attention import AdditiveAttention, Attention
from cello.layers.bidirectional import Bidirectional
from cello.layers.blocks import GriffinBlockCell, MambaBlockCell, RWKVBlockCell, XLSTMBlockCell
from cello.layers.category import CategoryEncoding, Discretization
from cello.layers.convolution import (
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    DepthwiseConv1D,
    SeparableConv1D,
)
from cello.layers.dense import Dense
from cello.layers.dropout import (
    AlphaDropout,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
)
from cello.layers.einsum import EinsumDense
from cello.layers.embedding import Embedding, Masking
from cello.layers.function import Activation, ActivityRegularization, Identity, Lambda
from cello.layers.hashing import Hashing
from cello.layers.input import Input, InputLayer
from cello.layers.lookup import IntegerLookup, StringLookup
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
from cello.layers.multi_head import GroupQueryAttention, MultiHeadAttention
from cello.layers.normalization import (
    BatchNormalization,
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)
from cello.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
)
from cello.layers.preprocessing import Normalization, Rescaling
from cello.layers.recurrent import GRU, LSTM, SimpleRNN
from cello.layers.recurrent import layer_of as _layer_of
from cello.layers.reshaping import (
    Cropping1D,
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
    UpSampling1D,
    ZeroPadding1D,
)
from cello.layers.rnn import RNN
from cello.layers.spectrogram import MelSpectrogram, STFTSpectrogram
from cello.layers.text import TextVectorization
from cello.layers.time_distributed import TimeDistributed
from cello.layers.wrapper import Wrapper

for _name in _public(globals()):  # of each cell, unless it is written out above
    _layer = _name.removesuffix("Cell")
    if _layer not in ("", _name, *globals()) and globals()[_name].has_layer:
        globals()[_layer] = _layer_of(globals()[_name])

AvgPool1D, AvgPool2D = AveragePooling1D, AveragePooling2D
MaxPool1D, MaxPool2D = MaxPooling1D, MaxPooling2D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
Convolution1D, Convolution2D = Conv1D, Conv2D
Convolution1DTranspose, SeparableConvolution1D = Conv1DTranspose, SeparableConv1D

__all__ = _public(globals())
