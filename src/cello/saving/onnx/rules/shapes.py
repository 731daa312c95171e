"""Primitives that only move elements, or make arrays of sizes."""

from __future__ import annotations

import numpy as np

from cello.saving.onnx.builder import Value
from cello.saving.onnx.lower import Writer, known_dtype, rule


@rule("broadcast_in_dim", spreads=True)
def broadcast_in_dim(w: Writer, equation, x: Value, *_):
    """Axes of size 1 are added, and none in front; nothing is repeated."""
    if not x.shape:
        return [x]
    axes = list(equation.params["broadcast_dimensions"])[-len(x.shape) :]
    rank = len(equation.outputs[0].shape)
    shape = [1] * rank
    for axis, size in zip(axes, x.shape, strict=True):
        shape[axis] = size
    return [w.reshaped(x, shape[axes[0] :])]


@rule("same")
def same(w: Writer, equation, x):
    """The same numbers; sizes are called otherwise from now on."""
    renamed = w.with_shape(x, equation.outputs[0].shape)
    w.take_sizes(renamed)
    return [renamed]


@rule("reshape", "squeeze", "expand_dims")
def reshape(w: Writer, equation, x, *_):
    return [w.reshaped(x, equation.outputs[0].shape)]


@rule("transpose")
def transpose(w: Writer, equation, x):
    return [w.transposed(x, equation.params["permutation"])]


@rule("rev")
def rev(w: Writer, equation, x):
    return [w.flipped(x, equation.params["dimensions"])]


@rule("slice")
def slice_(w: Writer, equation, x):
    params = equation.params
    steps = params["strides"] or (1,) * len(x.shape)
    ends = zip(params["start_indices"], params["limit_indices"], steps, strict=True)
    for axis, (start, end, step) in enumerate(ends):
        x = w.cut(x, axis, start, end, step)
    return [x]


@rule("split")
def split(w: Writer, equation, x):
    sizes, axis = equation.params["sizes"], equation.params["axis"]
    if len(sizes) == 1:
        return [x]
    shapes = [array.shape for array in equation.outputs]
    sizes = w.shape([int(n) if isinstance(n, np.integer) else n for n in sizes])
    found = w.b.op("Split", x, sizes, outputs=len(shapes), axis=axis)
    return [w.with_shape(value, shape) for value, shape in zip(found, shapes, strict=True)]


@rule("unstack")
def unstack(w: Writer, equation, x):
    axis = equation.params["axis"]
    found = [w.cut(x, axis, n, n + 1) for n in range(len(equation.outputs))]
    return [w.reshaped(v, a.shape) for v, a in zip(found, equation.outputs, strict=True)]


@rule("concatenate")
def concatenate(w: Writer, equation, *parts):
    whole = w.side_by_side.get(tuple(p.name for p in parts))
    axis = equation.params["dimension"]
    if whole is not None and axis == len(parts[0].shape) - 1:
        return [whole]
    return [w.joined(parts, axis)]


@rule("stack")
def stack(w: Writer, equation, *parts):
    axis = equation.params["axis"]
    shape = list(equation.outputs[0].shape)
    shape[axis] = 1
    return [w.joined([w.reshaped(p, shape) for p in parts], axis)]


@rule("tile")
def tile(w: Writer, equation, x):
    times = w.shape(equation.params["reps"])
    return [w.op("Tile", x, times, shape=equation.outputs[0].shape)]


@rule("pad")
def pad(w: Writer, equation, x, filling):
    low, high, gaps = zip(*equation.params["padding_config"], strict=True)
    return [padded(w, spaced(w, x, gaps, filling), low, high, filling)]


def padded(w: Writer, x: Value, low, high, filling: Value) -> Value:
    """With more elements in front and behind; with fewer if a number is negative."""
    for axis, (first, last) in enumerate(zip(low, high, strict=True)):
        cuts = [-n if isinstance(n, (int, np.integer)) and n < 0 else 0 for n in (first, last)]
        if any(cuts):
            x = w.cut(x, axis, cuts[0], x.shape[axis] - cuts[1])
    low, high = ([_at_least_0(n) for n in sizes] for sizes in (low, high))
    if all(isinstance(n, int) and n == 0 for n in (*low, *high)):
        return x
    shape = [d + a + b for d, a, b in zip(x.shape, low, high, strict=True)]
    return w.op("Pad", x, w.shape([*low, *high]), filling, shape=shape)


def _at_least_0(number):
    return max(int(number), 0) if isinstance(number, (int, np.integer)) else number


def spaced(w: Writer, x: Value, gaps, filling: Value) -> Value:
    """With so many elements between each two along each axis."""
    for axis, gap in enumerate(gaps):
        if not gap:
            continue
        shape = list(x.shape)
        size = shape[axis]
        behind = [0] * (len(shape) + 1)
        behind[axis + 1] = int(gap)
        x = w.reshaped(x, (*shape[: axis + 1], 1, *shape[axis + 1 :]))
        x = padded(w, x, [0] * len(behind), behind, filling)
        shape[axis] = size * (int(gap) + 1)
        x = w.cut(w.reshaped(x, shape), axis, 0, shape[axis] - int(gap))
    return x


@rule("iota", spreads=True)
def iota(w: Writer, equation, *_):
    axis, output = equation.params["dimension"], equation.outputs[0]
    steps = counted(w, output.shape[axis], output.dtype)
    return [w.reshaped(steps, (output.shape[axis], *[1] * (len(output.shape) - axis - 1)))]


def counted(w: Writer, size, dtype) -> Value:
    """The numbers from 0 to a size."""
    if isinstance(size, int):
        return w.b.constant(np.arange(size, dtype=known_dtype(dtype)))

    def make():
        zero, one = w.b.scalar(0, "int64"), w.b.scalar(1, "int64")
        end = w.b.squeeze(w.size(size), 0)
        return w.op("Range", zero, end, one, shape=(size,))

    return w.cast(w.b.once_for_all(("range", str(size)), make), dtype)


@rule("full")
def full(w: Writer, equation, *_):
    return [w.number(equation.params["fill_value"], equation.outputs[0].dtype)]


@rule("dim_as_value")
def dim_as_value(w: Writer, equation):
    number = w.reshaped(w.with_shape(w.size(equation.params["dim"]), (1,)), ())
    return [w.cast(number, equation.outputs[0].dtype)]
