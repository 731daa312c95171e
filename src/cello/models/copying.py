"""Models of the same layers with new weights, from a model and from JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cello.core.files import parse_json
from cello.core.layer import Layer
from cello.core.serialization import custom_object_scope, deserialize
from cello.core.symbolic import SymbolicTensor, replace_symbolic, symbolic_leaves
from cello.layers.function import Lambda
from cello.layers.input import Input
from cello.models.graph import input_name
from cello.models.model import Model
from cello.models.sequential import Sequential


def clone_layer(layer: Layer) -> Layer:
    """A layer with the configuration of this one, and weights of its own."""
    inside = layer.flatten_layers()
    known = {type(v).__name__: type(v) for v in inside}
    functions = {v.name: v.function for v in inside if isinstance(v, Lambda)}
    with custom_object_scope(known | functions):
        return type(layer).from_config(layer.get_config())


def clone_model(
    model: Model,
    input_tensors=None,
    clone_function: Callable[[Layer], Layer] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
) -> Model:
    """A model of the same layers, connected in the same way, with new weights.

    Args:
        model: a model of a graph, or a `Sequential`.
        input_tensors: symbolic tensors in place of new `Input`s; as the model's `inputs`.
        clone_function: function of a layer that returns the one to stand in its place; where
            `None`, one with the same configuration.
        call_function: function of a layer and the arguments of its call that returns the outputs.
        recursive: whether the layers of models inside are cloned one by one, too.

    Raises:
        ValueError: for a model without a graph.
    """
    cloned = clone_function or clone_layer

    def clone(layer):
        if recursive and isinstance(layer, Model):
            return clone_model(layer, None, clone_function, call_function, True)
        return cloned(layer)

    if isinstance(model, Sequential) and call_function is None:
        starts = [input_tensors] if isinstance(input_tensors, SymbolicTensor) else input_tensors
        old = model.inputs if model.call_graph is not None else []
        starts = starts or [_input_like(tensor) for tensor in old]
        return Sequential([*starts, *map(clone, model.layers)], name=model.name)
    graph = model.whole_graph
    if graph is None or type(model).call is not Model.call:
        raise ValueError(
            f"clone_model: {model} has no graph, so its class alone knows its layers: make another "
            f"one, {type(model).__name__}.from_config(model.get_config()) say."
        )
    given = symbolic_leaves(input_tensors) or [_input_like(t) for t in graph.flat_inputs]
    known = {id(t): new for t, new in zip(graph.flat_inputs, given, strict=True)}
    inputs = replace_symbolic(graph.inputs, lambda t: known[id(t)])
    copies: dict[Layer, Layer] = {}
    for node in graph.nodes:
        made = symbolic_leaves(node.outputs)
        if node.is_input or all(id(t) in known for t in made):
            continue
        if node.layer not in copies:
            copies[node.layer] = clone(node.layer)
        args, kwargs = replace_symbolic((node.args, node.kwargs), lambda t: known[id(t)])
        layer = copies[node.layer]
        outputs = call_function(layer, *args, **kwargs) if call_function else layer(*args, **kwargs)
        for tensor, new in zip(made, symbolic_leaves(outputs), strict=True):
            known.setdefault(id(tensor), new)
    outputs = replace_symbolic(graph.outputs, lambda t: known[id(t)])
    return Model(inputs, outputs, name=model.name)


def _input_like(tensor: SymbolicTensor) -> SymbolicTensor:
    name = tensor.node.layer.name if tensor.node.is_input else input_name(tensor)
    return Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=name)


def model_from_json(text: str, custom_objects: dict[str, Any] | None = None) -> Model:
    """The model that `to_json` described, with new weights. No code is run.

    Args:
        text: what `to_json` returned, Cello's or Keras'.
        custom_objects: name to class or function, for what is not of the library.
    """
    with custom_object_scope(custom_objects):
        model = deserialize(parse_json(text, "model_from_json: the text"))
    if not isinstance(model, Model):
        raise ValueError(
            f"model_from_json: the text describes a {type(model).__name__} and no model: pass what "
            "model.to_json() gave."
        )
    return model
