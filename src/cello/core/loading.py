"""What a file may ask for while a model is made from it, and what was passed over in it.

Within a `Loading` scope the classes of the library count what they make: a few bytes of a file can
name a layer of a billion units, or models inside models whose calls multiply. Weights are not
drawn, since the file has them.
"""

from __future__ import annotations

import contextvars
from typing import Any

_loading: contextvars.ContextVar[Loading | None] = contextvars.ContextVar("loading", default=None)

STATE_BYTES = 2**28
"""What states of layers and random generators, which no file holds, may take: 256 MiB."""


class LimitError(ValueError):
    """A file asks for more than it can hold."""


class Loading:
    """A scope in which a model is made from a file.

    Args:
        weight_bytes: how many bytes of weights may be made: as many as the file has.
        calls: how many calls of layers may be made.

    Attributes:
        ignored: arguments of the file's configurations that mean nothing here, each with the
            classes that had it.
        shared: the objects that have a number in the file, since they are in several places.
    """

    def __init__(self, weight_bytes: int, calls: int):
        self.left = {"bytes of weights": weight_bytes, "bytes of states": STATE_BYTES}
        self.left["calls of layers"] = calls
        self.ignored: dict[str, dict[str, None]] = {}
        self.shared: dict[Any, Any] = {}

    def __enter__(self):
        self._token = _loading.set(self)
        return self

    def __exit__(self, *exception):
        _loading.reset(self._token)

    def take(self, what: str, amount: int, who) -> None:
        """Count `amount`, or raise `LimitError` where that is more than is left."""
        self.left[what] -= amount
        if self.left[what] < 0:
            raise LimitError(f"{who} asks for more {what} than the file can hold.")

    def ignore(self, argument: str, cls: type) -> None:
        """Note that an argument of the file was accepted without effect."""
        self.ignored.setdefault(argument, {})[cls.__name__] = None


def current_loading() -> Loading | None:
    return _loading.get()
