"""Every metric against Keras: one row of the table a case, over several batches."""

import inspect
import re

import hypothesis.strategies as st
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given
from keras.src.backend.common.masking import set_keras_mask

import cello
from cello.core.masking import set_mask

COMPILATIONS = 1050

pytestmark = [
    pytest.mark.filterwarnings("ignore:More independent predictors:UserWarning"),  # of Keras
    pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64:UserWarning"),  # its IoU
]

RNG = np.random.default_rng(0)
BATCHES, SHAPE = 3, (5, 4, 3)
NUMBERS = RNG.normal(size=(2, BATCHES, *SHAPE)).astype("float32")
POSITIVE = RNG.uniform(0.1, 2, size=(2, BATCHES, *SHAPE)).astype("float32")
SHARES = POSITIVE / POSITIVE.sum(-1, keepdims=True)
BITS = RNG.integers(0, 2, (BATCHES, *SHAPE)).astype("float32")
CHANCES = RNG.uniform(0, 1, (BATCHES, *SHAPE)).astype("float32")
SYMBOLS = RNG.integers(0, 3, (BATCHES, *SHAPE[:-1])).astype("int32")
ONE_HOT = np.eye(3, dtype="float32")[SYMBOLS]
RANKED = np.argsort(-SHARES[1]).astype("int32")


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
    *[
        _case(name, BITS, CHANCES, **options)
        for name in ("Precision", "Recall")
        for options in (
            {"top_k": 2},
            {"class_id": 1},
            {"top_k": 1, "class_id": 2, "thresholds": 0.3},
        )
    ],
    _case("Recall", BITS, CHANCES, top_k=2, class_id=0, thresholds=[0.3, 0.6]),
    _case("PrecisionAtRecall", BITS, CHANCES, recall=0.6),
    _case("RecallAtPrecision", BITS, CHANCES, precision=0.5, num_thresholds=11),
    _case("SensitivityAtSpecificity", BITS, CHANCES, specificity=0.4, class_id=2),
    _case("SpecificityAtSensitivity", BITS, CHANCES, sensitivity=0.7, num_thresholds=1),
    _case("SparseTopKCategoricalAccuracy", SYMBOLS, RANKED, k=2, from_sorted_ids=True),
    *[_case(name, *NUMBERS) for name in ("PearsonCorrelation", "ConcordanceCorrelation")],
    _case("PearsonCorrelation", *NUMBERS, axis=1),
    *[
        _case(name, ONE_HOT, SHARES[1], **options)
        for name, options in [
            ("F1Score", {}),
            ("F1Score", {"average": "micro", "threshold": 0.4}),
            ("FBetaScore", {"average": "macro", "beta": 0.5}),
            ("FBetaScore", {"average": "weighted", "beta": 2.0, "threshold": 0.3}),
        ]
    ],
    _case("R2Score", *NUMBERS),
    _case("R2Score", *NUMBERS, class_aggregation=None, num_regressors=7),
    _case("R2Score", *NUMBERS, class_aggregation="variance_weighted_average"),
    _case("R2Score", *NUMBERS, num_regressors=10_000),
    _case("IoU", SYMBOLS, SYMBOLS[::-1], num_classes=3, target_class_ids=[0, 2]),
    _case("MeanIoU", SYMBOLS, SHARES[1], num_classes=3, sparse_y_pred=False, ignore_class=1),
    _case("MeanIoU", SYMBOLS, SYMBOLS[::-1] + 1, num_classes=3),
    _case("OneHotIoU", ONE_HOT, SHARES[1], num_classes=3, target_class_ids=(1,)),
    _case("OneHotMeanIoU", ONE_HOT, SHARES[1], num_classes=4),
    _case("BinaryIoU", BITS, CHANCES),
    _case("BinaryIoU", BITS, CHANCES, target_class_ids=[1], threshold=0.3),
    _case("AUC", BITS, CHANCES),
    _case("AUC", BITS, CHANCES, curve="PR", summation_method="majoring"),
    _case("AUC", BITS, CHANCES, curve="PRGAIN", summation_method="minoring"),
    _case("AUC", BITS, CHANCES, curve="PR", multi_label=True, num_thresholds=20),
    _case("AUC", BITS, CHANCES, multi_label=True, num_labels=3, label_weights=[0.2, 1.0, 3.0]),
    _case("AUC", BITS, CHANCES, label_weights=[0.2, 1.0, 3.0], thresholds=[0.3, 0.6]),
    _case("AUC", BITS, CHANCES, num_thresholds=17),
    _case("AUC", BITS, CHANCES, curve="PR"),
]
FIRST = {case.values[0]: case for case in reversed(CASES)}.values()
CASES_ONCE = [  # each metric with one set of options is for every day
    case if case in FIRST else pytest.param(*case.values, id=case.id, marks=pytest.mark.deep)
    for case in CASES
]
BY_CLASS = {"F1Score", "FBetaScore", "R2Score"}  # which in Keras take two axes alone
OVERLAPS = {"IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU", "BinaryIoU"}
ALL_FEATURES = {"TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"}
ALL_FEATURES |= {"Precision", "Recall", "AUC", "RootMeanSquaredError"}  # no masks in Keras
ALL_FEATURES |= {"PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity"}
ALL_FEATURES |= {"SpecificityAtSensitivity"} | BY_CLASS | OVERLAPS


