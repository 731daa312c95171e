"""Every loss against Keras: one row of the table a case."""

import inspect

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras.src.backend.common.masking import set_keras_mask

import cello
from cello.core.masking import real_rows, set_mask

COMPILATIONS = 540

SHAPE = (4, 6, 3)
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(2, *SHAPE)).astype("float32")
POSITIVE = RNG.uniform(0.1, 2, size=(2, *SHAPE)).astype("float32")
SHARES = POSITIVE / POSITIVE.sum(-1, keepdims=True)
BITS = (
    RNG.integers(0, 2, SHAPE).astype("float32"),
    RNG.uniform(0.05, 0.95, SHAPE).astype("float32"),
)
SYMBOLS = RNG.integers(0, 3, SHAPE[:-1]).astype("int32")
ONE_HOT = np.eye(3, dtype="float32")[SYMBOLS]
LOGITS = NUMBERS[1]


def _case(name, true, pred, **options):
    return pytest.param(name, options, true, pred, id=f"{name}-{options}")


CASES = [
    _case("MeanSquaredError", *NUMBERS),
    _case("MeanAbsoluteError", *NUMBERS),
    _case("MeanAbsolutePercentageError", *POSITIVE),
    _case("MeanSquaredLogarithmicError", *POSITIVE),
    _case("Huber", *NUMBERS),
    _case("Huber", *NUMBERS, delta=0.3),
    _case("LogCosh", *NUMBERS),
    _case("KLDivergence", *SHARES),
    _case("Poisson", *POSITIVE),
    _case("Hinge", *BITS),
    _case("Hinge", 2 * BITS[0] - 1, BITS[1]),
    _case("SquaredHinge", *BITS),
    _case("CategoricalHinge", ONE_HOT, SHARES[1]),
    _case("CosineSimilarity", *NUMBERS),
    _case("CosineSimilarity", *NUMBERS, axis=1),
    _case("BinaryCrossentropy", *BITS),
    _case("BinaryCrossentropy", BITS[0], LOGITS, from_logits=True, label_smoothing=0.2),
    _case("BinaryFocalCrossentropy", *BITS),
    _case("BinaryFocalCrossentropy", *BITS, apply_class_balancing=True, alpha=0.7, gamma=1.5),
    _case("BinaryFocalCrossentropy", BITS[0], LOGITS, from_logits=True, label_smoothing=0.1),
    _case("CategoricalCrossentropy", ONE_HOT, SHARES[1]),
    _case("CategoricalCrossentropy", ONE_HOT, POSITIVE[0], label_smoothing=0.3),
    _case("CategoricalCrossentropy", ONE_HOT, LOGITS, from_logits=True),
    _case("CategoricalFocalCrossentropy", ONE_HOT, SHARES[1]),
    _case("CategoricalFocalCrossentropy", ONE_HOT, LOGITS, from_logits=True, label_smoothing=0.1),
    _case("CategoricalFocalCrossentropy", ONE_HOT, SHARES[1], alpha=[0.2, 1.0, 3.0], gamma=0.7),
    _case("CategoricalGeneralizedCrossEntropy", SYMBOLS, SHARES[1]),
    _case("CategoricalGeneralizedCrossEntropy", SYMBOLS, SHARES[1], q=0.2),
    _case("Dice", *BITS, axis=2),
    _case("Tversky", *BITS, axis=2, alpha=0.3, beta=0.6),
    _case("SparseCategoricalCrossentropy", SYMBOLS, SHARES[1]),
    _case("SparseCategoricalCrossentropy", SYMBOLS, LOGITS, from_logits=True),
    _case("SparseCategoricalCrossentropy", SYMBOLS, SHARES[1], ignore_class=2),
]


def pair(name, **options):
    return getattr(keras.losses, name)(**options), getattr(cello.losses, name)(**options)


def close(ours, theirs, tolerance=1e-5):
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def values(loss, true, pred):
    """The shape of the loss's own values: the outputs without the axis it reduces."""
    return np.shape(loss.call(jnp.asarray(true), jnp.asarray(pred)))


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean", "none", None])
@pytest.mark.parametrize("name, options, true, pred", CASES)
def test_values(name, options, true, pred, reduction):
    theirs, ours = pair(name, **options, reduction=reduction)
    close(ours(true, pred), theirs(true, pred))
    rows = np.array([0.5, 0.0, 2.0, 1.0], "float32")
    want = theirs(true, pred, rows[:, None])
    close(ours(true, pred, rows), want)  # Keras takes no weight a row where there are steps
    close(ours(true, pred, rows[:, None]), want)
    each = np.random.default_rng(1).uniform(0, 2, values(ours, true, pred)).astype("float32")
    close(ours(true, pred, each), theirs(true, pred, each))


@pytest.mark.parametrize("name, options, true, pred", CASES)
def test_mean_by_the_weights(name, options, true, pred):
    theirs, ours = pair(name, **options, reduction="mean_with_sample_weight")
    rows = np.array([0.5, 0.0, 2.0, 1.0], "float32")
    close(ours(true, pred, rows), theirs(true, pred, rows[:, None]))
    close(ours(true, pred, 0 * rows), 0.0)


