"""RTNeural's JSON, computed sample by sample by a reader that knows nothing of Cello."""

import json
import runpy
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from cello import Input, Model, Sequential
from cello.layers import (
    GRU,
    LSTM,
    Activation,
    Add,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    LayerNormalization,
    Masking,
    SimpleRNN,
    SpatialDropout1D,
    TimeDistributed,
)

Reader = runpy.run_path(str(Path(__file__).with_name("rtneural_reader.py")))["Model"]


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def randomised(model, seed=0):
    """No two weights alike; variances are positive."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        value = rng.normal(size=weight.shape) * 0.5
        weight.assign(np.abs(value) + 0.1 if weight.name == "moving_variance" else value)
    return model


def sample_by_sample(path, x):
    """What the reader gives after each step: `(batch, time, outputs)`."""
    rows = []
    for row in x:
        reader = Reader(path)
        rows.append([reader.forward(step) for step in row])
    return np.array(rows)


def check(model, x, path):
    model.export(path)
    got, want = sample_by_sample(path, x), model.predict(x, verbose=0)
    got = got if want.ndim == 3 else got[:, -1]
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


activations = st.sampled_from([None, "linear", "tanh", "relu", "sigmoid", "softmax", "elu"])
sizes = st.integers(1, 5)


@st.composite
def chains(draw):
    """Layers on `(batch, time, features)`; the last recurrent one may return its last output."""
    layers, width = [], draw(st.integers(1, 4))
    features = width
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(
            st.sampled_from(["dense", "each", "conv", "lstm", "gru", "norm", "act", "drop"])
        )
        bias = draw(st.booleans())
        if kind in ("dense", "each"):
            width = draw(sizes)
            layer = Dense(width, draw(activations), use_bias=bias)
            layers.append(TimeDistributed(layer) if kind == "each" else layer)
        elif kind == "conv":
            groups = draw(st.sampled_from([g for g in (1, 2, 3) if width % g == 0]))
            width, taps = groups * draw(st.integers(1, 3)), draw(st.integers(1, 3))
            padding = draw(st.sampled_from(["causal", "same", "valid"])) if taps == 1 else "causal"
            layers.append(
                Conv1D(
                    width, taps, padding=padding, dilation_rate=draw(st.integers(1, 3)),
                    groups=groups, activation=draw(activations), use_bias=bias,
                )
            )  # fmt: skip
        elif kind in ("lstm", "gru"):
            width = draw(sizes)
            rnn = {"lstm": LSTM, "gru": GRU}[kind]
            layers.append(rnn(width, return_sequences=True, use_bias=bias, dropout=0.1))
        elif kind == "norm":
            epsilon = draw(st.sampled_from([1e-3, 0.5]))
            layers.append(
                BatchNormalization(epsilon=epsilon, center=bias, scale=draw(st.booleans()))
            )
        elif kind == "act":
            layers.append(Activation(draw(st.sampled_from(["linear", "tanh", "elu", "softmax"]))))
        else:
            layers.append(draw(st.sampled_from([Dropout, SpatialDropout1D]))(0.4))
    last = draw(st.sampled_from([None, LSTM, GRU]))
    layers.append(last(draw(sizes)) if last else Dense(2))
    if last and draw(st.booleans()):
        layers.append(Dense(2, "tanh"))
    return layers, features, draw(st.integers(1, 6)), draw(st.integers(0, 2**31))


@given(chains())
def test_the_same_numbers_sample_by_sample(case):
    layers, features, time, seed = case
    model = randomised(Sequential([Input((None, features)), *layers]), seed)
    with tempfile.TemporaryDirectory() as folder:
        check(model, normal(2, time, features, seed=seed), Path(folder, "m.json"))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Conv1D(6, 3, padding="causal", dilation_rate=2, groups=2, activation="elu"),
        lambda: Conv1D(4, 2, padding="causal", groups=4, use_bias=False),
        lambda: LSTM(3, use_bias=False, return_sequences=True),
        lambda: GRU(3, use_bias=False, return_sequences=True),
        lambda: GRU(3),
        lambda: BatchNormalization(axis=2, epsilon=0.5, scale=False),
        lambda: BatchNormalization(epsilon=0.5, center=False),
        lambda: BatchNormalization(center=False, scale=False),
        lambda: TimeDistributed(Dense(3, "softmax", use_bias=False)),
    ],
)
def test_each_layer_with_its_options(make, tmp_path):
    model = randomised(Sequential([Input((None, 4)), make()]))
    check(model, normal(2, 7, 4), tmp_path / "m.json")


def test_models_in_models_and_graphs_that_are_a_row(tmp_path):
    x = Input((None, 2))
    inner = Sequential([Input((None, 3)), GRU(4, return_sequences=True), Activation("tanh")])
    model = randomised(Model(x, Dense(1)(inner(LSTM(3, return_sequences=True)(x)))))
    check(model, normal(2, 5, 2), tmp_path / "m.json")


def test_inputs_without_time(tmp_path):
    model = randomised(Sequential([Input((3,)), Dense(4, "relu"), BatchNormalization(), Dense(2)]))
    model.export(tmp_path / "m.json")
    x = normal(4, 3)
    got = np.array([Reader(tmp_path / "m.json").forward(row) for row in x])
    np.testing.assert_allclose(got, model.predict(x, verbose=0), rtol=1e-5, atol=1e-5)


def test_a_stateful_model_goes_on_as_rtneural_does(tmp_path):
    model = randomised(
        Sequential([Input(batch_shape=(1, None, 1)), GRU(3, return_sequences=True, stateful=True)])
    )
    model.export(tmp_path / "m.json")
    reader, x = Reader(tmp_path / "m.json"), normal(1, 6, 1)
    got = np.array([reader.forward(step) for step in x[0]])
    want = np.concatenate([np.asarray(model(x[:, :2])), np.asarray(model(x[:, 2:]))], 1)
    np.testing.assert_allclose(got, want[0], rtol=1e-5, atol=1e-5)


def test_the_keys_of_the_format(tmp_path):
    """As in the files that RTNeural's own Python script writes."""
    model = Sequential(
        [
            Input((None, 2)),
            Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu"),
            BatchNormalization(),
            LSTM(3, use_bias=False),
            Dense(1),
        ]
    )
    model.export(tmp_path / "m.json")
    document = json.loads((tmp_path / "m.json").read_text())
    assert document["in_shape"] == [None, None, 2]
    conv, norm, lstm, dense = document["layers"]
    assert [entry["type"] for entry in document["layers"]] == [
        "conv1d",
        "batchnorm",
        "lstm",
        "dense",
    ]
    assert conv["shape"] == [None, None, 4] and lstm["shape"] == [None, 3]
    assert conv["activation"] == "relu" and lstm["activation"] == "tanh"
    assert norm["activation"] == dense["activation"] == ""
    assert conv["kernel_size"] == [3] and conv["dilation"] == [2] and conv["groups"] == 1
    assert norm["epsilon"] == 1e-3 and len(norm["weights"]) == 4
    shapes = [[np.shape(w) for w in entry["weights"]] for entry in (conv, lstm, dense)]
    assert shapes == [[(3, 2, 4), (4,)], [(4, 12), (3, 12), (12,)], [(3, 1), (1,)]]


