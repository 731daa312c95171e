"""Weights in files: they come back exactly, or are refused by name."""

import json
import struct
import subprocess
import sys

import numpy as np
import pytest

import cello
from cello import Input, Model, Sequential
from cello.layers import GRU, LSTM, Bidirectional, Dense


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def model(units=4):
    inner = Sequential([Input((None, 6)), GRU(3, name="gru")], name="inner")
    x = Input((None, 2))
    h = Bidirectional(LSTM(3, return_sequences=True), name="both")(x)
    return Model(x, Dense(units, name="head")(inner(h)))


def test_a_reload_is_the_same_model(tmp_path):
    saved, other = model(), model()
    x = normal(2, 5, 2)
    saved.save_weights(tmp_path / "w.safetensors")
    assert np.abs(np.asarray(other(x)) - saved(x)).max() > 1e-3
    other.load_weights(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(other(x), saved(x))
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]


def test_any_reader_of_safetensors_finds_the_weights_by_name(tmp_path):
    from safetensors.numpy import load_file

    saved = model()
    saved.save_weights(str(tmp_path / "w.safetensors"))
    found = load_file(tmp_path / "w.safetensors")
    assert len(found) == len(saved.weights)
    head = [name for name in found if name == "dense/kernel"]
    np.testing.assert_array_equal(found[head[0]], saved.get_layer("head").get_weights()[0])


def test_names_do_not_depend_on_how_many_models_there_were(tmp_path):
    first = Sequential([Input((5, 2)), LSTM(3), Dense(1)])
    second = Sequential([Input((5, 2)), LSTM(3), Dense(1)])
    assert first.layers[0].name != second.layers[0].name
    first.save_weights(tmp_path / "w.safetensors")
    second.load_weights(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(second(normal(1, 5, 2)), first(normal(1, 5, 2)))


def test_another_model_is_refused_and_left_as_it_was(tmp_path):
    saved, other = model(4), model(5)
    saved.save_weights(tmp_path / "w.safetensors")
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"dense/bias: \(5,\) in the model, \(4,\) in the file"):
        other.load_weights(tmp_path / "w.safetensors")
    for a, b in zip(other.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    smaller = Sequential([Input((2,)), Dense(3)])
    with pytest.raises(ValueError, match="Sequential"):
        smaller.load_weights(tmp_path / "w.safetensors")


def test_an_unbuilt_model_says_so(tmp_path):
    with pytest.raises(ValueError, match="no weights to save: call it on data first"):
        Sequential([Dense(3)]).save_weights(tmp_path / "w.safetensors")


def test_no_file_and_broken_files(tmp_path):
    with pytest.raises(FileNotFoundError):
        model().load_weights(tmp_path / "none.safetensors")
    saved = model()
    path = tmp_path / "w.safetensors"
    saved.save_weights(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"w\.safetensors"):
        model().load_weights(path)
    path.write_bytes(struct.pack("<Q", 8) + json.dumps({}).encode().ljust(8))
    with pytest.raises(ValueError):
        model().load_weights(path)


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    saved = model()
    saved.save_weights(path)
    before = path.read_bytes()
    import os

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        saved.save_weights(path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]


def test_a_fresh_process_gives_the_same_numbers(tmp_path):
    saved = Sequential([Input((5, 2)), LSTM(3), Dense(1)])
    saved.save_weights(tmp_path / "w.safetensors")
    x = normal(4, 5, 2)
    np.save(tmp_path / "x.npy", x)
    program = f"""
import numpy as np, cello
from cello.layers import LSTM, Dense, Input
m = cello.Sequential([Input((5, 2)), LSTM(3), Dense(1)])
m.load_weights(r"{tmp_path / "w.safetensors"}")
np.save(r"{tmp_path / "y.npy"}", m.predict(np.load(r"{tmp_path / "x.npy"}"), verbose=0))
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), saved.predict(x, verbose=0))


def test_optional_function_form(tmp_path):
    saved, other = model(), model()
    cello.saving.save_weights(saved, tmp_path / "w.safetensors")
    cello.saving.load_weights(other, tmp_path / "w.safetensors")
    np.testing.assert_array_equal(other(normal(2, 5, 2)), saved(normal(2, 5, 2)))


@pytest.mark.parametrize("name", ["w.h5", "w.keras"])
def test_endings_of_other_formats_are_refused(name, tmp_path):
    with pytest.raises(ValueError, match=r"'w.safetensors' or, for Keras, to 'w.weights.h5'"):
        model().save_weights(tmp_path / name)
    with pytest.raises(ValueError, match=r"'w.safetensors' or, for Keras, to 'w.weights.h5'"):
        cello.callbacks.ModelCheckpoint(tmp_path / "w.h5")
    assert not list(tmp_path.iterdir())
