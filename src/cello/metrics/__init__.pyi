"""Written by tools/stubs.py: change the declarations, then `make stubs`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc"
# pyright: basic

from cello.core.kinds import Integer
from cello.core.kinds import Number
from collections.abc import Sequence
from typing import Any
from typing import Literal
import cello.metrics.confusion as _metrics_confusion
import cello.metrics.means as _metrics_means
import cello.metrics.metric as _metrics_metric

from cello.metrics.named import get as get
from cello.metrics.named import resolve as resolve
from cello.metrics.metric import Metric as Metric
class Mean(_metrics_metric.Mean, Metric):
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class Sum(_metrics_metric.Sum, Metric):
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class AUC(_metrics_confusion.AUC, Metric):
    def __init__(
        self, num_thresholds: Integer = 200, curve: Literal['ROC', 'PR'] = 'ROC',
        summation_method: Literal['interpolation'] = 'interpolation', name: str | None = None,
        dtype: str | None = None, thresholds: float | Sequence[float] | None = None,
        from_logits: bool = False, *, class_id: Any = None, top_k: Any = None,
        label_weights: Any = None, multi_label: Any = None, num_labels: Any = None,
    ) -> None:
        r"""Args:
        num_thresholds: How finely the curve is cut.
        curve: "ROC" or "PR".
        summation_method: Only "interpolation".
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        thresholds: Thresholds, in place of equally spaced ones.
        from_logits: Whether outputs are logits.
        """

class FalseNegatives(_metrics_confusion.FalseNegatives, Metric):
    def __init__(
        self, thresholds: float | Sequence[float] | None = None, name: str | None = None,
        dtype: str | None = None, *, class_id: Any = None, top_k: Any = None,
    ) -> None:
        r"""Args:
        thresholds: Least output that counts as positive; 0.5.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class FalsePositives(_metrics_confusion.FalsePositives, Metric):
    def __init__(
        self, thresholds: float | Sequence[float] | None = None, name: str | None = None,
        dtype: str | None = None, *, class_id: Any = None, top_k: Any = None,
    ) -> None:
        r"""Args:
        thresholds: Least output that counts as positive; 0.5.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

from cello.metrics.metric import MeanMetricWrapper as MeanMetricWrapper
class Precision(_metrics_confusion.Precision, Metric):
    def __init__(
        self, thresholds: float | Sequence[float] | None = None, name: str | None = None,
        dtype: str | None = None, *, class_id: Any = None, top_k: Any = None,
    ) -> None:
        r"""Args:
        thresholds: Least output that counts as positive; 0.5.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class Recall(_metrics_confusion.Recall, Metric):
    def __init__(
        self, thresholds: float | Sequence[float] | None = None, name: str | None = None,
        dtype: str | None = None, *, class_id: Any = None, top_k: Any = None,
    ) -> None:
        r"""Args:
        thresholds: Least output that counts as positive; 0.5.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class TrueNegatives(_metrics_confusion.TrueNegatives, Metric):
    def __init__(
        self, thresholds: float | Sequence[float] | None = None, name: str | None = None,
        dtype: str | None = None, *, class_id: Any = None, top_k: Any = None,
    ) -> None:
        r"""Args:
        thresholds: Least output that counts as positive; 0.5.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class TruePositives(_metrics_confusion.TruePositives, Metric):
    def __init__(
        self, thresholds: float | Sequence[float] | None = None, name: str | None = None,
        dtype: str | None = None, *, class_id: Any = None, top_k: Any = None,
    ) -> None:
        r"""Args:
        thresholds: Least output that counts as positive; 0.5.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class Accuracy(MeanMetricWrapper):
    r"""Share of equal values.
    """
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class BinaryAccuracy(MeanMetricWrapper):
    r"""Share of outputs on the right side of the threshold.
    """
    def __init__(
        self, name: str | None = None, dtype: str | None = None, threshold: Number = 0.5,
    ) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        threshold: The threshold.
        """

