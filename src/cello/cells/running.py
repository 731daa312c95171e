"""Run any cell over a whole sequence: by its own `sequence`, or by repeating its step."""

from __future__ import annotations

import contextlib
import functools
import inspect
from typing import Any

import jax
import jax.numpy as jnp

from cello.core import config
from cello.core.carry import Slot
from cello.core.dtype_policy import cast_floats, widened
from cello.core.random import hold
from cello.core.replacing import replaced
from cello.core.variable import Binding
from cello.ops.engine import Engine
from cello.ops.recurrence import choose_rows, hide_masked, scan_steps
from cello.ops.recurrence import hold as hold_steps


def run_cell(cell, inputs, states, **options):
    """`(outputs, states)` of `cell` over axis 1 of `inputs`.

    Args:
        cell: a cell, built.
        inputs: tree of arrays `(batch, time, ...)`.
        states: tree of arrays `(batch, ...)`.
        options: `training`, `constants` and those of `ops.recurrence`.
    """
    if "constants" in options and not takes_constants(cell):
        del options["constants"]  # they are for another of several cells in a row
    if hasattr(cell, "sequence"):
        return cell.sequence(inputs, states, **options)
    return repeat_step(cell, inputs, states, **options)


@contextlib.contextmanager
def running(layers, run):
    """A scope in which `run(layer, inputs, states, **options)` runs the cells of RNN `layers`.

    It is what `cell.sequence` is else: whatever else the layers do stays as it is.
    """
    with contextlib.ExitStack() as stack:
        for layer in layers:
            stack.enter_context(replaced(layer.cell, "sequence", functools.partial(run, layer)))
            stack.enter_context(replaced(layer, "remat", None))  # it changes no value
        yield


def takes_constants(cell) -> bool:
    """Whether the `call` of a cell, or of one among several in a row, takes `constants`."""
    if hasattr(cell, "cells"):
        return any(takes_constants(inner) for inner in cell.cells)
    return "constants" in inspect.signature(cell.call).parameters


def repeat_step(cell, inputs, states, *, training, mask, constants=None, **options):
    """Repeat the step of `cell` along axis 1: what every `sequence` must be equal to.

    Variables that a step assigns (random generators, moving averages) go from step to step;
    dropout masks of the cells inside are drawn once for the sequence.
    """
    inputs = hide_masked(inputs, mask)
    # Wide outside of the loop, so that their gradients are added up over time in float32.
    more = {} if constants is None else {"constants": jax.tree.map(widened, constants)}

    def one_step(x, states):
        outputs, new_states = cell(x, states, training=training, **more)
        if not isinstance(new_states, (list, tuple, dict)):
            new_states = [new_states]
        if cell.dtype_policy.mixed:
            new_states = cast_floats(new_states, cell.dtype_policy.variable_dtype)
        return outputs, new_states

    return _scan(cell, one_step, inputs, states, mask=mask, **options)


def run_in_segments(
    cell, inputs, states, steps, *, mask, go_backwards, return_sequences, return_all_states=False,
    **options,
):  # fmt: skip
    """The same as `run_cell`, with less memory in training and one more forward pass.

    For the backward pass only the inputs, the outputs and the states between segments are kept;
    what happens within a segment is computed again when the backward pass comes to it. Source:
    Chen, Xu, Zhang and Guestrin 2016.

    Args:
        cell, inputs, states, options: as for `run_cell`.
        steps: steps of a segment. Where they do not divide the sequence, masked steps in front of
            it make up for it.
    """
    if go_backwards:
        inputs, mask = jax.tree.map(lambda x: jnp.flip(x, 1), (inputs, mask))
    batch, time = jax.tree.leaves(inputs)[0].shape[:2]
    more = -time % steps
    if more and mask is None:
        mask = jnp.ones((batch, time), bool)

    def segment(inputs_and_mask, states):
        inputs, mask = inputs_and_mask
        outputs, after = run_cell(
            cell, inputs, states, mask=mask, go_backwards=False, return_sequences=return_sequences,
            return_all_states=return_all_states, **options,
        )  # fmt: skip
        last = jax.tree.map(lambda s: s[:, -1], after) if return_all_states else after
        return (outputs, after if return_all_states else None), last

    def cut(x):
        x = jnp.pad(x, [(0, 0), (more, 0)] + [(0, 0)] * (x.ndim - 2))
        return x.reshape(batch, -1, steps, *x.shape[2:])

    def joined(x):
        return x.reshape(batch, -1, *x.shape[3:])[:, more:]

    cut_mask = None if mask is None else cut(mask)
    (outputs, every), states = _scan(
        cell,
        segment,
        (jax.tree.map(cut, inputs), cut_mask),
        states,
        wrap=functools.partial(jax.checkpoint, prevent_cse=False),
        mask=None,
        go_backwards=False,
        unroll=False,
        return_sequences=True,
        zero_output_for_mask=False,
    )
    if return_sequences:  # a segment does not know the output of the one before
        hold_on = functools.partial(
            hold_steps, mask=mask, return_sequences=True,
            zero_output_for_mask=options["zero_output_for_mask"],
        )  # fmt: skip
        outputs = jax.tree.map(joined, outputs)
        outputs = jax.tree.map(lambda y: hold_on(y, y[:, 0]), outputs)
    elif cut_mask is None:
        outputs = jax.tree.map(lambda y: y[:, -1], outputs)
    else:  # of the last segment in which a row has a step
        segments = jnp.arange(cut_mask.shape[1])
        last = jnp.max(jnp.where(cut_mask.any(axis=2), segments, 0), axis=1)
        outputs = jax.tree.map(lambda y: y[jnp.arange(batch), last], outputs)
    return outputs, jax.tree.map(joined, every) if return_all_states else states


