"""What C and JavaScript have in common: loops in braces, and expressions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace

from cello.lowering.ir import (
    Apply,
    Buffer,
    Expr,
    Fold,
    Index,
    Load,
    Loop,
    Map,
    Number,
    Place,
    Program,
    Repeat,
    Statement,
    loads_of,
)
from cello.lowering.writers.dots import Dots, find_dots

LANES = 16  # partial sums of a long sum, so that a compiler may add them side by side
AT_ONCE = 4  # terms of a sum that are added to a row at once
NEUTRAL = {"add": 0.0, "mul": 1.0, "max": -math.inf, "min": math.inf, "and": 1, "or": 0}
OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "eq": "==", "ne": "!=", "lt": "<",
             "le": "<=", "gt": ">", "ge": ">=", "and": "&", "or": "|", "xor": "^"}  # fmt: skip


class Braces:
    """Writes statements as lines; a language says how it names and declares things."""

    used: set[str]  # functions that were called

    def __init__(self) -> None:
        self.used = set()

    # What a language says.

    def place(self, buffer: Buffer) -> str:
        """How a buffer is called."""
        raise NotImplementedError

    def number(self, number: Number) -> str:
        raise NotImplementedError

    def call(self, value: Apply, arguments: list[str]) -> str:
        """A function of expressions that have been written."""
        raise NotImplementedError

    def loop(self, loop: Loop, first: int = 0, step: int = 1) -> str:
        """The head of a loop, up to its brace."""
        raise NotImplementedError

    def local(self, name: str, kind: str, value: str) -> str:
        """The declaration of one number that changes."""
        raise NotImplementedError

    def lanes(self, name: str, kind: str) -> str:
        """The declaration of `LANES` numbers."""
        raise NotImplementedError

    def part(self, first: Load) -> str:
        """A buffer from an element on, as an argument of a function, or as two."""
        raise NotImplementedError

    def function(self, name: str) -> str:
        """How a function of the file's own is called."""
        raise NotImplementedError

    # Expressions.

    def element(self, buffer: Buffer, index: Index) -> str:
        return f"{self.place(buffer)}[{self.index(index)}]"

    def expression(self, value: Expr) -> str:
        if isinstance(value, Load):
            return self.element(value.buffer, value.index)
        if isinstance(value, Number):
            return self.number(value)
        if isinstance(value, Place):
            return f"({self.index(value.index)})"
        return self.call(value, [self.expression(a) for a in value.arguments])

    def index(self, index: Index) -> str:
        parts = [name if factor == 1 else f"{name} * {factor}" for name, factor in index.terms]
        for value, factor in index.looked_up:
            text = self.expression(value)
            parts.append(text if factor == 1 else f"{text} * {factor}")
        if index.first or not parts:
            parts.append(str(index.first))
        return " + ".join(parts).replace("+ -", "- ")

    # Statements.

    def lines(self, statements: Iterable[Statement], depth: int) -> Iterator[str]:
        for statement in statements:
            for line in self._statement(statement):
                yield "    " * depth + line

    def _statement(self, statement: Statement) -> Iterator[str]:
        if isinstance(statement, Repeat):
            yield f"{self.loop(statement.loop)} {{"
            yield from self.lines(statement.body, 1)
            yield "}"
        elif isinstance(statement, Map):
            yield from self._around(
                statement.loops,
                [f"{self._target(statement)} = {self.expression(statement.value)};"],
            )
        else:
            yield from self._fold(statement)

    def _target(self, statement: Map | Fold) -> str:
        return self.element(statement.target, statement.index)

    def _around(self, loops: Iterable[Loop], lines: list[str]) -> Iterator[str]:
        """Lines within loops."""
        loops = list(loops)
        for depth, loop in enumerate(loops):
            yield "    " * depth + f"{self.loop(loop)} {{"
        for line in lines:
            yield "    " * len(loops) + line
        for depth in reversed(range(len(loops))):
            yield "    " * depth + "}"

    def _fold(self, fold: Fold) -> Iterator[str]:
        loads = list(loads_of(fold.value))
        dots = find_dots(fold)
        if dots is not None:
            yield from self._around(dots.outer, [self._dots(dots)])
        elif fold.loops and _runs_along(loads, fold.loops[-1]) and fold.operation == "add":
            yield from self._rows(fold)
        elif (
            _runs_along(loads, fold.inner[-1])
            and fold.inner[-1].size >= 2 * LANES
            and fold.operation in ("add", "max", "min")
        ):
            yield from self._in_lanes(fold)
        else:
            total = f"{fold.inner[0].name}_sum"
            start = self.local(total, fold.value.kind, self._neutral(fold))
            step = self._combined(fold, total, fold.value)
            lines = [start, *self._around(fold.inner, [f"{total} = {step};"])]
            yield from self._around(fold.loops, [*lines, f"{self._target(fold)} = {total};"])

    def _dots(self, dots: Dots) -> str:
        self.used.add("dots")
        parts = ", ".join(self.part(load) for load in (dots.target, dots.x, dots.weight))
        return f"{self.function('dots')}({parts}, {dots.groups}, {dots.blocks});"

    def _rows(self, fold: Fold) -> Iterator[str]:
        """A row of sums at once, some terms at a time: loops that vectorise without reordering."""
        *outer, row = fold.loops
        *inner, last = fold.inner
        target = self._target(fold)
        lines = list(self._around([row], [f"{target} = {self._neutral(fold)};"]))
        for first, count, step in _blocks(last.size, AT_ONCE):
            values = [self.expression(_shifted(fold.value, last.name, n)) for n in range(step)]
            body = list(self._around([row], [f"{target} += {' + '.join(values)};"]))
            head = self.loop(Loop(last.name, first + count * step), first, step)
            lines += self._around(inner, [f"{head} {{", *("    " + b for b in body), "}"])
        yield from self._around(outer, lines)

    def _in_lanes(self, fold: Fold) -> Iterator[str]:
        """One long sum as sixteen, added up at the end."""
        *inner, last = fold.inner
        lane, total = Loop("lane", LANES), f"{last.name}_sum"
        whole = last.size // LANES * LANES
        sums = f"{last.name}_sums"
        in_lane, neutral = f"{sums}[lane]", self._neutral(fold)
        shifted = _shifted_by(fold.value, last.name, lane.name)
        lines = [self.lanes(sums, fold.value.kind)]
        lines += self._around([lane], [f"{in_lane} = {neutral};"])
        body = self._around([lane], [f"{in_lane} = {self._combined(fold, in_lane, shifted)};"])
        head = self.loop(Loop(last.name, whole), 0, LANES)
        lines += self._around(inner, [f"{head} {{", *("    " + b for b in body), "}"])
        lines.append(self.local(total, fold.value.kind, neutral))
        lines += self._around([lane], [f"{total} = {self._combine(fold, total, in_lane)};"])
        if whole < last.size:
            rest = f"{total} = {self._combined(fold, total, fold.value)};"
            lines += self._around(inner, [f"{self.loop(last, whole)} {{", "    " + rest, "}"])
        yield from self._around(fold.loops, [*lines, f"{self._target(fold)} = {total};"])

    def _combined(self, fold: Fold, total: str, value: Expr) -> str:
        return self._combine(fold, total, self.expression(value))

    def _combine(self, fold: Fold, total: str, value: str) -> str:
        kind = fold.value.kind
        names = (Number(0, kind), Number(0, kind))
        return self.call(Apply(fold.operation, names, kind), [total, value])

    def _neutral(self, fold: Fold) -> str:
        value, kind = NEUTRAL[fold.operation], fold.value.kind
        if kind == "int" and math.isinf(value):
            value = 2**31 - 1 if value > 0 else -(2**31) + 1
        return self.number(Number(value if kind == "float" else int(value), kind))


