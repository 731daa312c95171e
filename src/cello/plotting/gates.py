"""The gates of the gated cells, from the very step that the cells run."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from cello.cells.gated import GatedCell
from cello.ops.gated import project
from cello.plotting.recording import Run

# By the name of the recurrence: title of each gate, and which of the activations that its step
# applies makes it.
_GATES = {
    "lstm": {"input gate i": 1, "forget gate f": 0, "candidate g": 2, "output gate o": 3},
    "gru": {"update gate z": 0, "reset gate r": 1, "candidate n": 2},
    "gru_reset_before": {"update gate z": 0, "reset gate r": 1, "candidate n": 2},
}


def gates(run: Run, what: str) -> dict[str, np.ndarray]:
    """The gates at every step, `(time, units)` by title, in the order of running.

    A simple recurrent network has no gates: its pre-activation is given. Masked steps are NaN.

    Raises:
        ValueError: for a cell whose gates are not known.
    """
    cell = run.layer.cell
    name = cell.recurrence.name if isinstance(cell, GatedCell) else None
    if name not in (*_GATES, "simple_rnn"):
        raise ValueError(
            f"{what} knows the gates of LSTM, GRU, SimpleRNN and ProjectedLSTM, and {run.layer} "
            f"runs {type(cell).__name__}. plot_states shows the states of any cell."
        )
    before: list[jax.Array] = []
    after: list[jax.Array] = []

    def noting(function):
        def apply(x):
            before.append(x)
            after.append(function(x))
            return after[-1]

        return apply

    bias, recurrent_bias = cell.recurrence.split_bias(
        None if cell.bias is None else cell.bias.value
    )
    previous = jax.tree.map(
        lambda start, s: jnp.concatenate([start[:, None], s[:, :-1]], axis=1), run.start, run.states
    )
    cell.recurrence.step(
        project(run.inputs, cell.kernel.value, bias),
        tuple(previous),
        recurrent_kernel=cell.recurrent_kernel.value,
        recurrent_bias=recurrent_bias,
        recurrent_mask=None,
        activation=noting(cell.activation),
        recurrent_activation=noting(cell.recurrent_activation),
    )
    if name == "simple_rnn":
        found = {"pre-activation": before[0]}
    else:
        found = {title: after[place] for title, place in _GATES[name].items()}
    counts = np.asarray(run.mask)[:, None]
    return {title: np.where(counts, np.asarray(v[0]), np.nan) for title, v in found.items()}
