"""The learning rate of an optimiser, and the numbers that are read from its state."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.arguments import Argument
from cello.core.kinds import Number, non_negative


def _number_or_schedule(value: Number | jax.Array | Callable[..., Any]):
    if callable(value):
        return value
    try:
        array = np.ndim(value) == 0 and isinstance(value, (np.generic, np.ndarray, jax.Array))
        return float(non_negative(np.asarray(value).item() if array else cast(Number, value)))
    except ValueError:
        raise ValueError("a non-negative number or a schedule, step -> number") from None


class _Read:
    """A number as it was when it was read, with what Keras' variable has."""

    _dtype: str

    @property
    def value(self) -> jax.Array:
        """The number as an array."""
        return jnp.asarray(self.numpy())

    def numpy(self) -> np.ndarray:
        return np.asarray(self, self._dtype)


class Rate(_Read, float):
    """A learning rate as it was when it was read; `assign` gives its optimiser a new one."""

    _dtype = "float32"
    _optimizer: Any

    def __new__(cls, value, optimizer):
        rate = super().__new__(cls, value)
        rate._optimizer = optimizer
        return rate

    def assign(self, value) -> None:
        """The same as `optimizer.learning_rate = value`."""
        self._optimizer.learning_rate = value

    def __reduce__(self):
        return float, (float(self),)


class Steps(_Read, int):
    """A number of steps as it was when it was read."""

    _dtype = "int32"

    def __reduce__(self):
        return int, (int(self),)


class LearningRate(Argument):
    """The argument `learning_rate`, which can be read and assigned while a model trains.

    Once there is a state, the value lives there as an array: a new one needs no compilation.
    """

    def __init__(self, default):
        doc = (
            "A number, or a schedule: a function of the number of steps done. A function of "
            "nothing is called when a step is compiled."
        )
        super().__init__(default, _number_or_schedule, doc)

    def __get__(self, optimizer, owner=None):
        return self if optimizer is None else Rate(optimizer._read_learning_rate(), optimizer)

    def __set__(self, optimizer, value):
        if "_learning_rate" in vars(optimizer):
            optimizer._assign_learning_rate(self, value)
        else:  # in the constructor
            optimizer._learning_rate = value


def as_schedule(rate):
    """A number as it is; a function as one of the steps done."""
    if callable(rate) and not inspect.signature(rate).parameters:
        return lambda step: jnp.asarray(rate(), jnp.float32)
    return rate


def shortest(value) -> float:
    """The shortest decimal number that the array rounds from: 0.001, not 0.0010000000475."""
    return float(str(np.asarray(value)))
