"""Batches of sequences of different lengths, each padded to the length of its bucket only."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from cello.distribution.layout import current
from cello.training.data import Batch
from cello.training.feed import Feed
from cello.training.filling import Filled, fill
from cello.training.passage import Passage, trim
from cello.training.ragged import Padded, Ragged, bucket_length, ragged_leaves

FARTHEST = 2
"""A batch takes no row into a bucket that is more than so many times longer than the row's own."""


class BucketFeed(Feed):
    """Sequences sorted into buckets by their length, and cut into batches there.

    The bucket of a row is its length, rounded up (`bucket_length`), so that few shapes are
    compiled. Rows that are left over in a bucket go to the next longer one, so that nearly all
    batches are whole.

    Args:
        parts: trees of `Ragged` and other arrays with equal numbers of rows.
        batch_size: rows a batch.
        shuffler: NumPy generator for a new order each epoch, or `None`: short sequences first.
        steps: batches an epoch; all where `None`.
        passage: how sequences pass through the model. Where it cannot use a mask, a bucket has
            sequences of the very same length, so that no step of padding is made.
        left: whether the padding is in front of the sequences.

    Attributes:
        fills: whether a smaller batch is filled up with rows.
        lengths: those of the sequences by which the rows are sorted.
        longest_run: the most batches of one shape that may come in a row.
    """

    def __init__(
        self,
        parts: Batch,
        batch_size: int,
        shuffler,
        steps,
        passage: Passage,
        left: bool = False,
    ):
        super().__init__()
        self.fills = False
        self.parts = parts
        self.batch_size = batch_size
        self.shuffler = shuffler
        self.spread = current()
        self._passage = passage
        self._left = left
        self.lengths = next(
            leaf.lengths for leaf in jax.tree.leaves(parts) if isinstance(leaf, Ragged)
        )
        self.rows = len(self.lengths)
        self._buckets = np.array([self._round_up(n) for n in self.lengths])
        batches = self._batches(np.arange(self.rows))
        self.batches_a_pass = len(batches)
        self.steps = min(steps, len(batches)) if steps else len(batches)
        self._longest = batches[-1]
        self.order: list[np.ndarray] = []
        self.longest_run = 1
        if shuffler is None:
            shapes = [(b, len(rows)) for b, rows in batches]
            self.longest_run = max(shapes.count(shape) for shape in shapes)

    def first(self) -> Batch:
        """A batch of the longest sequences: no batch needs more memory."""
        bucket, rows = self._longest
        return self._pad_batch(bucket, fill(rows, self.batch_size) if self.fills else rows)

    def whole(self) -> Batch:
        """All rows as one batch."""
        longest = self.lengths.max()
        if not self._passage.masked and self.lengths.min() < longest:
            raise ValueError(
                f"A batch has sequences of {self.lengths.min()} to {longest} steps, and the model "
                "cannot use their mask: give it sequences of one length, or pass all of them as a "
                "list, which is sorted by length."
            )
        return self._pad_batch(self._round_up(longest), np.arange(self.rows))

    def join(self, pieces: list[Any]) -> Any:
        """Outputs in the order of the rows; a list of arrays where they are for each step.

        Args:
            pieces: for each chunk the tree of the outputs `(batches, rows, ...)`.
        """
        lengths = [leaf.lengths for leaf in ragged_leaves(self.parts[0])]
        return trim(pieces, self._passage.lengths_of, lengths, np.concatenate(self.order))

    def epoch(self) -> BucketEpoch:
        with self.next_part(self.shuffler) as part:
            if self.shuffler is None:
                batches = self._batches(np.arange(self.rows))
            else:
                batches = self._batches(self.shuffler.permutation(self.rows))
                self.shuffler.shuffle(batches)
        batches = batches[part * self.steps :][: self.steps]
        self.order = [rows for _, rows in batches]
        return BucketEpoch(self, batches)

    def _batches(self, order: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """`(bucket, rows)` of each batch, from short to long."""
        return list(self._cut(order))

    def _cut(self, order: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        buckets = np.unique(self._buckets)
        left = order[:0]
        for bucket, longer in zip(buckets, [*buckets[1:], math.inf], strict=True):
            rows = np.concatenate([left, order[self._buckets[order] == bucket]])
            whole = len(rows) // self.batch_size * self.batch_size
            for i in range(0, whole, self.batch_size):
                yield bucket, rows[i : i + self.batch_size]
            left = rows[whole:]
            if len(left) and (not self._passage.masked or longer > FARTHEST * bucket):
                yield bucket, left
                left = order[:0]

    def _pad_batch(self, bucket: int, rows: np.ndarray) -> Batch:
        """A batch. Sequences of other lengths than those of the bucket have their own."""

        def take(leaf):
            if not isinstance(leaf, Ragged):
                return leaf[rows]
            same = np.array_equal(leaf.lengths, self.lengths)
            steps = bucket if same else self._longest_of(leaf, bucket)
            padded = leaf.pad(rows, steps, self._left)
            fills = same and not self._passage.masked
            return Padded(padded.values, None) if fills else padded

        return jax.tree.map(take, self.parts)

    def _round_up(self, length) -> int:
        return bucket_length(length) if self._passage.masked else int(length)

    def _longest_of(self, leaf: Ragged, bucket: int) -> int:
        """The length to which another kind of sequence is padded beside those of a bucket."""
        beside = leaf.lengths[self._buckets <= bucket]
        return bucket_length(beside.max())


class BucketEpoch:
    def __init__(self, feed: BucketFeed, batches: list[tuple[int, np.ndarray]]):
        self.feed = feed
        self.batches = batches
        self.next = 0

    def take(self, most: int, seconds: float = math.inf) -> tuple[Any, int, int] | None:
        """The next batches of one shape; see `ArrayEpoch.take`."""
        if self.next == len(self.batches):
            return None
        shapes = [(bucket, len(rows)) for bucket, rows in self.batches[self.next :][:most]]
        n = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), len(shapes))
        size = shapes[0][1]
        if self.feed.fills and size < self.feed.batch_size:
            return self._filled(), 1, self.feed.batch_size
        own = self.feed.spread.own(size)
        taken = self.batches[self.next : self.next + n]
        batches = [self.feed._pad_batch(bucket, rows[own]) for bucket, rows in taken]
        self.next += n
        return jax.tree.map(lambda *leaves: np.stack(leaves), *batches), n, size

    def _filled(self) -> Filled:
        """The next batch, which has fewer rows than the others."""
        bucket, rows = self.batches[self.next]
        self.next += 1
        batch = self.feed._pad_batch(bucket, fill(rows, self.feed.batch_size))
        return Filled(jax.tree.map(lambda a: a[None], batch), np.full(1, len(rows), np.int32))
