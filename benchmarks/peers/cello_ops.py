"""Cello's functions on arrays alone, in one compiled loop over the batches.

Training is the value and the gradient, with respect to the weights, of the sum of the outputs: what
a step of `fit` does, without a head, a loss and an optimiser. What `fit` takes above it is what
the rest costs.
"""

from __future__ import annotations

import inspect

import jax
import jax.numpy as jnp
import numpy as np

import cello
from harness.rows import GATES
from peers import Unavailable, linear_recurrence

NAMES = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "simple_rnn", "linear_scan": "linear_scan"}


def prepare(row):
    op = getattr(cello.ops, NAMES[row.cell], None)
    if op is None:
        raise Unavailable(f"there is no cello.ops.{NAMES[row.cell]} yet")
    if row.cell == "linear_scan":
        return linear_recurrence.prepare(row, op)
    if row.layers > 1 or row.bidirectional:
        raise Unavailable("one function is one layer in one direction")
    options = {"return_sequences": row.states != "last"}
    if row.states == "all":
        if "return_all_states" not in inspect.signature(op).parameters:
            raise Unavailable(f"cello.ops.{NAMES[row.cell]} has no return_all_states yet")
        options["return_all_states"] = True
    data = row.data()
    weights = draw_weights(row)

    def forward(weights, x, mask, dropped):
        return op(x, *weights, mask=mask, recurrent_dropout_mask=dropped, **options)

    def total(*arguments):
        outputs, states = forward(*arguments)
        used = (outputs, states) if row.states == "all" else outputs
        return sum(jnp.sum(a) for a in jax.tree.leaves(used))

    step = jax.value_and_grad(total) if row.training else forward
    dropped = None
    if row.recurrent_dropout:
        kept = np.random.default_rng(2).random((row.batch, row.units)) >= row.recurrent_dropout
        dropped = jnp.asarray(kept / (1 - row.recurrent_dropout), jnp.float32)

    @jax.jit
    def loop(weights, x, mask, dropped):
        def one(i):
            return step(weights, *jax.tree.map(lambda a: a[i], (x, mask)), dropped)

        shapes = jax.eval_shape(one, 0)
        empty = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
        return jax.lax.fori_loop(0, len(x), lambda i, _: one(i), empty)

    x, mask = jnp.asarray(data.x), None if data.mask is None else jnp.asarray(data.mask)
    return lambda: jax.block_until_ready(loop(weights, x, mask, dropped))


def draw_weights(row):
    """`W`, `U`, `b` as the functions of `cello.ops` take them."""
    rng = np.random.default_rng(1)
    width = GATES[row.cell] * row.units
    shapes = [(row.features, width), (row.units, width)]
    if row.bias:
        shapes.append((2, width) if row.cell == "GRU" else (width,))
    return [jnp.asarray(rng.uniform(-1, 1, s) / np.sqrt(row.units), jnp.float32) for s in shapes]
