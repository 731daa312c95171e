"""The gates of the gated cells, from the very step that the cells run."""

from __future__ import annotations

import numpy as np

from cello.cells.steps import Passage


def find_gates(passage: Passage, what: str) -> dict[str, np.ndarray]:
    """The gates at every step, `(time, units)` by title, in the order of running.

    Of a recurrence without gates, the pre-activation is given. Masked steps are NaN.

    Raises:
        ValueError: for a cell whose gates are not known.
    """
    found = passage.read_gates()
    if not found:
        raise ValueError(
            f"{what} knows the gates of LSTM, GRU and their variants, and {passage.layer} runs "
            f"{type(passage.layer.cell).__name__}. plot_states shows the states of any cell."
        )
    maps = {}
    for cell, values in found:
        of = f"\nof {cell.name}" if len(found) > 1 else ""
        titles = cell.recurrence.titles or dict.fromkeys(values, "pre-activation")
        for letter, value in values.items():
            every = np.asarray(value[0]).reshape(value.shape[1], -1)
            maps[titles[letter] + of] = np.where(np.asarray(passage.counts).T, every, np.nan)
    return maps
