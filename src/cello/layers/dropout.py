"""`Dropout` and `SpatialDropout1D`."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import fraction, integer, optional
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


class Dropping(Layer):
    """Base of the dropout layers; `draw_shape` says which inputs are dropped together."""

    rate = arg(kind=fraction, doc="Fraction to drop.")
    seed = arg(None, kind=optional(integer), doc="Seed of the draws.")

    supports_masking = True
    streams = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seed_generator: Any = SeedGenerator(self.seed) if self.rate > 0 else None
        self.built = type(self).build is Layer.build  # a subclass may make weights

    def draw_shape(self, inputs):
        raise NotImplementedError

    def call(self, inputs, training=False):
        if not training or self.rate == 0:
            return inputs
        return drop(inputs, self.rate, self.seed_generator.next(), self.draw_shape(inputs))


class Dropout(Dropping):
    """Set a fraction of the inputs to zero in training, and scale the rest by `1 / (1 - rate)`.

    Inputs of any shape; the output has the same. Source: Srivastava et al., 2014.
    """

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


class SpatialDropout1D(Dropping):
    """Drop whole features: the same ones at every step of a sequence.

    Inputs and output `(batch, time, features)`. Source: Tompson et al., 2015.
    """

    _not_in_config = (*Dropping._not_in_config, "trainable")  # as in Keras, which takes none
    input_spec = InputSpec(("batch", "time", "features"))

    def draw_shape(self, inputs):
        return (inputs.shape[0], 1, inputs.shape[2])
