"""What generation asks of a model: a first piece of tokens, and the scores of the next token."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.masking import get_mask
from cello.training.ragged import Padded, Ragged, bucket_length, open_padded


class LanguageModel:
    """A model from tokens `(batch, time)` to the scores of each next one; it goes on with a prompt.

    Attributes:
        model: the model whose variables are used.
        head: the model that gives the scores.
    """

    def __init__(self, model):
        self.model = self.head = model

    def data(self, prompt) -> Ragged:
        """The prompt, checked."""
        where = f"{self.model}.generate"
        rows = prompt if isinstance(prompt, (list, tuple)) else np.asarray(prompt)
        if not len(rows) or any(np.ndim(row) != 1 for row in rows):
            raise ValueError(
                f"{where} expects a prompt of shape (batch, time), or a list of sequences of "
                f"tokens, and got {_describe(prompt)}: write [prompt] for a single one."
            )
        ragged = Ragged.of(rows, "prompt")
        if ragged.dtype.kind not in "iu":
            raise ValueError(
                f"{where} expects a prompt of integers, the tokens, and got {ragged.dtype}."
            )
        return ragged

    def pad(self, data: Ragged, masked: bool) -> Padded:
        """The prompt as an array. With a mask it is lengthened, so that few programs are needed."""
        longest = int(data.lengths.max())
        if not masked:
            return Padded(data.pad(slice(None), longest).values, None)
        return data.pad(slice(None), bucket_length(longest), left=True)

    def begin(self, prompt):
        """The first tokens to read, and what else is looked at, at every step."""
        return prompt, []

    def read(self, tokens, context):
        """The scores of the token after each of `tokens`."""
        return self.model(open_padded(tokens), training=False)


class EncoderDecoder:
    """A `Seq2Seq`: its decoder starts with `start_token` and looks at the encoder's outputs."""

    def __init__(self, model):
        self.model = model
        self.head = model.decoder

    def data(self, source):
        return self.model.read_source(source, "source")

    def pad(self, data, masked: bool):
        if not isinstance(data, Ragged):
            return data
        longest = int(data.lengths.max())
        if not masked:
            return Padded(data.pad(slice(None), longest).values, None)
        return data.pad(slice(None), bucket_length(longest))

    def begin(self, source):
        outputs = jax.tree.leaves(self.model.encoder(open_padded(source), training=False))
        rows = outputs[0].shape[0]
        start = jnp.full((rows, 1), self.model.start_token, "int32")
        return start, [Padded(array, get_mask(array)) for array in outputs]

    def read(self, tokens, context):
        return self.model.decoder([open_padded(tokens), *open_padded(context)], training=False)


def _describe(value) -> str:
    return f"an array of shape {value.shape}" if hasattr(value, "shape") else repr(value)[:60]
