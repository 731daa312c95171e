"""How sequences pass through a model: found by tracing it over lengths that are not known."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import jax
import numpy as np

from cello.core.masking import MaskDropped
from cello.core.symbolic import new_dimension
from cello.core.variable import Binding
from cello.training.data import end_to_end
from cello.training.programs import Programs
from cello.training.ragged import Padded, Ragged, open_padded, ragged_leaves


class Passage(NamedTuple):
    """How sequences pass through a model.

    Attributes:
        obstacle: what says that a mask cannot be used, by a layer that sees the time; or `None`.
        lengths_of: tree of the outputs: the number of the sequences in the inputs that an output
            is as long as, or -1.
    """

    obstacle: str | None
    lengths_of: Any

    @property
    def masked(self) -> bool:
        """Whether every layer that sees the time honours masks."""
        return self.obstacle is None


def find_passage(programs: Programs, x, y) -> Passage:
    """How sequences in trees of inputs and targets pass through the model of `programs`."""
    times: list[Any] = []
    known = programs.model.input_shapes or ()
    rows = next((shape[0] for shape in known if shape and shape[0]), 1)

    def spec(leaf):
        if not isinstance(leaf, Ragged):
            return jax.ShapeDtypeStruct((rows, *leaf.shape[1:]), spec_of(leaf).dtype)
        times.append(new_dimension())
        values = jax.ShapeDtypeStruct((rows, times[-1], *leaf.shape[2:]), leaf.dtype)
        return Padded(values, jax.ShapeDtypeStruct((rows, times[-1]), "bool"))

    specs = jax.tree.map(spec, (x, y))
    shapes = [(a.shape[2:], a.dtype) for a in jax.tree.leaves(specs)]
    key = ("passage", jax.tree.structure(specs), *shapes)
    return programs.find(key, lambda: _trace(programs.model, specs, times))


def _trace(model, specs, times) -> Passage:
    x, y = specs
    with Binding(), warnings.catch_warnings(record=True) as dropped:
        warnings.simplefilter("always", MaskDropped)
        outputs = jax.eval_shape(lambda x, y: model.outputs_beside(open_padded(x), y, False), x, y)

    def lengths_of(output):
        size = output.shape[1] if len(output.shape) > 1 else None
        return next((i for i, t in enumerate(times) if size is t or size == t), -1)

    first = next((w for w in dropped if w.category is MaskDropped), None)
    obstacle = None if first is None else str(first.message).partition(":")[0]
    return Passage(obstacle, jax.tree.map(lengths_of, outputs))


def spec_of(array) -> jax.ShapeDtypeStruct:
    """Shape and dtype on the device, where 64 bits are only used in JAX's x64 mode."""
    return jax.ShapeDtypeStruct(array.shape, jax.dtypes.canonicalize_dtype(array.dtype))


class Lists:
    """What outputs are for: lists of sequences, batch by batch, or arrays."""

    def __init__(self):
        self._lengths: list[list[np.ndarray]] = []
        self._lengths_of: Any = None

    def note(self, programs: Programs, x) -> None:
        """Note the lengths in one more batch of inputs, if there are sequences in it."""
        lengths = [leaf.lengths for leaf in ragged_leaves(x)]
        if not lengths:
            return
        try:
            self._lengths_of = find_passage(programs, x, None).lengths_of
        except Exception:
            return  # a model for one length only, which the call itself will say if it is not that
        self._lengths.append(lengths)

    def join(self, pieces: list[Any]) -> Any:
        """Outputs of all rows; see `trim`."""
        if not self._lengths:
            return end_to_end(pieces)
        lengths = [np.concatenate(several) for several in zip(*self._lengths, strict=True)]
        return trim(pieces, self._lengths_of, lengths)


def trim(pieces: list[Any], lengths_of, lengths, order=None) -> Any:
    """Outputs of all rows; a list of arrays, as long as the sequences, if they are for each step.

    Args:
        pieces: for each chunk the tree of the outputs `(batches, rows, ...)`.
        lengths_of: as in `Passage`.
        lengths: those of each kind of sequences in the inputs, by row.
        order: the number of the row that each output is for, if they were sorted.
    """

    def join(which, *chunks):
        values = [row for chunk in chunks for batch in chunk for row in batch]
        rows = np.arange(len(values)) if order is None else order
        values = [values[i] for i in np.argsort(rows)]
        if which < 0:
            return np.stack(values)
        return [v[:n] for v, n in zip(values, lengths[which][np.sort(rows)], strict=True)]

    return jax.tree.map(join, lengths_of, *pieces)


def match_steps(model, parts, lengths_of, places):
    """`parts` with targets and weights for each step as `Ragged`, checked to be as many as steps.

    What is for each step, and came as an array beside sequences that happen to have one length, is
    made `Ragged`; rows of numbers that only look like labels per step become an array.

    Args:
        model: the model, for messages.
        parts: trees of inputs, targets and weights.
        lengths_of: as in `Passage`.
        places: for each output the number of its leaf in the targets, or `None`, and its losses.

    Raises:
        ValueError: for labels per step that are not as many as the steps.
    """
    x, y, w = parts
    sequences = ragged_leaves((x, y))
    labels, structure = jax.tree.flatten(y)
    outputs = jax.tree.leaves(lengths_of)
    for which, (number, losses) in zip(outputs, places, strict=True):
        if number is not None and not any(loss.own_lengths for loss in losses):
            labels[number] = _match(model, labels[number], which, sequences)
    each_step = [which for which in outputs if which >= 0]
    if each_step:
        w = jax.tree.map(lambda leaf: _as_steps(leaf, sequences[each_step[0]]), w)
    return x, jax.tree.unflatten(structure, labels), w


def _match(model, y, which: int, sequences: list[Ragged]):
    """The targets of one output."""
    if which < 0 and not isinstance(y, Ragged):
        return y
    if which < 0:
        if y.even:
            return y.stacked()
        raise ValueError(
            f"{model}: y has rows of {y.lengths.min()} to {y.lengths.max()} labels for an output "
            "of one length, which only a loss such as CTC takes: pass an array."
        )
    lengths = sequences[which].lengths
    y = _as_steps(y, sequences[which])
    if not isinstance(y, Ragged):
        raise ValueError(
            f"{model} gives an output at each step of the sequences, and y has the shape "
            f"{y.shape}: pass a list with one array for each sequence, one row a step."
        )
    wrong = (y.lengths != lengths).nonzero()[0]
    if len(wrong):
        i = wrong[0]
        raise ValueError(
            f"{model} gives an output at each step, so y needs as many rows as x: sequence {i} has "
            f"{lengths[i]} steps and {y.lengths[i]} labels."
        )
    return y


def _as_steps(leaf, sequences: Ragged):
    """An array `(rows, time, ...)` beside sequences of that one length as `Ragged`."""
    if isinstance(leaf, Ragged) or leaf.shape[1:2] != (sequences.lengths[0],) or not sequences.even:
        return leaf
    return Ragged(leaf.reshape(-1, *leaf.shape[2:]), sequences.lengths)
