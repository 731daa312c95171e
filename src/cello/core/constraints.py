"""Projections that are applied to weights after each update, under Keras' names.

A norm is taken over `axis`: with `axis=0`, over each column of a kernel `(inputs, outputs)`.
"""

from __future__ import annotations

import jax.numpy as jnp

from cello.core.arguments import arg
from cello.core.config import epsilon
from cello.core.exports import public
from cello.core.kinds import Named, fraction, integers, non_negative
from cello.core.serialization import Configurable, Registry, custom_object_scope, serialize
from cello.core.variable import TakesVariables


class Constraint(TakesVariables, Configurable):
    """Base of the constraints: a subclass defines `__call__(w)`, which returns the projection."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._check()

    def _check(self):
        """Refuse arguments that do not fit together."""

    def __call__(self, w):
        raise NotImplementedError(f"{type(self).__name__} must define __call__(w).")


def _axis_argument():
    return arg(0, kind=integers, doc="The axis, or axes, that a norm is taken over.")


def _norms(w, axis):
    return jnp.sqrt(jnp.sum(jnp.square(w), axis=axis, keepdims=True))


class NonNeg(Constraint):
    """`max(w, 0)`."""

    def __call__(self, w):
        return jnp.maximum(w, 0)


class UnitNorm(Constraint):
    """`w / norm(w)`."""

    axis = _axis_argument()

    def __call__(self, w):
        return w / (_norms(w, self.axis) + epsilon())


class MaxNorm(Constraint):
    """`w * min(norm(w), max_value) / norm(w)` (Srivastava et al., 2014)."""

    max_value = arg(2, kind=non_negative, doc="Greatest norm.")
    axis = _axis_argument()

    def __call__(self, w):
        norms = _norms(w, self.axis)
        return w * (jnp.minimum(norms, self.max_value) / (norms + epsilon()))


class MinMaxNorm(Constraint):
    """`w * (rate * clip(norm(w), min_value, max_value) / norm(w) + 1 - rate)`."""

    min_value = arg(0.0, kind=non_negative, doc="Least norm.")
    max_value = arg(1.0, kind=non_negative, doc="Greatest norm.")
    rate = arg(1.0, kind=fraction, doc="The part of the way that one update goes; 1 is all of it.")
    axis = _axis_argument()

    def _check(self):
        if self.min_value > self.max_value:
            raise ValueError(
                f"MinMaxNorm: min_value must not be greater than max_value. "
                f"Received: min_value={self.min_value!r}, max_value={self.max_value!r}"
            )

    def __call__(self, w):
        norms = _norms(w, self.axis)
        clipped = jnp.clip(norms, self.min_value, self.max_value)
        wanted = self.rate * clipped + (1 - self.rate) * norms
        return w * (wanted / (norms + epsilon()))


max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

registry = Registry(
    "constraint",
    {
        "max_norm": MaxNorm,
        "min_max_norm": MinMaxNorm,
        "non_neg": NonNeg,
        "unit_norm": UnitNorm,
        **{cls.__name__: cls for cls in (MaxNorm, MinMaxNorm, NonNeg, UnitNorm)},
    },
)


def get(identifier: Named):
    """The constraint that `identifier` stands for.

    Args:
        identifier: a name such as `"max_norm"`, a constraint, a function of an array that returns
            an array of the same shape, a configuration, or `None`.

    Raises:
        ValueError: for an unknown name; it suggests the nearest one.
    """
    return None if identifier is None else registry.get(identifier)


def deserialize(config, custom_objects=None):
    """The constraint of a configuration, such as `serialize` gives; see `get`.

    Args:
        config: the configuration, or a name.
        custom_objects: a program's own classes and functions by the names in it.
    """
    with custom_object_scope(custom_objects):
        return get(config)


__all__ = [*public(globals(), __name__), "serialize"]
