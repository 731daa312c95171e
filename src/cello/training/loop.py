"""The compiled loop: a pure step, run over a chunk of batches in one call."""

from __future__ import annotations

import collections
import math
import time
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from cello.core.memory import Registry, is_lack_of_memory, lack_of_memory
from cello.distribution.layout import ONE_DEVICE
from cello.training.data import form_of
from cello.training.filling import Filled
from cello.training.state import State

MOST_BATCHES = 1024
MOST_BYTES = 8 * 2**20
SECONDS_A_CHUNK = 0.1


class _Running(NamedTuple):
    """A chunk that the device computes."""

    before: Any  # the state that it started from
    after: Any
    first: int
    n: int
    batches: Any
    real: int | None  # rows, where the batch was filled up
    results: Any
    began: float
    compiled: bool  # whether the call had to compile first


_runners = Registry(spare=12)
"""Those of all models, so that the programs of a model go with it."""


class ChunkRunner:
    """Run `step(state, batch) -> (state, result)` over the batches of a feed, compiled.

    Batches are computed by the chunk, in one call. One program serves all chunks of batches of one
    shape: it is compiled for `capacity` of them and told how many are there. So that Python costs
    little and a progress bar still moves, a chunk has as many as take `SECONDS_A_CHUNK`.

    Args:
        step: a pure function of the state and one batch.
        spread: how both lie on the devices.
        by_row: whether the results have a row for each of the batch.
    """

    def __init__(self, step, spread=ONE_DEVICE, by_row: bool = False):
        self._spread = spread
        _runners.add(self)
        self._step = step
        self._by_row = by_row
        self._compiled = jax.jit(spread.around(self._run))
        self._shapes: set[Any] = set()
        self._bytes_a_batch: dict[Any, int] = {}
        self._seconds_a_batch: float | None = None
        self._idle_since = 0.0

    def run(self, state: State, feed, fixed: int | None = None, ahead: bool = True, start=0):
        """Go through one epoch of `feed`; give `(index of the first batch, results)` by the chunk.

        Args:
            state: where a chunk's state comes from and goes to.
            feed: an `ArrayFeed` or `IterableFeed`.
            fixed: batches a chunk, in place of measuring.
            ahead: whether the next chunk may start before the results of one are given, so that
                the device does not wait for Python. The state is then that of the later chunk.
            start: how many batches to pass over.

        Yields:
            The results have an axis for the batches in front. The state is written before.
        """
        spread = self._spread
        values = self._place(state)
        fixed = fixed and min(fixed, feed.longest_run or MOST_BATCHES)
        capacity = fixed or self._most_batches(feed, values)
        if spread.processes > 1:
            spread.check_same(_facts(feed, capacity), "the start of an epoch")
        epoch = feed.epoch()
        running: collections.deque[_Running] = collections.deque()
        first = 0
        while first < start and (taken := epoch.take(start - first)) is not None:
            first += taken[1]
        patience = SECONDS_A_CHUNK if fixed is None else math.inf
        while (taken := epoch.take(self._count_wanted(capacity, fixed), patience)) is not None:
            chunk, n, rows = taken
            # What is left over comes alone, and so needs one program for all capacities.
            filled = isinstance(chunk, Filled)
            length = 1 if filled or (n == 1 and rows < feed.batch_size) else capacity
            running.append(self._start(state, state.read(), chunk, n, rows, length, first))
            first += n
            # A batch that is a chunk of its own takes long: its results are shown at once.
            while len(running) > (1 if ahead and n > 1 else 0):
                yield self._finish(running.popleft(), state)
        while running:
            yield self._finish(running.popleft(), state)

    def run_one(self, state: State, chunk, rows: int):
        """The results of one batch on one device, as `run` gives them.

        Args:
            state: where the state comes from and goes to.
            chunk: the batch with an axis in front, or one that is filled up.
            rows: its rows.
        """
        before = self._place(state)
        return self._finish(self._start(state, before, chunk, 1, rows, 1), state)[1]

    def _place(self, state: State):
        """The values of the state where they belong."""
        values = state.read()
        placed = self._spread.place(values)
        if placed is not values:
            state.move(placed, values)
        return placed

    def _start(
        self, state: State, before, chunk, n: int, rows: int, length: int, first: int = 0
    ) -> _Running:
        """Let the device compute a chunk.

        Args:
            state: where the state goes to.
            before: what it is now.
            chunk: `n` batches of so many `rows`, `first` the number of the first of them.
            length: how many batches the program is for.
        """
        real = int(chunk.real[0]) if isinstance(chunk, Filled) else None
        spread = self._spread
        new, began = self._is_new(chunk, length, rows), time.perf_counter()
        chunk = spread.put(_lengthen(chunk, n, length), rows)
        try:
            after, results = self._compiled(spread.give(before), chunk, n)
        except jax.errors.JaxRuntimeError as error:
            _tell_of_memory(error, chunk)
            raise
        after = spread.take(after)
        try:
            state.write(after, before)
        except KeyboardInterrupt:  # all of it, or what is kept would belong to no step
            state.write(after, before)
            raise
        return _Running(before, after, first, n, chunk, real, results, began, new)

    def _finish(self, chunk: _Running, state: State):
        """Wait for a chunk and learn from it how long a batch takes.

        If it failed, the state is again that from before it.
        """
        try:
            jax.block_until_ready(chunk.results)  # before NumPy looks at what may have failed
        except Exception as error:
            state.write(chunk.before, chunk.after)
            _tell_of_memory(error, chunk.batches)
            raise
        results = jax.tree.map(lambda a: np.asarray(a)[: chunk.n], chunk.results)
        if self._by_row and chunk.real is not None:
            results = jax.tree.map(lambda a: a[:, : chunk.real], results)
        now = time.perf_counter()
        if not chunk.compiled:
            self._seconds_a_batch = (now - max(chunk.began, self._idle_since)) / chunk.n
        self._idle_since = now
        return chunk.first, results

    def _count_wanted(self, capacity: int, fixed: int | None) -> int:
        if fixed is not None:
            return fixed
        seconds = self._spread.agree(self._seconds_a_batch, "the next batches")
        return 1 if seconds is None else max(1, min(int(SECONDS_A_CHUNK / seconds), capacity))

    def _most_batches(self, feed, state) -> int:
        """The most batches that a chunk may have: bounded in memory, the results included."""
        batch = feed.first()
        form = form_of(batch)
        if form not in self._bytes_a_batch:
            result = jax.eval_shape(self._step, state, batch)[1]
            leaves = jax.tree.leaves((batch, result))
            size = sum(int(np.prod(a.shape)) * a.dtype.itemsize for a in leaves)
            self._bytes_a_batch[form] = max(1, size)
        most = min(MOST_BATCHES, max(1, MOST_BYTES // self._bytes_a_batch[form]))
        longest = feed.longest_run or most
        # A power of 4, so that a few programs serve data of any length.
        return next(n for n in (*(4**i for i in range(5)), most) if n >= min(longest, most))

    def _is_new(self, chunk, capacity: int, rows: int) -> bool:
        """Whether no chunk of these shapes came before."""
        shapes = (capacity, rows, *(a.shape[1:] for a in jax.tree.leaves(chunk)))
        known = shapes in self._shapes
        self._shapes.add(shapes)
        return not known

    def _run(self, state, chunk, n):
        length = jax.tree.leaves(chunk)[0].shape[0]
        if length == 1:
            state, result = self._step(state, jax.tree.map(lambda a: a[0], chunk))
            return state, jax.tree.map(lambda r: jnp.asarray(r)[None], result)
        batch = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape[1:], a.dtype), chunk)
        _, spec = jax.eval_shape(self._step, state, batch)
        empty = jax.tree.map(lambda s: jnp.zeros((length, *s.shape), s.dtype), spec)

        def body(i, carry):
            state, results = carry
            state, result = self._step(state, jax.tree.map(lambda a: a[i], chunk))
            return state, jax.tree.map(lambda rs, r: rs.at[i].set(r), results, result)

        return lax.fori_loop(0, n, body, (state, empty))


