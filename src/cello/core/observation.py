"""Who wants to watch, observes: the one door through which layers and their cells are seen.

An observer is a scope. Within it, each layer tells it of its calls before it does anything, and
each cell of its runs along time::

    class Counting(Observer):
        calls = 0

        def on_call(self, layer, arguments, proceed):
            self.calls += 1
            return proceed(arguments)

    with Counting() as counting:
        model(x)

The innermost scope is told first, and what it calls `proceed` tells the one around it. Within a
compiled function observers act while JAX traces it: arrays are tracers there.
"""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable
from typing import Any, TypeVar

_observers: contextvars.ContextVar[tuple[Observer, ...]] = contextvars.ContextVar(
    "observers", default=()
)
Kind = TypeVar("Kind")


class Observer:
    """Base of all observers: a scope in which it is told, and lets everything pass."""

    def __enter__(self):
        self._token = _observers.set((*_observers.get(), self))
        return self

    def __exit__(self, *exception):
        _observers.reset(self._token)

    def on_call(self, layer, arguments: dict[str, Any], proceed: Callable[[dict[str, Any]], Any]):
        """A layer is called.

        Args:
            layer: the layer; it may not be built yet.
            arguments: those of its `call` by name, as they came: before masks and casts.
            proceed: function of `arguments` that makes the call.

        Returns:
            The outputs: what `proceed(arguments)` gives, or what stands in for it.
        """
        return proceed(arguments)

    def on_run(self, cell, inputs, states, run, proceed: Callable):
        """A cell is to run along time.

        Args:
            cell, inputs, states, run: as for `cells.frame.run_cell`.
            proceed: function of `(inputs, states, run)` that runs it.

        Returns:
            `(outputs, states)` as `run` wants them.
        """
        return proceed(inputs, states, run)


def innermost(kind: type[Kind]) -> Kind | None:
    """The innermost observer of a class, `None` outside of all."""
    return next((o for o in reversed(_observers.get()) if isinstance(o, kind)), None)


def observe_call(layer, arguments: dict[str, Any], proceed: Callable[[dict[str, Any]], Any]):
    """Make a call of a layer, seen by the observers."""
    for observer in _observers.get():
        proceed = _surround(proceed, functools.partial(observer.on_call, layer))
    return proceed(arguments)


def observe_run(cell, inputs, states, run, proceed: Callable):
    """Run a cell along time, seen by the observers."""
    for observer in _observers.get():
        proceed = _surround(proceed, functools.partial(observer.on_run, cell))
    return proceed(inputs, states, run)


def _surround(proceed: Callable, told: Callable) -> Callable:
    return lambda *given: told(*given, proceed)
