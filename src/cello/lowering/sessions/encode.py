"""Statements as instructions of the interpreter (native/program.h, interpret.h).

A `Map` becomes instructions over vectors: along one of its loops, within the others. A `Fold`
becomes a product of a row and a matrix if it is one; else its terms are computed like a `Map`, and
folded row by row or along the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cello.lowering.ir import (
    Buffer,
    Expr,
    Fold,
    Index,
    Load,
    Loop,
    Map,
    Number,
    Place,
    Repeat,
    Statement,
    loads_of,
)
from cello.lowering.sessions.bytecode import (
    COUNTERS,
    NOWHERE,
    TILE,
    WEIGHTS,
    WORK,
    Instruction,
    Memories,
    Operand,
    as_words,
)
from cello.lowering.sessions.rows import (
    Row,
    best_row,
    collapse,
    factors_of,
    fuse,
    moves,
    name_code,
    neutral,
    unchanged,
)


class Encoder:
    """Writes the instructions of one step."""

    def __init__(self, memories: Memories):
        self.instructions: list[Instruction] = []
        self._memories = memories
        self._registers: list[int] = []
        self._free: list[int] = []
        self._counters: dict[str, int] = {}  # of the loops around
        self._taken: set[int] = set()

    # ------------------------------------------------------------------------ statements

    def statements(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            if isinstance(statement, Repeat):
                self._around([statement.loop], lambda s=statement: self.statements(s.body))
            elif isinstance(statement, Map):
                self._map(collapse(statement))
            else:
                self._fold(collapse(statement))
            self._free = list(self._registers)
            self._taken = set(self._counters.values())

    def _map(self, statement: Map) -> None:
        def tile(row: Row) -> None:
            self._into(statement.target, statement.index, statement.value, row)

        loops, read = statement.loops, (load.buffer for load in loads_of(statement.value))
        # Elements that meet at one place, as they are added there, do so one after the other.
        meet = bool(statement.index.looked_up) and statement.target in read
        self._along(loops, None if meet else best_row(statement, loops), tile)

    def _into(self, target: Buffer, index: Index, value: Expr, row: Row) -> None:
        """The elements of a row, computed and written."""
        fixed, moving = _split(index, row)
        to = self._operand(target, fixed, row)
        if moving:
            places, found = self._places(moving, row), self._value(value, row)
            self._do("scatter", row.size, to, found, places)
        elif to.stride == 1 or row.size == 1:
            self._value(value, row, to)
        else:
            self._do("copy", row.size, to, self._value(value, row))

    def _fold(self, fold: Fold) -> None:
        factors = factors_of(fold)
        if factors is not None and self._product(fold, *factors):
            return
        row = best_row(fold, (*fold.loops, *fold.inner))
        if row in fold.inner:
            self._around(fold.loops, lambda: self._fold_along(fold, row))
        else:
            self._along(fold.loops, row, lambda tile: self._fold_rows(fold, tile))

    def _product(self, fold: Fold, a: Load, b: Load) -> bool:
        """A row of sums of products, or one; whether it is of that form."""
        *outer, last = fold.inner
        steps = a.index.factor(last.name), b.index.factor(last.name)
        for row in reversed(fold.loops):
            one, other = a.index.factor(row.name), b.index.factor(row.name)
            if (one, other) == (1, 0):
                a, b, steps = b, a, steps[::-1]
            if {one, other} != {0, 1} or fold.index.factor(row.name) != 1:
                continue
            if b.buffer.role == "input":  # a vector would be read from behind its end
                continue
            along = Row(row.name, row.size)

            def sums(a=a, b=b, along=along, steps=steps) -> None:
                to, name = self._operand(fold.target, fold.index, along), "product"
                if outer:
                    name = "product_more"
                    self._do("copy", along.size, to, self._number(Number(0.0, "float")))

                def more() -> None:
                    operands = (
                        self._operand(a.buffer, a.index, along),
                        self._operand(b.buffer, b.index, along),
                    )
                    self._do(name, along.size, to, *operands,
                             inner=last.size, a_step=steps[0], b_step=steps[1])  # fmt: skip

                self._around(outer, more)

            self._around([loop for loop in fold.loops if loop is not row], sums)
            return True
        if steps != (1, 1) or outer:
            return False

        def dot() -> None:
            to = self._operand(fold.target, fold.index, Row())
            operands = [self._operand(x.buffer, x.index, Row()) for x in (a, b)]
            self._do("dot", last.size, to, *operands)

        self._around(fold.loops, dot)
        return True

    def _fold_rows(self, fold: Fold, row: Row) -> None:
        """A row of folds, one term of all after the other."""
        kind = fold.value.kind
        total = replace(self._register(), stride=1)
        self._do("copy", row.size, total, self._number(neutral(fold.operation, kind)))

        def term() -> None:
            value = self._value(fold.value, row)
            self._do(name_code(fold.operation, kind), row.size, total, total, value)

        self._around(fold.inner, term)
        self._into_from(fold, total, row)

    def _fold_along(self, fold: Fold, row: Loop) -> None:
        """One fold, its terms along a row computed at once."""
        kind = fold.value.kind
        code = name_code(fold.operation, kind)
        total = self._register()
        self._do("copy", 1, total, self._number(neutral(fold.operation, kind)))

        def terms(tile: Row) -> None:
            values = self._value(fold.value, tile)
            part = self._register()
            head, letter = code.rsplit("_", 1)
            self._do(f"{head}_all_{letter}", tile.size, part, values)
            self._do(code, 1, total, total, part)

        self._along(fold.inner, row, terms)
        self._into_from(fold, total, Row())

    def _into_from(self, fold: Fold, total: Operand, row: Row) -> None:
        to = self._operand(fold.target, fold.index, row)
        self._do("copy", row.size, to, total)

    # ----------------------------------------------------------------------------- loops

    def _around(self, loops: Sequence[Loop], body) -> None:
        """Instructions within loops."""
        if not loops:
            return body()
        loop, *rest = loops
        counter = self._counter()
        self._counters[loop.name] = counter
        start = len(self.instructions)
        self.instructions.append(Instruction("loop", loop.size, a_step=counter))
        self._around(rest, body)
        back = start - len(self.instructions)
        self.instructions.append(Instruction("end", loop.size, inner=back, a_step=counter))
        del self._counters[loop.name]
        self._taken.discard(counter)

    def _along(self, loops: Sequence[Loop], row: Loop | None, body) -> None:
        """`body(row)` for the tiles of a row, within the other loops."""
        if row is None:
            return self._around(loops, lambda: body(Row()))

        def tiles() -> None:
            whole, rest = divmod(row.size, TILE)
            if whole:
                loop = Loop(f"{row.name} tiles", whole)
                self._around(
                    [loop],
                    lambda: body(Row(row.name, TILE, 0, self._counters[loop.name])),
                )
            if rest:
                body(Row(row.name, rest, whole * TILE))

        return self._around([loop for loop in loops if loop is not row], tiles)

    def _counter(self) -> int:
        counter = next(n for n in range(1000) if n not in self._taken)
        if counter >= COUNTERS:
            raise ValueError("there are too many loops within each other")
        self._taken.add(counter)
        return counter

    # ----------------------------------------------------------------------- expressions

    def _value(self, value: Expr, row: Row, to: Operand | None = None) -> Operand:
        """Where the elements of a row are; in `to` if it is given."""
        if isinstance(value, Load):
            return self._load(value, row, to)
        if isinstance(value, Place):
            found = self._index_as_number(value.index, row)
        elif isinstance(value, Number):
            found = self._number(value)
        elif unchanged(value):
            return self._value(value.arguments[0], row, to)
        else:
            name, arguments = fuse(value)
            operands = [self._value(a, row) for a in arguments]
            target = to or self._register(row)  # another one than those of the operands
            self._do(name, row.size, target, *operands)
            mine = [o.first for o in operands if o.base == WORK and o.first in self._registers]
            self._free += mine
            return target
        return self._moved(found, row, to)

    def _moved(self, found: Operand, row: Row, to: Operand | None) -> Operand:
        if to is None:
            return found
        self._do("copy", row.size, to, found)
        return to

    def _load(self, load: Load, row: Row, to: Operand | None) -> Operand:
        fixed, moving = _split(load.index, row)
        found = self._operand(load.buffer, fixed, row)
        if moving:
            places = self._places(moving, row)
            target = to or self._register(row)
            self._do("gather", row.size, target, found, places)
            return target
        if to is None and (found.stride not in (0, 1) or load.buffer.role == "input"):
            to = self._register(row)
        return self._moved(found, row, to)

    def _places(self, parts, row: Row) -> Operand:
        """The sum of what was looked up for each element of a row."""
        total: Operand | None = None
        for value, factor in parts:
            part = self._value(value, row)
            if factor != 1:
                part = self._apply("mul_w", row, part, self._number(Number(factor, "int")))
            total = part if total is None else self._apply("add_w", row, total, part)
        if total is None or total.stride == 1 or row.size == 1:
            return total or NOWHERE
        return self._moved(total, row, self._register(row))

    def _index_as_number(self, index: Index, row: Row) -> Operand:
        steps = np.arange(row.size) * index.factor(row.name)
        first = self._memories.constant(as_words(steps + index.first, "int"))
        total = Operand(WEIGHTS, first, 1)
        fixed = replace(index, first=0, looked_up=())
        for counter, factor in self._operand(None, fixed, row).counters:
            held = self._register()
            self.instructions.append(Instruction("get_counter", to=held, a_step=counter))
            number = self._apply("mul_w", Row(), held, self._number(Number(factor, "int")))
            total = self._apply("add_w", row, total, number)
        if row.first and index.factor(row.name):
            moved = self._number(Number(row.first * index.factor(row.name), "int"))
            total = self._apply("add_w", row, total, moved)
        if index.looked_up:
            total = self._apply("add_w", row, total, self._places(index.looked_up, row))
        return total

    def _apply(self, name: str, row: Row, *operands: Operand) -> Operand:
        target = self._register(row)
        self._do(name, row.size, target, *operands)
        return target

    def _operand(self, buffer: Buffer | None, index: Index, row: Row) -> Operand:
        """An element of a buffer, and the stride to the next of the row."""
        base, first = (0, 0) if buffer is None else self._memories.find(buffer)
        stride = index.factor(row.name) if row.name else 0
        counters = [
            (self._counters[name], factor)
            for name, factor in index.terms
            if name != row.name and name in self._counters
        ]
        if row.counter is not None and stride:
            counters.append((row.counter, stride * TILE))
        for value, factor in index.looked_up:
            found, counter = self._value(value, Row()), self._counter()
            self.instructions.append(Instruction("set_counter", a=found, a_step=counter))
            counters.append((counter, factor))
        stride = stride if row.size > 1 else 0
        moved = index.first + row.first * index.factor(row.name)
        return Operand(base, first + moved, stride, tuple(counters))

    def _number(self, number: Number) -> Operand:
        word = as_words([number.value], number.kind)
        return Operand(WEIGHTS, self._memories.constant(word))

    # ------------------------------------------------------------------------- registers

    def _register(self, row: Row | None = None) -> Operand:
        if not self._free:
            self._free.append(self._memories.take(TILE))
            self._registers.append(self._free[0])
        stride = 1 if row is not None and row.size > 1 else 0
        return Operand(WORK, self._free.pop(), stride)

    def _do(self, name: str, count: int, to: Operand, *operands: Operand, **more: int) -> None:
        a, b, c = (*operands, NOWHERE, NOWHERE)[:3]
        self.instructions.append(Instruction(name, count, to, a, b, c, **more))


def _split(index: Index, row: Row) -> tuple[Index, list[tuple[Expr, int]]]:
    """An index without what is looked up anew for each element of a row, and that."""
    moving = [part for part in index.looked_up if moves(part[0], row)]
    fixed = tuple(part for part in index.looked_up if not moves(part[0], row))
    return replace(index, looked_up=fixed), moving
