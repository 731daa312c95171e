"""Repeat a step along time: the one loop under every recurrent layer."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from cello.ops.run import Run


def recurrence(
    step,
    inputs,
    states,
    *,
    mask=None,
    go_backwards: bool = False,
    unroll: bool = False,
    return_sequences: bool = True,
    return_all_states: bool = False,
    zero_output_for_mask: bool = False,
):
    """Repeat `outputs_t, states_t = step(inputs_t, states_{t-1})` along axis 1.

    Args:
        step: function of one step's inputs and the states.
        inputs: array `(batch, time, ...)`, or a tree of such arrays.
        states: tree of arrays `(batch, ...)`: the states before the first step.
        mask: boolean `(batch, time)`. Where it is false the states stay as they are and the output
            is that of the step before (before the first step: the first state, where it has the
            shape of the output, else zeros). What the inputs hold there, NaN included, reaches
            neither a result nor a gradient.
        go_backwards: run from the last step to the first; outputs come in the order of running.
        unroll: write the steps out, one after the other: faster to run for few steps, slower to
            compile.
        return_sequences: give the outputs of all steps `(batch, time, ...)`, else of the last.
        return_all_states: give the states after every step `(batch, time, ...)`, in the order of
            running, in place of after the last.
        zero_output_for_mask: with `return_sequences`, give zeros at masked steps.

    Returns:
        `(outputs, states)`, the states after the last step.
    """

    run = Run(
        mask=None if mask is None else jnp.asarray(mask, bool),
        go_backwards=go_backwards,
        unroll=unroll,
        return_sequences=return_sequences,
        return_all_states=return_all_states,
        zero_output_for_mask=zero_output_for_mask,
    )
    inputs, run = run.in_order(inputs)

    def stateless(x, states, _):
        outputs, states = step(x, states)
        return outputs, states, ()

    outputs, states, _ = scan_steps(stateless, hide_masked(inputs, run.mask), states, (), run)
    return outputs, states


def hide_masked(inputs, mask):
    """`inputs` with zeros at the masked steps."""
    if mask is None:
        return inputs
    return jax.tree.map(lambda x: jnp.where(_rows(mask, x), x, jnp.zeros((), x.dtype)), inputs)


def scan_steps(step, inputs, states, carried, run: Run):
    """Repeat a step from the first to the last, with values that go on whatever the mask says.

    `step(inputs_t, states, carried) -> (outputs_t, states, carried)`; `carried` holds what does not
    belong to a row of the batch, such as the state of a random generator. The inputs are in the
    order of running, and hidden under the mask.
    """
    mask = run.mask
    time_major = jax.tree.map(lambda x: jnp.moveaxis(x, 1, 0), inputs)
    keep = None if mask is None else jnp.moveaxis(mask, 1, 0)
    first = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), time_major)
    output_spec, new_states, _ = jax.eval_shape(step, first, states, carried)
    structure = _check_states(states, new_states)
    zero_output = run.zero_output_for_mask and run.return_sequences
    holds_output = not run.return_sequences or (mask is not None and not zero_output)
    previous = first_output(output_spec, states) if holds_output else None

    def body(carry, x):
        states, carried, previous = carry
        x, keep = x
        output, new_states, carried = step(x, states, carried)
        new_states = jax.tree.unflatten(structure, jax.tree.leaves(new_states))
        if keep is not None:
            before = jax.tree.map(jnp.zeros_like, output) if zero_output else previous
            output = choose_rows(keep, output, before)
            new_states = choose_rows(keep, new_states, states)
        carry = new_states, carried, (output if holds_output else None)
        every = new_states if run.return_all_states else None
        return carry, (output if run.return_sequences else None, every)

    length = jax.tree.leaves(time_major)[0].shape[0]
    (states, carried, last), every = lax.scan(
        body,
        (states, carried, previous),
        (time_major, keep),
        unroll=max(length, 1) if run.unroll else 1,
    )
    outputs, all_states = jax.tree.map(lambda y: jnp.moveaxis(y, 0, 1), every)
    return (
        outputs if run.return_sequences else last,
        all_states if run.return_all_states else states,
        carried,
    )


def last_real(mask):
    """For each step of a mask `(batch, time)` the last true one until then; -1 before the first."""
    return lax.cummax(jnp.where(mask, jnp.arange(mask.shape[1]), -1), axis=1)


def take_steps(x, at):
    """`x[i, at[i, t]]` for every row `i` and every `t`."""
    return jnp.take_along_axis(x, at.reshape(*at.shape, *(1,) * (x.ndim - 2)), axis=1)


def seen_steps(inputs, before, mask):
    """What each step sees of the steps before it and of itself: a list, the oldest first.

    Args:
        inputs: `(batch, time, features)`, as is each array of the list.
        before: the steps in front of the first one, `(batch, steps, features)`.
        mask: boolean `(batch, time)`, or `None`; a step sees only real ones.
    """
    steps = inputs.shape[1]
    inputs = inputs.astype(before.dtype)
    if mask is not None:  # the real steps first, and how many of them there were
        inputs = take_steps(inputs, jnp.argsort(~mask, axis=1, stable=True))
        real = jnp.cumsum(mask, axis=1) - 1
    known = jnp.concatenate([before, inputs], 1)

    def shifted(by):
        if mask is None:
            return lax.slice_in_dim(known, by, by + steps, axis=1)
        return take_steps(known, jnp.maximum(real + by, 0))

    return [shifted(by) for by in range(before.shape[1] + 1)]


def hold(outputs, first, run: Run):
    """What a loop gives at all steps whose outputs, each by itself, are these `(batch, time, ...)`.

    At a masked step that is the output of the last step that counts, or zeros if that is wanted.

    Args:
        first: the output before the first step, `(batch, ...)`.
    """
    if run.mask is None:
        return outputs
    if run.zero_output_for_mask:
        return choose_rows(run.mask, outputs, jax.tree.map(jnp.zeros_like, outputs))
    real = last_real(run.mask)
    taken = jax.tree.map(lambda y: take_steps(y, jnp.maximum(real, 0)), outputs)
    return choose_rows(real >= 0, taken, jax.tree.map(lambda y: y[:, None], first))


def take_last(tree, mask):
    """Of `(batch, time, ...)` arrays the last step that counts, or the first where none does."""
    if mask is None:
        return jax.tree.map(lambda x: x[:, -1], tree)
    real = jnp.maximum(last_real(mask)[:, -1:], 0)
    return jax.tree.map(lambda x: take_steps(x, real)[:, 0], tree)


def _rows(mask, x):
    """`mask` with axes of size 1 behind it, to the rank of `x`."""
    return jnp.reshape(mask, mask.shape + (1,) * (x.ndim - mask.ndim))


def choose_rows(keep, new, old):
    """`new` where `keep` is true, else `old`: trees of arrays with the axes of `keep` in front."""
    return jax.tree.map(lambda n, o: jnp.where(_rows(keep, n), n, o), new, old)


def first_output(spec, states):
    """What stands for the output before the first step.

    The states, where the output is alike; else the first state; else zeros.
    """
    if _forms(spec) == _forms(states):
        return states
    first = first_state(states)
    if first is not None and _forms(spec) == _forms(first):
        return first
    return jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), spec)


def first_state(states):
    """The first state of a cell, that of the last of several in a row; `None` without states."""
    while _is_list(states) and states and _is_list(states[0]) and _is_list(states[-1]):
        states = states[-1]
    leaves: list[Any] = jax.tree.leaves(states)
    return leaves[0] if leaves else None


def _is_list(value) -> bool:
    return isinstance(value, (list, tuple))


def _forms(tree):
    return jax.tree.map(lambda s: (s.shape, jnp.dtype(s.dtype).name), tree)


def _check_states(states, new_states):
    """The structure of the states, after checking that a step keeps it."""
    before = [(s.shape, jnp.dtype(s.dtype).name) for s in jax.tree.leaves(states)]
    after = [(s.shape, jnp.dtype(s.dtype).name) for s in jax.tree.leaves(new_states)]
    if before != after:
        raise ValueError(
            f"A step must return states of the shapes and dtypes that it was given. Given: "
            f"{before}; returned: {after}. Check state_size and what the cell's call returns."
        )
    return jax.tree.structure(states)
