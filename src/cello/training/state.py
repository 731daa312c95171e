"""The state of a step: read from the variables of a model before it, and written there after it."""

from __future__ import annotations

from typing import Any

import jax

from cello.core.variable import Binding, Variable


def values_of(variables: list[Variable]) -> list[jax.Array]:
    return [v.value for v in variables]


def write_back(variables: list[Variable], values) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.hold(value)


def bind(*pairs) -> Binding:
    """A binding of several lists of variables to lists of values."""
    values = {v: x for vs, xs in pairs for v, x in zip(vs, xs, strict=True)}
    return Binding(values, closed=True)


class State:
    """The values that a step starts from, and those that it ends with.

    Args:
        mode: "train", "test" or "predict".
        variables: trainable variables, the model's others, those of the metrics.
        optimizer: whose state is part of it in training.
    """

    def __init__(self, mode: str, variables: tuple[list[Variable], ...], optimizer: Any):
        self._variables = variables
        self._optimizer = optimizer if mode == "train" else None
        self._predicts = mode == "predict"

    def read(self) -> list[Any]:
        """The values now, and in training the state of the optimiser behind them."""
        values: list[Any] = list(map(values_of, self._variables))
        return values if self._optimizer is None else [*values, self._optimizer.state]

    def write(self, new: list[Any], before: list[Any]) -> None:
        """Take the values after a step that started from `before`."""
        if self._predicts:  # changes no weights and no metrics
            self._replace(1, new, before)
            return
        for variables, values in zip(self._variables, new, strict=False):
            write_back(variables, values)
        if self._optimizer is not None:
            self._optimizer.state = new[3]

    def move(self, placed: list[Any], before: list[Any]) -> None:
        """Take the values of `before` in another place."""
        if not self._predicts:
            self.write(placed, before)
            return
        for kind in range(len(self._variables)):
            self._replace(kind, placed, before)

    def _replace(self, kind: int, new, before) -> None:
        """Another thread may train meanwhile: what it has written stays."""
        for variable, old, value in zip(
            self._variables[kind], before[kind], new[kind], strict=True
        ):
            if variable.value is old:
                variable.hold(value)
