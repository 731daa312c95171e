"""Repeat the step of a cell along time: what every sequence must be equal to."""

from __future__ import annotations

import jax

from cello.core.dtype_policy import cast_floats, widen
from cello.core.random import hold
from cello.core.variable import Binding
from cello.ops.recurrence import scan_steps
from cello.ops.run import Run


def repeat_step(cell, inputs, states, run: Run):
    """Repeat the step of `cell` along axis 1.

    Variables that a step assigns (random generators, moving averages) go from step to step;
    dropout masks of the cells inside are drawn once for the sequence.

    Args:
        cell: what `as_cell` gave.
        inputs: tree of arrays `(batch, time, ...)` in the order of running, hidden under the mask.
        states: tree of arrays `(batch, ...)`.
        run: forwards.
    """
    # Wide outside of the loop, so that their gradients are added up over time in float32.
    constants = jax.tree.map(widen, run.constants)
    policy = cell.itself.dtype_policy

    def one_step(x, states):
        outputs, states = cell.take_step(x, states, training=run.training, constants=constants)
        if policy.mixed:
            states = cast_floats(states, policy.variable_dtype)
        return outputs, states

    return scan_assigning(cell, one_step, inputs, states, run)


def scan_assigning(cell, step, inputs, states, run: Run, wrap=lambda step: step):
    """`scan_steps` with the variables that a step assigns, but for what a cell draws once.

    Args:
        wrap: applied to the pure step.
    """
    with hold(generators_of_a_sequence(cell)):
        with Binding() as probe:
            first = jax.tree.map(
                lambda x: jax.ShapeDtypeStruct((x.shape[0], *x.shape[2:]), x.dtype), inputs
            )
            jax.eval_shape(step, first, states)
        changing = list(probe.assigned)

        def bound_step(x, states, values):
            with Binding(dict(zip(changing, values, strict=True))) as binding:
                outputs, states = step(x, states)
            return outputs, states, [binding.values[v] for v in changing]

        start = [v.value for v in changing]
        outputs, states, values = scan_steps(wrap(bound_step), inputs, states, start, run)
    for variable, value in zip(changing, values, strict=True):
        variable.assign(value)
    return outputs, states


def generators_of_a_sequence(cell) -> list:
    """The seed generators, in a cell and what is inside, that draw once a sequence."""
    inside = [layer for layer in cell.itself.flatten_layers() if layer.draws_once]
    return [layer.seed_generator for layer in inside if layer.seed_generator is not None]
