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
from cello.saving.onnx import activations
from cello.saving.onnx.write_shapes import SHAPES, as_value, axes_of, common_dtype, out_dtype, rank


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


# ---------------------------------------------------------------------------- element by element


def unary(kind: str, **attributes):
    def export(e, x):
        return e.b.op(kind, as_value(e, x, out_dtype(e)), **attributes)

    return export


def activate(function):
    def export(e, x):
        value = as_value(e, x, out_dtype(e))
        return activations.OPERATORS[function](e.b, value)

    return export


def binary(kind: str):
    def export(e, x1, x2):
        dtype = out_dtype(e)
        return e.b.op(kind, as_value(e, x1, dtype), as_value(e, x2, dtype))

    return export


def compare(kind: str, negated: bool = False):
    def export(e, x1, x2):
        dtype = common_dtype(x1, x2)
        if dtype.kind == "b" and kind != "Equal":
            dtype = np.dtype("int32")
        found = e.b.op(kind, as_value(e, x1, dtype), as_value(e, x2, dtype), dtype=bool)
        return e.b.op("Not", found) if negated else found

    return export


def logical(kind: str):
    def export(e, x1, x2):
        return e.b.op(kind, as_value(e, x1, bool), as_value(e, x2, bool), dtype=bool)

    return export


def compose(function):
    """A function of the builder and one floating value."""

    def export(e, x):
        return function(e.b, as_value(e, x, out_dtype(e)), functools.partial(_number, e))

    return export


def _number(e, value):
    return e.b.scalar(value, out_dtype(e))


def floor_divide(e, x1, x2):
    dtype = out_dtype(e)
    if not np.issubdtype(dtype, np.floating):
        raise NotImplementedError("of integers rounds another way; divide and use ops.floor")
    return e.b.op("Floor", e.b.op("Div", as_value(e, x1, dtype), as_value(e, x2, dtype)))


def mod(e, x1, x2):
    b, dtype = e.b, out_dtype(e)
    x, y = as_value(e, x1, dtype), as_value(e, x2, dtype)
    if not np.issubdtype(dtype, np.floating):
        return b.op("Mod", x, y)
    return b.op("Sub", x, b.op("Mul", y, b.op("Floor", b.op("Div", x, y))))


def power(e, x1, x2):
    dtype = out_dtype(e)
    return e.b.op("Pow", as_value(e, x1, dtype), as_value(e, x2, dtype))


def clip(e, x, x_min, x_max):
    b, dtype = e.b, out_dtype(e)
    x = as_value(e, x, dtype)
    if x_min is not None:
        x = b.op("Max", x, as_value(e, x_min, dtype))
    return x if x_max is None else b.op("Min", x, as_value(e, x_max, dtype))


def where(e, condition, x1, x2):
    dtype = out_dtype(e)
    return e.b.op(
        "Where", as_value(e, condition, bool), as_value(e, x1, dtype), as_value(e, x2, dtype),
        dtype=dtype,
    )  # fmt: skip


def cast(e, x, dtype):
    return e.b.cast(as_value(e, x), jnp.dtype(dtype))


def logical_not(e, x):
    return e.b.op("Not", as_value(e, x, bool), dtype=bool)


def isnan(e, x):
    return e.b.op("IsNaN", as_value(e, x), dtype=bool)


def isfinite(e, x):
    x = as_value(e, x)
    no = e.b.op("Or", isnan(e, x), e.b.op("IsInf", x, dtype=bool))
    return e.b.op("Not", no)


def elu(e, x, alpha=1.0):
    return e.b.op("Elu", as_value(e, x, out_dtype(e)), alpha=float(alpha))


def leaky_relu(e, x, negative_slope=0.2):
    return e.b.op("LeakyRelu", as_value(e, x, out_dtype(e)), alpha=float(negative_slope))


def gelu(e, x, approximate=True):
    return activations.gelu(e.b, as_value(e, x, out_dtype(e)), approximate)


