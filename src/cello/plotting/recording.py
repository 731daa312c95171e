"""What a recurrent layer inside a model is given, and what becomes of it."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from cello.cells.attention import AttentionCell
from cello.cells.projecting import LearnedCell
from cello.cells.stacked import StackedRNNCells
from cello.cells.steps import Passage, StepObserver
from cello.core.layer import Layer
from cello.core.variable import Binding
from cello.layers.bidirectional import Bidirectional
from cello.layers.rnn import RNN


def find_recurrent_layers(model, layer, what: str) -> list[RNN]:
    """The recurrent layers in `model`, in the order of its layers.

    Args:
        model: a model, or a recurrent layer itself.
        layer: the name of the one that is wanted, or the layer; all where `None`.
        what: name of the caller, for messages.

    Raises:
        ValueError: where there is none.
    """
    if not isinstance(model, Layer):
        raise TypeError(f"{what} needs a model or a layer and got {type(model).__name__}.")
    inside = model.flatten_layers()
    found = [v for v in inside if isinstance(v, RNN)]
    if not found:
        built = "" if model.built else " It is not built yet: call it on data first."
        raise ValueError(f"{what}: {model} has no recurrent layer.{built}")
    if layer is None:
        return found
    name = layer.name if isinstance(layer, Layer) else layer
    for candidate in inside:
        if candidate.name == name and isinstance(candidate, Bidirectional):
            two = candidate.forward_layer.name, candidate.backward_layer.name
            raise ValueError(f"{what}: {candidate} runs two layers, {two}: name one of them.")
    chosen = [v for v in found if v.name == name]
    if not chosen:
        raise ValueError(
            f"{what}: {model} has no recurrent layer {name!r}. Its recurrent layers: "
            f"{[v.name for v in found]}."
        )
    return chosen


def record(model, x, layer: RNN, what: str) -> Passage:
    """Run `model` on one input, and see what `layer` does there.

    Nothing changes: states and random generators are as before.

    Raises:
        ValueError: if `x` is not one input, or the layer is not called just once and directly.
    """
    for array in jax.tree.leaves(x):
        if jnp.ndim(array) < 2 or jnp.shape(array)[0] != 1:
            raise ValueError(
                f"{what} shows one sequence and needs x with a batch of one, (1, time, ...). It "
                f"has the shape {jnp.shape(array)}: pass x[:1] of a batch, x[None] of a sequence."
            )
    with Binding(), StepObserver([layer]) as seen:
        model(x, training=False)
    for passage in seen.passages:
        leaves = jax.tree.leaves((passage.inputs, passage.start))
        if any(isinstance(leaf, jax.core.Tracer) for leaf in leaves) or leaves[0].shape[0] != 1:
            raise ValueError(
                f"{what}: {layer} is not run on {model}'s input as one sequence, but within "
                "another layer's loop or on its steps. Pass that layer's own input to the layer."
            )
    if len(seen.passages) != 1:
        raise ValueError(
            f"{what}: {model} calls {layer} {len(seen.passages)} times, and not once: make a model "
            "of the call that is meant, Model(inputs, output)."
        )
    return seen.passages[0]


def name_states(cell) -> list[str]:
    """The names of a cell's states, in the order of `jax.tree.leaves`: `h`, `c` where known."""
    if isinstance(cell, LearnedCell):
        return list(cell.recurrence.states)
    if isinstance(cell, AttentionCell):
        inner = name_states(cell.cell)
        return ["a", *inner] if cell.mechanism == "luong" else inner
    if isinstance(cell, StackedRNNCells):
        each = [name_states(c) for c in cell.cells]
        return [f"{n}{i}" for i, names in enumerate(each, 1) for n in names]
    size = cell.state_size
    several = list(size) if isinstance(size, tuple) else size  # within it, a tuple is a shape
    count = len(jax.tree.leaves(several, is_leaf=_is_shape))
    return ["s"] if count == 1 else [f"s{i}" for i in range(count)]


def _is_shape(value) -> bool:
    return isinstance(value, tuple) and all(isinstance(d, int) for d in value)
