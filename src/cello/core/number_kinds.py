"""Kinds of numbers for declared arguments (see `cello.core.arguments.arg`)."""

from __future__ import annotations

import math

import numpy as np


def _is_finite(value) -> bool:
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def positive(value):
    if not (_is_finite(value) and value > 0):
        raise ValueError("a positive number")
    return value


def non_negative(value):
    if not (_is_finite(value) and value >= 0):
        raise ValueError("a non-negative number")
    return value


def decay(value):
    """The decay rate of a moving average: at 1 it would never learn anything."""
    if not (_is_finite(value) and 0 <= value < 1):
        raise ValueError("a number of at least 0 and less than 1")
    return value
