"""A batch goes the short way if one of its form came before: with the same results and refusals.

The law: what a model gives that has forgotten the batches it knew, which go the long way then.
"""

import jax.numpy as jnp
import numpy as np
import pytest

import cello
from cello import Input, Model, Sequential, layers

COMPILATIONS = 90
RNG = np.random.default_rng(11)


def numbers(*shape):
    return RNG.normal(size=shape).astype("float32")


X, Y = numbers(4, 3), numbers(4, 2)
LABELS = np.array([[0], [1], [1], [0]])


def dense(loss="mae", metrics=("mse",)):
    model = Sequential([Input((3,)), layers.Dense(2), layers.Dense(2)])
    model.compile("sgd", loss, metrics=list(metrics))
    return model


def used(model, x=X, y=Y):
    """The model, after each call took its way twice."""
    for _ in range(2):
        model.train_on_batch(x, y)
        model.test_on_batch(x, y)
        model.predict_on_batch(x)
        model.predict(x, verbose=0)
    return model


def results(model, x, y):
    """What each call gives, and the weights then."""
    found = [model.test_on_batch(x, y), model.train_on_batch(x, y), model.test_on_batch(x, y)]
    return [*found, model.predict_on_batch(x), model.predict(x, verbose=0), *model.get_weights()]


def check_law(model, x=X, y=Y):
    weights = model.get_weights()
    short = results(model, x, y)
    model.set_weights(weights)
    model.trainer.programs.held.ways.clear()
    for found, want in zip(short, results(model, x, y), strict=True):
        np.testing.assert_array_equal(found, want)


def freeze_a_layer(model):
    model.layers[0].trainable = False
    model.compile("sgd", "mae", metrics=["mse"])


def add_a_layer(model):
    model.add(layers.Dense(2))
    model.compile("sgd", "mae", metrics=["mse"])


def assign_a_variable(model):
    model.layers[0].kernel.assign(numbers(3, 2))


def set_the_weights(model):
    model.set_weights([numbers(*w.shape) for w in model.get_weights()])


def change_the_learning_rate(model):
    model.optimizer.learning_rate = 0.3


def compile_anew(model):
    model.compile(cello.optimizers.SGD(0.2), "mse", metrics=["mse", "mae"])


def train_elsewhere(model):
    model.fit(X[:2], Y[:2], verbose=0)


def test_what_changed_between_two_calls_counts():
    model = used(dense())
    for change in (
        assign_a_variable, set_the_weights, change_the_learning_rate, train_elsewhere,
        freeze_a_layer, add_a_layer, compile_anew,
    ):  # fmt: skip
        change(model)
        before = model.get_weights()
        check_law(used(model))
        frozen = np.array_equal(before[0], model.get_weights()[0])
        assert frozen == (not model.layers[0].trainable), change.__name__
        errors = np.mean((np.asarray(model(X)) - Y) ** 2)
        assert model.test_on_batch(X, Y, return_dict=True)["mse"] == pytest.approx(errors, rel=1e-4)


def test_a_layer_frozen_in_a_class_stays_as_it_is():
    """Nothing is compiled by the user again: the next call sees it."""
    model = used(dense())
    model.layers[1].trainable = False
    with pytest.raises(ValueError, match="call compile"):
        model.train_on_batch(X, Y)
    np.testing.assert_allclose(model.predict_on_batch(X), np.asarray(model(X)), rtol=1e-5)


def test_batches_of_another_form_in_between():
    model = used(dense())
    weights = np.array([1.0, 0.0, 2.0, 0.5])
    for x, y in (
        (X[:3], Y[:3]),
        (X.astype("float64"), Y.astype("float64")),
        (np.arange(12).reshape(4, 3), Y),
        (jnp.asarray(X), jnp.asarray(Y)),
    ):
        check_law(used(model, x, y), x, y)
        errors = np.mean(np.abs(np.asarray(model(x)) - y), axis=-1)
        assert model.test_on_batch(x, y)[0] == pytest.approx(np.mean(errors), rel=1e-4)
        if len(x) == 4:
            found = model.test_on_batch(x, y, weights)[0]
            assert found == pytest.approx(np.mean(errors * weights), rel=1e-4)


def test_what_is_refused_is_refused_after_a_good_batch_too():
    """What a batch holds, and not its form alone, decides."""
    loss = cello.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = used(dense(loss, ()), X, LABELS)
    wrong = [
        (X, LABELS + 1, "labels must be from 0"),
        (X, LABELS + 2**40, "whole numbers from"),
        (X, LABELS[:3], "same number of rows"),
        (X, LABELS[:, 0].astype(str), "must hold numbers"),
        (X[:, :2], LABELS, r"\(None, 3\)"),
        (X[0], LABELS, "3"),
        (np.ma.masked_less(X, 0), LABELS, "masked array"),
        (X[:0], LABELS[:0], "no data"),
    ]
    for x, y, message in wrong:
        for method in (model.train_on_batch, model.test_on_batch):
            with pytest.raises(ValueError, match=message):
                method(x, y)
    check_law(model, X, LABELS)


