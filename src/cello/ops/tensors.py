"""What a tensor is: an array, a variable, or a tensor of a graph."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.symbolic import SymbolicTensor
from cello.core.variable import Variable


def shape(x: Any) -> tuple[int | None, ...]:
    """The shape of `x`, with `None` for each unknown size."""
    return tuple(_tensor(x).shape)


def ndim(x: Any) -> int:
    """How many axes `x` has."""
    return _tensor(x).ndim


def size(x: Any) -> int:
    """How many elements `x` has."""
    return math.prod(_tensor(x).shape)


def dtype(x: Any) -> str:
    """The name of the dtype of `x`."""
    return jnp.dtype(_tensor(x).dtype).name


def is_tensor(x: Any) -> bool:
    """Whether `x` is an array of JAX or a tensor of a graph."""
    return isinstance(x, (jax.Array, SymbolicTensor))


def _tensor(x: Any) -> Any:
    return x if isinstance(x, (jax.Array, SymbolicTensor, Variable)) else jnp.asarray(x)


def convert_to_numpy(x: Any) -> np.ndarray:
    """`x` as a NumPy array."""
    return np.asarray(x)
