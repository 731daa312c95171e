"""Kinds of values for declared arguments (see `cello.core.arguments.arg`).

A kind takes what the user passed and returns what is stored, or raises `ValueError` with a
description of what is allowed. What it takes is annotated: type checkers see it (`make stubs`).
"""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from cello.core.loading import current_loading

Integer: TypeAlias = int | np.integer[Any]
Number: TypeAlias = float | np.number[Any]
Named: TypeAlias = str | Callable[..., Any] | dict[str, Any] | None
"""A name from a table, a configuration, or what they stand for."""


def positive_integer(value: Integer) -> int:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError("a positive integer")
    return int(value)


def integer(value: Integer) -> int:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise ValueError("an integer")
    return int(value)


def repetitions(value: Integer) -> int:
    """A positive integer: how often a step is repeated. A file may not ask for too many."""
    repeated, loading = positive_integer(value), current_loading()
    if loading is not None:
        loading.take("calls of layers", repeated, "A loop")
    return repeated


def count(value: Integer) -> int:
    """An integer of 0 or more, of 63 bits."""
    if not 0 <= integer(value) < 2**63:
        raise ValueError("an integer from 0 to 2**63 - 1")
    return int(value)


def integers(value: Integer | Sequence[int]) -> int | tuple[int, ...]:
    """An integer, or several."""
    if isinstance(value, Iterable):
        return tuple(integer(v) for v in value)
    return integer(value)


def axis_or_axes(value: Integer | Sequence[int]) -> int | list[int]:
    """An axis, or a list of them, as Keras' configurations have it."""
    axes = integers(value)
    return axes if isinstance(axes, int) else list(axes)


def number(value: Number):
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.number)):
        raise ValueError("a number")
    return value


def fraction(value: Number):
    if not 0 <= number(value) <= 1:
        raise ValueError("a number between 0 and 1")
    return value


def boolean(value: bool) -> bool:
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

    optional_kind.__annotations__ = {"value": f"{annotation(kind)} | None"}
    return optional_kind


def instance(cls: type):
    """An object of a class."""

    def of_class(value):
        if not isinstance(value, cls):
            raise ValueError(f"a {cls.__name__}")
        return value

    of_class.__annotations__ = {"value": cls.__name__}
    return of_class


def one_of(*choices):
    """One of the given values."""

    def choice(value):
        if not any(value is c or (type(value) is type(c) and value == c) for c in choices):
            raise ValueError("one of " + ", ".join(map(repr, choices)) + nearest(value, choices))
        return value

    choice.__annotations__ = {"value": f"Literal[{', '.join(map(repr, choices))}]"}
    return choice


def annotation(kind) -> str:
    """The type of what a kind takes, as its annotation says."""
    if kind is None:
        return "Any"
    if isinstance(kind, type):
        return {"tuple": "Sequence[Any]"}.get(kind.__name__, kind.__name__)
    value, *_ = inspect.signature(kind).parameters.values()
    return "Any" if value.annotation is inspect.Parameter.empty else value.annotation


def nearest(name, known: Iterable) -> str:
    """`'. Did you mean "adam"?'`, or nothing where no known name is close."""
    known = {str(k).lower(): k for k in known if isinstance(k, str)}
    close = difflib.get_close_matches(str(name).lower(), known, n=1, cutoff=0.6)
    return f'. Did you mean "{known[close[0]]}"?' if close else ""


def _is_finite(value) -> bool:
    is_number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def positive(value: Number):
    if not (_is_finite(value) and value > 0):
        raise ValueError("a positive number")
    return value


def non_negative(value: Number):
    if not (_is_finite(value) and value >= 0):
        raise ValueError("a non-negative number")
    return value


def decay(value: Number):
    """The decay rate of a moving average: at 1 it would never learn anything."""
    if not (_is_finite(value) and 0 <= value < 1):
        raise ValueError("a number of at least 0 and less than 1")
    return value
