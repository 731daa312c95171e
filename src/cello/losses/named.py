"""The losses that have a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.arguments import arg
from cello.core.dtype_policy import widen
from cello.core.exports import public
from cello.core.keras_names import KERAS_NAMES
from cello.core.kinds import boolean, integer, integers, nearest, number, optional
from cello.core.masking import get_mask, real_only
from cello.core.serialization import Registry, custom_object, custom_object_scope, serialize
from cello.losses import functions
from cello.losses.arguments import axis as _axis
from cello.losses.arguments import logits as _logits
from cello.losses.arguments import smoothing as _smoothing
from cello.losses.circle import Circle, circle
from cello.losses.ctc import CTC, ctc
from cello.losses.functions import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    categorical_hinge,
    cosine_similarity,
    dice,
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
    tversky,
)
from cello.losses.loss import ComparingLoss, FunctionLoss, Loss, hide

TOLERANCE = 0.03
"""How far outputs in 16 bits may be from probabilities."""


class _Named(ComparingLoss):
    """A loss that is one of `functions`; its further arguments are the function's."""

    _function: str

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.name = self.name or {"huber": "huber_loss"}.get(self._function, self._function)
        function = getattr(functions, self._function)
        self.elementwise = hasattr(function, "elementwise") and getattr(self, "axis", -1) == -1

    def call(self, y_true, y_pred):
        known = Loss.declared
        arguments = {n: getattr(self, n) for n in type(self).declared if n not in known}
        return getattr(functions, self._function)(y_true, y_pred, **arguments)


class _OfProbabilities(_Named):
    """A loss of probabilities."""

    from_logits = False
    axis = -1
    sums_to_one = True

    def find_strays(self, y_pred):
        if self.from_logits:
            return None
        mask = get_mask(y_pred)
        y_pred = widen(jnp.asarray(y_pred))
        strays = (y_pred < -TOLERANCE) | (y_pred > 1 + TOLERANCE)
        if self.sums_to_one:
            wrong = jnp.abs(jnp.sum(y_pred, self.axis, keepdims=True) - 1) > TOLERANCE
            strays = strays | wrong
        return jnp.any(strays if mask is None else hide(strays, mask))


class _Crossentropy(_OfProbabilities):
    """A loss of probabilities, or of logits."""

    sums_to_one = False

    def advise_on_strays(self) -> str:
        return (
            "If they are logits, pass the loss with from_logits=True, as "
            f"cello.losses.{type(self).__name__}(from_logits=True); else end in a softmax (for one "
            "class or several at once, a sigmoid)."
        )


class _Overlap(_Named):
    """A loss of sums along axes, all or some: what is masked, and rows that do not count, add 0."""

    axis: int | tuple[int, ...] | None
    broadcasts = False

    def __call__(self, y_true, y_pred, sample_weight=None):
        mask = get_mask(y_pred)
        y_true, y_pred = jax.tree.map(self._cast, (y_true, y_pred))
        mask = real_only(mask, y_pred)
        if mask is not None:
            y_true, y_pred = hide(y_true, mask), hide(y_pred, mask)
            summed = range(mask.ndim) if self.axis is None else np.ravel(self.axis) % y_pred.ndim
            mask = jnp.any(mask, axis=[int(a) for a in summed if a < mask.ndim])
        values = self.call(y_true, y_pred)
        return self._reduce(values, sample_weight, mask if values.ndim else None)


class _CategoricalCrossentropy(_Crossentropy):
    sums_to_one = True

    def _advise(self, y_true, output) -> str:
        labels = np.asarray(y_true)
        if labels.shape[1:] in (output[1:-1], (*output[1:-1], 1)) and (labels % 1 == 0).all():
            return "y holds labels: use sparse_categorical_crossentropy, or one-hot targets."
        return super()._advise(y_true, output)


class _OfLabels(_OfProbabilities):
    """A loss of probabilities whose targets are integer labels."""

    ignore_class: int | None = None

    def check_targets(self, y_true, output_shape) -> None:
        labels, shape = np.asarray(y_true), tuple(output_shape)
        classes = shape[self.axis]
        rest = [d for i, d in enumerate(shape[1:], 1) if i != self.axis % len(shape)]
        if list(labels.shape[1:]) not in (rest, [*rest, 1]):
            raise ValueError(
                f"The loss {self.name} takes integer labels of shape "
                f"{('batch', *rest)} for outputs of shape {('batch', *shape[1:])} and got "
                f"{labels.shape}: use categorical_crossentropy for one-hot targets."
            )
        if labels.dtype.kind == "f" and (labels != np.round(labels)).any():
            raise ValueError(f"The loss {self.name} takes integer labels; y holds fractions.")
        counted = labels if self.ignore_class is None else labels[labels != self.ignore_class]
        if counted.size and (counted.min() < 0 or counted.max() >= classes):
            raise ValueError(
                f"The loss {self.name}: labels must be from 0 to {classes - 1}, since the output "
                f"has {classes} classes; y holds labels from {counted.min()} to {counted.max()}. "
                f"Count labels from 0, or give the last layer {int(counted.max()) + 1} units."
            )


class _CrossentropyOfLabels(_OfLabels, _Crossentropy):
    sums_to_one = True


def _alpha(value: float | Sequence[float]):
    return [number(v) for v in value] if isinstance(value, Sequence) else number(value)


def _between(value: float):
    if not 0 < number(value) < 1:
        raise ValueError("a number between 0 and 1, and neither of them")
    return value


