"""An `Operation` of a graph (`x + y`, `ops.mean(x, axis=1)`) as plain data, in Keras' form.

Keras has a class for each function: `Mean(axis, keepdims)` keeps what is no tensor in its
configuration, and the tensors are the arguments of the call.
"""

from __future__ import annotations

import inspect
from typing import Any

from cello.core.naming import snake_case
from cello.core.operation import FUNCTIONS, Operation
from cello.core.serialization import class_entry

# What a class of Keras' keeps, by its name there, with JAX's name behind "=" where it differs.
_reduction = "axis keepdims"
KEPT: dict[str, str] = {
    "all": _reduction, "any": _reduction, "argmax": _reduction, "argmin": _reduction,
    "argsort": "axis", "average": "axis", "broadcast_to": "shape", "cast": "dtype",
    "clip": "x_min=min x_max=max", "concatenate": "axis", "cumprod": "axis dtype",
    "cumsum": "axis dtype", "diff": "n axis", "elu": "alpha", "expand_dims": "axis", "flip": "axis",
    "gelu": "approximate", "leaky_relu": "negative_slope", "log_softmax": "axis",
    "logsumexp": _reduction, "max": f"{_reduction} initial", "mean": _reduction,
    "min": f"{_reduction} initial", "moveaxis": "source destination",
    "one_hot": "num_classes axis dtype", "ones_like": "dtype", "pad": "pad_width mode",
    "prod": f"{_reduction} dtype", "repeat": "repeats axis", "reshape": "newshape=shape",
    "roll": "shift axis", "round": "decimals", "softmax": "axis", "sort": "axis",
    "split": "indices_or_sections axis", "squeeze": "axis", "stack": "axis", "std": _reduction,
    "sum": _reduction, "swapaxes": "axis1 axis2", "take": "axis", "take_along_axis": "axis",
    "tensordot": "axes", "tile": "repeats=reps", "transpose": "axes", "tril": "k", "triu": "k",
    "unstack": "axis", "var": _reduction, "zeros_like": "dtype",
}  # fmt: skip
_NOT_IN_KERAS = {"ones", "zeros", "full", "full_like", "arange", "linspace", "soft_sign"}
_MODULES = {
    **dict.fromkeys(("cast", "unstack", "convert_to_tensor"), "core"),
    **dict.fromkeys(
        (
            "elu gelu leaky_relu log_sigmoid log_softmax one_hot relu relu6 selu sigmoid silu "
            "softmax softplus softsign"
        ).split(),
        "nn",
    ),
    "erf": "math",
    "logsumexp": "math",
}
_CLASS_NAMES = {"getitem": "GetItem"}
_OF_RELU = ("negative_slope", "max_value", "threshold")  # of what keras.activations.relu records


def _kept(function: str) -> dict[str, str]:
    """JAX's name of each kept argument, by Keras' name."""
    pairs = [word.partition("=") for word in KEPT.get(function, "").split()]
    return {keras: jax or keras for keras, _, jax in pairs}


def operation_entry(layer: Operation, args, kwargs) -> tuple[dict[str, Any], list[Any], dict]:
    """The entry of one call's layer, and the arguments that stay with the call.

    A call that Keras has no class for is written in Cello's own form.
    """
    name = layer.function
    config: dict[str, Any] = {"name": layer.name}
    in_keras = _keras_form(name, args, kwargs)
    if in_keras is None:
        entry = {**class_entry(Operation), "config": {**config, "function": name}}
        return entry, list(args), dict(kwargs)
    kept, tensors = in_keras
    class_name = _CLASS_NAMES.get(name, "".join(p[:1].upper() + p[1:] for p in name.split("_")))
    entry = {
        "module": f"keras.src.ops.{_MODULES.get(name, 'numpy')}",
        "class_name": class_name,
        "config": {**config, **kept},
        "registered_name": class_name,
    }
    return entry, tensors, {}


def _keras_form(name: str, args, kwargs) -> tuple[dict[str, Any], list[Any]] | None:
    """What Keras' class keeps and what is left to the call; `None` where it has no such class."""
    if name in _NOT_IN_KERAS:
        return None
    if name == "einsum" and not kwargs:
        return {"subscripts": args[0]}, list(args[1:])
    if not KEPT.get(name):
        return None if kwargs else ({}, list(args))
    bound = inspect.signature(FUNCTIONS[name]).bind(*args, **kwargs)
    given = set(bound.arguments)
    bound.apply_defaults()
    kept = {keras: bound.arguments[jax] for keras, jax in _kept(name).items()}
    rest = [v for n, v in bound.arguments.items() if n in given and n not in _kept(name).values()]
    if len(rest) > len(args):  # an option that Keras does not have
        return None
    return kept, rest


def is_operation(entry: dict[str, Any]) -> bool:
    """Whether an entry is of one of Keras' classes for functions."""
    modules = ("keras.src.ops.", "keras.ops.", "keras.src.activations.")
    return str(entry.get("module", "")).startswith(modules) and isinstance(entry["config"], dict)


def operation_from_entry(entry: dict[str, Any]) -> tuple[Operation, list[Any], dict[str, Any]]:
    """The layer, and the arguments before and behind those of the call."""
    class_name, config = str(entry["class_name"]), dict(entry["config"])
    if class_name == "ReLU" and not any(config.get(k) for k in _OF_RELU):
        config = {k: v for k, v in config.items() if k not in _OF_RELU}
        class_name = "Relu"
    name = next((n for n, c in _CLASS_NAMES.items() if c == class_name), snake_case(class_name))
    if name not in FUNCTIONS:
        raise ValueError(
            f"The function {class_name!r} of {entry['module']} is not among those of cello.ops."
        )
    layer = Operation(name, name=config.pop("name", None))
    before = [config.pop("subscripts")] if name == "einsum" else []
    kept = _kept(name)
    given = {k: v for k, v in config.items() if v is not None and (v is not False or k in kept)}
    unknown = sorted(set(given) - set(kept))
    if unknown:
        raise ValueError(f"{layer}: the arguments {unknown} of Keras' {class_name} have no match.")
    return layer, before, {kept[k]: v for k, v in given.items()}
