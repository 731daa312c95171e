"""A model as a program over a whole sequence, for those that look at later steps."""

from __future__ import annotations

import functools
import warnings

import jax
import jax.numpy as jnp

from cello.core.masking import MaskDropped, set_mask
from cello.lowering.ir import Buffer, Index, Load, Number, Place
from cello.lowering.lower import Lowering, View, Weights, apply, flat_index, whole
from cello.lowering.module import Change, Module, Step, take_outputs, unchanged
from cello.lowering.names import RESERVED, Unique, identifier
from cello.lowering.settle import settle
from cello.lowering.tracing import named_leaves, new_buffer, trace_model
from cello.lowering.writers.braces import buffers_of
from cello.models.summary import list_layers
from cello.streaming.plan import inputs_of, shape_of


def module_of_sequence(
    model, name: str, steps: int, like=None, change: Change = unchanged
) -> Module:
    """The module of a model that runs over sequences of up to so many steps at once.

    Shorter ones are masked behind their end, so that they give what they give alone.

    Args:
        model: a built model.
        name: what the module is called; it is made an identifier.
        steps: the most steps of a sequence.
        like: for a model without a graph: inputs like those that will come.
        change: as for `module_of_stream`.

    Raises:
        ValueError: if it uses what has no rule; the layer is named.
        MaskDropped: if a layer does not know masks, and would see what is behind the end.
    """
    if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
        raise ValueError(f"{model}.export: steps must be a positive integer, and it is {steps!r}.")
    names, structure, specs = inputs_of(model, like)
    timed = [None in spec.shape[1:2] for spec in specs]
    leaves = [jax.ShapeDtypeStruct(shape_of(s, 1, steps), s.dtype) for s in specs]
    count = jax.ShapeDtypeStruct((), jnp.int32)

    def function(count, leaves):
        mask = (jnp.arange(steps) < count)[None]
        for leaf, has_time in zip(leaves, timed, strict=True):
            if has_time:
                set_mask(leaf, mask)
        return model(structure.unflatten(leaves), training=False)

    with warnings.catch_warnings():
        warnings.simplefilter("error", MaskDropped)  # which would let it see what is behind the end
        flat, outputs = trace_model(model, function, count, leaves)
    flat = change(flat)
    unique = Unique(*RESERVED)
    buffer = functools.partial(new_buffer, model, unique)
    module = Module(identifier(name, "model"), model.name, list_layers(model), length=steps)
    names = names or [f"input_{k}" if k else "input" for k in range(len(leaves))]
    module.inputs = [
        buffer(name, leaf.shape[1:], leaf.dtype, "input")
        for name, leaf in zip(names, leaves, strict=True)
    ]
    weights = Weights(unique)
    lowering = Lowering(weights)
    given = whole(Buffer("n", (), "int", "count"))
    pairs = zip(module.inputs, leaves, timed, strict=True)
    inputs = [_seen(lowering, b, given, has_time, leaf.shape) for b, leaf, has_time in pairs]
    found = lowering.run(flat, [given, *inputs])
    shown = named_leaves(outputs)
    take_outputs(module, buffer, lowering, shown, found, [False] * len(shown))
    settle(lowering.program)
    for made in lowering.program.temporaries:  # too much for a stack: who calls has them
        made.role = "state"
    module.states = buffers_of(lowering.program)
    module.starts = {state: Number(0, state.kind) for state in module.states}
    module.weights = weights.buffers
    module.steps = [Step(lowering.program, [True] * len(module.outputs), {}, {})]
    return module


def _seen(lowering: Lowering, buffer: Buffer, count: View, has_time: bool, shape) -> View:
    """An input as the model sees it: zeros behind the end, where nothing is read."""
    if not has_time:
        return whole(buffer, shape)
    number = count.at(())

    def at(i):
        last = apply("sub", "int", number, Number(1, "int"))
        step = Index(looked_up=((apply("min", "int", Place(i[0]), last), 1),))
        there = apply("lt", "bool", Place(i[0]), number)
        value = Load(buffer, flat_index(buffer, (step, *i[1:])))
        return apply("select", buffer.kind, there, value, Number(0, buffer.kind))

    return whole(lowering.keep(View(buffer.shape, buffer.kind, at)).stored, shape)
