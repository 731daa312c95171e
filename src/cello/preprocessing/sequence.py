"""What prepares sequences, under Keras' names."""

from cello.preprocessing.generator import TimeseriesGenerator
from cello.utils import pad_sequences

__all__ = ["TimeseriesGenerator", "pad_sequences"]
