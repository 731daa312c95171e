"""`PyDataset`: batches by their numbers, from a class of one's own."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class PyDataset:
    """Batches by their numbers, for `fit`, `evaluate` and `predict`, as in Keras.

    ::

        class Windows(cello.utils.PyDataset):
            def __init__(self, x, y, **kwargs):
                super().__init__(**kwargs)
                self.x, self.y = x, y

            def __len__(self):
                return len(self.x) // 32

            def __getitem__(self, i):
                return self.x[i * 32 : (i + 1) * 32], self.y[i * 32 : (i + 1) * 32]

    `fit` takes the batches in another order each epoch, unless it is told `shuffle=False`.

    Args:
        workers: how many threads make batches ahead; none where 1 or less.
        use_multiprocessing: taken, and threads it is all the same.
        max_queue_size: the most batches that are made ahead.
    """

    workers = 1
    use_multiprocessing = False
    max_queue_size = 10

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ):
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """Batch `index`: `x`, `(x, y)` or `(x, y, sample_weight)`."""
        raise NotImplementedError(f"{type(self).__name__} needs a __getitem__(self, index).")

    def __len__(self) -> int:
        raise NotImplementedError(
            f"{type(self).__name__} needs a __len__(self), the number of batches; or, for batches "
            "without an end, a property num_batches that is None."
        )

    @property
    def num_batches(self) -> int | None:
        """The number of batches; `None` for batches without an end."""
        return len(self)

    def on_epoch_begin(self) -> None:
        """Before the first batch of a pass."""

    def on_epoch_end(self) -> None:
        """When the last batch of a pass was taken."""


class Passes:
    """A `PyDataset` as an iterable of batches.

    Args:
        dataset: the dataset, with an end.
        shuffler: NumPy generator for the order of a pass, or `None` for the order as it is.
    """

    def __init__(self, dataset: PyDataset, shuffler=None):
        self.dataset = dataset
        self.shuffler = shuffler

    def __len__(self) -> int:
        return int(self.dataset.num_batches or 0)

    def __iter__(self) -> Iterator[Any]:
        n = len(self)
        self.dataset.on_epoch_begin()
        order = range(n) if self.shuffler is None else self.shuffler.permutation(n).tolist()
        for taken, batch in enumerate(_fetch(self.dataset, order), 1):
            if taken == n:  # who takes n batches does not ask for another one
                self.dataset.on_epoch_end()
            yield batch


class Endless:
    """A `PyDataset` without an end as an iterable, which begins with the batch 0."""

    def __init__(self, dataset: PyDataset):
        self.dataset = dataset

    def __iter__(self) -> Iterator[Any]:
        return _fetch(self.dataset, itertools.count())


def iterable_of(x, shuffler=None, goes_on: bool = False) -> Any:
    """What gives the batches of `x`, which may be a `PyDataset`.

    Args:
        x: the data.
        shuffler: as for `Passes`.
        goes_on: whether a dataset without an end goes on from one epoch to the next; else each
            begins with the batch 0.
    """
    if not isinstance(x, PyDataset):
        return x
    if x.num_batches is not None:
        return Passes(x, shuffler)
    return iter(Endless(x)) if goes_on else Endless(x)


def _fetch(dataset: PyDataset, order: Iterable[int]) -> Iterator[Any]:
    """The batches of these numbers, some of them made ahead by threads."""
    if dataset.workers <= 1:
        yield from map(dataset.__getitem__, order)
        return
    with ThreadPoolExecutor(dataset.workers) as pool:
        ahead: deque[Any] = deque()
        for i in order:
            ahead.append(pool.submit(dataset.__getitem__, i))
            if len(ahead) >= max(dataset.max_queue_size, 1):
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
