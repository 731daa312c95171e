"""Data in batches, several batches at a time.

The compiled loop takes a *chunk*: arrays `(chunk, batch, ...)`, the same tree as one batch with one
axis in front. A feed gives an epoch as chunks of at most the size that is asked for.
"""

from __future__ import annotations

import math
import time
import warnings
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

import jax
import numpy as np

from cello.core.numbers import exact_numbers, refuse_complex
from cello.distribution.layout import current
from cello.training.feed import Feed
from cello.training.filling import fill, filled_chunk
from cello.training.ragged import InputForm, Ragged, as_sequences, map_inputs

Batch = tuple[Any, Any, Any]
"""Trees `(inputs, targets, weights)`; the last two may be `None`."""


def read_inputs(x, forms: dict[str, InputForm | None] | None, rows: int | None):
    """The inputs as a tree of NumPy arrays, with a `Ragged` for each list of sequences.

    Args:
        x: the inputs as the caller passed them.
        forms: those of the model by their names, in order; `None` if they are not known.
        rows: as for `as_sequences`.
    """

    def read(value, what: str, form: InputForm | None):
        found = as_sequences(value, what, form, rows)
        return as_arrays(found, what, None if form is None else form.dtype)

    return map_inputs(read, x, forms)


def as_arrays(data, what: str, dtype=None):
    """`data` as a tree of NumPy arrays: pandas, JAX, torch and lists of numbers included.

    `dtype` as for `exact_numbers`.
    """
    if data is None or isinstance(data, Ragged):
        return data
    if isinstance(data, dict):
        return {k: as_arrays(v, f"{what}[{k!r}]", dtype) for k, v in data.items()}
    if isinstance(data, (list, tuple)) and data and any(_is_array(v) for v in data):
        return type(data)(as_arrays(v, f"{what}[{i}]", dtype) for i, v in enumerate(data))
    if what.startswith("x") and hasattr(data, "to_frame"):  # a pandas Series is one feature
        data = data.to_frame()
    if isinstance(data, (list, tuple)):
        try:
            data = np.asarray(data)
        except ValueError as error:  # rows of different lengths
            raise ValueError(
                f"{what} is not an array, nor a list of sequences (time, features) of different "
                f"lengths: {error}."
            ) from None
    array = exact_numbers(data, what, dtype)
    if what.startswith("sample_weight"):
        refuse_complex(array, what)
    return array


def _is_array(value) -> bool:
    """Whether `value` is an array or a tree of arrays; a list of numbers is part of an array."""
    if isinstance(value, (list, tuple)):
        return any(_is_array(v) for v in value)
    return hasattr(value, "shape") or isinstance(value, dict)


def batch_parts(batch) -> Batch:
    """`x`, `(x,)`, `(x, y)` or `(x, y, weights)` as three parts."""
    parts = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(
            f"A batch must be x, (x, y) or (x, y, sample_weight) and has {len(parts)} parts."
        )
    return (*parts, None, None)[:3]


def held_out_parts(data) -> Batch:
    """The three parts of `validation_data`; an iterable of batches is the first."""
    if not isinstance(data, tuple) and is_iterable_of_batches(data):
        return data, None, None
    return batch_parts(data)


def check_lengths(parts: Batch, where: str) -> int:
    """The common number of rows; `ValueError` where the arrays differ or are empty."""
    shapes = [leaf.shape for leaf in jax.tree.leaves(parts)]
    if shapes and all(shapes) and shapes[0][0] and len({shape[0] for shape in shapes}) == 1:
        return shapes[0][0]
    rows: dict[str, int] = {}
    for name, part in zip(("x", "y", "sample_weight"), parts, strict=True):
        for path, leaf in jax.tree_util.tree_leaves_with_path(part):
            label = name + jax.tree_util.keystr(path)
            if leaf.ndim == 0:
                raise ValueError(
                    f"{where}: {label} must have an axis for the rows and is a number."
                )
            rows[label] = len(leaf)
    if len(set(rows.values())) > 1:
        raise ValueError(
            f"{where}: all arrays need the same number of rows and have "
            + ", ".join(f"{k}: {n}" for k, n in rows.items())
            + "."
        )
    n = next(iter(rows.values()), 0)
    if n == 0:
        raise ValueError(f"{where} got no data: x has 0 rows.")
    return n


class ArrayFeed(Feed):
    """Whole arrays, cut into batches.

    Args:
        parts: trees of arrays with equal numbers of rows.
        batch_size: rows a batch; the last one may be smaller.
        shuffler: NumPy generator for a new order each epoch, or `None` for the order as it is.
        steps: batches an epoch; all where `None`.
        fills: whether a smaller batch is filled up.
        join: function that makes the outputs of all rows of those of the chunks.
    """

    def __init__(
        self,
        parts: Batch,
        batch_size: int,
        shuffler=None,
        steps: int | None = None,
        fills: bool = False,
        join=None,
    ):
        super().__init__()
        self.parts = parts
        self.fills = fills
        self.join = join or end_to_end
        self.batch_size = batch_size
        self.shuffler = shuffler
        self.spread = current()
        self.rows = len(jax.tree.leaves(parts)[0])
        self.batches_a_pass = math.ceil(self.rows / batch_size)
        self.steps = self.longest_run = (
            min(steps, self.batches_a_pass) if steps else self.batches_a_pass
        )

    def first(self) -> Batch:
        if self.fills and self.rows < self.batch_size:
            rows = fill(np.arange(self.rows), self.batch_size)
            return jax.tree.map(lambda a: a[rows], self.parts)
        return jax.tree.map(lambda a: a[: self.batch_size], self.parts)

    def epoch(self) -> ArrayEpoch:
        with self.next_part(self.shuffler) as part:
            order = self.shuffler.permutation(self.rows) if self.shuffler is not None else None
        return ArrayEpoch(self, order, part * self.steps * self.batch_size)


