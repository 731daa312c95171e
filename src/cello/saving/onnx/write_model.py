"""`model.export("m.onnx")`: a model as an ONNX file.

The calls that a model's graph recorded are walked in order; a table says for each class of layer
which operators compute what its `call` computes at inference. Recurrent layers become ONNX's own
`LSTM`, `GRU` and `RNN`; nothing becomes a loop.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import numpy as np

from cello.core.files import replacing
from cello.core.layer import Layer
from cello.core.symbolic import SymbolicTensor, replace_symbolic, show_shape, symbolic_leaves
from cello.core.version import VERSION
from cello.models.graph import Graph
from cello.saving.onnx.builder import OPSETS, Builder, Value
from cello.saving.onnx.tracing import graph_of
from cello.saving.onnx.write_layers import exporter_of, mask_rule


def write_onnx(model, filepath, *, opset: int = 17, states: bool = False, inputs=None) -> None:
    """Write `model` as an ONNX file, for inference.

    Inputs and outputs have the names of the model (`model.input_names`; an output has the name of
    its layer). The batch, and every size that an `Input` leaves open, is free in the file. Masks
    that `Embedding(mask_zero=True)` and `Masking` make are honoured as in Cello.

    A layer with `stateful=True` is written in its streaming form: each of its states is an input
    of the file, `lstm/h` and `lstm/c` (`(batch, units)`; what a
    sequence starts from where it is left out), and the
    states after the last step are outputs, `lstm/h_next` and `lstm/c_next`, to be fed with the next
    piece of the sequences. Layers inside another have its name in front, as in
    `model.get_states`: `bidirectional/forward_lstm/h`, `inner_model/gru/h`; cells in a row are
    numbered: `rnn/0/h`.

    Args:
        model: a built model.
        filepath: where to write.
        opset: version of the operators, 17 to 23.
        states: write every recurrent layer in the streaming form, stateful or not. Layers that need
            the whole sequence (`Bidirectional`, `go_backwards`) are refused.
        inputs: for a model whose class has a `call` of its own: what to call it on, an `Input` or a
            tree of them.

    Raises:
        ImportError: where the package onnx is not installed.
        ValueError: where ONNX cannot say what a layer does; the layer is named, and no file is
            written. Also where the weights take more than 2 GB.
    """
    if opset not in OPSETS:
        raise ValueError(
            f"{model}.export: opset must be from {OPSETS[0]} to {OPSETS[-1]}. "
            f"Received: opset={opset!r}"
        )
    proto = _to_onnx(model, opset, states, inputs)
    with replacing(filepath) as temporary:
        temporary.write_bytes(proto.SerializeToString())


def _to_onnx(model, opset: int, states: bool, inputs):
    """`model` as a `ModelProto`."""
    b = Builder(opset)
    with graph_of(model, inputs) as graph:
        names = _Names(graph)
        values = [b.input(b.unique(t.name), t.dtype, names.shape(t)) for t in graph.flat_inputs]
        exporter = Exporter(b, states)
        tree = exporter.graph(graph, values)
        for tensor, value in zip(graph.flat_outputs, jax.tree.leaves(tree), strict=True):
            several = len(symbolic_leaves(tensor.node.outputs)) > 1
            name = b.unique(tensor.name if several else tensor.node.layer.name)
            b.output(name, value, names.shape(tensor))
        for name, value in exporter.next_states.items():
            b.output(name, value, ("batch", value.shape[-1]))  # type: ignore[index]
    return b.model(model.name, VERSION, f"{model}, written by Cello {VERSION}")


class _Names:
    """Names for the free sizes of a graph: the batch, `time`, `time_1`, ..."""

    def __init__(self, graph: Graph):
        self.names: dict[Any, str] = {}
        self.batches = {str(t.spec.shape[0]) for t in graph.flat_inputs if t.ndim}
        for tensor in graph.flat_inputs:
            for size in tensor.spec.shape[1:]:
                if not isinstance(size, int) and str(size) not in self.names:
                    n = len(self.names)
                    self.names[str(size)] = f"time_{n}" if n else "time"

    def shape(self, tensor: SymbolicTensor) -> list[Any]:
        """The shape to declare; the batch is free although an `Input` may have fixed it."""
        shape = [d if isinstance(d, int) else self.names.get(str(d)) for d in tensor.spec.shape]
        if shape and str(tensor.spec.shape[0]) in self.batches:
            shape[0] = "batch"
        return shape


# ------------------------------------------------------------------------------------ the walk


class Exporter:
    """Turns recorded calls into nodes.

    Attributes:
        b: where the nodes go.
        specs: shapes and dtypes of the outputs of the call that is being written, where known.
        next_states: the states to hand on, by their names in the file.
    """

    def __init__(self, builder: Builder, states: bool):
        self.b = builder
        self.streaming = states
        self.specs: list[Any] | None = None
        self.in_rows = 0
        self.next_states: dict[str, Value] = {}
        self._stateful: dict[int, list[str]] = {}

    def graph(self, graph: Graph, values: list[Value]):
        """The outputs of `graph` for `values`, in its own nesting."""
        known = {id(t): v for t, v in zip(graph.flat_inputs, values, strict=True)}
        for node in graph.nodes:
            tensors = symbolic_leaves(node.outputs)
            if node.is_input or all(id(t) in known for t in tensors):
                continue
            args, kwargs = replace_symbolic((node.args, node.kwargs), lambda t: known[id(t)])
            outputs = self.call(node.layer, args, kwargs, [_spec(t) for t in tensors])
            for tensor, value in zip(tensors, outputs, strict=True):
                known.setdefault(id(tensor), value)
        return replace_symbolic(graph.outputs, lambda t: known[id(t)])

    def call(self, layer: Layer, args, kwargs, specs=None) -> list[Value]:
        """The outputs of one call of `layer`, as a flat list; their masks go with them."""
        export, rule = exporter_of(layer), mask_rule(layer)
        _check_dtype(layer)
        outer, self.specs = self.specs, specs
        with self.b.scope(layer.name):
            bound, _ = layer.bind_call(args, kwargs)
            arguments = bound.arguments
            masks = _pass_masks(layer, arguments)
            outputs = jax.tree.leaves(export(self, layer, *bound.args, **bound.kwargs))
            if specs is not None:
                outputs = [self._set_type(v, s) for v, s in zip(outputs, specs, strict=True)]
            inputs = next(iter(arguments.values()), None)
            mask = rule(self, layer, inputs, masks)
        self.specs = outer
        if mask is None:
            return outputs
        flat = list(mask) if isinstance(mask, (list, tuple)) else [mask]
        for i, m in enumerate(flat[: len(outputs)]):
            if m is not None:
                outputs[i] = dataclasses.replace(outputs[i], mask=m)
        return outputs

    def _set_type(self, value: Value, spec) -> Value:
        """`value` with the shape and the dtype that the graph recorded."""
        mask = value.mask
        value = self.b.cast(value, spec.dtype)
        return dataclasses.replace(value, shape=show_shape(spec.shape), mask=mask)

    def batch(self, x: Value) -> Value:
        """The batch size, a vector of one."""
        return self.b.sizes(x, 0, 1)

    # ---------------------------------------------------------------------------- states

    def streams(self, layer) -> bool:
        """Whether the states of `layer` are inputs and outputs of the file."""
        return layer.stateful or (self.streaming and not self.in_rows)

    def states(
        self, layer, sizes: dict[str, int], like: Value, dtype, starts_from=None
    ) -> list[Value]:
        """The states that `layer` starts from: inputs of the file, `path/name` by their sizes.

        One that is left out is what `starts_from` has under its name, `(1, units)`, or zeros. A
        stateful layer that is called again goes on from where its last call ended.
        """
        b = self.b
        if layer.stateful and id(layer) in self._stateful:
            return [self.next_states[name] for name in self._stateful[id(layer)]]
        starts, keys = [], []
        for key, units in sizes.items():
            default = np.zeros((1, units), dtype) if starts_from is None else starts_from[key]
            name = b.unique(b.add_path(key))
            after = b.unique(f"{name}_next")
            given = b.input(name, dtype, ("batch", units))
            b.default(name, default)
            shape = b.shape(self.batch(like), units)
            starts.append(dataclasses.replace(b.op("Expand", given, shape), shape=(None, units)))
            keys.append(after)
        self._stateful[id(layer)] = keys
        self.next_states.update(zip(keys, starts, strict=True))
        return starts

    def keep_states(self, layer, states: list[Value]) -> None:
        """Hand the states after the last step on."""
        for name, value in zip(self._stateful[id(layer)], states, strict=True):
            shape = self.next_states[name].shape
            self.next_states[name] = dataclasses.replace(value, shape=shape)


def _pass_masks(layer: Layer, arguments):
    """As `Layer._pass_masks`, with the masks of values."""
    if not arguments:
        return None
    given = arguments.get("mask")
    if given is not None:
        return given
    inputs = next(iter(arguments.values()))
    masks = jax.tree.map(lambda v: v.mask if isinstance(v, Value) else None, inputs)
    if isinstance(inputs, (list, tuple, dict)) and not jax.tree.leaves(masks):
        masks = None
    if masks is not None and "mask" in layer.call_signature.parameters:
        arguments["mask"] = masks
    return masks


def _spec(tensor: SymbolicTensor):
    """The shape of a tensor and its dtype; float32 for what a layer in mixed precision gives."""
    dtype = "float32" if tensor.dtype == "bfloat16" else tensor.dtype
    return jax.ShapeDtypeStruct(tensor.spec.shape, np.dtype(dtype))


def _check_dtype(layer: Layer) -> None:
    if layer.dtype == "bfloat16":
        raise ValueError(
            f"{layer} computes in bfloat16, which ONNX's runtimes do not: set its dtype to "
            "'float32' and give it the same weights."
        )
