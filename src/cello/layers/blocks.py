"""Blocks of deep networks: recurrences and feed-forward networks beside residual paths."""

from __future__ import annotations

from typing import Any

from cello.cells import FeedForwardCell, GriffinCell, MambaCell, ResidualCell, StackedRNNCells
from cello.cells.running import run_cell
from cello.cells.wrappers import OuterCell
from cello.core.arguments import arg
from cello.core.kinds import positive, positive_integer
from cello.layers.normalization import RMSNormalization


class BlockCell(OuterCell):
    """Base of the blocks: cells in a row, each behind a normalisation and beside a residual path.

        x = x + cell(normalization(x))    for each of the cells

    A subclass says its arguments and, in `parts`, its cells.
    """

    units = arg(kind=positive_integer, doc="Size of the inputs and of the output.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        policy = {"dtype": self.dtype_policy}
        rows = [ResidualCell(cell, self.norm(**policy), **policy) for cell in self.parts(policy)]
        self.cell = rows[0] if len(rows) == 1 else StackedRNNCells(rows, **policy)

    norm: Any = RMSNormalization

    def parts(self, policy) -> list[Any]:
        """The cells, made with the arguments `policy`."""
        raise NotImplementedError

    def call(self, inputs, states, training=False, constants=None):
        return self.step(inputs, states, training, constants)

    def sequence(self, inputs, states, **options):
        """The same as repeating `call` along axis 1."""
        return run_cell(self.cell, inputs, states, **options)


class GriffinBlockCell(BlockCell):
    """One step of a residual block of Griffin: its recurrent layer, then a gated network.

        x = x + Griffin(RMSNorm(x))
        y = x + FeedForward(RMSNorm(x))

    `GriffinCell` and `FeedForwardCell` (gated, "gelu") have the equations. Inputs and output
    `(batch, units)`; states: those of the two, the second of which has none.

    Source: De, Smith, Fernando, Botev et al. 2024 (Griffin): the block of Hawk, whose layers are
    all recurrent.
    """

    keras_name = ("cello.layers", "GriffinBlockCell")
    expand = arg(3, kind=positive, doc="Width of the feed-forward network, in `units`.")

    def parts(self, policy):
        return [
            GriffinCell(self.units, **policy),
            FeedForwardCell(self.units, self.expand, "gelu", **policy),
        ]


class MambaBlockCell(BlockCell):
    """One step of a residual block of Mamba.

        y = x + Mamba(RMSNorm(x))

    `MambaCell` has the equations. Inputs and output `(batch, units)`; states: those of `MambaCell`.

    Source: Gu and Dao 2023, Mamba: Linear-Time Sequence Modeling with Selective State Spaces.
    """

    keras_name = ("cello.layers", "MambaBlockCell")
    state_units = arg(16, kind=positive_integer, doc="Size of the state of a channel.")

    def parts(self, policy):
        return [MambaCell(self.units, self.state_units, **policy)]
