"""Saving the model while training goes on."""

from __future__ import annotations

import os
from pathlib import Path

from cello.callbacks.monitor import Monitor
from cello.core.files import checked_path
from cello.core.kinds import count, number, optional
from cello.training.callback import Callback, say


class ModelCheckpoint(Callback):
    """Save the model, or its weights, while training goes on.

    Args:
        filepath: where; may name the epoch and the logs:
            `"e{epoch:02d}-{val_loss:.3f}.keras"`, and with a number as `save_freq` the `{batch}` of
            the epoch; both count from 1. A `.keras` file holds the whole model, `.weights.h5` and
            `.safetensors` hold the weights. A file is replaced as a whole, once the new one is on
            the disk.
        monitor: name in the logs, for `save_best_only`.
        verbose: 1 to say when it saves.
        save_best_only: whether to save only when `monitor` is better than ever before. Where it is
            not among the logs, a warning says so and all are saved.
        save_weights_only: as in Keras; the ending of `filepath` says it already.
        mode: "min", "max" or "auto", which goes by the name.
        save_freq: "epoch", or a number of batches; training then goes batch by batch.
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
        name = os.fspath(filepath)
        endings = (".keras", ".h5", ".hdf5", ".safetensors")  # some are refused below
        if save_weights_only is None and not name.endswith(endings):
            raise ValueError(
                f"ModelCheckpoint: the name {name!r} does not say what is saved: end it in .keras "
                "for the whole model, in .weights.h5 or .safetensors for the weights."
            )
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(
                f"ModelCheckpoint: save_freq must be 'epoch' or a number of batches. Received: "
                f"save_freq={save_freq!r}"
            )
        if not self._whole:
            checked_path("ModelCheckpoint", filepath)
        self.filepath = os.fspath(filepath)
        self.monitor = monitor
        self._watched: Monitor | None = None
        if save_best_only:
            self._watched = Monitor("ModelCheckpoint", monitor, mode, best=initial_value_threshold)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_freq = save_freq
        self._epoch = 0
        self._batches = 0
        self._first = 0  # of the batches that a hook tells of
        if save_freq != "epoch":  # only then does training go batch by batch
            self.on_train_batch_begin = self._begin_batch  # type: ignore[method-assign]
            self.on_train_batch_end = self._count_batch  # type: ignore[method-assign]

    memory = {"best": optional(number), "_batches": count}

    @property
    def best(self) -> float | None:
        """The best value so far, with `save_best_only`."""
        return None if self._watched is None else self._watched.best

    @best.setter
    def best(self, value) -> None:
        if self._watched is not None:
            self._watched.best = value

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if self.save_freq == "epoch":
            self._save_if_better(logs, epoch=epoch + 1)

    def _begin_batch(self, batch, logs=None):
        self._first = batch

    def _count_batch(self, batch, logs=None):
        self._batches += batch + 1 - self._first
        if self._batches >= self.save_freq:
            self._batches = 0
            self._save_if_better(logs, epoch=self._epoch + 1, batch=batch + 1)

    def _save_if_better(self, logs, **numbers):
        watched = self._watched
        value = None if watched is None else watched.value(logs)
        if watched is not None and value is not None:
            if not watched.improves(value, watched.best):
                return
            watched.best = value
        self._save(logs, numbers)

    def _save(self, logs, numbers):
        names = {**numbers, **(logs or {})}
        try:
            path = Path(self.filepath.format(**names))
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: the filepath {self.filepath!r} names {error}, which is not "
                f"among {sorted(names)}."
            ) from None
        path.parent.mkdir(parents=True, exist_ok=True)
        self.model.save(path) if self._whole else self.model.save_weights(path)
        if self.verbose:
            say(f"Epoch {self._epoch + 1}: saved {'' if self._whole else 'the weights '}to {path}")
