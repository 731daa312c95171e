"""What is measured on a GPU: one `Row` is one layer at one shape, in one precision and one mode.

The rows come in the order of their importance: those of `--quick` first, then from the middle of
the ranges outwards.
"""

from __future__ import annotations

import dataclasses
import itertools

from harness.rows import GATES

LAYERS = tuple(GATES)
STEPS = (1024, 128, 8192)
UNITS = (256, 512, 128, 64, 1024)
BATCHES = (16, 64, 1, 256)
PRECISIONS = ("tf32", "float32", "bfloat16")
MODES = ("training", "forward")
SCANS = ((16, 8192, 1024), (1, 65536, 256))
SAVED = {"LSTM": 5, "GRU": 4, "SimpleRNN": 0}
"""Numbers a unit and step that forward saves besides the outputs: the four gates and the cell
state; the two gates, the candidate and its recurrent part; nothing."""
QUICK = [
    *(("LSTM", 16, 1024, units, "tf32") for units in (256, 512, 128)),
    ("GRU", 16, 1024, 256, "tf32"),
    ("LSTM", 16, 1024, 256, "float32"),
    ("LSTM", 16, 1024, 256, "bfloat16"),
    ("LSTM", 64, 1024, 256, "tf32"),
    ("GRU", 64, 1024, 512, "tf32"),
    ("LSTM", 64, 128, 256, "tf32"),
]


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        layer: "LSTM", "GRU", "SimpleRNN", or "linear_scan".
        batch, steps, units: the shape; there are as many features as units.
        precision: "float32", "tf32" (arrays of float32) or "bfloat16".
        mode: "forward", the outputs of all steps; or "training", and from one gradient for them
            those for the inputs and every weight.
    """

    layer: str
    batch: int
    steps: int
    units: int
    precision: str
    mode: str

    @property
    def training(self) -> bool:
        return self.mode == "training"

    @property
    def is_scan(self) -> bool:
        return self.layer == "linear_scan"

    @property
    def dtype(self) -> str:
        return "bfloat16" if self.precision == "bfloat16" else "float32"

    @property
    def name(self) -> str:
        shape = f"{self.batch},{self.steps},{self.units}"
        return f"{self.layer} {shape} {self.precision} {self.mode}"

    @property
    def operations(self) -> float:
        """Of the matrix products, `2 B T (F + H) G H` forward, as much twice more backward."""
        if self.is_scan:
            return 0.0
        forward = 2.0 * self.batch * self.steps * 2 * self.units * GATES[self.layer] * self.units
        return forward * (3 if self.training else 1)

    @property
    def bytes(self) -> float:
        """What has to be moved at least, where everything that is used again at once stays near.

        Forward reads inputs `x` and weights, and writes the outputs `y`. In training it writes
        what it saves besides (`SAVED`); backward reads that, `x`, `y`, the weights and the gradient
        for `y`, and writes the gradients for `x` and the weights. A linear scan reads `a` and `b`
        and writes `h`; backward reads `a`, `h` and the gradient for `h`, and writes two gradients.
        """
        size = 2 if self.dtype == "bfloat16" else 4
        one = self.batch * self.steps * self.units  # numbers in x, and in y
        if self.is_scan:
            return float(size * one * (8 if self.training else 3))
        weights = 2 * self.units * GATES[self.layer] * self.units
        if not self.training:
            return float(size * (2 * one + weights))
        return float(size * ((2 + 4 + 2 * SAVED[self.layer]) * one + 3 * weights))

    @property
    def options(self) -> tuple[str, ...]:
        """What a recurrence is measured with besides: there is dropout in training only."""
        if self.is_scan:
            return ()
        return ("mask", "dropout") if self.training else ("mask",)


def rows(chosen) -> list[Row]:
    """The rows of the options, the most important first."""
    wanted = list(
        itertools.product(
            chosen.layers, chosen.batches, chosen.steps, chosen.units, chosen.precisions
        )
    )
    if chosen.quick:
        wanted = [shape for shape in QUICK if shape in wanted]
    wanted.sort(key=importance)
    found = [Row(*shape, mode) for shape in wanted for mode in MODES if mode in chosen.modes]
    scans = [
        Row("linear_scan", *shape, "float32", mode)
        for shape in chosen.scans
        for mode in MODES
        if mode in chosen.modes
    ]
    quick = len(QUICK) * len(chosen.modes)
    return found[:quick] + scans + found[quick:]


def importance(shape):
    """A key for sorting: those of `QUICK` first, then by the distance from the first values."""
    if shape in QUICK:
        return 0, QUICK.index(shape)
    orders = LAYERS, BATCHES, STEPS, UNITS, PRECISIONS
    pairs = zip(shape, orders, strict=True)
    return 1, sum(order.index(v) if v in order else len(order) for v, order in pairs)
