"""Batch after batch of an epoch, and what callbacks get to know of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from cello.training.callback import CallbackList
from cello.training.feed import Feed

if TYPE_CHECKING:
    from cello.training.trainer import Trainer


def run_batches(
    trainer: Trainer,
    mode: str,
    program: Callable,
    feed: Feed,
    hooks: CallbackList,
    fixed: int | None = None,
    ahead: bool = True,
    start: int = 0,
) -> Iterator[tuple[int, dict[str, Any], np.ndarray]]:
    """Run an epoch of "train" or "test"; the hooks see every batch.

    Args:
        trainer: that of the model.
        mode, program: the step, as `Programs.program` gives it.
        feed: where the batches come from.
        hooks: the callbacks.
        fixed, ahead, start: as for `ChunkRunner.run`.

    Yields:
        `(batches done, logs, losses)` after each chunk.
    """
    fixed = fixed or trainer.batches_a_call(hooks, mode)
    batch_by_batch = hooks.watches_batches(mode)
    if batch_by_batch:
        hooks.call(f"{mode}_batch_begin", start)
    known = trainer.model.metrics_names
    ahead = ahead and not batch_by_batch
    told = True
    for first, results in program(feed, fixed=fixed, ahead=ahead, start=start):
        losses = results.pop("batch_loss")
        trainer.objective.warn_of_strays(results.pop("strays"), trainer.model)
        n = len(losses)
        names = in_order(results, known)
        for i in range(n) if batch_by_batch else (n - 1,):
            logs = {name: as_number(results[name][i]) for name in names}
            done = first + i + 1
            last = feed.steps_now is not None and done >= feed.steps_now
            told = last or (done - start) % trainer.batches_a_hook == 0
            if batch_by_batch and told:
                hooks.call(f"{mode}_batch_end", done - 1, logs=logs)
                if not (last or trainer.stop_training):
                    hooks.call(f"{mode}_batch_begin", done)
        if mode == "train":
            hooks.call("train_chunk_end", first, logs=results)
        yield first + n, logs, losses
    if batch_by_batch and not told:  # an iterable has ended
        hooks.call(f"{mode}_batch_end", done - 1, logs=logs)


def in_order(results: dict[str, Any], known: list[str]) -> list[str]:
    """The names of the results: those that are known in their order, then others."""
    return [*(name for name in known if name in results), *sorted(set(results) - set(known))]


def as_number(value):
    """A result as it stands in logs."""
    return float(value) if np.ndim(value) == 0 else np.asarray(value)
