"""Whole-model `.h5` files, as Keras' `model.save("m.h5")` writes them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import Any

import h5py
import numpy as np

from cello import losses, metrics
from cello.core.files import replacing
from cello.core.serialization import serialize
from cello.core.variable import by_path
from cello.models.model import Model
from cello.models.sequential import Sequential
from cello.saving.keras_archive import KERAS_VERSION
from cello.saving.keras_h5 import legacy_order
from cello.saving.optimizer_state import optimizer_arrays

_LONGEST = 64512
"""How many bytes HDF5 has for an attribute."""


_BY_SHAPE = ("accuracy", "acc", "crossentropy", "ce")


def write_h5(model: Model, path) -> None:
    """Write a model to a whole-model `.h5` file; see `cello.saving.save_model`."""
    if model.call_graph is None or not (type(model) is Model or isinstance(model, Sequential)):
        raise ValueError(
            f"{model}.save: an .h5 file holds layers in a graph or in a row, and no class of one's "
            "own: save('m.keras')."
        )
    content = io.BytesIO()  # HDF5's own writing to a full disk ends the process
    with h5py.File(content, "w") as file:
        _write_attributes(model, file)
        weights = file.create_group("model_weights")
        weights.attrs["backend"], weights.attrs["keras_version"] = "jax", KERAS_VERSION
        _write_names(weights, "layer_names", [layer.name for layer in model.layers])
        for layer in model.layers:
            named = by_path(legacy_order(layer))
            arrays = {name: variable.numpy() for name, variable in named.items()}
            _write_group(weights, layer.name, arrays)
        _write_group(weights, "top_level_model_weights", {})
        if model.compiled and model.optimizer is not None:
            state = optimizer_arrays(model.optimizer, model.trainable_variables)
            names = ["iteration", "learning_rate", *(f"slot_{i}" for i in range(2, len(state)))]
            arrays = {
                f"{model.optimizer.name}/{name}": array
                for name, array in zip(names, state, strict=True)
            }
            _write_group(file, "optimizer_weights", arrays)
    with replacing(path) as temporary:
        temporary.write_bytes(content.getbuffer())


def _write_attributes(model: Model, file: h5py.File) -> None:
    texts = {"backend": "jax", "keras_version": KERAS_VERSION}
    texts["model_config"] = json.dumps(_old(serialize(model)))
    compiled = model.get_compile_config()
    if compiled is not None:
        optimizer = compiled.pop("optimizer")
        if optimizer is not None:
            compiled["optimizer_config"] = _old(optimizer)
            compiled["loss"] = _spelled_out(compiled["loss"], losses)
            for name in ("metrics", "weighted_metrics"):
                compiled[name] = _spelled_out(compiled[name], metrics)
            texts["training_config"] = json.dumps(compiled)
    for name, text in texts.items():
        if len(text) > _LONGEST:
            raise ValueError(
                f"{model}.save: the {name} of the model has {len(text)} bytes, and an .h5 file has "
                f"room for {_LONGEST}: save('m.keras')."
            )
        file.attrs[name] = text


def _old(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry of a model or layer in the older form, which has no modules."""
    rest = {k: v for k, v in entry.items() if k not in ("module", "registered_name")}
    rest.pop("build_config", None)
    config = entry["config"]
    if isinstance(config.get("layers"), list):
        config = {**config, "layers": [_old(layer) for layer in config["layers"]]}
    name = entry.get("registered_name") or entry["class_name"]
    return {**rest, "class_name": name, "config": config}


def _spelled_out(value: Any, module) -> Any:
    """Losses or metrics with a configuration in place of a name: Keras 3 does not find names.

    The names that stand for one of several, by the shape of the output, it knows.
    """
    if isinstance(value, (list, tuple)):
        return [_spelled_out(v, module) for v in value]
    if isinstance(value, dict) and "class_name" not in value:
        return {k: _spelled_out(v, module) for k, v in value.items()}
    if not isinstance(value, str) or value in _BY_SHAPE:
        return value
    return serialize(module.get(value))


def _write_group(parent: h5py.Group, name: str, arrays: dict[str, np.ndarray]) -> None:
    group = parent.create_group(name)
    _write_names(group, "weight_names", arrays)
    for path, array in arrays.items():
        group.create_dataset(path, data=array)


def _write_names(group: h5py.Group, attribute: str, names: Iterable[str]) -> None:
    """A list of names, in pieces that HDF5 has room for, as Keras cuts it."""
    pieces: list[list[bytes]] = [[]]
    for name in names:
        encoded = name.encode()
        longest = max(map(len, [*pieces[-1], encoded]))
        if longest * (len(pieces[-1]) + 1) > _LONGEST:
            pieces.append([])
        pieces[-1].append(encoded)
    if len(pieces) == 1:
        group.attrs[attribute] = np.array(pieces[0])
        return
    for i, piece in enumerate(pieces):
        group.attrs[f"{attribute}{i}"] = np.array(piece)