# -------------------------------------------------------------------------------- along an axis


def softmax_like(kind: str):
    def export(e, x, axis=-1):
        return e.b.op(kind, as_value(e, x, out_dtype(e)), axis=int(axis))

    return export


def reduce_by(kind: str):
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


def variance(e, x, axis=None, keepdims=False, ddof=0):
    if ddof:
        raise NotImplementedError("divides by all numbers in ONNX: leave ddof out")
    b, axes = e.b, axes_of(axis, x)
    x = as_value(e, x, out_dtype(e))
    centred = b.op("Sub", x, b.reduce("ReduceMean", x, axes, True))
    return b.reduce("ReduceMean", b.op("Mul", centred, centred), axes, keepdims)


def deviation(e, x, axis=None, keepdims=False, ddof=0):
    return e.b.op("Sqrt", variance(e, x, axis, keepdims, ddof))


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


def matmul(e, x1, x2):
    dtype = out_dtype(e)
    return e.b.op("MatMul", as_value(e, x1, dtype), as_value(e, x2, dtype))


def dot(e, x1, x2):
    if rank(x1) > 2 and rank(x2) > 1 and rank(x2) != 2:
        raise NotImplementedError("of these ranks: use ops.einsum")
    return matmul(e, x1, x2)


def einsum(e, subscripts, *operands):
    dtype = out_dtype(e)
    values = [as_value(e, x, dtype) for x in operands]
    return e.b.op("Einsum", *values, equation=str(subscripts))


# ------------------------------------------------------------------------------------ the table

_CAPITALIZED = """
ceil cos cosh exp floor log round sign sin sinh sqrt tan tanh reciprocal sigmoid
""".split()

FUNCTIONS: dict[str, Any] = {
    **SHAPES,
    **dict.fromkeys(("abs", "absolute"), unary("Abs")),
    **{n: unary(n.capitalize()) for n in _CAPITALIZED},
    "arctan": unary("Atan"),
    "erf": unary("Erf"),
    "negative": unary("Neg"),
    "square": compose(lambda b, x, n: b.op("Mul", x, x)),
    "expm1": compose(lambda b, x, n: b.op("Sub", b.op("Exp", x), n(1))),
    "log1p": compose(lambda b, x, n: b.op("Log", b.op("Add", x, n(1)))),
    "log10": compose(lambda b, x, n: b.op("Div", b.op("Log", x), n(np.log(10)))),
    "log2": compose(lambda b, x, n: b.op("Div", b.op("Log", x), n(np.log(2)))),
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
    "equal": compare("Equal"),
    "not_equal": compare("Equal", negated=True),
    "greater": compare("Greater"),
    "greater_equal": compare("GreaterOrEqual"),
    "less": compare("Less"),
    "less_equal": compare("LessOrEqual"),
    "logical_and": logical("And"),
    "logical_or": logical("Or"),
    "logical_not": logical_not,
    "isnan": isnan,
    "isfinite": isfinite,
    "elu": elu,
    "leaky_relu": leaky_relu,
    "gelu": gelu,
    "relu": activate(a.relu),
    "relu6": activate(a.relu6),
    "selu": activate(a.selu),
    "silu": activate(a.silu),
    "softplus": activate(a.softplus),
    "log_sigmoid": activate(a.log_sigmoid),
    **dict.fromkeys(("soft_sign", "softsign"), activate(a.softsign)),
    "softmax": softmax_like("Softmax"),
    "log_softmax": softmax_like("LogSoftmax"),
    "logsumexp": reduce_by("ReduceLogSumExp"),
    "sum": reduce_by("ReduceSum"),
    "mean": reduce_by("ReduceMean"),
    "average": reduce_by("ReduceMean"),
    "max": reduce_by("ReduceMax"),
    "min": reduce_by("ReduceMin"),
    "prod": reduce_by("ReduceProd"),
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
}
"""Name in `cello.ops` to a function of the exporter and what the one in `cello.ops` takes."""
