"""The steps of a session as programs of JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.ops.engine import ASKED_FOR, Engine
from cello.streaming.pieces import Pieces, lengths_of_pieces, pieces_of
from cello.streaming.plan import StreamPlan


class JaxSteps:
    """Runs chunks in pieces of 1024, 512, 256, ..., 2, 1 steps.

    So eleven programs at the most serve all chunks, each compiled when it is first needed. More
    rows compile again if their number outgrows the next power of two; fewer never do.

    Args:
        plan: the model as a stream.
        engine: `"jax"`, and why; because it was asked for if not given.

    Attributes:
        phases: for `Carry`.
        runner: for the quick way of a session: none.
    """

    runner = None

    def __init__(self, plan: StreamPlan, engine: Engine | None = None):
        self.engine = engine or Engine("jax", ASKED_FOR)
        self.phases: dict[str, int] = {}
        self._plan = plan
        self._programs: dict[Any, Pieces] = {}
        self._rows = self._room = 0
        self._state: Any = None

    def __getstate__(self):
        """For `pickle` and `copy`: without what is compiled."""
        return {**vars(self), "_programs": {}}

    def renew(self) -> JaxSteps:
        """What runs the model with the weights and for the rows of now."""
        return self

    def run(self, leaves, steps: int):
        """The outputs for a chunk; if it fails, the states stay as they were."""
        before = self._state, self.phases
        try:
            return self._run(leaves, steps)
        except Exception:
            self._state, self.phases = before
            raise

    def _run(self, leaves, steps: int):
        if self._room > self._rows:
            more = self._room - self._rows
            leaves = [np.pad(v, [(0, more)] + [(0, 0)] * (v.ndim - 1)) for v in leaves]
        outputs, first = [], 0
        for length in lengths_of_pieces(steps):
            piece = leaves
            if length < steps:
                piece = [
                    leaf[:, first : first + length] if timed else leaf
                    for leaf, timed in zip(leaves, self._plan.timed, strict=True)
                ]
            result, self._state, self.phases = self._program().run(self._state, piece, length)
            outputs.append(result)
            first += length
        if len(outputs) == 1:
            return jax.tree.map(self._of_rows, outputs[0])
        return jax.tree.map(self._join, self._plan.along_time, *outputs)

    def set(self, values, starts, phases) -> None:
        """Take these states of the rows, with room for more behind them."""
        self._rows = len(starts)
        if not self._room:
            self._room = self._rows
        if self._rows > self._room:
            self._room = 1 << (self._rows - 1).bit_length()

        def with_room(array, filled):
            array = np.asarray(array)[: self._room]
            more = np.full((self._room - len(array), *array.shape[1:]), filled, array.dtype)
            return jnp.asarray(np.concatenate([array, more]))

        values = jax.tree.map(lambda v: with_room(v, 0), values)
        self._state = values, with_room(starts, True)
        self.phases = dict(phases)

    def live(self):
        """The states and starts of the rows, as NumPy arrays."""
        return jax.tree.map(lambda v: np.array(v[: self._rows]), self._state)

    def _program(self) -> Pieces:
        key = tuple(self.phases.items())
        if key not in self._programs:
            self._programs[key] = pieces_of(self._plan, self.phases)
        return self._programs[key]

    def _of_rows(self, output) -> np.ndarray:
        return np.asarray(output)[: self._rows]

    def _join(self, along_time, *outputs):
        """The outputs of several pieces as one array."""
        if not along_time:
            return self._of_rows(outputs[-1])
        return np.concatenate([self._of_rows(output) for output in outputs], axis=1)
