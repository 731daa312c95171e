"""Giving memory back that nothing needs any more."""

from __future__ import annotations

import ctypes
import gc
import sys
import weakref
from typing import Any


def collect_garbage() -> None:
    """Free what only refers to itself, as a model that was dropped, and give it to the system."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:  # glibc's, which else keeps what was freed
            trim(0)


class Registry:
    """Objects that hold much memory Python's collector does not know of, such as programs.

    Python collects after so many new objects, and a model is few. So it is told to as soon as
    there are twice as many of these as the last collection left, and some more.

    Args:
        spare: how many more.
    """

    def __init__(self, spare: int):
        self.spare = spare
        self._most = spare
        self._alive: weakref.WeakSet[Any] = weakref.WeakSet()

    def add(self, value: Any) -> None:
        """Remember one that was just made."""
        self._alive.add(value)
        if len(self._alive) > self._most:
            collect_garbage()
            self._most = 2 * len(self._alive) + self.spare
