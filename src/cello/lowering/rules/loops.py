"""Loops and branches."""

from __future__ import annotations

from cello.lowering.ir import Loop, Repeat, variable
from cello.lowering.lower import Complex, View, real_part, rule, whole
from cello.lowering.rules.elements import one_of


def parts(values) -> list[View]:
    """The real arrays of values, complex ones as two."""
    found = []
    for value in values:
        found += [value.real, value.imag] if isinstance(value, Complex) else [value]
    return found


def joined(views, like) -> list:
    """Values like others, made of real arrays; the reverse of `parts`."""
    views = iter(views)
    return [
        Complex(next(views), next(views)) if isinstance(v, Complex) else next(views) for v in like
    ]


@rule("scan")
def scan(lowering, equation, *inputs):
    params = equation.params
    consts, carried, length = params["num_consts"], params["num_carry"], params["length"]
    kept = [lowering.keep_costly(v) for v in inputs[:consts]]
    start = inputs[consts : consts + carried]
    rows = [lowering.keep_costly(v) for v in inputs[consts + carried :]]
    carry = [lowering.temporary(v.shape, v.kind) for v in parts(start)]
    for buffer, view in zip(carry, parts(start), strict=True):
        lowering.write(view, buffer)

    loop = Loop(f"s{carry[0].name if carry else lowering.temporary((), 'int').name}", length)
    step = variable(loop.name) * -1 + (length - 1) if params["reverse"] else variable(loop.name)

    def row(view):
        if isinstance(view, Complex):
            return Complex(row(view.real), row(view.imag))
        return View(view.shape[1:], view.kind, lambda i: view.at((step, *i)))

    outside, lowering.statements = lowering.statements, []
    states = joined(map(whole, carry), start)
    found = lowering.run(equation.bodies[0], [*kept, *states, *map(row, rows)])
    new = [lowering.copy(view) for view in parts(found[:carried])]
    collected = []
    for value in found[carried:]:
        for view in parts([value]):
            target = lowering.temporary((length, *view.shape), view.kind)
            lowering.write(view, target, lambda i: (step, *i))
            collected.append(whole(target))
    for buffer, view in zip(carry, new, strict=True):
        lowering.write(view, buffer)
    body, lowering.statements = lowering.statements, outside
    lowering.statements.append(Repeat(loop, body))
    return [*states, *joined(collected, found[carried:])]


@rule("cond")
def cond(lowering, equation, which, *inputs):
    """All branches are computed, and one is chosen: the time is the same whichever it is."""
    which = lowering.keep_costly(real_part(which))
    kept = [lowering.keep_costly(v) for v in inputs]
    results = [lowering.run(body, kept) for body in equation.bodies]
    chosen = results[0]
    for number, found in enumerate(results[1:], 1):
        pairs = zip(parts(chosen), parts(found), strict=True)
        chosen = joined([one_of(which, number, a, b) for a, b in pairs], chosen)
    return chosen
