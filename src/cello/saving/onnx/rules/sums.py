"""Primitives that fold over axes: reductions, products, windows, running sums."""

from __future__ import annotations

import numpy as np

from cello.lowering.flat import refusal
from cello.saving.onnx.builder import Value
from cello.saving.onnx.lower import Writer, is_known, rule
from cello.saving.onnx.rules.loops import run_along
from cello.saving.onnx.rules.shapes import padded, spaced

FOLDS = {
    "reduce_sum": "ReduceSum",
    "reduce_prod": "ReduceProd",
    "reduce_max": "ReduceMax",
    "reduce_min": "ReduceMin",
    "reduce_and": "ReduceMin",
    "reduce_or": "ReduceMax",
}


@rule(*FOLDS)
def reduce(w: Writer, equation, x):
    kind, axes = FOLDS[equation.primitive.name], equation.params["axes"]
    if not axes:
        return [x]
    if x.dtype == bool:
        return [w.cast(w.reduced(kind, w.cast(x, "int32"), axes), bool)]
    return [w.reduced(kind, x, axes)]


@rule("argmax", "argmin")
def arg_max(w: Writer, equation, x):
    (axis,) = equation.params["axes"]
    kind = "ArgMax" if equation.primitive.name == "argmax" else "ArgMin"
    output = equation.outputs[0]
    found = w.op(kind, x, axis=axis, keepdims=0, dtype="int64", shape=output.shape)
    return [w.cast(found, output.dtype)]


# ----------------------------------------------------------------------------------- products


@rule("dot_general")
def dot_general(w: Writer, equation, left, right):
    dtype = equation.outputs[0].dtype
    left, right = w.cast(left, dtype), w.cast(right, dtype)
    (left_inner, right_inner), (left_batch, right_batch) = equation.params["dimension_numbers"]
    left_rest = [a for a in range(len(left.shape)) if a not in (*left_inner, *left_batch)]
    right_rest = [a for a in range(len(right.shape)) if a not in (*right_inner, *right_batch)]
    shape = equation.outputs[0].shape
    matrices = len(left_inner) == 1 and len(right_rest) == 1
    if matrices and (len(left_rest) == 1 or not left_batch) and left_rest:
        left = w.transposed(left, [*left_batch, *left_rest, *left_inner])
        right = w.transposed(right, [*right_batch, *right_inner, *right_rest])
        return [w.op("MatMul", left, right, shape=shape)]
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    names: tuple[dict[int, str], dict[int, str]] = {}, {}
    for one, other in zip((*left_batch, *left_inner), (*right_batch, *right_inner), strict=True):
        names[0][one] = names[1][other] = next(letters)
    for side, rest in zip(names, (left_rest, right_rest), strict=True):
        side.update({axis: next(letters) for axis in rest})
    operands = ["".join(side[a] for a in range(len(side))) for side in names]
    result = [names[0][a] for a in (*left_batch, *left_rest)] + [names[1][a] for a in right_rest]
    equation_ = f"{operands[0]},{operands[1]}->{''.join(result)}"
    return [w.op("Einsum", left, right, equation=equation_, shape=shape)]


@rule("conv_general_dilated")
def convolution(w: Writer, equation, x, kernel):
    params = equation.params
    numbers, output = params["dimension_numbers"], equation.outputs[0]
    if params["batch_group_count"] != 1:
        raise ValueError(refusal(equation, "a convolution over groups of rows"))
    x, kernel = w.transposed(x, numbers.lhs_spec), w.transposed(kernel, numbers.rhs_spec)
    zero = w.number(0, x.dtype)
    x = spaced(w, x, (0, 0, *[n - 1 for n in params["lhs_dilation"]]), zero)
    low, high = zip(*params["padding"], strict=True)
    attributes = {
        "strides": list(params["window_strides"]),
        "dilations": list(params["rhs_dilation"]),
        "group": params["feature_group_count"],
        "kernel_shape": list(kernel.shape[2:]),
    }
    shape = [output.shape[a] for a in numbers.out_spec]
    x, pads = _pads(w, x, low, high, zero)
    found = w.in_float32(lambda a, b: w.op("Conv", a, b, shape=shape, **attributes, **pads),
                         x, kernel)  # fmt: skip
    return [w.transposed(found, np.argsort(numbers.out_spec).tolist())]


