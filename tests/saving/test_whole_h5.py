"""Whole-model `.h5` files: what Cello writes opens in Keras and here, and trains on."""

import json

import h5py
import keras
import numpy as np
import pytest

import cello

COMPILATIONS = 70


def in_a_row(k):
    return k.Sequential([
        k.Input((5, 3)),
        k.layers.Bidirectional(k.layers.GRU(2, return_sequences=True), name="both"),
        k.layers.BatchNormalization(name="norm"),
        k.layers.RNN(k.layers.LSTMCell(2), return_sequences=True, name="cells"),
        k.layers.TimeDistributed(k.layers.Dense(2, activation="tanh"), name="steps"),
        k.layers.Conv1D(2, 2, kernel_regularizer="l2", name="conv"),
        k.layers.GlobalAveragePooling1D(name="mean"),
        k.layers.Dense(1, name="out"),
    ])  # fmt: skip


def in_a_graph(k):
    x = k.Input((5, 3), name="x")
    inner_x = k.Input((5, 3), name="inner_x")
    inner = k.Model(inner_x, k.layers.LSTM(2, name="inner_lstm")(inner_x), name="inner")
    shared = k.layers.Dense(2, name="shared")
    h = k.layers.Concatenate(name="join")([inner(x), shared(k.layers.GRU(2, name="gru")(x))])
    return k.Model(x, k.layers.Dense(1, name="out")(h), name="graph")


X = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32")
Y = np.ones((4, 1), "float32")


@pytest.mark.parametrize("build", [in_a_row, in_a_graph])
def test_keras_and_cello_open_it_and_cello_trains_on(build, tmp_path):
    model = build(cello)
    model.get_layer("out").trainable = False
    model.compile(cello.optimizers.Adam(0.01), "mse", metrics=["mae"])
    model.fit(X, Y, epochs=2, batch_size=4, verbose=0)
    model.save(tmp_path / "m.h5")
    want = model.predict(X, verbose=0)
    model.fit(X, Y, epochs=1, batch_size=4, verbose=0)
    trained = model.predict(X, verbose=0)
    for k in (cello, keras):
        again = k.models.load_model(tmp_path / "m.h5")
        np.testing.assert_allclose(again.predict(X, verbose=0), want, atol=1e-6)
        assert not again.get_layer("out").trainable
        if k is keras:  # cannot train on from a file in this format, its own included
            continue
        again.fit(X, Y, epochs=1, batch_size=4, verbose=0)
        np.testing.assert_allclose(again.predict(X, verbose=0), trained, atol=1e-5)


def test_a_file_of_keras_and_one_of_cello_have_the_same_groups(tmp_path):
    groups = {}
    for k in (keras, cello):
        model = k.Sequential([k.Input((5, 3)), k.layers.Dense(2, name="d")], name="m")
        model.compile("sgd", "mse")
        model.save(tmp_path / "m.h5")
        with h5py.File(tmp_path / "m.h5") as file:
            groups[k] = {"attributes": sorted(file.attrs), "top": sorted(file)}
            groups[k]["layers"] = sorted(file["model_weights"])
            groups[k]["attributes inside"] = sorted(file["model_weights"].attrs)
            config = json.loads(file.attrs["model_config"])
            groups[k]["entry"] = sorted(config)
            groups[k]["layer"] = sorted(config["config"]["layers"][-1])
            groups[k]["weights"] = len(file["model_weights/d"].attrs["weight_names"])
    assert groups[keras] == groups[cello]


def test_keras_files_with_a_schedule_open(tmp_path):
    model = keras.Sequential([keras.Input((5, 3)), keras.layers.Dense(1)])
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), "mse")
    y = np.ones((4, 5, 1), "float32")
    model.fit(X, y, epochs=2, verbose=0)
    model.save(tmp_path / "m.h5")
    again = cello.models.load_model(tmp_path / "m.h5")
    for each in (model, again):
        each.fit(X, y, epochs=1, verbose=0)
    for ours, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_lists_of_names_longer_than_an_attribute(tmp_path):
    cells = [cello.layers.Activation("relu", name=f"{i}_" + "n" * 800) for i in range(45)]
    with pytest.raises(ValueError, match=r"model_config .* an \.h5 file has room for"):
        more = [cello.layers.Activation("relu", name=f"{i}_" + "m" * 2000) for i in range(40)]
        cello.Sequential([cello.Input((2,)), *more]).save(tmp_path / "m.h5")
    model = cello.Sequential([cello.Input((2,)), *cells, cello.layers.Dense(1)])
    model.save(tmp_path / "m.hdf5")
    again = cello.models.load_model(tmp_path / "m.hdf5")
    assert [v.name for v in again.layers] == [v.name for v in model.layers]


def test_what_has_no_place_in_the_file_is_refused(tmp_path):
    class Own(cello.Model):
        def call(self, x):
            return x

    model = Own()
    model(X)
    with pytest.raises(ValueError, match="no class of one's own"):
        model.save(tmp_path / "m.h5")
    row = cello.Sequential([cello.Input((2,)), cello.layers.Dense(1)])
    for name in ("m.weights.h5", "m.txt"):
        with pytest.raises(ValueError, match=r"must end in \.keras or \.h5"):
            row.save(tmp_path / name)
    row.save(tmp_path / "m.h5")
    with pytest.raises(FileExistsError):
        row.save(tmp_path / "m.h5", overwrite=False)
