"""Several cells, each fed by the one before, as one cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cello.cells.cell import Cell, as_cell, check_cell
from cello.cells.frame import run_cell
from cello.core.arguments import arg
from cello.core.layer import Layer
from cello.ops.engine import Engine


def _cells(value: Sequence[Layer]):
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError("a list of cells, at least one")
    return [check_cell(cell) for cell in value]


class StackedRNNCells(Cell):
    """Cells in a row: the output of each step of one is the input of the next.

    The states are a list with the states of each cell, in order. In `RNN` each cell runs over the
    whole sequence before the next one does, which is the same and faster.
    """

    cells = arg(kind=_cells, doc="The cells, from the input to the output.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.state_size = [cell.state_size for cell in self.row]
        self.output_size = self.row[-1].size_of_output()

    @property
    def row(self) -> list[Any]:
        """The cells, each as what runs."""
        return [as_cell(cell) for cell in self.cells]

    @property
    def exact_inputs(self) -> bool:  # type: ignore[override]
        return self.row[0].exact_inputs

    @property
    def takes_constants(self) -> bool:  # type: ignore[override]
        return any(cell.takes_constants for cell in self.row)

    def build(self, inputs_shape, constants_shape=None):
        for cell in self.row:
            cell.build_for(inputs_shape, constants_shape)
            size = cell.size_of_output()
            inputs_shape = (inputs_shape[0], *(size if isinstance(size, tuple) else (size,)))
        self.output_size = size  # some cells know their sizes only now
        self.state_size = [cell.state_size for cell in self.cells]

    def call(self, inputs, states, training=False, constants=None):
        new_states = []
        for cell, state in zip(self.row, states, strict=True):
            inputs, state = cell.take_step(inputs, state, training=training, constants=constants)
            new_states.append(state)
        return inputs, new_states

    def sequence(self, inputs, states, run):
        """One cell after the other, each over the whole sequence."""
        new_states = []
        row = self.row
        before_last = run.but(return_sequences=True, zero_output_for_mask=False)
        for cell, state in zip(row, states, strict=True):
            wanted = run if cell is row[-1] else before_last
            inputs, state = run_cell(cell, inputs, state, wanted)
            new_states.append(state)
        return inputs, new_states

    def in_sizes(self, states):
        """As in Keras the state of a cell whose `state_size` is an integer stands in no list."""
        return [
            inner[0] if isinstance(cell.state_size, int) else cell.in_sizes(inner)
            for cell, inner in zip(self.row, states, strict=True)
        ]

    @property
    def engine(self) -> Engine:
        """What runs the cells: JAX's loop, with a reason, if one of them needs it."""
        engines = [cell.engine for cell in self.row]
        recurrent = [engine for engine in engines if engine != "xla"]
        return next((e for e in recurrent if e == "scan"), (recurrent or engines)[0])

    def get_initial_state(self, batch_size):
        return [cell.starting_states(batch_size) for cell in self.row]
