"""Primitives that fold over axes: reductions, products, windows, running sums."""

from __future__ import annotations

import math

from cello.lowering.ir import Index, Load, Loop, Map, Number, Place, Repeat, variable
from cello.lowering.lower import View, apply, flat_index, rule, whole
from cello.lowering.rules.shapes import padded

FOLDS = {
    "reduce_sum": "add",
    "reduce_prod": "mul",
    "reduce_max": "max",
    "reduce_min": "min",
    "reduce_and": "and",
    "reduce_or": "or",
}


@rule(*FOLDS)
def reduce(lowering, equation, x):
    axes = equation.params["axes"]
    operation = FOLDS[equation.primitive.name]
    rest = [size for a, size in enumerate(x.shape) if a not in axes]
    inner = [x.shape[a] for a in axes]

    def value(i, j):
        outer, inside = iter(i), dict(zip(axes, j, strict=True))
        return x.at(tuple(inside[a] if a in inside else next(outer) for a in range(len(x.shape))))

    return [lowering.fold(operation, rest, inner, value, x.kind)]


@rule("argmax", "argmin")
def arg_max(lowering, equation, x):
    """The first place that holds the greatest: the least of all places that do."""
    (axis,) = equation.params["axes"]
    size = x.shape[axis]
    x = lowering.keep_costly(x)
    greatest = "max" if equation.primitive.name == "argmax" else "min"
    rest = [n for a, n in enumerate(x.shape) if a != axis]

    def element(i, j):
        return x.at((*i[:axis], *j, *i[axis:]))

    best = lowering.fold(greatest, rest, [size], element, x.kind)

    def place(i, j):
        here = apply("eq", "bool", element(i, j), best.at(i))
        return apply("select", "int", here, Place(j[0]), Number(size, "int"))

    return [lowering.fold("min", rest, [size], place, "int")]


@rule("dot_general")
def dot_general(lowering, equation, left, right):
    (left_inner, right_inner), (left_batch, right_batch) = equation.params["dimension_numbers"]
    inner = [left.shape[a] for a in left_inner]
    if math.prod(inner) > 1 or left.cost() > 1:
        left = lowering.keep_costly(left)
    if math.prod(inner) > 1 or right.cost() > 1:
        right = lowering.keep_costly(right)
    left_rest = [a for a in range(len(left.shape)) if a not in (*left_inner, *left_batch)]
    right_rest = [a for a in range(len(right.shape)) if a not in (*right_inner, *right_batch)]
    batch, rows = len(left_batch), len(left_rest)

    def value(i, j):
        at_left: dict[int, Index] = {}
        at_right: dict[int, Index] = {}
        at_left.update(zip(left_batch, i[:batch], strict=True))
        at_left.update(zip(left_rest, i[batch : batch + rows], strict=True))
        at_left.update(zip(left_inner, j, strict=True))
        at_right.update(zip(right_batch, i[:batch], strict=True))
        at_right.update(zip(right_rest, i[batch + rows :], strict=True))
        at_right.update(zip(right_inner, j, strict=True))
        return apply(
            "mul",
            left.kind,
            left.at(tuple(at_left[a] for a in range(len(left.shape)))),
            right.at(tuple(at_right[a] for a in range(len(right.shape)))),
        )

    shape = equation.outputs[0].shape
    if math.prod(inner) == 1:  # no sum: it becomes part of what uses it
        return [View(shape, left.kind, lambda i: value(i, tuple(Index() for _ in inner)))]
    return [lowering.fold("add", shape, inner, value, left.kind)]