@pytest.mark.parametrize("name, options, true, pred", CASES)
def test_gradients(name, options, true, pred):
    theirs, ours = pair(name, **options)
    rows = np.array([[0.5], [0.1], [2.0], [1.0]], "float32")
    ours, theirs = (
        jax.grad(lambda p, loss=loss: loss(true, p, rows))(jnp.asarray(pred))
        for loss in (ours, theirs)
    )
    close(ours, theirs, 1e-4)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", None])
@pytest.mark.parametrize("name, options, true, pred", CASES)
def test_masks(name, options, true, pred, reduction):
    theirs, ours = pair(name, **options, reduction=reduction)
    if options.get("axis") == 1:
        pytest.skip("the axis of time is reduced")
    mask = np.arange(6)[None] < np.array([6, 1, 3, 4])[:, None]
    mask[2, 0] = False
    seen, masked = jnp.asarray(pred), jnp.asarray(pred)
    set_mask(masked, jnp.asarray(mask))
    set_keras_mask(seen, jnp.asarray(mask))
    want = theirs(true, seen)
    close(ours(true, masked), want)
    weights = np.random.default_rng(2).uniform(0, 2, mask.shape).astype("float32")
    close(ours(true, masked, weights), theirs(true, seen, weights))
    spoiled = jnp.asarray(np.where(mask[..., None], pred, np.nan))

    def of(p):
        set_mask(p, jnp.asarray(mask))
        return jnp.sum(ours(true, p))

    close(of(spoiled), jnp.sum(want))
    assert np.isfinite(jax.grad(of)(spoiled)).all()


@pytest.mark.parametrize("name, options, true, pred", CASES)
def test_functions_and_configurations(name, options, true, pred):
    ours = getattr(cello.losses, name)(**options)
    again = cello.losses.get({**cello.core.serialization.serialize(ours)})
    close(again(true, pred), ours(true, pred))
    assert again.get_config() == ours.get_config()
    options = {"q": 0.5, **options} if "Generalized" in name else options
    functions = [getattr(library.losses, ours._function) for library in (cello, keras)]
    found, want = (function(true, jnp.asarray(pred), **options) for function in functions)
    close(found, want)
    again, keras_parameters = (inspect.signature(f).parameters.values() for f in functions)
    assert [(p.name, p.default) for p in again] == [(p.name, p.default) for p in keras_parameters]


NAMES = sorted({case.values[0] for case in CASES})


@pytest.mark.parametrize("name", NAMES)
def test_signature_and_name(name):
    theirs = inspect.signature(getattr(keras.losses, name)).parameters
    ours = inspect.signature(getattr(cello.losses, name)).parameters
    want = {n: p.default for n, p in theirs.items()}
    assert list(ours) == list(want)
    for n, default in want.items():
        assert n == "name" or ours[n].default == default
    assert getattr(cello.losses, name)().name == getattr(keras.losses, name)().name


@pytest.mark.parametrize("options", [{}, {"axis": (1, 2)}, {"axis": [2, 1]}, {"axis": 1}])
@pytest.mark.parametrize("name", ["Dice", "Tversky"])
def test_sums_along_several_axes(name, options):
    """What is masked adds nothing: as if only the real steps of each row had come."""
    theirs, ours = pair(name, **options, reduction=None)
    mask = np.arange(SHAPE[1])[None] < np.array([6, 1, 3, 4])[:, None]
    spoiled = jnp.asarray(np.where(mask[..., None], BITS[1], np.nan))
    set_mask(spoiled, jnp.asarray(mask))
    true, pred = (np.where(mask[..., None], y, 0) for y in BITS)
    close(ours(*BITS), theirs(*BITS))
    close(ours(BITS[0], spoiled), theirs(true, pred))


def test_rows_that_do_not_count_add_nothing_to_an_overlap():
    for name in ("Dice", "Tversky"):
        loss = getattr(cello.losses, name)()
        want = loss(BITS[0][:3], BITS[1][:3])
        with real_rows(jnp.asarray([True, True, True, False])):
            close(loss(*BITS), want)


@pytest.mark.parametrize(
    "name, dtype, true, pred",
    [
        ("MeanSquaredError", "bfloat16", *NUMBERS),
        ("MeanSquaredError", "mixed_bfloat16", *NUMBERS),
        ("CategoricalFocalCrossentropy", "bfloat16", ONE_HOT, SHARES[1]),
        ("CategoricalGeneralizedCrossEntropy", "mixed_bfloat16", SYMBOLS, SHARES[1]),
        ("Dice", "bfloat16", *BITS),
        ("CTC", "bfloat16", np.sort(SYMBOLS)[:, ::-1], LOGITS),
    ],
)
def test_the_dtype_of_a_loss(name, dtype, true, pred):
    theirs, ours = pair(name, dtype=dtype)
    got, want = ours(true, pred), theirs(true, pred)
    assert got.dtype == want.dtype == "bfloat16"
    close(np.float32(got), np.float32(want), 1e-2)
    again = cello.losses.get(cello.core.serialization.serialize(ours))
    assert again.dtype == "bfloat16"


