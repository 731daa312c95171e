"""Windows of a long series, as views and in batches: the series is never copied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cello.core.kinds import positive_integer
from cello.training.dataset import Dataset


def windows(series, length: int, stride: int = 1, sampling_rate: int = 1) -> np.ndarray:
    """All windows of `length` steps, as a view of the series that takes no memory of its own.

    Window `i` holds the steps `i * stride + sampling_rate * (0, 1, ..., length - 1)`::

        x = cello.utils.windows(series, 48)          # (windows, 48, features)
        model.fit(x[:-1], series[48:], ...)          # each window, and the step after it

    Args:
        series: array `(time, ...)`.
        length: steps in a window.
        stride: steps from the start of a window to that of the next.
        sampling_rate: steps from one step of a window to its next.

    Returns:
        `(windows, length, ...)`, not to be written to.

    Raises:
        ValueError: where a number is not positive, or the series has no whole window.
    """
    series = np.asarray(series)
    _check("windows", length=length, stride=stride, sampling_rate=sampling_rate)
    span = (length - 1) * sampling_rate + 1
    if series.ndim == 0 or len(series) < span:
        raise ValueError(
            f"windows: {length} steps, {sampling_rate} apart, need a series of at least {span} "
            f"steps, and this has the shape {series.shape}."
        )
    every = np.lib.stride_tricks.sliding_window_view(series, span, axis=0)
    return np.moveaxis(every[::stride, ..., ::sampling_rate], -1, 1)


class WindowBatches(Dataset):
    """Batches of windows, made one at a time: what `timeseries_dataset_from_array` returns.

    It has a length, gives batch `i` by `[i]`, and can be iterated again and again.
    """

    def __init__(self, inputs, targets, starts, batch_size, shuffle, seed):
        self._inputs, self._targets, self._starts = inputs, targets, starts
        self._size = batch_size
        self._order: Any = np.random.default_rng(seed) if shuffle else None

    def __len__(self) -> int:
        return -(-len(self._starts) // self._size) if self._size else len(self._starts)

    def __getitem__(self, i: int):
        if not -len(self) <= i < len(self):
            raise IndexError(f"There are {len(self)} batches, and no batch {i}.")
        return self._batch(self._starts, i % len(self))

    def __iter__(self) -> Iterator[Any]:
        starts = self._starts if self._order is None else self._order.permutation(self._starts)
        return (self._batch(starts, i) for i in range(len(self)))

    def _batch(self, starts, i: int):
        rows = starts[i * self._size : (i + 1) * self._size] if self._size else starts[i]
        x = self._inputs[rows]
        return x if self._targets is None else (x, self._targets[rows])


def timeseries_dataset_from_array(
    data,
    targets,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> WindowBatches:
    """Batches of windows of a series, for `fit`, `evaluate` and `predict`; as in Keras.

    Args:
        data: array `(time, ...)`.
        targets: `targets[i]` belongs to the window that starts at step `i`; `None` for none.
        sequence_length: steps in a window.
        sequence_stride: steps from the start of a window to that of the next.
        sampling_rate: steps from one step of a window to its next.
        batch_size: windows in a batch; single windows where `None`.
        shuffle: whether to draw a new order at each pass (Keras: the same one).
        seed: seed of the orders.
        start_index, end_index: the part of `data` (and `targets`) to be used.

    Raises:
        ValueError: where a number does not fit the data.
    """
    where = "timeseries_dataset_from_array"
    _check(
        where,
        sequence_length=sequence_length,
        sequence_stride=sequence_stride,
        sampling_rate=sampling_rate,
        **({} if batch_size is None else {"batch_size": batch_size}),
    )
    data = np.asarray(data)
    start, end = start_index or 0, len(data) if end_index is None else end_index
    if not 0 <= start < end <= len(data):
        raise ValueError(
            f"{where}: start_index and end_index must hold 0 <= start_index < end_index <= "
            f"{len(data)}, the length of data. Received: {start_index} and {end_index}"
        )
    inputs = windows(data[start:end], sequence_length, sampling_rate=sampling_rate)
    count = len(inputs)
    if targets is not None:
        targets = np.asarray(targets)[start:end]
        count = min(count, len(targets))
    starts = np.arange(0, count, sequence_stride)
    return WindowBatches(inputs, targets, starts, batch_size, shuffle, seed)


def _check(where: str, **numbers) -> None:
    for name, value in numbers.items():
        try:
            positive_integer(value)
        except ValueError as error:
            message = f"{where}: {name} must be {error}. Received: {name}={value!r}"
            raise ValueError(message) from None
