"""Models as functions that are traced: every equation named by its layer, each cell by its step."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from cello.cells.steps import repeat_as_wanted
from cello.core.observation import Observer
from cello.core.variable import by_path
from cello.lowering.flat import Flat, flatten
from cello.lowering.ir import KINDS, Buffer
from cello.lowering.names import Unique
from cello.training.state import bind


def trace_model(model, function, *arguments, watching: Observer | None = None) -> tuple[Flat, Any]:
    """A function that calls a model, flat in its arguments; what it gives, as shapes.

    Args:
        model: a built model.
        function: calls it.
        arguments: trees of shapes and dtypes; sizes may be symbols of JAX.
        watching: names the equations and decides what a run of a cell becomes.

    Raises:
        ValueError: if a variable would change, such as that of a random generator.
    """
    watching = Watching() if watching is None else watching
    variables = model.variables
    weights = by_path(variables)
    changing: set[str] = set()

    def bound(values, *arguments):
        with watching, bind((variables, values)) as binding:
            results = function(*arguments)
        changing.update(v.path for v in binding.assigned)
        return results

    given = [v.value for v in weights.values()]
    program, shapes = jax.make_jaxpr(bound, return_shape=True)(given, *arguments)
    known: list[Any] = [
        None if path in changing else (path, value)
        for path, value in zip(weights, given, strict=True)
    ]
    count = known.count(None)
    known += [None] * len(jax.tree.leaves(arguments))
    flat = flatten(program, known)
    used = flat.uses()
    if any(used[array] for array in flat.inputs[:count]):
        raise ValueError(
            f"This model cannot be exported: its outputs depend on {', '.join(sorted(changing))}, "
            "which changes when the model runs. A layer that draws random numbers, or keeps what "
            "it has seen in a variable, may do so in training alone."
        )
    del flat.inputs[:count]
    return flat, shapes


class Watching(Observer):
    """Names the equations of each layer by the layer; recurrences are their step, repeated."""

    def on_call(self, layer, arguments, proceed):
        with jax.named_scope(layer.name):
            return proceed(arguments)

    def on_run(self, cell, inputs, states, run, proceed):
        if jax.tree.leaves(inputs)[0].shape[1]:
            return repeat_as_wanted(cell, inputs, states, run)[0]
        # A piece without a step: one that is masked, cut off.
        empty = jax.tree.map(lambda x: jnp.zeros((x.shape[0], 1, *x.shape[2:]), x.dtype), inputs)
        masked = run.but(mask=jnp.zeros((1, 1), bool))
        outputs, after = repeat_as_wanted(cell, empty, states, masked)[0]
        cut = functools.partial(jax.tree.map, lambda x: x[:, :0])
        return (
            cut(outputs) if run.return_sequences else outputs,
            cut(after) if run.return_all_states else after,
        )


def new_buffer(
    model, unique: Unique, name: str, shape, dtype, role: str, timed: bool = True
) -> Buffer:
    """A buffer for an array of the model, with a name of its own."""
    kind = KINDS.get(str(dtype))
    if kind is None:
        raise ValueError(
            f"{model} cannot be exported: '{name}' has the type {dtype}. Numbers are float32 "
            "there; build the model with dtype='float32'."
        )
    return Buffer(unique(name), tuple(shape), kind, role, comment=name, timed=timed)


def without_rows(shape, timed: bool) -> tuple[int, ...]:
    """Without the axis of the batch, and that of time."""
    return tuple(shape[2:] if timed else shape[1:])


def named_leaves(tree) -> list[tuple[str, Any]]:
    """The leaves of a tree by their paths."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return [(jax.tree_util.keystr(path, simple=True, separator="/"), leaf) for path, leaf in leaves]
