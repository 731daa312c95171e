"""`Embedding` and `Masking`: where sequences of symbols and padded sequences enter."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from cello import constraints, initializers, regularizers
from cello.core.arguments import arg
from cello.core.kinds import boolean, number, positive_integer
from cello.core.layer import Layer
from cello.core.masking import both
from cello.core.numbers import as_tensor, refuse_complex


class Embedding(Layer):
    """A trainable vector for each symbol: `output[..., :] = embeddings[inputs[...]]`.

    Inputs: integers of any shape, from 0 to `input_dim - 1`; output: one more axis, of
    `output_dim`. Weight: `embeddings` `(input_dim, output_dim)`.

    A symbol out of range, or a fraction, raises `ValueError` if the inputs are plain arrays. Inside
    a compiled function, where values cannot be looked at, it gives NaN.
    """

    input_dim = arg(kind=positive_integer, doc="Number of symbols, the mask's 0 included.")
    output_dim = arg(kind=positive_integer, doc="Length of the vectors.")
    embeddings_initializer = arg(
        "uniform", kind=initializers.get, doc="Initialiser of the vectors."
    )
    embeddings_regularizer = arg(None, kind=regularizers.get, doc="Penalty on the vectors.")
    embeddings_constraint = arg(None, kind=constraints.get, doc="Constraint on the vectors.")
    mask_zero = arg(
        False, kind=boolean, doc="Whether 0 is padding: the mask is then `inputs != 0`."
    )
    weights = arg(None, doc="List of one array: the vectors to start from.")
    _ignored_arguments = {"input_length": None, "quantization_config": (None,)}

    supports_masking = True
    streams = True

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            name="embeddings",
            autocast=False,  # so that gradients of one symbol in many places are added up exactly
        )

    def call(self, inputs):
        symbols = as_tensor(inputs, f"{self}: the array of symbols")
        refuse_complex(symbols, f"{self}: the array of symbols")
        if not isinstance(symbols, jax.core.Tracer) and symbols.size:
            symbols = as_tensor(symbols, f"{self}: the array of symbols", "int32")
            least, largest = np.min(symbols), np.max(symbols)
            if least < 0 or largest >= self.input_dim:
                raise ValueError(
                    f"{self} expects symbols from 0 to {self.input_dim - 1} and got values from "
                    f"{least} to {largest}: raise input_dim, or look at the data."
                )
        outside = (symbols < 0) | (symbols >= self.input_dim)  # -1 would be the last one
        if jnp.issubdtype(symbols.dtype, jnp.floating):
            outside |= symbols != jnp.floor(symbols)
        rows = jnp.where(outside, self.input_dim, symbols).astype("int32")
        vectors = jnp.take(self.embeddings.value, rows, axis=0, mode="fill")
        return vectors.astype(self.compute_dtype)

    def compute_mask(self, inputs, previous_mask=None):
        return both(previous_mask, inputs != 0) if self.mask_zero else previous_mask


class Masking(Layer):
    """Mask the steps of which every feature is `mask_value`; they are set to zero.

    Inputs and output `(batch, time, features)`. The layers after it skip these steps.
    """

    mask_value = arg(0.0, kind=number, doc="The value that marks a step as padding.")

    supports_masking = True
    streams = True

    def call(self, inputs):
        kept = jnp.any(inputs != self.mask_value, axis=-1, keepdims=True)
        return jnp.where(kept, inputs, 0)

    def compute_mask(self, inputs, previous_mask=None):
        return both(previous_mask, jnp.any(inputs != self.mask_value, axis=-1))
