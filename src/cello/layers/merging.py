"""Layers of several inputs: `Add`, `Concatenate`, `Dot` and their kin, and their function forms."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

from cello.core.arguments import arg
from cello.core.kinds import Integer, boolean, integer
from cello.core.layer import Layer
from cello.core.symbolic import show_shape


class Merge(Layer):
    """Base of the layers that take a list of tensors, of shapes that broadcast.

    An input of fewer axes gets the missing ones behind the batch: `(batch, features)` counts as the
    same at every step beside `(batch, time, features)`.

    A step of the output counts if it counts in one of the inputs, as in Keras. So what an input
    holds under its own mask may be seen, but for NaN and infinity: zeros stand in their place.
    """

    supports_masking = True
    streams = True
    fewest_inputs = 1
    broadcasts = True

    @property
    def alike(self):
        return type(self) if type(self) in _ELEMENT_BY_ELEMENT else None

    def call(self, inputs, mask=None):
        if not isinstance(inputs, (list, tuple)) or len(inputs) < self.fewest_inputs:
            got = len(inputs) if isinstance(inputs, (list, tuple)) else "a single tensor"
            raise ValueError(
                f"{self} expects a list of at least {self.fewest_inputs} tensors and got {got}: "
                f"{type(self).__name__}()([a, b])."
            )
        inputs = [jnp.asarray(x) for x in inputs]
        given = mask or [None] * len(inputs)
        masks = [_as_wide(m, x) for m, x in zip(given, inputs, strict=True)]
        inputs = [x if m is None else _finite(x, m) for x, m in zip(inputs, masks, strict=True)]
        rank = max(x.ndim for x in inputs) if self.broadcasts else 0
        inputs = [_with_axes(x, rank) for x in inputs]
        try:
            return self.merge_masked(inputs, [_with_axes(m, rank) for m in masks])
        except (TypeError, ValueError) as error:
            shapes = [show_shape(x.shape) for x in inputs]
            raise ValueError(
                f"{self} cannot merge inputs of the shapes {shapes}: {error}"
            ) from None

    def merge(self, inputs):
        """The output, from a list of arrays."""
        raise NotImplementedError

    def merge_masked(self, inputs, masks):
        """The output, from a list of arrays and one of their masks, as wide as these, or `None`."""
        return self.merge(inputs)

    def compute_mask(self, inputs, previous_mask=None):
        """As in Keras a step counts if it counts in one of the inputs; all need a mask."""
        return _any_of(previous_mask)


def _any_of(masks):
    """Where one of the masks is true; `None`, which is true everywhere, if one of them is."""
    if masks is None or any(m is None for m in masks):
        return None
    return functools.reduce(jnp.logical_or, masks)


def _as_wide(mask, x):
    """A mask with as many axes as the array that it belongs to."""
    if mask is None:
        return None
    mask = jnp.asarray(mask, bool)
    return jnp.reshape(mask, (*mask.shape, *[1] * (x.ndim - mask.ndim)))


def _finite(x, mask):
    """`x` with zeros for what is not finite under the mask."""
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return x
    return jnp.where(mask | jnp.isfinite(x), x, 0)


def _with_axes(x, rank: int):
    """`x` with axes of size 1 behind the batch, up to `rank` in all."""
    return None if x is None else jnp.expand_dims(x, list(range(1, 1 + rank - x.ndim)))


class Add(Merge):
    """The sum of the inputs, element by element."""

    def merge(self, inputs):
        return functools.reduce(jnp.add, inputs)


class Subtract(Merge):
    """The first input less the second, element by element."""

    fewest_inputs = 2

    def merge(self, inputs):
        if len(inputs) != 2:
            raise ValueError(f"it takes exactly 2 and got {len(inputs)}")
        return inputs[0] - inputs[1]


class Multiply(Merge):
    """The product of the inputs, element by element."""

    def merge_masked(self, inputs, masks):
        """A masked step counts as 1, and one that is masked in all inputs gives 0."""
        factors = [
            x if m is None else jnp.where(m, x, jnp.ones((), x.dtype))
            for x, m in zip(inputs, masks, strict=True)
        ]
        product, counts = functools.reduce(jnp.multiply, factors), _any_of(masks)
        return product if counts is None else jnp.where(counts, product, 0)


class Average(Merge):
    """The mean of the inputs, element by element."""

    def merge(self, inputs):
        return functools.reduce(jnp.add, inputs) / len(inputs)


class Extreme(Merge):
    """Base of `Maximum` and `Minimum`: a masked step of one input leaves the choice to the others.

    Beside an input without a mask, of which all steps count, those before it are seen as they are.
    """

    choose: Callable

    def merge_masked(self, inputs, masks):
        best, counts = inputs[0], masks[0]
        for x, mask in zip(inputs[1:], masks[1:], strict=True):
            x = x if mask is None else jnp.where(mask, x, best)
            best = best if counts is None else jnp.where(counts, best, x)
            best, counts = self.choose(best, x), _any_of([counts, mask])
        return best


class Maximum(Extreme):
    """The largest of the inputs, element by element."""

    choose = staticmethod(jnp.maximum)


class Minimum(Extreme):
    """The smallest of the inputs, element by element."""

    choose = staticmethod(jnp.minimum)


_ELEMENT_BY_ELEMENT = {Add, Subtract, Multiply, Average, Maximum, Minimum}


class Concatenate(Merge):
    """The inputs one after the other along an axis.

    All inputs have the same shape but along `axis`.
    """

    axis = arg(-1, kind=integer, doc="The axis along which they are joined.")

    def merge(self, inputs):
        return jnp.concatenate(inputs, axis=self.axis)

    def why_not_in_pieces(self, arguments):
        if self.axis % max(x.ndim for x in arguments["inputs"]) == 1:
            return "it joins its inputs along time."
        return None

    def compute_mask(self, inputs, previous_mask=None):
        masks = previous_mask or []
        if all(m is None for m in masks):
            return None
        masks = [
            jnp.ones(x.shape[:2], bool) if m is None else jnp.asarray(m, bool)
            for x, m in zip(inputs, masks, strict=True)
        ]
        if self.axis % jnp.ndim(inputs[0]) == 1:
            return jnp.concatenate(masks, axis=1)
        return functools.reduce(jnp.logical_or, masks)


def _axes(value: Integer | Sequence[int]):
    if isinstance(value, (list, tuple)) and len(value) == 2:
        return [integer(v) for v in value]
    if isinstance(value, int):
        return integer(value)
    raise ValueError("an integer or a pair of integers")


class Dot(Merge):
    """The product of two inputs, summed over one axis of each.

    For `x` `(batch, i, j)` and `y` `(batch, k, j)`, `Dot(axes=2)([x, y])` is `(batch, i, k)`: the
    axes that are left, those of `x` first. Two vectors a row give `(batch, 1)`.
    """

    axes = arg(kind=_axes, doc="The axis, or one axis for each input, to sum over.")
    normalize = arg(
        False, kind=boolean, doc="Whether to scale to length 1 first: the cosine proximity."
    )

    fewest_inputs = 2
    broadcasts = False
    streams = False

    def merge(self, inputs):
        if len(inputs) != 2:
            raise ValueError(f"it takes exactly 2 and got {len(inputs)}")
        x, y = inputs
        axes = self.axes if isinstance(self.axes, list) else [self.axes, self.axes]
        x_axis, y_axis = (a % t.ndim for a, t in zip(axes, inputs, strict=True))
        if 0 in (x_axis, y_axis):
            raise ValueError("axis 0 is the batch and cannot be summed over")
        if self.normalize:
            x, y = _to_length_one(x, x_axis), _to_length_one(y, y_axis)
        x, y = jnp.moveaxis(x, x_axis, -1), jnp.moveaxis(y, y_axis, -1)
        joined = jnp.einsum("bxj,byj->bxy", _as_rows(x), _as_rows(y))
        shape = (x.shape[0], *x.shape[1:-1], *y.shape[1:-1])
        return jnp.reshape(joined, shape if len(shape) > 1 else (x.shape[0], 1))

    def compute_mask(self, inputs, previous_mask=None):
        return None


def _as_rows(x):
    """`(batch, ..., j)` as `(batch, product, j)`."""
    return jnp.reshape(x, (x.shape[0], -1, x.shape[-1])) if x.ndim != 2 else x[:, None, :]


def _to_length_one(x, axis):
    squared = jnp.sum(jnp.square(x), axis=axis, keepdims=True)
    return x * jax.lax.rsqrt(jnp.maximum(squared, 1e-12))


def add(inputs, **kwargs):
    """`Add(**kwargs)(inputs)`."""
    return Add(**kwargs)(inputs)


def subtract(inputs, **kwargs):
    """`Subtract(**kwargs)(inputs)`."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs, **kwargs):
    """`Multiply(**kwargs)(inputs)`."""
    return Multiply(**kwargs)(inputs)


def average(inputs, **kwargs):
    """`Average(**kwargs)(inputs)`."""
    return Average(**kwargs)(inputs)


def maximum(inputs, **kwargs):
    """`Maximum(**kwargs)(inputs)`."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs, **kwargs):
    """`Minimum(**kwargs)(inputs)`."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs, axis=-1, **kwargs):
    """`Concatenate(axis, **kwargs)(inputs)`."""
    return Concatenate(axis, **kwargs)(inputs)


def dot(inputs, axes=-1, **kwargs):
    """`Dot(axes, **kwargs)(inputs)`."""
    return Dot(axes, **kwargs)(inputs)
