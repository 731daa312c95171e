"""Which loop of a statement runs along vectors, and what its functions are called there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cello.lowering.ir import (
    Apply,
    Expr,
    Fold,
    Index,
    Load,
    Loop,
    Map,
    Number,
    Place,
    count_functions,
)

DISPATCH = 4.0  # what an instruction costs besides its elements, in vectors of them
LANES = 16


@dataclass(frozen=True)
class Row:
    """The loop that a vector runs along: `size` of its elements, from `first` on.

    Attributes:
        counter: of a row in tiles, what says which of them it is.
    """

    name: str = ""
    size: int = 1
    first: int = 0
    counter: int | None = None


def collapse(statement):
    """The statement with loops as one whose elements lie one behind the other."""
    indices = [statement.index, *_indices(statement.value), *_looked_up(statement.index)]

    def joined(loops: Sequence[Loop]) -> tuple[Loop, ...]:
        found: list[Loop] = []
        for loop in loops:
            if found and all(
                i.factor(found[-1].name) == i.factor(loop.name) * loop.size for i in indices
            ):
                found[-1] = Loop(loop.name, found[-1].size * loop.size)
            else:
                found.append(loop)
        return tuple(found)

    if isinstance(statement, Map):
        return replace(statement, loops=joined(statement.loops))
    return replace(statement, loops=joined(statement.loops), inner=joined(statement.inner))


def _indices(value: Expr) -> Iterator[Index]:
    """All indices in an expression."""
    if isinstance(value, (Load, Place)):
        yield value.index
        yield from _looked_up(value.index)
    elif isinstance(value, Apply):
        for argument in value.arguments:
            yield from _indices(argument)


def _looked_up(index: Index) -> Iterator[Index]:
    for value, _ in index.looked_up:
        yield from _indices(value)


def moves(value: Expr, row: Row) -> bool:
    """Whether an expression has other values along a row."""
    return bool(row.name) and any(i.factor(row.name) for i in _indices(value))


def best_row(statement: Map | Fold, loops: Sequence[Loop]) -> Loop | None:
    """The loop along which vectors cost least."""
    total = math.prod(loop.size for loop in loops)
    count = count_functions(statement.value)
    folds = {loop.name for loop in statement.inner} if isinstance(statement, Fold) else set()

    def cost(loop: Loop) -> float:
        strided = sum(i.factor(loop.name) not in (0, 1) for i in _indices(statement.value))
        strided += loop.name not in folds and statement.index.factor(loop.name) != 1
        once = (count + 1) * (DISPATCH + loop.size / LANES) + strided * loop.size
        if loop.name in folds:
            once += DISPATCH + loop.size / 4
        return once * total / loop.size

    return min(reversed(loops), key=cost, default=None)


def factors_of(fold: Fold) -> tuple[Load, Load] | None:
    """The factors, if the terms of a sum are products of two elements."""
    value = fold.value
    if fold.operation != "add" or not isinstance(value, Apply) or value.name != "mul":
        return None
    a, b = value.arguments
    if value.kind != "float" or not isinstance(a, Load) or not isinstance(b, Load):
        return None
    return None if a.index.looked_up or b.index.looked_up else (a, b)


# ---------------------------------------------------------------------------------- functions

ANY_WORD = ("add", "sub", "mul", "neg", "and", "or", "xor", "eq", "ne")  # the same for all words
CONVERTED = {
    ("float", "int"): "int_from_f",
    ("float", "unsigned"): "unsigned_from_f",
    ("int", "float"): "float_from_i",
    ("bool", "float"): "float_from_i",
    ("unsigned", "float"): "float_from_u",
}


def unchanged(value: Apply) -> bool:
    """Whether a function leaves the words as they are, such as that from a bool to an int."""
    kinds = value.arguments[0].kind, value.kind
    return value.name.startswith("to_") and kinds not in CONVERTED


def fuse(value: Apply) -> tuple[str, tuple[Expr, ...]]:
    """The instruction of a function and what it takes: of a product in a sum, its factors."""
    if value.name == "add" and value.kind == "float":
        for one, other in (value.arguments, value.arguments[::-1]):
            if isinstance(one, Apply) and one.name == "mul":
                return "mul_add_f", (*one.arguments, other)
    if value.name.startswith("to_"):
        return CONVERTED[value.arguments[0].kind, value.kind], value.arguments
    return name_code(value.name, value.arguments[0].kind), value.arguments


def name_code(name: str, kind: str) -> str:
    """The instruction of a function of numbers of a kind."""
    if name == "select":
        return name
    if kind == "float":
        return f"{name}_f"
    if name == "not":
        return "not_b" if kind == "bool" else "not_w"
    if name in ANY_WORD:
        return f"{name}_w"
    return f"{name}_u" if kind == "unsigned" else f"{name}_i"


def neutral(operation: str, kind: str) -> Number:
    """What a fold starts from."""
    if operation in ("max", "min"):
        ends = {"float": math.inf, "int": 2**31 - 1, "unsigned": 2**32 - 1, "bool": 1}
        lowest = {"float": -math.inf, "int": -(2**31), "unsigned": 0, "bool": 0}
        return Number(lowest[kind] if operation == "max" else ends[kind], kind)
    start = {"add": 0, "mul": 1, "and": 1, "or": 0}[operation]
    return Number(-1 if operation == "and" and kind in ("int", "unsigned") else start, kind)
