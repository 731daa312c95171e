"""Primitives whose places are numbers that come when the program runs."""

from __future__ import annotations

import math

from cello.lowering.flat import refusal
from cello.lowering.ir import Expr, Index, Number
from cello.lowering.lower import View, apply, rule, whole


def at_number(number: Expr, most: int) -> Index:
    """An index that is read from an array, no less than 0 and no greater than `most`."""
    if isinstance(number, Number):
        return Index(min(max(int(number.value), 0), most))
    low = apply("max", "int", number, Number(0, "int"))
    return Index(looked_up=((apply("min", "int", low, Number(most, "int")), 1),))


def _as_int(number: Expr) -> Expr:
    return number if number.kind == "int" else apply("to_int", "int", number)


@rule("gather")
def gather(lowering, equation, x, starts):
    numbers = equation.params["dimension_numbers"]
    sizes = equation.params["slice_sizes"]
    mode = str(equation.params["mode"])
    fills = "FILL" in mode
    shape, starts = equation.outputs[0].shape, lowering.keep_costly(starts)
    if math.prod(shape) > math.prod(x.shape):  # else less is read than there is
        x = lowering.keep_costly(x)
    hidden = {*numbers.collapsed_slice_dims, *numbers.operand_batching_dims}
    shown = [a for a in range(len(x.shape)) if a not in hidden]
    filling = equation.params["fill_value"]
    if filling is None:
        filling = float("nan") if x.kind == "float" else -(2**31) if x.kind == "int" else 1
    fill = Number(filling, x.kind)

    def at(i):
        rows = [v for a, v in enumerate(i) if a not in numbers.offset_dims]
        offsets = [v for a, v in enumerate(i) if a in numbers.offset_dims]
        place = [Index()] * len(x.shape)
        for axis, offset in zip(shown, offsets, strict=True):
            place[axis] = offset
        pairs = zip(numbers.operand_batching_dims, numbers.start_indices_batching_dims, strict=True)
        for axis, theirs in pairs:
            place[axis] = rows[theirs]
        inside = None
        for n, axis in enumerate(numbers.start_index_map):
            number = _as_int(starts.at((*rows, Index(n))))
            most = x.shape[axis] - sizes[axis]
            place[axis] = place[axis] + at_number(number, most)
            if fills:
                for test in (
                    apply("ge", "bool", number, Number(0, "int")),
                    apply("le", "bool", number, Number(most, "int")),
                ):
                    inside = test if inside is None else apply("and", "bool", inside, test)
        found = x.at(tuple(place))
        return found if inside is None else apply("select", x.kind, inside, found, fill)

    return [View(shape, x.kind, at)]


@rule("dynamic_slice")
def dynamic_slice(lowering, equation, x, *starts):
    shape = equation.outputs[0].shape
    x = lowering.keep_costly(x)
    places = [lowering.keep_costly(s) for s in starts]
    firsts = [
        at_number(_as_int(s.at(())), n - size)
        for s, n, size in zip(places, x.shape, shape, strict=True)
    ]
    return [
        View(shape, x.kind, lambda i: x.at(tuple(a + b for a, b in zip(i, firsts, strict=True))))
    ]


@rule("dynamic_update_slice")
def dynamic_update_slice(lowering, equation, x, new, *starts):
    places = [lowering.keep_costly(s) for s in starts]
    new = lowering.keep_costly(new)
    target = lowering.temporary(x.shape, x.kind)
    lowering.write(x, target)
    firsts = [
        at_number(_as_int(s.at(())), n - size)
        for s, n, size in zip(places, x.shape, new.shape, strict=True)
    ]
    lowering.write(new, target, lambda i: tuple(a + b for a, b in zip(i, firsts, strict=True)))
    return [whole(target)]


SCATTERS = {"scatter": None, "scatter-add": "add", "scatter-mul": "mul", "scatter-min": "min",
            "scatter-max": "max"}  # fmt: skip


@rule(*SCATTERS)
def scatter(lowering, equation, x, starts, updates):
    """One element of the updates after the other, at its place; those outside are dropped."""
    numbers = equation.params["dimension_numbers"]
    operation = SCATTERS[equation.primitive.name]
    starts, updates = lowering.keep_costly(starts), lowering.keep_costly(updates)
    target = lowering.temporary(x.shape, x.kind)
    lowering.write(x, target)
    result = whole(target)
    hidden = {*numbers.inserted_window_dims, *numbers.operand_batching_dims}
    shown = [a for a in range(len(x.shape)) if a not in hidden]
    window = dict(zip(shown, (updates.shape[a] for a in numbers.update_window_dims), strict=True))
    if any(numbers.operand_batching_dims):
        raise ValueError(refusal(equation, "a scatter over batches"))

    def places(i):
        rows = [v for a, v in enumerate(i) if a not in numbers.update_window_dims]
        offsets = [v for a, v in enumerate(i) if a in numbers.update_window_dims]
        place = [Index()] * len(x.shape)
        for axis, offset in zip(shown, offsets, strict=True):
            place[axis] = offset
        inside = None
        for n, axis in enumerate(numbers.scatter_dims_to_operand_dims):
            number = _as_int(starts.at((*rows, Index(n))))
            most = x.shape[axis] - window.get(axis, 1)
            place[axis] = place[axis] + at_number(number, most)
            for test in (
                apply("ge", "bool", number, Number(0, "int")),
                apply("le", "bool", number, Number(most, "int")),
            ):
                inside = test if inside is None else apply("and", "bool", inside, test)
        return tuple(place), inside

    def at(i):
        place, inside = places(i)
        old, new = result.at(place), updates.at(i)
        if operation is not None:
            new = apply(operation, x.kind, old, new)
        return new if inside is None else apply("select", x.kind, inside, new, old)

    lowering.write(View(updates.shape, x.kind, at), target, lambda i: places(i)[0])
    return [result]
