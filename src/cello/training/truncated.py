"""Truncated back-propagation through time: a sequence trained piece by piece.

The sequences of a batch are cut into pieces of `k` steps. Each piece starts from the states in
which the one before ended; gradients stay within a piece, so that memory does not grow with the
sequence. Where their length is no multiple of `k`, the first piece is the shorter one. What
depends on the last step only is trained on the last piece, after running over those before it.

Source: Williams and Peng 1990.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from cello.core.carry import Carry, before_first, examine, with_time
from cello.core.variable import Binding
from cello.training.ragged import is_padded, open_padded
from cello.training.state import bind


class Cut(NamedTuple):
    """How a batch is cut.

    Attributes:
        steps: the length of its sequences.
        timed: tree of booleans: which inputs have an axis of time.
        each_step: whether the outputs have it, too.
        off_time: for `Carry`.
    """

    steps: int
    timed: Any
    each_step: bool
    off_time: frozenset[str]


def cut_of(model, x) -> Cut:
    """How the inputs of a batch are cut; `x` may be a tree of shapes and dtypes.

    Raises:
        ValueError: where there are no sequences of one length in it, or a layer of the model needs
            the whole sequence; it is named.
    """
    graph = model.call_graph
    leaves = jax.tree.leaves(x, is_leaf=is_padded)
    shapes = [v.values.shape if is_padded(v) else v.shape for v in leaves]
    dtypes = [(v.values if is_padded(v) else v).dtype for v in leaves]
    known = shapes if graph is None else [t.shape for t in graph.flat_inputs]
    timed = [is_padded(v) or with_time(k, d) for v, k, d in zip(leaves, known, dtypes, strict=True)]
    lengths = {s[1] for s, t in zip(shapes, timed, strict=True) if t}
    if len(lengths) != 1:
        raise ValueError(
            f"{model}.fit: tbptt cuts sequences of one length and the inputs have the shapes "
            f"{shapes}: pass inputs of shape (batch, time, ...)."
        )

    def spec(leaf, has_time):
        def one(a):
            shape = (a.shape[0], None, *a.shape[2:]) if has_time else a.shape
            return jax.ShapeDtypeStruct(shape, a.dtype)

        return jax.tree.map(one, leaf)

    structure = jax.tree.structure(x, is_leaf=is_padded)
    timed = jax.tree.unflatten(structure, timed)
    specs = jax.tree.map(spec, x, timed, is_leaf=is_padded)
    off_time, outputs, time = examine(model, lambda x: _call(model, x), specs, batch=shapes[0][0])
    along = [s.shape[1:2] == (time,) for s in jax.tree.leaves(outputs)]
    if any(along) and not all(along):
        raise ValueError(
            f"{model}.fit: with tbptt the outputs must all have the time of the inputs, or none: "
            "train those of the last step by themselves."
        )
    return Cut(lengths.pop(), timed, all(along), off_time)


def train_in_pieces(programs, k: int, variables, state, batch):
    """A step of training on each piece of a batch; see the head of this file.

    Args:
        programs: the `Programs` of the model.
        k: steps in a piece.
        variables, state, batch: as for the other steps of `Programs`.
    """
    model = programs.model
    x, y, w = batch
    cut = cut_of(model, x)
    if cut.steps <= k:
        return programs.train_step(variables, state, batch)
    rows = jax.tree.leaves(x)[0].shape[0]

    def piece(start, steps: int):
        def take(leaf, has_time):
            slice_of = lambda a: lax.dynamic_slice_in_dim(a, start, steps, 1)  # noqa: E731
            return jax.tree.map(slice_of, leaf) if has_time else leaf

        def take_labels(leaf):
            shape = jax.tree.leaves(leaf)[0].shape
            return take(leaf, cut.each_step and len(shape) > 1 and shape[1] == cut.steps)

        x_piece = jax.tree.map(take, x, cut.timed, is_leaf=is_padded)
        return x_piece, *jax.tree.map(take_labels, (y, w), is_leaf=is_padded)

    def scope(values, start) -> Carry:
        starts = jnp.broadcast_to(jnp.equal(start, 0), (rows,))
        return Carry(values, starts, off_time=cut.off_time, stateful=True)

    def pass_over(start, steps, state, values):
        """Run over a piece for what it leaves to the next one."""
        with bind(*zip(variables, state, strict=False)) as binding, scope(values, start) as carry:
            model(open_padded(piece(start, steps)[0]), training=True)
            others = [binding.values[v] for v in variables[1]]
        _check_windows(model, carry)
        return [state[0], others, *state[2:]], carry.kept

    def train_on(start, steps, state, values, losses=(0.0, 0)):
        """Train on a piece; sum up and count the losses of pieces that are not all padding."""
        part = piece(start, steps)
        carry = scope(values, start)
        new, result, kept = programs.update(variables, state, part, carry)
        _check_windows(model, carry)
        masks = [v.mask for v in jax.tree.leaves(part[0], is_leaf=is_padded) if is_padded(v)]
        real = jnp.any(masks[0]) if masks and masks[0] is not None else jnp.ones((), bool)
        new = jax.tree.map(lambda n, old: jnp.where(real, n, old), new, state)
        total = losses[0] + jnp.where(real, result["batch_loss"], 0.0), losses[1] + real
        return new, kept, total, {**result, "batch_loss": total[0] / jnp.maximum(total[1], 1)}

    with Binding():
        values, _ = before_first(lambda x: _call(model, x), piece(0, k)[0], cut.off_time)
    head = cut.steps % k
    if not cut.each_step:
        if head:
            state, values = pass_over(0, head, state, values)
        state, values = lax.fori_loop(
            0,
            cut.steps // k - 1,
            lambda i, carried: pass_over(head + i * k, k, *carried),
            (state, values),
        )
        state, _, _, result = train_on(cut.steps - k, k, state, values)
        return state, result
    carried = state, values, (jnp.zeros(()), jnp.zeros((), int))
    if head:
        *carried, _ = train_on(0, head, *carried)
    specs = jax.eval_shape(lambda *c: train_on(head, k, *c)[3], *carried)
    result = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), specs)
    *_, result = carried = lax.fori_loop(
        0,
        cut.steps // k,
        lambda i, carried: train_on(head + i * k, k, *carried[:3]),
        (*carried, result),
    )
    return carried[0], result


def _call(model, x):
    with Binding():
        return model(open_padded(x), training=True)


def _check_windows(model, carry: Carry) -> None:
    """Refuse windows that a piece does not leave as it found them."""
    moved = [path for path, phase in carry.next_phases.items() if phase != carry.phases[path]]
    if moved:
        raise ValueError(
            f"{model}.fit: tbptt cannot cut the windows of layer '{moved[0]}': only convolutions "
            'with padding="causal" and strides that divide tbptt can be trained so.'
        )
