"""Layers that draw in training: dropout of several kinds, and noise."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import decay, fraction, integer, optional
from cello.core.layer import Layer
from cello.core.random import SeedGenerator


def drop(x, rate, key, shape=None):
    """`x` with a fraction `rate` set to zero and the rest multiplied by `1 / (1 - rate)`.

    Args:
        shape: shape of the draw, which is broadcast over `x`; that of `x` where `None`.
    """
    if rate >= 1:
        return jnp.zeros_like(x)
    kept = jax.random.bernoulli(key, 1 - rate, x.shape if shape is None else shape)
    return jnp.where(kept, x / (1 - rate), 0)


class Disturbing(Layer):
    """Base of the layers that change their inputs at random, in training only."""

    seed = arg(None, kind=optional(integer), doc="Seed of the draws.")

    supports_masking = True
    streams = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seed_generator: Any = SeedGenerator(self.seed) if self.strength > 0 else None
        self.built = type(self).build is Layer.build  # a subclass may make weights

    @property
    def strength(self) -> float:
        """How much is changed; 0: nothing."""
        raise NotImplementedError

    def disturb(self, inputs, key):
        """What the output is in training."""
        raise NotImplementedError

    def call(self, inputs, training=False):
        if not training or self.strength == 0:
            return inputs
        return self.disturb(inputs, self.seed_generator.next())


class Dropping(Disturbing):
    """Base of the dropout layers; `draw_shape` says which inputs are dropped together."""

    rate = arg(kind=fraction, doc="Fraction to drop.")

    @property
    def strength(self):
        return self.rate

    def draw_shape(self, inputs):
        return inputs.shape

    def disturb(self, inputs, key):
        return drop(inputs, self.rate, key, self.draw_shape(inputs))


class _WithNoiseShape(Dropping):
    noise_shape = arg(
        None,
        kind=optional(tuple),
        doc="Shape of the draw, broadcast over the inputs; `None` in it is the input's own size.",
    )

    def draw_shape(self, inputs):
        if self.noise_shape is None:
            return inputs.shape
        if len(self.noise_shape) != inputs.ndim:
            raise ValueError(
                f"{self}: noise_shape={self.noise_shape} must have as many axes as the inputs, "
                f"which have {inputs.ndim}."
            )
        pairs = zip(self.noise_shape, inputs.shape, strict=True)
        return tuple(size if d is None else d for d, size in pairs)


class Dropout(_WithNoiseShape):
    """Set a fraction of the inputs to zero in training, and scale the rest by `1 / (1 - rate)`.

    Inputs of any shape; the output has the same. Source: Srivastava et al., 2014.
    """


class SpatialDropout1D(Dropping):
    """Drop whole features: the same ones at every step of a sequence.

    Inputs and output `(batch, time, features)`. Source: Tompson et al., 2015.
    """

    _not_in_config = (*Dropping._not_in_config, "trainable")  # as in Keras, which takes none
    input_spec = InputSpec(("batch", "time", "features"))

    def draw_shape(self, inputs):
        return (inputs.shape[0], 1, inputs.shape[2])


class AlphaDropout(_WithNoiseShape):
    """Dropout for `selu`: mean 0 and variance 1 stay what they are.

        y = a * (x, or s if dropped) + b,   s = -1.7581, the least that selu gives
        a = ((1 - rate) (1 + rate s^2))^(-1/2),   b = -a s rate

    Inputs of any shape; the output has the same. Source: Klambauer et al., 2017.
    """

    def disturb(self, inputs, key):
        if self.rate == 1:
            return jnp.zeros_like(inputs)
        least = -1.7580993408473766
        a = ((1 - self.rate) * (1 + self.rate * least**2)) ** -0.5
        kept = jax.random.bernoulli(key, 1 - self.rate, self.draw_shape(inputs))
        return a * jnp.where(kept, inputs, least) - a * least * self.rate


class GaussianDropout(Dropping):
    """Multiply with normal numbers of mean 1 and variance `rate / (1 - rate)`, in training.

    Inputs of any shape; the output has the same. Source: Srivastava et al., 2014.
    """

    rate = arg(kind=decay, doc="As of `Dropout`, whose variance it has; less than 1.")

    def disturb(self, inputs, key):
        deviation = math.sqrt(self.rate / (1 - self.rate))
        return inputs * (1 + deviation * jax.random.normal(key, inputs.shape, inputs.dtype))


class GaussianNoise(Disturbing):
    """Add normal numbers of mean 0 and deviation `stddev`, in training.

    Inputs of any shape; the output has the same.
    """

    stddev = arg(kind=fraction, doc="Standard deviation, from 0 to 1.")

    @property
    def strength(self):
        return self.stddev

    def disturb(self, inputs, key):
        return inputs + self.stddev * jax.random.normal(key, inputs.shape, inputs.dtype)
