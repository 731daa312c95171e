"""`TimeseriesGenerator`: windows of a series, as older programs write them."""

from __future__ import annotations

import numpy as np

from cello.core.random import new_shuffler
from cello.training.py_dataset import PyDataset


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a series, each with the target behind it; Keras' older way.

    `cello.utils.timeseries_dataset_from_array` is the newer one.

    Args:
        data, targets: arrays of one length.
        length: the span of a window.
        sampling_rate: steps from one step of a window to its next.
        stride: steps from the end of a window to that of the next.
        start_index, end_index: the part of the data to be used.
        shuffle: whether batch `i` is of windows that are drawn.
        reverse: whether the windows run backwards.
        batch_size: windows in a batch.
    """

    def __init__(
        self, data, targets, length: int, sampling_rate: int = 1, stride: int = 1,
        start_index: int = 0, end_index: int | None = None, shuffle: bool = False,
        reverse: bool = False, batch_size: int = 128,
    ):  # fmt: skip
        super().__init__()
        if len(data) != len(targets):
            raise ValueError(
                "TimeseriesGenerator: data and targets must have one length. "
                f"Received: {len(data)} and {len(targets)}"
            )
        self.data, self.targets = np.asarray(data), np.asarray(targets)
        self.length, self.sampling_rate, self.reverse = length, sampling_rate, reverse
        end = len(data) if end_index is None else end_index + 1
        self.ends = np.arange(start_index + length, end, stride)
        if not len(self.ends):
            raise ValueError(
                f"TimeseriesGenerator: no window of {length} steps has a target behind it between "
                f"{start_index} and {end - 1}."
            )
        self.batch_size = batch_size
        self.shuffler = new_shuffler() if shuffle else None

    def __len__(self) -> int:
        return -(-len(self.ends) // self.batch_size)

    def __getitem__(self, index):
        rows = self.ends[index * self.batch_size : (index + 1) * self.batch_size]
        if self.shuffler is not None:
            rows = self.shuffler.choice(self.ends, len(rows))
        steps = np.arange(-self.length, 0, self.sampling_rate)
        windows = self.data[rows[:, None] + steps]
        return windows[:, ::-1] if self.reverse else windows, self.targets[rows]
