"""Losses, metrics and optimisers with options that are drawn, against Keras.

The tables of `test_losses.py`, `test_metrics.py` and `test_optimizers.py` have the usual ones.
"""

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from keras.src.backend.common.masking import set_keras_mask

import cello
from cello.core.masking import set_mask

COMPILATIONS = 10

SHAPE = (4, 5, 3)

pytestmark = [
    pytest.mark.filterwarnings("ignore:In loss categorical:SyntaxWarning"),  # of Keras
    pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64:UserWarning"),  # its IoU
]


def options(**drawn):
    return st.fixed_dictionaries(drawn)


def at_most(largest, least=0.0):
    return st.floats(least, largest, width=32)


# --------------------------------------------------------------------------------------- data


def numbers(rng):
    return tuple(rng.normal(size=(2, *SHAPE)).astype("float32"))


def positive(rng):
    return tuple(rng.uniform(0.05, 3, size=(2, *SHAPE)).astype("float32"))


def shares(rng):
    found = rng.uniform(0.01, 1, size=(2, *SHAPE)).astype("float32")
    return tuple(found / found.sum(-1, keepdims=True))


def bits(rng):
    return rng.integers(0, 2, SHAPE).astype("float32"), chances(rng)


def chances(rng):
    return rng.uniform(0.01, 0.99, SHAPE).astype("float32")


def labels(rng):
    return rng.integers(0, 3, SHAPE[:-1]).astype("int32"), shares(rng)[1]


def ranks(rng):
    return rng.integers(0, 3, SHAPE[:-1]).astype("int32"), np.argsort(chances(rng)).astype("int32")


def one_hot(rng):
    true, pred = labels(rng)
    return np.eye(3, dtype="float32")[true], pred


LOGITS = options(from_logits=st.booleans(), label_smoothing=at_most(0.875))
FOCAL = {"alpha": at_most(1.0), "gamma": at_most(3.0)}
AXES = st.sampled_from([None, -1, 2, (1, 2), 1])


# --------------------------------------------------------------------------------------- losses

LOSSES = {
    "MeanSquaredError": (numbers, options()),
    "MeanAbsoluteError": (numbers, options()),
    "MeanAbsolutePercentageError": (positive, options()),
    "MeanSquaredLogarithmicError": (positive, options()),
    "LogCosh": (numbers, options()),
    "Huber": (numbers, options(delta=at_most(3.0, 0.125))),
    "Poisson": (positive, options()),
    "KLDivergence": (shares, options()),
    "Hinge": (bits, options()),
    "SquaredHinge": (bits, options()),
    "CategoricalHinge": (one_hot, options()),
    "CosineSimilarity": (numbers, options(axis=st.sampled_from([-1, 2]))),
    "BinaryCrossentropy": (bits, LOGITS),
    "BinaryFocalCrossentropy": (
        bits,
        options(
            from_logits=st.booleans(),
            label_smoothing=at_most(0.875),
            apply_class_balancing=st.booleans(),
            **FOCAL,
        ),
    ),
    "CategoricalCrossentropy": (one_hot, LOGITS),
    "CategoricalFocalCrossentropy": (
        one_hot,
        options(from_logits=st.booleans(), label_smoothing=at_most(0.875), **FOCAL),
    ),
    "SparseCategoricalCrossentropy": (
        labels,
        options(from_logits=st.booleans(), ignore_class=st.none() | st.integers(-1, 2)),
    ),
    "CategoricalGeneralizedCrossEntropy": (labels, options(q=at_most(0.875, 0.125))),
    "Dice": (bits, options(axis=AXES)),
    "Tversky": (bits, options(axis=AXES, alpha=at_most(1.0), beta=at_most(1.0))),
}
REDUCTIONS = ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", None]
OVERLAPS = ("Dice", "Tversky")  # sums that leave rows, or nothing, to be weighed or masked
USE = options(
    reduction=st.sampled_from(REDUCTIONS),
    weights=st.sampled_from([None, "rows", "steps"]),
    masked=st.booleans(),
    dtype=st.sampled_from([None, "float32", "bfloat16"]),
    seed=st.integers(0, 2**32 - 1),
)


