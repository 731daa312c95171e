"""Models and weights in files, and to and from other libraries."""

from cello.core.files import ModelFileError
from cello.core.serialization import custom_object_scope, register_serializable
from cello.saving.export import export
from cello.saving.models import load_model, save_model
from cello.saving.torch_modules import to_torch
from cello.saving.torch_weights import from_torch
from cello.saving.weights import load_weights, save_weights


def from_onnx(source):
    """The model that an ONNX file holds; see `cello.saving.onnx.read_model.from_onnx`."""
    from cello.saving.onnx.read_model import from_onnx

    return from_onnx(source)


__all__ = [
    "ModelFileError",
    "custom_object_scope",
    "export",
    "from_onnx",
    "from_torch",
    "load_model",
    "load_weights",
    "register_serializable",
    "save_model",
    "save_weights",
    "to_torch",
]
