"""Settings of the whole library."""

from __future__ import annotations

import jax

from cello.core.dtype_policy import dtype_policy, floatx, set_dtype_policy, set_floatx
from cello.core.kinds import positive

__all__ = [
    "backend",
    "dtype_policy",
    "engine",
    "engine_name",
    "epsilon",
    "floatx",
    "image_data_format",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]

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


def backend() -> str:
    """What computes: "jax", always."""
    return "jax"


_epsilon = 1e-7  # Keras' own


def epsilon() -> float:
    """A small number to divide by in place of 0, for losses, metrics and layers without their own.

    1e-7, as in Keras, until `set_epsilon` says another.
    """
    return _epsilon


def set_epsilon(value: float) -> None:
    """Say what `epsilon()` is from now on. What JAX has compiled is forgotten when it changes.

    Args:
        value: a positive number; one of float16 needs about 1e-4 to be no 0.
    """
    global _epsilon
    try:
        value = positive(value)
    except ValueError as error:
        raise ValueError(f"set_epsilon: value must be {error}. Received: {value!r}") from None
    if value != _epsilon:
        _epsilon = value
        jax.clear_caches()


def image_data_format() -> str:
    """Where layers look for features: "channels_last", always."""
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Take "channels_last"; anything else is refused."""
    if data_format != "channels_last":
        raise ValueError(
            "Features are the last axis of every array: data_format must be 'channels_last'. "
            f"Received: data_format={data_format!r}"
        )
