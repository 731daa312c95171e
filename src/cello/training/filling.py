"""Batches with fewer rows than the others, filled up with rows that do not count.

So the last batch needs no program of its own for each number of rows.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Filled:
    """A batch, or a chunk of one, whose last rows repeat a row in front of them.

    Repeated rows are as good as the real ones: no number comes up in them, NaN say, that would not
    come up without them.

    Attributes:
        batch: the batch, a tree of arrays.
        real: how many rows are real ones.
    """

    batch: Any
    real: Any


def fill(order: np.ndarray, size: int) -> np.ndarray:
    """Numbers of rows, the first of them repeated behind them until they are `size`."""
    return np.concatenate([order, np.repeat(order[:1], size - len(order))])


def filled_chunk(parts, order: np.ndarray, size: int) -> Filled:
    """A chunk of one batch of the rows `order` of `parts`."""
    rows = fill(order, size)
    return Filled(jax.tree.map(lambda a: a[rows][None], parts), np.full(1, len(order), np.int32))


def chunk_of(batch, size: int):
    """A chunk of one batch, filled up if it has fewer rows than `size`."""
    rows = len(jax.tree.leaves(batch)[0])
    if rows < size:
        return filled_chunk(batch, np.arange(rows), size)
    return jax.tree.map(lambda array: array[None], batch)


def open_filled(batch):
    """The batch, and which of its rows are real: `(rows,)`, or `None` where all are."""
    if not isinstance(batch, Filled):
        return batch, None
    size = jax.tree.leaves(batch.batch)[0].shape[0]
    return batch.batch, jnp.arange(size) < batch.real


def size_of_batches(rows: int, batch_size: int) -> int:
    """`batch_size`, or for less data than a batch the next power of two."""
    return min(batch_size, 1 << (rows - 1).bit_length())