class ArrayEpoch:
    def __init__(self, feed: ArrayFeed, order, row: int):
        self.feed = feed
        self.order = order
        self.row = row
        self.end = min(feed.rows, row + feed.steps * feed.batch_size)

    def take(self, most: int, seconds: float = math.inf) -> tuple[Any, int, int] | None:
        """The next batches, all of one size: `(chunk, how many, rows of each)`; `None` at the end.

        Of several processes, each gets its own rows of the batches.

        Args:
            most: the most that are wanted.
            seconds: how long to wait for them before giving fewer.
        """
        size = self.feed.batch_size
        left = self.end - self.row
        if left <= 0:
            return None
        if left < size and self.feed.fills:
            start, self.row = self.row, self.end
            order = np.arange(self.feed.rows) if self.order is None else self.order
            return filled_chunk(self.feed.parts, order[start : self.end], size), 1, size
        n, size = (min(most, left // size), size) if left >= size else (1, left)
        start, self.row = self.row, self.row + n * size
        own = self.feed.spread.own(size)

        def chunk(array):
            if self.order is not None:
                return array[self.order[start : self.row].reshape(n, size)[:, own]]
            return array[start : self.row].reshape((n, size, *array.shape[1:]))[:, own]

        return jax.tree.map(chunk, self.feed.parts), n, size


class IterableFeed(Feed):
    """Batches from a generator, a `DataLoader` or anything else that can be iterated.

    Args:
        batches: the iterable. A pass starts it anew; an iterator goes on where it stopped.
        steps: batches an epoch; until the end where `None`.
        prepare: function that makes three trees of arrays of what the iterable gives.
        fills: function of the first batch: whether those that are smaller are filled up.
        join: as for `ArrayFeed`.
    """

    def __init__(
        self, batches: Iterable, steps: int | None, prepare, fills=lambda _: False, join=None
    ):
        super().__init__()
        self.batches = batches
        self.fills = fills
        self.join = join or end_to_end
        self.prepare = prepare
        self.spread = current()
        self.iterator: Any = None
        self._interrupted = False
        self.iterator = self._start()
        self.goes_on = self.iterator is batches
        try:
            known: int | None = len(batches)  # type: ignore[arg-type]
        except TypeError:
            known = None
        self.batches_a_pass = known
        self.steps = steps if known is None else min(steps or known, known)
        self.longest_run = self.steps
        self._first: Batch | None = None
        self._looked_ahead: list[Batch] = []
        self._most = 0  # batches that an epoch had

    def first(self) -> Batch:
        """The form of the very first batch; the first epoch will give it as well."""
        if self._first is None:
            self._first = self._next(0)
            if self._first is None:
                raise ValueError("The iterable of batches gave no data.")
            self._looked_ahead.append(self._first)
        n = self.spread.processes
        if n == 1:
            return self._first
        return jax.tree.map(
            lambda a: np.broadcast_to(a[:1], (n * len(a), *a.shape[1:])), self._first
        )

    def skip(self, epochs: int) -> None:
        """Pass over what so many epochs have used, where the next would not start anew."""
        if self.goes_on:
            for _ in range(epochs):
                for _ in self._next_batches(self.steps):
                    pass
        elif epochs:
            super().skip(epochs)
            self._interrupted = True

    def epoch(self) -> IterableEpoch:
        with self.next_part() as part:
            if not self.goes_on and (self._interrupted or (part == 0 and self.epochs > 1)):
                self._looked_ahead.clear()
                self.iterator = self._start()
                for _ in range(part and part * self.steps):
                    next(self.iterator, None)
        return IterableEpoch(self, self._next_batches(self.steps_now))

    def _start(self) -> Iterator[Any]:
        """Start the iterable; who was on the way through the same iterator is told."""
        iterator = iter(self.batches)
        for feed in list(_STARTED):
            feed._interrupted |= feed.iterator is iterator
        _STARTED.add(self)
        self._interrupted = False
        return iterator

    def _next(self, number: int) -> Batch | None:
        """The next batch, `None` where there is none. An error says which it was."""
        try:
            batch = next(self.iterator, None)
            return None if batch is None else self.prepare(batch)
        except Exception as error:
            error.add_note(
                f"This came from batch {number + 1} of a pass through the iterable of batches."
            )
            raise

    def _next_batches(self, steps: int | None) -> Iterator[Batch]:
        given = 0
        while steps is None or given < steps:
            if self._interrupted and not self.goes_on:
                raise ValueError(
                    f"The iterable of batches was started anew after {given} batches of this pass, "
                    "by another use of it, and has only one pass at a time, as a DataLoader with "
                    "persistent_workers=True: pass a second one there."
                )
            batch = self._looked_ahead.pop() if self._looked_ahead else self._next(given)
            if batch is None:
                break
            given += 1
            yield batch
        if given == 0:
            raise ValueError(
                "The iterable of batches is used up, so this epoch has no data: pass an iterable "
                "that can start anew (a list, a DataLoader), or an endless one and steps_per_epoch."
            )
        if given < (steps or 0):
            raise ValueError(
                f"The iterable of batches ended after {given} batches, and {steps} are an "
                "epoch by steps_per_epoch (or validation_steps, steps) or its length: pass an "
                "iterable that gives as many each time, or a smaller number."
            )
        if given < self._most and self.epochs_a_pass == 1:
            warnings.warn(
                f"The iterable of batches gave {given} batches in this epoch and {self._most} in "
                "one before. Where it should not shrink, see whether it starts anew each time.",
                stacklevel=2,
            )
        self._most = max(self._most, given)


_STARTED: weakref.WeakSet[IterableFeed] = weakref.WeakSet()
"""Feeds that go through an iterable; some have one iterator only, which begins anew for each."""


class IterableEpoch:
    def __init__(self, feed: IterableFeed, batches: Iterator[Batch]):
        self.feed = feed
        self.batches = batches
        self.spread = feed.spread
        self.waiting: Batch | None = None

    def take(self, most: int, seconds: float = math.inf) -> tuple[Any, int, int] | None:
        """The next batches of one shape; see `ArrayEpoch.take`."""
        batches: list[Batch] = []
        alone = self.spread.processes == 1
        until = time.monotonic() + seconds if alone else math.inf
        while len(batches) < most and (not batches or time.monotonic() < until):
            batch = self.waiting if self.waiting is not None else next(self.batches, None)
            self.waiting = None
            if batch is None:
                break
            if batches and form_of(batch) != form_of(batches[0]):
                self.waiting = batch
                break
            batches.append(batch)
            if self._fills(batch):
                rows, size = _count(batch), _count(self.feed.first())
                return filled_chunk(batch, np.arange(rows), size), 1, size
        chunk = jax.tree.map(lambda *leaves: np.stack(leaves), *batches) if batches else None
        if not alone:
            shapes = [f"{a.dtype} {list(a.shape)}" for a in jax.tree.leaves(chunk)]
            self.spread.check_same({"what the iterable gave": shapes}, "the next batches")
        if not batches:
            return None
        rows = len(jax.tree.leaves(batches[0])[0]) * self.spread.processes
        return chunk, len(batches), rows

    def _fills(self, batch: Batch) -> bool:
        first = self.feed.first()
        return _count(batch) < _count(first) and self.feed.fills(first)


def _count(batch: Batch) -> int:
    return len(jax.tree.leaves(batch)[0])


def end_to_end(pieces: list[Any]):
    """One tree of arrays `(rows, ...)` from several of `(batches, rows, ...)`."""
    for chunks in zip(*map(jax.tree.leaves, pieces), strict=True):
        shapes = {c.shape[2:] for c in chunks}
        if len(shapes) > 1:
            raise ValueError(
                f"The outputs of the batches have rows of the shapes {sorted(shapes)}, which make "
                "no array: give each batch as a list of sequences, ([a, b, ...],), whose outputs "
                "come as a list, or call predict_on_batch."
            )
    return jax.tree.map(
        lambda *chunks: np.concatenate([c.reshape(-1, *c.shape[2:]) for c in chunks]), *pieces
    )


def form_of(batch):
    """What a compilation depends on: the tree, the shapes and the dtypes."""
    leaves, structure = jax.tree.flatten(batch)
    return structure, tuple((a.shape, a.dtype) for a in leaves)


def is_iterable_of_batches(x) -> bool:
    """Whether `x` gives batches, in place of being an array or a tree of arrays."""
    if hasattr(x, "shape") or isinstance(x, (dict, str)):
        return False
    if isinstance(x, (list, tuple)):  # a list of (x, y) batches, or of the model's inputs
        return bool(x) and all(isinstance(b, tuple) for b in x)
    return hasattr(x, "__iter__") or hasattr(x, "__getitem__")


def split_off_last(parts: Batch, fraction: float, where: str) -> tuple[Batch, Batch]:
    """The first rows and the last `fraction` of them."""
    if not 0 < fraction < 1:
        raise ValueError(
            f"{where}: validation_split is a share between 0 and 1. Received: {fraction!r}"
        )
    rows = check_lengths(parts, where)
    cut = int(rows * (1 - fraction))
    if not 0 < cut < rows:
        raise ValueError(
            f"{where}: validation_split={fraction} of {rows} rows leaves {cut} to train on and "
            f"{rows - cut} to validate on; both must be at least 1."
        )
    return jax.tree.map(lambda a: a[:cut], parts), jax.tree.map(lambda a: a[cut:], parts)