def _tell_of_memory(error: Exception, chunk) -> None:
    """Raise an error that says what can be done, if a batch of this chunk does not fit."""
    if not isinstance(error, jax.errors.JaxRuntimeError) or not is_lack_of_memory(error):
        return
    batch = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape[1:], a.dtype), chunk)
    raise lack_of_memory(
        error, "A batch", batch, "Pass a smaller batch_size; for training on long sequences also "
        "fit(..., tbptt=steps) or RNN(cell, remat=...), which keep fewer steps. The weights are "
        "those after the last step that was done."
    ) from error  # fmt: skip


def _facts(feed, capacity: int) -> dict[str, Any]:
    """What must be the same in all processes that train together."""
    shapes = [f"{a.dtype} {list(a.shape)}" for a in jax.tree.leaves(feed.first())]
    return {
        "the first batch": shapes,
        "the number of batches": feed.steps,
        "the number of batches in a call": capacity,
    }


def _lengthen(chunk, n: int, capacity: int):
    """`chunk` in a buffer for `capacity` batches; what lies behind the first `n` is never read."""
    if n == capacity:
        return chunk

    def buffer(array):
        longer = np.zeros((capacity, *array.shape[1:]), array.dtype)
        longer[:n] = array
        return longer

    return jax.tree.map(buffer, chunk)
