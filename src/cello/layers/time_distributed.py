"""`TimeDistributed`: a layer applied to each step."""

from __future__ import annotations

import inspect

import jax
import jax.numpy as jnp

from cello.core.arguments import arg
from cello.core.layer import Layer
from cello.core.symbolic import show_shape


def layer_to_wrap(value: Layer):
    if not isinstance(value, Layer):
        raise ValueError("a layer, such as Dense(8)")
    return value


class TimeDistributed(Layer):
    """Apply a layer to each step by itself, with the same weights.

    Inputs `(batch, time, ...)`; output `(batch, time, ...)`. All steps are one batch for the layer:
    it is called once, on `(batch * time, ...)`.
    """

    layer = arg(kind=layer_to_wrap, doc="The layer.")

    supports_masking = True
    streams = True

    def build(self, input_shape):
        if len(input_shape) < 3:
            raise ValueError(
                f"{self} expects inputs of shape (batch, time, ...) with at least 3 axes and got "
                f"{input_shape}."
            )

    def call(self, inputs, training=False, mask=None):
        batch, time = inputs.shape[:2]
        options = {}
        if mask is not None:
            if jnp.shape(mask)[:2] != (batch, time):
                raise ValueError(
                    f"{self} expects a mask of shape (batch, time) = {show_shape((batch, time))} "
                    f"and got {show_shape(jnp.shape(mask))}."
                )
            takes_mask = "mask" in inspect.signature(self.layer.call).parameters
            if takes_mask and jnp.ndim(mask) > 2:
                options["mask"] = jnp.reshape(mask, (batch * time, *mask.shape[2:]))
        rows = jnp.reshape(inputs, (batch * time, *inputs.shape[2:]))
        outputs = self.layer(rows, training=training, **options)
        return jax.tree.map(lambda y: jnp.reshape(y, (batch, time, *y.shape[1:])), outputs)

    def compute_mask(self, inputs, previous_mask):
        return previous_mask
