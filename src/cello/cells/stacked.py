"""Several cells, each fed by the one before, as one cell."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from cello.cells.running import (
    build_cell,
    cell_engine,
    check_cell,
    initial_state,
    output_size,
    run_cell,
    takes_constants,
)
from cello.core.arguments import arg
from cello.core.layer import Layer
from cello.ops.engine import Engine


def _cells(value):
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError("a list of cells, at least one")
    for cell in value:
        check_cell(cell)
    return list(value)


class StackedRNNCells(Layer):
    """Cells in a row: the output of each step of one is the input of the next.

    The states are a list with the states of each cell, in order. In `RNN` each cell runs over the
    whole sequence before the next one does, which is the same and faster.
    """

    cells = arg(kind=_cells, doc="The cells, from the input to the output.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.state_size = [cell.state_size for cell in self.cells]
        self.output_size = output_size(self.cells[-1])
        self.exact_inputs = getattr(self.cells[0], "exact_inputs", False)

    @property
    def input_dtype(self) -> str:
        return self.variable_dtype if self.exact_inputs else self.compute_dtype

    def build(self, inputs_shape, constants_shape=None):
        for cell in self.cells:
            if not cell.built:
                build_cell(cell, inputs_shape, constants_shape)
            size = output_size(cell)
            inputs_shape = (inputs_shape[0], *(size if isinstance(size, tuple) else (size,)))
        self.output_size = size  # some cells know their sizes only now
        self.state_size = [cell.state_size for cell in self.cells]

    def call(self, inputs, states, training=False, constants=None):
        new_states = []
        for cell, state in zip(self.cells, states, strict=True):
            more = {"constants": constants} if takes_constants(cell) else {}
            inputs, state = cell(inputs, state, training=training, **more)
            new_states.append(state)
        return inputs, new_states

    def sequence(
        self,
        inputs,
        states,
        *,
        mask,
        go_backwards,
        return_sequences,
        zero_output_for_mask,
        **options,
    ):
        """The same as repeating `call` along axis 1, one cell after the other."""
        if go_backwards:
            inputs = jax.tree.map(lambda x: jnp.flip(x, 1), inputs)
            mask = None if mask is None else jnp.flip(mask, 1)
        new_states = []
        for cell, state in zip(self.cells, states, strict=True):
            last = cell is self.cells[-1]
            inputs, state = run_cell(
                cell,
                inputs,
                state,
                mask=mask,
                go_backwards=False,
                return_sequences=return_sequences or not last,
                zero_output_for_mask=zero_output_for_mask and last,
                **options,
            )
            new_states.append(state)
        return inputs, new_states

    @property
    def engine(self) -> Engine:
        """What runs the cells: the first that is not native, with its reason."""
        engines = [cell_engine(cell) for cell in self.cells]
        return next((engine for engine in engines if engine != "native"), engines[0])

    def get_initial_state(self, batch_size):
        return [initial_state(cell, batch_size) for cell in self.cells]
