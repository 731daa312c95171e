"""Inputs and what a model gives for them, for the test that a file may carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import numpy as np

from cello.lowering.rest import resting_state
from cello.streaming.plan import in_order, inputs_of


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


def take_samples(model, x, predict: Callable) -> Samples:
    """The first sequence of `x` and what the model gives for it.

    Args:
        model: the model.
        x: as for `predict`.
        predict: gives the outputs for such inputs.
    """
    if any(np.ndim(a) < 2 for a in jax.tree.leaves(x)):
        raise ValueError(
            f"{model}.export: self_test must be what predict takes, arrays (1, steps, ...), and "
            f"has the shapes {jax.tree.map(np.shape, x)}."
        )
    first = jax.tree.map(lambda a: np.asarray(a)[:1], x)
    found = predict(first)
    names, _, specs = inputs_of(model, first)
    inputs = [np.asarray(a)[0] for a in jax.tree.leaves(in_order(names, first))]
    outputs = [np.asarray(a)[0] for a in jax.tree.leaves(found)]
    timed = zip(inputs, specs, strict=True)
    return Samples(inputs, outputs, next(len(a) for a, s in timed if None in s.shape[1:2]))


def predict_from(model, rest, steps, x):
    """What a model gives for one sequence: at once if there is a number of steps, else a stream's.

    Args:
        model: the model.
        rest: as for `write_source`: where the stream begins.
        steps: as for `write_source`.
        x: inputs of one row.
    """
    if steps is not None:
        return model.predict(x, verbose=0)
    session = model.stream(like=x)
    if rest is not None:
        start = resting_state(model, rest, x)
        session.state = {name: start[name.removeprefix("values/")] for name in session.state}
    return session(x)
