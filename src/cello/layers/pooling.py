"""Pooling along time, and over the pictures of a sequence."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import lax

from cello.core.arguments import arg
from cello.core.carry import carry_slot
from cello.core.dtype_policy import widen
from cello.core.input_spec import InputSpec
from cello.core.kinds import boolean, one_of, optional
from cello.core.layer import Layer
from cello.layers.window import by_axis, channels_last, length, pair, with_steps_before

PICTURES = InputSpec(("batch", "rows", "cols", "channels"))
NOT_ALONG_TIME = "it takes pictures: wrap it in TimeDistributed for those of a sequence."


class Pooling(Layer):
    """Base of the layers that slide a window over time, or over a picture."""

    argument_order = "pool_size strides padding data_format"
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
        if self.padding == "same" and self.pool_size != 1:
            return 'with padding="same" it looks ahead: use "valid".'
        return None

    def reduce(self, inputs, **window):
        """The result of each window, as `lax.reduce_window` takes it."""
        raise NotImplementedError

    def call(self, inputs):
        size, strides = by_axis(self.pool_size), by_axis(self.strides or self.pool_size)
        if self.padding == "valid" and len(size) == 1:
            inputs = with_steps_before(inputs, size[0] - 1, strides[0], causal=False)
        return self.reduce(
            inputs,
            window_dimensions=(1, *size, 1),
            window_strides=(1, *strides, 1),
            padding=self.padding.upper(),
        )


class LargestOfWindow(Pooling):
    """Base of those that take the largest value."""

    def reduce(self, inputs, **window):
        is_floating = jnp.issubdtype(inputs.dtype, jnp.floating)
        least = -jnp.inf if is_floating else jnp.iinfo(inputs.dtype).min
        return lax.reduce_window(inputs, least, lax.max, **window)


class MeanOfWindow(Pooling):
    """Base of those that take the mean; zeros of padding do not count."""

    def reduce(self, inputs, **window):
        total = lax.reduce_window(widen(inputs), 0.0, lax.add, **window)
        count = np.prod(window["window_dimensions"])
        if window["padding"] == "SAME":
            count = lax.reduce_window(jnp.ones_like(widen(inputs)), 0.0, lax.add, **window)
        return (total / count).astype(self.compute_dtype)


class MaxPooling1D(LargestOfWindow):
    """The largest value of each feature in a window that slides along time.

    Inputs `(batch, time, features)`; output `(batch, new_time, features)`.
    """


class AveragePooling1D(MeanOfWindow):
    """The mean of each feature in a window that slides along time.

    Inputs `(batch, time, features)`; output `(batch, new_time, features)`.
    """

    pool_size = arg(kind=length, doc="Length of the window.")


class Pooling2D(Pooling):
    """Base of the windows that slide over a picture `(batch, rows, cols, channels)`."""

    pool_size = arg((2, 2), kind=pair, doc="Rows and columns of the window.")
    strides = arg(
        None, kind=optional(pair), doc="Places from window to window; `pool_size` if `None`."
    )
    input_spec = PICTURES

    def why_not_in_pieces(self, arguments):
        return NOT_ALONG_TIME


class MaxPooling2D(Pooling2D, LargestOfWindow):
    """The largest value of each channel in a window that slides over a picture.

    Inputs `(batch, rows, cols, channels)`; output `(batch, new_rows, new_cols, channels)`. For the
    pictures of a sequence: `TimeDistributed(MaxPooling2D())`.
    """


class AveragePooling2D(Pooling2D, MeanOfWindow):
    """The mean of each channel in a window that slides over a picture.

    Inputs `(batch, rows, cols, channels)`; output `(batch, new_rows, new_cols, channels)`. For the
    pictures of a sequence: `TimeDistributed(AveragePooling2D(2))`.
    """

    pool_size = arg(kind=pair, doc="Rows and columns of the window.")


class GlobalPooling2D(Layer):
    """Base of the layers that reduce a whole picture."""

    data_format = arg(None, kind=channels_last, doc='Only "channels_last".')
    keepdims = arg(False, kind=boolean, doc="Whether to keep rows and columns, with length 1.")

    input_spec = PICTURES

    def why_not_in_pieces(self, arguments):
        return NOT_ALONG_TIME


class GlobalMaxPooling2D(GlobalPooling2D):
    """The largest value of each channel of a picture.

    Inputs `(batch, rows, cols, channels)`; output `(batch, channels)`.
    """

    def call(self, inputs):
        return jnp.max(inputs, axis=(1, 2), keepdims=self.keepdims)


class GlobalAveragePooling2D(GlobalPooling2D):
    """The mean of each channel of a picture.

    Inputs `(batch, rows, cols, channels)`; output `(batch, channels)`.
    """

    def call(self, inputs):
        mean = jnp.mean(widen(inputs), axis=(1, 2), keepdims=self.keepdims)
        return mean.astype(self.compute_dtype)


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
