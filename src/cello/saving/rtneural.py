"""Models as the JSON that RTNeural reads, a library that computes networks sample by sample.

The format is that of RTNeural's `model_loader.h` (Chowdhury 2021): `in_shape` and a list `layers`,
each with `type`, `activation`, `shape` and `weights`, the latter in Keras' shapes and orders. The
loader takes the last number of a shape, and wants every bias.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

import numpy as np

from cello import activations
from cello.core.files import replacing
from cello.layers import (
    GRU,
    LSTM,
    Activation,
    BatchNormalization,
    Conv1D,
    Dense,
    Dropout,
    SpatialDropout1D,
    TimeDistributed,
)

ACTIVATIONS = {
    activations.linear: "",
    activations.tanh: "tanh",
    activations.relu: "relu",
    activations.sigmoid: "sigmoid",
    activations.softmax: "softmax",
    activations.elu: "elu",
}


def write_rtneural(model, filepath) -> None:
    """Write `model` for RTNeural: `RTNeural::json_parser::parseJson`.

    RTNeural is given one step after another, `(features,)`, and holds the states between. Its
    output after each step is what `model` computes from all steps so far.

    Args:
        model: layers in a row, on inputs `(batch, time, features)` or `(batch, features)`: `LSTM`
            and `GRU` with the activations they have by themselves, `Conv1D` with `"causal"`
            padding, `Dense`, `TimeDistributed(Dense)`, `Activation`, `BatchNormalization`; the
            dropout layers are left out.
        filepath: where to write; `.json` is the usual ending.

    Raises:
        ValueError: where RTNeural has no such layer or option, or a weight is not finite; the layer
            is named and nothing is written.
    """
    layers = [entry for layer, shape in _chain(model) if (entry := _entry(layer, shape))]
    if not layers:
        raise ValueError(f"{model}.export: RTNeural needs at least one layer that computes.")
    document = {"in_shape": _list(model.input_shape), "layers": layers}
    with replacing(filepath) as temporary:
        temporary.write_text(json.dumps(document, allow_nan=False), encoding="ascii")


def _chain(model) -> list[tuple[Any, tuple]]:
    """The layers of `model` from its input to its output, each with the shape of its output."""
    graph = model.call_graph
    if graph is None:
        raise ValueError(
            f"{model}.export writes layers in a row for RTNeural: make the model with Sequential "
            "or Model(inputs, outputs), and call it on data first."
        )
    nodes = [node for node in graph.nodes if not node.is_input]
    flowing = graph.inputs
    rank = len(getattr(flowing, "shape", ()))
    if rank not in (2, 3):
        raise ValueError(
            f"{model}.export: RTNeural takes one input of shape (batch, time, features) or (batch, "
            f"features), and this has {model.input_shape}."
        )
    found: list[tuple[Any, tuple]] = []
    for node in nodes:
        plain = len(node.args) == 1 and node.args[0] is flowing and not node.kwargs
        if not plain or not hasattr(node.outputs, "shape"):
            _refuse(
                node.layer,
                "it has several inputs or outputs, or arguments",
                "RTNeural computes layers in a row, each from the one before",
            )
        flowing = node.outputs
        inside = node.layer.call_graph
        found += _chain(node.layer) if inside else [(node.layer, flowing.shape)]
    if graph.outputs is not flowing:
        raise ValueError(
            f"{model}.export: RTNeural gives one output, that of the last layer in a row."
        )
    return found


def _entry(layer, shape) -> dict[str, Any] | None:
    """`layer` as RTNeural's loader wants it; `None` for one that does nothing after training."""
    inner = layer
    if type(layer) is TimeDistributed and type(layer.layer) is Dense:
        inner = layer.layer
    write = _WRITERS.get(type(inner))
    if write is None:
        _refuse(
            layer,
            "it has no such layer",
            "it has "
            + ", ".join(kind.__name__ for kind in _WRITERS)
            + " and TimeDistributed(Dense)",
        )
    entry = write(inner, shape)
    if entry is None:
        return None
    if inner is not layer:
        entry["type"] = "time-distributed-dense"
    for weight in inner.weights:
        if not np.isfinite(np.asarray(weight.numpy(), "float64")).all():
            raise ValueError(
                f"{layer}.{weight.name} holds NaN or infinity, which JSON cannot: the training has "
                "diverged, so load earlier weights or train with a smaller learning rate."
            )
    entry["weights"] = [np.asarray(w, "float64").tolist() for w in entry["weights"]]
    return {**entry, "shape": _list(shape)}


