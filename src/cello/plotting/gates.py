"""The gates of the gated cells, from the very step that the cells run."""

from __future__ import annotations

import contextlib

import jax
import jax.numpy as jnp
import numpy as np

from cello.cells.gated import GatedCell
from cello.core.replacing import replaced
from cello.plotting.recording import Run

# By the name of the recurrence: title of each gate, and which of the activations that its step
# applies makes it.
_LSTM = {"input gate i": 1, "forget gate f": 0, "candidate g": 2, "output gate o": 3}
_GRU = {"update gate z": 0, "reset gate r": 1, "candidate n": 2}
_GATES = {
    "lstm": _LSTM,
    "peephole_lstm": _LSTM,
    "layer_norm_lstm": _LSTM,
    "coupled_lstm": {"forget gate f": 0, "candidate g": 1, "output gate o": 2},
    "gru": _GRU,
    "gru_reset_before": _GRU,
    "layer_norm_gru": _GRU,
    "mgu": {"forget gate f": 0, "candidate g": 1},
    "ugrnn": {"update gate g": 0, "candidate c": 1},
}
_WITHOUT = ("simple_rnn", "ind_rnn")


def gates(run: Run, what: str) -> dict[str, np.ndarray]:
    """The gates at every step, `(time, units)` by title, in the order of running.

    Simple and independently recurrent networks have no gates: the pre-activation is given. Masked
    steps are NaN.

    Raises:
        ValueError: for a cell whose gates are not known.
    """
    cell = run.layer.cell
    name = cell.recurrence.name if isinstance(cell, GatedCell) else None
    if name not in (*_GATES, *_WITHOUT):
        raise ValueError(
            f"{what} knows the gates of LSTM, GRU and their variants, and {run.layer} runs "
            f"{type(cell).__name__}. plot_states shows the states of any cell."
        )
    before: list[jax.Array] = []
    after: list[jax.Array] = []

    def noting(function):
        def apply(x):
            before.append(x)
            after.append(function(x))
            return after[-1]

        return apply

    previous = jax.tree.map(
        lambda start, s: jnp.concatenate([start[:, None], s[:, :-1]], axis=1), run.start, run.states
    )
    x, recurrent_bias = cell.project(run.inputs)
    with contextlib.ExitStack() as stack:
        for function in ("activation", "recurrent_activation"):
            listening = noting(getattr(cell, function))
            stack.enter_context(replaced(cell, function, listening))
        cell.step(x, tuple(previous), cell.recurrent(), recurrent_bias)
    if name in _WITHOUT:
        found = {"pre-activation": before[0]}
    else:
        found = {title: after[place] for title, place in _GATES[name].items()}
    counts = np.asarray(run.mask)[:, None]
    return {title: np.where(counts, np.asarray(v[0]), np.nan) for title, v in found.items()}
