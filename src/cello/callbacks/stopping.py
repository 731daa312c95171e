"""Callbacks that end the training."""

from __future__ import annotations

from typing import Any

import numpy as np

from cello.callbacks.monitor import Monitor
from cello.core.kinds import count, instance, number, optional
from cello.training.callback import Callback, check_shapes


class EarlyStopping(Callback):
    """Stop when a number no longer improves.

    Args:
        monitor: name in the logs.
        min_delta: the least change that counts.
        patience: epochs without improvement after which training stops.
        verbose: 1 to say when it stops.
        mode: "min", "max" or "auto", which goes by the name.
        baseline: a value that must be passed for any improvement to count.
        restore_best_weights: whether to go back to the weights of the best epoch.
        start_from_epoch: the first epoch that is watched.

    Attributes:
        best: the best value; `best_epoch` is its epoch, counted from 0.
        stopped_epoch: the epoch after which training was stopped, counted from 0; 0 where not.
    """

    memory = {
        "wait": count,
        "stopped_epoch": count,
        "best": optional(number),
        "best_epoch": count,
        "best_weights": optional(instance(list)),
    }

    def check_state(self, state):
        super().check_state(state)
        if state.get("best_weights") is not None:
            check_shapes("best_weights", state["best_weights"], self.model.weights)

    def __init__(
        self,
        monitor="val_loss",
        min_delta=0,
        patience=0,
        verbose=0,
        mode="auto",
        baseline=None,
        restore_best_weights=False,
        start_from_epoch=0,
    ):
        super().__init__()
        self.monitor = monitor
        self._watched = Monitor("EarlyStopping", monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.on_train_begin()

    def on_train_begin(self, logs=None):
        self.wait = 0
        self.stopped_epoch = 0
        self.best: float | None = None
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def on_epoch_end(self, epoch, logs=None):
        value = self._watched.value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights = self.model.get_weights()
            self.best_epoch = epoch
        self.wait += 1
        if self._watched.improves(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._watched.improves(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                print(f"Back to the weights of epoch {self.best_epoch + 1}, the best.")
            self.model.set_weights(self.best_weights)


class TerminateOnNaN(Callback):
    """Stop when the loss is NaN or infinite.

    Training goes on in chunks of batches, and stops after the chunk (of about 0.1 seconds) in which
    such a loss came up.

    Args:
        raise_error: whether to raise an error, in place of stopping as if all epochs were done.

    Raises:
        RuntimeError: with `raise_error`, from `fit`.
    """

    def __init__(self, raise_error: bool = False):
        super().__init__()
        self.raise_error = raise_error
        self._epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_chunk_end(self, batch, logs=None):
        losses = np.asarray((logs or {}).get("loss", ()))
        bad = np.flatnonzero(~np.isfinite(losses))
        if not bad.size:
            return
        step = batch + int(bad[0]) + 1
        what = f"The loss is {losses[bad[0]]} in step {step} of epoch {self._epoch + 1}"
        advice = "model.find_nan(x, y) names the layer and the step that made it."
        if self.raise_error:
            raise RuntimeError(f"{what}: {advice}")
        print(f"{what}: training ends. {advice}")
        self.model.stop_training = True
