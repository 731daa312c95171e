"""`Feed`: where batches come from, in epochs that are parts of a pass over the data."""

from __future__ import annotations

import contextlib
import math
from typing import Any


class Feed:
    """What the feeds have in common: epochs that are parts of a pass over the data.

    In training, epochs of fewer batches than there are go on where the one before ended, as Keras'
    do; the last one of a pass may be shorter, and the next begins anew.

    Attributes:
        steps: batches an epoch; `None` if only the end tells.
        steps_now: those of the epoch at hand.
        batches_a_pass: how many there are, if that is known.
        join: makes the outputs of all rows of those of the chunks.
        batch_size: rows of a batch, if it has fewer only if no more are left; else 0.
    """

    steps: Any
    batches_a_pass: int | None
    join: Any
    batch_size: int = 0

    def __init__(self):
        self.epochs = 0
        self.epochs_a_pass = 1

    def go_on(self) -> None:
        """Let epochs go on where the one before ended."""
        if self.batches_a_pass and self.steps:
            self.epochs_a_pass = math.ceil(self.batches_a_pass / self.steps)

    @contextlib.contextmanager
    def next_part(self, shuffler=None):
        """Begin an epoch; gives which part of a pass it is. Within it the order is drawn.

        All parts of a pass draw the same: the shuffler goes back until the last one.
        """
        part = self.epochs % self.epochs_a_pass
        self.epochs += 1
        self.steps_now = self.steps
        if self.batches_a_pass and self.steps:
            self.steps_now = min(self.steps, self.batches_a_pass - part * self.steps)
        state = None if shuffler is None else shuffler.bit_generator.state
        yield part
        if shuffler is not None and part + 1 < self.epochs_a_pass:
            shuffler.bit_generator.state = state

    def skip(self, epochs: int) -> None:
        """Pass over what so many epochs have used; what the shuffler draws is not its part."""
        self.epochs = epochs
