"""Gated recurrent unit."""

from cello import activations
from cello.cells.gated import GatedCell
from cello.core.arguments import arg
from cello.core.kinds import boolean
from cello.ops.gru import GRU, GRU_RESET_BEFORE


class GRUCell(GatedCell):
    """One step of the gated recurrent unit.

        z = sigmoid(x_t W_z + b_z + h_{t-1} U_z + d_z)
        r = sigmoid(x_t W_r + b_r + h_{t-1} U_r + d_r)
        n = tanh(x_t W_n + b_n + r * (h_{t-1} U_n + d_n))    with reset_after (as cuDNN does)
        n = tanh(x_t W_n + b_n + (r * h_{t-1}) U_n)          without; d_z = d_r = 0
        h_t = z * h_{t-1} + (1 - z) * n

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 3 * units)`, recurrent kernel `U` `(units, 3 * units)`, bias
    `(2, 3 * units)` (`b`, then `d`) with `reset_after`, else `(3 * units,)`; gates in the order
    z, r, n. Dropout draws one mask for all gates (Keras draws one a gate if recurrent_dropout > 0).

    Source: Cho et al. 2014 (`reset_after=False`).
    """

    recurrent_activation = arg("sigmoid", kind=activations.get, doc="Activation of the gates.")
    reset_after = arg(
        True, kind=boolean,
        doc="Whether the reset gate acts after the recurrent product or before.",
    )  # fmt: skip

    has_kernel = True

    @property  # the reset gate decides
    def recurrence(self):  # type: ignore[override]
        return GRU if self.reset_after else GRU_RESET_BEFORE
