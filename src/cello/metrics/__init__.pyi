"""Written by tools/stubs.py: change the declarations, then `make stubs`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc"
# pyright: basic

from cello.core.kinds import Integer
from cello.core.kinds import Number
from collections.abc import Sequence
from typing import Literal
import cello.metrics.confusion as _metrics_confusion
import cello.metrics.means as _metrics_means
import cello.metrics.metric as _metrics_metric
import cello.metrics.overlap as _metrics_overlap
import cello.metrics.scores as _metrics_scores

from cello.metrics.means import accuracy as accuracy
from cello.metrics.means import binary_accuracy as binary_accuracy
from cello.losses import binary_crossentropy as binary_crossentropy
from cello.losses import binary_focal_crossentropy as binary_focal_crossentropy
from cello.metrics.means import categorical_accuracy as categorical_accuracy
from cello.losses import categorical_crossentropy as categorical_crossentropy
from cello.losses import categorical_focal_crossentropy as categorical_focal_crossentropy
from cello.losses import categorical_hinge as categorical_hinge
from cello.metrics.means import concordance_correlation as concordance_correlation
from cello.metrics.named import deserialize as deserialize
from cello.metrics.named import get as get
from cello.losses import hinge as hinge
from cello.losses import huber as huber
from cello.losses import kl_divergence as kl_divergence
from cello.losses import log_cosh as log_cosh
from cello.losses import mean_absolute_error as mean_absolute_error
from cello.losses import mean_absolute_percentage_error as mean_absolute_percentage_error
from cello.losses import mean_squared_error as mean_squared_error
from cello.losses import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from cello.metrics.means import pearson_correlation as pearson_correlation
from cello.losses import poisson as poisson
from cello.metrics.named import resolve as resolve
from cello.constraints import serialize as serialize
from cello.metrics.means import sparse_categorical_accuracy as sparse_categorical_accuracy
from cello.losses import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from cello.metrics.means import sparse_top_k_categorical_accuracy as sparse_top_k_categorical_accuracy
from cello.losses import squared_hinge as squared_hinge
from cello.metrics.means import top_k_categorical_accuracy as top_k_categorical_accuracy
from cello.metrics.metric import Metric as Metric
class IoU(_metrics_overlap.IoU, Metric):
    def __init__(
        self, num_classes: Integer, target_class_ids: Sequence[int], name: str | None = None,
        dtype: str | None = None, ignore_class: Integer | None = None, sparse_y_true: bool = True,
        sparse_y_pred: bool = True, axis: Integer = -1,
    ) -> None:
        r"""Args:
        num_classes: How many classes there are.
        target_class_ids: The classes whose overlap is wanted.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        ignore_class: A target that counts nothing.
        sparse_y_true: Whether targets are classes, not a number for each.
        sparse_y_pred: Whether outputs are classes, not a number for each.
        axis: The axis of the classes, where there is one.
        """

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
        self, num_thresholds: Integer = 200, curve: str = 'ROC',
        summation_method: Literal['interpolation', 'minoring', 'majoring'] = 'interpolation',
        name: str | None = None, dtype: str | None = None,
        thresholds: float | Sequence[float] | None = None, multi_label: bool = False,
        num_labels: Integer | None = None, label_weights: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        r"""Args:
        num_thresholds: How finely the curve is cut.
        curve: "ROC", "PR" or "PRGAIN"; see above.
        summation_method: How high a curve is between two thresholds; see above.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        thresholds: Thresholds, in place of equally spaced ones.
        multi_label: Whether each label has an area of its own.
        num_labels: How many there are; by the outputs where None.
        label_weights: Weights of the labels, in the mean of their areas or among all samples.
        from_logits: Whether outputs are logits.
        """

class BinaryIoU(_metrics_overlap.BinaryIoU, IoU):
    def __init__(
        self, target_class_ids: Sequence[int] = ..., threshold: Number = 0.5,
        name: str | None = None, dtype: str | None = None,
    ) -> None:
        r"""Args:
        target_class_ids: The classes whose overlap is wanted.
        threshold: The least output that is class 1.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class FBetaScore(_metrics_scores.FBetaScore, Metric):
    def __init__(
        self, average: Literal[None, 'micro', 'macro', 'weighted'] = None, beta: Number = 1.0,
        threshold: float | None = None, name: str | None = 'fbeta_score', dtype: str | None = None,
    ) -> None:
        r"""Args:
        average: See above; None: one a class.
        beta: How much more recall counts than precision.
        threshold: Outputs above it count as positive; the largest of a row or step where None.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class FalseNegatives(_metrics_confusion.FalseNegatives, Metric):
    def __init__(
        self, thresholds: float | Sequence[float] | None = None, name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        r"""Args:
        thresholds: Least output that counts as positive; 0.5.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class FalsePositives(_metrics_confusion.FalsePositives, Metric):
    def __init__(
        self, thresholds: float | Sequence[float] | None = None, name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        r"""Args:
        thresholds: Least output that counts as positive; 0.5.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class MeanIoU(_metrics_overlap.MeanIoU, IoU):
    def __init__(
        self, num_classes: Integer, name: str | None = None, dtype: str | None = None,
        ignore_class: Integer | None = None, sparse_y_true: bool = True, sparse_y_pred: bool = True,
        axis: Integer = -1,
    ) -> None:
        r"""Args:
        num_classes: How many classes there are.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        ignore_class: A target that counts nothing.
        sparse_y_true: Whether targets are classes, not a number for each.
        sparse_y_pred: Whether outputs are classes, not a number for each.
        axis: The axis of the classes, where there is one.
        """

from cello.metrics.metric import MeanMetricWrapper as MeanMetricWrapper
class OneHotIoU(_metrics_overlap.OneHotIoU, IoU):
    def __init__(
        self, num_classes: Integer, target_class_ids: Sequence[int], name: str | None = None,
        dtype: str | None = None, ignore_class: Integer | None = None, sparse_y_pred: bool = False,
        axis: Integer = -1,
    ) -> None:
        r"""Args:
        num_classes: How many classes there are.
        target_class_ids: The classes whose overlap is wanted.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        ignore_class: A target that counts nothing.
        sparse_y_pred: Whether outputs are classes, not a number for each.
        axis: The axis of the classes, where there is one.
        """

class R2Score(_metrics_scores.R2Score, Metric):
    def __init__(
        self,
        class_aggregation: Literal['uniform_average', 'variance_weighted_average', None] = 'uniform_average',
        num_regressors: Integer = 0, name: str | None = 'r2_score', dtype: str | None = None,
    ) -> None:
        r"""Args:
        class_aggregation: See above; None: one number an output.
        num_regressors: Inputs of the regression; see above.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class TrueNegatives(_metrics_confusion.TrueNegatives, Metric):
    def __init__(
        self, thresholds: float | Sequence[float] | None = None, name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        r"""Args:
        thresholds: Least output that counts as positive; 0.5.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class TruePositives(_metrics_confusion.TruePositives, Metric):
    def __init__(
        self, thresholds: float | Sequence[float] | None = None, name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        r"""Args:
        thresholds: Least output that counts as positive; 0.5.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class F1Score(_metrics_scores.F1Score, FBetaScore):
    def __init__(
        self, average: Literal[None, 'micro', 'macro', 'weighted'] = None,
        threshold: float | None = None, name: str | None = 'f1_score', dtype: str | None = None,
    ) -> None:
        r"""Args:
        average: See above; None: one a class.
        threshold: Outputs above it count as positive; the largest of a row or step where None.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class OneHotMeanIoU(_metrics_overlap.OneHotMeanIoU, MeanIoU):
    def __init__(
        self, num_classes: Integer, name: str | None = None, dtype: str | None = None,
        ignore_class: Integer | None = None, sparse_y_pred: bool = False, axis: Integer = -1,
    ) -> None:
        r"""Args:
        num_classes: How many classes there are.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        ignore_class: A target that counts nothing.
        sparse_y_pred: Whether outputs are classes, not a number for each.
        axis: The axis of the classes, where there is one.
        """

class Precision(_metrics_confusion.Precision, Metric):
    def __init__(
        self, thresholds: float | Sequence[float] | None = None, top_k: Integer | None = None,
        class_id: Integer | None = None, name: str | None = None, dtype: str | None = None,
    ) -> None:
        r"""Args:
        thresholds: Least output that counts as positive; 0.5, or none with `top_k`.
        top_k: How many of the largest outputs of a row or step can be positive; all where None.
        class_id: The one class that counts; all where None.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class PrecisionAtRecall(_metrics_confusion.PrecisionAtRecall, Metric):
    def __init__(
        self, recall: Number, num_thresholds: Integer = 200, class_id: Integer | None = None,
        name: str | None = None, dtype: str | None = None,
    ) -> None:
        r"""Args:
        recall: The recall that is asked for.
        num_thresholds: How many thresholds are tried.
        class_id: The one class that counts; all where None.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class Recall(_metrics_confusion.Recall, Metric):
    def __init__(
        self, thresholds: float | Sequence[float] | None = None, top_k: Integer | None = None,
        class_id: Integer | None = None, name: str | None = None, dtype: str | None = None,
    ) -> None:
        r"""Args:
        thresholds: Least output that counts as positive; 0.5, or none with `top_k`.
        top_k: How many of the largest outputs of a row or step can be positive; all where None.
        class_id: The one class that counts; all where None.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class RecallAtPrecision(_metrics_confusion.RecallAtPrecision, Metric):
    def __init__(
        self, precision: Number, num_thresholds: Integer = 200, class_id: Integer | None = None,
        name: str | None = None, dtype: str | None = None,
    ) -> None:
        r"""Args:
        precision: The precision that is asked for.
        num_thresholds: How many thresholds are tried.
        class_id: The one class that counts; all where None.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class SensitivityAtSpecificity(_metrics_confusion.SensitivityAtSpecificity, Metric):
    def __init__(
        self, specificity: Number, num_thresholds: Integer = 200, class_id: Integer | None = None,
        name: str | None = None, dtype: str | None = None,
    ) -> None:
        r"""Args:
        specificity: The specificity that is asked for.
        num_thresholds: How many thresholds are tried.
        class_id: The one class that counts; all where None.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class SpecificityAtSensitivity(_metrics_confusion.SpecificityAtSensitivity, Metric):
    def __init__(
        self, sensitivity: Number, num_thresholds: Integer = 200, class_id: Integer | None = None,
        name: str | None = None, dtype: str | None = None,
    ) -> None:
        r"""Args:
        sensitivity: The sensitivity that is asked for.
        num_thresholds: How many thresholds are tried.
        class_id: The one class that counts; all where None.
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

class ConcordanceCorrelation(MeanMetricWrapper):
    r"""How near pairs are to the line `y_true = y_pred`; Lin 1989.

    `2 mean((y_true - mean(y_true)) (y_pred - mean(y_pred)))` divided by
    `var(y_true) + var(y_pred) + (mean(y_true) - mean(y_pred))^2`.
    """
    def __init__(
        self, name: str | None = None, dtype: str | None = None, axis: Integer = -1,
    ) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        axis: The axis along which targets and outputs are compared.
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
    r"""`sum(y_true log(y_true / y_pred))`, both within [epsilon(), 1]. Kullback, Leibler 1951.
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
    r"""`100 mean(|y_true - y_pred| / max(|y_true|, epsilon()))`.
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
    r"""`mean((log(1 + y_true) - log(1 + y_pred))^2)`; what is below epsilon() counts as it.
    """
    def __init__(self, name: str | None = None, dtype: str | None = None) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        """

class PearsonCorrelation(MeanMetricWrapper):
    r"""`mean((y_true - mean(y_true)) (y_pred - mean(y_pred))) / (std(y_true) std(y_pred))`.
    """
    def __init__(
        self, name: str | None = None, dtype: str | None = None, axis: Integer = -1,
    ) -> None:
        r"""Args:
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        axis: The axis along which targets and outputs are compared.
        """

class Poisson(MeanMetricWrapper):
    r"""`mean(y_pred - y_true log(y_pred + epsilon()))`.
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

    With `from_sorted_ids`, `y_pred` are the labels of the outputs, the largest first.
    """
    def __init__(
        self, k: Integer = 5, name: str | None = None, dtype: str | None = None,
        from_sorted_ids: bool = False,
    ) -> None:
        r"""Args:
        k: How many outputs are looked at.
        name: Name.
        dtype: Accepted as in Keras; metrics count in float32.
        from_sorted_ids: Whether outputs are labels, the likeliest first.
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
    "AUC", "Accuracy", "BinaryAccuracy", "BinaryCrossentropy", "BinaryIoU", "CategoricalAccuracy",
    "CategoricalCrossentropy", "CategoricalHinge", "ConcordanceCorrelation", "CosineSimilarity",
    "F1Score", "FBetaScore", "FalseNegatives", "FalsePositives", "Hinge", "IoU", "KLDivergence",
    "LogCoshError", "Mean", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanIoU",
    "MeanMetricWrapper", "MeanSquaredError", "MeanSquaredLogarithmicError", "Metric", "OneHotIoU",
    "OneHotMeanIoU", "PearsonCorrelation", "Poisson", "Precision", "PrecisionAtRecall", "R2Score",
    "Recall", "RecallAtPrecision", "RootMeanSquaredError", "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy", "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity", "SquaredHinge", "Sum", "TopKCategoricalAccuracy", "TrueNegatives",
    "TruePositives", "accuracy", "binary_accuracy", "binary_crossentropy",
    "binary_focal_crossentropy", "categorical_accuracy", "categorical_crossentropy",
    "categorical_focal_crossentropy", "categorical_hinge", "concordance_correlation", "deserialize",
    "get", "hinge", "huber", "kl_divergence", "log_cosh", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error",
    "pearson_correlation", "poisson", "resolve", "serialize", "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy", "sparse_top_k_categorical_accuracy", "squared_hinge",
    "top_k_categorical_accuracy",
]
