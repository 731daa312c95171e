"""`Seq2Seq`: an encoder reads a sequence, a decoder writes another."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.kinds import integer
from cello.core.masking import set_mask
from cello.core.naming import unique_name
from cello.core.numbers import exact_numbers
from cello.models.model import Model
from cello.training.ragged import InputForm, Ragged, as_sequences, is_padded


class Seq2Seq(Model):
    """An encoder and a decoder for sequences of tokens, such as translations::

        model = Seq2Seq(encoder, decoder, start_token=1, end_token=2)
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(sources, targets, epochs=10)
        model.generate(new_sources, max_length=50)

    What the encoder gives goes to the decoder, its masks included. In training the decoder reads
    the start token and the target up to the token before the one it is to give (teacher forcing);
    in `generate` it reads what it has written itself.

    Targets are integers `(batch, time)`, padded behind with `pad_token`, or a list of sequences of
    any lengths, without the start token. The end token is put behind those that do not have it.
    Losses and metrics see each target up to its end token, which is the last step that counts.

    Called as a layer, `model([source, tokens])` gives the decoder's outputs `(batch, time,
    vocabulary)` behind `tokens`, which begin with the start token; `predict` takes the same.

    Args:
        encoder: a model of one input, the source: an array or, in `fit` and `generate`, also a list
            of sequences of different lengths. It has any number of outputs.
        decoder: a model of the inputs `[tokens, *outputs of the encoder]`. Its output
            `(batch, time, vocabulary)` at a step depends on no later tokens than that of the step.
        start_token: the token that the decoder reads first.
        end_token: the token that ends a target.
        pad_token: the token behind the end of shorter targets.
        name: the name; made from the class where `None`.

    Source: Sutskever, Vinyals and Le 2014; Cho et al. 2014.
    """

    keras_name = ("cello.models", "Seq2Seq")

    def __init__(self, encoder, decoder, start_token, end_token, pad_token=0, name=None, **kwargs):
        super().__init__(name=name or unique_name("seq2seq"), **kwargs)
        for what, part in (("encoder", encoder), ("decoder", decoder)):
            if not isinstance(part, Model):
                raise ValueError(f"{self}: {what} must be a model and is a {type(part).__name__}.")
        tokens = {"start_token": start_token, "end_token": end_token, "pad_token": pad_token}
        for what, token in tokens.items():
            try:
                integer(token)
            except ValueError:
                raise ValueError(
                    f"{self}: {what} must be an integer, the number of a token. Received: "
                    f"{what}={token!r}"
                ) from None
        if end_token == pad_token:
            raise ValueError(
                f"{self}: end_token and pad_token must differ, so that the end of a target is "
                f"known. Received: {end_token} for both."
            )
        self.encoder = encoder
        self.decoder = decoder
        self.start_token = int(start_token)
        self.end_token = int(end_token)
        self.pad_token = int(pad_token)
        self.built = encoder.built and decoder.built

    def call(self, inputs, training=False, mask=None):
        if not isinstance(inputs, (list, tuple)) or len(inputs) != 2:
            raise ValueError(
                f"{self} is called on a list [source, tokens], where the tokens begin with the "
                f"start token; generate(source) writes them itself."
            )
        for tensor, m in zip(inputs, mask or (None, None), strict=True):
            set_mask(tensor, m)
        source, tokens = inputs
        encoded = jax.tree.leaves(self.encoder(source, training=training))
        return self.decoder([tokens, *encoded], training=training)

    def why_not_in_pieces(self, arguments):
        return "the decoder starts when the encoder has read the whole source."

    def generate(self, source, max_length=None, **options):  # type: ignore[override]
        """Write the target of each source.

        Args:
            source: what the encoder takes, or a list of sequences of different lengths.
            max_length: the most tokens to write.
            options: see `cello.generation.GenerationOptions`; the tokens are the model's.

        Returns:
            The tokens `(batch, max_length)`, the end token included; see there for scores and
            beams.
        """
        from cello.generation import EncoderDecoder, GenerationOptions, generate

        tokens = {"end_token": self.end_token, "pad_token": self.pad_token}
        return generate(
            EncoderDecoder(self), source, GenerationOptions(max_length, **tokens, **options)
        )

    # -------------------------------------------------------------------------- training

    @property
    def input_forms(self):
        source = next(iter((self.encoder.input_forms or {}).values()), None)
        return {"source": source, "tokens": InputForm((None, None))}

    def read_data(self, x, y):
        return (x, y) if y is None else (self.read_source(x, "x"), self._targets(y))

    def outputs_beside(self, x, y, training):
        """The decoder's outputs behind the start token and the target without its last token."""
        if y is None:
            return super().outputs_beside(x, y, training)
        target, mask = (y.values, y.mask) if is_padded(y) else (y, None)
        start = jnp.full((target.shape[0], 1), self.start_token, target.dtype)
        tokens = jnp.concatenate([start, target[:, :-1]], axis=1)
        if mask is not None:
            tokens = jnp.where(mask, tokens, self.pad_token)
        outputs = self([x, tokens], training=training)
        set_mask(outputs, mask)
        return outputs

    def read_source(self, x, what: str):
        """The source as an array, or as `Ragged` where it is a list of sequences."""
        found = as_sequences(x, what, self.input_forms["source"])
        return np.asarray(found) if isinstance(found, (list, tuple)) else found

    def _targets(self, y) -> Ragged:
        """The targets with their end tokens, without padding."""
        if isinstance(y, Ragged):
            return y
        rows = []
        for i, row in enumerate(y):
            row = np.asarray(row)
            if row.size and (row.ndim != 1 or row.dtype.kind not in "iu"):
                raise ValueError(
                    f"{self}: a target is a sequence of integers, the tokens, and y[{i}] has the "
                    f"shape {row.shape} and the dtype {row.dtype}."
                )
            tokens = np.flatnonzero(row != self.pad_token)
            row = row[: tokens[-1] + 1 if len(tokens) else 0]
            row = exact_numbers(row, f"y[{i}]", "int32")
            if not len(row) or row[-1] != self.end_token:
                row = np.append(row, np.int32(self.end_token))
            rows.append(row)
        return Ragged.of(rows, "y")
