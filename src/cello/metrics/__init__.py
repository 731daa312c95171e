"""Metrics, under Keras' names."""

from cello.metrics.named import *
from cello.metrics.named import __all__ as __all__
