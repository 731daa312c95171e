"""Whole models in files: `save_model` and `load_model`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cello.core.files import ModelFileError, message, reading
from cello.core.loading import Loading
from cello.core.serialization import custom_object_scope, deserialize
from cello.core.text import clean_text
from cello.distribution.processes import written_once
from cello.models.model import Model
from cello.saving.hdf5 import HDF5Reader
from cello.saving.keras_archive import count_objects, read_archive, write_archive
from cello.saving.keras_assets import give_to_layers
from cello.saving.keras_h5 import (
    find_ignored,
    legacy_config,
    modern,
    read_legacy_optimizer,
    read_legacy_weights,
)
from cello.saving.keras_weights import freeze_weights, read_optimizer, read_weights
from cello.saving.optimizer_state import restore_optimizer
from cello.saving.write_h5 import write_h5


@written_once
def save_model(model: Model, filepath, overwrite: bool = True) -> None:
    """Write a model to a `.keras` file, or a whole-model `.h5` file; Keras 3 opens both.

    It holds the layers and how they are connected, the weights, what `compile` was told, and the
    state of the optimiser. A function that is not of the library is written by its name only. What
    stood at `filepath` is replaced when the new file is whole.

    Args:
        model: a model, built.
        filepath: where to write; it ends in `.keras`, or in `.h5` for programs that know only
            Keras' older format, which has no names for classes of models.
        overwrite: whether a file that is there may be replaced.

    Raises:
        ValueError: for another ending, or a model that is not built.
        FileExistsError: where there is a file, and `overwrite` is false.
    """
    path = Path(filepath)
    if path.suffix not in (".keras", ".h5", ".hdf5") or path.name.endswith(".weights.h5"):
        raise ValueError(
            f"{model}.save: {path.name!r} must end in .keras or .h5. Weights alone: "
            "save_weights('m.weights.h5'); for other programs: export('m.onnx')."
        )
    if not model.built:
        raise ValueError(f"{model} is not built yet: call it on data before saving it.")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{model}.save: there is a file {str(path)!r} already.")
    (write_archive if path.suffix == ".keras" else write_h5)(model, path)


def load_model(
    filepath,
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Model:
    """The model in a file: a `.keras` file of Cello or Keras 3, or a whole-model `.h5` of Keras 2.

    The file is not trusted. Nothing in it is run, no name in it is looked up outside of Cello's own
    classes, those registered with `register_serializable`, and `custom_objects`, no path in it is
    opened, and it gets no more memory than its size accounts for. Arguments of old Keras that mean
    nothing are named in one warning; one that would change results is an error.

    Args:
        filepath: the file.
        custom_objects: name to class or function, for what is not of the library; a `Lambda` needs
            its function here, by the function's name or the layer's.
        compile: whether to compile the model as it was, with the state of its optimiser.
        safe_mode: always true: there is no other mode.

    Raises:
        FileNotFoundError: where there is no such file.
        ModelFileError: where the file is damaged, asks for too much, or has something that Cello
            does not; what it is, is named.
    """
    if safe_mode is not True:
        raise ValueError(
            f"load_model: safe_mode={safe_mode!r} is not possible: Cello never runs code from a "
            "file. Pass your own classes and functions in custom_objects."
        )
    path = Path(filepath)
    if not path.is_file():
        raise FileNotFoundError(f"load_model: there is no file {str(path)!r}.")
    with open(path, "rb") as file:
        start = file.read(4)
    is_archive = start == b"PK\x03\x04"
    with reading(path):
        if not (is_archive or start == b"\x89HDF" or path.suffix == ".h5"):
            raise ModelFileError(
                "It is neither a .keras file, which is a zip archive, nor an .h5 file: write one "
                "with model.save()."
            )
        return (_load_archive if is_archive else _load_h5)(path, custom_objects, compile)


def _load_archive(path: Path, custom_objects, compile: bool) -> Model:
    config, reader, old, vocabularies = read_archive(path)
    if old:
        config = modern(config, old)
    with reader, custom_object_scope(custom_objects), _loading(config, reader):
        model = _make(config, path.name if old else None, vocabularies)
        read_weights(model, reader)
        freeze_weights(model, config.get("frozen_weights", []))
        compiled = config.get("compile_config")
        if compile and compiled:
            _compile(model, lambda: model.compile_from_config(compiled))
            arrays = read_optimizer(reader)
            if model.optimizer is not None and arrays:
                if old:  # Keras 2 had no learning rate in it
                    arrays.insert(1, np.asarray(model.optimizer.learning_rate, np.float32))
                restore_optimizer(model.optimizer, model.trainable_variables, arrays)
    return model


def _load_h5(path: Path, custom_objects, compile: bool) -> Model:
    with HDF5Reader(path, path.stat().st_size) as reader, custom_object_scope(custom_objects):
        config, compiled, old = legacy_config(reader)
        with _loading(config, reader):
            model = _make(config, path.name if old else None)
            read_legacy_weights(model, reader, "model_weights")
            if compile and compiled:
                _compile(model, lambda: model.compile_from_config(compiled))
                arrays = read_legacy_optimizer(model.optimizer, reader, old)
                if arrays is not None:
                    restore_optimizer(model.optimizer, model.trainable_variables, arrays)
    return model


def _loading(config: dict[str, Any], reader: HDF5Reader) -> Loading:
    return Loading(2 * reader.nbytes + 2**16, count_objects(config))


def _make(config: dict[str, Any], old: str | None, vocabularies=None) -> Model:
    """The model of a configuration, built, its weights not yet there.

    Args:
        old: the name of a file of Keras 2, of whose arguments some are dead; else `None`.
        vocabularies: those that are not in the configuration, by the paths of their layers.
    """
    model = deserialize(config)
    if not isinstance(model, Model):
        raise ModelFileError(f"Its configuration is that of a {type(model).__name__}.")
    give_to_layers(model, vocabularies or {})
    build = config.get("build_config")
    if not (model.built and model.weights) and build and not model.call_graph:
        model.build_from_config(build)
    ignored: dict[str, dict[str, None]] = {}
    for argument, name in find_ignored(config["config"]) if old else ():
        ignored.setdefault(argument, {})[name] = None
    if ignored:
        names = [f"{argument} ({', '.join(classes)})" for argument, classes in ignored.items()]
        warnings.warn(
            f"{old}: these arguments mean nothing in Cello and were passed over: "
            f"{clean_text('; '.join(names), 1000)}.",
            stacklevel=5,
        )
    return model


def _compile(model: Model, compile_: Callable[[], None]) -> None:
    try:
        compile_()
    except Exception as error:
        raise ModelFileError(
            f"It was compiled in a way that Cello cannot repeat: {message(error)} "
            "load_model(..., compile=False) opens it without."
        ) from error
