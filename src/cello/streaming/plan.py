"""What a stream of a model is: its inputs, which of them have time, and how it begins."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from cello.core.carry import before_first, examine, with_time
from cello.core.variable import Binding


@dataclass(frozen=True)
class StreamPlan:
    """A model as a stream.

    Attributes:
        model: the model.
        names: of its inputs, if a graph names them.
        structure: the tree of its inputs.
        specs: their shapes and dtypes; `None` is time, the first axis the batch.
        along_time: for each output, whether it has an axis of time, as a tree.
        off_time: for `Carry`.
    """

    model: Any
    names: list[str]
    structure: Any
    specs: list[jax.ShapeDtypeStruct]
    along_time: Any
    off_time: frozenset[str]

    @functools.cached_property
    def timed(self) -> list[bool]:
        """For each input, whether it has an axis of time."""
        return [None in spec.shape[1:2] for spec in self.specs]

    def piece(self, batch_size: int, steps: int) -> list[jax.ShapeDtypeStruct]:
        """The inputs of a piece."""
        return [jax.ShapeDtypeStruct(shape_of(s, batch_size, steps), s.dtype) for s in self.specs]

    def before_first(self, batch_size: int) -> tuple[dict, dict]:
        """`(values, phases)` for the `Carry` of a first piece."""
        step = self.structure.unflatten(self.piece(batch_size, 1))
        return before_first(lambda x: _call(self.model, x), step, self.off_time)


def plan_stream(model, like=None) -> StreamPlan:
    """See how a model runs as a stream.

    Args:
        model: a model that has been built.
        like: for a model without a graph: inputs like those that will come, `(batch, time, ...)`.

    Raises:
        ValueError: if a layer needs later steps, such as `Bidirectional`; it is named.
    """
    names, structure, specs = inputs_of(model, like)
    if not any(None in spec.shape[1:2] for spec in specs):
        raise ValueError(f"{model} has no input with an axis of time: it cannot be a stream.")
    off_time, outputs, _ = examine(model, lambda x: _call(model, x), structure.unflatten(specs))
    along_time = jax.tree.map(
        lambda s: any(not isinstance(size, int) for size in s.shape[1:2]), outputs
    )
    return StreamPlan(model, names, structure, specs, along_time, off_time)


def shape_of(spec, rows: int, steps) -> tuple:
    """The shape of an input with so many rows and steps."""
    return (rows, *[steps if d is None else d for d in spec.shape[1:]])


def _call(model, inputs):
    with Binding():
        return model(inputs, training=False)


def in_order(names: list[str], x):
    """Inputs as they are, those of a dict by name in a list in the order of the model's."""
    if isinstance(x, dict) and names and set(names) <= set(x):
        return [x[name] for name in names]
    return x


def inputs_of(model, like):
    """Names, structure, and shapes and dtypes of the inputs; `None` is time, first the batch."""
    if model.call_graph is not None:
        inputs = model.call_graph.flat_inputs
        names = [t.name for t in inputs]
        structure = jax.tree.structure([0] * len(inputs) if len(inputs) > 1 else 0)
    elif like is not None:
        names = []
        inputs, structure = jax.tree.flatten(jax.tree.map(jnp.asarray, like))
    else:
        raise ValueError(
            f"{model} has no graph that says what its inputs are: pass some as they will come, "
            "like=x with x of shape (batch, time, ...)."
        )

    def spec(shape, dtype):
        time = (None,) if with_time(shape, dtype) else shape[1:2]
        return jax.ShapeDtypeStruct((0, *time, *shape[2:]), jnp.dtype(dtype))

    return names, structure, [spec(t.shape, t.dtype) for t in inputs]