@pytest.mark.deep
@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    make, drawn = LOSSES[name]

    @given(drawn, USE)
    def check(own, use):
        rng = np.random.default_rng(use["seed"])
        true, pred = make(rng)
        if own.get("from_logits"):
            pred = rng.normal(size=SHAPE).astype("float32")
        plain = name in OVERLAPS
        given_options = {**own, "reduction": use["reduction"]}
        if use["dtype"] == "bfloat16":  # which Keras also computes in; here only what comes
            pred = np.asarray(jnp.asarray(pred, "bfloat16"), "float32")
        weights = None if plain or use["weights"] is None else rng.integers(0, 5, SHAPE[:2]) / 4
        if use["weights"] == "rows" and weights is not None:
            weights = weights[:, :1]
        mask = rng.integers(0, 2, SHAPE[:2]).astype(bool) if use["masked"] and not plain else None
        found = []
        for library, put in ((cello, set_mask), (keras, set_keras_mask)):
            loss = getattr(library.losses, name)(**given_options)

            def total(p, loss=loss, put=put):
                p = p + 0  # an array of its own, to carry the mask
                if mask is not None:
                    put(p, jnp.asarray(mask))
                value = loss(true, p, weights)
                return jnp.sum(value), value

            grads, value = jax.grad(total, has_aux=True)(jnp.asarray(pred))
            found.append((np.asarray(value), np.asarray(grads)))
        (value, grads), (their_value, their_grads) = found
        np.testing.assert_allclose(value, their_value, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(grads, their_grads, rtol=1e-3, atol=1e-5)

    check()


# ----------------------------------------------------------------------------------- optimisers

BETAS = {"beta_1": at_most(0.96875, 0.125), "beta_2": at_most(0.9921875, 0.25)}
EPSILON = {"epsilon": st.sampled_from([1e-3, 0.1])}
RULES = {
    "SGD": options(momentum=at_most(0.96875), nesterov=st.booleans()),
    "RMSprop": options(
        rho=at_most(0.96875, 0.25), momentum=at_most(0.96875), centered=st.booleans(), **EPSILON
    ),
    "Adam": options(amsgrad=st.booleans(), **BETAS, **EPSILON),
    "AdamW": options(amsgrad=st.booleans(), **BETAS, **EPSILON),
    "Adamax": options(**BETAS, **EPSILON),
    "Nadam": options(**BETAS, **EPSILON),
    "Adagrad": options(initial_accumulator_value=at_most(1.0, 0.0), **EPSILON),
    "Adadelta": options(rho=at_most(0.96875, 0.25), **EPSILON),
    "Lion": options(**BETAS),
    "Lamb": options(**BETAS, **EPSILON),
    "Adafactor": options(
        beta_2_decay=at_most(-0.125, -1.0),
        epsilon_2=at_most(0.5, 0.0),
        clip_threshold=at_most(2.0, 0.25),
        relative_step=st.booleans(),
    ),
    "Ftrl": options(
        learning_rate_power=at_most(0.0, -1.0),
        initial_accumulator_value=at_most(1.0, 0.125),
        l1_regularization_strength=at_most(0.5),
        l2_regularization_strength=at_most(0.5),
        l2_shrinkage_regularization_strength=at_most(0.5),
        beta=at_most(1.0),
    ),
    "Muon": options(nesterov=st.booleans(), momentum=at_most(0.96875), ns_steps=st.integers(1, 6)),
    "ScheduleFreeAdamW": options(warmup_steps=st.integers(0, 5), **BETAS, **EPSILON),
}
COMMON = options(
    learning_rate=at_most(0.25, 0.0),
    weight_decay=at_most(0.5, 0.0),
    clip=st.sampled_from([{}, {"clipnorm": 0.5}, {"clipvalue": 0.2}, {"global_clipnorm": 1.0}]),
    ema=st.sampled_from(
        [
            {},
            {"use_ema": True, "ema_momentum": 0.5},
            {"use_ema": True, "ema_overwrite_frequency": 3},
        ]
    ),
    gradient_accumulation_steps=st.none() | st.integers(2, 3),
    loss_scale_factor=st.none() | st.sampled_from([0.5, 8.0]),
)
SHAPES = [(4, 3), (5,), (2, 3, 4)]


@pytest.mark.deep
@pytest.mark.parametrize("name", RULES)
def test_optimizers(name):
    @settings(max_examples=8)
    @given(RULES[name], COMMON, st.integers(0, 2**32 - 1))
    def check(own, common, seed):
        rng = np.random.default_rng(seed)
        common = dict(common)
        arguments = {**own, **common.pop("clip"), **common.pop("ema"), **common}
        params = [rng.normal(size=s).astype("float32") for s in SHAPES]
        grads = [[rng.normal(size=s).astype("float32") for s in SHAPES] for _ in range(6)]
        theirs, ours = (getattr(k.optimizers, name)(**arguments) for k in (keras, cello))
        seen, trained = [[k.Variable(p) for p in params] for k in (keras, cello)]
        theirs.build(seen), ours.build(trained)
        for i, grad in enumerate(grads):
            theirs.apply([jnp.asarray(g) for g in grad], seen), ours.apply(grad, trained)
            for a, b in zip(trained, seen, strict=True):
                np.testing.assert_allclose(
                    a.numpy(), np.asarray(b), rtol=1e-4, atol=1e-4, err_msg=f"step {i}"
                )
        theirs.finalize_variable_values(seen), ours.finalize_variable_values(trained)
        for a, b in zip(trained, seen, strict=True):
            np.testing.assert_allclose(a.numpy(), np.asarray(b), rtol=1e-4, atol=1e-4)

    check()


# -------------------------------------------------------------------------------------- metrics

SOME = st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True)
THRESHOLDS = options(
    thresholds=st.none() | at_most(1.0) | st.lists(at_most(1.0), min_size=1, max_size=4)
)


