"""What Keras' functions for configurations give, in both libraries."""

import keras
import numpy as np
import pytest

import cello

COMPILATIONS = 10

# By module: what makes an object, and a name that stands for one.
MODULES = {
    "activations": (lambda k: k.activations.relu, "tanh"),
    "constraints": (lambda k: k.constraints.MaxNorm(3), "non_neg"),
    "initializers": (lambda k: k.initializers.Constant(2.0), "ones"),
    "layers": (lambda k: k.layers.LSTM(3, return_sequences=True, name="n"), None),
    "losses": (lambda k: k.losses.BinaryCrossentropy(label_smoothing=0.1), None),
    "metrics": (lambda k: k.metrics.MeanSquaredError(name="n", dtype="float32"), None),
    "optimizers": (lambda k: k.optimizers.SGD(0.5, name="n"), None),
    "optimizers.schedules": (lambda k: k.optimizers.schedules.CosineDecay(0.5, 10, name="n"), None),
    "regularizers": (lambda k: k.regularizers.L2(0.5), "l1"),
}


def module(k, name):
    for part in name.split("."):
        k = getattr(k, part)
    return k


@pytest.mark.parametrize("name", MODULES)
def test_configurations_go_both_ways(name):
    make, named = MODULES[name]
    ours, theirs = make(cello), make(keras)
    for k, made in ((cello, theirs), (keras, ours)):
        other = keras if k is cello else cello
        config = module(other, name).serialize(made)
        again = module(k, name).deserialize(config)
        assert module(k, name).serialize(again) == module(k, name).serialize(make(k))
    if named:
        kinds = [type(module(k, name).deserialize(named)).__name__ for k in (keras, cello)]
        assert kinds[0] == kinds[1]


@pytest.mark.parametrize("k", [keras, cello])
def test_registered_classes_and_functions(k):
    @k.saving.register_keras_serializable(package="cases", name="Twice")
    class Double(k.layers.Layer):
        def call(self, x):
            return 2 * x

    @k.utils.register_keras_serializable(package="cases")
    def triple(x):
        return 3 * x

    for part in (k.saving, k.utils):
        assert part.get_registered_name(Double) == "cases>Twice"
        assert part.get_registered_name(len) == "len"
        assert part.get_registered_object("cases>Twice") is Double
        assert part.get_registered_object("nothing") is None
        assert part.get_registered_object("own", custom_objects={"own": triple}) is triple
    config = k.saving.serialize_keras_object(Double(name="d"))
    assert config["registered_name"] == "cases>Twice"
    assert type(k.saving.deserialize_keras_object(config)) is Double
    assert k.activations.deserialize(k.activations.serialize(triple)) is triple
    layer = k.layers.deserialize(k.layers.serialize(k.layers.Dense(1, activation=triple)))
    assert layer.activation is triple


@pytest.mark.parametrize("k", [keras, cello])
def test_custom_objects_of_a_scope_and_of_the_program(k):
    class Swash(k.layers.Layer):
        def call(self, x):
            return x

    config = k.layers.serialize(Swash())
    for scope in (k.utils.CustomObjectScope, k.saving.custom_object_scope):
        with scope({"Swash": Swash}):
            assert type(k.layers.deserialize(config)) is Swash
    with pytest.raises((TypeError, ValueError), match="Swash"):
        k.layers.deserialize(config)
    assert type(k.layers.deserialize(config, custom_objects={"Swash": Swash})) is Swash
    k.utils.get_custom_objects().update({"Swash": Swash})
    try:
        assert type(k.layers.deserialize(config)) is Swash
    finally:
        del k.utils.get_custom_objects()["Swash"]


def test_objects_of_the_caller_are_given_by_name():
    class Own(cello.layers.Layer):
        def call(self, x):
            return x

    config = cello.layers.serialize(Own())
    assert type(cello.layers.deserialize(config, custom_objects={"Own": Own})) is Own
    with pytest.raises(ValueError, match="Unknown class 'Own'"):
        cello.layers.deserialize(config)
    with pytest.raises(ValueError, match="safe_mode=False is not possible"):
        cello.saving.deserialize_keras_object(config, safe_mode=False)
    loss = cello.losses.deserialize("own", custom_objects={"own": lambda y, p: abs(y - p)})
    np.testing.assert_array_equal(loss(np.ones((2, 1)), np.zeros((2, 1))), 1.0)
