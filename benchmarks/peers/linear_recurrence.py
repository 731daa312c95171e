"""`h_t = a_t h_{t-1} + b_t`, elementwise, on `(batch, time, units)`, in one jitted call a batch."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np


def prepare(row, recurrence):
    """`recurrence(a, b, h0) -> h`; training is the values, and the gradients of all three."""
    rng = np.random.default_rng(0)
    shape = row.batch, row.time, row.units
    a = jnp.asarray(rng.uniform(0.5, 1, shape), jnp.float32)
    b, g = (jnp.asarray(rng.standard_normal(shape), jnp.float32) for _ in range(2))
    h0 = jnp.zeros((row.batch, row.units), jnp.float32)

    @jax.jit
    def backward(a, b, h0, g):
        h, pull_back = jax.vjp(recurrence, a, b, h0)
        return h, pull_back(g)

    forward = jax.jit(recurrence)

    def run():
        for _ in range(row.batches):
            result = backward(a, b, h0, g) if row.training else forward(a, b, h0)
            jax.block_until_ready(result)

    return run
