"""The gates of a model's cells at each step."""

from __future__ import annotations

from collections import OrderedDict

import jax

from cello.cells.steps import GateObserver
from cello.core.naming import add_scope
from cello.core.observation import Observer


class GateTaps(Observer):
    """Finds the gates of every gated cell that makes a step.

    Args:
        wanted: whether to look at all.

    Attributes:
        found: their values `(batch, steps, ...)` by layer and name; there is at most one step.
    """

    def __init__(self, wanted: bool):
        self._wanted = wanted
        self.found: OrderedDict[str, jax.Array] = OrderedDict()

    def on_run(self, cell, inputs, states, run, proceed):
        if self._wanted:
            steps = jax.tree.leaves(inputs)[0].shape[1]
            first = jax.tree.map(lambda x: x[:, 0] if steps else x.sum(1), inputs)
            with GateObserver() as seen:
                cell.take_step(first, states, constants=run.constants)
            path = add_scope("")[:-1].partition("/")[2].rpartition("/")[0]  # the layer's
            for number, (inner, values) in enumerate(seen.found):
                of = path if len(seen.found) == 1 else f"{path}/{number}"
                titles = inner.recurrence.titles or dict.fromkeys(values, "pre-activation")
                for letter, value in values.items():
                    self.found[f"{of} {titles[letter]}"] = value[:, None][:, :steps]
        return proceed(inputs, states, run)
