"""Callbacks that change the learning rate."""

from __future__ import annotations

import inspect

import numpy as np

from cello.callbacks.monitor import Monitor
from cello.core.kinds import count, number, optional
from cello.training.callback import Callback, say


class _LearningRateCallback(Callback):
    """Refuses, before any work, an optimiser whose learning rate cannot be assigned."""

    def on_train_begin(self, logs=None):
        self.model.optimizer.learning_rate = self.model.optimizer.learning_rate


class LearningRateScheduler(_LearningRateCallback):
    """Set the learning rate before each epoch; the logs have it as `learning_rate`.

    Args:
        schedule: a function of the epoch, counted from 0, and the learning rate so far, that
            returns the new one; or of the epoch alone, such as an optax schedule.
        verbose: 1 to say what is set.

    Raises:
        TypeError: at the start of `fit`, where the optimiser follows a schedule of its own, or is
            an optax rule that does not keep its learning rate in its state.
    """

    def __init__(self, schedule, verbose=0):
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch, logs=None):
        optimizer = self.model.optimizer
        arguments = (epoch, float(optimizer.learning_rate)) if self._takes_rate else (epoch,)
        optimizer.learning_rate = self.schedule(*arguments)
        if self.verbose:
            print(f"Epoch {epoch + 1}: the learning rate is {optimizer.learning_rate:.6g}")

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class ReduceLROnPlateau(_LearningRateCallback):
    """Reduce the learning rate when a number no longer improves.

    The logs have the rate of the epoch as `learning_rate`.

    Args:
        monitor: name in the logs.
        factor: what the learning rate is multiplied with; less than 1.
        patience: epochs without improvement after which it is reduced.
        verbose: 1 to say when it is reduced.
        mode: "min", "max" or "auto", which goes by the name.
        min_delta: the least change that counts.
        cooldown: epochs after a reduction that do not count as such without improvement.
        min_lr: the least learning rate.

    Raises:
        TypeError: at the start of `fit`, where the optimiser follows a schedule, or is an optax
            rule that does not keep its learning rate in its state.
    """

    memory = {"wait": count, "cooldown_counter": count, "best": optional(number)}

    def __init__(
        self,
        monitor="val_loss",
        factor=0.1,
        patience=10,
        verbose=0,
        mode="auto",
        min_delta=1e-4,
        cooldown=0,
        min_lr=0.0,
    ):
        super().__init__()
        if not 0 <= factor < 1:
            raise ValueError(
                f"ReduceLROnPlateau: factor must be from 0 to less than 1. Received: "
                f"factor={factor!r}"
            )
        self.monitor = monitor
        self._watched = Monitor("ReduceLROnPlateau", monitor, mode, min_delta)
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._forget()

    def on_train_begin(self, logs=None):
        super().on_train_begin()
        self._forget()

    def _forget(self):
        self.wait = 0
        self.cooldown_counter = 0
        self.best: float | None = None

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        value = self._watched.value(logs)
        if value is None:
            return
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.wait = 0
        if self._watched.improves(value, self.best):
            self.best = value
            self.wait = 0
        elif not self.cooldown_counter:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch):
        optimizer = self.model.optimizer
        if optimizer.learning_rate <= np.float32(self.min_lr):
            return
        optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
        self.cooldown_counter = self.cooldown
        self.wait = 0
        if self.verbose:
            say(f"Epoch {epoch + 1}: the learning rate is reduced to {optimizer.learning_rate:.6g}")


def _takes_two(function) -> bool:
    try:
        inspect.signature(function).bind(0, 0.0)
    except TypeError:
        return False
    return True
