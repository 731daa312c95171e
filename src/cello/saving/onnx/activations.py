"""Activation functions in ONNX: as operators, and by name inside recurrent nodes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from cello import activations as a
from cello.saving.onnx.builder import Builder, Value

Recurrent = tuple[str, float | None, float | None]

RECURRENT: dict[Any, Recurrent] = {
    a.tanh: ("Tanh", None, None),
    a.sigmoid: ("Sigmoid", None, None),
    a.relu: ("Relu", None, None),
    a.linear: ("Affine", 1.0, 0.0),
    a.leaky_relu: ("LeakyRelu", 0.2, None),
    a.hard_sigmoid: ("HardSigmoid", 1 / 6, 0.5),
    a.keras2_hard_sigmoid: ("HardSigmoid", 0.2, 0.5),
    a.elu: ("Elu", 1.0, None),
    a.softsign: ("Softsign", None, None),
    a.softplus: ("Softplus", None, None),
}
"""Function to ONNX's name in a recurrent node, with its alpha and beta."""

DEFAULTS: dict[str, tuple[float | None, float | None]] = {
    "Affine": (1.0, 0.0),
    "LeakyRelu": (0.01, None),
    "ThresholdedRelu": (1.0, None),
    "ScaledTanh": (1.0, 1.0),
    "HardSigmoid": (0.2, 0.5),
    "Elu": (1.0, None),
}
"""alpha and beta of the functions that have some, where a node gives none."""


def _simple(kind: str, **attributes) -> Callable[[Builder, Value], Value]:
    return lambda b, x: b.op(kind, x, **attributes)


def _clip(b: Builder, x: Value, low, high) -> Value:
    return b.op("Clip", x, b.scalar(low, x.dtype), b.scalar(high, x.dtype))


def gelu(b: Builder, x: Value, approximate: bool = False) -> Value:
    number = lambda value: b.scalar(value, x.dtype)  # noqa: E731
    if approximate:
        cube = b.op("Mul", b.op("Mul", x, x), x)
        inner = b.op("Add", x, b.op("Mul", cube, number(0.044715)))
        factor = b.op("Tanh", b.op("Mul", inner, number(math.sqrt(2 / math.pi))))
    else:
        factor = b.op("Erf", b.op("Mul", x, number(math.sqrt(0.5))))
    half = b.op("Mul", x, number(0.5))
    return b.op("Mul", half, b.op("Add", factor, number(1)))


def _glu(b: Builder, x: Value) -> Value:
    size = x.shape[-1] if x.shape else None
    if size is None:
        raise ValueError("the size of the last axis must be known")
    left, right = b.split(x, [size // 2] * 2, -1)
    return b.op("Mul", left, b.op("Sigmoid", right))


def _hard_silu(b, x):
    return b.op("Mul", x, b.op("HardSigmoid", x, alpha=1 / 6, beta=0.5))


def _log_sigmoid(b, x):
    return b.op("Neg", b.op("Softplus", b.op("Neg", x)))


def _sparse_sigmoid(b, x):
    half = b.scalar(0.5, x.dtype)
    return _clip(b, b.op("Add", b.op("Mul", x, half), half), 0, 1)


def _squareplus(b, x):
    root = b.op("Sqrt", b.op("Add", b.op("Mul", x, x), b.scalar(4, x.dtype)))
    return b.op("Mul", b.op("Add", x, root), b.scalar(0.5, x.dtype))


def _sparse_plus(b, x):
    one = b.scalar(1, x.dtype)
    shifted = b.op("Add", _clip(b, x, -1, 1), one)
    bend = b.op("Mul", b.op("Mul", shifted, shifted), b.scalar(0.25, x.dtype))
    return b.op("Add", bend, b.op("Relu", b.op("Sub", x, one)))


def _sparsemax(b, x):
    """Of each number, how many are as large, and their sum; so nothing is sorted."""
    column, row = b.unsqueeze(x, -1), b.unsqueeze(x, -2)
    as_large = b.cast(b.op("GreaterOrEqual", row, column, dtype=bool), x.dtype)
    count = b.reduce("ReduceSum", as_large, [-1])
    total = b.reduce("ReduceSum", b.op("Mul", as_large, row), [-1])
    one = b.scalar(1, x.dtype)
    kept = b.op("Greater", b.op("Add", one, b.op("Mul", count, x)), total, dtype=bool)
    kept = b.cast(kept, x.dtype)
    size = b.reduce("ReduceSum", kept, [-1], True)
    kept_sum = b.reduce("ReduceSum", b.op("Mul", kept, x), [-1], True)
    return b.op("Relu", b.op("Sub", x, b.op("Div", b.op("Sub", kept_sum, one), size)))


OPERATORS: dict[Any, Callable[[Builder, Value], Value]] = {
    a.linear: lambda b, x: x,
    a.relu: _simple("Relu"),
    a.leaky_relu: _simple("LeakyRelu", alpha=0.2),
    a.relu6: lambda b, x: _clip(b, x, 0, 6),
    a.elu: _simple("Elu"),
    a.celu: _simple("Celu"),
    a.selu: _simple("Selu"),
    a.gelu: gelu,
    a.glu: _glu,
    a.silu: lambda b, x: b.op("Mul", x, b.op("Sigmoid", x)),
    a.mish: lambda b, x: b.op("Mul", x, b.op("Tanh", b.op("Softplus", x))),
    a.tanh: _simple("Tanh"),
    a.hard_tanh: lambda b, x: _clip(b, x, -1, 1),
    a.sigmoid: _simple("Sigmoid"),
    a.hard_sigmoid: _simple("HardSigmoid", alpha=1 / 6, beta=0.5),
    a.keras2_hard_sigmoid: _simple("HardSigmoid", alpha=0.2, beta=0.5),
    a.hard_silu: _hard_silu,
    a.log_sigmoid: _log_sigmoid,
    a.sparse_sigmoid: _sparse_sigmoid,
    a.softplus: _simple("Softplus"),
    a.squareplus: _squareplus,
    a.sparse_plus: _sparse_plus,
    a.softsign: _simple("Softsign"),
    a.exponential: _simple("Exp"),
    a.softmax: _simple("Softmax", axis=-1),
    a.log_softmax: _simple("LogSoftmax", axis=-1),
    a.sparsemax: _sparsemax,
    a.tanh_shrink: lambda b, x: b.op("Sub", x, b.op("Tanh", x)),
    a.soft_shrink: _simple("Shrink", bias=0.5, lambd=0.5),
    a.hard_shrink: _simple("Shrink", bias=0.0, lambd=0.5),
}


def name_of(function) -> str:
    return repr(getattr(function, "__name__", function))


def apply(b: Builder, function, x: Value, layer) -> Value:
    """The operators that compute `function(x)`; refuses what there are none for."""
    if function not in OPERATORS:
        known = ", ".join(f.__name__ for f in OPERATORS)
        raise ValueError(
            f"{layer}: its activation {name_of(function)} has no form in ONNX. Use one of {known}."
        )
    return OPERATORS[function](b, x)


def recurrent(function, layer) -> Recurrent:
    """ONNX's name of `function` in a recurrent node, with alpha and beta."""
    if function not in RECURRENT:
        known = ", ".join(f.__name__ for f in RECURRENT)
        raise ValueError(
            f"{layer}: ONNX's recurrent operators have no activation {name_of(function)}. Use one "
            f"of {known}."
        )
    return RECURRENT[function]


NEEDS_SIZE = (a.glu,)
"""Functions that halve the last axis, so its size must be known."""