def _axes() -> Any:
    doc = "The axes of the sums; all where None, and the loss is one number."
    return arg(None, kind=optional(integers), doc=doc)


def _loss(class_name: str, function: str, base=_Named, **arguments) -> Any:
    """The class of a loss function."""
    formula = getattr(functions, function).__doc__
    members = {"__doc__": formula, "_function": function, "__module__": __name__, **arguments}
    return type(class_name, (base,), members)


MeanSquaredError = _loss("MeanSquaredError", "mean_squared_error")
MeanAbsoluteError = _loss("MeanAbsoluteError", "mean_absolute_error")
MeanAbsolutePercentageError = _loss("MeanAbsolutePercentageError", "mean_absolute_percentage_error")
MeanSquaredLogarithmicError = _loss("MeanSquaredLogarithmicError", "mean_squared_logarithmic_error")
Huber = _loss("Huber", "huber", delta=arg(1.0, kind=number, doc="Where squares become lines."))
LogCosh = _loss("LogCosh", "log_cosh")
KLDivergence = _loss("KLDivergence", "kl_divergence", _OfProbabilities)
Poisson = _loss("Poisson", "poisson")
Hinge = _loss("Hinge", "hinge")
SquaredHinge = _loss("SquaredHinge", "squared_hinge")
CategoricalHinge = _loss("CategoricalHinge", "categorical_hinge")
CategoricalCrossentropy = _loss(
    "CategoricalCrossentropy",
    "categorical_crossentropy",
    _CategoricalCrossentropy,
    from_logits=_logits(),
    label_smoothing=_smoothing(),
    axis=_axis(),
)
BinaryCrossentropy = _loss(
    "BinaryCrossentropy",
    "binary_crossentropy",
    _Crossentropy,
    from_logits=_logits(),
    label_smoothing=_smoothing(),
    axis=_axis(),
)
BinaryFocalCrossentropy = _loss(
    "BinaryFocalCrossentropy",
    "binary_focal_crossentropy",
    _Crossentropy,
    apply_class_balancing=arg(False, kind=boolean, doc="Whether to weigh the classes by alpha."),
    alpha=arg(0.25, kind=number, doc="Weight of class 1."),
    gamma=arg(2.0, kind=number, doc="How much easy samples are discounted."),
    from_logits=_logits(),
    label_smoothing=_smoothing(),
    axis=_axis(),
)
CategoricalFocalCrossentropy = _loss(
    "CategoricalFocalCrossentropy",
    "categorical_focal_crossentropy",
    _CategoricalCrossentropy,
    alpha=arg(0.25, kind=_alpha, doc="Weight of the classes, or a list of one for each."),
    gamma=arg(2.0, kind=number, doc="How much easy samples are discounted."),
    from_logits=_logits(),
    label_smoothing=_smoothing(),
    axis=_axis(),
)
Dice = _loss("Dice", "dice", _Overlap, argument_order="reduction name axis", axis=_axes())
Tversky = _loss(
    "Tversky",
    "tversky",
    _Overlap,
    argument_order="alpha beta reduction name axis",
    alpha=arg(0.5, kind=number, doc="Weight of what is missed."),
    beta=arg(0.5, kind=number, doc="Weight of what is invented."),
    axis=_axes(),
)
CosineSimilarity = _loss("CosineSimilarity", "cosine_similarity", axis=_axis())
CategoricalGeneralizedCrossEntropy = _loss(
    "CategoricalGeneralizedCrossEntropy",
    "categorical_generalized_cross_entropy",
    _OfLabels,
    q=arg(0.5, kind=_between, doc="0: as the cross-entropy; 1: as the mean absolute error."),
)
SparseCategoricalCrossentropy = _loss(
    "SparseCategoricalCrossentropy",
    "sparse_categorical_crossentropy",
    _CrossentropyOfLabels,
    argument_order="from_logits ignore_class reduction axis",
    from_logits=_logits(),
    ignore_class=arg(None, kind=optional(integer), doc="A label that counts nothing."),
    axis=_axis(),
)
_CLASSES = [globals()[name] for name in sorted(KERAS_NAMES["losses"] - {"Loss"})]
_SHORT = {
    "mse": MeanSquaredError, "mae": MeanAbsoluteError, "mape": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError, "bce": BinaryCrossentropy, "kld": KLDivergence,
    "logcosh": LogCosh,
}  # fmt: skip
registry = Registry(
    "loss",
    {
        **{cls.__name__: cls for cls in _CLASSES},
        **{cls._function: cls for cls in _CLASSES},
        **_SHORT,
        **{name.upper(): cls for name, cls in _SHORT.items() if name != "logcosh"},
    },
)


def get(identifier) -> Loss:
    """The loss that a name, a configuration, a class, a loss or any function stands for.

    Raises:
        ValueError: for an unknown name; the nearest known one is suggested.
    """
    known = isinstance(identifier, str) and (
        identifier in registry.entries or custom_object(identifier) is not None
    )
    if isinstance(identifier, str) and not known:
        hint = nearest(identifier, registry.entries)
        raise ValueError(f"Unknown loss {identifier!r}{hint or '.'}")
    loss = registry.get(identifier)
    return loss if isinstance(loss, Loss) else FunctionLoss(loss)


def deserialize(config, custom_objects=None) -> Loss:
    """The loss of a configuration, such as `serialize` gives; see `get`.

    Args:
        config: the configuration, or a name.
        custom_objects: a program's own classes and functions by the names in it.
    """
    with custom_object_scope(custom_objects):
        return get(config)


__all__ = [*public(globals(), "cello.losses"), "serialize"]
