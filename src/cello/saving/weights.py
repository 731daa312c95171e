"""Weights in files: in safetensors' format or in Keras'."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

from cello.core.files import checked_path, reading, replacing
from cello.core.layer import Layer
from cello.core.text import clean_text
from cello.distribution.processes import written_once
from cello.saving.hdf5 import HDF5Reader, write_arrays
from cello.saving.keras_archive import read_archive
from cello.saving.keras_h5 import is_legacy, read_legacy_weights
from cello.saving.keras_weights import arrays_of, read_weights
from cello.saving.safetensors_weights import read_safetensors, write_safetensors


@written_once
def save_weights(layer: Layer, filepath) -> None:
    """Write the weights of `layer` to a file: Keras' for `.weights.h5`, else safetensors.

    The file is written beside its place and moved there when it is whole: what stood there before
    is either untouched or replaced.

    Args:
        layer: a layer or model, built.
        filepath: where to write; `m.weights.h5`, which Keras 3 reads as well, or `m.safetensors`.

    Raises:
        ValueError: where there are no weights to save, or the ending of the file promises another
            format.
    """
    path = checked_path(layer, filepath)
    if not layer.weights:
        raise ValueError(f"{layer} has no weights to save: call it on data first.")
    if path.name.endswith(".weights.h5"):
        weights = io.BytesIO()  # HDF5's own writing to a full disk ends the process
        write_arrays(weights, *arrays_of(layer))
        with replacing(path) as temporary:
            temporary.write_bytes(weights.getbuffer())
    else:
        write_safetensors(layer, path)


def load_weights(layer: Layer, filepath, skip_mismatch: bool = False) -> None:
    """Give `layer` the weights in a file.

    All names and shapes are checked before the first weight is changed.

    Args:
        layer: a layer or model of the same structure, built.
        filepath: a file of `save_weights`, of Keras (`.weights.h5`, and `.h5` of Keras 2), or a
            `.keras` file, whose weights are then read.
        skip_mismatch: whether layers whose weights the file lacks, or has in other shapes, stay as
            they are, with a warning that names them; else they are refused.

    Raises:
        FileNotFoundError: where there is no such file.
        ModelFileError: where the file is not whole, or its weights do not fit.
    """
    path = Path(filepath)
    if not path.is_file():
        raise FileNotFoundError(f"{layer}.load_weights: there is no file {str(path)!r}.")
    if not layer.weights:
        raise ValueError(f"{layer} has no weights yet: call it on data before loading.")
    skipped: list[str] | None = [] if skip_mismatch else None
    with reading(path):
        _read(layer, path, skipped)
    if skipped:
        warnings.warn(
            f"{layer}.load_weights: these layers do not fit to {path.name} and stay as they are: "
            f"{clean_text(', '.join(skipped), 1000)}.",
            stacklevel=3,
        )


def _read(layer: Layer, path: Path, skipped: list[str] | None) -> None:
    if path.suffix not in (".h5", ".hdf5", ".keras"):
        read_safetensors(layer, path, skipped)
        return
    archive = path.suffix == ".keras"
    with read_archive(path).reader if archive else HDF5Reader(path, path.stat().st_size) as reader:
        if is_legacy(reader):
            whole = "model_weights" in reader.groups
            read_legacy_weights(layer, reader, "model_weights" if whole else "", skipped)
        else:
            read_weights(layer, reader, skipped)