def graph(merge):
    x = Input((None, 2))
    return Model(x, merge(x))


@pytest.mark.parametrize(
    "layers, message",
    [
        ([Bidirectional(LSTM(3), name="both")], "Bidirectional 'both' .*no such layer.*Conv1D"),
        ([SimpleRNN(3, name="s")], "SimpleRNN 's' "),
        ([LayerNormalization(name="n")], "LayerNormalization 'n' "),
        ([Masking(name="m"), LSTM(3)], "Masking 'm' "),
        ([TimeDistributed(Activation("tanh"), name="t")], "TimeDistributed 't' "),
        ([LSTM(3, activation="relu", name="l")], "LSTM 'l' .activation=relu.: it has tanh only"),
        ([GRU(3, recurrent_activation="hard_sigmoid", name="g")], "GRU 'g' .*sigmoid only"),
        ([GRU(3, reset_after=False, name="g")], "GRU 'g' .reset_after=False"),
        ([GRU(3, go_backwards=True, name="g")], "GRU 'g' .go_backwards=True"),
        ([LSTM(3, return_state=True, name="l")], "LSTM 'l' .it has several inputs or outputs"),
        ([Conv1D(3, 2, name="c")], "Conv1D 'c' .padding='valid'.*use padding=\"causal\""),
        ([Conv1D(3, 2, strides=2, padding="causal", name="c")], "Conv1D 'c' .strides=2"),
        ([Dense(3, "selu", name="d")], "Dense 'd' .activation=selu.: it has linear, tanh, relu"),
        ([Activation(lambda x: x**2, name="a")], "Activation 'a' .activation=<lambda>"),
        ([BatchNormalization(axis=1, name="b"), Dense(2)], "BatchNormalization 'b' .axis=1"),
        ([Dropout(0.2)], "at least one layer that computes"),
    ],
)
def test_what_rtneural_cannot_compute_is_refused_by_name(layers, message, tmp_path):
    model = Sequential([Input((4, 2)), *layers])
    with pytest.raises(ValueError, match=message):
        model.export(tmp_path / "m.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: graph(lambda x: Add(name="sum")([Dense(2)(x), x])), "Add 'sum'|Dense 'dense'"),
        (lambda: graph(lambda x: [Dense(2)(x), Dense(3)(x)]), "in a row"),
        (lambda: graph(lambda x: Dense(2)(x) * 2), "RTNeural cannot compute"),
        (lambda: graph(lambda x: LSTM(2)(x, initial_state=[x[:, 0], x[:, 1]])), "in a row"),
        (lambda: Sequential([Input((3, 4, 2)), Dense(2)]), r"\(None, 3, 4, 2\)"),
        (lambda: Sequential([Input((None,)), Embedding(5, 2, name="e"), LSTM(2)]), "Embedding 'e'"),
        (lambda: Model([a := Input((2,)), Input((2,))], Dense(1)(a)), "one input"),
        (lambda: Sequential([Dense(2)]), "call it on data first"),
    ],
)
def test_other_shapes_of_models_are_refused(make, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        make().export(tmp_path / "m.json")
    assert not list(tmp_path.iterdir())


def test_weights_that_are_no_numbers(tmp_path):
    model = Sequential([Input((None, 2)), LSTM(3, name="broken"), Dense(1)])
    path = tmp_path / "m.json"
    model.export(path)
    before = path.read_bytes()
    weight = model.layers[0].weights[1]
    weight.assign(weight.numpy() * np.where(np.eye(3, 12), np.nan, 1))
    with pytest.raises(ValueError, match=r"LSTM 'broken'\.recurrent_kernel holds NaN or infinity"):
        model.export(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    import os

    model, path = Sequential([Input((2,)), Dense(1)]), tmp_path / "m.json"
    model.export(path)
    before = path.read_bytes()

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        randomised(model).export(path)
    monkeypatch.undo()
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_there_are_no_options(tmp_path):
    with pytest.raises(TypeError, match="indent"):
        Sequential([Input((2,)), Dense(1)]).export(tmp_path / "m.json", indent=4)
