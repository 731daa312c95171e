"""Tokens to indices and back: `StringLookup` and `IntegerLookup`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.arguments import arg
from cello.core.kinds import boolean, count, integer, one_of, optional
from cello.core.symbolic import symbolic_leaves
from cello.layers.vocabulary import VocabularyLayer, begin_with, strings, why_not_step_by_step
from cello.ops.hashes import fingerprint


def _string(value: str):
    if not isinstance(value, str):
        raise ValueError("a string")
    return value


class HostLayer(VocabularyLayer):
    """Base of the layers of strings with a vocabulary: they run in Python, on NumPy arrays."""

    reads_strings = True

    def __call__(self, inputs):
        if symbolic_leaves(inputs):
            if self.output_mode != "int":
                self.check_vocabulary()  # which decides how many columns there are
            return begin_with(self, inputs, self.shape_of_tokens)
        self.check_vocabulary()
        return self.call(inputs)

    def shape_of_tokens(self, shape):
        """The shape of the indices for strings of this one."""
        return shape

    def indices_of(self, array: np.ndarray) -> np.ndarray:
        """The indices of an array of strings; -1 for what is dropped."""
        known = self._index
        if self.mask_token is not None:
            known = known | {self.mask_token: 0 if self.output_mode == "int" else -1}
        flat = [known[t] if t in known else self._unknown(t) for t in array.reshape(-1)]
        if self.output_mode == "int" and -1 in flat:
            raise ValueError(
                f"{self} with num_oov_indices=0 got {array.reshape(-1)[flat.index(-1)]!r}, which "
                "is not in the vocabulary: give unknown strings an index, num_oov_indices=1."
            )
        return np.array(flat, "int32").reshape(array.shape)

    def _unknown(self, token: str) -> int:
        """The index of a string that is not in the vocabulary: one of several by its hash."""
        if not self.num_oov_indices:
            return -1
        first = len(self._special) - self.num_oov_indices
        return first + fingerprint(token.encode("utf-8")) % self.num_oov_indices


class StringLookup(HostLayer):
    """The index of each string in a vocabulary; with `invert` the string of each index.

    It runs in Python, in front of a model: `x = layer(strings)`, of any shape, or right behind an
    `Input(shape, dtype="string")`. `adapt(data)` makes the vocabulary. Outputs: with
    `output_mode="int"` as the inputs; "one_hot" `(..., tokens)`; the others `(..., tokens)` for
    inputs `(..., sample)`.
    """

    argument_order = (
        "max_tokens num_oov_indices mask_token oov_token vocabulary idf_weights invert output_mode "
        "pad_to_max_tokens"
    )
    num_oov_indices = arg(1, kind=count, doc="How many indices strings have that are not known.")
    mask_token = arg(None, kind=optional(_string), doc="The string that is a mask; none if `None`.")
    oov_token = arg("[UNK]", kind=_string, doc="What stands for a string that is not known.")
    invert = arg(False, kind=boolean, doc="Whether indices become strings.")
    _ignored_arguments = {"oov_method": ("floormod",)}

    def token(self, value):
        return value.decode("utf-8") if isinstance(value, bytes) else str(value)

    def shape_of_tokens(self, shape):
        if self.invert:
            raise ValueError(
                f"{self} with invert=True makes strings, and a model computes numbers: call it on "
                "what predict returns."
            )
        return shape

    def call(self, inputs):
        if not self.invert:
            return self.finish(self.indices_of(strings(self, inputs)))
        known = dict(enumerate(self.get_vocabulary()))
        array = np.asarray(inputs)
        found = np.array([known.get(i, self.oov_token) for i in array.reshape(-1).tolist()], object)
        return found.reshape(array.shape)


class IntegerLookup(VocabularyLayer):
    """The index of each integer in a vocabulary; with `invert` the integer of each index.

    It runs within a model or in front of it. `adapt(data)` makes the vocabulary. Outputs: with
    `output_mode="int"` as the inputs; "one_hot" `(..., tokens)`; the others `(..., tokens)` for
    inputs `(..., sample)`.
    """

    argument_order = (
        "max_tokens num_oov_indices mask_token oov_token vocabulary vocabulary_dtype idf_weights "
        "invert output_mode pad_to_max_tokens"
    )
    num_oov_indices = arg(1, kind=count, doc="How many indices integers have that are not known.")
    mask_token = arg(None, kind=optional(integer), doc="The integer that is a mask.")
    oov_token = arg(-1, kind=integer, doc="What stands for an integer that is not known.")
    vocabulary_dtype = arg("int64", kind=one_of("int64", "int32"), doc='As in Keras; "int64".')
    invert = arg(False, kind=boolean, doc="Whether indices become integers.")
    _ignored_arguments = {"oov_method": ("floormod",)}

    def why_not_in_pieces(self, arguments):
        return why_not_step_by_step(self.output_mode, arguments["inputs"])

    def token(self, value):
        if isinstance(value, (str, bytes)):
            raise ValueError(
                f"{self} takes whole numbers, and got {value!r}: StringLookup looks strings up."
            )
        if int(value) != value:
            raise ValueError(f"{self} takes whole numbers, and got {value!r}.")
        return int(value)

    def call(self, inputs):
        self.check_vocabulary()
        values = jnp.asarray(inputs).astype("int32")
        special, first = self._special, len(self._special)
        tokens = np.asarray(self.vocabulary)
        if self.invert:
            table = jnp.asarray([*special, *tokens], "int32")
            known = (values >= 0) & (values < len(table))
            return jnp.where(known, table[jnp.clip(values, 0, len(table) - 1)], self.oov_token)
        order = np.argsort(tokens)
        place = jnp.clip(jnp.searchsorted(tokens[order], values), 0, len(tokens) - 1)
        known = jnp.asarray(tokens[order])[place] == values
        unknown = -1
        checked = self.output_mode == "int" and not isinstance(values, jax.core.Tracer)
        if checked and not (self.num_oov_indices or bool(jnp.all(known))):
            stray = values[~known].ravel()[0]
            if self.mask_token is None or stray != self.mask_token:
                raise ValueError(
                    f"{self} with num_oov_indices=0 got {stray}, which is not in the vocabulary: "
                    "give unknown integers an index, num_oov_indices=1."
                )
        if self.num_oov_indices:
            unknown = first - self.num_oov_indices + values % self.num_oov_indices
        indices = jnp.where(known, first + jnp.asarray(order)[place], unknown)
        if self.mask_token is not None:
            masked = 0 if self.output_mode == "int" else -1
            indices = jnp.where(values == self.mask_token, masked, indices)
        return self.finish(indices.astype("int32"))
