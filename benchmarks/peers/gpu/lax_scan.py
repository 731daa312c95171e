"""Plain JAX: `jax.lax.scan` over the steps, after one matrix product for the inputs of all."""

from __future__ import annotations

import jax.numpy as jnp

from harness.gpu_timing import waited as window
from peers import scan
from peers.gpu import in_jax

__all__ = ["prepare", "window"]


def prepare(row, data):
    def outputs(x, kernel, recurrent_kernel, bias):
        biases = bias if row.layer == "GRU" else [bias]
        weights = kernel, recurrent_kernel, *biases
        y, _ = scan.run(row.layer, weights, jnp.swapaxes(x, 0, 1), None, False)
        return jnp.swapaxes(y, 0, 1)

    return in_jax.prepare(row, data, outputs)