def _pads(w: Writer, x: Value, low, high, filling: Value):
    """The input, padded if some sizes are free, and else the attribute that pads it."""
    low, high = (
        [n if not isinstance(n, np.integer) else int(n) for n in ends] for ends in (low, high)
    )
    if is_known((*low, *high)) and min(*low, *high) >= 0:
        return x, {"pads": [*low, *high]} if any((*low, *high)) else {}
    return padded(w, x, (0, 0, *low), (0, 0, *high), filling), {}


WINDOWS = {"reduce_window_max": "MaxPool", "reduce_window_sum": "AveragePool"}


@rule(*WINDOWS)
def reduce_window(w: Writer, equation, x):
    """Windows over the axes between the first and the last."""
    params, kind = equation.params, WINDOWS[equation.primitive.name]
    window, (first, *space, last) = params["window_dimensions"], range(len(x.shape))
    odd = window[first] != 1 or window[last] != 1 or set(params["base_dilation"]) != {1}
    if odd or not np.issubdtype(x.dtype, np.floating):
        raise ValueError(refusal(equation, "windows over the batch or the features"))
    order = [first, last, *space]
    x = w.transposed(x, order)
    low, high = zip(*[params["padding"][a] for a in space], strict=True)
    edge = w.number(-np.inf if kind == "MaxPool" else 0, x.dtype)
    x, pads = _pads(w, x, low, high, edge)
    attributes = {
        "kernel_shape": [window[a] for a in space],
        "strides": [params["window_strides"][a] for a in space],
        "dilations": [params["window_dilation"][a] for a in space],
        **pads,
    }
    shape = [equation.outputs[0].shape[a] for a in order]
    if kind == "MaxPool":
        found = w.op(kind, x, shape=shape, **attributes)
    else:
        if set(attributes.pop("dilations")) != {1}:
            raise ValueError(refusal(equation, "windows with gaps"))
        attributes["count_include_pad"] = 1
        found = w.in_float32(lambda v: w.op(kind, v, shape=shape, **attributes), x)
        found = w.spread("Mul", found, w.number(np.prod(attributes["kernel_shape"]), x.dtype))
    return [w.transposed(found, np.argsort(order).tolist())]


RUNNING = {"cumprod": ("Mul", 1), "cummax": ("Max", -np.inf), "cummin": ("Min", np.inf)}


@rule("cumsum")
def cumsum(w: Writer, equation, x):
    params = equation.params
    axis = w.b.scalar(params["axis"], "int64")
    return [w.op("CumSum", x, axis, reverse=int(params["reverse"]), shape=x.shape)]


@rule(*RUNNING)
def running(w: Writer, equation, x):
    kind, start = RUNNING[equation.primitive.name]
    if np.issubdtype(x.dtype, np.integer) and np.isinf(start):
        limits = np.iinfo(x.dtype)
        start = limits.min if start < 0 else limits.max
    axis = equation.params["axis"]
    rest = (*x.shape[:axis], *x.shape[axis + 1 :])

    def step(state, element):
        found = w.spread(kind, *state, *element)
        return [found], [found]

    begin = w.whole(w.number(start, x.dtype), rest)
    _, (found,) = run_along(
        w, step, [begin], [x], x.shape[axis], equation.params["reverse"], axis=axis
    )
    return [found]


@rule("sort")
def sort(w: Writer, equation, *arrays):
    """By the first of the arrays, all of an axis."""
    axis = equation.params["dimension"]
    if equation.params["num_keys"] != 1:
        raise ValueError(refusal(equation, "sorting by several arrays"))
    first = arrays[0]
    k = w.size(first.shape[axis])
    found, order = w.b.op("TopK", first, k, outputs=2, axis=axis, largest=0)
    order = w.with_shape(Value(order.name, np.dtype("int64")), first.shape)
    rest = [w.op("GatherElements", v, order, axis=axis, shape=v.shape) for v in arrays[1:]]
    return [w.with_shape(found, first.shape), *rest]
