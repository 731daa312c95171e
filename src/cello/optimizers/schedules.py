"""Learning rates that change from step to step, under Keras' names."""

from cello.optimizers.decays import *
from cello.optimizers.decays import __all__ as __all__
