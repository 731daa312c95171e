"""`Hashing`: strings and integers in bins, without a vocabulary, by the hashes of TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cello.core.arguments import arg
from cello.core.kinds import Integer, count, one_of, optional, positive_integer
from cello.core.layer import Layer
from cello.core.symbolic import symbolic_leaves
from cello.layers.vocabulary import begin_with, encode, strings, without_whole_dtype
from cello.ops.hashes import fingerprint, salted


def _value(value: str | Integer | None):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise ValueError("a string or an integer")
    return int(value)


def _salt(value: Integer | Sequence[int]):
    pair = (value, value) if isinstance(value, (int, np.integer)) else tuple(value)
    if len(pair) != 2 or any(not 0 <= count(v) < 2**64 for v in pair):
        raise ValueError("an integer, or two")
    return [int(v) for v in pair]


class Hashing(Layer):
    """The bin of each string or integer, by its hash: no vocabulary, and some share a bin.

    It runs in Python, in front of a model: `x = layer(data)`, of any shape, or right behind an
    `Input(shape, dtype="string")`. The bins are those of
    Keras: FarmHash's Fingerprint64 modulo `num_bins`, or with a `salt` SipHash-2-4; integers are
    hashed as they are written. Outputs of the shape of the inputs with `output_mode="int"`; the
    other modes are those of `CategoryEncoding`.
    """

    num_bins = arg(kind=positive_integer, doc="How many bins, that of `mask_value` included.")
    mask_value = arg(None, kind=_value, doc="What has bin 0 for itself; nothing where `None`.")
    salt = arg(None, kind=optional(_salt), doc="Key of the other hash: an integer, or two.")
    output_mode = arg(
        "int",
        kind=one_of("int", "one_hot", "multi_hot", "count"),
        doc='"int", "one_hot", "multi_hot" or "count".',
    )
    _ignored_arguments = {"sparse": (False,)}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.built = True

    @classmethod
    def from_config(cls, config):
        """The layer; Keras writes the dtype of the bins, which here are whole numbers anyway."""
        return super().from_config(without_whole_dtype(config))

    def get_config(self):
        """The arguments, with the dtype of the bins, as Keras' layer wants it."""
        config = super().get_config()
        return config | {"dtype": "int64"} if self.output_mode == "int" else config

    reads_strings = True

    def __call__(self, inputs):
        if symbolic_leaves(inputs):
            return begin_with(self, inputs, lambda shape: shape)
        return self.call(inputs)

    def call(self, inputs):
        array = np.asarray(inputs)
        array = (
            array if array.dtype.kind in "iu" else strings(self, inputs, "strings or whole numbers")
        )
        bins = np.array([self._bin(v) for v in array.reshape(-1).tolist()], "int32")
        return self.finish(bins.reshape(array.shape))

    def finish(self, bins):
        """The outputs for the bins."""
        if self.output_mode == "int":
            return bins
        return encode(bins, self.output_mode, self.num_bins, self.compute_dtype)

    def _bin(self, value: str | int) -> int:
        masked = self.mask_value is not None and self.num_bins > 1
        if masked and value == self.mask_value:
            return 0
        text = str(value).encode("utf-8")
        found = fingerprint(text) if self.salt is None else salted(text, self.salt)
        return found % (self.num_bins - 1) + 1 if masked else found % self.num_bins
