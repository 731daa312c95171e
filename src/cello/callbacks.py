"""Functions that training calls at its milestones."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from cello.core.kinds import one_of


class Callback:
    """Base of all callbacks: override the hooks that you need.

    Attributes:
        model: the model that is trained.
        params: `{"epochs": ..., "steps": ..., "verbose": ...}`; `steps` is `None` where unknown.

    `logs` is a dict of floats: the running averages of this epoch so far. A callback that
    overrides a hook for training batches makes training go batch by batch, so that it sees (and can
    change) the model of that very batch; else several batches are computed in one call.
    Set `self.model.stop_training = True` to end the training.
    """

    def __init__(self):
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_model(self, model):
        self.model = model

    def set_params(self, params):
        self.params = params

    def on_train_begin(self, logs=None):
        """At the start of `fit`."""

    def on_train_end(self, logs=None):
        """At the end of `fit`."""

    def on_epoch_begin(self, epoch, logs=None):
        """Before an epoch; `epoch` counts from 0."""

    def on_epoch_end(self, epoch, logs=None):
        """After an epoch and its validation."""

    def on_train_batch_begin(self, batch, logs=None):
        """Before a training batch."""

    def on_train_batch_end(self, batch, logs=None):
        """After a training batch."""

    def on_test_begin(self, logs=None):
        """At the start of `evaluate` or of a validation."""

    def on_test_end(self, logs=None):
        """At its end."""

    def on_test_batch_begin(self, batch, logs=None):
        """Before a batch of it."""

    def on_test_batch_end(self, batch, logs=None):
        """After a batch of it."""

    def on_predict_begin(self, logs=None):
        """At the start of `predict`."""

    def on_predict_end(self, logs=None):
        """At its end."""

    def on_predict_batch_begin(self, batch, logs=None):
        """Before a batch of it."""

    def on_predict_batch_end(self, batch, logs=None):
        """After a batch of it."""


class CallbackList:
    """Callbacks called one after the other."""

    def __init__(self, callbacks, model, params):
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise ValueError(
                    f"A callback must be a cello.callbacks.Callback, not {callback!r}."
                )
            callback.set_params(params)
            callback.set_model(model)

    def call(self, hook: str, *args, logs=None) -> None:
        """Call `on_<hook>` of each."""
        for callback in self.callbacks:
            getattr(callback, f"on_{hook}")(*args, logs)

    def watches_batches(self, mode: str) -> bool:
        """Whether one of them overrides a hook for the batches of "train", "test" or "predict"."""
        hooks = (f"on_{mode}_batch_begin", f"on_{mode}_batch_end")
        return any(
            getattr(type(c), hook) is not getattr(Callback, hook) or hook in vars(c)
            for c in self.callbacks
            for hook in hooks
        )


class History(Callback):
    """Keeps the results of every epoch; `fit` returns one.

    Attributes:
        epoch: the numbers of the epochs.
        history: name to list of values, one an epoch.
    """

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


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin, on_epoch_end, on_train_begin, on_train_end, on_train_batch_begin,
            on_train_batch_end: functions with the arguments of the hooks.
        kwargs: functions for further hooks, by name.
    """

    def __init__(
        self,
        on_epoch_begin=None,
        on_epoch_end=None,
        on_train_begin=None,
        on_train_end=None,
        on_train_batch_begin=None,
        on_train_batch_end=None,
        **kwargs,
    ):
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for hook, function in given.items():
            if not hasattr(Callback, hook):
                raise ValueError(f"LambdaCallback: there is no hook {hook!r}.")
            if function is not None:
                setattr(self, hook, function)


