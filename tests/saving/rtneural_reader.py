"""RTNeural's JSON read and computed as its `model_loader.h` and layers do, in plain NumPy.

Written from the published description, for the tests: nothing of Cello is used. Missing keys raise
`KeyError`, as `json::at` throws; sizes come from where the loader takes them, and each element goes
where the loader puts it.
"""

import json

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


ACTIVATIONS = {
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(0, x),
    "sigmoid": sigmoid,
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(),
    "elu": lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1),
}


def back(value):
    """`json::back()`: the last element of an array, or the value itself."""
    return value[-1] if isinstance(value, list) else value


def filled(values, rows, columns):
    """Zeros of this size with `values[i][j]` put at `[i, j]`; more than fits is an error."""
    matrix = np.zeros((rows, columns))
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            matrix[i, j] = value
    return matrix


class Dense:
    def __init__(self, size, out, entry):
        self.out = out
        self.weights = np.zeros((out, size))
        for i, row in enumerate(entry["weights"][0]):
            for j, value in enumerate(row):
                self.weights[j, i] = value
        self.bias = np.array(entry["weights"][1], float)
        assert self.bias.shape == (out,)

    def forward(self, x):
        return self.weights @ x + self.bias


class Conv1D:
    def __init__(self, size, out, entry):
        self.out, self.size = out, size
        self.taps, self.dilation = back(entry["kernel_size"]), back(entry["dilation"])
        self.groups = entry.get("groups", 1)
        self.weights = np.zeros((out, size // self.groups, self.taps))
        for i, tap in enumerate(entry["weights"][0]):
            for j, row in enumerate(tap):
                for k, value in enumerate(row):
                    self.weights[k, j, self.taps - 1 - i] = value
        self.bias = np.array(entry["weights"][1], float)
        assert self.bias.shape == (out,)
        self.past = [np.zeros(size)] * ((self.taps - 1) * self.dilation + 1)  # the newest first

    def forward(self, x):
        self.past = [x, *self.past[:-1]]
        y = self.bias.copy()
        inputs, outputs = self.size // self.groups, self.out // self.groups
        for i in range(self.out):
            first = i // outputs * inputs
            for k in range(self.taps):
                seen = self.past[k * self.dilation][first : first + inputs]
                y[i] += self.weights[i, :, k] @ seen
        return y


class GRU:
    def __init__(self, size, out, entry):
        self.out = out
        kernel, recurrent, bias = entry["weights"]
        self.w, self.u = filled(kernel, size, 3 * out), filled(recurrent, out, 3 * out)
        self.b = filled(bias, 2, 3 * out)
        self.h = np.zeros(out)

    def forward(self, x):
        n = self.out
        z_, r_, c_ = slice(0, n), slice(n, 2 * n), slice(2 * n, 3 * n)
        w, u, b, h = self.w, self.u, self.b, self.h
        z = sigmoid(x @ w[:, z_] + h @ u[:, z_] + b[0, z_] + b[1, z_])
        r = sigmoid(x @ w[:, r_] + h @ u[:, r_] + b[0, r_] + b[1, r_])
        c = np.tanh(x @ w[:, c_] + b[0, c_] + r * (h @ u[:, c_] + b[1, c_]))
        self.h = (1 - z) * c + z * h
        return self.h


class LSTM:
    def __init__(self, size, out, entry):
        self.out = out
        kernel, recurrent, bias = entry["weights"]
        self.w, self.u = filled(kernel, size, 4 * out), filled(recurrent, out, 4 * out)
        self.b = np.array(bias, float)
        assert self.b.shape == (4 * out,)
        self.h = self.c = np.zeros(out)

    def forward(self, x):
        i, f, c, o = np.split(x @ self.w + self.h @ self.u + self.b, 4)
        self.c = sigmoid(f) * self.c + sigmoid(i) * np.tanh(c)
        self.h = sigmoid(o) * np.tanh(self.c)
        return self.h


class BatchNorm:
    def __init__(self, size, out, entry):
        self.out = size
        weights = [np.array(w, float) for w in entry["weights"]]
        affine = len(weights) == 4
        self.gamma, self.beta = weights[:2] if affine else (np.ones(size), np.zeros(size))
        self.mean, variance = weights[2:] if affine else weights
        assert all(w.shape == (size,) for w in weights)
        self.multiplier = self.gamma / np.sqrt(variance + entry["epsilon"])

    def forward(self, x):
        return self.multiplier * (x - self.mean) + self.beta


class Function:
    def __init__(self, size, out, entry):
        self.out = out
        self.forward = ACTIVATIONS[entry["activation"]]


LAYERS = {
    "dense": Dense,
    "time-distributed-dense": Dense,
    "conv1d": Conv1D,
    "gru": GRU,
    "lstm": LSTM,
    "batchnorm": BatchNorm,
}


class Model:
    """`forward(x)` takes `(features,)` and gives the outputs; states stay between calls."""

    def __init__(self, path):
        with open(path) as file:
            parent = json.load(file, parse_constant=self.no_number)
        shape, layers = parent["in_shape"], parent["layers"]
        assert isinstance(shape, list) and len(shape) != 4 and isinstance(layers, list)
        self.size = size = back(shape)
        self.layers = []
        for entry in layers:
            kind, out = entry["type"], back(entry["shape"])
            entry["weights"]  # wanted of every layer
            if kind in LAYERS:
                self.layers.append(LAYERS[kind](size, out, entry))
                size = self.layers[-1].out
            # What is not written is no error in the loader; here it would hide one.
            elif kind != "activation":
                raise ValueError(f"no layer {kind!r}")
            wanted = kind in ("dense", "time-distributed-dense", "conv1d", "activation")
            if wanted and entry.get("activation"):
                self.layers.append(Function(size, out, entry))
        assert self.layers

    @staticmethod
    def no_number(text):
        raise ValueError(f"{text} is not JSON")

    def forward(self, x):
        x = np.asarray(x, float)
        assert x.shape == (self.size,)
        for layer in self.layers:
            x = layer.forward(x)
        return x
