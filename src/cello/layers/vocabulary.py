"""A vocabulary, and what layers that look tokens up in one share."""

from __future__ import annotations

import collections
import math
import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.arguments import arg
from cello.core.kinds import boolean, one_of, optional, positive_integer
from cello.core.layer import Layer
from cello.core.symbolic import STRING, Node, SymbolicTensor
from cello.layers.adapting import batches_of


def encode(indices, mode: str, depth: int, dtype, weights=None):
    """Indices in the form that `output_mode` names; those below 0 or from `depth` on are dropped.

    Args:
        indices: integers, the last axis of which is a sample.
        mode: "one_hot", "multi_hot" or "count".
        weights: what each index counts in "count"; 1 where `None`.

    Returns:
        `(..., depth)`.
    """
    indices = jnp.asarray(indices)
    indices = indices[None] if indices.ndim == 0 else indices
    if mode == "one_hot":
        indices = indices[..., 0] if indices.ndim > 1 and indices.shape[-1] == 1 else indices
        return (indices[..., None] == jnp.arange(depth)).astype(dtype)
    flat = jnp.where(indices < 0, depth, indices).reshape(-1, indices.shape[-1])
    rows = jnp.arange(flat.shape[0])[:, None]
    counts = jnp.zeros((flat.shape[0], depth), dtype)
    if mode == "multi_hot":
        counts = counts.at[rows, flat].set(1, mode="drop")
    else:
        each = 1 if weights is None else jnp.asarray(weights, dtype).reshape(flat.shape)
        counts = counts.at[rows, flat].add(each, mode="drop")
    return counts.reshape(*indices.shape[:-1], depth)


def strings(layer, values, wanted: str = "strings") -> np.ndarray:
    """Strings as an array of objects; refuses what is none, and says what is `wanted`."""
    array = np.asarray(values, object)
    read = [v.decode("utf-8") if isinstance(v, bytes) else v for v in array.reshape(-1)]
    wrong = [v for v in read if not isinstance(v, str)]
    if wrong:
        advice = "Turn numbers into strings, map(str, x)."
        if wrong[0] is None or wrong[0] != wrong[0]:  # None and NaN, as pandas has them
            advice = "Fill what is missing first, with .fillna('') say."
        raise ValueError(f"{layer} takes {wanted}, and got {wrong[0]!r}. {advice}")
    made = np.empty(len(read), object)
    made[:] = read
    return made.reshape(array.shape)


def begin_with(layer, texts, shape_of_tokens: Callable) -> SymbolicTensor:
    """Record the call of `layer` on strings that come later: a model begins with it.

    Args:
        layer: a layer with `finish(indices)`, which makes its outputs of whole numbers.
        texts: the symbolic tensor.
        shape_of_tokens: function of the shape of the strings that returns that of the numbers.
    """
    if not isinstance(texts, SymbolicTensor) or texts.dtype != STRING:
        raise ValueError(
            f"{layer} runs in Python, and stands in a model only right behind an Input of strings, "
            f'Input(shape, dtype="string"). It got {texts!r}: call it in front of the model, '
            "x = layer(data)."
        )
    indices = jax.ShapeDtypeStruct(tuple(shape_of_tokens(texts.spec.shape)), "int32")
    node = Node(layer, (texts,), {})
    node.outputs = SymbolicTensor(jax.eval_shape(layer.finish, indices), node, 0, layer.name)
    layer.graph_nodes.append(node)
    return node.outputs


