"""Metrics that are the mean of a value for each sample or step."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from cello.core.arguments import arg
from cello.core.config import epsilon
from cello.core.kinds import boolean, integer, number, optional, positive_integer
from cello.losses import functions
from cello.losses.arguments import along, axis, logits, smoothing
from cello.losses.functions import labels_of, same_rank
from cello.metrics.metric import MeanMetricWrapper


def accuracy(y_true, y_pred):
    """Share of equal values."""
    y_true, y_pred = same_rank(y_true, y_pred)
    return (y_true == y_pred).astype(jnp.float32)


def binary_accuracy(y_true, y_pred, threshold=0.5):
    """Share of outputs on the right side of the threshold."""
    y_true, y_pred = same_rank(y_true, y_pred)
    return (y_true == (y_pred > threshold)).astype(jnp.float32)


def categorical_accuracy(y_true, y_pred):
    """Share of samples whose largest output is at the place of the largest target."""
    return (jnp.argmax(y_true, -1) == jnp.argmax(y_pred, -1)).astype(jnp.float32)


def sparse_categorical_accuracy(y_true, y_pred):
    """Share of samples whose largest output is at the place that the label says."""
    return (labels_of(y_true, y_pred) == jnp.argmax(y_pred, -1)).astype(jnp.float32)


def top_k_categorical_accuracy(y_true, y_pred, k=5):
    """Share of samples whose target is among the `k` largest outputs."""
    return sparse_top_k_categorical_accuracy(jnp.argmax(y_true, -1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true, y_pred, k=5, from_sorted_ids=False):
    """Share of samples whose label is among the `k` largest outputs.

    With `from_sorted_ids`, `y_pred` are the labels of the outputs, the largest first.
    """
    k = min(k, y_pred.shape[-1])
    largest = y_pred[..., :k] if from_sorted_ids else lax.top_k(y_pred, k)[1]
    return jnp.any(largest == labels_of(y_true, y_pred)[..., None], -1).astype(jnp.float32)


def pearson_correlation(y_true, y_pred, axis=-1):
    """`mean((y_true - mean(y_true)) (y_pred - mean(y_pred))) / (std(y_true) std(y_pred))`."""
    y_true, y_pred = (_centred(y, axis) for y in same_rank(y_true, y_pred))
    scale = jnp.std(y_true, axis) * jnp.std(y_pred, axis)
    return jnp.mean(y_true * y_pred, axis) / scale


def concordance_correlation(y_true, y_pred, axis=-1):
    """How near pairs are to the line `y_true = y_pred`; Lin 1989.

    `2 mean((y_true - mean(y_true)) (y_pred - mean(y_pred)))` divided by
    `var(y_true) + var(y_pred) + (mean(y_true) - mean(y_pred))^2`.
    """
    y_true, y_pred = same_rank(y_true, y_pred)
    means_apart = jnp.square(jnp.mean(y_true, axis) - jnp.mean(y_pred, axis))
    covariance = jnp.mean(_centred(y_true, axis) * _centred(y_pred, axis), axis)
    spread = jnp.var(y_true, axis) + jnp.var(y_pred, axis) + means_apart
    return 2 * covariance / (spread + epsilon())


def _centred(y, axis):
    return y - jnp.mean(y, axis, keepdims=True)


class FunctionMetric(MeanMetricWrapper):
    """The mean of a function of this module or of the losses, with declared arguments."""

    function: str
    argument_order = "k name dtype"

    def __init__(self, *args, **kwargs):
        super(MeanMetricWrapper, self).__init__(*args, **kwargs)
        self._fn = globals().get(self.function) or getattr(functions, self.function)
        self.elementwise = hasattr(self._fn, "elementwise")

    def measure(self, y_true, y_pred):
        own = {n: getattr(self, n) for n in type(self).declared if n not in ("name", "dtype")}
        return self._fn(y_true, y_pred, **own)

    def get_config(self):
        return super(MeanMetricWrapper, self).get_config()


def _metric(class_name: str, function: str, **arguments) -> Any:
    """The class of a function."""
    formula = (globals().get(function) or getattr(functions, function)).__doc__
    members = {"__doc__": formula, "function": function, "__module__": __name__, **arguments}
    return type(class_name, (FunctionMetric,), members)


def _k():
    return arg(5, kind=positive_integer, doc="How many outputs are looked at.")


Accuracy = _metric("Accuracy", "accuracy")
BinaryAccuracy = _metric(
    "BinaryAccuracy", "binary_accuracy", threshold=arg(0.5, kind=number, doc="The threshold.")
)
CategoricalAccuracy = _metric("CategoricalAccuracy", "categorical_accuracy")
SparseCategoricalAccuracy = _metric("SparseCategoricalAccuracy", "sparse_categorical_accuracy")
TopKCategoricalAccuracy = _metric("TopKCategoricalAccuracy", "top_k_categorical_accuracy", k=_k())
SparseTopKCategoricalAccuracy = _metric(
    "SparseTopKCategoricalAccuracy",
    "sparse_top_k_categorical_accuracy",
    k=_k(),
    from_sorted_ids=arg(
        False, kind=boolean, doc="Whether outputs are labels, the likeliest first."
    ),
)
MeanSquaredError = _metric("MeanSquaredError", "mean_squared_error")
MeanAbsoluteError = _metric("MeanAbsoluteError", "mean_absolute_error")
MeanAbsolutePercentageError = _metric(
    "MeanAbsolutePercentageError", "mean_absolute_percentage_error"
)
MeanSquaredLogarithmicError = _metric(
    "MeanSquaredLogarithmicError", "mean_squared_logarithmic_error"
)
LogCoshError = _metric("LogCoshError", "log_cosh")
LogCoshError.default_name = "logcosh"
KLDivergence = _metric("KLDivergence", "kl_divergence")
Poisson = _metric("Poisson", "poisson")
Hinge = _metric("Hinge", "hinge")
SquaredHinge = _metric("SquaredHinge", "squared_hinge")
CategoricalHinge = _metric("CategoricalHinge", "categorical_hinge")
BinaryCrossentropy = _metric(
    "BinaryCrossentropy", "binary_crossentropy", from_logits=logits(), label_smoothing=smoothing(0)
)
CategoricalCrossentropy = _metric(
    "CategoricalCrossentropy",
    "categorical_crossentropy",
    from_logits=logits(),
    label_smoothing=smoothing(0),
    axis=axis(),
)
SparseCategoricalCrossentropy = _metric(
    "SparseCategoricalCrossentropy",
    "sparse_categorical_crossentropy",
    from_logits=logits(),
    ignore_class=arg(
        None,
        kind=optional(integer),
        doc="A label with the loss 0, left out of the mean if there are weights or a mask.",
    ),
    axis=axis(),
)
PearsonCorrelation = _metric("PearsonCorrelation", "pearson_correlation", axis=along())
ConcordanceCorrelation = _metric("ConcordanceCorrelation", "concordance_correlation", axis=along())

_CosineSimilarity = _metric("CosineSimilarity", "cosine_similarity", axis=axis())


class CosineSimilarity(_CosineSimilarity):  # type: ignore[valid-type, misc]
    """`mean(sum(y_true / |y_true| * y_pred / |y_pred|))`: 1 for the same direction."""

    def measure(self, y_true, y_pred):
        return -super().measure(y_true, y_pred)


class RootMeanSquaredError(MeanSquaredError):  # type: ignore[valid-type, misc]
    """`sqrt(mean((y_true - y_pred)^2))`."""

    def measure(self, y_true, y_pred):
        return jnp.square(jnp.subtract(*same_rank(y_true, y_pred)))

    def result(self):
        return jnp.sqrt(super().result())
