"""Training, evaluation and prediction against Keras on the same weights, data and order."""

import keras
import numpy as np
import pytest

import cello

COMPILATIONS = 215


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


X, Y = normal(50, 6, 3), normal(50, 2, seed=1)
LABELS = np.random.default_rng(2).integers(0, 3, 50)


def regression(k, **compiled):
    model = k.Sequential([k.Input((6, 3)), k.layers.LSTM(5), k.layers.Dense(2)])
    model.compile(**{"optimizer": "adam", "loss": "mse", **compiled})
    return model


def classifier(k, **compiled):
    layers = [k.Input((6, 3)), k.layers.GRU(5), k.layers.Dense(3, "softmax")]
    model = k.Sequential(layers)
    compiled = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **compiled}
    model.compile(optimizer=k.optimizers.SGD(0.1, momentum=0.9), **compiled)
    return model


def per_step(k, **compiled):
    """Masked sequences with a target a step, with penalties and a constraint."""
    x = k.Input((None, 3))
    h = k.layers.Masking(2.0)(x)
    h = k.layers.SimpleRNN(4, return_sequences=True, kernel_regularizer="l2")(h)
    h = k.layers.LayerNormalization()(h)
    y = k.layers.Dense(2, kernel_constraint="non_neg", activity_regularizer="l1")(h)
    model = k.Model(x, y)
    model.compile(**{"optimizer": "rmsprop", "loss": "mae", "metrics": ["mse"], **compiled})
    return model


def two_headed(k, **compiled):
    a, b = k.Input((6, 3), name="a"), k.Input((2,), name="b")
    h = k.layers.Concatenate()([k.layers.Flatten()(a), b])
    outputs = [k.layers.Dense(2, name="p")(h), k.layers.Dense(1, "sigmoid", name="q")(h)]
    model = k.Model([a, b], outputs)
    compiled = {
        "loss": ["mse", "binary_crossentropy"],
        "loss_weights": [0.3, 2.0],
        "metrics": [["mae"], ["accuracy"]],
        **compiled,
    }
    model.compile(optimizer=k.optimizers.Adam(0.01, clipnorm=0.5), **compiled)
    return model


MASKED = X.copy()
MASKED[::3, 3:] = 2.0
STEPS = normal(50, 6, 2, seed=3)
BINARY = (Y[:, :1] > 0).astype("float32")
CASES = {
    "regression": (regression, X, Y),
    "classifier": (classifier, X, LABELS),
    "per_step": (per_step, MASKED, STEPS),
    "two_headed": (two_headed, [X, Y], [Y, BINARY]),
}


def pair(make, **compiled):
    theirs, ours = make(keras, **compiled), make(cello, **compiled)
    weights = [normal(*w.shape, seed=i) * 0.5 for i, w in enumerate(theirs.get_weights())]
    theirs.set_weights(weights), ours.set_weights(weights)
    return theirs, ours


def alike(ours, theirs, tolerance=1e-4):
    assert list(ours) == list(theirs)
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=tolerance, atol=tolerance)


def same_weights(ours, theirs, tolerance=1e-4):
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    "case",
    [
        case if case in ("per_step", "two_headed") else pytest.param(case, marks=pytest.mark.deep)
        for case in CASES
    ],
)
def test_epochs_are_those_of_keras(case):
    """Two epochs of 50 rows in batches of 16: the last batch is a smaller one."""
    make, x, y = CASES[case]
    theirs, ours = pair(make)
    options = {"epochs": 2, "batch_size": 16, "shuffle": False, "verbose": 0}
    options["validation_data"] = (x, y)
    want, got = theirs.fit(x, y, **options), ours.fit(x, y, **options)
    assert set(got.history) == set(want.history)
    if case == "per_step":  # on JAX, Keras forgets the mask in the metrics of training
        del want.history["mse"]
    alike({k: got.history[k] for k in want.history}, want.history)
    same_weights(ours, theirs)
    want = theirs.evaluate(x, y, batch_size=16, verbose=0, return_dict=True)
    got = ours.evaluate(x, y, batch_size=16, verbose=0, return_dict=True)
    alike({k: got[k] for k in want}, want)
    want, got = (model.evaluate(x, y, batch_size=16, verbose=0) for model in (theirs, ours))
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)  # numbers in Keras' order
    want, got = theirs.predict(x, verbose=0), ours.predict(x, verbose=0)
    want, got = (p if isinstance(p, list) else [p] for p in (want, got))
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def test_weights_of_rows_and_classes():
    rows = np.random.default_rng(5).uniform(0, 2, 50).astype("float32")
    theirs, ours = pair(classifier, weighted_metrics=["accuracy"])
    options = {"epochs": 1, "batch_size": 16, "shuffle": False, "verbose": 0}
    for given in ({"sample_weight": rows}, {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}}):
        want, got = (
            theirs.fit(X, LABELS, **options, **given),
            ours.fit(X, LABELS, **options, **given),
        )
        alike({k: got.history[k] for k in want.history}, want.history)
        same_weights(ours, theirs)
    options = {"sample_weight": rows, "verbose": 0, "return_dict": True}
    want, got = theirs.evaluate(X, LABELS, **options), ours.evaluate(X, LABELS, **options)
    alike({k: got[k] for k in want}, want)


