"""Settings of the whole library."""

from __future__ import annotations

import jax.numpy as jnp

_floatx = "float32"


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
