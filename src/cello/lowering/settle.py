"""Programs without copies and sums that nobody needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cello.lowering.ir import (
    Apply,
    Buffer,
    Expr,
    Fold,
    Index,
    Load,
    Map,
    Place,
    Program,
    Repeat,
    Statement,
    buffers_read,
    loads_in_index,
    loads_of,
)


def settle(program: Program) -> None:
    """Compute what ends in a state or output there, if nothing reads its old numbers later."""
    while (found := _first_needless(program.statements)) is not None:
        source, target = found.value.buffer, found.target  # type: ignore[union-attr]
        kept = [s for s in program.statements if s is not found]
        program.statements = [_renamed(s, source, target) for s in kept]
        program.temporaries.remove(source)
    while (kept := _needed(program.statements, program.statements)) != program.statements:
        program.statements = kept


def _needed(statements: Sequence[Statement], program: Sequence[Statement]) -> list[Statement]:
    """Statements without those that fill what nothing in the program reads."""
    read = set(buffers_read(program))
    found: list[Statement] = []
    for statement in statements:
        if isinstance(statement, Repeat):
            body = _needed(statement.body, program)
            found += [Repeat(statement.loop, body)] if body else []
        elif statement.target.role != "temporary" or statement.target in read:
            found.append(statement)
    return found


def _first_needless(statements: Sequence[Statement]) -> Map | None:
    copies = [s for s in statements if isinstance(s, Map) and _is_copy(s)]
    return next((copy for copy in copies if _maker_of(copy, statements) is not None), None)


def _is_copy(statement: Map) -> bool:
    """Whether it fills a state or output with a temporary buffer, element by element."""
    return (
        isinstance(statement.value, Load)
        and statement.target.role in ("state", "output")
        and statement.value.buffer.role == "temporary"
        and statement.value.buffer.size == statement.target.size
        and statement.value.index == statement.index
    )


def _maker_of(copy: Map, statements: Sequence[Statement]) -> Statement | None:
    """The one statement that fills what is copied, if it can fill the target in its place."""
    source, target = copy.value.buffer, copy.target  # type: ignore[union-attr]
    makers = [s for s in statements if source in _written(s)]
    if len(makers) != 1 or isinstance(makers[0], Repeat):
        return None
    maker: Map | Fold = makers[0]
    behind = [s for s in statements[statements.index(maker) + 1 :] if s is not copy]
    if target in buffers_read(behind):
        return None
    if any(target in _written(s) for s in statements if s is not copy):
        return None
    if target.role == "output" and any(b.role == "input" for b in buffers_read(behind)):
        return None  # whoever calls may give one array for both
    own = [load for load in loads_of(maker.value) if load.buffer is target]
    in_place = isinstance(maker, Map) and all(load.index == maker.index for load in own)
    return maker if in_place or not own else None


def _written(statement: Statement) -> Iterator[Buffer]:
    if isinstance(statement, Repeat):
        for inner in statement.body:
            yield from _written(inner)
    else:
        yield statement.target


def _renamed(statement: Statement, old: Buffer, new: Buffer) -> Statement:
    """The statement with one buffer in the place of another."""
    if isinstance(statement, Repeat):
        return Repeat(statement.loop, [_renamed(s, old, new) for s in statement.body])
    touched = [*loads_of(statement.value), *loads_in_index(statement.index)]
    if statement.target is not old and not any(load.buffer is old for load in touched):
        return statement
    return replace(
        statement,
        target=new if statement.target is old else statement.target,
        index=_in_index(statement.index, old, new),
        value=_in_value(statement.value, old, new),
    )


def _in_index(index: Index, old: Buffer, new: Buffer) -> Index:
    looked_up = tuple((_in_value(value, old, new), factor) for value, factor in index.looked_up)
    return Index(index.first, index.terms, looked_up)


def _in_value(value: Expr, old: Buffer, new: Buffer) -> Expr:
    if isinstance(value, Load):
        return Load(new if value.buffer is old else value.buffer, _in_index(value.index, old, new))
    if isinstance(value, Place):
        return Place(_in_index(value.index, old, new))
    if isinstance(value, Apply):
        inside = tuple(_in_value(a, old, new) for a in value.arguments)
        return Apply(value.name, inside, value.kind)
    return value
