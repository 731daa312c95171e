"""Layers that normalise over features, groups of them, or the batch."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

from cello import constraints, initializers, regularizers
from cello.core.arguments import arg
from cello.core.dtype_policy import widen
from cello.core.input_spec import InputSpec
from cello.core.kinds import Integer, axis_or_axes, boolean, fraction, integer, positive
from cello.core.layer import Layer
from cello.core.masking import real_only
from cello.layers.axes import positive_axes
from cello.ops.recurrence import hide_masked


def _groups(value: Integer):
    if value != -1 and integer(value) < 1:
        raise ValueError("a positive integer, or -1")
    return int(value)


class NormalizationAlongAxes(Layer):
    """Base of the normalising layers, with what they share about `axis`."""

    supports_masking = True
    axis: Any

    def why_not_in_pieces(self, arguments):
        if 1 in positive_axes(self, self.axis, arguments["inputs"].ndim):
            return f"with axis={self.axis} it normalises along time."
        return None


class ScaledNormalization(NormalizationAlongAxes):
    """Base of those that compute `(x - mean) / sqrt(variance + epsilon) * gamma + beta`."""

    epsilon = arg(1e-3, kind=positive, doc="Added to the variance.")
    center = arg(True, kind=boolean, doc="Whether to add `beta`.")
    scale = arg(True, kind=boolean, doc="Whether to multiply by `gamma`.")
    beta_initializer = arg("zeros", kind=initializers.get, doc="Initialiser of `beta`.")
    gamma_initializer = arg("ones", kind=initializers.get, doc="Initialiser of `gamma`.")
    beta_regularizer = arg(None, kind=regularizers.get, doc="Penalty on `beta`.")
    gamma_regularizer = arg(None, kind=regularizers.get, doc="Penalty on `gamma`.")
    beta_constraint = arg(None, kind=constraints.get, doc="Constraint on `beta`.")
    gamma_constraint = arg(None, kind=constraints.get, doc="Constraint on `gamma`.")

    def add_gamma_and_beta(self, shape, rms_scaling: bool = False) -> None:
        self.gamma = self.beta = None
        if self.scale or rms_scaling:
            self.gamma = self.add_weight(
                shape,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                name="gamma",
                autocast=False,
            )
        if self.center and not rms_scaling:
            self.beta = self.add_weight(
                shape,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                name="beta",
                autocast=False,
            )

    def normalise(self, x, mean, variance, shape):
        """The equation above, in at least float32, on which it is called; the dtype is the layer's.

        Args:
            x, mean, variance: arrays.
            shape: that of the weights, to be broadcast over `x`.
        """
        factor = lax.rsqrt(variance + self.epsilon)
        if self.gamma is not None:
            factor = factor * jnp.reshape(self.gamma.value, shape)
        y = (x - mean) * factor
        y = y if self.beta is None else y + jnp.reshape(self.beta.value, shape)
        return y.astype(self.compute_dtype)


class LayerNormalization(ScaledNormalization):
    """Normalise each row and step by itself, over its features.

    `mean` and `variance` are those along `axis`. Inputs of any shape; the output has the same.
    Weights: `gamma` and `beta`, of the sizes of `axis`. Source: Ba, Kiros, Hinton, 2016.
    """

    axis = arg(-1, kind=axis_or_axes, doc="Axis, or axes, of the features.")
    rms_scaling = arg(
        False, kind=boolean, keyword_only=True,
        doc="`x * gamma / sqrt(variance + epsilon)`, as in Keras 2; see `RMSNormalization`.",
    )  # fmt: skip

    def build(self, input_shape):
        axes = positive_axes(self, self.axis, len(input_shape))
        self.add_gamma_and_beta(tuple(input_shape[a] for a in axes), self.rms_scaling)
        sizes = {"features": input_shape[-1]} if axes == [len(input_shape) - 1] else {}
        self.input_spec = InputSpec(("...", "features"), sizes)

    def call(self, inputs):
        inputs = widen(inputs)
        axes = positive_axes(self, self.axis, inputs.ndim)
        mean = 0.0 if self.rms_scaling else jnp.mean(inputs, axis=axes, keepdims=True)
        variance = jnp.var(inputs, axis=axes, keepdims=True)
        shape = [inputs.shape[a] if a in axes else 1 for a in range(inputs.ndim)]
        return self.normalise(inputs, mean, variance, shape)


class RMSNormalization(NormalizationAlongAxes):
    """Divide each row and step by the root of the mean of its squares.

        y = x / sqrt(mean(x ** 2) + epsilon) * scale

    The mean is along `axis`. Inputs of any shape; the output has the same. Weight: `scale`, of the
    sizes of `axis`. Source: Zhang and Sennrich 2019.
    """

    axis = arg(-1, kind=axis_or_axes, doc="Axis, or axes, of the features.")
    epsilon = arg(1e-6, kind=positive, doc="Added to the mean of the squares.")

    def build(self, input_shape):
        axes = positive_axes(self, self.axis, len(input_shape))
        shape = tuple(input_shape[a] for a in axes)
        self.scale = self.add_weight(shape, "ones", name="scale", autocast=False)
        sizes = {"features": input_shape[-1]} if axes == [len(input_shape) - 1] else {}
        self.input_spec = InputSpec(("...", "features"), sizes)

    def call(self, inputs):
        inputs = widen(inputs)
        axes = positive_axes(self, self.axis, inputs.ndim)
        squares = jnp.mean(jnp.square(inputs), axis=axes, keepdims=True)
        shape = [inputs.shape[a] if a in axes else 1 for a in range(inputs.ndim)]
        scale = jnp.reshape(self.scale.value, shape)
        return (inputs * lax.rsqrt(squares + self.epsilon) * scale).astype(self.compute_dtype)


class BatchNormalization(ScaledNormalization):
    """Normalise each feature over the batch and all steps.

    In training `mean` and `variance` are those of the batch (of the steps that the mask keeps),
    and moving averages follow them: `m <- m * momentum + mean * (1 - momentum)`. Otherwise, and
    where `trainable` is false, the moving averages are used. Inputs of any shape; the output has
    the same. Weights: `gamma`, `beta`, `moving_mean`, `moving_variance`, all `(features,)`.
    Source: Ioffe, Szegedy, 2015.
    """

    argument_order = (
        "axis momentum epsilon center scale beta_initializer gamma_initializer "
        "moving_mean_initializer moving_variance_initializer"
    )
    axis = arg(-1, kind=integer, doc="Axis of the features.")
    momentum = arg(0.99, kind=fraction, doc="Inertia of the moving averages.")
    moving_mean_initializer = arg(
        "zeros",
        kind=initializers.get,
        doc="Initialiser of `moving_mean`.",
    )
    moving_variance_initializer = arg(
        "ones", kind=initializers.get, doc="Initialiser of `moving_variance`.",
    )  # fmt: skip
    _ignored_arguments = {
        "fused": None,
        "renorm": (False,),
        "renorm_clipping": None,
        "renorm_momentum": None,
        "synchronized": (False,),
        "virtual_batch_size": (None,),
    }

    masks_by_step = True

    def build(self, input_shape):
        (axis,) = positive_axes(self, self.axis, len(input_shape))
        shape = (input_shape[axis],)
        self.add_gamma_and_beta(shape)
        self.moving_mean = self.add_weight(
            shape, self.moving_mean_initializer, trainable=False, name="moving_mean"
        )
        self.moving_variance = self.add_weight(
            shape, self.moving_variance_initializer, trainable=False, name="moving_variance"
        )
        sizes = {"features": input_shape[-1]} if axis == len(input_shape) - 1 else {}
        self.input_spec = InputSpec(("...", "features"), sizes)

    def call(self, inputs, training=False, mask=None):
        inputs = widen(inputs)
        (axis,) = positive_axes(self, self.axis, inputs.ndim)
        shape = [inputs.shape[a] if a == axis else 1 for a in range(inputs.ndim)]
        if training and self.trainable:
            others = [a for a in range(inputs.ndim) if a != axis]
            kept = _by_element(real_only(mask, inputs), inputs)
            mean, variance = (jnp.squeeze(m, others) for m in _moments(inputs, others, kept))
            for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving.value * self.momentum + value * (1 - self.momentum))
        else:
            mean, variance = self.moving_mean.value, self.moving_variance.value
        return self.normalise(inputs, jnp.reshape(mean, shape), jnp.reshape(variance, shape), shape)


class GroupNormalization(ScaledNormalization):
    """Normalise each row over groups of its features, and over all steps that the mask keeps.

    Inputs of any shape; the output has the same. Weights: `gamma` and `beta`, `(features,)`.
    Source: Wu and He, 2018.
    """

    argument_order = "groups axis epsilon center scale"
    groups = arg(32, kind=_groups, doc="Number of groups; -1 for one of each feature.")
    axis = arg(-1, kind=integer, doc="Axis of the features.")

    masks_by_step = True

    def why_not_in_pieces(self, arguments):
        if arguments["inputs"].ndim > 2:
            return "it normalises along time: LayerNormalization takes each step by itself."
        return None

    def build(self, input_shape):
        (axis,) = positive_axes(self, self.axis, len(input_shape))
        size = input_shape[axis]
        if axis == 0 or size is None or size % self._count(size):
            raise ValueError(
                f"{self}: groups={self.groups} must divide the size of axis {self.axis}, and got "
                f"inputs of shape {input_shape}."
            )
        self.add_gamma_and_beta((size,))
        sizes = {"features": size} if axis == len(input_shape) - 1 else {}
        self.input_spec = InputSpec(("...", "features"), sizes)

    def _count(self, size: int) -> int:
        return size if self.groups == -1 else self.groups

    def call(self, inputs, mask=None):
        (axis,) = positive_axes(self, self.axis, inputs.ndim)
        groups = self._count(inputs.shape[axis])
        parts = (groups, inputs.shape[axis] // groups)
        in_groups = (*inputs.shape[:axis], *parts, *inputs.shape[axis + 1 :])
        kept = _by_element(mask, inputs)
        x = jnp.reshape(widen(hide_masked(inputs, mask)), in_groups)
        kept = None if kept is None else jnp.reshape(kept, in_groups)
        mean, variance = _moments(x, [a for a in range(1, x.ndim) if a != axis], kept)
        shape = [parts[a - axis] if a in (axis, axis + 1) else 1 for a in range(x.ndim)]
        return jnp.reshape(self.normalise(x, mean, variance, shape), inputs.shape)


class UnitNormalization(NormalizationAlongAxes):
    """Divide by the length: `x / sqrt(max(sum(x ** 2), 1e-24))`, the sum along `axis`.

    Inputs of any shape; the output has the same.
    """

    axis = arg(-1, kind=axis_or_axes, doc="Axis, or axes, along which the length becomes 1.")

    def call(self, inputs):
        x = widen(inputs)
        axes = positive_axes(self, self.axis, inputs.ndim)
        squares = jnp.sum(jnp.square(x), axis=axes, keepdims=True)
        return (x * lax.rsqrt(jnp.maximum(squares, 1e-24))).astype(self.compute_dtype)


def _by_element(mask, x):
    """A mask, which may be `None`, with the axes of `x`."""
    if mask is None:
        return None
    kept = jnp.reshape(jnp.asarray(mask, bool), mask.shape + (1,) * (x.ndim - mask.ndim))
    return jnp.broadcast_to(kept, x.shape)


def _moments(x, axes, kept):
    """Mean and variance along `axes`, which stay with size 1, of what is kept; 0 of nothing."""
    if kept is None:
        return jnp.mean(x, axis=axes, keepdims=True), jnp.var(x, axis=axes, keepdims=True)
    count = jnp.maximum(jnp.sum(kept, axis=axes, keepdims=True), 1)
    mean = jnp.sum(x, axis=axes, keepdims=True, where=kept) / count
    squares = jnp.where(kept, jnp.square(jnp.where(kept, x, 0) - mean), 0)
    return mean, jnp.sum(squares, axis=axes, keepdims=True) / count
