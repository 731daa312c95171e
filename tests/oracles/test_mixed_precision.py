"""Layers, models and files in `mixed_bfloat16` against float32, Keras and ONNX's runtime."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from in_numpy import outputs_of
from layer_table import CASES, data, gradients, keras_gradients, options, pair
from rounding import MIXED, near, normal, rounded

import cello
from cello import Input, Sequential
from cello.layers import GRU, LSTM, Bidirectional, Dense, LayerNormalization

COMPILATIONS = 1150


@pytest.fixture(autouse=True)
def settings():
    yield
    cello.config.set_dtype_policy(None)


@pytest.fixture(scope="class")
def loop():
    cello.config.engine("scan")
    yield
    cello.config.engine("auto")


# Bins and categories have no weights and give integers or counts; Keras' STFT takes no bfloat16.
WITHOUT_HALVES = {"CategoryEncoding", "Discretization", "STFTSpectrogram"}


def cases():
    """One of each layer; its other options are deep."""
    seen = set()
    for case in CASES:
        name = case.values[0]
        if name not in WITHOUT_HALVES:
            marks = [pytest.mark.deep] if name in seen else []
            yield pytest.param(*case.values, id=case.id, marks=[*case.marks, *marks])
        seen.add(name)


@pytest.mark.parametrize("name, args, kwargs, inputs, mask", list(cases()))
def test_layers_against_float32_and_keras(name, args, kwargs, inputs, mask):
    """Values and gradients, both by the inputs and by the weights."""
    x = rounded(data(inputs))
    mask = mask and name not in ("Activation", "Add", "Concatenate")
    given = options(x, mask)
    theirs, ours = pair(name, args, {**kwargs, "dtype": MIXED}, x)
    _, exact = pair(name, args, kwargs, x)
    y = outputs_of(ours, x, **given)
    assert y.dtype == jnp.bfloat16
    assert {v.dtype for v in ours.weights} <= {jnp.dtype("float32")}
    near(y, outputs_of(exact, x, **given))
    near(y, outputs_of(theirs, x, **given), 16)
    found = gradients(ours, x, given)
    assert {g.dtype for g in jax.tree.leaves(found)} == {jnp.dtype("float32")}
    near(found, gradients(exact, x, given), 12)
    near(found, keras_gradients(theirs, x, given), 24)


def against_keras(name):
    x = normal(3, 7, 4, seed=2)
    ours = getattr(cello.layers, name)(5, return_sequences=True, dtype=MIXED)
    theirs = getattr(keras.layers, name)(5, return_sequences=True, dtype=MIXED)
    ours.build(x.shape), theirs.build(x.shape)
    rng = np.random.default_rng(1)
    weights = [rng.normal(scale=0.4, size=w.shape) for w in theirs.get_weights()]
    ours.set_weights(weights), theirs.set_weights(weights)
    near(outputs_of(ours, x), outputs_of(theirs, x), 16)
    if name == "GRU":  # whose `stateless_call` Keras cannot run in mixed precision
        theirs = getattr(keras.layers, name)(5, return_sequences=True)
        theirs.build(x.shape)
        theirs.set_weights(weights)
    near(gradients(ours, x, {}), keras_gradients(theirs, x, {}), 64)


three = pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])


@three
def test_recurrences_against_keras(name):
    against_keras(name)


@pytest.mark.usefixtures("loop")
class TestInTheLoop:
    @three
    def test_recurrences_against_keras(self, name):
        against_keras(name)


def file_model(library):
    L = library.layers
    return library.Sequential(
        [
            L.Input((None, 3)),
            L.Bidirectional(L.LSTM(4, return_sequences=True, dtype=MIXED), dtype=MIXED),
            L.LayerNormalization(dtype=MIXED),
            L.GRU(4, dtype=MIXED),
            L.Dense(2, dtype="float32"),
        ]
    )


@pytest.mark.parametrize("writer", [cello, keras], ids=["cello", "keras"])
@pytest.mark.parametrize("reader", [cello, keras], ids=["cello", "keras"])
def test_files_keep_the_policies(writer, reader, tmp_path):
    model = file_model(writer)
    model.save(tmp_path / "m.keras")
    again = reader.models.load_model(tmp_path / "m.keras")
    policies = [layer.dtype_policy.name for layer in again.layers if layer.weights]
    assert policies == [MIXED, MIXED, MIXED, "float32"]
    assert again.layers[-4].forward_layer.dtype_policy.name == MIXED
    x = normal(2, 5, 3)
    near(again.predict(x, verbose=0), model.predict(x, verbose=0), 16)
    for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_onnx_files_are_float32(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    cello.config.set_dtype_policy(MIXED)
    model = Sequential(
        [Input((None, 3)), Bidirectional(LSTM(5, return_sequences=True)), LayerNormalization(),
         GRU(4), Dense(2, "softmax")]
    )  # fmt: skip
    model.export(tmp_path / "m.onnx")
    session = runtime.InferenceSession(tmp_path / "m.onnx")
    x = normal(2, 5, 3)
    (found,) = session.run(None, {session.get_inputs()[0].name: x})
    assert found.dtype == np.float32
    near(found, model(x))
