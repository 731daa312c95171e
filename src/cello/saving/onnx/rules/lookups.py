"""Primitives whose places are numbers that come when the program runs."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from cello.lowering.flat import refusal
from cello.saving.onnx.builder import Value
from cello.saving.onnx.lower import Writer, alike, rule
from cello.saving.onnx.rules.shapes import counted


@dataclasses.dataclass
class _Places:
    """Places of single elements along some axes of an array.

    Attributes:
        numbers: int64 `(*rows, len(indexed))`.
        indexed: the axes.
        row_of: axis of which a part of several elements was asked for to its axis of the rows.
    """

    numbers: Value
    indexed: list[int]
    row_of: dict[int, int]

    @property
    def rows(self) -> list[Any]:
        return list(self.numbers.shape[:-1])


def _places(w: Writer, starts: Value, indexed, sizes) -> _Places:
    """Each element of parts of these sizes that start at these places."""
    found = _Places(starts, list(indexed), {})
    for n, axis in enumerate(indexed):
        if alike([sizes[axis]], [1]):
            continue
        *rows, last = found.numbers.shape
        found.row_of[axis] = len(rows)
        unit = w.b.constant(np.eye(last, dtype="int64")[n])
        steps = w.reshaped(counted(w, sizes[axis], "int64"), (sizes[axis], 1))
        spread = w.reshaped(found.numbers, (*rows, 1, last))
        found.numbers = w.spread("Add", spread, w.spread("Mul", steps, w.with_shape(unit, (last,))))
    return found


def _within(w: Writer, mode: str, x: Value, starts: Value, indexed, sizes):
    """Starts with which parts lie in the array, and whether they did, if that is asked for."""
    if "CLIP" not in mode and "FILL" not in mode:
        return starts, None
    most = w.with_shape(w.shape([x.shape[a] - sizes[a] for a in indexed]), (len(indexed),))
    inner = w.spread("Min", w.spread("Max", starts, w.number(0, "int64")), most)
    if "CLIP" in mode:
        return inner, None
    right = w.cast(w.spread("Equal", inner, starts, dtype=bool), "int32")
    return inner, w.cast(w.reduced("ReduceMin", right, [len(starts.shape) - 1]), bool)


@rule("gather")
def gather(w: Writer, equation, x, starts):
    params = equation.params
    numbers, sizes = params["dimension_numbers"], params["slice_sizes"]
    indexed, batches = list(numbers.start_index_map), list(numbers.operand_batching_dims)
    starts = w.cast(starts, "int64")
    if len(starts.shape) == 1 and "FILL" not in str(params["mode"]):  # one part of the array
        for axis, size in enumerate(sizes):
            start = w.number(0, "int64")
            start = w.part(starts, 0, indexed.index(axis)) if axis in indexed else start
            x = _cut(w, x, axis, start, size)
        return [w.reshaped(x, equation.outputs[0].shape)]
    starts, inside = _within(w, str(params["mode"]), x, starts, indexed, sizes)
    places = _places(w, starts, indexed, sizes)
    rest = [a for a in range(len(x.shape)) if a not in (*indexed, *batches)]
    for axis in rest:
        x = w.cut(x, axis, 0, sizes[axis])
    found, row_axes, axis_of = _looked_up(w, x, places, rest, batches, numbers)
    axis_of |= {axis: row_axes[row] for axis, row in places.row_of.items()}
    gone = {*numbers.collapsed_slice_dims, *batches}
    window = iter([a for a in range(len(x.shape)) if a not in gone])
    next_row, order = iter(row_axes), []
    output = equation.outputs[0].shape
    for axis in range(len(output)):
        if axis not in numbers.offset_dims:
            order.append(next(next_row))
        elif (own := next(window)) in axis_of:
            order.append(axis_of[own])
    found = w.reshaped(w.transposed(found, order), output)
    if inside is None:
        return [found]
    inside = w.reshaped(
        inside, [1 if a in numbers.offset_dims else d for a, d in enumerate(output)]
    )
    filling = w.number(_filling(params, x.dtype), x.dtype)
    return [w.spread("Where", inside, found, filling, dtype=x.dtype)]


def _looked_up(w: Writer, x: Value, places: _Places, rest, batches, numbers):
    """The elements; which of their axes are the rows, and which each axis of the rest is."""
    rows = places.rows
    if len(places.indexed) == 1 and not batches:
        (axis,) = places.indexed
        shape = [*x.shape[:axis], *rows, *x.shape[axis + 1 :]]
        found = w.op("Gather", x, w.reshaped(places.numbers, rows), axis=axis, shape=shape)
        row_axes = list(range(axis, axis + len(rows)))
        others = [a for a in range(len(shape)) if a not in row_axes]
    else:
        theirs = list(numbers.start_indices_batching_dims)
        order = [*theirs, *[a for a in range(len(rows)) if a not in theirs]]
        data = w.transposed(x, [*batches, *places.indexed, *rest])
        turned = w.transposed(places.numbers, [*order, len(rows)])
        shape = [*[rows[a] for a in order], *[x.shape[a] for a in rest]]
        found = w.op("GatherND", data, turned, batch_dims=len(batches), shape=shape)
        row_axes = [order.index(a) for a in range(len(rows))]
        others = list(range(len(rows), len(shape)))
    return found, row_axes, dict(zip(rest, others, strict=True))


def _filling(params, dtype):
    if params["fill_value"] is not None:
        return params["fill_value"]
    if np.issubdtype(dtype, np.floating):
        return np.nan
    return True if np.issubdtype(dtype, np.bool_) else np.iinfo(dtype).min


@rule("dynamic_slice")
def dynamic_slice(w: Writer, equation, x, *starts):
    output = equation.outputs[0].shape
    for axis, (start, size) in enumerate(zip(starts, output, strict=True)):
        x = _cut(w, x, axis, start, size)
    return [x]


def _cut(w: Writer, x: Value, axis: int, start: Value, size) -> Value:
    """A part of so many elements along an axis."""
    if alike([size], [x.shape[axis]]):
        return x
    if start.number is not None and isinstance(size, int):
        return w.cut(x, axis, start.number, start.number + size)
    first = _first(w, start, x.shape[axis], size)
    last = w.b.op("Add", first, w.size(size))
    shape = [*x.shape[:axis], size, *x.shape[axis + 1 :]]
    return w.op("Slice", x, first, last, w.b.integers(axis), shape=shape)


def _first(w: Writer, start: Value, of, size) -> Value:
    """The first place of a part of this size, moved so that it fits; a vector of one."""
    start = w.reshaped(w.cast(start, "int64"), (1,))
    start = w.b.op("Max", start, w.b.integers(0))
    return w.b.op("Min", start, w.size(of - size))


@rule("dynamic_update_slice")
def dynamic_update_slice(w: Writer, equation, x, new, *starts):
    axes = [a for a in range(len(x.shape)) if not alike([x.shape[a]], [new.shape[a]])]
    if not axes:
        return [new]
    firsts = [_first(w, starts[a], x.shape[a], new.shape[a]) for a in axes]
    first = w.with_shape(w.b.op("Concat", *firsts, axis=0), (len(axes),))
    places = _places(w, first, axes, new.shape)
    rest = [a for a in range(len(x.shape)) if a not in axes]
    ones = [a for a in axes if a not in places.row_of]
    order = [*[a for a in axes if a in places.row_of], *rest]
    updates = w.transposed(new, [*ones, *order])
    updates = w.reshaped(updates, updates.shape[len(ones) :])
    return [_scattered(w, x, places, updates, rest, "none")]


def _scattered(w: Writer, x: Value, places: _Places, updates: Value, rest, reduction: str) -> Value:
    """`x` with elements `(*rows, *rest)` at these places."""
    order = [*places.indexed, *rest]
    data = w.transposed(x, order)
    options = {} if reduction == "none" else {"reduction": reduction}
    found = w.op("ScatterND", data, places.numbers, updates, shape=data.shape, **options)
    return w.transposed(found, np.argsort(order).tolist())


SCATTERS = {"scatter": "none", "scatter-add": "add", "scatter-mul": "mul", "scatter-min": "min",
            "scatter-max": "max"}  # fmt: skip
NEUTRAL = {"add": 0, "mul": 1, "min": np.inf, "max": -np.inf}


@rule(*SCATTERS)
def scatter(w: Writer, equation, x, starts, updates):
    """Updates at their places; those outside are dropped."""
    params, reduction = equation.params, SCATTERS[equation.primitive.name]
    numbers = params["dimension_numbers"]
    if numbers.operand_batching_dims or (reduction in ("min", "max") and w.b.opset < 18):
        raise ValueError(refusal(equation, f"the primitive '{equation.primitive.name}' of JAX"))
    indexed = list(numbers.scatter_dims_to_operand_dims)
    window = [a for a in range(len(x.shape)) if a not in numbers.inserted_window_dims]
    axis_of = dict(zip(window, numbers.update_window_dims, strict=True))
    sizes = [updates.shape[axis_of[a]] if a in axis_of else 1 for a in range(len(x.shape))]
    starts = w.cast(starts, "int64")
    starts, inside = _within(w, str(params["mode"]), x, starts, indexed, sizes)
    places = _places(w, starts, indexed, sizes)
    rest = [a for a in range(len(x.shape)) if a not in indexed]
    if any(not alike([sizes[a]], [x.shape[a]]) for a in rest):
        raise ValueError(refusal(equation, "a scatter of parts"))
    rows = [a for a in range(len(updates.shape)) if a not in numbers.update_window_dims]
    parts = [axis_of[a] for a in indexed if a in places.row_of]
    order = [*rows, *parts, *[axis_of[a] for a in rest]]
    ones = [a for a in range(len(updates.shape)) if a not in order]
    updates = w.transposed(updates, [*ones, *order])
    updates = w.reshaped(updates, updates.shape[len(ones) :])
    if inside is not None:
        kept = w.reshaped(inside, (*inside.shape, *[1] * (len(order) - len(rows))))
        if reduction == "none":
            data = w.transposed(x, [*indexed, *rest])
            old = w.op("GatherND", data, places.numbers, shape=updates.shape)
        else:
            old = w.number(NEUTRAL[reduction], x.dtype)
        updates = w.spread("Where", kept, updates, old, dtype=x.dtype)
    return [_scattered(w, x, places, updates, rest, reduction)]
