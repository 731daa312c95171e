"""Primitives that compute each element from elements at the same place."""

from __future__ import annotations

import numpy as np

from cello.lowering.flat import refusal
from cello.saving.onnx.builder import Value
from cello.saving.onnx.lower import Writer, known_dtype, rule

SAME = {  # primitive to operator
    "abs": "Abs",
    "add": "Add",
    "add_any": "Add",
    "ceil": "Ceil",
    "cos": "Cos",
    "div": "Div",
    "exp": "Exp",
    "floor": "Floor",
    "log": "Log",
    "logistic": "Sigmoid",
    "max": "Max",
    "min": "Min",
    "mul": "Mul",
    "neg": "Neg",
    "pow": "Pow",
    "sign": "Sign",
    "sin": "Sin",
    "sqrt": "Sqrt",
    "sub": "Sub",
    "tanh": "Tanh",
}
IN_FLOAT32 = {"acos": "Acos", "acosh": "Acosh", "asin": "Asin", "asinh": "Asinh", "atan": "Atan",
              "atanh": "Atanh", "cosh": "Cosh", "erf": "Erf", "sinh": "Sinh",
              "tan": "Tan"}  # fmt: skip
UNITS = {"add": (0, True), "sub": (0, False), "mul": (1, True), "div": (1, False),
         "max": (-np.inf, True), "min": (np.inf, True)}  # fmt: skip
COMPARISONS = {"eq": "Equal", "lt": "Less", "le": "LessOrEqual", "gt": "Greater",
               "ge": "GreaterOrEqual", "lt_to": "Less", "le_to": "LessOrEqual"}  # fmt: skip
LOGICAL = {"and": "And", "or": "Or", "xor": "Xor"}


@rule(*SAME, spreads=True)
def same(w: Writer, equation, *inputs):
    name = equation.primitive.name
    kept = _without_units(name, inputs)
    return [kept[0] if len(kept) == 1 < len(inputs) else w.spread(SAME[name], *kept)]


def _without_units(name: str, inputs) -> list[Value]:
    """Without a number that changes nothing."""
    unit, either = UNITS.get(name, (None, False))
    if unit is None or len(inputs) != 2:
        return list(inputs)
    one, other = inputs
    if other.number == unit and not other.shape:
        return [one]
    return [other] if either and one.number == unit and not one.shape else [one, other]


@rule(*IN_FLOAT32, spreads=True)
def in_float32(w: Writer, equation, x):
    return [w.in_float32(lambda v: w.spread(IN_FLOAT32[equation.primitive.name], v), x)]


@rule(*COMPARISONS, spreads=True)
def compare(w: Writer, equation, *inputs):
    return [_compared(w, COMPARISONS[equation.primitive.name], *inputs)]


def _compared(w: Writer, kind: str, one: Value, other: Value) -> Value:
    if one.dtype == bool and kind != "Equal":
        one, other = w.cast(one, "int32"), w.cast(other, "int32")
    return w.spread(kind, one, other, dtype=bool)


@rule("ne", spreads=True)
def differ(w: Writer, equation, *inputs):
    return [w.spread("Not", _compared(w, "Equal", *inputs))]


@rule(*LOGICAL, "not", spreads=True)
def logical(w: Writer, equation, *inputs):
    name = equation.primitive.name
    if inputs[0].dtype != bool:
        raise ValueError(refusal(equation, f"the primitive '{name}' of JAX on {inputs[0].dtype}"))
    return [w.spread(LOGICAL.get(name, "Not"), *inputs)]


@rule("rem", spreads=True)
def remainder(w: Writer, equation, x, y):
    """With the sign of the first, as in C."""
    return [w.spread("Mod", x, y, fmod=1)]


@rule("round", spreads=True)
def rounded(w: Writer, equation, x):
    if "EVEN" in str(equation.params["rounding_method"]):
        return [w.spread("Round", x)]
    half = w.spread("Mul", w.spread("Sign", x), w.number(0.5, x.dtype))
    up = w.spread("Floor", w.spread("Abs", w.spread("Add", x, half)))
    return [w.spread("Mul", w.spread("Sign", x), up)]


@rule("square", spreads=True)
def square(w: Writer, equation, x):
    return [w.spread("Mul", x, x)]


@rule("integer_pow", spreads=True)
def integer_pow(w: Writer, equation, x):
    times = equation.params["y"]
    if times == 2:
        return [w.spread("Mul", x, x)]
    return [w.spread("Pow", x, w.number(times, x.dtype))]


@rule("rsqrt", spreads=True)
def rsqrt(w: Writer, equation, x):
    return [w.spread("Reciprocal", w.spread("Sqrt", x))]


@rule("expm1", spreads=True)
def expm1(w: Writer, equation, x):
    return [w.spread("Sub", w.spread("Exp", x), w.number(1, x.dtype))]


@rule("log1p", spreads=True)
def log1p(w: Writer, equation, x):
    return [w.spread("Log", w.spread("Add", x, w.number(1, x.dtype)))]


@rule("exp2", spreads=True)
def exp2(w: Writer, equation, x):
    return [w.spread("Exp", w.spread("Mul", x, w.number(np.log(2), x.dtype)))]


@rule("erfc", spreads=True)
def erfc(w: Writer, equation, x):
    erf = w.in_float32(lambda v: w.spread("Erf", v), x)
    return [w.spread("Sub", w.number(1, x.dtype), erf)]


@rule("is_finite", spreads=True)
def is_finite(w: Writer, equation, x):
    """Of finite numbers alone `x - x` is 0."""
    return [_compared(w, "Equal", w.spread("Sub", x, x), w.number(0, x.dtype))]


@rule("clamp", spreads=True)
def clamp(w: Writer, equation, low, x, high):
    return [w.spread("Min", w.spread("Max", x, low), high)]


@rule("select_n", spreads=True)
def select_n(w: Writer, equation, which, *cases):
    if len(cases) == 1:
        return [cases[0]]
    chosen = cases[0]
    for number, case in enumerate(cases[1:], 1):
        here = which
        if which.dtype != bool:
            here = _compared(w, "Equal", which, w.number(number, which.dtype))
        chosen = _chosen(w, here, case, chosen)
    return [chosen]


def _chosen(w: Writer, here: Value, case: Value, other: Value) -> Value:
    if case.dtype != bool:
        return w.spread("Where", here, case, other, dtype=case.dtype)
    there = w.spread("And", w.spread("Not", here), other)
    return w.spread("Or", w.spread("And", here, case), there)


@rule("convert_element_type", "reduce_precision", spreads=True)
def convert(w: Writer, equation, x):
    dtype = equation.outputs[0].dtype
    if x.number is not None and not x.shape:
        return [w.number(np.asarray(x.number).astype(known_dtype(dtype)), dtype)]
    return [w.cast(x, dtype)]


@rule("copy", "copy_p", "stop_gradient", "optimization_barrier", "sharding_constraint",
      spreads=True)  # fmt: skip
def unchanged(w: Writer, equation, *inputs):
    return list(inputs)
