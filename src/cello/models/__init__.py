"""Models: layers with inputs and outputs, to be trained and used."""

from cello.models.model import Model
from cello.models.sequential import Sequential

__all__ = ["Model", "Sequential"]