def test_every_loss_is_in_the_table():
    exported = {n for n in cello.losses.__all__ if n[0].isupper()}  # CTC: tests/test_ctc.py
    assert exported - set(NAMES) == {"CTC", "Circle", "Loss", "ComparingLoss", "FunctionLoss"}


@pytest.mark.parametrize(
    "name", ["mse", "MSE", "mae", "mape", "msle", "bce", "kld", "huber", "poisson", "hinge",
             "mean_squared_error", "log_cosh", "cosine_similarity"],
)  # fmt: skip
def test_names_mean_what_they_mean_in_keras(name):
    true, pred = POSITIVE
    want = keras.losses.get(name)(true, pred)
    close(np.mean(cello.losses.get(name)(true, pred)), np.mean(want))


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown loss 'mean_sqared_error'. Did you mean"):
        cello.losses.get("mean_sqared_error")
    with pytest.raises(ValueError, match="Unknown loss 'mze'"):
        cello.Sequential([cello.layers.Dense(1)]).compile("sgd", "mze")


def test_any_function_is_a_loss():
    loss = cello.losses.get(lambda t, p: jnp.abs(t - p) ** 3)
    close(loss(*NUMBERS), np.mean(np.abs(NUMBERS[0] - NUMBERS[1]) ** 3))


@pytest.mark.parametrize(
    "name", ["CategoricalCrossentropy", "BinaryCrossentropy", "BinaryFocalCrossentropy"]
)
@pytest.mark.filterwarnings("ignore:In loss categorical:SyntaxWarning")  # of Keras
@pytest.mark.parametrize("target, output", [((8, 1), (8, 3)), ((8, 3), (8, 1)), ((3,), (8, 3))])
def test_what_keras_does_not_broadcast(name, target, output):
    theirs, ours = pair(name)
    for loss in (theirs, ours):
        with pytest.raises(ValueError, match=r"same (shape|rank)|targets of the shape"):
            loss(np.ones(target), np.full(output, 0.5))


@pytest.mark.parametrize(
    "loss, target, output, message",
    [
        ("mse", (8, 3), (8, 4), "cannot compare targets of shape"),
        ("sparse_categorical_crossentropy", (8, 3), (8, 3), "use categorical_crossentropy"),
        ("categorical_crossentropy", (8,), (8, 3), "use sparse_categorical_crossentropy"),
        ("categorical_crossentropy", (8, 1), (8, 3), "use sparse_categorical_crossentropy"),
        ("categorical_crossentropy", (8, 5), (8, 5, 3), "use sparse_categorical_crossentropy"),
        ("categorical_crossentropy", (8, 5, 1), (8, 5, 3), "use sparse_categorical_crossentropy"),
        ("categorical_crossentropy", (8, 4), (8, 3), "Give y the shape of the model's output"),
        ("binary_crossentropy", (8, 1), (8, 3), r"targets of shape \(batch, 1\)"),
        ("binary_focal_crossentropy", (8, 3), (8, 1), r"targets of shape \(batch, 3\)"),
        ("mse", (8, 5, 1), (8, 1), "at each step give its last recurrent layer return_sequences"),
        ("mse", (8, 5), (8, 1), "for more numbers its last layer more units"),
        ("mae", (8, 5, 3), (8, 1, 3), "cannot compare targets of shape"),
        ("mse", (8, 1), (8, 5, 1), r"each of the 5 steps.*leave return_sequences=True out"),
        ("huber", (8,), (8, 5, 1), r"each of the 5 steps.*leave return_sequences=True out"),
        ("mse", (8, 3), (8, 5, 3), r"each of the 5 steps.*np.repeat"),
        ("mse", (8, 1, 3), (8, 5, 3), "cannot compare targets of shape"),
        ("mse", (8, 1), (8, 5), "cannot compare targets of shape"),
        ("mse", (8,), (8, 8), "cannot compare targets of shape"),
        ("log_cosh", (8, 5, 1), (8, 5, 3), "cannot compare targets of shape"),
        ("categorical_focal_crossentropy", (8,), (8, 3), "one-hot targets"),
        ("categorical_generalized_cross_entropy", (8, 3), (8, 3), "takes integer labels"),
        ("dice", (8, 1), (8, 3), "Give y the shape of the model's output"),
    ],
)
def test_targets_of_a_wrong_shape(loss, target, output, message):
    with pytest.raises(ValueError, match=message):
        cello.losses.get(loss).check_targets(np.zeros(target), output)


@pytest.mark.parametrize(
    "target, output",
    [((8,), (8, 1)), ((8, 1), (8,)), ((8, 5), (8, 5, 1)), ((8, 5, 1), (8, 5)), ((8, 5), (8, 5))],
)
def test_an_axis_of_one_may_be_missing(target, output):
    theirs, ours = pair("MeanSquaredError")
    true, pred = (RNG.normal(size=s).astype("float32") for s in (target, output))
    ours.check_targets(true, output)
    close(ours(true, pred), theirs(true, pred))