class BinaryCrossentropy(MeanMetricWrapper):
    r"""`-mean(y_true log(y_pred) + (1 - y_true) log(1 - y_pred))`.
    """
    def __init__(
        self, name: str | None = None, dtype: str | None = None, from_logits: bool = False,
        label_smoothing: Number = 0,
    ) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        from_logits: Whether `y_pred` are logits, not probabilities.
        label_smoothing: How far labels are drawn towards equal ones.
        """

class CategoricalAccuracy(MeanMetricWrapper):
    r"""Share of samples whose largest output is at the place of the largest target.
    """
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class CategoricalCrossentropy(MeanMetricWrapper):
    r"""`-sum(y_true log(y_pred))` over the classes; `y_true` are one-hot or probabilities.
    """
    def __init__(
        self, name: str | None = None, dtype: str | None = None, from_logits: bool = False,
        label_smoothing: Number = 0, axis: Integer = -1,
    ) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        from_logits: Whether `y_pred` are logits, not probabilities.
        label_smoothing: How far labels are drawn towards equal ones.
        axis: The axis of the classes.
        """

class CategoricalHinge(MeanMetricWrapper):
    r"""`max(1 - sum(y_true y_pred) + max((1 - y_true) y_pred), 0)`.
    """
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class Hinge(MeanMetricWrapper):
    r"""`mean(max(1 - y_true y_pred, 0))`, with labels -1 and 1 (or 0 and 1).
    """
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class KLDivergence(MeanMetricWrapper):
    r"""`sum(y_true log(y_true / y_pred))`, both kept within [EPSILON, 1]. Kullback, Leibler 1951.
    """
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class LogCoshError(MeanMetricWrapper):
    r"""`mean(log(cosh(y_pred - y_true)))`.
    """
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class MeanAbsoluteError(MeanMetricWrapper):
    r"""`mean(|y_true - y_pred|)`.
    """
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class MeanAbsolutePercentageError(MeanMetricWrapper):
    r"""`100 mean(|y_true - y_pred| / max(|y_true|, EPSILON))`.
    """
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class MeanSquaredError(MeanMetricWrapper):
    r"""`mean((y_true - y_pred)^2)`.
    """
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class MeanSquaredLogarithmicError(MeanMetricWrapper):
    r"""`mean((log(1 + y_true) - log(1 + y_pred))^2)`; what is below EPSILON counts as it.
    """
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class Poisson(MeanMetricWrapper):
    r"""`mean(y_pred - y_true log(y_pred + EPSILON))`.
    """
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class SparseCategoricalAccuracy(MeanMetricWrapper):
    r"""Share of samples whose largest output is at the place that the label says.
    """
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class SparseCategoricalCrossentropy(MeanMetricWrapper):
    r"""`-log(y_pred[y_true])`; `y_true` are integer labels without the axis of the classes.
    """
    def __init__(
        self, name: str | None = None, dtype: str | None = None, from_logits: bool = False,
        ignore_class: Integer | None = None, axis: Integer = -1,
    ) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        from_logits: Whether `y_pred` are logits, not probabilities.
        ignore_class: A label with the loss 0, left out of the mean if there are weights or a mask.
        axis: The axis of the classes.
        """

class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    r"""Share of samples whose label is among the `k` largest outputs.
    """
    def __init__(
        self, k: Integer = 5, name: str | None = None, dtype: str | None = None,
    ) -> None:
        r"""Args:
        k: How many outputs are looked at.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class SquaredHinge(MeanMetricWrapper):
    r"""`mean(max(1 - y_true y_pred, 0)^2)`, with labels -1 and 1 (or 0 and 1).
    """
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class TopKCategoricalAccuracy(MeanMetricWrapper):
    r"""Share of samples whose target is among the `k` largest outputs.
    """
    def __init__(
        self, k: Integer = 5, name: str | None = None, dtype: str | None = None,
    ) -> None:
        r"""Args:
        k: How many outputs are looked at.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class CosineSimilarity(_metrics_means.CosineSimilarity, MeanMetricWrapper):
    def __init__(
        self, name: str | None = None, dtype: str | None = None, axis: Integer = -1,
    ) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        axis: The axis of the classes.
        """

class RootMeanSquaredError(_metrics_means.RootMeanSquaredError, MeanSquaredError):
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """


__all__ = [
    "AUC", "Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "CategoricalAccuracy",
    "CategoricalCrossentropy", "CategoricalHinge", "CosineSimilarity", "FalseNegatives",
    "FalsePositives", "Hinge", "KLDivergence", "LogCoshError", "Mean", "MeanAbsoluteError",
    "MeanAbsolutePercentageError", "MeanMetricWrapper", "MeanSquaredError",
    "MeanSquaredLogarithmicError", "Metric", "Poisson", "Precision", "Recall",
    "RootMeanSquaredError", "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy", "SquaredHinge", "Sum", "TopKCategoricalAccuracy",
    "TrueNegatives", "TruePositives", "get", "resolve",
]
