"""Written by tools/stubs.py: change the declarations, then `make stubs`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc"
# pyright: basic

from cello.core.dtype_policy import DTypePolicy
from cello.core.kinds import Integer
from cello.core.kinds import Number
from collections.abc import Sequence
from jax.typing import DTypeLike
from typing import Any
from typing import Literal
import cello.losses.circle as _losses_circle
import cello.losses.ctc as _losses_ctc
import cello.losses.loss as _losses_loss

from cello.losses.functions import binary_crossentropy as binary_crossentropy
from cello.losses.functions import binary_focal_crossentropy as binary_focal_crossentropy
from cello.losses.functions import categorical_crossentropy as categorical_crossentropy
from cello.losses.functions import categorical_focal_crossentropy as categorical_focal_crossentropy
from cello.losses.functions import categorical_generalized_cross_entropy as categorical_generalized_cross_entropy
from cello.losses.functions import categorical_hinge as categorical_hinge
from cello.losses.circle import circle as circle
from cello.losses.functions import cosine_similarity as cosine_similarity
from cello.losses.ctc import ctc as ctc
from cello.losses.named import deserialize as deserialize
from cello.losses.functions import dice as dice
from cello.losses.named import get as get
from cello.losses.loss import hide as hide
from cello.losses.functions import hinge as hinge
from cello.losses.functions import huber as huber
from cello.losses.functions import kl_divergence as kl_divergence
from cello.losses.functions import log_cosh as log_cosh
from cello.losses.functions import mean_absolute_error as mean_absolute_error
from cello.losses.functions import mean_absolute_percentage_error as mean_absolute_percentage_error
from cello.losses.functions import mean_squared_error as mean_squared_error
from cello.losses.functions import mean_squared_logarithmic_error as mean_squared_logarithmic_error
from cello.losses.functions import poisson as poisson
from cello.constraints import serialize as serialize
from cello.losses.functions import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from cello.losses.functions import squared_hinge as squared_hinge
from cello.losses.functions import tversky as tversky
from cello.losses.loss import Loss as Loss
class CTC(_losses_ctc.CTC, Loss):
    def __init__(
        self,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = 'ctc', dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        reduction: The mean over the rows, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class Circle(_losses_circle.Circle, Loss):
    def __init__(
        self, gamma: Number = 80.0, margin: Number = 0.4, remove_diagonal: bool = True,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = 'circle', dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        gamma: The scale of the similarities.
        margin: `m`: what is nearer, or farther, weighs less.
        remove_diagonal: Whether an embedding is not compared with itself.
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class ComparingLoss(_losses_loss.ComparingLoss, Loss):
    def __init__(
        self,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class FunctionLoss(_losses_loss.FunctionLoss, Loss):
    def __init__(
        self, function: Any,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        function: The function.
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class CategoricalHinge(ComparingLoss):
    r"""`max(1 - sum(y_true y_pred) + max((1 - y_true) y_pred), 0)`.
    """
    def __init__(
        self,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class CosineSimilarity(ComparingLoss):
    r"""`-sum(y_true / |y_true| * y_pred / |y_pred|)`: -1 for the same direction, a loss.

    The metric of this name has the other sign, as in Keras.
    """
    def __init__(
        self, axis: Integer = -1,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        axis: The axis of the classes.
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class Hinge(ComparingLoss):
    r"""`mean(max(1 - y_true y_pred, 0))`, with labels -1 and 1 (or 0 and 1).
    """
    def __init__(
        self,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class Huber(ComparingLoss):
    r"""`e^2 / 2` where `|e| <= delta`, else `delta (|e| - delta / 2)`; mean. Huber 1964.
    """
    def __init__(
        self, delta: Number = 1.0,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        delta: Where squares become lines.
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class LogCosh(ComparingLoss):
    r"""`mean(log(cosh(y_pred - y_true)))`.
    """
    def __init__(
        self,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class MeanAbsoluteError(ComparingLoss):
    r"""`mean(|y_true - y_pred|)`.
    """
    def __init__(
        self,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class MeanAbsolutePercentageError(ComparingLoss):
    r"""`100 mean(|y_true - y_pred| / max(|y_true|, epsilon()))`.
    """
    def __init__(
        self,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class MeanSquaredError(ComparingLoss):
    r"""`mean((y_true - y_pred)^2)`.
    """
    def __init__(
        self,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class MeanSquaredLogarithmicError(ComparingLoss):
    r"""`mean((log(1 + y_true) - log(1 + y_pred))^2)`; what is below epsilon() counts as it.
    """
    def __init__(
        self,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class Poisson(ComparingLoss):
    r"""`mean(y_pred - y_true log(y_pred + epsilon()))`.
    """
    def __init__(
        self,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class SquaredHinge(ComparingLoss):
    r"""`mean(max(1 - y_true y_pred, 0)^2)`, with labels -1 and 1 (or 0 and 1).
    """
    def __init__(
        self,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class Dice(ComparingLoss):
    r"""`1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred))`, along all axes or some.
    """
    def __init__(
        self,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, axis: Integer | Sequence[int] | None = None,
        dtype: str | DTypePolicy | DTypeLike | None = None, *, fn: Any = None,
    ) -> None:
        r"""Args:
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        axis: The axes of the sums; all where None, and the loss is one number.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class KLDivergence(ComparingLoss):
    r"""`sum(y_true log(y_true / y_pred))`, both within [epsilon(), 1]. Kullback, Leibler 1951.
    """
    def __init__(
        self,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class Tversky(ComparingLoss):
    r"""`1 - I / (I + alpha sum(y_true (1 - y_pred)) + beta sum((1 - y_true) y_pred))`.

    `I = sum(y_true y_pred)`; all sums over all axes or some. Salehi et al. 2017.
    """
    def __init__(
        self, alpha: Number = 0.5, beta: Number = 0.5,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, axis: Integer | Sequence[int] | None = None,
        dtype: str | DTypePolicy | DTypeLike | None = None, *, fn: Any = None,
    ) -> None:
        r"""Args:
        alpha: Weight of what is missed.
        beta: Weight of what is invented.
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        axis: The axes of the sums; all where None, and the loss is one number.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class BinaryCrossentropy(ComparingLoss):
    r"""`-mean(y_true log(y_pred) + (1 - y_true) log(1 - y_pred))`.
    """
    def __init__(
        self, from_logits: bool = False, label_smoothing: Number = 0.0, axis: Integer = -1,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        from_logits: Whether `y_pred` are logits, not probabilities.
        label_smoothing: How far labels are drawn towards equal ones.
        axis: The axis of the classes.
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class BinaryFocalCrossentropy(ComparingLoss):
    r"""The binary cross-entropy times `(1 - p_t)^gamma`; Lin et al. 2017.
    """
    def __init__(
        self, apply_class_balancing: bool = False, alpha: Number = 0.25, gamma: Number = 2.0,
        from_logits: bool = False, label_smoothing: Number = 0.0, axis: Integer = -1,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        apply_class_balancing: Whether to weigh the classes by alpha.
        alpha: Weight of class 1.
        gamma: How much easy samples are discounted.
        from_logits: Whether `y_pred` are logits, not probabilities.
        label_smoothing: How far labels are drawn towards equal ones.
        axis: The axis of the classes.
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class CategoricalGeneralizedCrossEntropy(ComparingLoss):
    r"""`(1 - y_pred[y_true]^q) / q`, which wrong labels disturb less; Zhang and Sabuncu 2018.

    `y_true` are integer labels without the axis of the classes. With `q` near 0 it is the
    cross-entropy, near 1 the mean absolute error.
    """
    def __init__(
        self, q: float = 0.5,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        q: 0: as the cross-entropy; 1: as the mean absolute error.
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class CategoricalCrossentropy(ComparingLoss):
    r"""`-sum(y_true log(y_pred))` over the classes; `y_true` are one-hot or probabilities.
    """
    def __init__(
        self, from_logits: bool = False, label_smoothing: Number = 0.0, axis: Integer = -1,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        from_logits: Whether `y_pred` are logits, not probabilities.
        label_smoothing: How far labels are drawn towards equal ones.
        axis: The axis of the classes.
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class CategoricalFocalCrossentropy(ComparingLoss):
    r"""`-sum(alpha (1 - y_pred)^gamma y_true log(y_pred))` over the classes; Lin et al. 2017.

    `y_true` are one-hot or probabilities; `alpha` is a number, or a list of one for each class.
    """
    def __init__(
        self, alpha: float | Sequence[float] = 0.25, gamma: Number = 2.0, from_logits: bool = False,
        label_smoothing: Number = 0.0, axis: Integer = -1,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        name: str | None = None, dtype: str | DTypePolicy | DTypeLike | None = None, *,
        fn: Any = None,
    ) -> None:
        r"""Args:
        alpha: Weight of the classes, or a list of one for each.
        gamma: How much easy samples are discounted.
        from_logits: Whether `y_pred` are logits, not probabilities.
        label_smoothing: How far labels are drawn towards equal ones.
        axis: The axis of the classes.
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """

class SparseCategoricalCrossentropy(ComparingLoss):
    r"""`-log(y_pred[y_true])`; `y_true` are integer labels without the axis of the classes.
    """
    def __init__(
        self, from_logits: bool = False, ignore_class: Integer | None = None,
        reduction: Literal['sum_over_batch_size', 'sum', 'mean', 'mean_with_sample_weight', 'none', None] = 'sum_over_batch_size',
        axis: Integer = -1, name: str | None = None,
        dtype: str | DTypePolicy | DTypeLike | None = None, *, fn: Any = None,
    ) -> None:
        r"""Args:
        from_logits: Whether `y_pred` are logits, not probabilities.
        ignore_class: A label that counts nothing.
        reduction: The mean over all values, their sum, the mean by the weights, or none.
        axis: The axis of the classes.
        name: Name.
        dtype: What it computes in; that of the outputs if None, and at least float32.
        """


__all__ = [
    "BinaryCrossentropy", "BinaryFocalCrossentropy", "CTC", "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy", "CategoricalGeneralizedCrossEntropy", "CategoricalHinge",
    "Circle", "ComparingLoss", "CosineSimilarity", "Dice", "FunctionLoss", "Hinge", "Huber",
    "KLDivergence", "LogCosh", "Loss", "MeanAbsoluteError", "MeanAbsolutePercentageError",
    "MeanSquaredError", "MeanSquaredLogarithmicError", "Poisson", "SparseCategoricalCrossentropy",
    "SquaredHinge", "Tversky", "binary_crossentropy", "binary_focal_crossentropy",
    "categorical_crossentropy", "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy", "categorical_hinge", "circle", "cosine_similarity",
    "ctc", "deserialize", "dice", "get", "hide", "hinge", "huber", "kl_divergence", "log_cosh",
    "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_error",
    "mean_squared_logarithmic_error", "poisson", "serialize", "sparse_categorical_crossentropy",
    "squared_hinge", "tversky",
]
