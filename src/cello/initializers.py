"""Initialisers, under Keras' names."""

from cello.core.initializers import *
from cello.core.initializers import __all__ as __all__
