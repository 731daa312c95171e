"""Settings of the whole library."""

from __future__ import annotations

import jax

from cello.core.dtype_policy import dtype_policy, floatx, set_dtype_policy, set_floatx

__all__ = ["dtype_policy", "engine", "engine_name", "floatx", "set_dtype_policy", "set_floatx"]

_engine = "auto"
_ENGINES = ("auto", "native", "scan")


def engine(value: str | None = None) -> str:
    """The engine of the recurrences; with an argument, set it.

    Args:
        value: "native", Cello's own kernels, on CPUs or GPUs, or an error where they cannot run;
            "scan", JAX's loop; "auto", from the start: the kernels where they can, else the loop.

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
        hint = ' "native" asks for the kernels on GPUs as well.' if value == "cuda" else ""
        raise ValueError(f"An engine is one of {', '.join(_ENGINES)}, and this is {value!r}.{hint}")
    return value
