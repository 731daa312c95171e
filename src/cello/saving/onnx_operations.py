"""The functions of `cello.ops` in a graph, in ONNX: `x + y`, `x[:, -1]`, `ops.mean(x, axis=1)`.

One table, from the name of a function to one with its parameters. A parameter that is not there has
no form in ONNX, and a call that gives it is refused.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

import jax.numpy as jnp
import numpy as np

from cello import activations as a
from cello.core.variable import Variable
from cello.saving import onnx_activations
from cello.saving.onnx_builder import FIRST_INDEX, LAST_INDEX, Value


def operation(e, layer, *args, **kwargs):
    """One call of a function of `cello.ops`."""
    name = layer.function
    function = FUNCTIONS.get(name)
    if function is None:
        raise ValueError(
            f"{layer} cannot be exported to ONNX: ops.{name} has no form there. Use another "
            f"function; those with a form are {', '.join(sorted(FUNCTIONS))}."
        )
    try:
        inspect.signature(function).bind(e, *args, **kwargs)
    except TypeError as error:
        raise ValueError(
            f"{layer} cannot be exported to ONNX: ops.{name} was called in a way that has no form "
            f"there ({error})."
        ) from None
    try:
        return function(e, *args, **kwargs)
    except NotImplementedError as error:
        raise ValueError(f"{layer} cannot be exported to ONNX: ops.{name} {error}.") from None


# ---------------------------------------------------------------------------------- the operands


def as_value(e, x, dtype=None) -> Value:
    """A tensor of the graph, or a number or array as a constant."""
    if isinstance(x, Value):
        return x if dtype is None else e.b.cast(x, dtype)
    array = np.asarray(x.value if isinstance(x, Variable) else x)
    if dtype is None and array.dtype in (np.float64, np.int64) and not isinstance(x, np.ndarray):
        dtype = jnp.result_type(x)  # a number of Python
    return e.b.constant(array.astype(dtype or array.dtype))


def common_dtype(*operands):
    """The dtype that JAX computes with."""
    return np.dtype(jnp.result_type(*[x.dtype if isinstance(x, Value) else x for x in operands]))


def out_dtype(e):
    return np.dtype(e.specs[0].dtype)


def rank(x) -> int:
    return x.ndim if isinstance(x, Value) else np.ndim(x)


def axes_of(axis, x) -> list[int] | None:
    if axis is None:
        return None
    return [int(i) % rank(x) for i in (axis if isinstance(axis, (list, tuple)) else [axis])]


# ---------------------------------------------------------------------------- element by element


def unary(kind: str, **attributes):
    def export(e, x):
        return e.b.op(kind, as_value(e, x, out_dtype(e)), **attributes)

    return export


def activated(function):
    def export(e, x):
        value = as_value(e, x, out_dtype(e))
        return onnx_activations.OPERATORS[function](e.b, value)

    return export


def binary(kind: str):
    def export(e, x, y):
        dtype = out_dtype(e)
        return e.b.op(kind, as_value(e, x, dtype), as_value(e, y, dtype))

    return export


def compared(kind: str, negated: bool = False):
    def export(e, x, y):
        dtype = common_dtype(x, y)
        if dtype.kind == "b" and kind != "Equal":
            dtype = np.dtype("int32")
        found = e.b.op(kind, as_value(e, x, dtype), as_value(e, y, dtype), dtype=bool)
        return e.b.op("Not", found) if negated else found

    return export


def logical(kind: str):
    def export(e, *operands):
        return e.b.op(kind, *[as_value(e, x, bool) for x in operands], dtype=bool)

    return export


def composed(function):
    """A function of the builder and one floating value."""

    def export(e, x):
        return function(e.b, as_value(e, x, out_dtype(e)), functools.partial(_number, e))

    return export


def _number(e, value):
    return e.b.scalar(value, out_dtype(e))


def floor_divide(e, x, y):
    dtype = out_dtype(e)
    if not np.issubdtype(dtype, np.floating):
        raise NotImplementedError("of integers rounds another way; divide and use ops.floor")
    return e.b.op("Floor", e.b.op("Div", as_value(e, x, dtype), as_value(e, y, dtype)))


def mod(e, x, y):
    b, dtype = e.b, out_dtype(e)
    x, y = as_value(e, x, dtype), as_value(e, y, dtype)
    if not np.issubdtype(dtype, np.floating):
        return b.op("Mod", x, y)
    return b.op("Sub", x, b.op("Mul", y, b.op("Floor", b.op("Div", x, y))))


def power(e, x, y):
    dtype = out_dtype(e)
    return e.b.op("Pow", as_value(e, x, dtype), as_value(e, y, dtype))


def clip(e, x, min=None, max=None):
    b, dtype = e.b, out_dtype(e)
    x = as_value(e, x, dtype)
    if min is not None:
        x = b.op("Max", x, as_value(e, min, dtype))
    return x if max is None else b.op("Min", x, as_value(e, max, dtype))


def where(e, condition, x, y):
    dtype = out_dtype(e)
    return e.b.op(
        "Where", as_value(e, condition, bool), as_value(e, x, dtype), as_value(e, y, dtype),
        dtype=dtype,
    )  # fmt: skip


def cast(e, x, dtype):
    return e.b.cast(as_value(e, x), jnp.dtype(dtype))


def isnan(e, x):
    return e.b.op("IsNaN", as_value(e, x), dtype=bool)


def isfinite(e, x):
    x = as_value(e, x)
    no = e.b.op("Or", isnan(e, x), e.b.op("IsInf", x, dtype=bool))
    return e.b.op("Not", no)


def elu(e, x, alpha=1.0):
    return e.b.op("Elu", as_value(e, x, out_dtype(e)), alpha=float(alpha))


def leaky_relu(e, x, negative_slope=0.01):
    return e.b.op("LeakyRelu", as_value(e, x, out_dtype(e)), alpha=float(negative_slope))


def gelu(e, x, approximate=True):
    return onnx_activations.gelu(e.b, as_value(e, x, out_dtype(e)), approximate)


# -------------------------------------------------------------------------------- along an axis


def softmax_like(kind: str):
    def export(e, x, axis=-1):
        return e.b.op(kind, as_value(e, x, out_dtype(e)), axis=int(axis))

    return export


def reduced(kind: str):
    def export(e, x, axis=None, keepdims=False):
        axes = axes_of(axis, x)
        return e.b.reduce(kind, as_value(e, x, out_dtype(e)), axes, keepdims)

    return export


def any_or_all(kind: str):
    def export(e, x, axis=None, keepdims=False):
        b, axes = e.b, axes_of(axis, x)
        numbers = b.cast(as_value(e, x, bool), "int32")
        return b.cast(b.reduce(kind, numbers, axes, keepdims), bool)

    return export


def variance(e, x, axis=None, ddof=0, keepdims=False, correction=None):
    if ddof or correction:
        raise NotImplementedError("divides by all numbers in ONNX: leave ddof out")
    b, axes = e.b, axes_of(axis, x)
    x = as_value(e, x, out_dtype(e))
    centred = b.op("Sub", x, b.reduce("ReduceMean", x, axes, True))
    return b.reduce("ReduceMean", b.op("Mul", centred, centred), axes, keepdims)


def deviation(e, x, axis=None, ddof=0, keepdims=False, correction=None):
    return e.b.op("Sqrt", variance(e, x, axis, ddof, keepdims, correction))


def extreme_place(kind: str):
    def export(e, x, axis=None, keepdims=False):
        x = as_value(e, x)
        if axis is None:
            x, axis = e.b.reshape(x, -1), 0
        return e.b.op(kind, x, dtype="int64", axis=int(axis), keepdims=int(bool(keepdims)))

    return export


def cumsum(e, x, axis=None):
    x = as_value(e, x, out_dtype(e))
    if axis is None:
        x, axis = e.b.reshape(x, -1), 0
    return e.b.op("CumSum", x, e.b.scalar(int(axis), "int64"))


# ------------------------------------------------------------------------------------ matrices


def matmul(e, x, y):
    dtype = out_dtype(e)
    return e.b.op("MatMul", as_value(e, x, dtype), as_value(e, y, dtype))


def dot(e, x, y):
    if rank(x) > 2 and rank(y) > 1 and rank(y) != 2:
        raise NotImplementedError("of these ranks: use ops.einsum")
    return matmul(e, x, y)


def einsum(e, subscripts, *operands):
    dtype = out_dtype(e)
    values = [as_value(e, x, dtype) for x in operands]
    return e.b.op("Einsum", *values, equation=str(subscripts))


# -------------------------------------------------------------------------------------- shapes


def reshape(e, x, shape):
    shape = [shape] if isinstance(shape, (int, np.integer)) else shape
    return e.b.op("Reshape", as_value(e, x), e.b.integers(*map(int, shape)), allowzero=1)


def transpose(e, x, axes=None):
    axes = range(rank(x))[::-1] if axes is None else [int(i) % rank(x) for i in axes]
    return e.b.op("Transpose", as_value(e, x), perm=list(axes))


def swapaxes(e, x, axis1, axis2):
    order = list(range(rank(x)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(e, x, order)


def moveaxis(e, x, source, destination):
    sources, places = axes_of(source, x) or [], axes_of(destination, x) or []
    order = [i for i in range(rank(x)) if i not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return transpose(e, x, order)


def squeeze(e, x, axis=None):
    axes = axes_of(axis, x)
    if axes is None:
        axes = [i for i, d in enumerate(x.shape) if d == 1]
    return e.b.squeeze(as_value(e, x), *axes)


def expand_dims(e, x, axis):
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    total = rank(x) + len(axes)
    return e.b.unsqueeze(as_value(e, x), *sorted(int(i) % total for i in axes))


def concatenate(e, arrays, axis=0):
    dtype = out_dtype(e)
    values = [as_value(e, x, dtype) for x in arrays]
    if axis is None:
        values, axis = [e.b.reshape(x, -1) for x in values], 0
    return e.b.op("Concat", *values, axis=int(axis))


def stack(e, arrays, axis=0):
    dtype = out_dtype(e)
    place = int(axis) % (rank(arrays[0]) + 1)
    values = [e.b.unsqueeze(as_value(e, x, dtype), place) for x in arrays]
    return e.b.op("Concat", *values, axis=place)


def split(e, x, indices_or_sections, axis=0):
    axis = int(axis) % rank(x)
    sizes = [s.shape[axis] for s in e.specs]
    if not all(isinstance(d, int) for d in sizes):
        raise NotImplementedError("needs the size of the axis to be known")
    return e.b.split(as_value(e, x), sizes, axis)


def unstack(e, x, axis=0):
    parts = e.b.split(as_value(e, x), [1] * len(e.specs), int(axis))
    return [e.b.squeeze(p, int(axis)) for p in parts]


def flip(e, x, axis=None):
    value = as_value(e, x)
    for i in axes_of(axis, x) or range(rank(x)):
        value = e.b.flip(value, i)
    return value


def tile(e, x, reps):
    reps = list(reps) if isinstance(reps, (list, tuple)) else [reps]
    x_rank = rank(x)
    value = as_value(e, x)
    if len(reps) > x_rank:
        value = e.b.unsqueeze(value, *range(len(reps) - x_rank))
    reps = [1] * (x_rank - len(reps)) + [int(r) for r in reps]
    return e.b.op("Tile", value, e.b.integers(*reps))


def repeat(e, x, repeats, axis=None):
    if axis is None or not isinstance(repeats, (int, np.integer)):
        raise NotImplementedError("needs one number and an axis")
    axis, b = int(axis) % rank(x), e.b
    parts = b.unsqueeze(as_value(e, x), axis + 1)
    times = [1] * (rank(x) + 1)
    times[axis + 1] = int(repeats)
    wide = b.op("Tile", parts, b.integers(*times))
    before = [b.sizes(wide, 0, axis)] if axis else []
    after = [b.sizes(wide, axis + 2)] if axis + 1 < rank(x) else []
    return b.reshape(wide, *before, -1, *after)


def broadcast_to(e, x, shape):
    return e.b.op("Expand", as_value(e, x), e.b.integers(*map(int, shape)))


def take(e, x, indices, axis=None):
    x, axis = as_value(e, x), axis
    if axis is None:
        x, axis = e.b.reshape(x, -1), 0
    return e.b.op("Gather", x, as_value(e, indices), axis=int(axis))


def filled_like(number):
    def export(e, x):
        value = e.b.onnx.numpy_helper.from_array(np.full(1, number, out_dtype(e)))
        shape = e.b.sizes(as_value(e, x))
        return e.b.op("ConstantOfShape", shape, dtype=out_dtype(e), value=value)

    return export


def getitem(e, x, key):
    """Numbers, slices, `...`, `None`, and at most one array of integers."""
    keys = list(key) if isinstance(key, tuple) else [key]
    used = sum(k is not None and k is not Ellipsis for k in keys)
    if Ellipsis in [k for k in keys if not hasattr(k, "shape")]:
        place = next(i for i, k in enumerate(keys) if k is Ellipsis)
        keys[place : place + 1] = [slice(None)] * (rank(x) - used)
    b, value, axis, place = e.b, as_value(e, x), 0, 0
    slices: list[tuple[int, int, int, int]] = []
    gathers: list[tuple[int, Any]] = []
    new: list[int] = []
    arrays = [k for k in keys if hasattr(k, "shape") and rank(k) > 0]
    for k in keys:
        if k is None:
            new.append(place)
            place += 1
            continue
        if isinstance(k, slice):
            parts = [k.start, k.stop, k.step]
            if not all(p is None or isinstance(p, (int, np.integer)) for p in parts):
                raise NotImplementedError("takes whole numbers as ends of a slice")
            step = 1 if k.step is None else int(k.step)
            first, last = (0, LAST_INDEX) if step > 0 else (LAST_INDEX, FIRST_INDEX)
            start = first if k.start is None else int(k.start)
            stop = last if k.stop is None else int(k.stop)
            if (start, stop, step) != (0, LAST_INDEX, 1):
                slices.append((axis, start, stop, step))
            place += 1
        elif isinstance(k, (bool, np.bool_)) or (hasattr(k, "dtype") and k.dtype == bool):
            raise NotImplementedError("by a boolean has no fixed size: use ops.where")
        else:
            gathers.append((axis, k))
            place += rank(k)
        axis += 1
    if arrays and (len(gathers) > 1):
        raise NotImplementedError("takes one array of places at most: use ops.take for each")
    if slices:
        axes, starts, stops, steps = (b.integers(*c) for c in zip(*slices, strict=True))
        value = b.op("Slice", value, starts, stops, axes, steps)
    for at, k in reversed(gathers):
        index = as_value(e, k, None if hasattr(k, "shape") else np.int64)
        value = b.op("Gather", value, index, axis=at)
    return b.unsqueeze(value, *new) if new else value


# ------------------------------------------------------------------------------------ the table

_CAPITALIZED = """
ceil cos cosh exp floor log round sign sin sinh sqrt tan tanh reciprocal sigmoid
""".split()

FUNCTIONS: dict[str, Any] = {
    **dict.fromkeys(("abs", "absolute"), unary("Abs")),
    **{n: unary(n.capitalize()) for n in _CAPITALIZED},
    "arctan": unary("Atan"),
    "erf": unary("Erf"),
    "negative": unary("Neg"),
    "square": composed(lambda b, x, n: b.op("Mul", x, x)),
    "expm1": composed(lambda b, x, n: b.op("Sub", b.op("Exp", x), n(1))),
    "log1p": composed(lambda b, x, n: b.op("Log", b.op("Add", x, n(1)))),
    "log10": composed(lambda b, x, n: b.op("Div", b.op("Log", x), n(np.log(10)))),
    "log2": composed(lambda b, x, n: b.op("Div", b.op("Log", x), n(np.log(2)))),
    "add": binary("Add"),
    "subtract": binary("Sub"),
    "multiply": binary("Mul"),
    **dict.fromkeys(("divide", "true_divide"), binary("Div")),
    "maximum": binary("Max"),
    "minimum": binary("Min"),
    "floor_divide": floor_divide,
    "mod": mod,
    "power": power,
    "clip": clip,
    "where": where,
    "cast": cast,
    "convert_to_tensor": lambda e, x: as_value(e, x),
    "equal": compared("Equal"),
    "not_equal": compared("Equal", negated=True),
    "greater": compared("Greater"),
    "greater_equal": compared("GreaterOrEqual"),
    "less": compared("Less"),
    "less_equal": compared("LessOrEqual"),
    "logical_and": logical("And"),
    "logical_or": logical("Or"),
    "logical_not": logical("Not"),
    "isnan": isnan,
    "isfinite": isfinite,
    "zeros_like": filled_like(0),
    "ones_like": filled_like(1),
    "elu": elu,
    "leaky_relu": leaky_relu,
    "gelu": gelu,
    "relu": activated(a.relu),
    "relu6": activated(a.relu6),
    "selu": activated(a.selu),
    "silu": activated(a.silu),
    "softplus": activated(a.softplus),
    "log_sigmoid": activated(a.log_sigmoid),
    **dict.fromkeys(("soft_sign", "softsign"), activated(a.softsign)),
    "softmax": softmax_like("Softmax"),
    "log_softmax": softmax_like("LogSoftmax"),
    "logsumexp": reduced("ReduceLogSumExp"),
    "sum": reduced("ReduceSum"),
    "mean": reduced("ReduceMean"),
    "average": reduced("ReduceMean"),
    "max": reduced("ReduceMax"),
    "min": reduced("ReduceMin"),
    "prod": reduced("ReduceProd"),
    "any": any_or_all("ReduceMax"),
    "all": any_or_all("ReduceMin"),
    "var": variance,
    "std": deviation,
    "argmax": extreme_place("ArgMax"),
    "argmin": extreme_place("ArgMin"),
    "cumsum": cumsum,
    "matmul": matmul,
    "dot": dot,
    "einsum": einsum,
    "reshape": reshape,
    "transpose": transpose,
    "swapaxes": swapaxes,
    "moveaxis": moveaxis,
    "squeeze": squeeze,
    "expand_dims": expand_dims,
    "concatenate": concatenate,
    "stack": stack,
    "split": split,
    "unstack": unstack,
    "flip": flip,
    "tile": tile,
    "repeat": repeat,
    "broadcast_to": broadcast_to,
    "take": take,
    "getitem": getitem,
}
"""Name in `cello.ops` to a function of the exporter and what the one in `cello.ops` takes."""
