"""`TimeDistributed`: a layer applied to each step."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from cello.core.symbolic import show_shape
from cello.layers.wrapper import Wrapper


class TimeDistributed(Wrapper):
    """Apply a layer to each step by itself, with the same weights.

    Inputs `(batch, time, ...)`; output `(batch, time, ...)`. All steps are one batch for the layer:
    it is called once, on `(batch * time, ...)`, and gets their masks if its `call` takes `mask`.
    """

    supports_masking = True
    streams = True

    def build(self, input_shape):
        if len(input_shape) < 3:
            raise ValueError(
                f"{self} expects inputs of shape (batch, time, ...) with at least 3 axes and got "
                f"{input_shape}. A recurrent layer before it gives all steps with "
                "return_sequences=True."
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
            if "mask" in self.layer.call_signature.parameters:
                options["mask"] = self._step_mask(mask, inputs)
        rows = jnp.reshape(inputs, (batch * time, *inputs.shape[2:]))
        outputs = self.layer(rows, training=training, **options)
        return jax.tree.map(lambda y: jnp.reshape(y, (batch, time, *y.shape[1:])), outputs)

    def _step_mask(self, mask, inputs):
        """The mask of each step for the layer inside, `(batch * time, ...)`.

        A step that is masked as a whole, and is a sequence itself, is masked at all of its steps.
        """
        batch, time, *sizes = inputs.shape
        mask = jnp.reshape(mask, (batch * time, *mask.shape[2:]))
        if self.layer.masks_by_step and mask.ndim == 1 and len(sizes) > 1:
            return jnp.broadcast_to(mask[:, None], (batch * time, sizes[0]))
        return mask

    def compute_mask(self, inputs, previous_mask=None):
        return previous_mask
