"""The states of the stateful layers of a model, by the paths of the layers."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from cello.core.layer import Layer
from cello.core.variable import Variable
from cello.layers.rnn import RNN


def stateful_layers(layer: Layer, path: str = "") -> dict[str, RNN]:
    """The stateful recurrent layers inside `layer`, each once, by their paths: `inner/lstm`."""
    found: dict[str, RNN] = {}
    for inner in layer.sublayers:
        here = f"{path}/{inner.name}".strip("/")
        if isinstance(inner, RNN) and inner.stateful:
            more = {here: inner}
        else:
            more = stateful_layers(inner, here)
        found.update({p: v for p, v in more.items() if v not in found.values()})
    return found


def get_states(model: Layer) -> dict[str, Any]:
    """The states of every stateful layer as NumPy arrays, in the nesting of its cell."""
    return {
        path: jax.tree.map(lambda v: v.numpy(), layer.states, is_leaf=_is_variable)
        for path, layer in stateful_layers(model).items()
        if layer.states is not None
    }


def set_states(model: Layer, states: dict[str, Any]) -> None:
    """Give the stateful layers of `model` these states, as `get_states` returned them.

    All are checked before the first is changed.

    Raises:
        ValueError: where layers are missing or unknown, or a state has another form; it is named.
    """
    layers = {p: v for p, v in stateful_layers(model).items() if v.states is not None}
    if set(layers) != set(states):
        raise ValueError(
            f"{model}.set_states needs the states of {sorted(layers)} and got {sorted(states)}."
        )
    for path, layer in layers.items():
        want = jax.tree.map(lambda v: v.shape, layer.states, is_leaf=_is_variable)
        got = jax.tree.map(np.shape, states[path])
        if want != got:
            raise ValueError(
                f"{model}.set_states: {path!r} has states of the shapes {want} and got {got}."
            )
    for path, layer in layers.items():
        jax.tree.map(lambda v, s: v.assign(s), layer.states, states[path], is_leaf=_is_variable)


def _is_variable(value) -> bool:
    return isinstance(value, Variable)
