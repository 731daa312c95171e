"""Kinds of numbers for declared arguments (see `cello.core.arguments.arg`)."""

from __future__ import annotations

import math

from cello.core.arguments import number


def positive(value):
    if not (number(value) > 0 and math.isfinite(value)):
        raise ValueError("a positive number")
    return value


def non_negative(value):
    if not (number(value) >= 0 and math.isfinite(value)):
        raise ValueError("a non-negative number")
    return value


def decay(value):
    """The rate of a moving average: at 1 it would never learn anything."""
    if not 0 <= number(value) < 1:
        raise ValueError("a number of at least 0 and less than 1")
    return value
