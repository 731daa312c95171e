"""Every metric against Keras: one row of the table a case, over several batches."""

import inspect
import re

import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras.src.backend.common.masking import set_keras_mask

import cello
from cello.core.masking import set_mask

COMPILATIONS = 480

RNG = np.random.default_rng(0)
BATCHES, SHAPE = 3, (5, 4, 3)
NUMBERS = RNG.normal(size=(2, BATCHES, *SHAPE)).astype("float32")
POSITIVE = RNG.uniform(0.1, 2, size=(2, BATCHES, *SHAPE)).astype("float32")
SHARES = POSITIVE / POSITIVE.sum(-1, keepdims=True)
BITS = RNG.integers(0, 2, (BATCHES, *SHAPE)).astype("float32")
CHANCES = RNG.uniform(0, 1, (BATCHES, *SHAPE)).astype("float32")
SYMBOLS = RNG.integers(0, 3, (BATCHES, *SHAPE[:-1])).astype("int32")
ONE_HOT = np.eye(3, dtype="float32")[SYMBOLS]


def _case(name, true, pred, **options):
    return pytest.param(name, options, true, pred, id=f"{name}-{options}")


CASES = [
    *[
        _case(name, *NUMBERS)
        for name in ("MeanSquaredError", "RootMeanSquaredError", "MeanAbsoluteError")
    ],
    *[_case(name, *NUMBERS) for name in ("LogCoshError", "CosineSimilarity")],
    *[
        _case(name, *POSITIVE)
        for name in ("MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "Poisson")
    ],
    _case("CosineSimilarity", *NUMBERS, axis=2),
    _case("KLDivergence", *SHARES),
    *[_case(name, BITS, CHANCES) for name in ("Hinge", "SquaredHinge", "CategoricalHinge")],
    _case("Accuracy", BITS, np.round(CHANCES)),
    _case("BinaryAccuracy", BITS, CHANCES),
    _case("BinaryAccuracy", BITS, CHANCES, threshold=0.2),
    _case("CategoricalAccuracy", ONE_HOT, SHARES[1]),
    _case("SparseCategoricalAccuracy", SYMBOLS, SHARES[1]),
    _case("TopKCategoricalAccuracy", ONE_HOT, SHARES[1], k=2),
    _case("SparseTopKCategoricalAccuracy", SYMBOLS, SHARES[1], k=2),
    _case("BinaryCrossentropy", BITS, CHANCES),
    _case("BinaryCrossentropy", BITS, NUMBERS[0], from_logits=True, label_smoothing=0.1),
    _case("CategoricalCrossentropy", ONE_HOT, SHARES[1]),
    _case("CategoricalCrossentropy", ONE_HOT, NUMBERS[0], from_logits=True, label_smoothing=0.1),
    _case("SparseCategoricalCrossentropy", SYMBOLS, SHARES[1]),
    _case("SparseCategoricalCrossentropy", SYMBOLS, NUMBERS[0], from_logits=True),
    _case("SparseCategoricalCrossentropy", SYMBOLS, SHARES[1], ignore_class=2),
    *[
        _case(name, BITS, CHANCES, **options)
        for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")
        for options in ({}, {"thresholds": [0.2, 0.8]})
    ],
    *[
        _case(name, BITS, CHANCES, **options)
        for name in ("Precision", "Recall")
        for options in ({}, {"thresholds": 0.7}, {"thresholds": [0.2, 0.8]})
    ],
    _case("AUC", BITS, CHANCES),
    _case("AUC", BITS, CHANCES, num_thresholds=17),
    _case("AUC", BITS, CHANCES, curve="PR"),
]
ALL_FEATURES = {"TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"}
ALL_FEATURES |= {"Precision", "Recall", "AUC", "RootMeanSquaredError"}  # no masks in Keras


def pair(name, **options):
    return getattr(keras.metrics, name)(**options), getattr(cello.metrics, name)(**options)


def close(ours, theirs, tolerance=1e-5):
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name, options, true, pred", CASES)
def test_over_batches(name, options, true, pred):
    theirs, ours = pair(name, **options)
    first = None
    for y_true, y_pred in zip(true, pred, strict=True):
        theirs.update_state(y_true, y_pred), ours.update_state(y_true, y_pred)
        first = np.asarray(ours.result()) if first is None else first
        close(ours.result(), theirs.result())
    ours.reset_state()
    close(ours(true[0], pred[0]), first)


@pytest.mark.parametrize("name, options, true, pred", CASES)
def test_weights(name, options, true, pred):
    theirs, ours = pair(name, **options)
    rows = np.array([0.5, 0.0, 2.0, 1.0, 0.2], "float32")
    for y_true, y_pred in zip(true, pred, strict=True):
        per_feature = name in ALL_FEATURES and name != "RootMeanSquaredError"
        spread = np.broadcast_to(rows[:, None, None], SHAPE)
        theirs.update_state(y_true, y_pred, spread if per_feature else rows[:, None])
        ours.update_state(y_true, y_pred, rows)
    close(ours.result(), theirs.result())


@pytest.mark.parametrize("name", ["BinaryAccuracy", "Accuracy", "RootMeanSquaredError", "AUC"])
@pytest.mark.parametrize("shape", [(2, 2), (4, 3), (5, 4, 3)])
def test_one_weight_an_element(name, shape):
    theirs, ours = pair(name)
    true, pred, weights = (
        np.resize(a, shape) for a in (BITS, np.round(CHANCES, 1), np.abs(NUMBERS))
    )
    close(ours(true, pred, sample_weight=weights), theirs(true, pred, sample_weight=weights))


@pytest.mark.parametrize("name, options, true, pred", CASES)
def test_masks(name, options, true, pred):
    """As in Keras where that honours a mask; elsewhere as if only the real steps had come."""
    if options.get("axis") == 2:
        pytest.skip("the axis of time is reduced")
    theirs, ours = pair(name, **options)
    mask = np.arange(4)[None] < np.array([4, 1, 3, 2, 4])[:, None]
    mask[2, 0] = False
    for y_true, y_pred in zip(true, pred, strict=True):
        seen = jnp.asarray(np.where(mask[..., None], y_pred, np.nan))
        set_mask(seen, jnp.asarray(mask))
        ours.update_state(y_true, seen)
        if name in ALL_FEATURES:
            theirs.update_state(y_true[mask], y_pred[mask])
        else:
            theirs_seen = jnp.asarray(y_pred)
            set_keras_mask(theirs_seen, jnp.asarray(mask))
            theirs.update_state(y_true, theirs_seen)
    close(ours.result(), theirs.result())


@pytest.mark.parametrize("name, options, true, pred", CASES)
def test_configuration(name, options, true, pred):
    ours = getattr(cello.metrics, name)(**options)
    again = cello.metrics.get(cello.core.serialization.serialize(ours))
    close(again(true[0], pred[0]), ours(true[0], pred[0]))
    assert again.get_config() == ours.get_config()


def test_means_and_sums_of_values():
    for name in ("Mean", "Sum"):
        theirs, ours = pair(name)
        for i in range(3):
            values, weights = NUMBERS[0, i], np.abs(NUMBERS[1, i])
            theirs.update_state(values, weights), ours.update_state(values, weights)
        close(ours.result(), theirs.result())


LEFT_OUT = {
    "AUC": {"multi_label", "num_labels", "label_weights"},
    "Precision": {"top_k", "class_id"},
    "Recall": {"top_k", "class_id"},
    "SparseTopKCategoricalAccuracy": {"from_sorted_ids"},
}
NAMES = sorted({case.values[0] for case in CASES} | {"Mean", "Sum"})


@pytest.mark.parametrize("name", NAMES)
def test_signature_and_name(name):
    theirs = inspect.signature(getattr(keras.metrics, name)).parameters
    ours = inspect.signature(getattr(cello.metrics, name)).parameters
    left_out = LEFT_OUT.get(name, set())
    want = {n: p.default for n, p in theirs.items() if n not in left_out}
    assert [n for n in ours if n in want] == list(want)
    for n, default in want.items():
        assert n == "name" or ours[n].default == default, n
    theirs_name = re.sub(r"_\d+$", "", getattr(keras.metrics, name)().name)
    assert getattr(cello.metrics, name)().name == theirs_name


def test_every_metric_is_in_the_table():
    exported = {n for n in cello.metrics.__all__ if n[0].isupper()}
    assert exported - set(NAMES) == {"Metric", "MeanMetricWrapper"}


@pytest.mark.parametrize("name", ["accuracy", "acc"])
@pytest.mark.parametrize(
    "true, pred", [(BITS[..., :1], CHANCES[..., :1]), (ONE_HOT, SHARES[1]), (SYMBOLS, SHARES[1])]
)
def test_accuracy_depends_on_the_shapes(name, true, pred):
    x = keras.Input(pred.shape[2:])
    model = keras.Model(x, keras.layers.Identity()(x))
    model.compile(loss="mse" if true.ndim == pred.ndim else "sparse_categorical_crossentropy",
                  metrics=[name])  # fmt: skip
    want = model.evaluate(pred[0], true[0], verbose=0, return_dict=True)
    ours = cello.metrics.resolve(name, true[0].shape, pred[0].shape)
    close(ours(true[0], pred[0]), want[ours.name])


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown metric 'acuracy'. Did you mean \"accuracy\""):
        cello.metrics.get("acuracy")


def test_any_function_is_a_metric():
    def worst(y_true, y_pred):
        return jnp.max(jnp.abs(y_true - y_pred), axis=-1)

    ours = cello.metrics.get(worst)
    assert ours.name == "worst"
    close(ours(*NUMBERS[:, 0]), np.abs(NUMBERS[0, 0] - NUMBERS[1, 0]).max(-1).mean())
