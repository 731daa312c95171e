"""A user's program for type checkers: each line that ends in `# wrong` must be reported, no other.

It is read and never run.
"""

from typing import assert_type

import jax
import jax.numpy as jnp
import numpy as np

import cello
from cello import Input, Sequential, ops
from cello.core.symbolic import SymbolicTensor
from cello.layers import (
    GRU,
    LSTM,
    MGU,
    RNN,
    Add,
    Attention,
    Bidirectional,
    ConvLSTM1D,
    Dense,
    Dropout,
    Embedding,
    Layer,
    LSTMCell,
    StackedRNNCells,
)

x = np.zeros((8, 20, 3), "float32")

# Constructors
LSTM(8)
LSTM(units=8, return_sequences=True, kernel_initializer="he_normal", dropout=0.1, name="a")
LSTM(np.int64(8), activation=jnp.tanh, dtype="mixed_bfloat16")
LSTM(8, kernel_initializer=cello.initializers.Orthogonal(seed=1), kernel_regularizer=None)
LSTM("eight")  # wrong
LSTM()  # wrong
LSTM(8, return_sequence=True)  # wrong
LSTM(8, return_sequences="yes")  # wrong
LSTM(8, initial_state="learnt")  # wrong
GRU(8, reset_after=False)
MGU(8, "tanh", return_sequences=True)
MGU(8.5)  # wrong
ConvLSTM1D(4, kernel_size=3, padding="same")
ConvLSTM1D(4, kernel_size=3, padding="some")  # wrong
Dense(3, "softmax")
Dense(3, 4)  # wrong
Dropout("0.5")  # wrong
Embedding(100, 8, mask_zero=True)
Bidirectional(LSTM(4), merge_mode="sum")
Bidirectional(LSTM(4), merge_mode="product")  # wrong
RNN([LSTMCell(4), LSTMCell(4)], return_state=True)
StackedRNNCells([LSTMCell(4)])
LSTMCell(4, unit_forget_bias=False)
LSTMCell(4, return_sequences=True)  # wrong
cello.losses.Huber(delta=2.0)
cello.losses.Huber(gamma=2.0)  # wrong
cello.metrics.TopKCategoricalAccuracy(k=3)
cello.metrics.TopKCategoricalAccuracy(k="3")  # wrong
cello.optimizers.Adam(1e-3, clipnorm=1.0)
cello.optimizers.Adam(cello.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5))
cello.optimizers.Adam(learning_rat=1e-3)  # wrong
cello.initializers.GlorotUniform(sed=3)  # wrong
cello.regularizers.L2(0.01)
cello.regularizers.L2("0.01")  # wrong
cello.constraints.MaxNorm(2, axis=[0, 1])

# Attributes and subclasses
layer: RNN = LSTM(8)
print(layer.cell, LSTM(8).units, MGU(8).units, layer.trainable_weights[0].shape)
print(LSTM(8).unit)  # wrong


class Scale(Layer):
    def __init__(self, factor: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")

    def call(self, inputs):
        return ops.tanh(inputs * self.scale) * self.factor


class CFNCell(cello.cells.Cell):
    def __init__(self, units: int, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units


class CFN(RNN, cell=CFNCell):
    """As docs/new_cell.md has it."""


class Gain(Layer):
    factor = cello.arg(1.0, kind=cello.kinds.number, doc="Factor.")


CFN(16, return_sequences=True)
Gain(factor=2.0, name="gain")
LSTM(8, use_cudnn=False)
Scale(2.0, name="scale")
Scale("2.0")  # wrong
cell: Layer = LSTMCell(3)

# Calls
outputs = LSTM(8)(x)
assert_type(outputs, jax.Array)
print(outputs.shaped)  # wrong
sequences, h, c = LSTM(8, return_sequences=True, return_state=True)(x, initial_state=None)
LSTM(8)(x, initial_states=None)  # wrong
inputs = Input((None, 3))
assert_type(inputs, SymbolicTensor)
y = LSTM(8, return_sequences=True)(inputs)
assert_type(y, SymbolicTensor)
last = Add()([y, y])[:, -1] * 2.0 + 1
assert_type(last, SymbolicTensor)
attended = Attention()([y, y])
together, *states = GRU(8, return_state=True)(inputs)
step, new_states = LSTMCell(3)(x[:, 0], [x[:, 0], x[:, 0]])

# Functions
assert_type(ops.tanh(x), jax.Array)
assert_type(ops.tanh(y), SymbolicTensor)
assert_type(ops.concatenate([y, y], axis=-1), SymbolicTensor)
ops.softmax(x, axis=-1)
ops.tanh()  # wrong
ops.tanh(x, 3)  # wrong
ops.tahn(x)  # wrong
ops.mean(y, axis=1, keepdims=True)
ops.mean(y, keepdim=True)  # wrong
print(ops.cast(x, "int32").shape)
ops.lstm(x, x[0], x[0], return_sequences=False)
ops.lstm(x, x[0], x[0], return_sequence=False)  # wrong

# Models
model = Sequential([Input((None, 3)), LSTM(32), Dense(1)])
model.compile("adam", loss="mse", metrics=["mae"])
model.compile(optimiser="adam")  # wrong
model.fit(x, x[:, 0, :1], epochs=2, validation_split=0.1)
model.fit(x, x[:, 0, :1], epoch=2)  # wrong
predicted = model.predict(x, verbose=0)
print(predicted.shape, predicted[:, 0].mean())
print(predicted.shaped)  # wrong
model.predict(x, batchsize=2)  # wrong
first, second = model.predict(x)