def two_ranks(rng):
    return rng.integers(0, 3, SHAPE[:-1]), rng.integers(0, 3, SHAPE[:-1])


def two_one_hot(rng):
    return one_hot(rng)[0], one_hot(rng)[1]


METRICS = {
    **{name: (numbers, options()) for name in ("MeanSquaredError", "RootMeanSquaredError")},
    **{name: (numbers, options()) for name in ("MeanAbsoluteError", "LogCoshError")},
    **{name: (positive, options()) for name in ("Poisson", "MeanAbsolutePercentageError")},
    "MeanSquaredLogarithmicError": (positive, options()),
    "KLDivergence": (shares, options()),
    **{name: (bits, options()) for name in ("Hinge", "SquaredHinge", "CategoricalHinge")},
    "CosineSimilarity": (numbers, options(axis=st.sampled_from([-1, 2]))),
    "ConcordanceCorrelation": (numbers, options(axis=st.sampled_from([-1, 2]))),
    "PearsonCorrelation": (numbers, options(axis=st.sampled_from([-1, 2]))),
    "BinaryAccuracy": (bits, options(threshold=at_most(0.96875, 0.03125))),
    "CategoricalAccuracy": (one_hot, options()),
    "SparseCategoricalAccuracy": (labels, options()),
    "TopKCategoricalAccuracy": (one_hot, options(k=st.integers(1, 4))),
    "SparseTopKCategoricalAccuracy": (labels, options(k=st.integers(1, 3))),
    "BinaryCrossentropy": (bits, LOGITS),
    "CategoricalCrossentropy": (one_hot, LOGITS),
    "SparseCategoricalCrossentropy": (
        labels,
        options(from_logits=st.booleans(), ignore_class=st.none() | st.integers(0, 2)),
    ),
    **dict.fromkeys(
        ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives"), (bits, THRESHOLDS)
    ),
    "F1Score": (
        bits,
        options(
            average=st.sampled_from([None, "micro", "macro", "weighted"]),
            threshold=st.none() | at_most(0.96875, 0.0625),
        ),
    ),
    "BinaryIoU": (
        bits,
        options(
            target_class_ids=st.sampled_from([[0], [1], [0, 1]]),
            threshold=at_most(0.96875, 0.03125),
        ),
    ),
    "IoU": (
        two_ranks,
        options(
            num_classes=st.just(3),
            target_class_ids=SOME,
            ignore_class=st.none() | st.integers(0, 2),
        ),
    ),
    "MeanIoU": (
        two_ranks,
        options(num_classes=st.just(3), ignore_class=st.none() | st.integers(0, 2)),
    ),
    "OneHotIoU": (two_one_hot, options(num_classes=st.just(3), target_class_ids=SOME)),
    "OneHotMeanIoU": (two_one_hot, options(num_classes=st.just(3))),
    "R2Score": (
        numbers,
        options(
            class_aggregation=st.sampled_from(
                [None, "uniform_average", "variance_weighted_average"]
            ),
            num_regressors=st.integers(0, 5),
        ),
    ),
}
FLAT = ("F1Score", "R2Score")  # Keras' take two axes


@pytest.mark.deep
@pytest.mark.parametrize("name", METRICS)
def test_metrics(name):
    make, drawn = METRICS[name]

    @given(drawn, st.integers(0, 2**32 - 1), st.sampled_from([None, "rows", "steps"]))
    def check(own, seed, weighted):
        rng = np.random.default_rng(seed)
        theirs, ours = (getattr(k.metrics, name)(**own) for k in (keras, cello))
        for _ in range(3):
            true, pred = make(rng)
            if own.get("from_logits"):
                pred = rng.normal(size=SHAPE).astype("float32")
            # whole numbers for what Keras counts in integers, quarters for the others
            weights = (
                None if weighted is None or name == "BinaryIoU" else rng.integers(0, 5, SHAPE[:2])
            )
            weights = weights if weights is None or "IoU" in name else weights / 4
            their_weights = weights
            if weighted == "rows" and weights is not None:
                weights = weights[:, 0]
                their_weights = np.broadcast_to(weights[:, None], SHAPE[:2])
            their_true, their_pred = true, pred
            if name in FLAT:
                their_true, their_pred = (y.reshape(-1, 3) for y in (true, pred))
                their_weights = None if weighted is None else their_weights.reshape(-1)
            ours.update_state(true, pred, weights)
            theirs.update_state(their_true, their_pred, their_weights)
        np.testing.assert_allclose(ours.result(), theirs.result(), rtol=1e-4, atol=1e-5)

    check()


def test_every_class_is_drawn_somewhere():
    """Here, or among the options that `test_metrics.py` draws."""
    optimizers = {n for n in cello.optimizers.__all__ if n[0].isupper()}
    assert optimizers - set(RULES) == {"LossScaleOptimizer", "Optax", "Optimizer"}
    losses = {n for n in cello.losses.__all__ if n[0].isupper()}
    others = {"CTC", "Circle", "ComparingLoss", "FunctionLoss", "Loss"}
    assert losses - set(LOSSES) == others
