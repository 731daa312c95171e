"""Files of Keras 2 with `CuDNNLSTM` and `CuDNNGRU` open as `LSTM` and `GRU`."""

import json

import h5py
import keras
import numpy as np
import pytest

import cello

COMPILATIONS = 65


def as_cudnn(kernel, recurrent, bias):
    """Weights of an LSTM or GRU as CuDNN's layers keep them: Keras 2.15's own conversion.

    `convert_rnn_weights` of `keras/saving/legacy/hdf5_format.py`, with `from_cudnn=False`.
    """
    gates = kernel.shape[1] // recurrent.shape[0]
    return [
        np.hstack([k.T.reshape(k.shape, order="C") for k in np.hsplit(kernel, gates)]),
        np.hstack([k.T for k in np.hsplit(recurrent, gates)]),
        np.tile(0.5 * bias, 2) if gates == 4 else bias.reshape(-1),
    ]


def write(path, entry, name, weights, whole):
    """A file as Keras 2 wrote it, of one layer."""
    config = {"name": "sequential", "layers": [entry]}
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = "2.2.4"
        group = file
        if whole:
            file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": config})
            group = file.create_group("model_weights")
        group.attrs["layer_names"] = [name.encode()]
        names = [f"{name}/weight_{i}:0" for i in range(len(weights))]
        layer = group.create_group(name)
        layer.attrs["weight_names"] = [n.encode() for n in names]
        for n, value in zip(names, weights, strict=True):
            layer[n] = value


@pytest.mark.parametrize(
    ("kind", "both", "whole"),
    [("LSTM", False, True), ("GRU", False, True), ("LSTM", True, True), ("GRU", True, False)],
)
def test_a_cudnn_layer_is_the_layer_of_its_name(kind, both, whole, tmp_path):
    rng = np.random.default_rng(0)
    layer = getattr(keras.layers, kind)(4, return_sequences=True)
    theirs = keras.Sequential(
        [keras.Input((None, 3)), keras.layers.Bidirectional(layer) if both else layer]
    )
    theirs.set_weights([rng.normal(size=w.shape) for w in theirs.get_weights()])
    weights = theirs.get_weights()
    weights = [w for i in range(0, len(weights), 3) for w in as_cudnn(*weights[i : i + 3])]
    config = {
        "name": "rnn", "trainable": True, "units": 4, "return_sequences": True,
        "return_state": False, "go_backwards": False, "stateful": False,
        "kernel_initializer": "glorot_uniform", "recurrent_initializer": "orthogonal",
        "bias_initializer": "zeros",
    }  # fmt: skip
    config |= {"unit_forget_bias": True} if kind == "LSTM" else {}
    entry = {"class_name": f"CuDNN{kind}", "config": config}
    if both:
        inner = {"name": "both", "trainable": True, "merge_mode": "concat", "layer": entry}
        entry = {"class_name": "Bidirectional", "config": inner}
    entry["config"]["batch_input_shape"] = [None, None, 3]
    write(tmp_path / "m.h5", entry, "both" if both else "rnn", weights, whole)
    if whole:
        ours = cello.models.load_model(tmp_path / "m.h5")
    else:
        layer = getattr(cello.layers, kind)(4, return_sequences=True)
        layer = cello.layers.Bidirectional(layer) if both else layer
        ours = cello.Sequential([cello.Input((None, 3)), layer])
        ours.load_weights(tmp_path / "m.h5")
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    np.testing.assert_allclose(ours(x), theirs(x), rtol=1e-5, atol=1e-6)