def test_weights_of_steps():
    steps = np.random.default_rng(5).uniform(0, 2, (50, 6)).astype("float32")
    theirs, ours = pair(per_step)
    options = {"epochs": 1, "shuffle": False, "verbose": 0, "sample_weight": steps}
    want, got = theirs.fit(MASKED, STEPS, **options), ours.fit(MASKED, STEPS, **options)
    alike({"loss": got.history["loss"]}, {"loss": want.history["loss"]})
    same_weights(ours, theirs)


def test_metrics_of_training_see_the_mask():
    ours = per_step(cello, optimizer=cello.optimizers.SGD(1e-12))
    _, mse = ours.evaluate(MASKED, STEPS, verbose=0)
    history = ours.fit(MASKED, STEPS, batch_size=50, verbose=0).history
    np.testing.assert_allclose(history["mse"], [mse], rtol=1e-5)


def test_the_last_part_is_kept_for_validation():
    theirs, ours = pair(regression)
    options = {"epochs": 2, "validation_split": 0.3, "shuffle": False, "verbose": 0}
    want, got = theirs.fit(X, Y, **options), ours.fit(X, Y, **options)
    alike({k: got.history[k] for k in want.history}, want.history)


def test_single_batches():
    theirs, ours = pair(classifier)
    for rows in (slice(0, 20), slice(20, 50)):
        want = theirs.train_on_batch(X[rows], LABELS[rows])
        got = ours.train_on_batch(X[rows], LABELS[rows])
        if rows.start == 0:  # Keras' numbers go on from batch to batch; see the docstring
            np.testing.assert_allclose(got, want, rtol=1e-4)
    same_weights(ours, theirs)
    theirs.reset_metrics()
    np.testing.assert_allclose(
        ours.test_on_batch(X, LABELS), theirs.test_on_batch(X, LABELS), rtol=1e-4
    )
    np.testing.assert_allclose(
        ours.predict_on_batch(X), theirs.predict_on_batch(X), rtol=1e-4, atol=1e-5
    )


def test_batches_of_other_lengths_with_a_target_a_step():
    """Metrics count each step alike; Keras' count each row alike."""
    batches = [(normal(2, n, 3, seed=n), normal(2, n, 2)) for n in (5, 7, 3)]
    theirs, ours = pair(per_step)
    squares = [np.mean((np.asarray(ours(x)) - y) ** 2, -1) for x, y in batches]
    loss, mse = ours.evaluate((b for b in batches), steps=3, verbose=0)
    assert mse == pytest.approx(np.mean(np.concatenate(squares, 1)), rel=1e-4)
    want, _ = theirs.evaluate((b for b in batches), steps=3, verbose=0)
    assert loss == pytest.approx(want, rel=1e-4)
    for model in (ours, theirs):
        model.fit((b for b in batches), steps_per_epoch=3, shuffle=False, verbose=0)
    same_weights(ours, theirs)


def test_stateful_layers_go_on_from_batch_to_batch():
    """The second half starts where the first ended: as a whole sequence does.

    Keras' own `fit` starts each batch anew on JAX, so that it is no oracle here.
    """

    def make(stateful):
        layers = [cello.layers.LSTM(4, stateful=stateful, return_sequences=True)]
        model = cello.Sequential(
            [cello.Input(batch_shape=(10, None, 3)), *layers, cello.layers.Dense(2)]
        )
        model.compile(cello.optimizers.SGD(1e-12), "mse")
        return model

    whole, halves = make(False), make(True)
    halves.set_weights(whole.get_weights())
    x, y = normal(10, 12, 3), normal(10, 12, 2, seed=1)
    both = [halves.predict(part, batch_size=10, verbose=0) for part in (x[:, :6], x[:, 6:])]
    np.testing.assert_allclose(
        np.concatenate(both, 1), whole.predict(x, batch_size=10, verbose=0), atol=1e-6
    )
    halves.layers[0].reset_state()
    rows = np.concatenate([x[:, :6], x[:, 6:]])  # two batches
    targets = np.concatenate([y[:, :6], y[:, 6:]])
    history = halves.fit(rows, targets, batch_size=10, shuffle=False, verbose=0).history
    want = whole.evaluate(x, y, batch_size=10, verbose=0)
    np.testing.assert_allclose(history["loss"], [want], rtol=1e-5)
