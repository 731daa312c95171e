"""Small helpers under Keras' names."""

from __future__ import annotations

import numpy as np

from cello.core.random import set_random_seed
from cello.core.serialization import custom_object_scope

__all__ = ["custom_object_scope", "set_random_seed", "to_categorical"]


def to_categorical(x, num_classes: int | None = None) -> np.ndarray:
    """Integer labels as one-hot rows: float32, `(..., num_classes)`.

    Args:
        x: integers from 0; a last axis of size 1 is dropped.
        num_classes: the number of classes; one more than the largest label where `None`.
    """
    labels = np.asarray(x, dtype=np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.size and labels.min() < 0:
        raise ValueError(
            f"to_categorical: labels must not be negative; the least is {labels.min()}."
        )
    n = int(labels.max()) + 1 if num_classes is None else num_classes
    if labels.size and labels.max() >= n:
        raise ValueError(f"to_categorical: label {labels.max()} needs num_classes > {n}.")
    return np.eye(n, dtype=np.float32)[labels]
