"""The linear recurrence by `jax.lax.associative_scan`."""

from __future__ import annotations

import jax

from harness.gpu_timing import waited as window
from peers.gpu import in_jax

__all__ = ["prepare", "window"]


def prepare(row, data):
    return in_jax.prepare(row, data, recurrence)


def recurrence(a, b):
    def combine(left, right):
        return left[0] * right[0], right[0] * left[1] + right[1]

    return jax.lax.associative_scan(combine, (a, b), axis=1)[1]
