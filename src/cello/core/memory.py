"""Giving memory back that nothing needs any more, and saying what to do if there is too little."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
import weakref
from typing import Any

import jax
import numpy as np


def is_lack_of_memory(error: BaseException) -> bool:
    """Whether an error of JAX says that the device had too little memory."""
    return isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)


def lack_of_memory(error: BaseException, what: str, arrays, advice: str) -> MemoryError:
    """The error that says what did not fit, and what can be done.

    Args:
        error: that of JAX.
        what: what did not fit.
        arrays: a tree of its arrays; their shapes are told.
        advice: what can be done: a sentence.
    """
    leaves = [leaf for leaf in jax.tree.leaves(arrays) if isinstance(leaf, _ARRAYS)]
    shapes = ", ".join(str(leaf.shape) for leaf in leaves[:4])
    return MemoryError(
        f"{what} did not fit into memory ({str(error).partition(':')[2].strip()} Its arrays have "
        f"the shapes {shapes}, ...). {advice}"
    )


_ARRAYS = jax.Array, np.ndarray, jax.ShapeDtypeStruct


@contextlib.contextmanager
def telling_of_memory(what: str, arrays, advice: str):
    """Within it, JAX's error that there is too little memory is `lack_of_memory`."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        if not is_lack_of_memory(error):
            raise
        raise lack_of_memory(error, what, arrays, advice) from error


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
