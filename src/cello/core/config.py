"""Settings of the whole library."""

from __future__ import annotations

import jax

from cello.core.dtype_policy import DTYPES, DTypePolicy, policy

_floatx = "float32"
_dtype_policy: DTypePolicy | None = None
_engine = "auto"
_ENGINES = ("auto", "native", "scan")


def floatx() -> str:
    """The dtype that layers take where they are given none."""
    return _floatx


def set_floatx(value: str) -> None:
    """Set `floatx()`: "float32", "float64" (needs JAX's x64 mode), "float16" or "bfloat16"."""
    global _floatx
    name = policy(value).name
    if name not in DTYPES:
        raise ValueError(
            f"floatx is a floating dtype, and {name!r} is a policy: call "
            f"cello.config.set_dtype_policy({name!r})."
        )
    _floatx = name


def dtype_policy() -> DTypePolicy:
    """The policy that layers take where they are given no dtype; `floatx()` where none was set."""
    return _dtype_policy or DTypePolicy(_floatx)


def set_dtype_policy(value) -> None:
    """Set `dtype_policy()`, for the layers that are made from now on.

    Args:
        value: a name such as "mixed_bfloat16", a `DTypePolicy`, or `None` for `floatx()` again.

    Raises:
        ValueError: for an unknown one.
    """
    global _dtype_policy
    try:
        _dtype_policy = None if value is None else policy(value)
    except ValueError as error:
        raise ValueError(f"A dtype policy must be {error}. Received: {value!r}") from None


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
