"""Batches with fewer rows than the others are filled up, and no result is another."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cello
from cello import layers
from cello.core.variable import Binding
from cello.training.apart import is_row_wise
from cello.training.feeding import Feeding

COMPILATIONS = 75
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


def rows_compiled(model, tbptt=None):
    """The sizes of the batches for which `fit` has compiled programs."""
    return {shapes[1] for shapes in model.trainer.programs.runner("train", tbptt)._shapes}


class Half(layers.Layer):
    """A layer of one's own: random numbers, known layers, a table of positions, a counter."""

    def __init__(self):
        super().__init__()
        self.seed_generator = cello.random.SeedGenerator(3)
        self.positions = layers.Embedding(STEPS, FEATURES)
        self.dense = layers.Dense(FEATURES, use_bias=False)
        self.normalised = layers.BatchNormalization(momentum=0.5)

    def build(self, input_shape):
        self.calls = self.add_weight((), "zeros", trainable=False)

    def call(self, x, training=False):
        self.calls.assign(self.calls.value + 1)
        x = x + self.positions(jnp.arange(STEPS))
        if training:
            x = x * jax.random.bernoulli(self.seed_generator.next(), 0.5, x.shape)
        return self.normalised(self.dense(x))


class Mixed(layers.Layer):
    """A cell of one's own."""

    state_size = output_size = 4

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1] + 4, 4))

    def call(self, x, states):
        h = jnp.tanh(jnp.concatenate([x, states[0]], -1) @ self.kernel.value)
        return h, [h]


class Own(cello.Model):
    def __init__(self):
        super().__init__()
        self.halves = layers.TimeDistributed(layers.Lambda(lambda x: x - x.mean(-1)[..., None]))
        self.half, self.rnn = Half(), layers.RNN(Mixed(), return_sequences=True)
        self.dense = layers.Dense(1, activity_regularizer="l2")

    def call(self, x):
        h = self.rnn(self.half(x) + self.halves(x))
        return self.dense(jnp.concatenate([h[:, -1], h.mean(1)], -1))


def distance(y_true, y_pred):
    return jnp.sqrt(jnp.mean((y_true - y_pred) ** 2, -1) + 1)


def test_what_keeps_rows_apart_is_filled_up_whoever_wrote_it(monkeypatch, data):
    x, (_, y), (_, weights) = data

    def run():
        cello.utils.set_random_seed(5)
        model = Own()
        model.compile(cello.optimizers.SGD(0.05), distance, weighted_metrics=[distance])
        model.fit(x, y, sample_weight=weights, batch_size=BATCH, epochs=2, verbose=0)
        return rows_compiled(model), (model.get_weights(), model.history.history)

    sizes, filled = run()
    assert sizes == {BATCH}
    monkeypatch.setattr(Feeding, "_fills", lambda *_: False)
    sizes, wanted = run()
    assert sizes == {BATCH, ROWS - BATCH}
    for got, want in zip(jax.tree.leaves(filled), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


def test_slices_and_penalties_train_as_in_keras(data):
    """A graph with functions of tensors; penalties on outputs are the mean over the real rows."""
    x, (_, y), _ = data
    start = np.random.default_rng(0).normal(size=(FEATURES, 3)).astype("float32")
    found = []
    for k in (keras, cello):
        inputs = k.Input((STEPS, FEATURES))
        h = k.layers.Dense(3, activity_regularizer="l2", use_bias=False)(inputs)
        h = k.ops.concatenate([h[:, -1], k.ops.max(h, axis=1)], axis=-1)
        model = k.Model(inputs, k.ops.sum(h, axis=-1, keepdims=True))
        model.set_weights([start])
        loss = lambda y, p, ops=k.ops: ops.mean(ops.abs(y - p) ** 3, axis=-1)  # noqa: E731
        model.compile(k.optimizers.SGD(0.01), loss, metrics=[loss])
        options = {"batch_size": BATCH, "epochs": 2, "shuffle": False, "verbose": 0}
        history = model.fit(x, y.astype("float32"), **options).history
        found.append([model.get_weights(), dict(history)])
    for got, want in zip(jax.tree.leaves(found[1]), jax.tree.leaves(found[0]), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-4, atol=1e-5)


@pytest.mark.deep
@pytest.mark.parametrize("each_step", [False, True])
@pytest.mark.parametrize("lists", [False, True])
def test_pieces_of_sequences_are_filled_up_too(monkeypatch, each_step, lists):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 7, FEATURES)).astype("float32")
    y = x[:, :, :1] if each_step else x[:, 0, :1]
    if lists:
        lengths = rng.integers(3, 8, ROWS)
        x = [row[:n] for row, n in zip(x, lengths, strict=True)]
        y = [row[:n] for row, n in zip(y, lengths, strict=True)] if each_step else y

    def run():
        cello.utils.set_random_seed(0)
        inputs = cello.Input((None, FEATURES))
        h = layers.LSTM(3, return_sequences=True, dropout=0.2, seed=1)(inputs)
        h = layers.GRU(3, return_sequences=each_step)(h)
        model = cello.Model(inputs, layers.Dense(1, activity_regularizer="l1")(h))
        model.compile("sgd", "mse", metrics=["mae"])
        history = model.fit(x, y, batch_size=BATCH, epochs=2, tbptt=3, verbose=0).history
        return rows_compiled(model, 3), (history, model.get_weights())

    sizes, filled = run()
    assert sizes == {BATCH}
    monkeypatch.setattr(Feeding, "_fills", lambda *_: False)
    for got, want in zip(jax.tree.leaves(filled), jax.tree.leaves(run()[1]), strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-6)


def test_lists_of_sequences_are_filled_up_too(monkeypatch):
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(n, FEATURES)).astype("float32") for n in rng.integers(2, 8, ROWS)]
    y = rng.normal(size=(ROWS, 1)).astype("float32")

    def run():
        cello.utils.set_random_seed(0)
        model = cello.Sequential([layers.GRU(3), layers.Dense(1)])
        model.compile("sgd", distance)
        losses = model.fit(x, y, batch_size=BATCH, epochs=2, verbose=0).history["loss"]
        predicted = model.predict(x, batch_size=BATCH, verbose=0)
        return rows_compiled(model), (losses, model.get_weights(), predicted)

    sizes, filled = run()
    assert sizes == {BATCH}
    monkeypatch.setattr(Feeding, "_fills", lambda *_: False)
    for got, want in zip(jax.tree.leaves(filled), jax.tree.leaves(run()[1]), strict=True):
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


def test_rows_that_meet_are_told_of_and_need_a_program_for_each_size_at_most(caplog):
    """However many batches there are: one each, and those for whole batches."""
    model = cello.Sequential([cello.Input((2,)), Centred(name="centred")])
    with caplog.at_level("INFO", "cello"):
        for rows in range(BATCH + 1, 6 * BATCH):
            model.predict(np.zeros((rows, 2), "float32"), batch_size=BATCH, verbose=0)
    programs = model.trainer.programs.runner("predict")
    assert programs._compiled._cache_size() <= BATCH - 1 + 3
    (told,) = (record.message for record in caplog.records if record.name == "cello")
    assert "predict" in told and "reduce_sum in sequential/centred" in told


def squashed(x):
    return x / jnp.max(x)


@pytest.mark.parametrize(
    "part, known",
    [
        (layers.Dense(2, activation="tanh"), True),
        (layers.Dense(2, activation=squashed), False),
        (layers.Dense(2, activity_regularizer="l2"), True),
        (layers.Dense(2, activity_regularizer=squashed), False),
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
