"""The gates of the gated cells, from the very step that the cells run."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from cello.cells.gated import GatedCell
from cello.plotting.recording import Run


def gates(run: Run, what: str) -> dict[str, np.ndarray]:
    """The gates at every step, `(time, units)` by title, in the order of running.

    Simple and independently recurrent networks have no gates: the pre-activation is given. Masked
    steps are NaN.

    Raises:
        ValueError: for a cell whose gates are not known.
    """
    cell = run.layer.cell
    if not isinstance(cell, GatedCell):
        raise ValueError(
            f"{what} knows the gates of LSTM, GRU and their variants, and {run.layer} runs "
            f"{type(cell).__name__}. plot_states shows the states of any cell."
        )
    previous = jax.tree.map(
        lambda start, s: jnp.concatenate([start[:, None], s[:, :-1]], axis=1), run.start, run.states
    )
    values = cell.gate_values(run.inputs, previous)
    titles = cell.recurrence.titles or dict.fromkeys(values, "pre-activation")
    counts = np.asarray(run.mask)[:, None]
    return {titles[g]: np.where(counts, np.asarray(v[0]), np.nan) for g, v in values.items()}
