"""What of `keras.backend` a recurrent notebook uses."""

import jax.numpy as jnp
from jax.numpy import result_type as _result_type

from cello.core.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from cello.utils import clear_session, is_keras_tensor, standardize_dtype


def is_float_dtype(dtype) -> bool:
    """Whether a dtype is of floating point."""
    return bool(jnp.issubdtype(jnp.dtype(dtype), jnp.floating))


def is_int_dtype(dtype) -> bool:
    """Whether a dtype is of integers."""
    return bool(jnp.issubdtype(jnp.dtype(dtype), jnp.integer))


def result_type(*dtypes) -> str:
    """The dtype of what is computed from arrays of these dtypes, as JAX promotes them."""
    return _result_type(*map(jnp.dtype, dtypes)).name


__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]
