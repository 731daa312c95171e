"""What layers that learn from data before the training, by `adapt`, take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from cello.core.layer import Layer


def batches_of(layer: Layer, data: Any, steps: int | None = None) -> Iterable[np.ndarray]:
    """The arrays in `data`: an array, a list or a column of a table is one; else what it yields."""
    if isinstance(data, (str, bytes, list, tuple)) or hasattr(data, "__array__"):
        yield np.asarray(data)
        return
    if not isinstance(data, Iterable):
        raise ValueError(f"{layer}.adapt takes an array, or an iterable of them. Got: {data!r}")
    for number, batch in enumerate(data):
        if steps is not None and number >= steps:
            return
        yield np.asarray(batch[0] if isinstance(batch, tuple) else batch)
