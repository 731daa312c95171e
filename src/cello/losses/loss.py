"""The base of the losses: weights, masks and the mean."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.arguments import arg
from cello.core.dtype_policy import widen
from cello.core.kinds import one_of, optional
from cello.core.masking import both, get_mask
from cello.core.serialization import Configurable

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


class Loss(Configurable):
    """A function of targets and outputs, averaged with weights.

    A loss of your own overrides `call(y_true, y_pred)` and gives one value for each sample or step.
    The mask that travels with `y_pred` is honoured: a masked step counts nothing, and what stands
    there, NaN included, reaches neither the loss nor its gradient.
    """

    reduction = arg(
        "sum_over_batch_size", kind=one_of(*REDUCTIONS),
        doc="The mean over all values, their sum, the mean by the weights, or none.",
    )  # fmt: skip
    name = arg(None, kind=optional(str), doc="Name.")
    _ignored_arguments = {"dtype": None, "fn": None}

    own_lengths = False
    """Whether targets along an axis of time are not one for each step of the outputs."""

    def call(self, y_true, y_pred):
        raise NotImplementedError(f"{type(self).__name__} has no call(y_true, y_pred).")

    def __call__(self, y_true, y_pred, sample_weight=None):
        mask = get_mask(y_pred)
        y_true, y_pred = jax.tree.map(lambda y: widen(jnp.asarray(y)), (y_true, y_pred))
        if mask is not None:
            y_true, y_pred = hide(y_true, mask), hide(y_pred, mask)
        values = self.call(y_true, y_pred)
        mask = both(mask, get_mask(values))
        return self._reduce(jnp.asarray(values), sample_weight, mask)

    def _reduce(self, values, sample_weight, mask):
        weights = None if sample_weight is None else jnp.asarray(sample_weight, values.dtype)
        if mask is not None:
            mask = jnp.asarray(mask, bool)
            factor = mask.astype(values.dtype)
            if self.reduction in ("mean", "sum_over_batch_size"):  # a mean over the real steps
                factor = factor * mask.size / jnp.maximum(jnp.sum(factor), 1)
            weights = factor if weights is None else _align(weights, factor) * factor
            values = jnp.where(_align(mask, values), values, 0.0)
        if weights is not None and values.ndim:
            values = values * _align(weights, values)
        if self.reduction in ("none", None) or values.ndim == 0:
            return values
        total = jnp.sum(values)
        if self.reduction == "sum":
            return total
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            count = jnp.sum(weights)
            return jnp.where(count == 0, 0.0, total / jnp.where(count == 0, 1.0, count))
        return total / max(values.size, 1)

    def check_targets(self, y_true, output_shape) -> None:
        """Refuse targets that cannot be compared with outputs of this shape.

        Args:
            y_true: NumPy array of targets.
            output_shape: shape of the output; its batch need not be that of `y_true`.
        """
        self._check_shapes(np.shape(y_true), tuple(output_shape))

    def _check_shapes(self, target, output) -> None:
        short, long = sorted((target, output), key=len)
        fits = len(target) == len(output) or (len(long) == len(short) + 1 and long[-1] == 1)
        for t, o in zip(target[1:], output[1:], strict=False):
            fits = fits and (t == o or 1 in (t, o))
        if not fits:
            raise ValueError(
                f"The loss {self.name} cannot compare targets of shape (batch, "
                f"{', '.join(map(str, target[1:]))}) with outputs of shape (batch, "
                f"{', '.join(map(str, output[1:]))}). Give y the shape of the model's output, or "
                "change the last layer."
            )


class FunctionLoss(Loss):
    """Any function `(y_true, y_pred) -> values`, or a scalar, as a loss."""

    function = arg(doc="The function.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.name is None:
            self.name = getattr(self.function, "__name__", "loss")

    def call(self, y_true, y_pred):
        return self.function(y_true, y_pred)

    def check_targets(self, y_true, output_shape) -> None:
        """Only the function knows what it takes."""


def hide(array, mask):
    """`array` with zeros where the mask, which has its first axes, is false."""
    array = jnp.asarray(array)
    if array.shape[: mask.ndim] != mask.shape:
        return array
    return jnp.where(_align(jnp.asarray(mask, bool), array), array, jnp.zeros((), array.dtype))


def _align(weights, values):
    """`weights` with the rank of `values`: first axes are matched, a last axis of 1 dropped."""
    if weights.ndim == values.ndim + 1 and weights.shape[-1] == 1:
        return weights[..., 0]
    missing = values.ndim - weights.ndim
    return weights.reshape(weights.shape + (1,) * missing) if missing > 0 else weights
