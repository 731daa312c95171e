"""Layers that only move numbers: `Flatten`, `Reshape`, `Permute`, ..., `Cropping1D`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax.numpy as jnp
from jax.core import max_dim

from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import Integer, integer, positive_integer
from cello.core.layer import Layer
from cello.core.symbolic import show_shape
from cello.layers.window import channels_last


def _sizes(value: int | Sequence[int]):
    value = (value,) if isinstance(value, int) else tuple(value)
    if not all(isinstance(d, int) and (d > 0 or d == -1) for d in value) or value.count(-1) > 1:
        raise ValueError("a tuple of positive integers, at most one of which may be -1")
    return value


def _axes(value: Sequence[int]):
    value = tuple(value)
    if sorted(value) != list(range(1, len(value) + 1)):
        raise ValueError(f"each of the axes 1 to {len(value)} once (the batch, 0, stays)")
    return value


def _both_ends(value: Integer | Sequence[int]):
    ends = (value, value) if not isinstance(value, Sequence) else tuple(value)
    if len(ends) != 2 or any(integer(end) < 0 for end in ends):
        raise ValueError("a number of steps, or one for the start and one for the end")
    return tuple(map(int, ends))


class Flatten(Layer):
    """One axis of features from all axes but the batch.

    Inputs `(batch, ...)`; output `(batch, product of the rest)`.
    """

    data_format = arg(None, kind=channels_last, doc='Only "channels_last".')

    def call(self, inputs):
        return jnp.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))


class Reshape(Layer):
    """The same numbers in another shape.

    Inputs `(batch, ...)`; output `(batch, *target_shape)`.
    """

    target_shape = arg(kind=_sizes, doc="New shape without the batch; -1 for what is left.")

    def call(self, inputs):
        sizes = inputs.shape[1:]
        known = math.prod(d for d in self.target_shape if d != -1)
        total = math.prod(sizes)
        if all(isinstance(d, int) for d in sizes) and (
            total % known if -1 in self.target_shape else total != known
        ):
            raise ValueError(
                f"{self} cannot give the {total} numbers of a row of shape {show_shape(sizes)} the "
                f"shape {self.target_shape}."
            )
        return jnp.reshape(inputs, (inputs.shape[0], *self.target_shape))


class Permute(Layer):
    """Change the order of the axes.

    Inputs `(batch, ...)`. `Permute((2, 1))` swaps time and features.
    """

    dims = arg(kind=_axes, doc="Numbers of the input's axes in the new order; they start at 1.")

    def call(self, inputs):
        if inputs.ndim != len(self.dims) + 1:
            raise ValueError(
                f"{self} with dims={self.dims} expects inputs of {len(self.dims) + 1} axes, with "
                f"the batch, and got the shape {show_shape(inputs.shape)}."
            )
        return jnp.transpose(inputs, (0, *self.dims))


class RepeatVector(Layer):
    """Repeat a vector along a new time axis.

    Inputs `(batch, features)`; output `(batch, n, features)`.
    """

    n = arg(kind=positive_integer, doc="Number of steps.")

    input_spec = InputSpec(("batch", "features"))

    def call(self, inputs):
        return jnp.repeat(inputs[:, None, :], self.n, axis=1)


class UpSampling1D(Layer):
    """Repeat each step `size` times.

    Inputs `(batch, time, features)`; output `(batch, size * time, features)`.
    """

    size = arg(2, kind=positive_integer, doc="How often.")

    input_spec = InputSpec(("batch", "time", "features"))
    streams = True

    def call(self, inputs):
        return jnp.repeat(inputs, self.size, axis=1)


class AtTheEnds(Layer):
    """Base of the layers that change a sequence at its two ends."""

    input_spec = InputSpec(("batch", "time", "features"))

    @property
    def ends(self) -> tuple[int, int]:
        """How many steps come, or go, at the start and at the end."""
        raise NotImplementedError

    def why_not_in_pieces(self, arguments):
        return "a piece does not know where the sequence ends." if any(self.ends) else None


class ZeroPadding1D(AtTheEnds):
    """Add steps of zeros at both ends.

    Inputs `(batch, time, features)`; output `(batch, time + sum(padding), features)`.
    """

    padding = arg(1, kind=_both_ends, doc="Steps at each end, or `(at the start, at the end)`.")
    data_format = arg(None, kind=channels_last, doc='Only "channels_last".')

    @property
    def ends(self):
        return self.padding

    def call(self, inputs):
        return jnp.pad(inputs, ((0, 0), self.padding, (0, 0)))


class Cropping1D(AtTheEnds):
    """Leave steps out at both ends.

    Inputs `(batch, time, features)`; output `(batch, time - sum(cropping), features)`.
    """

    cropping = arg((1, 1), kind=_both_ends, doc="Steps at each end, or `(at the start, ...)`.")

    @property
    def ends(self):
        return self.cropping

    def call(self, inputs):
        start, end = self.cropping
        steps = inputs.shape[1]
        if isinstance(steps, int) and steps <= start + end:
            raise ValueError(
                f"{self} leaves {start} steps out at the start and {end} at the end, and got "
                f"sequences of {steps}."
            )
        return inputs[:, start : max_dim(steps - end, start)]
