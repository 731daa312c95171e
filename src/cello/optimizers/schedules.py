"""Learning rates that change from step to step, under Keras' names."""

from cello.core.serialization import deserialize, serialize
from cello.optimizers.decays import *
from cello.optimizers.decays import __all__ as _decays

__all__ = [*_decays, "deserialize", "serialize"]
