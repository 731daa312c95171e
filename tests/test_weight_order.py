"""The order of a layer's weights is that of their making, frozen or not, and files rely on it."""

import json
import zipfile

import keras
import numpy as np
import pytest

import cello

COMPILATIONS = 60


def odd_layer(library):
    """A layer that freezes while it builds, and names its weights in another order before."""

    class Odd(library.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.last = self.counted = self.first = None

        def build(self, input_shape):
            self.first = self.add_weight(shape=(2,), name="first")
            self.first.trainable = False
            self.counted = self.add_weight(shape=(2,), name="counted", trainable=False)
            self.last = self.add_weight(shape=(2,), name="last")
            self.counted.trainable = True

    layer = Odd()
    layer.build((None, 2))
    return layer


def lstm(library):
    layer = library.layers.LSTM(4)
    layer.build((None, 3, 4))
    layer.weights[0].trainable = False
    return layer


def both_directions(library):
    layer = library.layers.Bidirectional(library.layers.LSTM(4))
    layer.build((None, 3, 4))
    layer.weights[0].trainable = layer.weights[4].trainable = False
    return layer


def normalised(library):
    layer = library.layers.BatchNormalization()
    layer.build((None, 4))
    layer.gamma.trainable = False
    return layer


def made_frozen(library):
    layer = library.layers.Dense(4, trainable=False)
    layer.build((None, 4))
    return layer


def held_by_a_function(library):
    """A layer of whose weights some are no attributes."""

    class Closed(library.layers.Layer):
        def build(self, input_shape):
            first = self.add_weight(shape=(2,), name="first")
            self.second = self.add_weight(shape=(2,), name="second")
            third = self.add_weight(shape=(2,), name="third", trainable=False)
            self.function = lambda x: x * first + self.second + third

        def call(self, x):
            return self.function(x)

    layer = Closed()
    layer.build((None, 2))
    return layer


def described(layer):
    groups = layer.weights, layer.trainable_weights, layer.non_trainable_weights
    return [[v.name for v in group] for group in groups], [v.trainable for v in layer.weights]


@pytest.mark.parametrize(
    "make",
    [odd_layer, lstm, both_directions, normalised, made_frozen, held_by_a_function],
    ids=lambda f: f.__name__,
)
def test_the_order_and_what_is_trained(make):
    ours, theirs = make(cello), make(keras)
    assert described(ours) == described(theirs)
    for trainable in (False, True):  # which reaches the weights, too
        ours.trainable = theirs.trainable = trainable
        assert described(ours) == described(theirs)


def partly_frozen(library):
    """Kernel and recurrent kernel have one shape, and a file that exchanges them looks whole."""
    L = library.layers
    model = library.Sequential([L.Input((3, 4)), L.LSTM(4), L.Dense(1)])
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    model.layers[0].weights[0].trainable = False
    return model


def same_weights(a, b):
    for x, y in zip(a.weights, b.weights, strict=True):
        assert x.name == y.name
        np.testing.assert_array_equal(np.asarray(x), np.asarray(y), x.name)


@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5"])
@pytest.mark.parametrize(("writer", "reader"), [(cello, keras), (keras, cello), (cello, cello)])
def test_files_of_partly_frozen_models(name, writer, reader, tmp_path):
    model = partly_frozen(writer)
    if name == "m.keras":
        model.save(tmp_path / name)
        same_weights(model, reader.models.load_model(tmp_path / name))
        return
    model.save_weights(tmp_path / name)
    frozen, free = partly_frozen(reader), partly_frozen(reader)
    free.trainable = True
    for other in (frozen, free):
        other.set_weights([np.zeros(w.shape) for w in other.weights])
        other.load_weights(tmp_path / name)
        same_weights(model, other)


def test_weights_files_of_keras_2_have_one_order(tmp_path):
    theirs, ours = partly_frozen(keras), partly_frozen(cello)
    theirs.trainable = True
    theirs.save(tmp_path / "m.h5")
    ours.load_weights(tmp_path / "m.h5")
    same_weights(ours, theirs)


def test_the_training_of_a_partly_frozen_model_goes_on(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 4)).astype("float32"), rng.normal(size=(8, 4)).astype("float32")

    def build(library):
        model = library.Sequential([library.layers.Input((4,)), library.layers.Dense(4)])
        model.compile(library.optimizers.Adam(0.05), "mse")
        model.set_weights([np.eye(4), np.zeros(4)])
        model.layers[0].kernel.trainable = False
        return model

    def train(model):
        model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0)
        return model

    whole, theirs, half = (
        train(train(build(cello))),
        train(train(build(keras))),
        train(build(cello)),
    )
    np.testing.assert_array_equal(whole.layers[0].kernel, np.eye(4))
    np.testing.assert_allclose(whole.layers[0].bias, np.asarray(theirs.layers[0].bias), rtol=1e-5)
    half.save(tmp_path / "m.keras")
    again = cello.models.load_model(tmp_path / "m.keras")
    assert [v.trainable for v in again.weights] == [False, True]
    same_weights(train(again), whole)

    theirs.save(tmp_path / "theirs.keras")  # which does not say what was frozen
    with pytest.warns(UserWarning, match="some weights were frozen when it was saved"):
        again = cello.models.load_model(tmp_path / "theirs.keras")
    assert again.optimizer.iterations == 0
    same_weights(again, theirs)


@pytest.mark.parametrize("paths", [7, ["layers/none/vars/0"], [["layers"]]])
def test_a_file_that_calls_frozen_what_is_not_there_is_refused(paths, tmp_path):
    partly_frozen(cello).save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(parts["config.json"])
    assert config["frozen_weights"] == ["layers/lstm/cell/vars/0"]
    parts["config.json"] = json.dumps({**config, "frozen_weights": paths})
    with zipfile.ZipFile(tmp_path / "odd.keras", "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    with pytest.raises(cello.saving.ModelFileError, match="does not have all weights"):
        cello.models.load_model(tmp_path / "odd.keras")
