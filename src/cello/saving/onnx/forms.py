"""The cells for which ONNX has an operator: `LSTM`, `GRU` and `RNN`."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import numpy as np

from cello import activations as a
from cello.cells import GRUCell, LSTMCell, SimpleRNNCell
from cello.ops.gated import Gated, reordered
from cello.ops.gru import GRU
from cello.ops.lstm import LSTM
from cello.ops.run import Run
from cello.ops.simple_rnn import SIMPLE_RNN


@dataclasses.dataclass(frozen=True)
class Form:
    """How ONNX says a cell.

    Attributes:
        kind: the operator.
        cell: its declaration here.
        gates: the gates in ONNX's order.
        functions: the cell's activations in ONNX's order.
    """

    kind: str
    cell: Gated
    gates: str
    functions: tuple[str, ...]

    @property
    def states(self) -> str:
        return self.cell.states

    def written(self, array):
        """Blocks along the last axis in the order of ONNX."""
        return reordered(np.asarray(array), self.cell.gates, self.gates)

    def read(self, array):
        """The way back."""
        return reordered(array, self.gates, self.cell.gates)


FORMS: dict[type, Form] = {
    SimpleRNNCell: Form("RNN", SIMPLE_RNN, "g", ("activation",)),
    GRUCell: Form("GRU", GRU, "zrn", ("recurrent_activation", "activation")),
    LSTMCell: Form("LSTM", LSTM, "iofg", ("recurrent_activation", "activation", "activation")),
}

ACTIVATIONS: dict[Any, tuple[str, float | None, float | None]] = {
    a.tanh: ("Tanh", None, None),
    a.sigmoid: ("Sigmoid", None, None),
    a.relu: ("Relu", None, None),
    a.linear: ("Affine", 1.0, 0.0),
    a.leaky_relu: ("LeakyRelu", 0.2, None),
    a.hard_sigmoid: ("HardSigmoid", 1 / 6, 0.5),
    a.keras2_hard_sigmoid: ("HardSigmoid", 0.2, 0.5),
    a.elu: ("Elu", 1.0, None),
    a.softsign: ("Softsign", None, None),
    a.softplus: ("Softplus", None, None),
}
"""Function to its name in such an operator, with its alpha and beta."""

DEFAULTS: dict[str, tuple[float | None, float | None]] = {
    "Affine": (1.0, 0.0),
    "LeakyRelu": (0.01, None),
    "ThresholdedRelu": (1.0, None),
    "ScaledTanh": (1.0, 1.0),
    "HardSigmoid": (0.2, 0.5),
    "Elu": (1.0, None),
}
"""alpha and beta of the functions that have some, where a node gives none."""


@dataclasses.dataclass(frozen=True)
class Recurrence:
    """A run of a cell that is one operator.

    Attributes:
        cell: the cell.
        run: what is wanted of it, without its arrays.
        masked: whether it has a mask.
    """

    cell: Any
    run: Run
    masked: bool

    @property
    def form(self) -> Form:
        return FORMS[type(self.cell)]

    @property
    def functions(self) -> list[tuple[str, float | None, float | None]]:
        return [ACTIVATIONS[getattr(self.cell, f)] for f in self.form.functions]


def recurrence_of(cell, inputs, run: Run) -> Recurrence | None:
    """What a run of a cell is in ONNX, `None` if no operator computes it."""
    form = FORMS.get(type(cell))
    leaves = jax.tree.leaves(inputs)
    if form is None or run.return_all_states or run.training or len(leaves) != 1:
        return None
    known = all(getattr(cell, f) in ACTIVATIONS for f in form.functions)
    if not known or leaves[0].dtype == "float64":  # which ONNX Runtime does not run
        return None
    return Recurrence(cell, run.but(mask=None, constants=None), run.mask is not None)
