"""Functions of JAX as peers: compiled, with a gradient for all that they are given."""

from __future__ import annotations

import jax

from harness.gpu_timing import compiled


def prepare(row, data, function):
    """`function(*inputs, *weights)` gives the outputs."""
    arguments = [*data.inputs, *data.weights]
    if not row.training:
        return compiled(lambda *given: (function(*given),), row.precision, *arguments)

    def training(gradient, *given):
        outputs, pull_back = jax.vjp(function, *given)
        return outputs, *pull_back(gradient)

    return compiled(training, row.precision, data.gradient, *arguments)
