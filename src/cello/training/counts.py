"""The counts that `fit` and its like are told: positive integers, or refused by their name."""

from __future__ import annotations

import numpy as np


def check_count(model, name: str, value, least: int = 1) -> int:
    """`value` as an integer; `ValueError` for what is none, or less than `least`."""
    if not isinstance(value, (int, np.integer)) or value < least:
        kind = "a positive integer" if least else "an integer, at least 0"
        raise ValueError(f"{model}: {name} must be {kind}. Received: {name}={value!r}")
    return int(value)


def check_sizes(model, size: int | None, name: str = "batch_size", **counts) -> int:
    """The rows of a batch, checked with other counts that may be `None`."""
    for what, count in counts.items():
        if count is not None:
            check_count(model, what, count)
    return check_count(model, name, 32 if size is None else size)
