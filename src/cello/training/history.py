"""The record that `fit` returns."""

from __future__ import annotations

from typing import Any

from cello.core.kinds import count
from cello.training.callback import Callback
from cello.training.progress import number


def _epochs(value) -> list[int]:
    if not isinstance(value, list) or [count(v) for v in value] != sorted(set(value)):
        raise ValueError("a list of integers, each more than the one before")
    return value


def _results(value) -> dict[str, list[Any]]:
    if not isinstance(value, dict) or not all(isinstance(v, list) for v in value.values()):
        raise ValueError("a dict of lists")
    return value


class History(Callback):
    """Keeps the results of every epoch; `fit` returns one.

    Attributes:
        epoch: the numbers of the epochs.
        history: name to list of values, one an epoch.
    """

    memory = {"epoch": _epochs, "history": _results}

    def __init__(self):
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def __repr__(self):
        """The number of epochs, and the results of the last one."""
        last = "".join(f", {name}: {number(values[-1])}" for name, values in self.history.items())
        return f"<History epochs: {len(self.epoch)}{last}>"

    def on_train_begin(self, logs=None):
        self.epoch = []
        self.history = {}

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
