"""The base of the losses: weights, masks and the mean."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.arguments import arg
from cello.core.dtype_policy import floating, widen
from cello.core.kinds import one_of, optional
from cello.core.masking import both, get_mask, real_only
from cello.core.numbers import as_tensor
from cello.core.serialization import Configurable
from cello.losses.functions import same_rank

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


class Loss(Configurable):
    """A function of targets and outputs, averaged with weights.

    A loss of your own overrides `call(y_true, y_pred)` and gives one value for each sample or step.
    The mask that travels with `y_pred` is honoured: a masked step counts nothing, and what stands
    there, NaN included, reaches neither the loss nor its gradient.

    Weights are for each row, each step or, if the loss is a mean of elements, each element.

    Raises:
        ValueError: for values that a mask or weights do not fit: a mean over the steps counts the
            masked ones, and one number leaves no row to weigh.
    """

    reduction = arg(
        "sum_over_batch_size", kind=one_of(*REDUCTIONS),
        doc="The mean over all values, their sum, the mean by the weights, or none.",
    )  # fmt: skip
    name = arg(None, kind=optional(str), doc="Name.")
    dtype = arg(
        None, kind=optional(floating), doc="What it computes in; that of the outputs if None, and "
        "at least float32.",
    )  # fmt: skip
    _ignored_arguments = {"fn": None}

    elementwise = False
    """Whether `call` gives means over the last axis of what it computes for each element."""
    own_lengths = False
    """Whether targets along an axis of time are not one for each step of the outputs."""

    rows_meet = False
    """Whether the value of a row depends on the others of its batch."""

    def call(self, y_true, y_pred):
        raise NotImplementedError(f"{type(self).__name__} has no call(y_true, y_pred).")

    def __call__(self, y_true, y_pred, sample_weight=None):
        return self._reduce(*self.measure(y_true, y_pred, sample_weight))

    def measure(self, y_true, y_pred, sample_weight=None):
        """The values that `call` gives, the weights, and the mask of the values or `None`."""
        mask = get_mask(y_pred)
        y_true, y_pred = jax.tree.map(self._cast, (y_true, y_pred))
        if mask is not None:
            y_true, y_pred = hide(y_true, mask), hide(y_pred, mask)
        if self.elementwise:
            y_true, y_pred = split_elements(y_true, y_pred, sample_weight)
        values = self.call(y_true, y_pred)
        return jnp.asarray(values), sample_weight, both(mask, get_mask(values))

    def _cast(self, array):
        array = as_tensor(array, f"{self.name}: y_true or y_pred")
        return widen(array) if self.dtype is None else array.astype(self.dtype)

    def _reduce(self, values, sample_weight, mask):
        whose = f"The loss {self.name}"
        weights = None
        if sample_weight is not None:
            weights = align_weights(jnp.asarray(sample_weight, values.dtype), values, whose)
        mask = real_only(mask, values)
        if mask is not None:
            mask = jnp.asarray(mask, bool)
            factor = mask.astype(values.dtype)
            if self.reduction in ("mean", "sum_over_batch_size"):  # a mean over the real steps
                factor = factor * mask.size / jnp.maximum(jnp.sum(factor), 1)
            factor = align_weights(factor, values, whose, "a mask")
            weights = factor if weights is None else weights * factor
            values = jnp.where(align_weights(mask, values, whose, "a mask"), values, 0.0)
        if weights is not None:
            values = values * weights
        if self.reduction in ("none", None) or values.ndim == 0:
            return values
        total = jnp.sum(values)
        if self.reduction == "sum":
            return total
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            count = jnp.sum(weights)
            return jnp.where(count == 0, 0.0, total / jnp.where(count == 0, 1.0, count))
        return total / max(values.size, 1)

    def get_config(self):
        config = super().get_config()
        if config["dtype"] is None:  # Keras' files do not have it
            del config["dtype"]
        return config

    def check_targets(self, y_true, output_shape) -> None:
        """Refuse targets that cannot be compared with outputs of this shape.

        What a loss of your own takes it knows alone: it may override this.

        Args:
            y_true: NumPy array of targets.
            output_shape: shape of the output; its batch need not be that of `y_true`.
        """

    def find_strays(self, y_pred):
        """Whether some outputs cannot be what the loss takes them for; `None` if nothing is known.

        Those of a loss of probabilities that leave [0, 1], or do not sum to 1, are logits.
        """
        return None

    def advise_on_strays(self) -> str:
        """What to do about outputs that `find_strays` found."""
        return "End the model in a softmax."


class ComparingLoss(Loss):
    """A loss that compares each number of the outputs with one of the targets."""

    def check_targets(self, y_true, output_shape) -> None:
        """Refuse targets of another shape, but for a last axis of 1."""
        target, output = np.shape(y_true), tuple(output_shape)
        short, long = sorted((target, output), key=len)
        fits = len(target) == len(output) or (len(long) == len(short) + 1 and long[-1] == 1)
        for t, o in zip(target[1:], output[1:], strict=False):
            fits = fits and t == o
        if not fits:
            shapes = [", ".join(["batch", *map(str, shape[1:])]) for shape in (target, output)]
            raise ValueError(
                f"The loss {self.name} cannot compare targets of shape ({shapes[0]}) with outputs "
                f"of shape ({shapes[1]}). {self._advise(y_true, output)}"
            )

    def _advise(self, y_true, output) -> str:
        """What to do about targets that do not fit the output."""
        target = np.shape(y_true)
        if output[1:] == (1,) and len(target) > 1:
            return (
                "The model gives one number a row: for an output at each step give its last "
                "recurrent layer return_sequences=True, for more numbers its last layer more units."
            )
        if len(output) == 3 and target[1:] in ((), (1,), output[2:]):
            return (
                f"The model gives an output at each of the {output[1]} steps: for one a row leave "
                "return_sequences=True out of its last recurrent layer; for the same target at "
                f"each step pass np.repeat(y.reshape(len(y), 1, -1), {output[1]}, axis=1)."
            )
        return "Give y the shape of the model's output, or change the last layer."


class FunctionLoss(Loss):
    """Any function `(y_true, y_pred) -> values`, or a scalar, as a loss."""

    function = arg(doc="The function.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.name is None:
            self.name = getattr(self.function, "__name__", "loss")
        self.elementwise = getattr(self.function, "elementwise", False)

    def call(self, y_true, y_pred):
        return self.function(y_true, y_pred)


def hide(array, mask):
    """`array` with zeros where the mask, which has its first axes, is false."""
    array = jnp.asarray(array)
    if array.shape[: mask.ndim] != mask.shape:
        return array
    return jnp.where(_align(jnp.asarray(mask, bool), array), array, jnp.zeros((), array.dtype))


def split_elements(y_true, y_pred, sample_weight):
    """Targets and outputs with an axis more if there is one weight an element, not one a step.

    What is a mean over the last axis then gives the value of each element.
    """
    shape = np.shape(sample_weight)
    if sample_weight is None or len(shape) != y_pred.ndim or shape[-1:] in ((), (1,)):
        return y_true, y_pred
    return tuple(y[..., None] for y in same_rank(y_true, y_pred))


def align_weights(factor, values, whose: str, what: str = "sample_weight"):
    """Weights, or a mask, with the rank of the values that they are for.

    First axes are matched, and a last axis of 1 is dropped.

    Args:
        factor, values: arrays.
        whose, what: the loss or metric, and what the factor is, for the message.

    Raises:
        ValueError: for values that do not have these axes.
    """
    aligned = _align(factor, values)
    fits = aligned.ndim <= values.ndim
    if fits and all(f in (1, v) for f, v in zip(aligned.shape, values.shape, strict=True)):
        return aligned
    gave = "one number" if values.ndim == 0 else f"values of shape {values.shape}"
    if what == "a mask":
        raise ValueError(
            f"{whose} gave {gave} for outputs with a mask of shape {factor.shape}, so that masked "
            "steps count: return one value for each step, the mean over the last axis alone."
        )
    raise ValueError(
        f"{whose} gave {gave}, which sample_weight of shape {factor.shape} does not fit: return "
        "one value for each weight, or pass one weight for each value."
    )


def _align(weights, values):
    """`weights` with the rank of `values`: first axes are matched, a last axis of 1 dropped."""
    if weights.ndim == values.ndim + 1 and weights.shape[-1] == 1:
        return weights[..., 0]
    missing = values.ndim - weights.ndim
    return weights.reshape(weights.shape + (1,) * missing) if missing > 0 else weights