def _runs_along(loads: list[Load], loop: Loop) -> bool:
    """Whether elements of a loop lie beside each other, in all that is loaded."""
    factors = {load.index.factor(loop.name) for load in loads}
    looked_up = any(load.index.looked_up for load in loads)
    return 1 in factors and factors <= {0, 1} and not looked_up


def _blocks(size: int, step: int) -> Iterator[tuple[int, int, int]]:
    """`(first, count, step)` of the whole blocks, and of the rest."""
    count = size // step
    if count:
        yield 0, count, step
    if size % step:
        yield count * step, 1, size % step


def _shifted(value: Expr, name: str, by: int) -> Expr:
    return _with_index(value, lambda index: index + index.factor(name) * by)


def _shifted_by(value: Expr, name: str, other: str) -> Expr:
    def move(index: Index) -> Index:
        return index + Index(0, ((other, index.factor(name)),))

    return _with_index(value, move)


def _with_index(value: Expr, change) -> Expr:
    if isinstance(value, (Load, Place)):
        return replace(value, index=change(value.index))
    if isinstance(value, Apply):
        return replace(value, arguments=tuple(_with_index(a, change) for a in value.arguments))
    return value


def buffers_of(program: Program) -> list[Buffer]:
    """The temporary buffers that a program still uses."""
    used: set[Buffer] = set()

    def look(statements):
        for statement in statements:
            if isinstance(statement, Repeat):
                look(statement.body)
            else:
                used.add(statement.target)

    look(program.statements)
    return [b for b in program.temporaries if b in used]


def counted(output: Buffer) -> str:
    """How many of its steps a step has given, by the bit of the first output."""
    return "given & 1" if output.per_step == 1 else f"(given & 1) * {output.per_step}"
