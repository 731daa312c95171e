"""The graph of a functional model: which calls lead from its inputs to its outputs."""

from __future__ import annotations

import functools
from typing import Any

import jax

from cello.core.layer import Layer
from cello.core.symbolic import Node, SymbolicTensor, replace_symbolic, symbolic_leaves
from cello.layers.input import InputLayer


class Graph:
    """The recorded calls between `inputs` and `outputs`, in an order in which they can run.

    Args:
        inputs, outputs: trees of symbolic tensors. An input may be any tensor, not only an `Input`.
        name: the model's name, for messages.

    Attributes:
        nodes: the calls, each after those it needs.
        layers: the layers, in the order of Keras: by distance from the outputs.
    """

    def __init__(self, inputs, outputs, name: str):
        _check_tensors(inputs, "inputs", name)
        _check_tensors(outputs, "outputs", name)
        self.inputs = inputs
        self.outputs = outputs
        self.name = name
        self.nodes, found = self._trace()
        self._check_reachable(found)
        self.layers = self._ordered_layers()
        self._check_names()

    def __getstate__(self):
        """For `pickle` and `copy`: the calls in their order, so that none is met through others."""
        return {"nodes": self.nodes, **vars(self)}

    @property
    def flat_inputs(self) -> list[SymbolicTensor]:
        return symbolic_leaves(self.inputs)

    @property
    def flat_outputs(self) -> list[SymbolicTensor]:
        return symbolic_leaves(self.outputs)

    @functools.cached_property
    def inner_inputs(self) -> list[InputLayer]:
        """A layer for each input that is a tensor inside another graph."""
        inner = [t for t in self.flat_inputs if not t.node.is_input]
        return [InputLayer(t.shape, dtype=t.dtype, name=input_name(t)) for t in inner]

    def run(self, values: list[Any]):
        """The outputs for `values`, one for each of `flat_inputs`."""
        known = {id(t): v for t, v in zip(self.flat_inputs, values, strict=True)}
        for node in self.nodes:
            if node.is_input or all(id(t) in known for t in symbolic_leaves(node.outputs)):
                continue
            args, kwargs = replace_symbolic((node.args, node.kwargs), lambda t: known[id(t)])
            outputs = node.layer(*args, **kwargs)
            leaves = jax.tree.leaves(outputs)
            for tensor, value in zip(symbolic_leaves(node.outputs), leaves, strict=True):
                known.setdefault(id(tensor), value)
        return replace_symbolic(self.outputs, lambda t: known[id(t)])

    def _trace(self):
        """The nodes behind the outputs, and the inputs that were met on the way."""
        given = {id(t) for t in self.flat_inputs}
        nodes: dict[Node, None] = {}
        met: set[int] = set()

        def visit(tensor):
            if id(tensor) in given:
                met.add(id(tensor))
                if not tensor.node.is_input:
                    return
            stack = [(tensor.node, iter(tensor.node.inputs))]
            opened = {tensor.node}
            while stack:
                node, inputs = stack[-1]
                if node in nodes:
                    stack.pop()
                    continue
                for t in inputs:
                    if id(t) in given:
                        met.add(id(t))
                        if not t.node.is_input:
                            continue
                    if t.node not in nodes and t.node not in opened:
                        opened.add(t.node)
                        stack.append((t.node, iter(t.node.inputs)))
                        break
                else:
                    nodes[node] = None
                    stack.pop()

        for output in self.flat_outputs:
            visit(output)
        for tensor in self.flat_inputs:  # an input that no output needs is still an input
            if tensor.node.is_input:
                nodes.setdefault(tensor.node)
        return list(nodes), met

    def _check_reachable(self, met: set[int]) -> None:
        given = {id(t) for t in self.flat_inputs}
        missing: dict[str, list[str]] = {}
        reachable = set(given)
        for node in self.nodes:
            lacking = [t.name for t in node.inputs if id(t) not in reachable]
            if node.is_input and not any(id(t) in given for t in symbolic_leaves(node.outputs)):
                missing[str(node.layer)] = []
            elif lacking:
                missing[str(node.layer)] = lacking
            else:
                reachable.update(id(t) for t in symbolic_leaves(node.outputs))
        if not missing:
            return
        inputs = [layer for layer, lacking in missing.items() if not lacking]
        others = [f"{layer} needs {lacking}" for layer, lacking in missing.items() if lacking]
        unused = [t.name for t in self.flat_inputs if id(t) not in met]
        names = [t.name for t in self.flat_inputs]
        raise ValueError(
            f"Model '{self.name}' cannot be computed from its inputs {names}. Not among them, but "
            f"needed: {', '.join(inputs)}. Not reachable: {'; '.join(others) or 'the outputs'}."
            + (f" The given inputs {unused} lead to no output." if unused else "")
            + " Add what is missing to inputs, or take outputs that depend on these inputs only."
        )

    def _ordered_layers(self) -> list[Layer]:
        order: dict[Layer, int] = {}
        for i, layer in enumerate(self._first_visits()):
            order.setdefault(layer, i)
        depth_of_node: dict[Node, int] = {}
        depth_of_layer: dict[Layer, int] = {}
        used = set(self.nodes)
        for node in reversed(self.nodes):
            depth = max(depth_of_node.get(node, 0), depth_of_layer.get(node.layer, 0))
            depth_of_node[node] = depth_of_layer[node.layer] = depth
            for tensor in node.inputs:
                if tensor.node in used:
                    before = depth_of_node.get(tensor.node, 0)
                    depth_of_node[tensor.node] = max(depth + 1, before)
        layers = list(dict.fromkeys(node.layer for node in self.nodes))
        return sorted(layers, key=lambda v: (-depth_of_layer[v], order.get(v, -1)))

    def _first_visits(self):
        """The layers as a walk from the outputs to the inputs meets them."""
        used = set(self.nodes)
        seen: set[Node] = set()
        stack = [t.node for t in reversed(self.flat_outputs)]
        while stack:
            node = stack.pop()
            if node in seen or node not in used:
                continue
            seen.add(node)
            yield node.layer
            stack.extend(t.node for t in reversed(node.inputs))

    def _check_names(self) -> None:
        seen: dict[str, Layer] = {}
        for layer in self.layers:
            if layer.name in seen:
                raise ValueError(
                    f"Model '{self.name}' has two layers called '{layer.name}' "
                    f"({type(seen[layer.name]).__name__} and {type(layer).__name__}): give each "
                    "its own name."
                )
            seen[layer.name] = layer


def input_name(tensor: SymbolicTensor) -> str:
    """The name of the `InputLayer` that stands for a tensor inside another graph."""
    return f"{tensor.name}_input"


def _check_tensors(tensors, what: str, name: str) -> None:
    leaves = jax.tree.leaves(tensors)
    wrong = [type(t).__name__ for t in leaves if not isinstance(t, SymbolicTensor)]
    if wrong or not leaves:
        raise ValueError(
            f"Model '{name}': {what} must be what Input and layers called on it return, and got "
            f"{', '.join(wrong) or 'nothing'}."
        )