def without_whole_dtype(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration without the dtype that Keras writes for indices, which here are int32."""
    dtype = config.get("dtype")
    whole = isinstance(dtype, dict) or str(dtype) in ("int32", "int64", "string")
    return {k: v for k, v in config.items() if k != "dtype" or not whole}


def why_not_step_by_step(mode: str, inputs) -> str | None:
    """Why the form that `output_mode` names is none of each step, or `None`."""
    if mode in ("int", "one_hot") or inputs.ndim > 2:
        return None
    return f'output_mode="{mode}" counts over all steps: use "int" or "one_hot".'


def _tokens(value: Sequence[Any] | str):
    if isinstance(value, str):  # a file with a token a line
        if not os.path.isfile(value):
            raise ValueError("a list of tokens, or the name of a file that is there")
        with open(value, encoding="utf-8") as file:
            return file.read().split("\n")[: -1 if file.tell() else None]
    return np.asarray(value).tolist() if hasattr(value, "__array__") else list(value)


def _weights(value: Sequence[float]):
    return np.asarray(value, "float64").reshape(-1).tolist()


class VocabularyLayer(Layer):
    """Base: tokens and their indices.

    With `output_mode="int"` index 0 is the mask's, if there is a `mask_token`; then come those of
    tokens that are not in the vocabulary, `num_oov_indices`, and then the vocabulary, the most
    frequent token first. In the other modes the mask has no index and is dropped.
    """

    max_tokens = arg(
        None, kind=optional(positive_integer), doc="Size of the vocabulary at most, all included."
    )
    vocabulary = arg(
        None, kind=optional(_tokens), doc="The tokens, or the name of a file with one a line."
    )
    idf_weights = arg(
        None, kind=optional(_weights), doc='For "tf_idf": the weight of each token of `vocabulary`.'
    )
    output_mode = arg(
        "int",
        kind=one_of("int", "one_hot", "multi_hot", "count", "tf_idf"),
        doc='"int", "one_hot", "multi_hot", "count" or "tf_idf".',
    )
    pad_to_max_tokens = arg(
        False, kind=boolean, doc="Whether outputs have `max_tokens` columns, not one a token."
    )
    _ignored_arguments = {
        "salt": (None,),
        "sparse": (False,),
        "ragged": (False,),
        "encoding": ("utf-8",),
        "has_input_vocabulary": None,
        "vocabulary_size": None,
    }

    num_oov_indices: int = 1
    mask_token: Any = None
    oov_token: Any = None
    invert: bool = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.built = True
        if self.pad_to_max_tokens and (self.max_tokens is None or self.output_mode == "int"):
            raise ValueError(
                f"{self}: pad_to_max_tokens=True needs max_tokens, and an output_mode other than "
                f'"int". Received: max_tokens={self.max_tokens}, output_mode={self.output_mode!r}'
            )
        if self.invert and self.output_mode != "int":
            raise ValueError(f'{self}: invert=True needs output_mode="int".')
        tokens, weights = self.vocabulary, self.idf_weights
        self.vocabulary = self.idf_weights = None
        if tokens is not None:
            self.set_vocabulary(tokens, weights)

    def token(self, value: Any) -> Hashable:
        """A token of the data as one of the vocabulary."""
        return value

    @classmethod
    def from_config(cls, config):
        """The layer, with the vocabulary that `config` has."""
        if isinstance(config.get("vocabulary"), str):
            raise ValueError(
                f"{cls.__name__}: the vocabulary in a configuration is a list, and not the name of "
                "a file: what opens a model opens no other file."
            )
        return super().from_config(without_whole_dtype(config))

    def get_config(self):
        """The arguments, with the vocabulary that was found."""
        return super().get_config() | {
            "vocabulary": self.get_vocabulary() if self.vocabulary else None
        }

    def save_own_variables(self, store) -> None:
        """The weights of "tf_idf", which Keras keeps among those of the model."""
        if self.idf_weights is not None:
            store["idf_weights"] = np.asarray(self.idf_weights, "float32")

    def load_own_variables(self, store) -> None:
        """Take the weights of "tf_idf"; a file of Cello's has them in the configuration, too."""
        if "idf_weights" not in store:
            return
        weights = _weights(store["idf_weights"])
        if self.output_mode != "tf_idf" or len(weights) != self.vocabulary_size():
            raise ValueError(
                f"{self} has {self.vocabulary_size()} tokens and output_mode={self.output_mode!r}, "
                f"and the file {len(weights)} idf_weights."
            )
        self.idf_weights = weights

    @property
    def _special(self) -> list[Any]:
        """What stands in front of the vocabulary."""
        masked = self.mask_token is not None and self.output_mode == "int"
        return [self.mask_token] * masked + [self.oov_token] * self.num_oov_indices

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens in the order of their indices."""
        return (self._special if include_special_tokens else []) + list(self.vocabulary or [])

    def vocabulary_size(self) -> int:
        """How many indices there are."""
        return len(self._special) + len(self.vocabulary or [])

    def set_vocabulary(self, vocabulary, idf_weights=None) -> None:
        """Take a vocabulary, and in the mode "tf_idf" its weights.

        Args:
            vocabulary: the tokens, with those for the mask and for unknown ones in front or not; or
                the name of a file with a token a line.
            idf_weights: a weight for each.
        """
        tokens = [self.token(t) for t in _tokens(vocabulary)]
        special = self._special
        if special and tokens[: len(special)] == special:
            tokens = tokens[len(special) :]
        known = collections.Counter(tokens)
        twice = [t for t, n in known.items() if n > 1]
        reserved = [t for t in (self.mask_token, self.oov_token) if t is not None and t in known]
        room = len(tokens) if self.max_tokens is None else self.max_tokens - len(special)
        if twice or reserved or not tokens or len(tokens) > room:
            raise ValueError(
                f"{self}: a vocabulary has each token once, none of "
                f"{[self.mask_token, self.oov_token]} but in front, and with max_tokens="
                f"{self.max_tokens} no more than {room}. Received: {len(tokens)} tokens, twice: "
                f"{twice[:5]}, reserved: {reserved}"
            )
        if (self.output_mode == "tf_idf") != (idf_weights is not None):
            raise ValueError(
                f'{self}: idf_weights belong to output_mode="tf_idf", which needs them with a '
                f"vocabulary. Received: output_mode={self.output_mode!r}"
            )
        self.idf_weights = None
        if idf_weights is not None:
            weights = _weights(idf_weights)
            if len(weights) == len(tokens):  # unknown tokens weigh what the others do on average
                weights = [sum(weights) / len(weights)] * len(special) + weights
            if len(weights) != len(special) + len(tokens):
                raise ValueError(
                    f"{self}: {len(tokens)} tokens need as many idf_weights, and got "
                    f"{len(idf_weights)}."
                )
            self.idf_weights = weights
        self.vocabulary = tokens
        self._index = {t: i + len(special) for i, t in enumerate(tokens)}

    def adapt(self, data, batch_size=None, steps=None) -> None:
        """Make the vocabulary of what is in `data`; what was found before is forgotten.

        The most frequent token comes first, and of those that are as frequent the last one in the
        order of the alphabet, as in Keras. For "tf_idf" a token's weight is
        `log(1 + samples / (1 + samples with it))`.

        Args:
            data: an array, a list, a column of a table, or an iterable of these.
            batch_size: means nothing here; as in Keras.
            steps: how many batches of an iterable count.
        """
        counts: collections.Counter[Any] = collections.Counter()
        holding: collections.Counter[Any] = collections.Counter()
        samples = 0
        for batch in batches_of(self, data, steps):
            for sample in self.samples_of(batch):
                counts.update(sample)
                holding.update(set(sample))
                samples += 1
        for token in (self.mask_token, self.oov_token):
            counts.pop(token, None)
        if not counts:
            raise ValueError(f"{self}.adapt got no tokens.")
        order = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
        if self.max_tokens is not None:
            order = order[: self.max_tokens - len(self._special)]
        weights = [math.log(1 + samples / (1 + holding[token])) for token in order]
        self.set_vocabulary(order, weights if self.output_mode == "tf_idf" else None)

    def samples_of(self, batch: np.ndarray) -> Iterable[Sequence[Any]]:
        """The tokens of each sample of a batch; one axis alone is one sample."""
        for sample in np.atleast_2d(batch).reshape(-1, np.atleast_1d(batch).shape[-1]):
            yield [self.token(t) for t in sample.tolist()]

    def check_vocabulary(self) -> None:
        """Refuse to look up what is not there."""
        if self.vocabulary is None:
            raise ValueError(f"{self} has no vocabulary yet: call its adapt(data), or pass one.")

    def finish(self, indices):
        """The outputs for indices; -1 is dropped."""
        if self.output_mode == "int":
            return indices
        depth = self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()
        if self.output_mode != "tf_idf":
            return encode(indices, self.output_mode, depth or 0, self.compute_dtype)
        weights = np.asarray(self.idf_weights)
        counts = encode(indices, "count", depth or 0, self.compute_dtype)
        return counts * jnp.pad(weights, (0, counts.shape[-1] - len(weights))).astype(counts.dtype)
