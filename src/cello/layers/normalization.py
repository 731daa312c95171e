"""`LayerNormalization`, `RMSNormalization` and `BatchNormalization`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import lax

from cello import constraints, initializers, regularizers
from cello.core.arguments import arg
from cello.core.dtype_policy import widen
from cello.core.input_spec import InputSpec
from cello.core.kinds import Integer, boolean, fraction, integer, integers, positive
from cello.core.layer import Layer
from cello.core.masking import real_only


def _axis_or_axes(value: Integer | Sequence[int]):
    axes = integers(value)
    return axes if isinstance(axes, int) else list(axes)


class NormalizationAlongAxes(Layer):
    """Base of the normalising layers, with what they share about `axis`."""

    supports_masking = True
    axis: Any

    def why_not_in_pieces(self, arguments):
        if 1 in self.checked_axes(self.axis, arguments["inputs"].ndim):
            return f"with axis={self.axis} it normalises along time."
        return None

    def checked_axes(self, axis, rank: int) -> list[int]:
        """`axis` as positive numbers, in order."""
        axes = axis if isinstance(axis, list) else [axis]
        if any(not -rank <= a < rank for a in axes):
            raise ValueError(
                f"{self} with axis={axis} got inputs of {rank} axes, so axis must be between "
                f"{-rank} and {rank - 1}."
            )
        return sorted(a % rank for a in axes)


class Normalization(NormalizationAlongAxes):
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

    def add_gamma_and_beta(self, shape) -> None:
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                shape,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                name="gamma",
                autocast=False,
            )
        if self.center:
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


class LayerNormalization(Normalization):
    """Normalise each row and step by itself, over its features.

    `mean` and `variance` are those along `axis`. Inputs of any shape; the output has the same.
    Weights: `gamma` and `beta`, of the sizes of `axis`. Source: Ba, Kiros, Hinton, 2016.
    """

    axis = arg(-1, kind=_axis_or_axes, doc="Axis, or axes, of the features.")
    _ignored_arguments = {"rms_scaling": (False,)}

    def build(self, input_shape):
        axes = self.checked_axes(self.axis, len(input_shape))
        self.add_gamma_and_beta(tuple(input_shape[a] for a in axes))
        sizes = {"features": input_shape[-1]} if axes == [len(input_shape) - 1] else {}
        self.input_spec = InputSpec(("...", "features"), sizes)

    def call(self, inputs):
        inputs = widen(inputs)
        axes = self.checked_axes(self.axis, inputs.ndim)
        mean = jnp.mean(inputs, axis=axes, keepdims=True)
        variance = jnp.var(inputs, axis=axes, keepdims=True)
        shape = [inputs.shape[a] if a in axes else 1 for a in range(inputs.ndim)]
        return self.normalise(inputs, mean, variance, shape)


class RMSNormalization(NormalizationAlongAxes):
    """Divide each row and step by the root of the mean of its squares.

        y = x / sqrt(mean(x ** 2) + epsilon) * scale

    The mean is along `axis`. Inputs of any shape; the output has the same. Weight: `scale`, of the
    sizes of `axis`. Source: Zhang and Sennrich 2019.
    """

    axis = arg(-1, kind=_axis_or_axes, doc="Axis, or axes, of the features.")
    epsilon = arg(1e-6, kind=positive, doc="Added to the mean of the squares.")

    def build(self, input_shape):
        axes = self.checked_axes(self.axis, len(input_shape))
        shape = tuple(input_shape[a] for a in axes)
        self.scale = self.add_weight(shape, "ones", name="scale", autocast=False)
        sizes = {"features": input_shape[-1]} if axes == [len(input_shape) - 1] else {}
        self.input_spec = InputSpec(("...", "features"), sizes)

    def call(self, inputs):
        inputs = widen(inputs)
        axes = self.checked_axes(self.axis, inputs.ndim)
        squares = jnp.mean(jnp.square(inputs), axis=axes, keepdims=True)
        shape = [inputs.shape[a] if a in axes else 1 for a in range(inputs.ndim)]
        scale = jnp.reshape(self.scale.value, shape)
        return (inputs * lax.rsqrt(squares + self.epsilon) * scale).astype(self.compute_dtype)


class BatchNormalization(Normalization):
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
        (axis,) = self.checked_axes(self.axis, len(input_shape))
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
        (axis,) = self.checked_axes(self.axis, inputs.ndim)
        shape = [inputs.shape[a] if a == axis else 1 for a in range(inputs.ndim)]
        if training and self.trainable:
            mean, variance = _moments(inputs, axis, real_only(mask, inputs))
            for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving.value * self.momentum + value * (1 - self.momentum))
        else:
            mean, variance = self.moving_mean.value, self.moving_variance.value
        return self.normalise(inputs, jnp.reshape(mean, shape), jnp.reshape(variance, shape), shape)


def _moments(x, axis, mask):
    """Mean and variance of each feature over the steps that `mask` keeps; 0 if there are none."""
    others = [a for a in range(x.ndim) if a != axis]
    if mask is None:
        return jnp.mean(x, axis=others), jnp.var(x, axis=others)
    kept = jnp.reshape(jnp.asarray(mask, bool), mask.shape + (1,) * (x.ndim - mask.ndim))
    kept = jnp.broadcast_to(kept, x.shape)
    count = jnp.maximum(jnp.sum(kept, axis=others, keepdims=True), 1)
    mean = jnp.sum(x, axis=others, keepdims=True, where=kept) / count
    squares = jnp.where(kept, jnp.square(jnp.where(kept, x, 0) - mean), 0)
    variance = jnp.sum(squares, axis=others, keepdims=True) / count
    return jnp.squeeze(mean, others), jnp.squeeze(variance, others)
