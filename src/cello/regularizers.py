"""Regularisers, under Keras' names."""

from cello.core.regularizers import *
from cello.core.regularizers import __all__ as __all__
