"""Saving a whole training after every epoch, so that a process that was killed goes on."""

from __future__ import annotations

import os
from pathlib import Path

from cello.callbacks.callback import Callback
from cello.distribution.processes import is_first
from cello.training.backup import Run

FILE = "training.safetensors"


class BackupAndRestore(Callback):
    """Save the training after every epoch; start from what was saved.

    Killed at any moment, the same program goes on from the last whole epoch and ends with the
    weights, the history and the random numbers of an undisturbed run, bit for bit on one CPU. All
    of it is part of the file: the optimiser's state, the order of the data, the keys of dropout,
    the states of stateful layers, what the callbacks remember. What an iterable of batches does by
    itself is not: it must give the batches of an epoch anew each time it is started.

    `fit(resume="folder")` does the same, and leaves the file there: called once more after the
    end, `fit` gives the history without training.

    Args:
        backup_dir: the folder of the file.
        save_freq: "epoch".
        delete_checkpoint: whether to remove the file when the training has ended well.

    Raises:
        ValueError: in `fit`, where the file is damaged, or holds the training of another model, by
            another optimiser, on other data or with other callbacks.
    """

    def __init__(self, backup_dir, save_freq="epoch", delete_checkpoint=True):
        super().__init__()
        if save_freq != "epoch":
            raise ValueError(
                "BackupAndRestore saves after every epoch: leave save_freq out, and choose "
                f"steps_per_epoch for shorter epochs. Received: save_freq={save_freq!r}"
            )
        self.path = Path(os.fspath(backup_dir)) / FILE
        self.delete_checkpoint = delete_checkpoint

    def restore(self, run: Run) -> int | None:
        """Called by `fit` before the first epoch; the number of epochs that are done."""
        return run.restore(self.path)

    def save(self, run: Run, epoch: int) -> None:
        """Called by `fit` after each epoch and all other callbacks."""
        run.save(self.path, epoch)

    def on_train_end(self, logs=None):
        if self.delete_checkpoint and is_first():
            self.path.unlink(missing_ok=True)
