"""The small language that models are lowered to: loops over arrays of known size.

A `Program` reads and writes `Buffer`s. Its statements are of three kinds: `Map` computes each
element of a box, `Fold` sums (or finds the greatest or least) over some axes of one, `Repeat` runs
others again and again. What an element is computed from is an expression: `Load`, `Number`, `Place`
and `Apply`. Writers turn these few kinds into C and JavaScript.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

# The kinds of numbers there are: what the dtypes of JAX become.
KINDS = {
    "float32": "float",
    "bfloat16": "float",  # computed exactly, where Python rounds to 16 bits
    "float16": "float",
    "int8": "int",
    "int16": "int",
    "int32": "int",
    "uint8": "int",
    "uint16": "int",
    "uint32": "unsigned",
    "bool": "bool",
}


@dataclass(eq=False)
class Buffer:
    """An array in memory, row by row.

    Attributes:
        name: an identifier, of no other buffer of the program.
        shape: its sizes.
        kind: "float", "int", "unsigned" or "bool".
        role: "weight", "state", "input", "output" or "temporary".
        value: the numbers of a weight; those of 16 bits as the bits.
        stored: "int8", "bfloat16" or "float16" if it is narrower in memory than its kind, to which
            each load widens a number; "offset8" for int8 as numbers that are 128 more.
        comment: where it comes from.
        timed: of an input or output, whether there is one for each step.
        per_step: of an output, how many of its steps come of one, in front if more than one.
    """

    name: str
    shape: tuple[int, ...]
    kind: str
    role: str
    value: np.ndarray | None = None
    comment: str = ""
    timed: bool = True
    per_step: int = 1
    stored: str = ""

    @property
    def bytes(self) -> int:
        """How much memory it takes; a boolean is 32 bits in C."""
        return self.size * {"": 4, "int8": 1, "offset8": 1}.get(self.stored, 2)

    @property
    def size(self) -> int:
        return max(math.prod(self.shape), 1)

    @property
    def strides(self) -> tuple[int, ...]:
        return tuple(math.prod(self.shape[i + 1 :]) for i in range(len(self.shape)))


@dataclass(frozen=True)
class Index:
    """A whole number: `first + sum(variable * factor) + sum(expression * factor)`."""

    first: int = 0
    terms: tuple[tuple[str, int], ...] = ()
    looked_up: tuple[tuple[Expr, int], ...] = ()

    def __add__(self, other: Index | int) -> Index:
        if isinstance(other, int):
            return Index(self.first + other, self.terms, self.looked_up)
        factors = dict(self.terms)
        for name, factor in other.terms:
            factors[name] = factors.get(name, 0) + factor
        terms = tuple((name, factor) for name, factor in factors.items() if factor)
        return Index(self.first + other.first, terms, self.looked_up + other.looked_up)

    def __mul__(self, factor: int) -> Index:
        if factor == 0:
            return Index()
        return Index(
            self.first * factor,
            tuple((name, f * factor) for name, f in self.terms),
            tuple((value, f * factor) for value, f in self.looked_up),
        )

    def factor(self, variable: str) -> int:
        """By how much it grows with a variable of a loop."""
        return dict(self.terms).get(variable, 0)


def variable(name: str) -> Index:
    return Index(0, ((name, 1),))


@dataclass(frozen=True)
class Load:
    """An element of a buffer."""

    buffer: Buffer
    index: Index

    @property
    def kind(self) -> str:
        return self.buffer.kind


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float | int | bool
    kind: str


@dataclass(frozen=True)
class Place:
    """An index as a number."""

    index: Index
    kind: str = "int"


@dataclass(frozen=True)
class Apply:
    """A function of expressions; `FUNCTIONS` in the writers has each name."""

    name: str
    arguments: tuple[Expr, ...]
    kind: str


Expr = Load | Number | Place | Apply


@dataclass(frozen=True)
class Loop:
    """A variable that runs from 0 to below `size`."""

    name: str
    size: int


@dataclass
class Map:
    """`target[index] = value` for all values of the loops' variables."""

    loops: tuple[Loop, ...]
    target: Buffer
    index: Index
    value: Expr


@dataclass
class Fold:
    """`target[index] = value + value + ...` over the inner loops, for all of the outer ones.

    Attributes:
        operation: "add", "mul", "max", "min", "and" or "or", from its neutral number on.
    """

    loops: tuple[Loop, ...]
    inner: tuple[Loop, ...]
    target: Buffer
    index: Index
    operation: str
    value: Expr


@dataclass
class Repeat:
    """Statements that run once for each value of a variable, one after the other."""

    loop: Loop
    body: list[Statement]


Statement = Map | Fold | Repeat


@dataclass
class Program:
    """Statements, and the buffers that they make on their way."""

    statements: list[Statement] = field(default_factory=list)
    temporaries: list[Buffer] = field(default_factory=list)


def loads_of(value: Expr) -> Iterator[Load]:
    """The loads in an expression, those of indices included."""
    if isinstance(value, Load):
        yield value
        yield from loads_in_index(value.index)
    elif isinstance(value, Place):
        yield from loads_in_index(value.index)
    elif isinstance(value, Apply):
        for argument in value.arguments:
            yield from loads_of(argument)


def loads_in_index(index: Index) -> Iterator[Load]:
    for value, _ in index.looked_up:
        yield from loads_of(value)


def buffers_read(statements: Sequence[Statement]) -> Iterator[Buffer]:
    """The buffers that statements read, each as often as it stands there."""
    for statement in statements:
        if isinstance(statement, Repeat):
            yield from buffers_read(statement.body)
            continue
        for load in (*loads_of(statement.value), *loads_in_index(statement.index)):
            yield load.buffer


def cost(value: Expr) -> int:
    """What it takes about to compute an expression once, a load being free."""
    if isinstance(value, Apply):
        own = 10 if value.name in HEAVY else 1
        return own + sum(map(cost, value.arguments))
    return 0


def count_functions(value: Expr) -> int:
    """How many functions an expression has."""
    if isinstance(value, Apply):
        return 1 + sum(map(count_functions, value.arguments))
    return 0


def count_work(statements: Sequence[Statement]) -> int:
    """How many functions of single elements statements compute."""
    total = 0
    for statement in statements:
        if isinstance(statement, Repeat):
            total += statement.loop.size * count_work(statement.body)
            continue
        inner = statement.inner if isinstance(statement, Fold) else ()
        places = math.prod(loop.size for loop in (*statement.loops, *inner))
        total += places * (1 + count_functions(statement.value))
    return total


HEAVY = {"exp", "tanh", "logistic", "log", "sqrt", "rsqrt", "sin", "cos", "erf", "pow", "div",
         "log1p", "expm1"}  # fmt: skip
