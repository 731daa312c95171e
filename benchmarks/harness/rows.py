"""What is measured: one `Row` is one model, one shape, and training or inference.

Rows of one `Group` are measured together, in turn, so that their ratios hold.
"""

from __future__ import annotations

import dataclasses
import functools
import re

import numpy as np

GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
SHAPES = [(32, 50, 8, 32), (32, 100, 32, 128), (64, 100, 128, 256), (64, 100, 256, 512)]
ONE_SEQUENCE = (1, 1000, 64, 256)
MIDDLE = SHAPES[1]
SECONDS_A_TURN, FLOPS, SECONDS_A_STEP = 0.15, 100e9, 2e-6
"""A turn is as many batches as take this long at this speed and cost of a step; the same for all
peers, and enough that what a call of `fit` or `predict` costs once is spread over them."""
FEWEST, MOST = 4, 300


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of a table.

    Args:
        cell: "LSTM", "GRU", "SimpleRNN", or "linear_scan" (whose units are its features).
        batch, time, features, units: the shape.
        mode: "training" (`fit`) or "inference" (`predict`); of `linear_scan`, forward and
            backward, or forward.
        layers, bidirectional: for stacks.
        mask: `None`, "lengths" (padded behind, lengths between half and all) or "holes" (a fifth
            of the steps, anywhere).
        recurrent_dropout, bias: as in the layers.
        states: what the recurrence returns: "last" output, "outputs" of all steps, or "all" states
            of all steps besides.
        batches: batches in one call of a peer's function.
        dtype: of `linear_scan`, "float32" or "complex64".
    """

    cell: str
    batch: int
    time: int
    features: int
    units: int
    mode: str
    layers: int = 1
    bidirectional: bool = False
    mask: str | None = None
    recurrent_dropout: float = 0.0
    bias: bool = True
    states: str = "last"
    batches: int = 0
    dtype: str = "float32"

    def __post_init__(self):
        if not self.batches:
            seconds = self.flops / FLOPS + self.time * SECONDS_A_STEP
            batches = int(np.clip(SECONDS_A_TURN / seconds, FEWEST, MOST))
            object.__setattr__(self, "batches", batches)

    @property
    def training(self) -> bool:
        return self.mode == "training"

    @property
    def name(self) -> str:
        return f"{self.label} {self.mode}"

    @property
    def label(self) -> str:
        """The name without the mode."""
        shape = f"{self.batch},{self.time},{self.features},{self.units}"
        if self.cell == "linear_scan":
            shape = f"{self.batch},{self.time},{self.units}"
        return f"{self.cell} {shape}{self.variant and ' ' + self.variant}"

    @property
    def variant(self) -> str:
        """The options of the row, in words."""
        words = [
            f"{self.layers} layers" if self.layers > 1 else "",
            "bidirectional" if self.bidirectional else "",
            {None: "", "lengths": "masked", "holes": "masked with holes"}[self.mask],
            "recurrent dropout" if self.recurrent_dropout else "",
            "" if self.bias else "no bias",
            {"last": "", "outputs": "all outputs", "all": "all states"}[self.states],
            "" if self.dtype == "float32" else self.dtype,
        ]
        return ", ".join(w for w in words if w)

    @property
    def flops(self) -> float:
        """Of one batch: the matrix products really done, the head left out.

        Forward `2 B T G H (F + H)`; backward the same for the weights' gradients, and once more
        for the gradients of the states and of what a layer below has put out (not of the data).
        """
        if self.cell == "linear_scan":
            of_a_number = 8.0 if self.dtype == "complex64" else 2.0
            return of_a_number * self.batch * self.time * self.units * (4 if self.training else 1)
        directions = 2 if self.bidirectional else 1
        total = 0
        for layer in range(self.layers):
            f = self.features if layer == 0 else directions * self.units
            width = f + self.units
            if self.training:
                width = 3 * width - (f if layer == 0 else 0)
            total += directions * width
        return 2.0 * self.batch * self.time * GATES[self.cell] * self.units * total

    @property
    def bytes(self) -> float:
        """Of one batch of `linear_scan`: 2 arrays read and 1 written; backward 3 and 2 besides."""
        size = np.dtype(self.dtype).itemsize
        return float(size * self.batch * self.time * self.units * (8 if self.training else 3))

    def data(self) -> Data:
        return _data(dataclasses.replace(self, batches=0), self.batches)

    def __str__(self) -> str:
        return self.name


@dataclasses.dataclass
class Data:
    """All batches of a row: `x` `(batches, batch, time, features)`, zeros at the masked steps; `y`
    `(batches, batch, 1)`; `mask` `(batches, batch, time)`, or `None`."""

    x: np.ndarray
    y: np.ndarray
    mask: np.ndarray | None

    @property
    def flat(self):
        """`x` and `y` with the batches one after the other, as `fit` takes them."""
        return self.x.reshape(-1, *self.x.shape[2:]), self.y.reshape(-1, 1)


@functools.lru_cache(maxsize=1)
def _data(row: Row, batches: int) -> Data:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batches, row.batch, row.time, row.features), np.float32)
    y = rng.standard_normal((batches, row.batch, 1), np.float32)
    mask = None
    if row.mask == "lengths":
        lengths = rng.integers(row.time // 2, row.time + 1, (batches, row.batch, 1))
        mask = np.arange(row.time) < lengths
    elif row.mask == "holes":
        mask = rng.random((batches, row.batch, row.time)) > 0.2
    if mask is not None:
        x = x * mask[..., None]
    return Data(x, y, mask)


@dataclasses.dataclass(frozen=True)
class Group:
    """Rows measured in turn with each other: `table` is "models", "factors" or "linear_scan".

    Args:
        peers: names of those that take part; all where empty.
    """

    table: str
    rows: tuple[Row, ...]
    peers: tuple[str, ...] = ()

    def base(self, row: Row) -> Row:
        """In "factors", the row without the option, by whose time that of `row` is divided."""
        if self.table != "factors":
            return row
        states = "last" if row.states in ("last", "outputs") else "outputs"
        return dataclasses.replace(row, mask=None, recurrent_dropout=0.0, bias=True, states=states)

    def with_only(self, pattern: str) -> Group:
        """The rows whose names match the regular expression, and what they are divided by."""
        chosen = {row for row in self.rows if re.search(pattern, row.name)}
        chosen |= {self.base(row) for row in chosen}
        return dataclasses.replace(self, rows=tuple(r for r in self.rows if r in chosen))


def models(shapes, cells=tuple(GATES), modes=("training", "inference")) -> list[Group]:
    rows = [Row(cell, *shape, mode) for shape in shapes for cell in cells for mode in modes]
    return [Group("models", (row,)) for row in rows]


def stack_and_mask(shape, modes=("training", "inference")) -> list[Group]:
    rows = [
        Row("LSTM", *shape, mode, **options)
        for options in ({"layers": 2, "bidirectional": True}, {"mask": "lengths"})
        for mode in modes
    ]
    return [Group("models", (row,)) for row in rows]


def factors(shape, cells, modes=("training", "inference")) -> list[Group]:
    """Each option by itself; all states of all steps are compared with all outputs."""
    groups = []
    for cell in cells:
        for mode in modes:
            options = [{}, {"mask": "lengths"}, {"mask": "holes"}, {"bias": False}]
            options += [{"recurrent_dropout": 0.5}] if mode == "training" else []
            options += [{"states": "outputs"}, {"states": "all"}]
            rows = tuple(Row(cell, *shape, mode, **o) for o in options)
            peers = ("cello", "cello_ops", "keras_jax", "torch", "keras_tensorflow")
            groups.append(Group("factors", rows, peers))
    return groups


def linear_scans(batch, time, units) -> list[Group]:
    """Of real numbers, and of half as many complex ones, which are as many bytes."""
    rows = [
        Row("linear_scan", batch, time, n, n, mode, batches=4, dtype=dtype)
        for dtype, n in (("float32", units), ("complex64", units // 2))
        for mode in ("inference", "training")
    ]
    peers = ("cello_ops", "scan", "associative_scan")
    return [Group("linear_scan", (row,), peers) for row in rows]


def all_groups() -> list[Group]:
    return [
        *models(SHAPES),
        *models([ONE_SEQUENCE], modes=("inference",)),
        *stack_and_mask(MIDDLE),
        *factors(MIDDLE, ("LSTM",)),
        *factors(MIDDLE, ("GRU",), ("training",)),
        *linear_scans(8, 4096, 512),
    ]


def quick_groups() -> list[Group]:
    return [
        *models(SHAPES[:1], ("LSTM", "GRU")),
        *models(SHAPES[1:2], ("LSTM",)),
        *stack_and_mask(SHAPES[0], ("training",)),
        *factors(SHAPES[0], ("LSTM",), ("training",)),
        *linear_scans(8, 1024, 512),
    ]


def groups_of(shape) -> list[Group]:
    """All rows at one shape `(batch, time, features, units)`."""
    batch, time, _, units = shape
    return [
        *models([shape]),
        *stack_and_mask(shape),
        *factors(shape, tuple(GATES)),
        *linear_scans(batch, time, units),
    ]
