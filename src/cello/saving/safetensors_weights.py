"""Weights in safetensors files."""

from __future__ import annotations

import collections
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from cello.core.files import ModelFileError, write_tensors
from cello.core.layer import Layer
from cello.core.naming import snake_case
from cello.core.variable import Variable


def named_weights(layer: Layer, prefix: str = "") -> dict[str, Variable]:
    """The weights of `layer` by their places in it: `lstm/lstm_cell/kernel`.

    A layer inside is called by its class and counted within the layer that holds it, so the names
    do not depend on what else a program has built.
    """
    found: dict[str, Variable] = {}
    counts: collections.Counter[str] = collections.Counter()

    def number(name):
        counts[name] += 1
        return name if counts[name] == 1 else f"{name}_{counts[name] - 1}"

    for variable in layer.owned(Variable):
        if variable.weight:
            found[prefix + number(variable.name)] = variable
    for sublayer in layer.sublayers:
        name = number(snake_case(type(sublayer).__name__))
        found.update(named_weights(sublayer, f"{prefix}{name}/"))
    return found


def write_safetensors(layer: Layer, path: Path) -> None:
    """Write the weights of `layer` to a safetensors file.

    Raises:
        ValueError: if a layer has its own form of what it writes, which needs Keras' formats.
    """
    for part in layer.flatten_layers():
        if type(part).save_own_variables is not Layer.save_own_variables:
            raise ValueError(
                f"{part} has a save_own_variables() of its own, which goes into 'm.weights.h5' and "
                f"'m.keras', and not into {path.name!r}."
            )
    arrays = {name: np.ascontiguousarray(v.numpy()) for name, v in named_weights(layer).items()}
    write_tensors(path, arrays, {"format": "cello", "version": "1"})


def read_safetensors(layer: Layer, path: Path, skipped: list[str] | None = None) -> None:
    """Give `layer` the weights in a safetensors file.

    All names and shapes are checked before the first weight is changed.

    Args:
        skipped: where to note the layers that do not fit, which stay as they are; where `None`,
            they are refused.
    """
    weights = named_weights(layer)
    try:
        arrays = load_file(path)
    except SafetensorError as error:
        raise ModelFileError(f"It is not a whole safetensors file: {error}") from None
    odd = {name: str(a.dtype) for name, a in arrays.items() if a.dtype.kind not in "biufV"}
    if odd:
        raise ModelFileError(f"It has arrays that are no weights: {odd}.")
    if skipped is not None:
        unfit = {
            name.rpartition("/")[0]
            for name, v in weights.items()
            if name not in arrays or arrays[name].shape != v.shape
        }
        skipped += sorted(unfit)
        weights = {n: v for n, v in weights.items() if n.rpartition("/")[0] not in unfit}
        arrays = {name: arrays[name] for name in weights}
    missing = sorted(set(weights) - set(arrays))
    extra = sorted(set(arrays) - set(weights))
    if missing or extra:
        raise ModelFileError(
            f"{layer} and the file do not fit. Only in the model: {missing or 'nothing'}; only in "
            f"the file: {extra or 'nothing'}."
        )
    wrong = [
        f"{name}: {weights[name].shape} in the model, {array.shape} in the file"
        for name, array in arrays.items()
        if array.shape != weights[name].shape
    ]
    if wrong:
        raise ModelFileError(f"{layer} and the file differ: {'; '.join(wrong)}.")
    for name, array in arrays.items():
        weights[name].assign(array)
