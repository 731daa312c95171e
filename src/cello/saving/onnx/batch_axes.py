"""Which axis of each input of a file is the batch."""

from __future__ import annotations

from cello.core.loading import AXES
from cello.saving.onnx.file import OnnxGraph, OnnxNode

RECURRENT = ("LSTM", "GRU", "RNN")
_SAME = {
    "Identity", "Cast", "Dropout", "Relu", "Tanh", "Sigmoid", "LeakyRelu", "Elu", "Gelu", "Neg",
    "Softmax", "LayerNormalization", "Slice", "Expand", "Concat", "Split", "Add", "Sub", "Mul",
    "Div", "MatMul", "Where", "Abs", "Exp", "Sqrt", "Softplus", "Clip",
}  # fmt: skip


def batch_axes(graph: OnnxGraph) -> dict[str, int]:
    """Name of an input to its batch axis, where a recurrent node says it.

    A recurrent node takes `(time, batch, features)`, `(batch,)` and `(directions, batch, units)`;
    from there the axis is followed back to the inputs.
    """
    makers = {name: node for node in graph.nodes for name in node.outputs if name}
    inputs = {entry.name: len(entry.shape) for entry in graph.inputs}
    found: dict[str, int] = {}
    seen: set[tuple[str, int]] = set()
    for node in graph.nodes:
        if node.kind in RECURRENT:
            for place, axis in ((0, 1), (5, 1), (6, 1), (4, 0)):
                if len(node.inputs) > place:
                    _follow(graph, makers, inputs, found, seen, (node.inputs[place], axis))
    return found


def _follow(graph, makers, inputs, found, seen, start: tuple[str, int]) -> None:
    waiting = [start]
    while waiting:
        name, axis = waiting.pop()
        if (name, axis) in seen or axis >= AXES:
            continue
        seen.add((name, axis))
        if name in inputs:
            if axis < inputs[name]:
                found.setdefault(name, axis)
            continue
        node = makers.get(name)
        if node is not None:
            waiting += [(n, a) for n, a in _before(graph, node, axis) if n]


def _before(graph, node: OnnxNode, axis: int) -> list[tuple[str, int]]:
    """The inputs of `node` whose axis is that axis of its output."""
    kind = node.kind
    if kind in _SAME:
        return [(n, axis) for n in node.inputs[: 1 if kind in ("Slice", "Expand") else None]]
    if kind == "Transpose":
        perm = node.attributes.get("perm")
        return [(node.inputs[0], perm[axis])] if perm and axis < len(perm) else []
    if kind == "Gather" and node.inputs[0] in graph.constants:
        return [(node.inputs[1], axis)]
    if kind in ("Unsqueeze", "Squeeze"):
        axes = node.attributes.get("axes")
        if axes is None and len(node.inputs) > 1 and node.inputs[1] in graph.constants:
            axes = graph.constants[node.inputs[1]].reshape(-1).tolist()
        if axes and all(a >= 0 for a in axes):
            less = sum(a < axis for a in axes)
            if kind == "Unsqueeze" and axis not in axes:
                return [(node.inputs[0], axis - less)]
            if kind == "Squeeze":
                for a in sorted(axes):
                    axis += a <= axis
                return [(node.inputs[0], axis)]
    return []
