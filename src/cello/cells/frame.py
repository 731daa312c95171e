"""The frame around every cell: it turns, hides, holds and chooses, and the cell computes."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from cello.cells.loop import generators_of_a_sequence, scan_assigning
from cello.core.carry import Slot
from cello.core.observation import observe_run
from cello.core.random import hold
from cello.ops.partition import varying
from cello.ops.recurrence import choose_rows, first_output, hide_masked, take_last
from cello.ops.recurrence import hold as hold_steps
from cello.ops.run import Run


def run_cell(cell, inputs, states, run: Run):
    """`(outputs, states)` of `cell` along axis 1 of `inputs`.

    Args:
        cell: what `as_cell` gave, built.
        inputs: tree of arrays `(batch, time, ...)`.
        states: tree of arrays `(batch, ...)`.
        run: what is wanted.

    Returns:
        The outputs of all steps `(batch, time, ...)` or of the last, and the states after every
        step or after the last, as `run` says.
    """
    return observe_run(cell, inputs, states, run, functools.partial(_run_cell, cell))


def _run_cell(cell, inputs, states, run: Run):
    if not cell.takes_constants:  # they are for another of several cells in a row
        run = run.but(constants=None)
    if "turning" not in cell.does:
        inputs, run = run.in_order(inputs)
    time = jax.tree.leaves(inputs)[0].shape[1]
    if run.segment is not None:
        return _run_segments(cell, inputs, states, run.but(segment=None), run.segment)
    steps = cell.segment_length(run, time)
    if steps is not None and isinstance(time, int) and time > steps:
        # The products with weights are kept, as their results are small beside the states.
        policy = jax.checkpoint_policies.dots_with_no_batch_dims_saveable
        return _run_segments(cell, inputs, states, run, steps, policy)
    return _run_whole(cell, inputs, states, run)


def _run_whole(cell, inputs, states, run: Run):
    if "hiding" not in cell.does:
        inputs = hide_masked(inputs, run.mask)
    if "holding" in cell.does:
        return cell.sequence(inputs, states, run)
    return _hold(cell, inputs, states, run)


def _hold(cell, inputs, states, run: Run):
    """What a cell computes at each step by itself: of that, what is wanted."""
    time = jax.tree.leaves(inputs)[0].shape[1]
    if time == 0:  # as a masked step, which leaves everything as it is
        inputs = jax.tree.map(lambda x: jnp.zeros((x.shape[0], 1, *x.shape[2:]), x.dtype), inputs)
        batch = jax.tree.leaves(inputs)[0].shape[0]
        masked = run.but(mask=jnp.zeros((batch, 1), bool))
        outputs, after = _hold(cell, inputs, states, masked)
        cut = functools.partial(jax.tree.map, lambda x: x[:, :0])
        outputs = cut(outputs) if run.return_sequences else outputs
        return outputs, cut(after) if run.return_all_states else after
    found, after = cell.sequence(inputs, states, run)
    if not run.return_sequences:
        last = cell.finish(take_last(found, run.mask))
        if run.mask is None:
            return last, after
        return choose_rows(run.mask.any(axis=1), last, first_output(last, states)), after
    outputs = cell.finish(found)
    spec = jax.tree.map(
        lambda y: jax.ShapeDtypeStruct((y.shape[0], *y.shape[2:]), y.dtype), outputs
    )
    return hold_steps(outputs, first_output(spec, states), run), after


def _run_segments(cell, inputs, states, run: Run, steps: int, policy=None):
    """The same as `run_cell`, with less memory in training and one more forward pass.

    For the backward pass only the inputs, the outputs and the states between segments are kept;
    what happens within a segment is computed again when the backward pass comes to it. Source:
    Chen, Xu, Zhang and Guestrin 2016.

    Args:
        steps: steps of a segment; the last one may have fewer.
        policy: what of a segment is kept nevertheless, as of `jax.checkpoint`.
    """
    inputs, run = run.in_order(inputs)
    batch, time = jax.tree.leaves(inputs)[0].shape[:2]
    whole = time // steps * steps

    def segment(inputs_and_mask, states):
        inputs, mask = inputs_and_mask
        outputs, after = _run_whole(cell, inputs, states, run.but(mask=mask))
        last = jax.tree.map(lambda s: s[:, -1], after) if run.return_all_states else after
        return (outputs, after if run.return_all_states else None), last

    def cut(x, length):
        return x.reshape(batch, -1, length, *x.shape[2:])

    def join(x):
        return x.reshape(batch, -1, *x.shape[3:])

    arrays = inputs, run.mask
    states = varying(states, (states, arrays))
    parts: list[Any] = []
    with hold(generators_of_a_sequence(cell)):
        for start, end, length in ((0, whole, steps), (whole, time, time - whole)):
            if start == end:
                continue
            piece = jax.tree.map(lambda x: cut(x[:, start:end], length), arrays)  # noqa: B023
            wrap = functools.partial(jax.checkpoint, prevent_cse=False, policy=policy)
            (outputs, every), states = scan_assigning(cell, segment, piece, states, Run(), wrap)
            outputs = jax.tree.map(join, outputs) if run.return_sequences else outputs
            parts.append((outputs, jax.tree.map(join, every)))
    outputs, every = jax.tree.map(lambda *pieces: jnp.concatenate(pieces, 1), *parts)
    if run.return_sequences:  # a segment does not know the output of the one before
        outputs = hold_steps(outputs, jax.tree.map(lambda y: y[:, 0], outputs), run)
    else:
        counts = None if run.mask is None else _any_in_segments(run.mask, steps)
        outputs = take_last(outputs, counts)
    return outputs, every if run.return_all_states else states


def _any_in_segments(mask, steps: int):
    """For each segment of a mask `(batch, time)`, whether any of its steps counts."""
    more = -mask.shape[1] % steps
    mask = jnp.pad(mask, [(0, 0), (0, more)])
    return mask.reshape(mask.shape[0], -1, steps).any(axis=2)


def hold_between_pieces(slot: Slot, outputs, sizes, run: Run):
    """The outputs of a piece that goes on giving the output of the piece before until a real step.

    Args:
        slot: where the last output is carried.
        outputs: tree of arrays, as `run_cell` gave them.
        sizes: how many rows and steps there are.
        run: what was wanted.
    """
    if run.return_sequences and (run.mask is None or run.zero_output_for_mask):
        return outputs  # each step has an output of its own
    real = jnp.ones(sizes, bool) if run.mask is None else run.mask
    if not run.return_sequences:
        outputs = choose_rows(real.any(axis=1), outputs, slot.resume(outputs))
        slot.keep(outputs)
        return outputs
    before = jax.tree.map(
        lambda y: y[:, None], slot.resume(jax.tree.map(lambda y: y[:, 0], outputs))
    )
    outputs = choose_rows(jnp.cumsum(real, axis=1) > 0, outputs, before)
    slot.keep(jax.tree.map(lambda y: y[:, -1], outputs))
    return outputs
