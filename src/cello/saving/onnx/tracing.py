"""A model as a traced function of its inputs, with free sizes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import jax
from jax.extend.core import Primitive

from cello.cells import StackedRNNCells
from cello.cells.loop import repeat_step
from cello.core.masking import get_mask, set_mask
from cello.core.symbolic import BATCH, SymbolicTensor, symbolic_leaves, with_simple_sizes
from cello.layers.embedding import Embedding
from cello.layers.input import Input
from cello.lowering.flat import WHOLE
from cello.lowering.tracing import Watching
from cello.models.model import Model
from cello.models.sequential import Sequential
from cello.ops.recurrence import hide_masked
from cello.saving.onnx.forms import Recurrence, recurrence_of

SAME = Primitive("same")
"""An array whose free sizes are called otherwise."""


@SAME.def_abstract_eval
def _renamed(x, *, shape):
    return x.update(shape=shape)


def _with_simple_sizes(x):
    """`x`, and its mask, with new names for sizes that JAX would compare for long."""
    mask = get_mask(x)
    shape = with_simple_sizes(x).shape
    if shape == x.shape:
        return x
    renamed = SAME.bind(x, shape=shape)
    set_mask(renamed, None if mask is None else _with_simple_sizes(mask))
    return renamed


class Recurrences(Watching):
    """Names the equations of each layer, and keeps each run for which there is an operator whole.

    Attributes:
        found: these runs by the names of their equations.
    """

    def __init__(self):
        self.found: dict[str, Recurrence] = {}
        self._within_steps = 0

    def on_call(self, layer, arguments, proceed):
        outputs = super().on_call(layer, arguments, proceed)
        if self._within_steps:  # what is in a loop cannot name sizes for what is around it
            return outputs
        return jax.tree.map(_with_simple_sizes, outputs)

    def on_run(self, cell, inputs, states, run, proceed):
        if isinstance(cell, StackedRNNCells):
            return proceed(inputs, states, run)  # which runs one cell after the other
        found = recurrence_of(cell.itself, inputs, run)
        if found is None:
            inputs, run = run.in_order(inputs)
            self._within_steps += 1
            outputs, after = repeat_step(cell, hide_masked(inputs, run.mask), states, run)
            self._within_steps -= 1
            return outputs, jax.tree.unflatten(jax.tree.structure(states), jax.tree.leaves(after))

        def whole(inputs, states, mask):
            return proceed(inputs, states, run.but(mask=mask))

        whole.__name__ = f"{WHOLE}{len(self.found)}"
        self.found[whole.__name__] = found
        return jax.jit(whole)(inputs, states, run.mask)


def runs_its_graph(model) -> bool:
    """Whether the graph of `model` is what it computes: not if its class has its own `call`."""
    return model.call_graph is not None and type(model).call in (Model.call, Sequential.call)


def trees_of_inputs(model, inputs=None) -> list[Any]:
    """Trees of symbolic tensors on which a model may be called, to be tried one after the other."""
    if not isinstance(model, Model) or not model.built:
        raise ValueError(f"{model} is not built yet: call it on data first, then export it.")
    if inputs is not None:
        return [inputs]
    if model.call_graph is not None:
        own = model.call_graph.inputs
        if isinstance(model, Sequential) and model.shape_from_data:
            return [_with_free_length(model), own]
        return [own]
    for node in model.graph_nodes:
        if not node.kwargs and len(node.args) == 1:
            return [node.args[0]]
    raise ValueError(
        f"{model} has a call of its own, and which inputs it takes is not known: say it, "
        'model.export("m.onnx", inputs=Input((None, 8))), or with a tree of them.'
    )


def _with_free_length(model: Sequential) -> Any:
    """The input of a row of layers, when the data that came first may have fixed a length."""
    start = model.inputs[0]
    symbols = isinstance(model.layers[0], Embedding)
    features = [None] if symbols and start.ndim > 1 else start.shape[1:][-1:]
    shape = (start.shape[0], *[None] * (start.ndim - 2), *features)
    return Input(batch_shape=shape, dtype=start.dtype, name=start.name)


def specs_of(tensors: list[SymbolicTensor]) -> Iterator[list[jax.ShapeDtypeStruct]]:
    """Shapes to trace with, from all free sizes different to all the same.

    Which of them are equal (two sequences may be added, or one look at the other) only the layers
    know: the first shapes with which a model can be traced are those that ask least.
    """
    symbols = [d for t in tensors for d in t.spec.shape[1:] if not isinstance(d, int)]
    for same in _groupings(list(dict.fromkeys(symbols))):
        yield [
            jax.ShapeDtypeStruct(
                (BATCH, *[same.get(d, d) for d in t.spec.shape[1:]])[: t.ndim], t.spec.dtype
            )
            for t in tensors
        ]


def _groupings(symbols: list[Any]) -> Iterator[dict[Any, Any]]:
    """Symbol to that in whose place it stands, in all ways; of more than five: two ways."""
    if len(symbols) > 5:
        yield {}
        yield dict.fromkeys(symbols, symbols[0])
        return
    ways = itertools.product(*[range(n + 1) for n in range(len(symbols))])
    for way in sorted(ways, key=lambda way: -len(set(way))):
        if all(way[first] == first for first in way):
            yield {s: symbols[n] for s, n in zip(symbols, way, strict=True)}


def trace_with_least(trace: Callable[[Any, list[Any]], Any], trees: list[Any]) -> Any:
    """What `trace` gives for the first inputs and shapes with which it can be done."""
    errors: list[Exception] = []
    for tree in trees:
        for specs in specs_of(symbolic_leaves(tree)):
            try:
                return trace(tree, specs)
            except Exception as error:
                errors.append(error)
    raise errors[-1]
