"""Sequences of different lengths: held without padding, padded batch by batch.

A list of arrays becomes a `Ragged` array. A batch of it is `Padded`: an array as long as its bucket
and the lengths of its rows, from which `open_padded` makes the mask that layers and losses see.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from cello.core.masking import get_mask, set_mask
from cello.core.numbers import exact_numbers


class InputForm(NamedTuple):
    """What is known of an input of a model.

    Attributes:
        shape: its shape, `None` for sizes that may vary.
        dtype: its dtype; `None` if the model takes any.
    """

    shape: tuple[int | None, ...]
    dtype: str | None = None


def map_inputs(function: Callable, x, forms: dict[str, InputForm | None] | None):
    """`function(value, what, form)` of each input in `x`: by place, or by name in a dict.

    Args:
        function: what is wanted of an input; it gets a name for messages, and its form or `None`.
        x: the inputs as the caller passed them.
        forms: the inputs of the model by their names, in order; `None` if they are not known.
    """
    known = list((forms or {}).values())
    if isinstance(x, dict):
        return {k: function(v, f"x[{k!r}]", (forms or {}).get(k)) for k, v in x.items()}
    if len(known) > 1 and isinstance(x, (list, tuple)) and len(x) == len(known):
        pairs = zip(x, known, strict=True)
        return type(x)(function(v, f"x[{i}]", form) for i, (v, form) in enumerate(pairs))
    form = known[0] if known else None
    if len(known) > 1 and form is not None and isinstance(x, (list, tuple)):
        form = form._replace(dtype=None)  # they do not say which is which
    return function(x, "x", form)


def bucket_length(steps: int) -> int:
    """`steps` rounded up to 1, 2, 3, 4, 6, 8, 12, 16, 24, ...: a power of two, or 3/2 of one."""
    power = 1 << max(0, int(steps) - 1).bit_length()
    return power * 3 // 4 if power >= 4 and steps <= power * 3 // 4 else power


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Padded:
    """Sequences of a batch, with zeros beside them.

    Attributes:
        values: array `(batch, time, ...)`.
        mask: boolean `(batch, time)`, true at the steps of the sequences; `None` where every row
            fills the array.
    """

    values: Any
    mask: Any


class Ragged:
    """Sequences of different lengths, one behind the other in one array.

    Args:
        values: array `(steps of all, ...)`.
        lengths: integers `(rows,)`, whose sum is the number of steps.
    """

    def __init__(self, values: np.ndarray, lengths: np.ndarray):
        self.values = values
        self.lengths = lengths
        self.ends = np.cumsum(lengths)

    @classmethod
    def of(cls, sequences, what: str, dtype=None) -> Ragged:
        """From a list of arrays `(time, ...)`; `what` and `dtype` as for `exact_numbers`."""
        arrays = [exact_numbers(s, f"{what}[{i}]", dtype) for i, s in enumerate(sequences)]
        for i, array in enumerate(arrays):
            if array.shape[:1] == (0,):
                raise ValueError(f"{what}[{i}] has no steps: leave empty sequences out.")
            if array.ndim == 0 or array.shape[1:] != arrays[0].shape[1:]:
                raise ValueError(
                    f"{what} is a list of sequences, so all need the shape (time, ...) with the "
                    f"same sizes behind the time: {what}[0] has the shape {arrays[0].shape} and "
                    f"{what}[{i}] {array.shape}."
                )
        lengths = np.array([len(a) for a in arrays], np.int32)
        return cls(np.concatenate(arrays), lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def shape(self) -> tuple[int, ...]:
        """As padded to the longest."""
        return (len(self), int(self.lengths.max()), *self.values.shape[1:])

    @property
    def ndim(self) -> int:
        return self.values.ndim + 1

    @property
    def dtype(self):
        return self.values.dtype

    def __getitem__(self, rows) -> Ragged:
        """Some rows, by a slice or by their numbers."""
        ends, lengths = self.ends[rows], self.lengths[rows]
        pieces = [self.values[e - n : e] for e, n in zip(ends, lengths, strict=True)]
        return Ragged(np.concatenate(pieces), lengths)

    @property
    def even(self) -> bool:
        """Whether all sequences happen to have one length."""
        return bool((self.lengths == self.lengths[0]).all())

    def stacked(self) -> np.ndarray:
        """As one array `(rows, time, ...)`, if they have."""
        return self.values.reshape(self.shape)

    def pad(self, rows, steps: int, left: bool = False) -> Padded:
        """These rows, each with zeros behind it, or in front with `left`, up to `steps`."""
        ends, lengths = self.ends[rows], self.lengths[rows]
        values = np.zeros((len(lengths), steps, *self.values.shape[1:]), self.dtype)
        mask = np.zeros((len(lengths), steps), bool)
        for i, (end, n) in enumerate(zip(ends, lengths, strict=True)):
            place = slice(steps - n, steps) if left else slice(n)
            values[i, place] = self.values[end - n : end]
            mask[i, place] = True
        return Padded(values, mask)


def as_sequences(value, what: str, form: InputForm | None, rows: int | None = None):
    """`value` as a `Ragged` if it is a list of sequences; as it is if it is not.

    Args:
        value: what the caller passed for one input.
        what: its name, for messages.
        form: that of the input; `None` if nothing is known of it. Sequences are `Ragged` whatever
            lengths they happen to have, but for an input that takes one length only.
        rows: how many rows there are, if the labels say so.
    """
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim:
        value = list(value)
    if not isinstance(value, (list, tuple)) or not value:
        return value
    shapes = [_shape(v) for v in value]
    if any(not s for s in shapes):
        return value  # numbers, or the inputs of the model in a list
    if form is None:
        return Ragged.of(value, what) if _look_like_sequences(shapes, rows) else value
    shape, dtype = form
    if not {len(s) for s in shapes if s} <= {len(shape) - 1, len(shape) - 2}:
        return value
    if len(value) == 1 and rows not in (None, 1) and shapes[0] and shapes[0][0] == rows:
        return value  # the only input, in a list
    if len(set(shapes)) > 1 or shape[1:2] == (None,):
        return Ragged.of(value, what, dtype)
    return np.stack([exact_numbers(v, f"{what}[{i}]", dtype) for i, v in enumerate(value)])


def _look_like_sequences(shapes, rows: int | None) -> bool:
    """Whether arrays are the sequences of a batch, and not the inputs of a model, one each.

    Inputs have equal numbers of rows. If these arrays have them, the labels may tell; without, they
    are inputs, as in Keras.
    """
    firsts = {s[0] for s in shapes}
    if len(firsts) > 1:
        return rows == len(shapes) or rows not in firsts
    return rows == len(shapes) and rows not in firsts


def _shape(value) -> tuple[int, ...] | None:
    """The shape of an array or of nested lists of numbers; `None` of something else."""
    if hasattr(value, "shape"):
        return tuple(value.shape)
    if not isinstance(value, (list, tuple)):
        return () if np.isscalar(value) else None
    try:
        return np.shape(value)
    except ValueError:  # rows of different lengths
        return None


def count_labels(y) -> int | None:
    """How many rows labels are for; `None` if they may as well be one array for each output."""
    if isinstance(y, dict):
        return count_labels(next(iter(y.values()), None))
    if isinstance(y, (list, tuple)):
        return len(y) if y and all(np.isscalar(v) for v in y) else None
    return len(y) if getattr(y, "shape", ()) else None


def targets_like(
    y, what: str, lengths: np.ndarray | None, rows: int | None = None, outputs: int | None = None
):
    """`y`, or weights, with a `Ragged` for each list of labels per step.

    Args:
        lengths: those of the sequences in the inputs, where there are some.
        rows: how many rows the inputs have, where lists of labels may come without such sequences.
        outputs: how many outputs the model has, if that is known: with several, a list has one
            entry for each.
    """
    if isinstance(y, dict):
        return {k: targets_like(v, f"{what}[{k!r}]", lengths, rows, 1) for k, v in y.items()}
    if isinstance(y, np.ndarray) and y.dtype == object and y.ndim:
        y = list(y)
    if not isinstance(y, (list, tuple)) or not y:
        return y
    shapes = [_shape(v) for v in y]
    by_output = len(y) == outputs and len(y) > 1
    if by_output or any(not s for s in shapes):
        if (lengths is None and rows is None) or all(s == () for s in shapes):
            return y
        each = (targets_like(v, f"{what}[{i}]", lengths, rows, 1) for i, v in enumerate(y))
        return type(y)(each)
    own = [s[0] for s in shapes if s]
    if lengths is not None and own == list(lengths):
        return Ragged.of(y, what)
    n = rows if lengths is None else len(lengths)
    if len(own) != n or (rows is None and own == [1]):  # one array for each output
        return y
    if len(set(own)) > 1:
        return Ragged.of(y, what)
    return np.stack([exact_numbers(v, what) for v in y])


def ragged_leaves(tree) -> list[Ragged]:
    return [leaf for leaf in jax.tree.leaves(tree) if isinstance(leaf, Ragged)]


def open_padded(tree):
    """`tree` with the values in place of each `Padded`, the mask attached."""

    def open_one(leaf):
        if not isinstance(leaf, Padded):
            return leaf
        set_mask(leaf.values, leaf.mask)
        return leaf.values

    return jax.tree.map(open_one, tree, is_leaf=is_padded)


def values_only(tree):
    """`tree` with the values in place of each `Padded`."""
    return jax.tree.map(lambda v: v.values if is_padded(v) else v, tree, is_leaf=is_padded)


def is_padded(value) -> bool:
    return isinstance(value, Padded)


def mask_like(output, target) -> None:
    """Attach the mask of a padded target to an output that has none and is as long."""
    mask = target.mask if is_padded(target) else None
    if mask is not None and get_mask(output) is None and output.shape[:2] == mask.shape:
        set_mask(output, mask)
