"""Primitives that only move elements."""

from __future__ import annotations

import math

import numpy as np

from cello.lowering.ir import KINDS, Index, Number, Place
from cello.lowering.lower import View, apply, rule, whole


def moved(view: View, shape, indices) -> View:
    """A view whose element at `i` is that of another at `indices(i)`."""
    return View(tuple(shape), view.kind, lambda i: view.at(tuple(indices(i))))


@rule("broadcast_in_dim")
def broadcast_in_dim(lowering, equation, x, *_):
    shape, axes = equation.outputs[0].shape, equation.params["broadcast_dimensions"]
    if math.prod(shape) > math.prod(x.shape):
        x = lowering.keep_costly(x)
    sizes = x.shape
    return [
        moved(
            x,
            shape,
            lambda i: [Index() if n == 1 else i[a] for n, a in zip(sizes, axes, strict=True)],
        )
    ]


@rule("reshape", "squeeze", "expand_dims")
def reshape(lowering, equation, x, *_):
    shape = equation.outputs[0].shape
    groups = _groups(x.shape, shape)
    if groups is None:
        return [whole(lowering.keep(x).stored, shape)]

    def indices(i):
        found = []
        for axes in groups:
            index = Index()
            for axis in axes:
                index = index * shape[axis] + i[axis]
            found.append(index)
        return found

    if x.buffer is not None:
        return [whole(x.buffer, shape)]
    return [moved(x, shape, indices)]


def _groups(old, new) -> list[list[int]] | None:
    """For each old axis the new ones that it is split into; `None` if axes are joined."""
    left = [axis for axis, size in enumerate(new) if size != 1]
    groups: list[list[int]] = []
    for size in old:
        group: list[int] = []
        while math.prod(new[a] for a in group) < size:
            if not left:
                return None
            group.append(left.pop(0))
        if math.prod(new[a] for a in group) != size:
            return None
        groups.append(group)
    return None if left else groups


@rule("transpose")
def transpose(lowering, equation, x):
    order = list(equation.params["permutation"])
    shape = equation.outputs[0].shape
    return [moved(x, shape, lambda i: [i[order.index(a)] for a in range(len(order))])]


@rule("rev")
def rev(lowering, equation, x):
    axes = equation.params["dimensions"]
    return [
        moved(
            x,
            x.shape,
            lambda i: [v * -1 + (x.shape[a] - 1) if a in axes else v for a, v in enumerate(i)],
        )
    ]


@rule("slice")
def slice_(lowering, equation, x):
    starts = equation.params["start_indices"]
    steps = equation.params["strides"] or (1,) * len(starts)
    return [
        moved(
            x,
            equation.outputs[0].shape,
            lambda i: [v * n + s for v, n, s in zip(i, steps, starts, strict=True)],
        )
    ]


@rule("split")
def split(lowering, equation, x):
    axis, first, found = equation.params["axis"], 0, []
    for output in equation.outputs:
        found.append(_part(x, output.shape, axis, first))
        first += output.shape[axis]
    return found


def _part(x: View, shape, axis: int, first: int) -> View:
    return moved(x, shape, lambda i: [v + first if a == axis else v for a, v in enumerate(i)])


@rule("unstack")
def unstack(lowering, equation, x):
    axis = equation.params["axis"]
    return [
        moved(x, output.shape, lambda i, n=n: [*i[:axis], Index(n), *i[axis:]])
        for n, output in enumerate(equation.outputs)
    ]


@rule("concatenate")
def concatenate(lowering, equation, *parts):
    axis = equation.params["dimension"]
    return [_joined(lowering, parts, equation.outputs[0].shape, axis)]


@rule("stack")
def stack(lowering, equation, *parts):
    axis = equation.params["axis"]
    rows = [
        moved(p, (*p.shape[:axis], 1, *p.shape[axis:]), lambda i: [*i[:axis], *i[axis + 1 :]])
        for p in parts
    ]
    return [_joined(lowering, rows, equation.outputs[0].shape, axis)]


def _joined(lowering, parts, shape, axis: int) -> View:
    if len(parts) == 1:
        return parts[0]
    target = lowering.temporary(shape, parts[0].kind)
    first = 0
    for part in parts:
        lowering.write(part, target, _at(axis, first))
        first += part.shape[axis]
    return whole(target)


def _at(axis: int, first: int):
    return lambda i: tuple(v + first if a == axis else v for a, v in enumerate(i))


@rule("pad")
def pad(lowering, equation, x, filling):
    return [padded(lowering, x, equation.params["padding_config"], filling.at(()))]


def padded(lowering, x: View, config, filling) -> View:
    """A view with more elements before, behind and between; or fewer, if a count is negative."""
    if all(entry == (0, 0, 0) for entry in config):
        return x
    low = [max(-c[0], 0) for c in config]  # what is cut off, of the array with its gaps
    gaps = [c[2] + 1 for c in config]
    sizes = [max((n - 1) * g + 1, 0) for n, g in zip(x.shape, gaps, strict=True)]
    shape = [n + c[0] + c[1] for n, c in zip(sizes, config, strict=True)]
    target = lowering.temporary(shape, x.kind)
    lowering.write(View(tuple(shape), x.kind, lambda i: filling), target)
    inner, firsts, places = [], [], []
    for n, g, c, cut, size in zip(x.shape, gaps, config, low, shape, strict=True):
        first = -(-cut // g)  # the first element that stays, and the last
        last = min(n - 1, (size - 1 - c[0]) // g)
        inner.append(max(last - first + 1, 0))
        firsts.append(first)
        places.append(first * g + c[0])
    part = moved(x, inner, lambda i: [v + f for v, f in zip(i, firsts, strict=True)])
    lowering.write(
        part, target, lambda i: tuple(v * g + p for v, g, p in zip(i, gaps, places, strict=True))
    )
    return whole(target)


@rule("iota")
def iota(lowering, equation, *_):
    axis = equation.params["dimension"]
    output = equation.outputs[0]
    kind = KINDS[str(output.dtype)]

    def at(i):
        place = Place(i[axis])
        return place if kind == "int" else apply(f"to_{kind}", kind, place)

    return [View(output.shape, kind, at)]


@rule("full")
def full(lowering, equation, *_):
    output = equation.outputs[0]
    kind = KINDS[str(output.dtype)]
    number = Number(np.asarray(equation.params["fill_value"]).item(), kind)
    return [View(output.shape, kind, lambda i: number)]
