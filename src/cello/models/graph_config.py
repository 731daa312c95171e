"""A graph as plain data, in the form of Keras 3: layers, and the calls made of each."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cello.core.serialization import deserialize, serialize
from cello.core.symbolic import SymbolicTensor, symbolic_leaves
from cello.layers.input import Input, InputLayer

TENSOR = "__keras_tensor__"


def graph_config(graph) -> dict[str, Any]:
    """`graph` as `{"layers": ..., "input_layers": ..., "output_layers": ...}`."""
    used = set(graph.nodes)
    places: dict[Any, tuple[str, int]] = {}
    for layer in graph.layers:
        kept = [node for node in layer._nodes if node in used]
        places.update({node: (layer.name, i) for i, node in enumerate(kept)})
    inner = {id(t): t for t in graph.flat_inputs if not t.node.is_input}

    def place(tensor: SymbolicTensor) -> list[Any]:
        if id(tensor) in inner:
            return [_inner_name(tensor), 0, 0]
        return [*places[tensor.node], tensor.index]

    def plain(value):
        if isinstance(value, SymbolicTensor):
            config = {"shape": value.shape, "dtype": value.dtype, "keras_history": place(value)}
            return {"class_name": TENSOR, "config": config}
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            items = [plain(v) for v in value]
            return items if isinstance(value, list) else {"class_name": "__tuple__", "items": items}
        if isinstance(value, slice):
            parts = [value.start, value.stop, value.step]
            return {"class_name": "__slice__", "items": parts}
        if value is Ellipsis:
            return {"class_name": "__ellipsis__"}
        if isinstance(value, jax.Array):
            config = {"value": value.tolist(), "dtype": value.dtype.name}
            return {"class_name": "__array__", "config": config}
        return serialize(value)

    layers: list[Any] = [
        {
            "module": "layers",
            "class_name": "InputLayer",
            "name": _inner_name(t),
            "config": {"batch_shape": list(t.shape), "dtype": t.dtype, "name": _inner_name(t)},
            "inbound_nodes": [],
        }
        for t in inner.values()
    ]
    for layer in graph.layers:
        calls = [node for node in layer._nodes if node in used and not node.is_input]
        layers.append(
            {
                **serialize(layer),
                "name": layer.name,
                "inbound_nodes": [
                    {"args": [plain(a) for a in n.args], "kwargs": plain(n.kwargs)} for n in calls
                ],
            }
        )
    return {
        "layers": layers,
        "input_layers": jax.tree.map(place, graph.inputs),
        "output_layers": jax.tree.map(place, graph.outputs),
    }


def graph_from_config(config: dict[str, Any]):
    """`(inputs, outputs)`: the layers made anew and called as `graph_config` recorded it."""
    layers = {entry["name"]: _layer(entry) for entry in config["layers"]}
    tensors: dict[tuple[str, int], list[SymbolicTensor]] = {
        (name, 0): [layer.output] for name, layer in layers.items() if isinstance(layer, InputLayer)
    }
    waiting = [
        (entry["name"], i, call)
        for entry in config["layers"]
        for i, call in enumerate(entry["inbound_nodes"])
    ]

    def find(history):
        name, node, index = history
        return tensors[name, node][index]

    def real(value):
        kind = value.get("class_name") if isinstance(value, dict) else None
        if kind == TENSOR:
            return find(value["config"]["keras_history"])
        if kind == "__tuple__":
            return tuple(real(v) for v in value["items"])
        if kind == "__slice__":
            return slice(*value["items"])
        if kind == "__ellipsis__":
            return Ellipsis
        if kind == "__array__":
            return jnp.asarray(value["config"]["value"], value["config"]["dtype"])
        if isinstance(value, dict) and kind is None:
            return {k: real(v) for k, v in value.items()}
        if isinstance(value, list):
            return [real(v) for v in value]
        return deserialize(value)

    while waiting:
        later = []
        for name, i, call in waiting:
            try:
                args = [real(a) for a in call["args"]]
                kwargs = real(call["kwargs"])
            except KeyError:
                later.append((name, i, call))
                continue
            tensors[name, i] = symbolic_leaves(layers[name](*args, **kwargs))
        if len(later) == len(waiting):
            stuck = sorted({name for name, _, _ in later})
            raise ValueError(f"A configuration's layers {stuck} have inputs that nothing makes.")
        waiting = later
    return _places(config["input_layers"], find), _places(config["output_layers"], find)


def _places(value, find):
    """A tree of `[name, node, index]` as a tree of tensors."""
    if isinstance(value, dict):
        return {k: _places(v, find) for k, v in value.items()}
    if len(value) == 3 and isinstance(value[0], str):
        return find(value)
    return [_places(v, find) for v in value]


def _layer(entry):
    if entry["class_name"] == "InputLayer":
        config = entry["config"]
        shape, dtype = tuple(config["batch_shape"]), config["dtype"]
        return Input(batch_shape=shape, dtype=dtype, name=config["name"]).node.layer
    return deserialize(entry)


def _inner_name(tensor: SymbolicTensor) -> str:
    """The name of the `Input` that stands for a tensor inside another graph."""
    return f"{tensor.name}_input"
