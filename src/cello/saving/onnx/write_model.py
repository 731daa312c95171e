"""`model.export("m.onnx")`: a model as an ONNX file.

The model is traced with free sizes for the batch and for time, and the equations of JAX that it is
made of are written one after the other. Recurrent layers become ONNX's own `LSTM`, `GRU` and `RNN`
if they compute the same, and else a `Scan` over their step.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cello.core.files import replacing
from cello.core.symbolic import symbolic_leaves
from cello.core.version import VERSION
from cello.lowering.real import is_complex, without_complex
from cello.lowering.tracing import trace_model
from cello.models.states import stateful_layers
from cello.saving.onnx import rules  # noqa: F401  each registers itself
from cello.saving.onnx.builder import OPSETS, Builder
from cello.saving.onnx.lower import Writer
from cello.saving.onnx.rules.recurrent import pair
from cello.saving.onnx.states import States, states_of
from cello.saving.onnx.tracing import (
    Recurrences,
    runs_its_graph,
    trace_with_least,
    trees_of_inputs,
)


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
    traced = trace_with_least(
        lambda tree, specs: _Traced(model, tree, specs, states), trees_of_inputs(model, inputs)
    )
    tensors = traced.inputs
    if any(map(is_complex, [*(t.spec for t in tensors), *jax.tree.leaves(traced.outputs)])):
        raise ValueError(
            f"{model} cannot be exported to ONNX: its inputs or outputs are complex numbers, which "
            "ONNX's runtimes have not. Let it take and give real and imaginary parts."
        )
    flat = pair(without_complex(traced.flat), traced.recurrences)
    w = Writer(b, traced.recurrences)
    names = _Names(flat.inputs)
    given = []
    for tensor, array in zip(tensors, flat.inputs, strict=False):
        value = b.input(b.unique(tensor.name), array.dtype, names.shape(array.shape))
        given.append(w.with_shape(value, array.shape))
        w.take_sizes(given[-1])
    after = []
    for (name, start), array in zip(traced.starts, flat.inputs[len(tensors) :], strict=True):
        name = b.unique(name)
        after.append(b.unique(f"{name}_next"))
        value = b.input(name, array.dtype, names.shape(array.shape))
        b.default(name, start)
        given.append(w.with_shape(value, start.shape))
    found = w.run(flat, given)
    wanted = [b.unique(name) for name in traced.output_names(model)]
    for name, value in zip([*wanted, *after], found, strict=True):
        b.output(name, value, names.shape(value.shape))
    return b.model(model.name, VERSION, f"{model}, written by Cello {VERSION}")


class _Traced:
    """A model, traced.

    Attributes:
        inputs: the symbolic tensors that it was called on.
        flat: its equations; inputs and outputs, and behind them the states.
        starts: name of each state to what it is if it is left out.
    """

    def __init__(self, model, tree, specs, every: bool):
        self.inputs = symbolic_leaves(tree)
        structure = jax.tree.structure(tree)
        carries: list[States] = []

        def function(leaves, states):
            before = dict(zip(carries[0].kept, states, strict=True)) if carries else {}
            with States(before, every) as carry:
                outputs = model(jax.tree.unflatten(structure, leaves), training=False)
            carries.append(carry)
            return jax.tree.map(jnp.asarray, outputs), list(carry.kept.values())

        kept: list[Any] = []
        self.starts: list[tuple[str, Any]] = []
        if every or stateful_layers(model):
            with Recurrences():
                _, kept = jax.eval_shape(function, specs, [])
            self.starts = states_of(carries[0], kept)
        watching = Recurrences()
        self.flat, shapes = trace_model(model, function, specs, kept, watching=watching)
        self.outputs, self.recurrences = shapes[0], watching.found

    def output_names(self, model) -> list[str]:
        """A name for each output: that of its layer if the model has a graph."""
        leaves = jax.tree.leaves(self.outputs)
        if not runs_its_graph(model):
            return [f"output_{n}" if n else "output" for n in range(len(leaves))]
        tensors = model.call_graph.flat_outputs
        several = [len(symbolic_leaves(t.node.outputs)) > 1 for t in tensors]
        return [t.name if s else t.node.layer.name for t, s in zip(tensors, several, strict=True)]


class _Names:
    """Names for the free sizes: the batch, `time`, `time_1`, ..."""

    def __init__(self, arrays):
        self.names: dict[str, str] = {}
        for size in (d for a in arrays for d in a.shape if not isinstance(d, int)):
            if str(size) != "batch" and str(size) not in self.names:
                n = len(self.names)
                self.names[str(size)] = f"time_{n}" if n else "time"

    def shape(self, sizes) -> list[Any]:
        return [
            d if isinstance(d, int) else "batch" if str(d) == "batch" else self.names.get(str(d))
            for d in sizes
        ]
