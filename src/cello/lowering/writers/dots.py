"""Sums of whole numbers whose weights stand in blocks, as instructions for products want them.

A block has 16 units. One behind the other stand for each four inputs the four weights of each unit.
They are stored without a sign, as 128 more: so one side of an instruction has to be.
"""

from __future__ import annotations

from dataclasses import dataclass

from cello.lowering.ir import Apply, Fold, Index, Load, Loop

GROUP = 4  # inputs side by side
BLOCK = 16  # units in a block


@dataclass(frozen=True)
class Dots:
    """`target[16 * b + u] = sum(x[4 * g + k] * weight[b, g, u, k])` within other loops.

    Attributes:
        outer: the other loops.
        target, x, weight: the first elements that are written and read.
        groups, blocks: how many there are of g and b.
    """

    outer: tuple[Loop, ...]
    target: Load
    x: Load
    weight: Load
    groups: int
    blocks: int


def find_dots(fold: Fold) -> Dots | None:
    """A sum as such a product, if it is one."""
    value = fold.value
    if fold.operation != "add" or len(fold.inner) != 2 or not isinstance(value, Apply):
        return None
    x, weight = (value.arguments * 2)[:2]
    if not (isinstance(x, Load) and isinstance(weight, Load) and value.name == "mul"):
        return None
    if x.buffer.stored != "int8" or weight.buffer.stored != "offset8":
        return None
    group, place = fold.inner
    *outer, unit = fold.loops or (Loop("", 0),)
    if (unit.size, place.size) != (BLOCK, GROUP):
        return None
    size, blocks = BLOCK * GROUP * group.size, 1
    names = [unit.name, group.name, place.name]
    if outer and weight.index.factor(outer[-1].name) == size:
        names.append(outer[-1].name)
        blocks = outer.pop().size
    factors = [
        [index.factor(name) for name in (*names, "")[:4]]
        for index in (fold.index, x.index, weight.index)
    ]
    wanted = [[1, 0, 0, BLOCK], [0, GROUP, 1, 0], [GROUP, BLOCK * GROUP, 1, size]]
    if [f[: len(names)] for f in factors] != [w[: len(names)] for w in wanted]:
        return None

    def first(buffer, index: Index) -> Load:
        terms = tuple(term for term in index.terms if term[0] not in names)
        return Load(buffer, Index(index.first, terms, index.looked_up))

    return Dots(
        tuple(outer),
        first(fold.target, fold.index),
        first(x.buffer, x.index),
        first(weight.buffer, weight.index),
        group.size,
        blocks,
    )
