"""The record that `fit` returns."""

from __future__ import annotations

from cello.training.callback import Callback


class History(Callback):
    """Keeps the results of every epoch; `fit` returns one.

    Attributes:
        epoch: the numbers of the epochs.
        history: name to list of values, one an epoch.
    """

    memory = ("epoch", "history")

    def __init__(self):
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_train_begin(self, logs=None):
        self.epoch = []
        self.history = {}

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
