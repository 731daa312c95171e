"""Models: layers with inputs and outputs, to be trained and used."""

from cello.models.copying import clone_model, model_from_json
from cello.models.model import Model
from cello.models.seq2seq import Seq2Seq
from cello.models.sequential import Sequential

from cello.saving.models import load_model, save_model  # isort: skip - Keras has them here too

__all__ = [
    "Model",
    "Seq2Seq",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]
