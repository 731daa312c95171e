"""Models that run as streams, one for each way of remembering."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

import cello
from cello import Input, Model, Sequential
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    BatchNormalization,
    Conv1D,
    Dense,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    Layer,
    LayerNormalization,
    LSTMCell,
    Masking,
    MaxPooling1D,
    ProjectedLSTM,
    RMSNormalization,
    SimpleRNN,
    StackedRNNCells,
    TimeDistributed,
)


class Decay(Layer):
    """A cell whose output looks like its state and is another."""

    state_size = 3

    def build(self, input_shape):
        self.rate = self.add_weight((3,), "random_normal", name="rate")

    def call(self, inputs, states):
        state = jax.nn.sigmoid(self.rate.value) * states[0] + jnp.tanh(inputs)
        return state * 2, [state]


class Twice(Model):
    """One layer called twice, and a class with a `call`."""

    def __init__(self):
        super().__init__()
        self.inner = LSTM(3, return_sequences=True)
        self.last = Dense(2)

    def call(self, x):
        return self.last(self.inner(jnp.tanh(self.inner(x))) - x)


def skip():
    x = Input((None, 3))
    h = GRU(3, return_sequences=True)(x)
    inner = Sequential([Input((None, 3)), LSTM(4, return_sequences=True), Dense(3)])
    return Model(x, [cello.layers.Add()([inner(h), h]), LSTM(2)(h)])


def merged():
    """Layers that look at one step at a time."""
    x = Input((None, 3))
    h = cello.layers.SpatialDropout1D(0.5)(cello.layers.Dropout(0.5)(Dense(3)(x)))
    for layer in (cello.layers.Add, cello.layers.Average, cello.layers.Maximum):
        h = layer()([h, cello.layers.Activation("tanh")(x)])
    for layer in (cello.layers.Minimum, cello.layers.Multiply, cello.layers.Subtract):
        h = layer()([x, h])
    return Model(x, cello.layers.Concatenate()([h, x]))


def looking_back():
    """Attention within a window behind each step."""
    h = x = Input((None, 3))
    for layer in (
        cello.layers.MultiHeadAttention(2, 3, sliding_window=4, use_gate=True),
        cello.layers.GroupQueryAttention(2, 4, 2, sliding_window=3),
        cello.layers.MultiHeadAttention(1, 2, sliding_window=1),
    ):
        h = layer(h, h, use_causal_mask=True)
    return Model(x, h)


# What stands between an input (None, 3) and the outputs; every one of them streams.
MODELS = {
    "SimpleRNN": lambda: [SimpleRNN(4, return_sequences=True)],
    "LSTM": lambda: [LSTM(4, return_sequences=True), Dense(2)],
    "GRU": lambda: [GRU(4, return_sequences=True)],
    "GRU, reset before": lambda: [GRU(4, reset_after=False, return_sequences=True)],
    "ProjectedLSTM": lambda: [ProjectedLSTM(4, 3, return_sequences=True)],
    "last output": lambda: [LSTM(4), Dense(2)],
    "own cell, last output": lambda: [RNN(Decay())],
    "own cell": lambda: [RNN(Decay(), return_sequences=True)],
    "learned start": lambda: [LSTM(4, return_sequences=True, initial_state="learned")],
    "two layers": lambda: [LSTM(4, return_sequences=True), GRU(3, return_sequences=True)],
    "cells in a row": lambda: [
        RNN(StackedRNNCells([LSTMCell(3), LSTMCell(4)]), return_sequences=True)
    ],
    "all states": lambda: [RNN(LSTMCell(3), return_sequences=True, return_all_states=True)],
    "dropout": lambda: [LSTM(4, return_sequences=True, dropout=0.5, recurrent_dropout=0.5)],
    "masked": lambda: [Masking(9.0), LSTM(4, return_sequences=True)],
    "masked, learned start": lambda: [
        Masking(9.0),
        LSTM(4, return_sequences=True, initial_state="learned"),
    ],
    "masked, own cell": lambda: [Masking(9.0), RNN(Decay(), return_sequences=True)],
    "masked, own cell, last output": lambda: [Masking(9.0), RNN(Decay())],
    "masked, zeros": lambda: [
        Masking(9.0),
        GRU(4, return_sequences=True, zero_output_for_mask=True),
    ],
    "masked mean": lambda: [Masking(9.0), GlobalAveragePooling1D()],
    "step by step": lambda: [
        TimeDistributed(Dense(4)),
        cello.layers.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d"),
        LayerNormalization(),
        RMSNormalization(),
        BatchNormalization(),
    ],
    "causal": lambda: [
        Conv1D(4, 3, padding="causal", activation="tanh"),
        LSTM(3, return_sequences=True),
    ],
    "dilated": lambda: [Conv1D(4, 3, padding="causal", dilation_rate=4)],
    "causal, strided": lambda: [Conv1D(4, 3, strides=2, padding="causal")],
    "valid": lambda: [Conv1D(4, 3, padding="valid"), GRU(3, return_sequences=True)],
    "valid, strided": lambda: [Conv1D(4, 5, strides=3, padding="valid")],
    "two steps of one": lambda: [
        cello.layers.UpSampling1D(2),
        LSTM(4, return_sequences=True),
    ],
    "four steps, pooled": lambda: [
        GRU(3, return_sequences=True),
        cello.layers.UpSampling1D(4),
        cello.layers.AveragePooling1D(2),
    ],
    "pooled, two steps": lambda: [MaxPooling1D(3), cello.layers.UpSampling1D(2)],
    "categories": lambda: [
        cello.layers.Discretization([-1.0, 0.0, 1.0]),
        cello.layers.IntegerLookup(vocabulary=[0, 3, 1], num_oov_indices=2),
        cello.layers.CategoryEncoding(5, "count"),
    ],
    "valid, spectrogram": lambda: [cello.layers.STFTSpectrogram("psd", 5, 3)],
    "pooled": lambda: [MaxPooling1D(2), LSTM(4, return_sequences=True), Dense(2)],
    "pooled, last output": lambda: [MaxPooling1D(3), LSTM(4)],
    "pooled, own cell": lambda: [MaxPooling1D(3), RNN(Decay())],
    "pooled twice": lambda: [MaxPooling1D(3, strides=2), Conv1D(2, 2, strides=2), MaxPooling1D(2)],
    "mean": lambda: [GlobalAveragePooling1D(), Dense(2)],
    "largest": lambda: [GRU(4, return_sequences=True), GlobalMaxPooling1D()],
    "stateful": lambda: [LSTM(4, return_sequences=True, stateful=True)],
}
BUILD = {name: lambda layers=layers: sequential(layers()) for name, layers in MODELS.items()}
BUILD |= {"graph": skip, "merged": merged, "attention": looking_back}
BUILD["attention, masked"] = lambda: sequential([Masking(9.0), looking_back()])


def sequential(layers):
    stateful = any(getattr(layer, "stateful", False) for layer in layers)
    start = Input(batch_shape=(3, None, 3)) if stateful else Input((None, 3))
    return Sequential([start, *layers])


@functools.cache
def built(name):
    cello.utils.set_random_seed(3)
    made = BUILD[name]()
    rng = np.random.default_rng(1)
    made.set_weights(
        [w + 0.3 * abs(rng.normal(size=w.shape)).astype("float32") for w in made.get_weights()]
    )
    return made


def series(rows, steps, seed=0, masked=False):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, steps, 3)).astype("float32")
    if masked:
        x[rng.random((rows, steps)) < 0.5] = 9.0
    return x
