"""Blocks of deep networks: recurrences and feed-forward networks beside residual paths."""

from __future__ import annotations

from typing import Any

from cello.cells import (
    FeedForwardCell,
    GriffinCell,
    MambaCell,
    MLSTMCell,
    ResidualCell,
    RWKV7Cell,
    SLSTMCell,
    StackedRNNCells,
    TokenShiftFeedForwardCell,
)
from cello.cells.frame import run_cell
from cello.cells.wrappers import OuterCell
from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import one_of, positive, positive_integer
from cello.layers.normalization import LayerNormalization, RMSNormalization
from cello.ops.product import product


class BlockCell(OuterCell):
    """Base of the blocks: cells in a row, each behind a normalisation and beside a residual path.

        x = x + cell(normalization(x))    for each of the cells

    Where the inputs are not `units` wide, `x W` stands for the first `x`. A subclass says its
    arguments and, in `parts`, its cells.
    """

    has_layer = True

    units = arg(kind=positive_integer, doc="Size of the output, and of what is inside.")

    normalization: Any = RMSNormalization
    input_kernel: Any = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        policy: dict[str, Any] = {"dtype": self.dtype_policy}
        rows = [
            ResidualCell(cell, self.normalization(**policy), **policy)
            for cell in self.parts(policy)
        ]
        self.cell = rows[0] if len(rows) == 1 else StackedRNNCells(rows, **policy)

    def parts(self, policy) -> list[Any]:
        """The cells, made with the arguments `policy`."""
        raise NotImplementedError

    def build(self, inputs_shape, constants_shape=None):
        batch, features = inputs_shape
        self.input_spec = InputSpec(("batch", "features"), {"features": features})
        if features != self.units:
            self.input_kernel = self.add_weight(
                (features, self.units), "glorot_uniform", name="input_kernel", autocast=False
            )
        super().build((batch, self.units))

    def call(self, inputs, states, training=False, constants=None):
        return self.inner.take_step(self._fitted(inputs), states, training, constants)

    def sequence(self, inputs, states, run):
        return run_cell(self.inner, self._fitted(inputs), states, run)

    def _fitted(self, inputs):
        if self.input_kernel is None:
            return inputs
        return product(inputs, self.input_kernel.value, self.compute_dtype)


class GriffinBlockCell(BlockCell):
    """One step of a residual block of Griffin: its recurrent layer, then a gated network.

        x = x + Griffin(RMSNorm(x))
        y = x + FeedForward(RMSNorm(x))

    `GriffinCell` and `FeedForwardCell` (gated, "gelu") have the equations. Inputs
    `(batch, features)`, where they are not `units` wide times a kernel; output `(batch, units)`;
    states: those of the two, the second of which has none.

    Source: De, Smith, Fernando, Botev et al. 2024 (Griffin): the block of Hawk, whose layers are
    all recurrent.
    """

    expand = arg(3, kind=positive, doc="Width of the feed-forward network, in `units`.")

    def parts(self, policy):
        return [
            GriffinCell(self.units, **policy),
            FeedForwardCell(self.units, self.expand, "gelu", **policy),
        ]


class MambaBlockCell(BlockCell):
    """One step of a residual block of Mamba.

        y = x + Mamba(RMSNorm(x))

    `MambaCell` has the equations. Inputs `(batch, features)`, where they are not `units` wide
    times a kernel; output `(batch, units)`; states: those of `MambaCell`.

    Source: Gu and Dao 2023, Mamba: Linear-Time Sequence Modeling with Selective State Spaces.
    """

    state_units = arg(16, kind=positive_integer, doc="Size of the state of a channel.")

    def parts(self, policy):
        return [MambaCell(self.units, self.state_units, **policy)]


class XLSTMBlockCell(BlockCell):
    """One step of a residual block of xLSTM: a memory with exponential gates, then a gated network.

        x = x + Memory(RMSNorm(x))
        y = x + FeedForward(RMSNorm(x))

    `MLSTMCell` (a matrix as memory) or `SLSTMCell` (scalars), and `FeedForwardCell` (gated, "silu")
    have the equations. Inputs `(batch, features)`, where they are not `units` wide times a kernel;
    output `(batch, units)`; states: those of the two, the second of which has none.

    Source: Beck et al. 2025, xLSTM 7B, whose blocks are these with a matrix; Beck et al. 2024,
    xLSTM: Extended Long Short-Term Memory, for the memories.
    """

    heads = arg(1, kind=positive_integer, doc="Number of heads; it divides `units`.")
    memory = arg("matrix", kind=one_of("matrix", "scalar"), doc='"matrix" or "scalar".')
    expand = arg(8 / 3, kind=positive, doc="Width of the feed-forward network, in `units`.")

    def parts(self, policy):
        memory = MLSTMCell if self.memory == "matrix" else SLSTMCell
        return [
            memory(self.units, heads=self.heads, **policy),
            FeedForwardCell(self.units, self.expand, "silu", **policy),
        ]


class RWKVBlockCell(BlockCell):
    """One step of a residual block of RWKV-7: time mixing, then channel mixing.

        x = x + TimeMixing(LayerNorm(x))
        y = x + ChannelMixing(LayerNorm(x))

    `RWKV7Cell` and `TokenShiftFeedForwardCell` have the equations. Inputs `(batch, features)`,
    where they are not `units` wide times a kernel; output `(batch, units)`; states: those of the
    two.

    Source: Peng et al. 2025, RWKV-7 "Goose" with Expressive Dynamic State Evolution.
    """

    heads = arg(1, kind=positive_integer, doc="Number of heads; it divides `units`.")
    expand = arg(4, kind=positive, doc="Width of the channel mixing, in `units`.")
    normalization = LayerNormalization

    def parts(self, policy):
        return [
            RWKV7Cell(self.units, self.heads, **policy),
            TokenShiftFeedForwardCell(self.units, self.expand, **policy),
        ]
