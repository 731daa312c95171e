"""Saving a whole training while it goes on, so that a process that was killed goes on with it."""

from __future__ import annotations

import os
from pathlib import Path

from cello.callbacks.callback import Callback
from cello.distribution.processes import is_first
from cello.training.backup import Run

FILE = "training.safetensors"


class BackupAndRestore(Callback):
    """Save the training while it goes on; start from what was saved.

    Killed at any moment, the same program goes on from the last save and ends with the weights, the
    history and the random numbers of an undisturbed run, bit for bit on one CPU. All of it is part
    of the file: the optimiser's state, the order of the data, the keys of dropout, the states of
    stateful layers, the metrics, what the callbacks remember, the random numbers of NumPy, Python
    and PyTorch. What else an iterable of batches goes by is not: with a generator of its own it
    must give the batches of an epoch anew each time it is started.

    `fit(resume="folder")` does the same, and leaves the file there: called once more after the
    end, `fit` gives the history without training.

    Args:
        backup_dir: the folder of the file.
        save_freq: "epoch", or after how many batches to save within an epoch too; it happens at the
            end of the call that reaches them, which takes about 0.1 s.
        double_checkpoint: accepted as in Keras; a file is always replaced as a whole, so that one
            is never lost by the writing of the next.
        delete_checkpoint: whether to remove the file when the training has ended well.

    Raises:
        ValueError: in `fit`, where the file is damaged, or holds the training of another model, by
            another optimiser, on other data or with other callbacks.
    """

    def __init__(
        self, backup_dir, save_freq="epoch", double_checkpoint=False, delete_checkpoint=True
    ):
        super().__init__()
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(
                "BackupAndRestore: save_freq must be 'epoch' or a number of batches. Received: "
                f"save_freq={save_freq!r}"
            )
        if not isinstance(backup_dir, (str, os.PathLike)):
            raise ValueError(
                "BackupAndRestore, fit(resume=...): the folder must be a path. Received: "
                f"{backup_dir!r}"
            )
        self.save_freq = self._next = save_freq
        self.path = Path(os.fspath(backup_dir)) / FILE
        self.delete_checkpoint = delete_checkpoint

    def restore(self, run: Run) -> int | None:
        """Called by `fit` before the first epoch; the number of epochs that are done."""
        if self.path.parent.exists() and not self.path.parent.is_dir():
            raise NotADirectoryError(
                f"{run.model}.fit: {str(self.path.parent)!r} is a file, and the training is saved "
                "in a folder: name another one."
            )
        return run.restore(self.path)

    def save(self, run: Run, epoch: int) -> None:
        """Called by `fit` after each epoch and all other callbacks."""
        run.save(self.path, epoch)
        self._next = self.save_freq

    def save_within(self, run: Run, epoch: int, batches: int, logs) -> None:
        """Called by `fit` when so many batches of an epoch are done."""
        if self.save_freq != "epoch" and batches >= self._next:
            run.save(self.path, epoch, batches, logs)
            self._next = batches + self.save_freq

    def on_train_end(self, logs=None):
        if self.delete_checkpoint and is_first():
            self.path.unlink(missing_ok=True)
