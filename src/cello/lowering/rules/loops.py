"""Loops and branches."""

from __future__ import annotations

from cello.lowering.ir import Loop, Repeat, variable
from cello.lowering.lower import View, rule, whole
from cello.lowering.rules.elements import one_of


@rule("scan")
def scan(lowering, equation, *inputs):
    params = equation.params
    consts, carried, length = params["num_consts"], params["num_carry"], params["length"]
    kept = [lowering.keep_costly(v) for v in inputs[:consts]]
    start = inputs[consts : consts + carried]
    rows = [lowering.keep_costly(v) for v in inputs[consts + carried :]]
    carry = [lowering.temporary(v.shape, v.kind) for v in start]
    for buffer, view in zip(carry, start, strict=True):
        lowering.write(view, buffer)

    loop = Loop(f"s{carry[0].name if carry else lowering.temporary((), 'int').name}", length)
    step = variable(loop.name) * -1 + (length - 1) if params["reverse"] else variable(loop.name)

    def row(view):
        return View(view.shape[1:], view.kind, lambda i: view.at((step, *i)))

    outside, lowering.statements = lowering.statements, []
    states = list(map(whole, carry))
    found = lowering.run(equation.bodies[0], [*kept, *states, *map(row, rows)])
    new = [lowering.copy(view) for view in found[:carried]]
    collected = []
    for view in found[carried:]:
        target = lowering.temporary((length, *view.shape), view.kind)
        lowering.write(view, target, lambda i: (step, *i))
        collected.append(whole(target))
    for buffer, view in zip(carry, new, strict=True):
        lowering.write(view, buffer)
    body, lowering.statements = lowering.statements, outside
    lowering.statements.append(Repeat(loop, body))
    return [*states, *collected]


@rule("cond")
def cond(lowering, equation, which, *inputs):
    """All branches are computed, and one is chosen: the time is the same whichever it is."""
    which = lowering.keep_costly(which)
    kept = [lowering.keep_costly(v) for v in inputs]
    chosen, *others = [lowering.run(body, kept) for body in equation.bodies]
    for number, found in enumerate(others, 1):
        pairs = zip(chosen, found, strict=True)
        chosen = [one_of(which, number, old, new) for old, new in pairs]
    return chosen