def hold_output(slot: Slot, outputs, real, return_sequences: bool):
    """The outputs of a piece that goes on giving the output of the piece before until a real step.

    Args:
        slot: where the last output is carried.
        outputs: tree of arrays, as `run_cell` gave them.
        real: boolean `(batch, time)`: the steps that are not masked.
        return_sequences: whether the outputs have an axis of time.
    """
    if not return_sequences:
        outputs = choose_rows(real.any(axis=1), outputs, slot.resume(outputs))
        slot.keep(outputs)
        return outputs
    before = jax.tree.map(
        lambda y: y[:, None], slot.resume(jax.tree.map(lambda y: y[:, 0], outputs))
    )
    outputs = choose_rows(jnp.cumsum(real, axis=1) > 0, outputs, before)
    slot.keep(jax.tree.map(lambda y: y[:, -1], outputs))
    return outputs


def _scan(cell, step, inputs, states, wrap=lambda step: step, **options):
    """`scan_steps` with the variables that a step assigns, but for what a cell draws once.

    Args:
        wrap: applied to the pure step.
    """
    generators = [
        layer.seed_generator
        for layer in cell.flatten_layers()
        if getattr(layer, "draws_once", False) and layer.seed_generator is not None
    ]
    with hold(generators):
        with Binding() as probe:
            first = lambda x: jax.ShapeDtypeStruct((x.shape[0], *x.shape[2:]), x.dtype)  # noqa: E731
            jax.eval_shape(step, jax.tree.map(first, inputs), states)
        changing = list(probe.assigned)

        def bound_step(x, states, values):
            with Binding(dict(zip(changing, values, strict=True))) as binding:
                outputs, states = step(x, states)
            return outputs, states, [binding.values[v] for v in changing]

        start = [v.value for v in changing]
        outputs, states, values = scan_steps(wrap(bound_step), inputs, states, start, **options)
    for variable, value in zip(changing, values, strict=True):
        variable.assign(value)
    return outputs, states


def cell_engine(cell) -> Engine:
    """What `run_cell` runs a cell with, and why it is not native."""
    if hasattr(cell, "engine"):
        return cell.engine
    return Engine("scan", f"{type(cell).__name__} has no sequence(): JAX's loop repeats its step.")


def build_cell(cell, inputs_shape, constants_shape=None) -> None:
    """Build `cell` for inputs and constants of these shapes; few cells ask for the latter."""
    if constants_shape and "constants_shape" in inspect.signature(cell.build).parameters:
        cell.build(inputs_shape, constants_shape)
    else:
        cell.build(inputs_shape)


def output_size(cell):
    """The size of a cell's output: an integer, or a tuple for more axes than one."""
    size = getattr(cell, "output_size", None)
    if size is None:
        size = cell.state_size
        if not isinstance(size, int):
            size = size[min(size)] if isinstance(size, dict) else size[0]
    return size


def check_cell(cell) -> None:
    """Raise `ValueError` where `cell` lacks what a cell needs."""
    missing = [a for a in ("call", "state_size") if not hasattr(cell, a)]
    if missing:
        raise ValueError(
            f"a cell, with call(inputs, states) and state_size ({type(cell).__name__} lacks "
            f"{' and '.join(missing)})"
        )


def initial_state(cell, batch_size):
    """The states that `cell` starts from, always a list, tuple or dict."""
    if hasattr(cell, "get_initial_state"):
        states = cell.get_initial_state(batch_size=batch_size)
    else:
        states = _zeros(cell.state_size, batch_size, getattr(cell, "dtype", config.floatx()))
    if cell.dtype_policy.mixed:
        states = cast_floats(states, cell.variable_dtype)
    return states if isinstance(states, (list, tuple, dict)) else [states]


def _zeros(size: Any, batch_size, dtype, top: bool = True):
    """Zeros by `state_size`.

    An integer is a vector, a tuple of integers a shape; at the top, a tuple is several states.
    """
    if isinstance(size, int):
        return jnp.zeros((batch_size, size), dtype)
    if isinstance(size, dict):
        return {k: _zeros(s, batch_size, dtype, False) for k, s in size.items()}
    if isinstance(size, tuple) and not top and all(isinstance(d, int) for d in size):
        return jnp.zeros((batch_size, *size), dtype)
    states = [_zeros(s, batch_size, dtype, False) for s in size]
    return type(size)(*states) if hasattr(size, "_fields") else states
