"""Watching runs step by step: what becomes of the states, and what the gates are."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from cello.cells.cell import Cell
from cello.cells.loop import repeat_step
from cello.core.observation import Observer
from cello.ops.recurrence import hide_masked
from cello.ops.run import Run


@dataclasses.dataclass(frozen=True)
class Passage:
    """One run of a layer's cell; every array in the order of running.

    Attributes:
        layer: the `RNN`.
        inputs: tree of arrays `(batch, time, ...)`, zeros under the mask.
        start: tree of the states before the first step, `(batch, ...)`.
        outputs, states: trees of those after every step, `(batch, time, ...)`.
        run: what else there was: the mask, constants, training.
    """

    layer: Any
    inputs: Any
    start: Any
    outputs: Any
    states: Any
    run: Run

    @property
    def counts(self):
        """Boolean `(batch, time)`, true at the steps that count."""
        shape = jax.tree.leaves(self.inputs)[0].shape[:2]
        return jnp.ones(shape, bool) if self.run.mask is None else self.run.mask

    def in_time(self, array):
        """`array` `(time, ...)` in the order of time, not in that of running."""
        return array[::-1] if self.layer.go_backwards else array

    def read_gates(self) -> list[tuple[Any, dict[str, jax.Array]]]:
        """The gates at every step `(batch, time, ...)` by letter, of each gated cell; undropped."""
        before = jax.tree.map(
            lambda start, s: jnp.concatenate([start[:, None], s[:, :-1]], 1),
            self.start, self.states,
        )  # fmt: skip
        batch, time = self.counts.shape

        def join(x):
            return x.reshape(batch * time, *x.shape[2:])

        constants = jax.tree.map(lambda c: jnp.repeat(c, time, 0), self.run.constants)
        rows = jax.tree.map(join, (self.inputs, before))
        with GateObserver() as seen:
            self.layer.runnable.take_step(*rows, constants=constants)
        return [
            (cell, {g: v.reshape(batch, time, *v.shape[1:]) for g, v in values.items()})
            for cell, values in seen.found
        ]


class StepObserver(Observer):
    """Runs the cells of some layers by repeating their step, and keeps what it sees.

    Args:
        layers: the `RNN` layers that are looked into. Those inside of others' loops run traced.

    Attributes:
        passages: a `Passage` for each run, in the order of running.
    """

    def __init__(self, layers):
        self._layer_of = {layer.cell: layer for layer in layers}
        self.passages: list[Passage] = []

    def repeat(self, layer, cell, inputs, states, run: Run):
        """`(outputs, states)` of all steps, from the first to the last."""
        return repeat_step(cell, inputs, states, run)

    def on_run(self, cell, inputs, states, run, proceed):
        layer = self._layer_of.get(cell.itself)
        if layer is None:
            return proceed(inputs, states, run)
        repeat = functools.partial(self.repeat, layer)
        found, *seen = repeat_as_wanted(cell, inputs, states, run, repeat)
        self.passages.append(Passage(layer, *seen))
        return found


def repeat_as_wanted(cell, inputs, states, run: Run, repeat: Callable = repeat_step):
    """A run of a cell by its step alone, and what was seen of it.

    Args:
        cell, inputs, states, run: as for `cells.frame.run_cell`.
        repeat: what repeats the step, as `repeat_step`.

    Returns:
        `(outputs, states)` as `run` wants them; the inputs in the order of running, `states`, the
        outputs and states after every step, and the run that gave them.
    """
    inputs, forwards = run.in_order(inputs)
    inputs = hide_masked(inputs, forwards.mask)
    all_steps = forwards.but(
        return_sequences=True,
        return_all_states=True,
        zero_output_for_mask=run.zero_output_for_mask and run.return_sequences,
    )
    outputs, after = repeat(cell, inputs, states, all_steps)
    after = jax.tree.unflatten(jax.tree.structure(states), jax.tree.leaves(after))
    wanted = (
        outputs if run.return_sequences else jax.tree.map(lambda y: y[:, -1], outputs),
        after if run.return_all_states else jax.tree.map(lambda s: s[:, -1], after),
    )
    return wanted, inputs, states, outputs, after, all_steps


class GateObserver(Observer):
    """Finds the gates of every cell that takes a step."""

    def __init__(self):
        self.found: list[tuple[Any, dict[str, jax.Array]]] = []

    def on_call(self, layer, arguments, proceed):
        if isinstance(layer, Cell):
            inputs, states = list(arguments.values())[:2]
            values = layer.gate_values(inputs, states)
            if values:
                self.found.append((layer, values))
        return proceed(arguments)
