"""Losses, under Keras' names."""

from cello.losses.named import *
from cello.losses.named import __all__ as __all__
