"""`set_epsilon`: what changes in Keras changes here, by as much."""

import keras
import numpy as np
import pytest

import cello

COMPILATIONS = 350

RNG = np.random.default_rng(5)
TRUE = RNG.uniform(0, 0.2, (4, 3)).astype("float32")
PRED = RNG.uniform(0, 0.2, (4, 3)).astype("float32")
SHARES = PRED / PRED.sum(-1, keepdims=True)
ONE_HOT = np.eye(3, dtype="float32")[[0, 2, 1, 1]]
SMALL = 0.05 * RNG.normal(size=(4, 3)).astype("float32")
WAVE = 1e-3 * RNG.normal(size=(2, 40, 1)).astype("float32")


def of_loss(name, true, pred, **options):
    return lambda k: getattr(k.losses, name)(**options)(true, pred)


def of_metric(name, true, pred, **options):
    def measured(k):
        metric = getattr(k.metrics, name)(**options)
        metric.update_state(true, pred)
        return metric.result()

    return measured


def of_layer(name, x, *args, **options):
    return lambda k: getattr(k.layers, name)(*args, **options)(x)


def kept(name, *args):
    return lambda k: getattr(k.constraints, name)(*args)(k.ops.array(SMALL))


CASES = {
    "percent": of_loss("MeanAbsolutePercentageError", TRUE, PRED),
    "logarithms": of_loss("MeanSquaredLogarithmicError", TRUE, PRED),
    "divergence": of_loss("KLDivergence", TRUE, PRED),
    "poisson": of_loss("Poisson", TRUE, PRED),
    "binary": of_loss("BinaryCrossentropy", ONE_HOT, PRED),
    "focal": of_loss("BinaryFocalCrossentropy", ONE_HOT, PRED),
    "categorical": of_loss("CategoricalCrossentropy", ONE_HOT, SHARES),
    "sparse": of_loss("SparseCategoricalCrossentropy", ONE_HOT.argmax(-1), SHARES),
    "focal categorical": of_loss("CategoricalFocalCrossentropy", ONE_HOT, SHARES),
    "dice": of_loss("Dice", TRUE, PRED),
    "tversky": of_loss("Tversky", TRUE, PRED, alpha=0.3),
    "concordance": of_metric("ConcordanceCorrelation", TRUE, PRED),
    "F1": of_metric("F1Score", ONE_HOT, SHARES, average="weighted"),
    "UnitNorm": kept("UnitNorm"),
    "MaxNorm": kept("MaxNorm", 0.02),
    "MinMaxNorm": kept("MinMaxNorm", 0.5, 1.0),
    "penalty": lambda k: k.regularizers.OrthogonalRegularizer()(k.ops.array(SMALL)),
    "normalization": of_layer("Normalization", SMALL, mean=0.0, variance=1e-4),
    "spectrogram": of_layer("STFTSpectrogram", WAVE, "magnitude", 8),
    "decibels": of_layer("STFTSpectrogram", WAVE, "log", 8),
    "normalize": lambda k: k.ops.normalize(SMALL, order=2),
    "normalize 1": lambda k: k.ops.normalize(SMALL, order=1),
    "rms": lambda k: k.ops.rms_normalization(SMALL),
    "ops": lambda k: k.ops.categorical_crossentropy(ONE_HOT, SHARES),
}


def set_both(value):
    for library in (keras, cello):
        library.config.set_epsilon(value)


def results(library):
    return {name: np.asarray(case(library)) for name, case in CASES.items()}


@pytest.fixture(scope="module")
def kept_results():
    """Cello's with the epsilon there is, and both libraries' with a large one."""
    before = results(cello)
    set_both(0.1)
    try:
        assert cello.backend.epsilon() == cello.config.epsilon() == 0.1
        return before, results(cello), results(keras)
    finally:
        set_both(1e-7)


@pytest.mark.parametrize("case", CASES)
def test_what_keras_divides_by(case, kept_results):
    before, ours, theirs = (found[case] for found in kept_results)
    np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6)
    assert np.abs(ours - before).max() > 1e-3 * np.abs(before).max()  # or it would say nothing


def test_what_is_compiled_already_takes_the_new_one():
    model = cello.Sequential([cello.Input((3,)), cello.layers.Activation("linear")])
    model.compile("sgd", "poisson")
    before = model.evaluate(PRED, TRUE, verbose=0)
    set_both(0.1)
    try:
        want = float(keras.losses.Poisson()(TRUE, PRED))
        np.testing.assert_allclose(model.evaluate(PRED, TRUE, verbose=0), want, rtol=1e-5)
    finally:
        set_both(1e-7)
    assert abs(want - before) > 1e-2


@pytest.mark.parametrize("value", [0.0, -1.0, "1e-5", None, float("nan")])
def test_what_is_none(value):
    with pytest.raises(ValueError, match=r"set_epsilon: value must be a positive number\."):
        cello.config.set_epsilon(value)
