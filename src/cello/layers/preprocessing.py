"""Numbers brought to a scale before a network sees them: `Rescaling`, `Normalization`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from cello.core.arguments import arg
from cello.core.config import epsilon
from cello.core.kinds import Integer, boolean, integers, optional
from cello.core.layer import Layer
from cello.layers.adapting import batches_of
from cello.layers.axes import positive_axes


def _numbers(value: ArrayLike):
    try:
        array = np.asarray(value, "float64")
    except (TypeError, ValueError):
        raise ValueError("a number, or a list or an array of them") from None
    return array.tolist()


class Rescaling(Layer):
    """`inputs * scale + offset`.

    Inputs of any shape; the output has the same, and integers become floating point.
    """

    scale = arg(kind=_numbers, doc="Factor: a number, or one for each feature.")
    offset = arg(0.0, kind=_numbers, doc="What is added: a number, or one for each feature.")

    supports_masking = True
    streams = True

    def call(self, inputs):
        dtype = self.compute_dtype
        scale, offset = np.asarray(self.scale, dtype), np.asarray(self.offset, dtype)
        return inputs.astype(dtype) * scale + offset


def _axes(value: Integer | Sequence[int] | None):
    if value is None:
        return ()
    axes = integers(value)
    return (axes,) if isinstance(axes, int) else axes


class Normalization(Layer):
    """Bring each feature to mean 0 and variance 1: `(x - mean) / max(sqrt(variance), 1e-7)`.

    `adapt(data)` finds mean and variance before training; or they are given. Inputs of any shape;
    the output has the same. Weights, which no training changes: `mean` and `variance`, of the sizes
    of `axis`, and `count`.
    """

    axis = arg(
        -1, kind=_axes, doc="Axis, or axes, that have a mean of their own; `None`: one for all."
    )
    mean = arg(None, kind=optional(_numbers), doc="The mean, if it is known.")
    variance = arg(None, kind=optional(_numbers), doc="The variance, if it is known.")
    invert = arg(False, kind=boolean, doc="Whether to do the opposite: `x * deviation + mean`.")

    supports_masking = True
    streams = True
    _not_in_config = (
        *Layer._not_in_config,
        "mean",
        "variance",
    )  # they read as arrays: what was given is in it

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if (self.given_mean is None) != (self.given_variance is None):
            raise ValueError(
                f"{self} needs both mean and variance, or neither. Received: "
                f"mean={self.given_mean}, variance={self.given_variance}"
            )

    def _store(self, values):
        self.given_mean, self.given_variance = values.pop("mean"), values.pop("variance")
        super()._store(values)

    def get_config(self):
        return super().get_config() | {"mean": self.given_mean, "variance": self.given_variance}

    def build(self, input_shape):
        self._kept = positive_axes(self, self.axis, len(input_shape))
        shape = tuple(input_shape[a] for a in self._kept)
        self._shape = tuple(d if a in self._kept else 1 for a, d in enumerate(input_shape))
        if self.given_mean is None:
            self.adapt_mean = self.add_weight(shape, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(shape, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", "int32", trainable=False, name="count")

    @property
    def input_dtype(self) -> str:
        """That of the variables: raw numbers may be too large, or too close, for 16 bits."""
        return self.variable_dtype

    def why_not_in_pieces(self, arguments):
        if 1 in positive_axes(self, self.axis, arguments["inputs"].ndim):
            return f"with axis={self.axis} each step has a mean of its own."
        return None

    def _of_inputs(self, given, weight: str):
        if given is None:
            return jnp.reshape(getattr(self, weight).value, self._shape)
        array = np.asarray(given, self.variable_dtype)
        if array.ndim > len(self._kept):
            raise ValueError(
                f"{self}: mean and variance have {array.ndim} axes, and axis={self.axis} names "
                f"{len(self._kept)}."
            )
        kept = tuple(self._shape[axis] for axis in self._kept)
        if any(d not in (1, k) for d, k in zip(array.shape[::-1], kept[::-1], strict=False)):
            raise ValueError(
                f"{self}: mean and variance are numbers, or have the sizes {kept} of "
                f"axis={self.axis} in the inputs, and have the shape {array.shape}."
            )
        sizes = [1] * len(self._shape)
        for axis, size in zip(self._kept[len(self._kept) - array.ndim :], array.shape, strict=True):
            sizes[axis] = size
        return jnp.broadcast_to(jnp.reshape(array, sizes), self._shape)

    def call(self, inputs):
        mean, deviation = self.mean, jnp.maximum(jnp.sqrt(self.variance), epsilon())
        x = inputs.astype(self.variable_dtype)
        y = x * deviation + mean if self.invert else (x - mean) / deviation
        return y.astype(self.compute_dtype)

    def adapt(self, data) -> None:
        """Find mean and variance of `data`, in float64; what was found before is forgotten.

        Args:
            data: an array, or an iterable of batches: arrays, or tuples of which the first counts.
                A list of sequences `(time, features)` is one.

        Raises:
            ValueError: for data of other sizes, for none, and if mean and variance were given.
        """
        if self.given_mean is not None:
            raise ValueError(f"{self} was given its mean and variance: there is nothing to adapt.")
        count, mean, squares = 0, 0.0, 0.0
        for batch in batches_of(self, iter(data) if isinstance(data, list) else data):
            array = batch.astype("float64")
            if not self.built:
                self.build(array.shape)
            kept = positive_axes(self, self.axis, array.ndim)
            others = tuple(a for a in range(array.ndim) if a not in kept)
            if tuple(array.shape[a] for a in kept) != self.adapt_mean.shape:
                raise ValueError(
                    f"{self}.adapt: a batch has the shape {array.shape}, and axis={self.axis} must "
                    f"have the size {self.adapt_mean.shape}."
                )
            new = math.prod(array.shape[a] for a in others)
            if not new:
                continue
            moved = array.mean(axis=others) - mean
            within = array.var(axis=others) * new
            squares = squares + within + moved**2 * (count * new / (count + new))
            mean, count = mean + moved * (new / (count + new)), count + new
        if not count:
            raise ValueError(f"{self}.adapt got no data.")
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(squares / count)


# Declared above as arguments; they read as arrays of a shape that is broadcast over the inputs.
Normalization.mean = property(lambda self: self._of_inputs(self.given_mean, "adapt_mean"))
Normalization.variance = property(
    lambda self: self._of_inputs(self.given_variance, "adapt_variance")
)
