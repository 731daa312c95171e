"""Settings of the whole library."""

from __future__ import annotations

import jax
import jax.numpy as jnp

_floatx = "float32"
_engine = "auto"
_ENGINES = ("auto", "native", "scan")


def floatx() -> str:
    """The dtype that layers take where they are given none."""
    return _floatx


def set_floatx(value: str) -> None:
    """Set `floatx()`: "float32", "float64" (needs JAX's x64 mode), "float16" or "bfloat16"."""
    global _floatx
    _floatx = dtype(value)


def dtype(value) -> str:
    """The name of a floating dtype; `floatx()` for `None`."""
    if value is None:
        return _floatx
    try:
        name = jnp.dtype(value).name
    except TypeError:
        name = ""
    if name not in ("float16", "bfloat16", "float32", "float64"):
        raise ValueError("a floating dtype: float32, float64, float16 or bfloat16")
    return name


def engine(value: str | None = None) -> str:
    """The engine of the recurrences; with an argument, set it.

    Args:
        value: "native", Cello's own kernels, or an error where they cannot run; "scan", JAX's loop;
            "auto", from the start: the kernels where they can, else the loop.

    What JAX has compiled is forgotten when it changes. `layer.engine` says what a layer gets.
    """
    global _engine
    if value is not None and engine_name(value) != _engine:
        _engine = value
        jax.clear_caches()
    return _engine


def engine_name(value: str) -> str:
    """`value`, checked."""
    if value not in _ENGINES:
        raise ValueError(f"An engine is one of {', '.join(_ENGINES)}, and this is {value!r}.")
    return value
