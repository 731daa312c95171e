"""Models and weights in files, and to and from other libraries."""

from cello.core.files import ModelFileError
from cello.core.registration import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    register_serializable,
)
from cello.core.serialization import deserialize_keras_object, serialize_keras_object
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
    "CustomObjectScope",
    "ModelFileError",
    "custom_object_scope",
    "deserialize_keras_object",
    "export",
    "from_onnx",
    "from_torch",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "register_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
    "to_torch",
]
