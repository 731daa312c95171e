"""The graph that is exported: a model's own, or one traced through the `call` of its class."""

from __future__ import annotations

import contextlib

from cello.layers.embedding import Embedding
from cello.layers.input import Input
from cello.models.graph import Graph
from cello.models.model import Model
from cello.models.sequential import Sequential


@contextlib.contextmanager
def graph_of(model, inputs=None):
    """The graph of `model`: its own, or one traced through its class's `call`."""
    own = model.call_graph if runs_its_graph(model) else None
    late = isinstance(model, Sequential) and model.shape_from_data
    if own is not None and not late and inputs is None:
        yield own
        return
    if not isinstance(model, Model) or not model.built:
        raise ValueError(f"{model} is not built yet: call it on data first, then export it.")
    recorded = {layer: list(layer.graph_nodes) for layer in model.flatten_layers()}
    try:
        yield _trace(model, _inputs(model, inputs), own)
    finally:
        for layer, nodes in recorded.items():
            layer.graph_nodes[:] = nodes


def runs_its_graph(model) -> bool:
    """Whether the graph of `model` is what it computes: not where its class has its own `call`."""
    return type(model).call in (Model.call, Sequential.call)


def _inputs(model, inputs):
    """What to call `model` on."""
    if inputs is not None:
        return inputs
    if model.call_graph is not None and not runs_its_graph(model):
        return model.input
    if isinstance(model, Sequential) and model.call_graph is not None:
        start = model.inputs[0]  # the data that came first fixed a length that is free
        symbols = isinstance(model.layers[0], Embedding)
        features = [None] if symbols and start.ndim > 1 else start.shape[1:][-1:]
        shape = (start.shape[0], *[None] * (start.ndim - 2), *features)
        return Input(batch_shape=shape, dtype=start.dtype, name=start.name)
    for node in model.graph_nodes:
        if not node.kwargs and len(node.args) == 1:
            return node.args[0]
    raise ValueError(
        f"{model} has a call of its own, and which inputs it takes is not known: say it, "
        'model.export("m.onnx", inputs=Input((None, 8))), or with a tree of them.'
    )


def _trace(model, inputs, own: Graph | None) -> Graph:
    try:
        outputs = model.call(inputs)
        return Graph(inputs, outputs, model.name)
    except Exception as error:
        if own is not None:
            return own  # its layers need the sizes of the first data
        raise ValueError(
            f"{model} cannot be traced: its call computes with something else than layers and "
            f"functions of cello.ops ({error}). Write it with these, or as Model(inputs, outputs)."
        ) from error