def _dense(layer, shape):
    return {
        "type": "dense",
        "activation": _activation(layer),
        "weights": [layer.kernel.numpy(), _bias(layer, layer.units)],
    }


def _conv1d(layer, shape):
    if layer.padding != "causal" and layer.kernel_size > 1:
        _refuse(layer, f"padding={layer.padding!r}", 'it sees the past only: use padding="causal"')
    if layer.strides > 1:
        _refuse(layer, f"strides={layer.strides}", "it gives a step for each step")
    return {
        "type": "conv1d",
        "activation": _activation(layer),
        "kernel_size": [layer.kernel_size],
        "dilation": [layer.dilation_rate],
        "groups": layer.groups,
        "weights": [layer.kernel.numpy(), _bias(layer, layer.filters)],
    }


def _lstm(layer, shape):
    return _recurrent(layer, "lstm", 4 * layer.units)


def _gru(layer, shape):
    if not layer.reset_after:
        _refuse(layer, "reset_after=False", "train it with reset_after=True")
    return _recurrent(layer, "gru", 2, 3 * layer.units)


def _recurrent(layer, kind, *bias_shape):
    if layer.activation is not activations.tanh:
        _refuse(layer, f"activation={_name(layer.activation)}", "it has tanh only")
    if layer.recurrent_activation is not activations.sigmoid:
        name = _name(layer.recurrent_activation)
        _refuse(layer, f"recurrent_activation={name}", "it has sigmoid only")
    if layer.go_backwards:
        _refuse(layer, "go_backwards=True", "it goes with time")
    cell = layer.cell
    return {
        "type": kind,
        "activation": "tanh",
        "weights": [
            cell.kernel.numpy(), cell.recurrent_kernel.numpy(), _bias(cell, bias_shape)
        ],
    }  # fmt: skip


def _batchnorm(layer, shape):
    if layer.axis not in (-1, len(shape) - 1):
        _refuse(layer, f"axis={layer.axis}", "it normalises features: use axis=-1")
    features = shape[-1]
    gamma_and_beta = []
    if layer.scale or layer.center:
        gamma = layer.gamma.numpy() if layer.scale else np.ones(features)
        gamma_and_beta = [gamma, layer.beta.numpy() if layer.center else np.zeros(features)]
    return {
        "type": "batchnorm",
        "activation": "",
        "epsilon": float(layer.epsilon),
        "weights": [*gamma_and_beta, layer.moving_mean.numpy(), layer.moving_variance.numpy()],
    }


def _activation_layer(layer, shape):
    name = _activation(layer)
    return {"type": "activation", "activation": name, "weights": []} if name else None


def _nothing(layer, shape):
    return None


_WRITERS: dict[type, Any] = {
    Dense: _dense,
    Conv1D: _conv1d,
    LSTM: _lstm,
    GRU: _gru,
    Activation: _activation_layer,
    BatchNormalization: _batchnorm,
    Dropout: _nothing,
    SpatialDropout1D: _nothing,
}


def _bias(layer, shape):
    return np.zeros(shape) if layer.bias is None else layer.bias.numpy()


def _activation(layer) -> str:
    if layer.activation not in ACTIVATIONS:
        known = ", ".join(f.__name__ for f in ACTIVATIONS)
        _refuse(layer, f"activation={_name(layer.activation)}", f"it has {known}")
    return ACTIVATIONS[layer.activation]


def _name(activation) -> str:
    return getattr(activation, "__name__", repr(activation))


def _list(shape) -> list[int | None]:
    return [d if isinstance(d, int) else None for d in shape]


def _refuse(layer, what: str, advice: str) -> NoReturn:
    raise ValueError(f"RTNeural cannot compute {layer} ({what}): {advice}.")
