"""Small helpers under Keras' names."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.dtype_policy import floatx
from cello.core.kinds import one_of
from cello.core.memory import collect_garbage
from cello.core.naming import forget_names
from cello.core.random import set_random_seed
from cello.core.registration import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from cello.core.serialization import deserialize_keras_object, serialize_keras_object
from cello.core.symbolic import SymbolicTensor
from cello.timeseries import timeseries_dataset_from_array, windows
from cello.training.dataset import split_dataset
from cello.training.progress import Progbar
from cello.training.py_dataset import PyDataset

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "is_keras_tensor",
    "normalize",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "timeseries_dataset_from_array",
    "to_categorical",
    "windows",
]


Sequence = PyDataset


def normalize(x, axis: int = -1, order: int = 2) -> np.ndarray:
    """`x` with vectors of length 1 along an axis; a vector of zeros stays.

    Args:
        x: array.
        axis: the axis of the vectors.
        order: the order of the norm, such as 1 or 2.
    """
    x = np.asarray(x)
    norm = np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(norm == 0, 1, norm)


def is_keras_tensor(x) -> bool:
    """Whether `x` is a tensor of a graph, which `Input` and layers on it return."""
    return isinstance(x, SymbolicTensor)


def standardize_dtype(dtype) -> str:
    """The name of a dtype: "float32" of `jax.numpy.float32`, say; `floatx()` where `None`."""
    return floatx() if dtype is None else jnp.dtype(dtype).name


def plot_model(model, to_file=None, **options):
    """Draw the layers of a model: `cello.plotting.plot_model`, under Keras' name."""
    from cello.plotting import plot_model  # plotting stands on all else

    return plot_model(model, to_file, **options)


def to_categorical(x, num_classes: int | None = None) -> np.ndarray:
    """Integer labels as one-hot rows: float32, `(..., num_classes)`.

    Args:
        x: integers from 0; a last axis of size 1 is dropped.
        num_classes: the number of classes; one more than the largest label where `None`.
    """
    labels = np.asarray(x)
    if labels.dtype.kind not in "iufb":
        raise ValueError(
            f"to_categorical: x must hold whole numbers from 0, and has the dtype {labels.dtype}: "
            "number strings with cello.layers.StringLookup."
        )
    labels = labels.astype(np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.size and labels.min() < 0:
        raise ValueError(
            f"to_categorical: labels must not be negative; the least is {labels.min()}."
        )
    n = int(labels.max()) + 1 if num_classes is None else num_classes
    if labels.size and labels.max() >= n:
        raise ValueError(f"to_categorical: label {labels.max()} needs num_classes > {n}.")
    return np.eye(n, dtype=np.float32)[labels]


def pad_sequences(
    sequences, maxlen: int | None = None, dtype="int32", padding="pre", truncating="pre", value=0.0
) -> np.ndarray:
    """Sequences of different lengths as one array `(rows, maxlen, ...)`.

    Args:
        sequences: list of lists, or of arrays `(length, ...)` whose other axes are equal.
        maxlen: the length of all; that of the longest where `None`.
        dtype: dtype of the array.
        padding: "pre" or "post": whether what is missing comes first or last.
        truncating: "pre" or "post": which end of a longer sequence is cut off.
        value: what stands in the missing places.

    Raises:
        ValueError: where an argument is wrong, or the sequences differ in more than their lengths.
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        try:
            one_of("pre", "post")(side)
        except ValueError as error:
            raise ValueError(
                f"pad_sequences: {name} must be {error}. Received: {name}={side!r}"
            ) from None
    arrays = [np.asarray(sequence) for sequence in sequences]
    scalars = [i for i, array in enumerate(arrays) if array.ndim == 0]
    if scalars:
        raise ValueError(
            f"pad_sequences needs a list of sequences, and entry {scalars[0]} is the number "
            f"{arrays[scalars[0]]}: for one sequence pass [sequence]."
        )
    longest = max((len(array) for array in arrays), default=0)
    length = longest if maxlen is None else maxlen
    shapes = {array.shape[1:] for array in arrays if len(array)}
    if len(shapes) > 1:
        raise ValueError(
            f"pad_sequences: the steps of the sequences have different shapes: {sorted(shapes)}."
        )
    padded = np.full((len(arrays), length, *(shapes.pop() if shapes else ())), value, dtype)
    for row, array in zip(padded, arrays, strict=True):
        kept = array[max(0, len(array) - length) :] if truncating == "pre" else array[:length]
        if len(kept):
            start = length - len(kept) if padding == "pre" else 0
            row[start : start + len(kept)] = kept
    return padded


def clear_session() -> None:
    """Start anew: what models that are gone have left goes too.

    The names of layers are counted from the start (`lstm`, `lstm_1`, ...), memory is given back to
    the system, and JAX forgets all compiled programs. Models that still exist compile theirs again.
    """
    forget_names()
    jax.clear_caches()
    collect_garbage()
