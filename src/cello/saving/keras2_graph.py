"""The graph of a functional model as Keras 2 wrote it, in the form of Keras 3."""

from __future__ import annotations

from typing import Any

from cello.core.files import ModelFileError
from cello.models.graph_config import TENSOR

_MODELS = ("Functional", "Model", "Sequential")
_RECURRENT = ("RNN", "SimpleRNN", "LSTM", "GRU", "Bidirectional")

# TensorFlow's functions on symbolic tensors, which became layers there.
_OPERATIONS = {
    "__operators__.add": "add", "math.add": "add", "math.subtract": "subtract",
    "math.multiply": "multiply", "math.truediv": "true_divide", "math.divide": "divide",
    "math.negative": "negative", "math.reduce_mean": "mean", "math.reduce_sum": "sum",
    "math.reduce_max": "max", "math.reduce_min": "min", "concat": "concatenate", "stack": "stack",
    "nn.relu": "relu", "nn.softmax": "softmax", "math.tanh": "tanh", "math.sigmoid": "sigmoid",
    "math.exp": "exp", "math.square": "square", "math.sqrt": "sqrt", "math.abs": "abs",
    "expand_dims": "expand_dims", "reshape": "reshape", "transpose": "transpose",
    "linalg.matmul": "matmul",
}  # fmt: skip
_BY_PLACE = ("x", "y", "a", "b", "shape")
_RENAMED = {"perm": "axes"}


def modern_graph(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a functional model, with its calls in the form of Keras 3."""
    nested = [v["name"] for v in config["layers"] if v["class_name"] in _MODELS]
    places = _places([config["output_layers"], *(v["inbound_nodes"] for v in config["layers"])])
    from_zero = {name for name, node, _ in places if node == 0}
    # There the making of a model inside is its own call number 0.
    counted_on = {name for name in nested if name not in from_zero}

    def place(history) -> list[Any]:
        name, node, index = history
        return [name, node - 1 if name in counted_on else node, index]

    ends = {}
    for end in ("input_layers", "output_layers"):
        value = config[end]
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
            value = value[0]  # one tensor, in a list as all were
        ends[end] = _map(value, place)
    return {**config, "layers": [_layer(entry, place) for entry in config["layers"]], **ends}


def _layer(entry: dict[str, Any], place) -> dict[str, Any]:
    nodes = [_call(entry["class_name"], node, place) for node in entry["inbound_nodes"]]
    if entry["class_name"] in ("TFOpLambda", "SlicingOpLambda"):
        function = entry["config"]["function"]
        name = "getitem" if function == "__operators__.getitem" else _OPERATIONS.get(function)
        if name is None:
            raise ModelFileError(
                f"It calls TensorFlow's {function!r} in its graph, which Cello has no match for."
            )
        nodes = [_operation_call(node) for node in nodes]
        config = {"name": entry["name"], "function": name}
        entry = {"module": "cello.layers", "class_name": "Operation", "config": config} | {
            "name": entry["name"]
        }
    return {**entry, "inbound_nodes": nodes}


def _call(class_name: str, node: Any, place) -> dict[str, Any]:
    """The arguments of one call; `[layer, node, index, kwargs]` stands for each tensor."""
    if isinstance(node, dict):
        node = list(node.values())
    if node and isinstance(node[0], str):
        node = [node]
    kwargs: dict[str, Any] = {}
    tensors = []
    for history in node:
        tensors.append(_tensor(history[:3], place))
        kwargs.update(history[3] if len(history) > 3 else {})
    kwargs = {k: _value(v, place) for k, v in kwargs.items()}
    if class_name in _RECURRENT and len(tensors) > 1:
        kwargs["initial_state"] = tensors[1:]
        tensors = tensors[:1]
    return {"args": tensors if len(tensors) == 1 else [tensors], "kwargs": kwargs}


def _operation_call(call: dict[str, Any]) -> dict[str, Any]:
    kwargs = {k: v for k, v in call["kwargs"].items() if v is not None and k != "name"}
    args = [*call["args"], *(kwargs.pop(k) for k in _BY_PLACE if k in kwargs)]
    if "slice_spec" in kwargs:
        args.append([_slice(part) for part in kwargs.pop("slice_spec")])
    return {"args": args, "kwargs": {_RENAMED.get(k, k): v for k, v in kwargs.items()}}


def _slice(part) -> Any:
    return {"class_name": "__slice__", "config": part} if isinstance(part, dict) else part


def _tensor(history, place) -> Any:
    if history[0] == "_CONSTANT_VALUE":
        return history[2]
    return {"class_name": TENSOR, "config": {"keras_history": place(history)}}


def _is_place(value) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and all(isinstance(n, int) for n in value[1:3])
    )


def _value(value: Any, place) -> Any:
    """An argument by name, with tensors in the place of their histories."""
    if _is_place(value):
        return _tensor(value, place)
    if isinstance(value, list):
        return [_value(v, place) for v in value]
    if isinstance(value, dict):
        return {k: _value(v, place) for k, v in value.items()}
    return value


def _places(value: Any) -> list[Any]:
    """All histories in a tree."""
    if _is_place(value):
        return [value[:3], *_places(value[3:])]
    if isinstance(value, dict):
        value = list(value.values())
    return [p for v in value for p in _places(v)] if isinstance(value, list) else []


def _map(value: Any, place) -> Any:
    if isinstance(value, dict):
        return {k: _map(v, place) for k, v in value.items()}
    return place(value) if _is_place(value) else [_map(v, place) for v in value]
