"""Optimisers under Keras' names, computed by optax; any optax transformation serves as well."""

from cello.optimizers import schedules
from cello.optimizers.named import *
from cello.optimizers.named import __all__ as _named

__all__ = ["schedules", *_named]
