"""The epochs of a call of `fit`."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from cello.training.backup import BackupAndRestore, Run
from cello.training.batches import run_batches
from cello.training.callback import CallbackList, speaking_later
from cello.training.feed import Feed
from cello.training.progress import ProgressBar

if TYPE_CHECKING:
    from cello.training.trainer import Trainer


class Epochs:
    """Training, validation and backups, epoch by epoch, and what is said of them.

    Args:
        trainer: that of the model, compiled.
        run: where the batches of training come from, and what a backup consists of.
        held_out: those of validation, or `None`.
        hooks: the callbacks, the `History` included.
        bar: what shows the progress.
        tbptt: steps of a piece; see `Trainer.fit`.
        validation_freq: epochs from one validation to the next.
    """

    def __init__(
        self,
        trainer: Trainer,
        run: Run,
        held_out: Feed | None,
        hooks: CallbackList,
        bar: ProgressBar,
        tbptt: int | None,
        validation_freq: int,
    ):
        self.trainer = trainer
        self.run = run
        self.held_out = held_out
        self.hooks = hooks
        self.bar = bar
        self.validation_freq = validation_freq
        self.backups = [c for c in hooks.callbacks if isinstance(c, BackupAndRestore)]
        self._train = trainer.programs.program("train", tbptt)
        self._test: Any = None if held_out is None else trainer.programs.program("test")
        self._warned_of_nan = False

    def go(self, first: int, last: int) -> None:
        """Run the epochs from `first` to `last`, this one not included; fewer if told to stop."""
        trainer = self.trainer
        trainer.stop_training = False
        self.hooks.call("train_begin")
        for backup in self.backups:
            done = backup.restore(self.run)
            first = first if done is None else done
        if trainer.stop_training:
            first = last
        self.bar.begin(last, first, self.run.feed.steps)
        logs: dict[str, Any] = {}
        with self._telling_where(), self.bar:
            for epoch in range(first, last):
                logs = self._run_epoch(epoch)
                if trainer.stop_training:
                    break
        trainer.optimizer.finalize_variable_values(trainer.model.trainable_weights)
        self.hooks.call("train_end", logs=logs)

    def _run_epoch(self, epoch: int) -> dict[str, Any]:
        self.bar.begin_epoch(epoch)
        self.hooks.call("epoch_begin", epoch)
        logs = self._train_epoch(epoch)
        if self.held_out is not None and (epoch + 1) % self.validation_freq == 0:
            found = self._validate(self.held_out)
            logs = {**logs, **{f"val_{name}": value for name, value in found.items()}}
        with speaking_later():
            self.hooks.call("epoch_end", epoch, logs=logs)
            self.bar.end_epoch(logs)
        for backup in self.backups:
            backup.save(self.run, epoch + 1)
        return logs

    def _train_epoch(self, epoch: int) -> dict[str, Any]:
        start, logs = self.run.begin_epoch()
        if not start:
            self.trainer.model.reset_metrics()
        ahead = all(backup.save_freq == "epoch" for backup in self.backups)
        batches = run_batches(
            self.trainer, "train", self._train, self.run.feed, self.hooks, ahead=ahead, start=start
        )
        for batch, logs, losses in batches:
            self.bar.update(batch, logs)
            for backup in self.backups:
                backup.save_within(self.run, epoch, batch, logs)
            if self.trainer.stop_training:
                break
            if not (self._warned_of_nan or np.isfinite(losses).all()):
                self._warn_of_nan(epoch, batch, losses)
        return logs

    def _validate(self, held_out: Feed) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.hooks.call("test_begin")
        self.trainer.model.reset_metrics()
        self.bar.begin_validation(held_out.steps)
        for batch, found, _ in run_batches(self.trainer, "test", self._test, held_out, self.hooks):
            self.bar.update_validation(batch, found)
        self.hooks.call("test_end", logs=found)
        return found

    @contextlib.contextmanager
    def _telling_where(self):
        """Where an error or Ctrl-C ended the training, and how to go on."""
        try:
            yield
        except Exception as error:
            error.add_note(f"{self.trainer.model}.fit ended {self.bar.place()}.")
            raise
        except KeyboardInterrupt:
            done = self.trainer.history.epoch if self.trainer.history else []
            self.bar.say(
                f"Interrupted {self.bar.place()}. The weights are kept, and model.history has "
                f"{len(done)} epochs. To go on: fit(..., initial_epoch="
                f"{done[-1] + 1 if done else self.bar.initial_epoch})"
            )
            raise

    def _warn_of_nan(self, epoch: int, batch: int, losses) -> None:
        self._warned_of_nan = True
        bad = int(np.argmin(np.isfinite(losses)))
        warnings.warn(
            f"{self.trainer.model}.fit: the loss is {losses[bad]} in step "
            f"{batch - len(losses) + bad + 1} of epoch {epoch + 1}. Look for NaN in the data, "
            "lower the learning rate, or clip the gradients (clipnorm=1.0); model.find_nan(x, y) "
            "names the layer and the step.",
            stacklevel=7,
        )
