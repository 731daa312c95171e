"""Datasets that are iterated again and again, with the methods of `tf.data` that mean something."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np


class Dataset:
    """What can be iterated again and again, with a length: batches, or single samples.

    Args:
        start: function without arguments that gives an iterator over all.
        length: how many there are.
    """

    def __init__(self, start: Callable[[], Iterator[Any]], length: int):
        self._begin, self._length = start, length

    def __iter__(self) -> Iterator[Any]:
        return self._begin()

    def __len__(self) -> int:
        return self._length

    def take(self, count: int) -> Dataset:
        """The first `count`; all where -1."""
        length = len(self) if count < 0 else min(count, len(self))
        return Dataset(lambda: itertools.islice(iter(self), length), length)

    def skip(self, count: int) -> Dataset:
        """All but the first `count`; none where -1."""
        skipped = len(self) if count < 0 else min(count, len(self))
        return Dataset(lambda: itertools.islice(iter(self), skipped, None), len(self) - skipped)

    def map(self, function: Callable[..., Any], num_parallel_calls=None) -> Dataset:
        """What `function` makes of each; a tuple, such as `(x, y)`, is its arguments."""

        def start():
            return (function(*v) if isinstance(v, tuple) else function(v) for v in self)

        return Dataset(start, len(self))

    def batch(self, batch_size: int, drop_remainder: bool = False) -> Dataset:
        """Arrays of `batch_size` of them each; the last one may have fewer."""
        parts = len(self) / batch_size
        length = math.floor(parts) if drop_remainder else math.ceil(parts)

        def start():
            values = iter(self)
            for _ in range(length):
                some = list(itertools.islice(values, batch_size))
                yield jax.tree.map(lambda *leaves: np.stack(leaves), *some)

        return Dataset(start, length)

    def unbatch(self) -> Dataset:
        """The rows of the batches, one by one; they are counted here, in a pass."""

        def rows(batch):
            return range(len(jax.tree.leaves(batch)[0]))

        def start():
            return (jax.tree.map(lambda a, i=i: a[i], b) for b in self for i in rows(b))

        return Dataset(start, sum(len(rows(batch)) for batch in self))

    def shuffle(
        self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool = True
    ) -> Dataset:
        """In another order at each pass, drawn from the next `buffer_size` at a time."""
        generator = np.random.default_rng(seed)
        first = int(generator.integers(2**31))

        def start():
            draw = generator if reshuffle_each_iteration else np.random.default_rng(first)
            values = iter(self)
            held = list(itertools.islice(values, buffer_size))
            while held:
                i = int(draw.integers(len(held)))
                held[i], held[-1] = held[-1], held[i]
                yield held.pop()
                held.extend(itertools.islice(values, 1))

        return Dataset(start, len(self))

    def repeat(self, count: int) -> Dataset:
        """`count` passes, one behind the other; `fit(epochs=)` makes as many by itself."""
        return Dataset(
            lambda: itertools.chain.from_iterable(itertools.repeat(self, count)), count * len(self)
        )

    def prefetch(self, buffer_size: int | None = None) -> Dataset:
        """Itself: `fit` makes batches while the device computes."""
        return self

    def cache(self, filename: str = "") -> Dataset:
        """All of it, kept in memory at the first pass."""
        held: list[Any] = []

        def start():
            held.extend(self if not held else ())
            return iter(held)

        return Dataset(start, len(self))


def split_dataset(
    dataset, left_size=None, right_size=None, shuffle: bool = False, seed: int | None = None
) -> tuple[Dataset, Dataset]:
    """The samples of a dataset in two parts, as in Keras.

    Args:
        dataset: an array, or a list, tuple or dict of arrays with one row a sample; or what can be
            iterated, a `Dataset` or `PyDataset` say.
        left_size, right_size: a share of the samples, or their number; one of them will do.
        shuffle: whether to draw an order first.
        seed: seed of the order.

    Returns:
        Two datasets of samples: `left.batch(32)` goes to `fit`.

    Raises:
        ValueError: for sizes that do not fit.
    """
    leaves = jax.tree.leaves(dataset)
    if leaves and all(hasattr(leaf, "shape") and len(leaf.shape) for leaf in leaves):
        if len({len(leaf) for leaf in leaves}) > 1:
            raise ValueError(
                "split_dataset: all arrays need the same number of rows and have "
                f"{[len(leaf) for leaf in leaves]}."
            )
        samples = [jax.tree.map(lambda a, i=i: a[i], dataset) for i in range(len(leaves[0]))]
        samples = [tuple(s) if isinstance(s, list) else s for s in samples]
    else:
        samples = list(dataset)
    n = len(samples)
    left, right = (
        _count(size, n, name) for size, name in ((left_size, "left"), (right_size, "right"))
    )
    if left is None and right is None:
        raise ValueError("split_dataset needs left_size or right_size.")
    left = n - (right or 0) if left is None else left
    right = n - left if right is None else right
    if left < 1 or right < 1 or left + right > n:
        raise ValueError(
            f"split_dataset: {n} samples cannot be split into {left} and {right}: both parts need "
            "one at least. "
            f"Received: left_size={left_size}, right_size={right_size}"
        )
    if shuffle:
        samples = [samples[i] for i in np.random.default_rng(seed).permutation(n)]
    parts = samples[:left], samples[n - right :]
    return tuple(Dataset(part.__iter__, len(part)) for part in parts)  # type: ignore[return-value]


def _count(size, n: int, name: str) -> int | None:
    """A share of `n`, or a number."""
    if size is None or isinstance(size, (int, np.integer)):
        return size if size is None else int(size)
    if isinstance(size, float) and 0 < size < 1:
        return round(size * n)
    raise ValueError(
        f"split_dataset: {name}_size is a share between 0 and 1 or a number. "
        f"Received: {name}_size={size!r}"
    )
