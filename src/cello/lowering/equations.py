"""Equations that are written by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.lowering.flat import Array, Equation


@dataclass(frozen=True)
class Function:
    """What stands in an equation for a primitive of JAX: a name, by which its rule is found."""

    name: str
    compute: Callable
    multiple_results: bool = False

    def bind(self, *inputs, **params):
        return self.compute(*inputs, **params)


@dataclass
class Writer:
    """Writes equations of a layer one behind the other; each method gives what comes out."""

    layer: str
    equations: list[Equation] = field(default_factory=list)

    def write(self, primitive: Any, inputs: Sequence[Array], shape, dtype, params=None) -> Array:
        output = Array(tuple(shape), np.dtype(dtype))
        made = Equation(primitive, list(inputs), [output], params or {}, self.layer)
        self.equations.append(made)
        return output

    def times(self, a: Array, b: Array) -> Array:
        """With axes of size 1 as long as the other's."""
        shape = np.broadcast_shapes(a.shape, b.shape)
        return self.write(Function("mul", jnp.multiply), [a, b], shape, a.dtype)

    def converted(self, array: Array, dtype) -> Array:
        params = {"new_dtype": np.dtype(dtype), "weak_type": False, "sharding": None}
        return self.write(jax.lax.convert_element_type_p, [array], array.shape, dtype, params)

    def reshaped(self, array: Array, shape) -> Array:
        params = {"new_sizes": tuple(shape), "dimensions": None, "sharding": None}
        return self.write(jax.lax.reshape_p, [array], shape, array.dtype, params)

    def first(self, array: Array, shape) -> Array:
        """The first elements along each axis."""
        starts = (0,) * len(array.shape)
        params = {"start_indices": starts, "limit_indices": tuple(shape), "strides": None}
        return self.write(jax.lax.slice_p, [array], shape, array.dtype, params)
