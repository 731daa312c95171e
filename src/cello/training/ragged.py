"""Sequences of different lengths: held without padding, padded batch by batch.

A list of arrays becomes a `Ragged` array. A batch of it is `Padded`: an array as long as its bucket
and the lengths of its rows, from which `open_padded` makes the mask that layers and losses see.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import numpy as np

from cello.core.masking import get_mask, set_mask


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
    def of(cls, sequences, what: str) -> Ragged:
        """From a list of arrays `(time, ...)`; `what` names it in messages."""
        arrays = [_numbers(s, f"{what}[{i}]") for i, s in enumerate(sequences)]
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


def _numbers(sequence, what: str) -> np.ndarray:
    if hasattr(sequence, "detach"):  # a torch tensor
        sequence = sequence.detach().cpu().numpy()
    array = np.asarray(sequence)
    if array.dtype == object or array.dtype.kind in "USmM":
        raise ValueError(f"{what} must hold numbers and has the dtype {array.dtype}.")
    return array.astype(jax.dtypes.canonicalize_dtype(array.dtype), copy=False)


def as_sequences(value, what: str, rank: int | None):
    """`value` as a `Ragged` where it is a list of sequences; as it is where it is not.

    Args:
        value: what the caller passed for one input.
        what: its name, for messages.
        rank: the number of axes of that input, the batch included; `None` where it is not known:
            arrays are then sequences where their lengths differ.
    """
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1:
        value = list(value)
    if not isinstance(value, (list, tuple)) or not value:
        return value
    shapes = [_shape(v) for v in value]
    ranks = {len(s) if s is not None else 0 for s in shapes}
    if 0 in ranks or (rank is not None and not ranks <= {rank - 1, rank - 2}):
        return value  # numbers, or the inputs of the model in a list
    if len(set(shapes)) > 1:
        return Ragged.of(value, what)
    return value if rank is None else np.stack([_numbers(v, what) for v in value])


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


def sequences_in(x, ranks: list[int | None] | None):
    """`x` with a `Ragged` in the place of each list of sequences.

    Args:
        x: the inputs as the caller passed them.
        ranks: the number of axes of each input of the model; `None` where it is not known.
    """
    if isinstance(x, dict):
        known = dict(zip(sorted(x), ranks, strict=True)) if ranks and len(ranks) == len(x) else {}
        return {k: as_sequences(v, f"x[{k!r}]", known.get(k)) for k, v in x.items()}
    several = ranks is not None and len(ranks) > 1
    if several and isinstance(x, (list, tuple)) and len(x) == len(ranks or ()):
        pairs = zip(x, ranks or (), strict=True)
        return type(x)(as_sequences(v, f"x[{i}]", r) for i, (v, r) in enumerate(pairs))
    return as_sequences(x, "x", ranks[0] if ranks else None)


def targets_like(y, what: str, lengths: np.ndarray | None, rows: int | None = None):
    """`y`, or weights, with a `Ragged` for each list of labels per step.

    Args:
        lengths: those of the sequences in the inputs, where there are some.
        rows: how many rows the inputs have, where lists of labels may come without such sequences.
    """
    if isinstance(y, dict):
        return {k: targets_like(v, f"{what}[{k!r}]", lengths, rows) for k, v in y.items()}
    if isinstance(y, np.ndarray) and y.dtype == object and y.ndim == 1:
        y = list(y)
    if not isinstance(y, (list, tuple)) or not y:
        return y
    shapes = [_shape(v) for v in y]
    if any(s is None or not s for s in shapes):
        if (lengths is None and rows is None) or all(s == () for s in shapes):
            return y
        return type(y)(targets_like(v, f"{what}[{i}]", lengths, rows) for i, v in enumerate(y))
    own = [s[0] for s in shapes if s]
    if lengths is not None and own == list(lengths):
        return Ragged.of(y, what)
    if len(own) != (rows if lengths is None else len(lengths)):
        return y
    return Ragged.of(y, what) if len(set(own)) > 1 else np.stack([np.asarray(v) for v in y])


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
