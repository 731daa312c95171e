"""The programs of a stream: a model over a piece of a sequence, compiled for each length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp

from cello.core.carry import Carry
from cello.streaming.plan import StreamPlan
from cello.training.state import bind, values_of

LONGEST = 1024


def lengths_of_pieces(steps: int) -> Iterator[int]:
    """`steps` as a sum of powers of two, the largest first, none above `LONGEST`."""
    length = LONGEST
    while steps:
        while length > steps:
            length //= 2
        yield length
        steps -= length


class Pieces:
    """A model over pieces of any length whose windows begin at the same phases.

    Args:
        plan: the model as a stream.
        phases: for `Carry`.
    """

    def __init__(self, plan: StreamPlan, phases: dict[str, int]):
        self._plan = plan
        self._variables = plan.model.variables
        self._phases = phases
        self._next_phases: dict[int, dict[str, int]] = {}  # by the length of the piece
        self._compiled = jax.jit(self._piece)

    def run(self, state, leaves, length: int):
        """`(outputs, state, phases)` after a piece of this length."""
        outputs, state, drawn = self._compiled(values_of(self._variables), state, leaves)
        for place, value in drawn.items():
            self._variables[place].hold(value)
        return outputs, state, self._next_phases[length]

    def _piece(self, weights, state, leaves):
        plan, (values, starts) = self._plan, state
        carry = Carry(values, starts, self._phases, plan.off_time)
        with bind((self._variables, weights)) as binding, carry:
            outputs = self._plan.model(self._plan.structure.unflatten(leaves), training=False)
        length = next(
            v.shape[1] for v, timed in zip(leaves, self._plan.timed, strict=True) if timed
        )
        self._next_phases[length] = carry.next_phases
        drawn = {  # random generators go on, whichever session asks
            i: binding.values[v] for i, v in enumerate(self._variables) if v in binding.assigned
        }
        return outputs, (carry.kept, jnp.zeros_like(starts)), drawn


def pieces_of(plan: StreamPlan, phases: dict[str, int]) -> Pieces:
    """The `Pieces` of a model, the same for all its sessions until its layers change."""
    key: Any = ("stream", plan.structure, *plan.timed, *phases.items(), *plan.model.variables)
    return plan.model.trainer.programs.find(key, lambda: Pieces(plan, phases))
