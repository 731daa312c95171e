"""Pooling along time."""

from __future__ import annotations

import jax.numpy as jnp
from jax import lax

from cello.core.arguments import arg
from cello.core.carry import carry_slot
from cello.core.dtype_policy import widen
from cello.core.input_spec import InputSpec
from cello.core.kinds import boolean, one_of, optional
from cello.core.layer import Layer
from cello.layers.convolution import channels_last, length
from cello.layers.window import with_steps_before


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

    def why_not_in_pieces(self, arguments):
        if self.padding == "same" and self.pool_size > 1:
            return 'with padding="same" it looks ahead: use "valid".'
        return None

    def call(self, inputs):
        strides = self.strides or self.pool_size
        if self.padding == "valid":
            inputs = with_steps_before(inputs, self.pool_size - 1, strides, causal=False)
        return lax.reduce_window(
            inputs,
            -jnp.inf if jnp.issubdtype(inputs.dtype, jnp.floating) else jnp.iinfo(inputs.dtype).min,
            lax.max,
            window_dimensions=(1, self.pool_size, 1),
            window_strides=(1, strides, 1),
            padding=self.padding.upper(),
        )


class GlobalPooling1D(Layer):
    """Base of the layers that reduce the whole time axis."""

    data_format = arg(None, kind=channels_last, doc='Only "channels_last".')
    keepdims = arg(False, kind=boolean, doc="Whether to keep the time axis, with length 1.")

    input_spec = InputSpec(("batch", "time", "features"))
    supports_masking = True
    streams = True

    def compute_mask(self, inputs, previous_mask=None):
        return None


class GlobalAveragePooling1D(GlobalPooling1D):
    """The mean of each feature over the steps that the mask keeps, or over all.

    Inputs `(batch, time, features)`; output `(batch, features)`. A row that is all masked gives
    zeros (Keras: NaN).
    """

    masks_by_step = True

    def call(self, inputs, mask=None):
        slot = carry_slot(inputs)
        inputs = widen(inputs)
        if mask is None and slot is None:
            return jnp.mean(inputs, axis=1, keepdims=self.keepdims).astype(self.compute_dtype)
        kept = jnp.ones(inputs.shape[:2], bool) if mask is None else jnp.asarray(mask, bool)
        total = jnp.sum(jnp.where(kept[..., None], inputs, 0), axis=1, keepdims=self.keepdims)
        count = jnp.sum(kept[..., None], axis=1, keepdims=self.keepdims).astype(inputs.dtype)
        if slot is not None:
            before = slot.resume([jnp.zeros_like(total), jnp.zeros_like(count)])
            total, count = total + before[0], count + before[1]
            slot.keep([total, count])
        return (total / jnp.maximum(count, 1)).astype(self.compute_dtype)


class GlobalMaxPooling1D(GlobalPooling1D):
    """The largest value of each feature over all steps.

    Inputs `(batch, time, features)`; output `(batch, features)`. As in Keras a mask has no
    influence here, and it ends here with a warning.
    """

    supports_masking = False

    def call(self, inputs):
        slot = carry_slot(inputs)
        if slot is None:
            return jnp.max(inputs, axis=1, keepdims=self.keepdims)
        largest = jnp.max(inputs, axis=1, keepdims=self.keepdims, initial=-jnp.inf)
        largest = jnp.maximum(largest, slot.resume(jnp.full_like(largest, -jnp.inf)))
        slot.keep(largest)
        return largest
