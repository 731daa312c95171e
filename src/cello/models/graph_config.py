"""A graph as plain data, in the form of Keras 3: layers, and the calls made of each."""

from __future__ import annotations

import collections
from typing import Any

import jax

from cello.core.operation import Operation
from cello.core.serialization import deserialize, serialize
from cello.core.symbolic import SymbolicTensor, symbolic_leaves
from cello.layers.input import Input, InputLayer
from cello.models.graph import input_name
from cello.models.operation_config import is_operation, operation_entry, operation_from_entry

TENSOR = "__keras_tensor__"


def graph_config(graph) -> dict[str, Any]:
    """`graph` as `{"layers": ..., "input_layers": ..., "output_layers": ...}`."""
    used = set(graph.nodes)
    places: dict[Any, tuple[str, int]] = {}
    for layer in graph.layers:
        kept = [node for node in layer.graph_nodes if node in used]
        places.update({node: (layer.name, i) for i, node in enumerate(kept)})
    inner = {id(t): t for t in graph.flat_inputs if not t.node.is_input}

    def place(tensor: SymbolicTensor) -> list[Any]:
        if id(tensor) in inner:
            return [input_name(tensor), 0, 0]
        return [*places[tensor.node], tensor.index]

    def plain(value):
        if isinstance(value, SymbolicTensor):
            config = {
                "shape": list(value.shape),
                "dtype": value.dtype,
                "keras_history": place(value),
            }
            return {"class_name": TENSOR, "config": config}
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(v) for v in value]
        return serialize(value)

    def entry_of(layer):
        calls = [node for node in layer.graph_nodes if node in used and not node.is_input]
        arguments: list[Any] = [(list(node.args), node.kwargs) for node in calls]
        if isinstance(layer, Operation) and len(calls) == 1:
            entry, *call = operation_entry(layer, *arguments[0])
            arguments = [tuple(call)]
            entry = {**entry, "config": plain(entry["config"])}
        else:
            entry = serialize(layer)
        nodes = [{"args": plain(args), "kwargs": plain(kwargs)} for args, kwargs in arguments]
        entry.update(name=layer.name, inbound_nodes=nodes)  # in place: it may be marked as shared
        return entry

    return {
        "layers": [
            *(input_entry(t, input_name(t)) for t in inner.values()),
            *map(entry_of, graph.layers),
        ],
        "input_layers": jax.tree.map(place, graph.inputs),
        "output_layers": jax.tree.map(place, graph.outputs),
    }


def input_entry(tensor: SymbolicTensor, name: str) -> dict[str, Any]:
    """The entry of an `InputLayer` that makes a tensor like this one."""
    return {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {"batch_shape": list(tensor.shape), "dtype": tensor.dtype, "name": name},
        "registered_name": None,
        "name": name,
        "inbound_nodes": [],
    }


def graph_from_config(config: dict[str, Any]):
    """`(inputs, outputs)`: the layers made anew and called as `graph_config` recorded it."""
    tensors: dict[tuple[str, int], list[SymbolicTensor]] = {}

    def find(history):
        name, node, index = history
        return tensors[name, node][index]

    def real(value):
        kind = value.get("class_name") if isinstance(value, dict) else None
        if kind == TENSOR:
            return find(value["config"]["keras_history"])
        if isinstance(value, dict) and kind is None:
            return {k: real(v) for k, v in value.items()}
        if isinstance(value, list):
            return [real(v) for v in value]
        return deserialize(value)

    ready: list[Any] = []
    waiting: dict[tuple[str, int], list[Any]] = collections.defaultdict(list)

    def sort(call):
        """Put a call behind the first tensor that it lacks, or among those that can be made."""
        lacking = next((p for p in _histories(call[2]) if p not in tensors), None)
        (ready if lacking is None else waiting[lacking]).append(call)

    calls: list[Any] = []
    for entry in config["layers"]:
        name = entry["name"]
        arrange = _as_they_are
        if is_operation(entry):
            layer, arrange = operation_from_entry(entry)
        else:
            layer = _layer(entry)
        if isinstance(layer, InputLayer):
            tensors[name, 0] = [layer.output]
            continue
        for i, call in enumerate(entry["inbound_nodes"]):
            calls.append((name, i, (call["args"], call["kwargs"]), layer, arrange))

    for call in calls:
        sort(call)
    while ready:
        name, i, (args, kwargs), layer, arrange = ready.pop(0)
        args, kwargs = arrange(real(args), real(kwargs))
        if isinstance(layer, Operation) and layer.function == "getitem":
            args[1] = tuple(args[1]) if isinstance(args[1], list) else args[1]
        if not symbolic_leaves((args, kwargs)):
            raise ValueError(f"{layer} is called without a tensor in a configuration.")
        tensors[name, i] = symbolic_leaves(layer(*args, **kwargs))
        for call in waiting.pop((name, i), ()):
            sort(call)
    if waiting:
        stuck = sorted({str(call[0]) for behind in waiting.values() for call in behind})
        raise ValueError(f"A configuration's layers {stuck} have inputs that nothing makes.")
    return _places(config["input_layers"], find), _places(config["output_layers"], find)


def _as_they_are(args, kwargs):
    return args, kwargs


def _histories(value) -> list[Any]:
    """The calls, `(layer, number)`, that make the tensors in the arguments of a call."""
    if isinstance(value, dict):
        if value.get("class_name") == TENSOR:
            return [tuple(value["config"]["keras_history"][:2])]
        value = list(value.values())
    return [h for v in value for h in _histories(v)] if isinstance(value, (list, tuple)) else []


def _places(value, find):
    """A tree of `[name, node, index]` as a tree of tensors."""
    if isinstance(value, dict):
        return {k: _places(v, find) for k, v in value.items()}
    if len(value) == 3 and isinstance(value[0], str):
        return find(value)
    places = [_places(v, find) for v in value]
    return tuple(places) if isinstance(value, tuple) else places


def _layer(entry):
    if entry["class_name"] == "InputLayer":
        config = entry["config"]
        shape, dtype = tuple(config["batch_shape"]), config["dtype"]
        return Input(batch_shape=shape, dtype=dtype, name=config["name"]).node.layer
    return deserialize(entry)
