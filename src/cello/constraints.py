"""Constraints, under Keras' names."""

from cello.core.constraints import *
from cello.core.constraints import __all__ as __all__
