"""Models and weights in files."""

from cello.saving.export import export
from cello.saving.files import ModelFileError
from cello.saving.weights import load_weights, save_weights

__all__ = ["ModelFileError", "export", "load_weights", "save_weights"]
