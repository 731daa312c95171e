"""The scopes in which training is spread."""

from __future__ import annotations

from contextlib import AbstractContextManager

from cello.distribution.layout import scope


def data_parallel(devices=None) -> AbstractContextManager[None]:
    """Spread the rows of each batch over devices; every device has all weights.

    In the scope `fit`, `evaluate`, `predict` and their `_on_batch` compute what they do on one
    device, each device its rows; gradients are summed over the devices::

        with cello.distribution.data_parallel():
            model.fit(x, y, batch_size=256)

    `batch_size` is that of the whole batch. A batch that the devices cannot share evenly is
    computed by each of them, or shared by the processes alone. In several processes each passes the
    same arrays and reads its own rows of them only; an iterable of batches gives, in each process,
    that process' share of the rows: batches of `batch_size / processes`. All processes run the same
    program. Process 0 prints and writes files; `predict` gives all rows to each.

    Args:
        devices: all devices of all processes where `None`.

    Raises:
        ValueError: where not every process has the same number of devices.
    """
    return scope(devices, 1, None)


def model_parallel(model: int, devices=None, wide: int = 1024) -> AbstractContextManager[None]:
    """Spread the columns of wide weights over groups of devices, and the rows over the groups.

    Weights of two or more axes, the last of which has `wide` or more elements and is divided by
    `model`, lie in `model` parts on as many devices, and so does what the optimiser keeps of them:
    kernels of `Dense`, `Embedding`, the kernels of recurrent layers. A `Dense` layer computes each
    part where it lies. A recurrence needs its whole kernels at each step: they are put together
    before it, once a batch, and each device of a group computes all of it.

    Args:
        model: devices in a group; it divides the number of devices of a process.
        devices: as for `data_parallel`.
        wide: the least number of columns of a weight that is split.

    Raises:
        ValueError: where `model` does not divide the number of devices of a process.
    """
    return scope(devices, model, wide)
