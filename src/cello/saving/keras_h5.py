"""Whole-model `.h5` files of Keras 2 and tf.keras (and the like of Keras 3), to be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cello.core.files import ModelFileError, parse_json
from cello.core.layer import Layer
from cello.core.serialization import find_class
from cello.core.variable import Variable
from cello.optimizers.optimizer import Optimizer
from cello.optimizers.slots import slot_groups
from cello.saving.hdf5 import HDF5Reader
from cello.saving.keras2_graph import modern_graph

_LAST_SLOTS = ("m", "v", "vhat", "rms", "momentum", "mg", "accumulator", "accum_grad", "accum_var")


def legacy_config(reader: HDF5Reader) -> tuple[dict[str, Any], dict[str, Any] | None, bool]:
    """The configuration in Keras 3's form, what `compile` was told, and whether Keras was older.

    Raises:
        ModelFileError: where the file has no configuration.
    """
    text = reader.attribute("", "model_config")
    if not isinstance(text, str):
        raise ModelFileError(
            "It holds no model, perhaps weights alone: build the model and call load_weights()."
        )
    version = reader.attribute("", "keras_version")
    old = not str(version or "2").startswith("3")
    config = modern(parse_json(text), old)
    trained = reader.attribute("", "training_config")
    if not isinstance(trained, str):
        return config, None, old
    compiled = parse_json(trained)
    compiled["optimizer"] = optimizer = compiled.pop("optimizer_config", None)
    if isinstance(optimizer, dict):
        optimizer["class_name"] = str(optimizer["class_name"]).removeprefix("Custom>")
        optimizer["module"] = "keras.optimizers"
    compiled.pop("sample_weight_mode", None)
    compiled.pop("jit_compile", None)
    compiled["metrics"] = _metrics(compiled.get("metrics"))
    compiled["weighted_metrics"] = _metrics(compiled.get("weighted_metrics"))
    return config, compiled, old


def modern(value: Any, old: bool) -> Any:
    """A configuration, with the words of Keras 2 replaced by those of Keras 3."""
    if isinstance(value, list):
        return [modern(v, old) for v in value]
    if not isinstance(value, dict):
        return value
    value = {k: modern(v, old) for k, v in value.items()}
    if old:
        for name in ("activation", "recurrent_activation"):
            if value.get(name) == "hard_sigmoid":  # another function in Keras 3
                value[name] = "keras2_hard_sigmoid"
    if not {"class_name", "config"} <= set(value):
        return value
    name, config = value["class_name"], value["config"]
    if name == "Policy":
        value["class_name"] = "DTypePolicy"
    elif name == "InputLayer" and "batch_input_shape" in config:
        config["batch_shape"] = config.pop("batch_input_shape")
    elif name == "BatchNormalization" and isinstance(config.get("axis"), list):
        (config["axis"],) = config["axis"]
    elif name in ("CuDNNLSTM", "CuDNNGRU"):
        value["class_name"] = name.removeprefix("CuDNN")
        if name == "CuDNNGRU":
            config["reset_after"] = True
    elif _is_function(value):
        value["module"] = "keras.src.ops.numpy"
    elif name == "Sequential" and isinstance(config, list):
        value["config"] = {"layers": config}
    elif "input_layers" in config and old:
        value["config"] = modern_graph(config)
    return value


def find_ignored(config: Any) -> Iterator[tuple[str, str]]:
    """The arguments in a configuration that mean nothing here, each with the class that has it.

    The shape of an input is among them if an `InputLayer` says it already.
    """
    if isinstance(config, list):
        for value in config:
            yield from find_ignored(value)
    elif isinstance(config, dict):
        name, own = str(config.get("class_name")), config.get("config")
        cls = find_class(config) if "class_name" in config and isinstance(own, dict) else None
        if cls and hasattr(cls, "find_ignored"):  # one of the program's own may be no layer
            yield from ((argument, name) for argument in cls.find_ignored(own))
        entries = config.get("layers")
        if isinstance(entries, list) and any(e.get("class_name") == "InputLayer" for e in entries):
            shaped = [e["class_name"] for e in entries if "batch_input_shape" in e["config"]]
            yield from (("batch_input_shape", name) for name in shaped)
        yield from find_ignored(list(config.values()))


def _is_function(entry: dict[str, Any]) -> bool:
    """Whether an entry of a graph is a function of Keras 3, without the arguments of a layer."""
    return "inbound_nodes" in entry and not {"trainable", "layers", "batch_shape"} & set(
        entry["config"]
    )


def _metrics(value: Any) -> Any:
    """Metrics as `compile` takes them: Keras 2 wraps functions, and nests the list once more."""
    if isinstance(value, dict) and value.get("class_name") == "MeanMetricWrapper":
        return value["config"]["fn"]
    if isinstance(value, dict):
        return value if "class_name" in value else {k: _metrics(v) for k, v in value.items()}
    if isinstance(value, list):
        found = [_metrics(v) for v in value]
        return found[0] if len(found) == 1 and isinstance(found[0], list) else found
    return value


# ------------------------------------------------------------------------------- weights


def is_legacy(reader: HDF5Reader) -> bool:
    """Whether the weights of a file are laid out as by Keras 2."""
    return "model_weights" in reader.groups or reader.attribute("", "layer_names") is not None


def read_legacy_weights(
    model: Layer, reader: HDF5Reader, group: str, skipped: list[str] | None = None
) -> None:
    """Give a model the weights of a file; they belong to its layers in order.

    Args:
        skipped: see `read_weights`.

    Raises:
        ModelFileError: where they do not fit.
    """
    if group not in reader.groups:
        raise ModelFileError("It has no weights.")
    saved = [
        (name, weights)
        for name in reader.attribute(group, "layer_names") or []
        if (weights := _weight_paths(reader, f"{group}/{name}".strip("/")))
    ]
    layers = [layer for layer in model.sublayers if layer.weights]
    if len(saved) != len(layers):
        raise ModelFileError(
            f"{model} has {len(layers)} layers with weights, {[v.name for v in layers]}, and the "
            f"file {len(saved)}, {[name for name, _ in saved]}."
        )
    values: dict[Any, Any] = {}
    for layer, (name, paths) in zip(layers, saved, strict=True):
        variables = legacy_order(layer)
        arrays = from_cudnn([reader.array(path) for path in paths])
        given = [array.shape for array in arrays]
        fits = [v.shape for v in variables] == given
        if not fits and skipped is not None:
            skipped.append(str(layer))
            continue
        if not fits:
            raise ModelFileError(
                f"{layer} has weights of the shapes {[v.shape for v in variables]}, and '{name}' "
                f"in the file has {given}."
            )
        values.update(zip(variables, arrays, strict=True))
    for variable, value in values.items():
        variable.assign(value)


def from_cudnn(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """The weights of a layer, where they are CuDNN's, as the LSTM or GRU of the same name has them.

    CuDNN keeps each gate's matrices transposed, in the memory of the others' form, and two biases,
    one of the inputs and one of the state: `(2 * gates * units,)`. An LSTM has their sum.
    """
    found = list(arrays)
    for i in range(0, len(arrays) - len(arrays) % 3, 3):  # twice in a Bidirectional
        kernel, recurrent, bias = arrays[i : i + 3]
        if kernel.ndim != 2 or recurrent.ndim != 2 or bias.shape != (2 * kernel.shape[1],):
            continue
        gates = kernel.shape[1] // max(recurrent.shape[0], 1)
        if gates not in (3, 4) or kernel.shape[1] != gates * recurrent.shape[0]:
            continue
        two = bias.reshape(2, -1)
        found[i : i + 3] = [
            np.hstack([k.T.reshape(k.shape, order="F") for k in np.hsplit(kernel, gates)]),
            np.hstack([k.T for k in np.hsplit(recurrent, gates)]),
            two.sum(0) if gates == 4 else two,
        ]
    return found


def legacy_order(layer: Layer) -> list[Variable]:
    """The weights that the layers train, then the others; one that is frozen alone stays there."""
    owners = [v for v in layer.flatten_layers() if v.trainable] if layer.trainable else []
    trained = {w for owner in owners for w in owner.own_weights if w.made_trainable}
    return sorted(layer.weights, key=lambda w: w not in trained)


def _weight_paths(reader: HDF5Reader, group: str) -> list[str]:
    if group not in reader.groups:
        raise ModelFileError(f"It names a layer {group!r} and has no such group.")
    paths = [f"{group}/{name}" for name in reader.attribute(group, "weight_names") or []]
    missing = [path for path in paths if path not in reader.datasets]
    if missing:
        raise ModelFileError(f"It names the weights {missing[:3]} and does not have them.")
    return paths


def read_legacy_optimizer(
    optimizer: Optimizer, reader: HDF5Reader, old: bool
) -> list[np.ndarray] | None:
    """The state of the optimiser as Keras 3 lists it; `None` where the file has none.

    Keras 2 had no learning rate in it, and its first optimisers kept one slot of all variables
    after the other.
    """
    if "optimizer_weights" not in reader.groups:
        return None
    names = reader.attribute("optimizer_weights", "weight_names") or []
    found = dict(zip(names, _weight_paths(reader, "optimizer_weights"), strict=True))
    if not old:
        return [reader.array(path) for path in found.values()]
    steps = next((p for n, p in found.items() if n.endswith(("iteration:0", "iter:0"))), None)
    if steps is None:
        raise ModelFileError("The state of its optimizer has no number of steps.")
    slots: dict[str, list[np.ndarray]] = {}
    for name, path in found.items():
        if path != steps:
            slots.setdefault(_slot(name), []).append(reader.array(path))
    arrays = [reader.array(steps), np.asarray(optimizer.learning_rate, np.float32)]
    left = list(slots.values())
    for group in slot_groups(optimizer) or ():
        together, left = left[: len(group)], left[len(group) :]
        arrays += [array for of_variable in zip(*together, strict=True) for array in of_variable]
    return arrays


def _slot(name: str) -> str:
    """`m` of `Adam/m/lstm/kernel:0`, and of the older `Adam/lstm/kernel/m:0`."""
    parts = name.removesuffix(":0").split("/")
    return parts[-1] if parts[-1] in _LAST_SLOTS else parts[min(1, len(parts) - 1)]
