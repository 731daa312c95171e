"""Models: layers with inputs and outputs, to be trained and used."""

from cello.models.model import Model
from cello.models.sequential import Sequential

from cello.saving.models import load_model, save_model  # isort: skip - Keras has them here too

__all__ = ["Model", "Sequential", "load_model", "save_model"]