def test_a_list_of_sequences_stays_one():
    """An array of the same numbers, or a list of arrays, is no known form of it."""
    model = Sequential([Input((None, 3)), layers.GRU(2, return_sequences=True)])
    array = numbers(2, 5, 3)
    for _ in range(2):
        assert isinstance(model.predict_on_batch(array), np.ndarray)
        assert isinstance(model.predict_on_batch(list(array)), list)
        cut = [array[0], array[1, :3]]
        outputs = model.predict_on_batch(cut)
        assert [len(v) for v in outputs] == [5, 3]
        for one, output in zip(cut, outputs, strict=True):
            np.testing.assert_allclose(output, model(one[None])[0], rtol=1e-5, atol=1e-6)


def test_several_inputs_by_place_and_by_name():
    a, b = Input((3,), name="a"), Input((2,), name="b")
    model = Model([a, b], layers.Concatenate()([layers.Dense(1)(a), b]))
    for _ in range(2):
        for given in ([X, Y], {"a": X, "b": Y}, {"b": Y, "a": X}):
            for found in (model.predict_on_batch(given), model.predict(given, verbose=0)):
                np.testing.assert_allclose(found[:, 1:], Y)
        with pytest.raises(ValueError, match="missing"):
            model.predict_on_batch({"a": X, "c": Y})


def test_the_size_of_the_batches_of_predict_counts():
    """Three rows are filled up to four, or are two batches; a longer batch is cut."""
    model = dense()
    for _ in range(2):
        for size, rows in ((None, 3), (2, 3), (3, 3), (2, 4), (None, 4)):
            found = model.predict(X[:rows], batch_size=size, verbose=0)
            np.testing.assert_allclose(found, np.asarray(model(X))[:rows], rtol=1e-5, atol=1e-6)
        assert len(model.predict(X, batch_size=2, steps=1, verbose=0)) == 2


class Centred(layers.Layer):
    """Sees the whole batch."""

    def call(self, inputs):
        return inputs - inputs.mean(axis=0)


def test_a_layer_that_sees_the_whole_batch_sees_no_other_rows():
    model = Sequential([Input((3,)), Centred()])
    for _ in range(2):
        found = model.predict(X[:3], verbose=0)
        np.testing.assert_allclose(found, X[:3] - X[:3].mean(axis=0), rtol=1e-5, atol=1e-6)


def test_fractions_for_whole_numbers_are_refused_after_a_good_batch():
    model = Sequential([Input((2,), dtype="int32"), layers.Embedding(5, 2)])
    for _ in range(2):
        assert model.predict_on_batch(np.ones((1, 2))).shape == (1, 2, 2)
        with pytest.raises(ValueError, match="whole numbers"):
            model.predict_on_batch(np.full((1, 2), 0.5))


def test_a_callback_sees_a_batch_that_is_known():
    model, seen = used(dense()), []
    hook = cello.callbacks.LambdaCallback(on_predict_batch_end=lambda batch, logs: seen.append(1))
    model.predict(X, verbose=0, callbacks=hook)
    assert seen == [1]


def test_outputs_are_the_callers_own():
    model = used(dense())
    first = model.predict_on_batch(X)
    kept = first.copy()
    model.predict_on_batch(2 * X)
    np.testing.assert_array_equal(first, kept)
    first[:] = 0  # and can be written


def test_states_go_on():
    model = Sequential([Input(batch_shape=(2, 3, 2)), layers.GRU(2, stateful=True)])
    model.compile("sgd", "mse")
    x = numbers(2, 3, 2)
    whole = Sequential([Input((None, 2)), layers.GRU(2)])
    whole.set_weights(model.get_weights())
    for times in (1, 2, 3):
        want = np.asarray(whole(np.concatenate([x] * times, axis=1)))
        np.testing.assert_allclose(model.predict_on_batch(x), want, rtol=1e-5, atol=1e-6)


def test_a_known_batch_is_spread_where_training_is():
    model = used(dense())
    want = model.predict_on_batch(X)
    with cello.distribution.data_parallel():
        for _ in range(2):
            np.testing.assert_allclose(model.predict_on_batch(X), want, rtol=1e-6)
        spread = {type(v.value.sharding).__name__ for v in model.weights}
    assert spread == {"NamedSharding"}
    np.testing.assert_allclose(model.predict_on_batch(X), want, rtol=1e-6)


def test_a_models_own_reset_of_metrics_is_called():
    class Counting(Model):
        resets = 0

        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

        def reset_metrics(self):
            self.resets += 1
            super().reset_metrics()

    model = Counting()
    model.compile("sgd", "mae")
    for _ in range(3):
        model.train_on_batch(X, Y)
        model.test_on_batch(X, Y)
    assert model.resets == 6
