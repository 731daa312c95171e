"""Models: layers with inputs and outputs, to be trained and used."""

from cello.models.model import Model
from cello.models.seq2seq import Seq2Seq
from cello.models.sequential import Sequential

from cello.saving.models import load_model, save_model  # isort: skip - Keras has them here too

__all__ = ["Model", "Seq2Seq", "Sequential", "load_model", "save_model"]
