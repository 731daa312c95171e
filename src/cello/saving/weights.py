"""Weights in safetensors files."""

from __future__ import annotations

import collections
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from cello.core.layer import Layer
from cello.core.naming import snake_case
from cello.core.variable import Variable
from cello.saving.files import ModelFileError, replacing


def named_weights(layer: Layer, prefix: str = "") -> dict[str, Variable]:
    """The weights of `layer` by their places in it: `lstm/lstm_cell/kernel`.

    A layer inside is called by its class and counted within the layer that holds it, so the names
    do not depend on what else a program has built.
    """
    found: dict[str, Variable] = {}
    counts: collections.Counter[str] = collections.Counter()

    def numbered(name):
        counts[name] += 1
        return name if counts[name] == 1 else f"{name}_{counts[name] - 1}"

    for variable in layer._owned(Variable):
        if variable.weight:
            found[prefix + numbered(variable.name)] = variable
    for sublayer in layer.sublayers:
        name = numbered(snake_case(type(sublayer).__name__))
        found.update(named_weights(sublayer, f"{prefix}{name}/"))
    return found


def checked_path(what, filepath) -> Path:
    """`filepath`, refused where its ending is that of one of Keras' own formats."""
    path = Path(filepath)
    if path.suffix in (".h5", ".hdf5", ".keras"):
        stem = path.name.removesuffix(path.suffix).removesuffix(".weights")
        raise ValueError(
            f"{what}: weights are written in the safetensors format, which {path.name!r} does not "
            f"say: name the file {stem + '.safetensors'!r}. Keras' files cannot be written yet."
        )
    return path


def save_weights(layer: Layer, filepath) -> None:
    """Write the weights of `layer` to a safetensors file.

    The file is written beside its place and moved there when it is whole: what stood there before
    is either untouched or replaced.

    Args:
        layer: a layer or model, built.
        filepath: where to write; `.safetensors` is the usual ending.

    Raises:
        ValueError: where there are no weights to save, or the ending of the file promises another
            format.
    """
    path = checked_path(layer, filepath)
    weights = named_weights(layer)
    if not weights:
        raise ValueError(f"{layer} has no weights to save: call it on data first.")
    arrays = {name: np.ascontiguousarray(variable.numpy()) for name, variable in weights.items()}
    with replacing(path) as temporary:
        save_file(arrays, temporary, metadata={"format": "cello", "version": "1"})


def load_weights(layer: Layer, filepath) -> None:
    """Give `layer` the weights in a file that `save_weights` wrote.

    All names and shapes are checked before the first weight is changed.

    Args:
        layer: a layer or model of the same structure, built.
        filepath: the file.

    Raises:
        FileNotFoundError: where there is no such file.
        ValueError: where the file is not whole, or its weights do not fit.
    """
    if not Path(filepath).is_file():
        raise FileNotFoundError(f"{layer}.load_weights: there is no file {str(filepath)!r}.")
    weights = named_weights(layer)
    if not weights:
        raise ValueError(f"{layer} has no weights yet: call it on data before loading.")
    try:
        arrays = load_file(filepath)
    except SafetensorError as error:
        raise ModelFileError(
            f"{str(filepath)!r} is not a whole safetensors file: {error}"
        ) from None
    missing = sorted(set(weights) - set(arrays))
    extra = sorted(set(arrays) - set(weights))
    if missing or extra:
        raise ValueError(
            f"{layer} and the file {str(filepath)!r} do not fit. Only in the model: "
            f"{missing or 'nothing'}; only in the file: {extra or 'nothing'}."
        )
    wrong = [
        f"{name}: {weights[name].shape} in the model, {array.shape} in the file"
        for name, array in arrays.items()
        if array.shape != weights[name].shape
    ]
    if wrong:
        raise ValueError(f"{layer} and the file {str(filepath)!r} differ: {'; '.join(wrong)}.")
    for name, array in arrays.items():
        weights[name].assign(array)
