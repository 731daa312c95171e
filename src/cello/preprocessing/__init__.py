"""What prepares sequences, under Keras' names."""

from cello.preprocessing import sequence
from cello.utils import timeseries_dataset_from_array

__all__ = ["sequence", "timeseries_dataset_from_array"]
