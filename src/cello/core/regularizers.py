"""Penalties on weights and outputs that are added to the loss, under Keras' names."""

from __future__ import annotations

import jax.numpy as jnp

from cello.core.arguments import arg
from cello.core.config import epsilon
from cello.core.exports import public
from cello.core.kinds import Named, non_negative, one_of
from cello.core.serialization import Configurable, Registry, custom_object_scope, serialize
from cello.core.variable import TakesVariables


class Regularizer(TakesVariables, Configurable):
    """Base of the regularisers: a subclass defines `__call__(x)`, which returns a scalar."""

    def __call__(self, x):
        raise NotImplementedError(f"{type(self).__name__} must define __call__(x).")


class L1(Regularizer):
    """`l1 * sum(abs(x))`."""

    l1 = arg(0.01, kind=non_negative, doc="Factor of the sum of absolute values.")

    def __call__(self, x):
        return self.l1 * jnp.sum(jnp.abs(x))


class L2(Regularizer):
    """`l2 * sum(x ** 2)`."""

    l2 = arg(0.01, kind=non_negative, doc="Factor of the sum of squares.")

    def __call__(self, x):
        return self.l2 * jnp.sum(jnp.square(x))


class L1L2(Regularizer):
    """`l1 * sum(abs(x)) + l2 * sum(x ** 2)`.

    Without arguments it is no penalty; the name `"l1_l2"` stands for `L1L2(0.01, 0.01)`.
    """

    l1 = arg(0.0, kind=non_negative, doc="Factor of the sum of absolute values.")
    l2 = arg(0.0, kind=non_negative, doc="Factor of the sum of squares.")

    def __call__(self, x):
        return self.l1 * jnp.sum(jnp.abs(x)) + self.l2 * jnp.sum(jnp.square(x))


class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean of `abs(cos(angle))` over all pairs of rows, or of columns.

    It draws the rows (columns) of a matrix to be orthogonal to each other.
    """

    factor = arg(0.01, kind=non_negative, doc="Factor of the mean.")
    mode = arg("rows", kind=one_of("rows", "columns"), doc='"rows" or "columns".')

    def __call__(self, x):
        if jnp.ndim(x) != 2:
            raise ValueError(f"OrthogonalRegularizer needs a matrix, got the shape {jnp.shape(x)}.")
        vectors = jnp.asarray(x) if self.mode == "rows" else jnp.transpose(x)
        norms = jnp.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = vectors / jnp.maximum(norms, epsilon())
        size = len(vectors)
        cosines = jnp.abs(vectors @ vectors.T) * (1 - jnp.eye(size, dtype=vectors.dtype))
        return self.factor * jnp.sum(cosines) / max(size * (size - 1), 1)


l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

registry = Registry(
    "regularizer",
    {
        "l1": L1,
        "l2": L2,
        "l1_l2": L1L2(0.01, 0.01),
        "orthogonal_regularizer": OrthogonalRegularizer,
        **{cls.__name__: cls for cls in (L1, L2, L1L2, OrthogonalRegularizer)},
    },
)


def get(identifier: Named):
    """The regulariser that `identifier` stands for.

    Args:
        identifier: a name such as `"l2"`, a regulariser, a function of an array that returns a
            scalar, a configuration, or `None`.

    Raises:
        ValueError: for an unknown name; it suggests the nearest one.
    """
    return None if identifier is None else registry.get(identifier)


def deserialize(config, custom_objects=None):
    """The regulariser of a configuration, such as `serialize` gives; see `get`.

    Args:
        config: the configuration, or a name.
        custom_objects: a program's own classes and functions by the names in it.
    """
    with custom_object_scope(custom_objects):
        return get(config)


__all__ = [*public(globals(), __name__), "serialize"]