class Monitor:
    """One number of the logs, and what is better: more or less of it.

    Args:
        owner: name of the callback, for messages.
        name: name in the logs, such as "val_loss".
        mode: "min", "max" or "auto": by the name, more is better for accuracies and the like.
        min_delta: what counts as no change.
        best: the best so far, where known.
    """

    MORE_IS_BETTER = ("acc", "auc", "precision", "recall", "f1", "fbeta", "iou", "r2", "true_")

    def __init__(self, owner: str, name: str, mode: str, min_delta: float = 0.0, best=None):
        try:
            one_of("auto", "min", "max")(mode)
        except ValueError as error:
            raise ValueError(f"{owner}: mode must be {error}. Received: mode={mode!r}") from None
        if mode == "auto":
            mode = "max" if any(word in name for word in self.MORE_IS_BETTER) else "min"
        self.owner = owner
        self.name = name
        self.sign = 1.0 if mode == "max" else -1.0
        self.min_delta = abs(min_delta)
        self.best = best

    def value(self, logs) -> float | None:
        """The number in `logs`; a warning where it is not there."""
        value = (logs or {}).get(self.name)
        if value is None:
            warnings.warn(
                f"{self.owner} watches {self.name!r}, which is not among {sorted(logs or {})}.",
                stacklevel=3,
            )
        return value

    def improves(self, value: float, on: float | None) -> bool:
        """Whether `value` is better than `on` by more than `min_delta`."""
        return on is None or self.sign * (value - on) > self.min_delta


class EarlyStopping(Callback):
    """Stop when a number no longer improves.

    Args:
        monitor: name in the logs.
        min_delta: the least change that counts.
        patience: epochs without improvement after which training stops.
        verbose: 1 to say when it stops.
        mode: "min", "max" or "auto".
        baseline: a value that must be passed for any improvement to count.
        restore_best_weights: whether to go back to the weights of the best epoch.
        start_from_epoch: the first epoch that is watched.
    """

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
        self.best_weights: list[np.ndarray] | None = None

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


class ModelCheckpoint(Callback):
    """Save the model, or its weights, while training goes on.

    Args:
        filepath: where; may name the epoch and the logs:
            `"e{epoch:02d}-{val_loss:.3f}.keras"`. A `.keras` file holds the whole model,
            `.weights.h5` and `.safetensors` hold the weights.
        monitor: name in the logs, for `save_best_only`.
        verbose: 1 to say when it saves.
        save_best_only: whether to save only when `monitor` is better than ever before.
        save_weights_only: as in Keras; the ending of `filepath` says it already.
        mode: "min", "max" or "auto".
        save_freq: "epoch", or a number of batches.
        initial_value_threshold: the value to beat at first.
    """

    def __init__(
        self,
        filepath,
        monitor="val_loss",
        verbose=0,
        save_best_only=False,
        save_weights_only=None,
        mode="auto",
        save_freq="epoch",
        initial_value_threshold=None,
    ):
        super().__init__()
        self._whole = os.fspath(filepath).endswith(".keras")
        if save_weights_only is not None and bool(save_weights_only) == self._whole:
            raise ValueError(
                f"ModelCheckpoint: save_weights_only={save_weights_only} and the name "
                f"{os.fspath(filepath)!r} disagree: a whole model is in a .keras file, weights in "
                "a .weights.h5 or .safetensors file."
            )
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(
                f"ModelCheckpoint: save_freq must be 'epoch' or a number of batches. Received: "
                f"save_freq={save_freq!r}"
            )
        if not self._whole:
            from cello.saving.files import checked_path  # saving stands on models, and they on us

            checked_path("ModelCheckpoint", filepath)
        self.filepath = os.fspath(filepath)
        self.monitor = monitor
        self._watched = Monitor("ModelCheckpoint", monitor, mode, best=initial_value_threshold)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_freq = save_freq
        self._epoch = 0
        self._batches = 0
        if save_freq != "epoch":  # only then does training go batch by batch
            self.on_train_batch_end = self._count_batch  # type: ignore[method-assign]

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if self.save_freq == "epoch":
            self._save(logs)

    def _count_batch(self, batch, logs=None):
        self._batches += 1
        if self._batches % self.save_freq == 0:
            self._save(logs)

    def _save(self, logs):
        if self.save_best_only:
            value = self._watched.value(logs)
            if value is None or not self._watched.improves(value, self._watched.best):
                return
            self._watched.best = value
        try:
            path = Path(self.filepath.format(epoch=self._epoch + 1, **(logs or {})))
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: the filepath {self.filepath!r} names {error}, which is not "
                f"among {sorted(logs or {})}."
            ) from None
        path.parent.mkdir(parents=True, exist_ok=True)
        self.model.save(path) if self._whole else self.model.save_weights(path)
        if self.verbose:
            print(
                f"Epoch {self._epoch + 1}: saved {'' if self._whole else 'the weights '}to {path}"
            )
