"""Inputs and what a model gives for them, for the test that a file may carry."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np

from cello.streaming.plan import inputs_of


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


def take_samples(model, x, whole: bool = False) -> Samples:
    """The first sequence of `x` and what the model gives for it.

    Args:
        model: the model.
        x: as for `predict`.
        whole: whether it sees the sequence at once, not in a stream.
    """
    if any(np.ndim(a) < 2 for a in jax.tree.leaves(x)):
        raise ValueError(
            f"{model}.export: self_test must be what predict takes, arrays (1, steps, ...), and "
            f"has the shapes {jax.tree.map(np.shape, x)}."
        )
    first = jax.tree.map(lambda a: np.asarray(a)[:1], x)
    found = model.predict(first, verbose=0) if whole else model.stream(like=first)(first)
    inputs = [np.asarray(a)[0] for a in jax.tree.leaves(first)]
    outputs = [np.asarray(a)[0] for a in jax.tree.leaves(found)]
    _, _, specs = inputs_of(model, first)
    timed = zip(inputs, specs, strict=True)
    return Samples(inputs, outputs, next(len(a) for a, s in timed if None in s.shape[1:2]))
