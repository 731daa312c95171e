"""Pooling along time."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import boolean, one_of, optional
from cello.core.layer import Layer
from cello.layers.convolution import channels_last, length


class MaxPooling1D(Layer):
    """The largest value of each feature in a window that slides along time.

    Inputs `(batch, time, features)`; output `(batch, new_time, features)`.
    """

    pool_size = arg(2, kind=length, doc="Length of the window.")
    strides = arg(
        None, kind=optional(length), doc="Steps from window to window; `pool_size` if `None`."
    )
    padding = arg(
        "valid", kind=one_of("valid", "same"), doc='"valid" (whole windows only) or "same".'
    )
    data_format = arg(None, kind=channels_last, doc='Only "channels_last".')

    input_spec = InputSpec(("batch", "time", "features"))

    def call(self, inputs):
        return lax.reduce_window(
            inputs,
            -jnp.inf if jnp.issubdtype(inputs.dtype, jnp.floating) else jnp.iinfo(inputs.dtype).min,
            lax.max,
            window_dimensions=(1, self.pool_size, 1),
            window_strides=(1, self.strides or self.pool_size, 1),
            padding=self.padding.upper(),
        )


class GlobalPooling1D(Layer):
    """Base of the layers that reduce the whole time axis."""

    data_format = arg(None, kind=channels_last, doc='Only "channels_last".')
    keepdims = arg(False, kind=boolean, doc="Whether to keep the time axis, with length 1.")

    input_spec = InputSpec(("batch", "time", "features"))
    supports_masking = True

    def compute_mask(self, inputs, previous_mask):
        return None


class GlobalAveragePooling1D(GlobalPooling1D):
    """The mean of each feature over the steps that the mask keeps, or over all.

    Inputs `(batch, time, features)`; output `(batch, features)`. A row that is all masked gives
    zeros (Keras: NaN).
    """

    def call(self, inputs, mask=None):
        if mask is None:
            return jnp.mean(inputs, axis=1, keepdims=self.keepdims)
        kept = jnp.asarray(mask, bool)[..., None]
        total = jnp.sum(jnp.where(kept, inputs, 0), axis=1, keepdims=self.keepdims)
        count = jnp.sum(kept, axis=1, keepdims=self.keepdims)
        return total / jnp.maximum(count, 1).astype(inputs.dtype)


class GlobalMaxPooling1D(GlobalPooling1D):
    """The largest value of each feature over all steps.

    Inputs `(batch, time, features)`; output `(batch, features)`. As in Keras a mask has no
    influence here, and it ends here with a warning.
    """

    supports_masking = False

    def call(self, inputs):
        return jnp.max(inputs, axis=1, keepdims=self.keepdims)
