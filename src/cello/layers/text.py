"""`TextVectorization`: texts to integers."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence

import numpy as np

from cello.core.arguments import arg
from cello.core.kinds import Integer, one_of, optional, positive_integer
from cello.core.serialization import custom_object
from cello.core.symbolic import new_dimension, show_shape
from cello.layers.lookup import HostLayer
from cello.layers.vocabulary import strings

_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")
STANDARDS: dict[str, Callable[[str], str]] = {
    "lower_and_strip_punctuation": lambda text: _PUNCTUATION.sub("", text.lower()),
    "lower": str.lower,
    "strip_punctuation": lambda text: _PUNCTUATION.sub("", text),
}
SPLITS: dict[str, Callable[[str], Sequence[str]]] = {"whitespace": str.split, "character": list}


def _named(table):
    """`None`, a name in a table, or a function of one text."""

    def kind(value: str | Callable[[str], object] | None):
        found = custom_object(value) if isinstance(value, str) and value not in table else None
        value = value if found is None else found
        if value is not None and not callable(value) and value not in list(table):
            raise ValueError(f"None, one of {list(table)}, or a function of a text")
        return value

    return kind


def _lengths(value: Integer | Sequence[int]) -> int | tuple[int, ...]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(positive_integer(v) for v in value)
    return positive_integer(value)  # type: ignore[arg-type]


class TextVectorization(HostLayer):
    """Texts as integers: standardised, split into tokens, joined to n-grams, looked up.

    It runs in Python, in front of a model: `x = layer(texts)` of a list, array or column
    `(batch,)`, or right behind an `Input((), dtype="string")`. `adapt(texts)` makes the vocabulary;
    0 is padding, 1 any unknown token. Output with `output_mode="int"`: `(batch, tokens of the
    longest text)`, or `(batch, output_sequence_length)`; in the other modes `(batch, size of the
    vocabulary)`. A function for `standardize` gets a text and gives one, one for `split` gives a
    list of tokens.
    """

    argument_order = (
        "max_tokens standardize split ngrams output_mode output_sequence_length pad_to_max_tokens "
        "vocabulary idf_weights"
    )
    output_mode = arg(
        "int",
        kind=one_of("int", "multi_hot", "count", "tf_idf"),
        doc='"int", "multi_hot", "count" or "tf_idf".',
    )
    standardize = arg(
        "lower_and_strip_punctuation",
        kind=_named(STANDARDS),
        doc='"lower_and_strip_punctuation", "lower", "strip_punctuation", `None` or a function.',
    )
    split = arg(
        "whitespace",
        kind=_named(SPLITS),
        doc='"whitespace", "character", `None` or a function.',
    )
    ngrams = arg(
        None,
        kind=optional(_lengths),
        doc="The longest n-gram, or a tuple of the lengths; tokens alone where `None`.",
    )
    output_sequence_length = arg(
        None, kind=optional(positive_integer), doc="How many tokens a text has, cut or padded."
    )
    _ignored_arguments = {"vocabulary_size": None}
    mask_token, oov_token = "", "[UNK]"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.output_sequence_length is not None and self.output_mode != "int":
            raise ValueError(f'{self}: output_sequence_length needs output_mode="int".')

    def token(self, value):
        return str(value)

    def tokens_of(self, text: str) -> list[str]:
        """The tokens of one text, n-grams included."""
        standard = STANDARDS.get(self.standardize, self.standardize)
        text = text if standard is None else standard(text)
        cut = SPLITS.get(self.split, self.split)
        tokens = [text] if cut is None else list(cut(text))
        if self.ngrams is None:
            return tokens
        single = isinstance(self.ngrams, int)
        lengths = range(1, self.ngrams + 1) if single else self.ngrams
        return [" ".join(tokens[i : i + n]) for n in lengths for i in range(len(tokens) - n + 1)]

    def samples_of(self, batch):
        texts = strings(self, batch)
        if texts.ndim > 1 and texts.shape[-1] == 1:
            texts = texts[..., 0]
        if texts.ndim > 1:
            raise ValueError(
                f"{self} takes texts of the shape (batch,) or (batch, 1), and got {texts.shape}."
            )
        return [self.tokens_of(text) for text in np.atleast_1d(texts)]

    def shape_of_tokens(self, shape):
        if len(shape) > 2 or shape[1:] not in ((), (1,)):
            raise ValueError(
                f"{self} takes texts of the shape (batch,) or (batch, 1), and got "
                f'{show_shape(shape)}: Input((), dtype="string").'
            )
        return shape[0], self.output_sequence_length or new_dimension()

    def call(self, inputs):
        samples = self.samples_of(inputs)
        longest = max([1, *map(len, samples)])
        length = self.output_sequence_length or longest
        tokens = np.full((len(samples), length), "", object)
        for row, sample in zip(tokens, samples, strict=True):
            row[: len(sample)] = sample[:length]
        outputs = self.finish(self.indices_of(tokens))
        return outputs[0] if isinstance(inputs, (str, bytes)) else outputs
