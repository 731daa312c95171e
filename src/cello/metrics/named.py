"""The metrics that have a name."""

from __future__ import annotations

from typing import Any

from cello.core.exports import public
from cello.core.keras_names import KERAS_NAMES
from cello.core.kinds import nearest
from cello.core.naming import snake_case
from cello.core.serialization import Registry, custom_object_scope, serialize
from cello.losses.functions import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from cello.losses.loss import Loss
from cello.metrics.confusion import (
    AUC,
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from cello.metrics.means import (
    Accuracy,
    BinaryAccuracy,
    BinaryCrossentropy,
    CategoricalAccuracy,
    CategoricalCrossentropy,
    CategoricalHinge,
    ConcordanceCorrelation,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    PearsonCorrelation,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
    SparseCategoricalCrossentropy,
    SparseTopKCategoricalAccuracy,
    SquaredHinge,
    TopKCategoricalAccuracy,
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    concordance_correlation,
    pearson_correlation,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from cello.metrics.means import FunctionMetric as _FunctionMetric
from cello.metrics.metric import Mean, MeanMetricWrapper, Metric, Sum
from cello.metrics.overlap import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from cello.metrics.scores import F1Score, FBetaScore, R2Score

_SHORT = {
    "mse": MeanSquaredError, "mae": MeanAbsoluteError, "mape": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError, "rmse": RootMeanSquaredError, "kld": KLDivergence,
    "bce": BinaryCrossentropy, "logcosh": LogCoshError, "auc": AUC, "precision": Precision,
    "recall": Recall,
}  # fmt: skip
_BASES = {"Metric", "MeanMetricWrapper"}
_CLASSES = [globals()[name] for name in sorted(KERAS_NAMES["metrics"] - _BASES)]
registry = Registry(
    "metric",
    {
        **{cls.__name__: cls for cls in _CLASSES},
        **{snake_case(cls.__name__): cls for cls in _CLASSES},
        **{cls.default_name: cls for cls in _CLASSES if cls.default_name},
        **{cls.function: cls for cls in _CLASSES if issubclass(cls, _FunctionMetric)},
        **_SHORT,
        **{name.upper(): cls for name, cls in _SHORT.items() if len(name) < 5},
    },
)
registry.entries["mean_squared_error"] = MeanSquaredError
CHOSEN_BY_SHAPES = "accuracy", "acc", "crossentropy", "ce"


def get(identifier) -> Metric:
    """The metric that a name, a configuration, a class, a metric or any function stands for.

    Raises:
        ValueError: for an unknown name; the nearest known one is suggested.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, str) and identifier not in registry.entries:
        names = [*registry.entries, "accuracy", "crossentropy"]
        hint = nearest(identifier, names)
        raise ValueError(f"Unknown metric {identifier!r}{hint or '.'}")
    metric = registry.get(identifier)
    if isinstance(metric, Metric):
        return metric
    if isinstance(metric, Loss):
        return MeanMetricWrapper(metric, metric.name)
    return MeanMetricWrapper(metric, snake_case(getattr(metric, "__name__", type(metric).__name__)))


def resolve(identifier, y_true_shape, y_pred_shape) -> Metric:
    """As `get`; "accuracy" and "crossentropy" are chosen by the shapes, as in Keras.

    One that is given by a name keeps that name, in the case in which it is written.

    Args:
        identifier: as for `get`.
        y_true_shape, y_pred_shape: shapes of targets and outputs; the first may be `None`.
    """
    if not isinstance(identifier, str):
        return get(identifier)
    if identifier.lower() not in CHOSEN_BY_SHAPES:
        metric = get(identifier)
        metric.name = identifier
        return metric
    last = y_pred_shape[-1] if len(y_pred_shape) > 1 else 1
    same = y_true_shape is not None and tuple(y_true_shape[1:]) == tuple(y_pred_shape[1:])
    if last == 1:
        classes = BinaryAccuracy, BinaryCrossentropy
    elif same:
        classes = CategoricalAccuracy, CategoricalCrossentropy
    else:
        classes = SparseCategoricalAccuracy, SparseCategoricalCrossentropy
    return classes[identifier.lower() in ("crossentropy", "ce")](name=identifier)


def deserialize(config, custom_objects=None) -> Metric:
    """The metric of a configuration, such as `serialize` gives; see `get`.

    Args:
        config: the configuration, or a name.
        custom_objects: a program's own classes and functions by the names in it.
    """
    with custom_object_scope(custom_objects):
        return get(config)


_FUNCTIONS = [n for n in public(globals(), "cello.losses") if n[0].islower()]

__all__ = [*public(globals(), "cello.metrics"), *_FUNCTIONS, "serialize"]
