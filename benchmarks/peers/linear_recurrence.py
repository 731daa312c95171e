"""`h_t = a_t h_{t-1} + b_t`, elementwise, on `(batch, time, units)`, in one jitted call a batch."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np


def prepare(row, recurrence):
    """`recurrence(a, b, h0) -> h`; training is the values, and the gradients of all three."""
    rng = np.random.default_rng(0)
    shape = row.batch, row.time, row.units
    a, b, g = rng.uniform(0.5, 1, shape), *rng.standard_normal((2, *shape))
    if row.dtype == "complex64":
        a, b, g = (x * np.exp(1j * rng.uniform(0, 6, shape)) for x in (a, b, g))
    a, b, g = (jnp.asarray(x, row.dtype) for x in (a, b, g))
    h0 = jnp.zeros((row.batch, row.units), row.dtype)

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
