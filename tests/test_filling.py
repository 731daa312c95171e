"""Batches with fewer rows than the others are filled up, and no result is another."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cello
from cello import layers
from cello.core.variable import Binding
from cello.training.feeding import Feeding
from cello.training.filling import is_row_wise

COMPILATIONS = 70
STEPS, FEATURES, ROWS, BATCH = 3, 2, 11, 8  # three rows are left over


def network():
    """Every kind of thing in which rows meet, or random numbers are drawn."""
    inputs = cello.Input((STEPS, FEATURES))
    h = layers.Masking()(inputs)
    h = layers.LSTM(4, return_sequences=True, dropout=0.2, recurrent_dropout=0.2, seed=1)(h)
    h = layers.TimeDistributed(layers.BatchNormalization(momentum=0.5))(h)
    steps = layers.Dense(1, activation="sigmoid", name="steps")(layers.Dropout(0.3, seed=2)(h))
    h = layers.BatchNormalization(momentum=0.5)(layers.GlobalAveragePooling1D()(h))
    classes = layers.Dense(3, activation="softmax", name="classes")(h)
    model = cello.Model(inputs, [steps, classes])
    model.compile(
        cello.optimizers.Adam(0.05),
        ["mse", "sparse_categorical_crossentropy"],
        metrics=[["mae", "auc"], ["accuracy"]],
        weighted_metrics=[["mse"], []],
    )
    return model


@pytest.fixture
def data():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(ROWS, STEPS, FEATURES)).astype("float32")
    x[rng.random((ROWS, STEPS)) < 0.3] = 0  # masked
    y = [
        (rng.random((ROWS, STEPS, 1)) < 0.5).astype("float32"),
        rng.integers(0, 3, (ROWS, 1)).astype("int32"),
    ]
    weights = [rng.random((ROWS, STEPS)).astype("float32"), rng.random(ROWS).astype("float32")]
    return x, y, weights


def trained(x, y, weights, batches):
    """What two epochs leave and say, from arrays or from a list of batches."""
    cello.utils.set_random_seed(5)
    model = network()
    if batches:
        cut = [slice(0, BATCH), slice(BATCH, ROWS)]
        fed = [(x[c], tuple(v[c] for v in y), tuple(w[c] for w in weights)) for c in cut]
        history = model.fit(fed, epochs=2, verbose=0)
    else:
        options = {"batch_size": BATCH, "epochs": 2, "verbose": 0}
        history = model.fit(x, y, sample_weight=weights, validation_data=(x, y, weights), **options)
    found = model.evaluate(x, y, sample_weight=weights, batch_size=BATCH, verbose=0)
    predicted = model.predict(x, batch_size=BATCH, verbose=0)
    return model.get_weights(), history.history, found, predicted


@pytest.mark.parametrize(
    "batches",
    [pytest.param(False, id="arrays"), pytest.param(True, id="batches", marks=pytest.mark.deep)],
)
def test_filling_up_changes_nothing(monkeypatch, data, batches):
    """Dropout, moving averages, masks, weights, losses, metrics: as from the smaller batch."""
    filled = trained(*data, batches)
    monkeypatch.setattr(Feeding, "_fills", lambda *_: False)
    wanted = trained(*data, batches)
    for got, want in zip(jax.tree.leaves(filled), jax.tree.leaves(wanted), strict=True):
        assert np.shape(got) == np.shape(want)
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


def test_a_filled_batch_trains_as_in_keras(data):
    """The mean over the real rows, in the loss, in metrics and in batch normalisation."""
    x, y, weights = data
    found = []
    for k in (keras, cello):
        model = k.Sequential(
            [
                k.Input((STEPS, FEATURES)),
                k.layers.Flatten(),
                k.layers.Dense(3),
                k.layers.BatchNormalization(momentum=0.5),
                k.layers.Activation("softmax"),
            ]
        )
        start = np.random.default_rng(0).normal(size=(STEPS * FEATURES, 3)).astype("float32")
        model.layers[-3 if k is cello else 1].set_weights([start, np.zeros(3, "float32")])
        model.compile(
            k.optimizers.SGD(0.5), "sparse_categorical_crossentropy",
            metrics=["accuracy"], weighted_metrics=[k.metrics.SparseCategoricalCrossentropy()],
        )  # fmt: skip
        fit = model.fit(
            x, y[1], sample_weight=weights[1], batch_size=BATCH, epochs=2, shuffle=False, verbose=0
        )
        found.append([model.get_weights(), dict(fit.history)])
    for got, want in zip(jax.tree.leaves(found[1]), jax.tree.leaves(found[0]), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=1e-5)


def test_lists_of_sequences_are_filled_up_too(monkeypatch):
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(n, FEATURES)).astype("float32") for n in rng.integers(2, 8, ROWS)]
    y = rng.normal(size=(ROWS, 1)).astype("float32")

    def run():
        cello.utils.set_random_seed(0)
        model = cello.Sequential([layers.GRU(3), layers.Dense(1)])
        model.compile("sgd", "mse")
        losses = model.fit(x, y, batch_size=BATCH, epochs=2, verbose=0).history["loss"]
        return losses, model.get_weights(), model.predict(x, batch_size=BATCH, verbose=0)

    filled = run()
    monkeypatch.setattr(Feeding, "_fills", lambda *_: False)
    for got, want in zip(jax.tree.leaves(filled), jax.tree.leaves(run()), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_a_few_programs_serve_any_number_of_rows():
    """Data that grow row by row, as in a walk forward: two programs train, two predict."""
    model = cello.Sequential([cello.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    sizes = range(BATCH + 1, 4 * BATCH + 1)
    for rows in sizes:
        x = np.full((rows, 2), 0.1, "float32")
        model.fit(x, x[:, :1], batch_size=BATCH, verbose=0)
        assert model.predict(x, batch_size=BATCH, verbose=0).shape == (rows, 1)
    programs = model.trainer.programs
    assert programs.runner("train")._compiled._cache_size() == 2
    assert programs.runner("predict")._compiled._cache_size() == 2
    for rows in range(1, BATCH):  # less than a batch: up to the next power of two
        model.predict(np.zeros((rows, 2), "float32"), batch_size=BATCH, verbose=0)
    assert programs.runner("predict")._compiled._cache_size() <= 2 + 2 * 3


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
def test_a_message_shows_what_was_given(method):
    model = cello.Sequential([cello.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    data = [np.zeros((5, 3), "float32"), np.zeros((5, 1), "float32")]
    with pytest.raises(ValueError, match=r"\(None, 2\) and got \(5, 3\)"):
        getattr(model, method)(*data[: 1 if method == "predict" else 2], verbose=0)


class Centred(layers.Layer):
    """A layer in which every row depends on all rows of the batch."""

    def call(self, inputs):
        return inputs - jnp.mean(inputs, axis=0)


def test_what_a_layer_of_ones_own_sees_is_the_batch_itself():
    model = cello.Sequential([cello.Input((2,)), Centred()])
    x = np.random.default_rng(0).normal(size=(ROWS, 2)).astype("float32")
    wanted = np.concatenate([part - part.mean(0) for part in (x[:BATCH], x[BATCH:])])
    np.testing.assert_allclose(
        model.predict(x, batch_size=BATCH, verbose=0), wanted, rtol=1e-5, atol=1e-6
    )


def squashed(x):
    return x / jnp.max(x)


@pytest.mark.parametrize(
    "part, known",
    [
        (layers.Dense(2, activation="tanh"), True),
        (layers.Dense(2, activation=squashed), False),
        (layers.Dense(2, activity_regularizer="l2"), False),
        (layers.Lambda(squashed), False),
        (layers.Concatenate(axis=0), False),
        (layers.Concatenate(axis=-1), True),
        (layers.LayerNormalization(axis=[0, 1]), False),
        (layers.LSTM(2, stateful=True), False),
        (Centred(), False),
        (cello.losses.get("mse"), True),
        (cello.losses.get(lambda y_true, y_pred: jnp.mean(y_true - y_pred)), False),
        (cello.metrics.get("auc"), True),
        (cello.metrics.MeanMetricWrapper(squashed), False),
    ],
)
def test_only_what_is_known_to_keep_rows_apart_is_filled_up(part, known):
    assert is_row_wise(part) is known


def recurrent_layers():
    names = {n.removesuffix("Cell") for n in dir(layers) if n.endswith("Cell") and n[:4] != "Conv"}
    kinds = {n: getattr(layers, n) for n in names if hasattr(layers, n)}
    return sorted(n for n, kind in kinds.items() if "return_sequences" in kind.declared)


@pytest.mark.deep
@pytest.mark.parametrize("name", recurrent_layers())
def test_random_numbers_of_a_row_do_not_depend_on_those_behind_it(name):
    """What a filled batch relies on, in every layer that drops something at each step."""
    kind = getattr(layers, name)
    options = {o: 0.4 for o in ("dropout", "recurrent_dropout", "zoneout") if o in kind.declared}
    if not options:
        pytest.skip("draws no random numbers")
    x = np.random.default_rng(0).normal(size=(8, 3, 4)).astype("float32")

    def run(rows):
        cello.utils.set_random_seed(1)
        layer = kind(4, return_sequences=True, seed=2, **options)
        layer(x[:1])

        def call(x):
            with Binding():
                return layer(x, training=True)

        return np.asarray(jax.jit(call)(x[:rows]))

    np.testing.assert_allclose(run(8)[:5], run(5), rtol=1e-5, atol=1e-6)
