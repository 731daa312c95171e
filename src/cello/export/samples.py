"""Inputs and what a model gives for them, for the test that a file may carry."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np


@dataclass(frozen=True)
class Samples:
    """One sequence.

    Attributes:
        inputs: an array for each input, `(steps, ...)` if it has time.
        outputs: the same of what comes out.
        steps: how many there are.
    """

    inputs: list[np.ndarray]
    outputs: list[np.ndarray]
    steps: int


def take_samples(model, x) -> Samples:
    """The first sequence of `x` and what the model gives for it, in a stream."""
    first = jax.tree.map(lambda a: np.asarray(a)[:1], x)
    outputs = model.stream(like=first)(first)
    inputs = [np.asarray(a)[0] for a in jax.tree.leaves(first)]
    return Samples(inputs, [np.asarray(a)[0] for a in jax.tree.leaves(outputs)], max(
        len(a) for a in inputs
    ))  # fmt: skip
