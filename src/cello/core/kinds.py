"""Kinds of values for declared arguments (see `cello.core.arguments.arg`).

A kind takes what the user passed and returns what is stored, or raises `ValueError` with a
description of what is allowed.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable

import numpy as np


def positive_integer(value):
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError("a positive integer")
    return int(value)


def integer(value):
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise ValueError("an integer")
    return int(value)


def number(value):
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        raise ValueError("a number")
    return value


def fraction(value):
    if not 0 <= number(value) <= 1:
        raise ValueError("a number between 0 and 1")
    return value


def boolean(value):
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError("True or False")
    return bool(value)


def optional(kind):
    """`None`, or a value of `kind`."""

    def optional_kind(value):
        if value is None:
            return None
        try:
            return kind(value)
        except ValueError as error:
            raise ValueError(f"None or {error}") from None

    return optional_kind


def one_of(*choices):
    """One of the given values."""

    def choice(value):
        if not any(value is c or (type(value) is type(c) and value == c) for c in choices):
            raise ValueError("one of " + ", ".join(map(repr, choices)) + nearest(value, choices))
        return value

    return choice


def nearest(name, known: Iterable) -> str:
    """`'. Did you mean "adam"?'`, or nothing where no known name is close."""
    known = {str(k).lower(): k for k in known if isinstance(k, str)}
    close = difflib.get_close_matches(str(name).lower(), known, n=1, cutoff=0.6)
    return f'. Did you mean "{known[close[0]]}"?' if close else ""


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