def pair(name, **options):
    counting = {"dtype": "float32"} if name in OVERLAPS else {}  # Keras' count whole numbers
    return (
        getattr(keras.metrics, name)(**options, **counting),
        getattr(cello.metrics, name)(**options),
    )


def update_keras(theirs, name, options, y_true, y_pred, rows=None):
    """Let Keras' metric count a batch, with weights of the rows in the form that it takes."""
    if name in BY_CLASS or options.get("multi_label"):
        rows = None if rows is None else np.repeat(rows, y_true.size // len(rows) // 3)
        theirs.update_state(y_true.reshape(-1, 3), y_pred.reshape(-1, 3), rows)
        return
    if rows is not None and name not in ALL_FEATURES - {"RootMeanSquaredError"}:
        rows = rows[:, None]
    elif rows is not None:
        one_class = options.get("class_id") is not None or ("IoU" in name and name != "BinaryIoU")
        shape = (*y_true.shape[:2], 1 if one_class else 3)
        rows = np.broadcast_to(rows[:, None, None], shape)
    theirs.update_state(y_true, y_pred, rows)


def close(ours, theirs, tolerance=1e-5):
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name, options, true, pred", CASES)
def test_over_batches(name, options, true, pred):
    theirs, ours = pair(name, **options)
    first = None
    for y_true, y_pred in zip(true, pred, strict=True):
        update_keras(theirs, name, options, y_true, y_pred), ours.update_state(y_true, y_pred)
        first = np.asarray(ours.result()) if first is None else first
        close(ours.result(), theirs.result())
    ours.reset_state()
    close(ours(true[0], pred[0]), first)


@pytest.mark.parametrize("name, options, true, pred", CASES_ONCE)
def test_weights(name, options, true, pred):
    theirs, ours = pair(name, **options)
    rows = np.array([0.5, 0.0, 2.0, 1.0, 0.2], "float32")
    for y_true, y_pred in zip(true, pred, strict=True):
        update_keras(theirs, name, options, y_true, y_pred, rows)
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


@pytest.mark.parametrize("name, options, true, pred", CASES_ONCE)
def test_masks(name, options, true, pred):
    """As in Keras where that honours a mask; elsewhere as if only the real steps had come."""
    if options.get("axis") in (1, 2):
        pytest.skip("the axis of time is reduced")
    theirs, ours = pair(name, **options)
    mask = np.arange(4)[None] < np.array([4, 1, 3, 2, 4])[:, None]
    mask[2, 0] = False
    for y_true, y_pred in zip(true, pred, strict=True):
        hidden = ~mask.reshape(*mask.shape, *(1,) * (y_pred.ndim - 2))
        seen = jnp.asarray(np.where(hidden, np.nan, y_pred))
        set_mask(seen, jnp.asarray(mask))
        ours.update_state(y_true, seen)
        if name in ALL_FEATURES:
            update_keras(theirs, name, options, y_true[mask], y_pred[mask])
        else:
            theirs_seen = jnp.asarray(y_pred)
            set_keras_mask(theirs_seen, jnp.asarray(mask))
            theirs.update_state(y_true, theirs_seen)
    close(ours.result(), theirs.result())


@pytest.mark.parametrize("name, options, true, pred", CASES_ONCE)
def test_configuration(name, options, true, pred):
    ours = getattr(cello.metrics, name)(**options)
    again = cello.metrics.get(cello.core.serialization.serialize(ours))
    close(again(true[0], pred[0]), ours(true[0], pred[0]))
    assert again.get_config() == ours.get_config()


def counting(library):
    m = library.metrics
    return [
        m.F1Score(),
        m.R2Score(),
        m.AUC(multi_label=True, num_thresholds=11),
        m.Precision(top_k=2, class_id=1),
        m.OneHotMeanIoU(3, dtype="float32"),
    ]


def judged(library):
    """A small classifier with metrics that count classes, and rows of it with weights."""
    layers = [library.Input((3,)), library.layers.Dense(3, activation="softmax")]
    model = library.Sequential(layers)
    model.layers[-1].set_weights([NUMBERS[0, 0, 0, :3], NUMBERS[0, 0, 1, 0]])
    model.compile("sgd", "mse", weighted_metrics=counting(library))
    x, y = NUMBERS[0].reshape(-1, 3)[:11], ONE_HOT.reshape(-1, 3)[:11]
    return model, (x, y), POSITIVE[0].ravel()[:11]


def test_in_evaluate_with_a_filled_batch():
    """11 rows in batches of 8 count as all at once."""
    model, (x, y), weights = judged(cello)
    found = model.evaluate(x, y, batch_size=8, verbose=0, sample_weight=weights)
    assert model.metrics_names[1:3] == ["f1_score", "r2_score"]
    pred = model.predict(x, verbose=0)
    for metric, value in zip(counting(cello), found[1:], strict=True):
        close(value, metric(y, pred, weights))


@pytest.mark.deep
@pytest.mark.parametrize("writer", [keras, cello], ids=["keras", "cello"])
def test_in_evaluate_and_in_files(tmp_path, writer):
    model, data, weights = judged(writer)
    options = {"batch_size": 8, "verbose": 0, "sample_weight": weights, "return_dict": True}
    want = model.evaluate(*data, **options)
    model.save(tmp_path / "m.keras")
    for reader in (keras, cello):
        found = reader.models.load_model(tmp_path / "m.keras").evaluate(*data, **options)
        assert found.keys() == want.keys()
        for name, value in found.items():
            close(value, want[name])


fraction = st.floats(0, 1, width=32)
maybe = st.none() | st.integers(1, 3)
BOUNDS = {
    "PrecisionAtRecall": "recall",
    "RecallAtPrecision": "precision",
    "SensitivityAtSpecificity": "specificity",
    "SpecificityAtSensitivity": "sensitivity",
}
DRAWN = {
    **{
        name: st.fixed_dictionaries(
            {
                "thresholds": st.none() | fraction | st.lists(fraction, min_size=2, max_size=4),
                "top_k": maybe,
                "class_id": st.none() | st.integers(0, 2),
            }
        )
        for name in ("Precision", "Recall")
    },
    **{
        name: st.fixed_dictionaries(
            {
                bound: fraction,
                "num_thresholds": st.integers(1, 9),
                "class_id": maybe.map(lambda k: None if k is None else k - 1),
            }
        )
        for name, bound in BOUNDS.items()
    },
    "AUC": st.fixed_dictionaries(
        {
            "curve": st.sampled_from(["ROC", "pr", "PRGAIN"]),
            "summation_method": st.sampled_from(["interpolation", "minoring", "majoring"]),
            "num_thresholds": st.integers(2, 9),
            "multi_label": st.booleans(),
            "label_weights": st.none() | st.lists(st.floats(0.1, 2), min_size=3, max_size=3),
            "from_logits": st.booleans(),
        }
    ),
    "FBetaScore": st.fixed_dictionaries(
        {
            "average": st.sampled_from([None, "micro", "macro", "weighted"]),
            "beta": st.floats(0.1, 3),
            "threshold": st.none() | st.floats(0.1, 1),
        }
    ),
}


@pytest.mark.deep
@pytest.mark.parametrize("name", DRAWN)
def test_drawn_options(name):
    @given(DRAWN[name], st.integers(0, 2**32 - 1), st.booleans())
    def check(options, seed, weighted):
        rng = np.random.default_rng(seed)
        theirs, ours = pair(name, **options)
        for _ in range(2):
            true = rng.integers(0, 2, SHAPE).astype("float32")
            pred = rng.uniform(0.001, 0.999, SHAPE).astype("float32")
            # Quarters: sums without rounding, as Keras' subtractions at a bound of 0 need them.
            rows = rng.integers(0, 9, SHAPE[0]).astype("float32") / 4 if weighted else None
            update_keras(theirs, name, options, true, pred, rows)
            ours.update_state(true, pred, rows)
        close(ours.result(), theirs.result())

    check()


@pytest.mark.parametrize(
    "metric, true, pred, message",
    [
        (lambda m: m.Precision(class_id=3), BITS[0], CHANCES[0], "at least 4 classes"),
        (lambda m: m.F1Score(), BITS[0, 0, 0], CHANCES[0, 0, 0], r"shape \(batch, ..., features\)"),
        (
            lambda m: m.AUC(multi_label=True),
            BITS[0, 0, 0],
            CHANCES[0, 0, 0],
            "each label by itself",
        ),
        (lambda m: m.AUC(num_labels=3), BITS[0], CHANCES[0], "num_labels is for multi_label=True"),
        (lambda m: m.AUC(curve="ROK"), BITS[0], CHANCES[0], 'Did you mean "ROC"'),
        (lambda m: m.RecallAtPrecision(1.5), BITS[0], CHANCES[0], "precision must be"),
        (lambda m: m.FBetaScore(threshold=0), BITS[0], CHANCES[0], "threshold must be None or"),
        (lambda m: m.IoU(3, []), SYMBOLS[0], SYMBOLS[0], "a list of classes, at least one"),
    ],
)
def test_what_metrics_refuse(metric, true, pred, message):
    with pytest.raises(ValueError, match=message):
        metric(cello.metrics)(true, pred)


def test_r2_of_targets_far_from_zero():
    """In Kelvin, or hPa: the sums of squares, as Keras has them, lose what a mean apart keeps."""
    true, pred = 1000 + NUMBERS
    ours = cello.metrics.R2Score()
    for y_true, y_pred in zip(true, pred, strict=True):
        ours.update_state(y_true, y_pred)
    true, pred = (y.reshape(-1, 3).astype("float64") for y in (true, pred))
    apart = np.square(true - pred).sum(0) / np.square(true - true.mean(0)).sum(0)
    close(ours.result(), np.mean(1 - apart), 1e-4)


def test_means_and_sums_of_values():
    for name in ("Mean", "Sum"):
        theirs, ours = pair(name)
        for i in range(3):
            values, weights = NUMBERS[0, i], np.abs(NUMBERS[1, i])
            theirs.update_state(values, weights), ours.update_state(values, weights)
        close(ours.result(), theirs.result())


REQUIRED = {"num_classes": 3, "target_class_ids": [1]}
REQUIRED |= dict.fromkeys(("recall", "precision", "specificity", "sensitivity"), 0.5)
NAMES = sorted({case.values[0] for case in CASES} | {"Mean", "Sum"})


@pytest.mark.parametrize("name", NAMES)
def test_signature_and_name(name):
    theirs = inspect.signature(getattr(keras.metrics, name)).parameters
    ours = inspect.signature(getattr(cello.metrics, name)).parameters
    want = {n: p.default for n, p in theirs.items()}
    assert list(ours) == list(want)
    for n, default in want.items():
        assert n == "name" or ours[n].default == default, n
    needed = {n: REQUIRED[n] for n, p in theirs.items() if p.default is p.empty}
    theirs, ours = pair(name, **needed)
    assert ours.name == re.sub(r"_\d+$", "", theirs.name)


def test_every_metric_is_in_the_table():
    exported = {n for n in cello.metrics.__all__ if n[0].isupper()}
    assert exported - set(NAMES) == {"Metric", "MeanMetricWrapper"}


def test_every_name_of_keras_is_known():
    for theirs, ours, bases in (
        (keras.src.metrics, cello.metrics.named, {"metric", "meanmetricwrapper"}),
        (keras.src.losses, cello.losses.named, {"loss", "lossfunctionwrapper"}),
    ):
        unknown = theirs.ALL_OBJECTS_DICT.keys() - ours.registry.entries.keys()
        assert {name.replace("_", "").lower() for name in unknown} == bases


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
