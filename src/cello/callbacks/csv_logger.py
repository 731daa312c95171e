"""The results of the epochs in a file of comma-separated values."""

from __future__ import annotations

import csv
import os

import numpy as np

from cello.core.kinds import count, optional
from cello.distribution.processes import is_first
from cello.training.callback import Callback


def _texts(value) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ValueError("a list of texts")
    return value


class CSVLogger(Callback):
    """Write a line for every epoch: its number, counted from 0, and the logs.

    The columns are those of the first epoch, by name; where it has no validation, those of
    validations are added, and hold `NA` for epochs without one. Each line is written, whole, when
    its epoch ends. A training that is resumed goes on behind the lines of the epochs that it has.

    Args:
        filename: where; the folders on the way to it are made.
        separator: what stands between two columns.
        append: whether to go on in a file that is there, in place of replacing it when the first
            epoch ends.
    """

    memory = {"_names": optional(_texts), "_length": optional(count)}

    def __init__(self, filename, separator=",", append=False):
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self._names: list[str] | None = None
        self._length: int | None = None

    def on_train_begin(self, logs=None):
        self._names, self._length = None, None
        if not is_first():
            return
        os.makedirs(os.path.dirname(self.filename) or ".", exist_ok=True)
        with open(self.filename, "a"):  # now, or not at all
            pass

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        if not is_first():
            return
        if self._length is None and not self.append:
            self._length = 0
        with open(self.filename, "a", newline="") as file:
            if self._length is not None and file.tell() > self._length:
                file.truncate(self._length)  # of a training before this one, or beyond the backup
                file.seek(0, os.SEEK_END)
            writer = csv.writer(file, delimiter=self.sep)
            if self._names is None:
                self._names = _columns(logs)
                if file.tell() == 0:
                    writer.writerow(["epoch", *self._names])
            writer.writerow([epoch, *(_cell(logs.get(name, "NA")) for name in self._names)])
            self._length = file.tell()


def _columns(logs) -> list[str]:
    names = sorted(logs)
    if any(name.startswith("val_") for name in names):
        return names
    return names + [f"val_{name}" for name in names]


def _cell(value):
    """A vector as Keras writes it."""
    return f'"[{", ".join(map(str, value))}]"' if np.ndim(value) else value