@rule("conv_general_dilated")
def convolution(lowering, equation, x, kernel):
    """Windows of the padded input times the kernel, summed over the window and the features."""
    params = equation.params
    numbers = params["dimension_numbers"]
    x_axes, k_axes, out_axes = numbers.lhs_spec, numbers.rhs_spec, numbers.out_spec
    space = range(len(x_axes) - 2)
    config = [(0, 0, 0)] * len(x.shape)
    for s in space:
        low, high = params["padding"][s]
        config[x_axes[2 + s]] = (low, high, params["lhs_dilation"][s] - 1)
    x = lowering.keep_costly(padded(lowering, x, config, Number(0.0, x.kind)))
    kernel = lowering.keep_costly(kernel)
    groups, batches = params["feature_group_count"], params["batch_group_count"]
    if batches != 1:
        raise ValueError("A convolution over groups of rows cannot be exported.")
    out = equation.outputs[0].shape
    features = kernel.shape[k_axes[0]] // groups  # of the output, in a group
    inputs = kernel.shape[k_axes[1]]
    window = [kernel.shape[k_axes[2 + s]] for s in space]
    # The output as (batch, group, feature in group, *space)
    shape = [out[out_axes[0]], groups, features, *[out[out_axes[2 + s]] for s in space]]

    def value(i, j):
        row, group, feature, *places = i
        channel, *offsets = j
        at_x, at_k = {}, {}
        at_x[x_axes[0]] = row
        at_x[x_axes[1]] = group * inputs + channel
        at_k[k_axes[0]] = group * features + feature
        at_k[k_axes[1]] = channel
        for s in space:
            step, wide = params["window_strides"][s], params["rhs_dilation"][s]
            at_x[x_axes[2 + s]] = places[s] * step + offsets[s] * wide
            at_k[k_axes[2 + s]] = offsets[s]
        return apply(
            "mul",
            x.kind,
            x.at(tuple(at_x[a] for a in range(len(x.shape)))),
            kernel.at(tuple(at_k[a] for a in range(len(kernel.shape)))),
        )

    summed = lowering.fold("add", shape, [inputs, *window], value, x.kind)
    joined = [shape[0], groups * features, *shape[3:]]
    flat = whole(summed.stored, joined)
    return [View(out, x.kind, lambda i: flat.at(tuple(i[axis] for axis in out_axes)))]


WINDOWS = {"reduce_window_max": "max", "reduce_window_min": "min", "reduce_window_sum": "add"}
EDGES = {"max": float("-inf"), "min": float("inf"), "add": 0.0}


@rule(*WINDOWS)
def reduce_window(lowering, equation, x):
    params = equation.params
    operation = WINDOWS[equation.primitive.name]
    config = [
        (low, high, gaps - 1)
        for (low, high), gaps in zip(params["padding"], params["base_dilation"], strict=True)
    ]
    edge = Number(EDGES[operation] if x.kind == "float" else 0, x.kind)
    x = lowering.keep_costly(padded(lowering, x, config, edge))
    steps, wide = params["window_strides"], params["window_dilation"]

    def value(i, j):
        return x.at(tuple(a * s + b * w for a, b, s, w in zip(i, j, steps, wide, strict=True)))

    shape = equation.outputs[0].shape
    return [lowering.fold(operation, shape, params["window_dimensions"], value, x.kind)]


RUNNING = {"cumsum": "add", "cumprod": "mul", "cummax": "max", "cummin": "min"}


@rule(*RUNNING)
def running(lowering, equation, x):
    """One place after the other: each is the place before it, and its own element."""
    axis, reverse = equation.params["axis"], equation.params["reverse"]
    operation, size = RUNNING[equation.primitive.name], x.shape[axis]
    x = lowering.keep_costly(x)
    target = lowering.temporary(x.shape, x.kind)
    last = size - 1

    def write(into, place, value):
        loops, i = lowering.loops([n for a, n in enumerate(x.shape) if a != axis])
        at = (*i[:axis], place, *i[axis:])
        into.append(Map(loops, target, flat_index(target, at), value(i, at)))

    write(lowering.statements, Index(last if reverse else 0), lambda i, at: x.at(at))
    loop = Loop(f"r{target.name}", last)
    here = variable(loop.name) * -1 + (last - 1) if reverse else variable(loop.name) + 1
    before = here + 1 if reverse else here + -1

    def value(i, at):
        old = Load(target, flat_index(target, (*i[:axis], before, *i[axis:])))
        return apply(operation, x.kind, old, x.at(at))

    body: list = []
    write(body, here, value)
    if last:
        lowering.statements.append(Repeat(loop, body))
    return [whole(target)]
