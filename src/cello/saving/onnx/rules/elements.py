"""Primitives that compute each element from elements at the same place."""

from __future__ import annotations

from typing import Any

import numpy as np

from cello.lowering.lower import refusal
from cello.saving.onnx.builder import Value
from cello.saving.onnx.lower import Complex, Writer, known_dtype, real_part, rule

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
    if any(isinstance(v, Complex) for v in inputs):
        return [COMPLEX[name](w, *inputs)]
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


def _compared(w: Writer, kind: str, one: Any, other: Any) -> Value:
    if isinstance(one, Complex) or isinstance(other, Complex):
        same_real = _compared(w, kind, real_part(one), real_part(other))
        imaginary = _compared(w, kind, w.imaginary_part(one), w.imaginary_part(other))
        return w.spread("And", same_real, imaginary)
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
    return [_times(w, x, x)]


@rule("integer_pow", spreads=True)
def integer_pow(w: Writer, equation, x):
    times = equation.params["y"]
    if isinstance(x, Complex):
        product = x
        for _ in range(abs(times) - 1):
            product = _multiply(w, product, x)
        one = Complex(w.number(1, x.real.dtype), w.number(0, x.real.dtype))
        return [product if times > 0 else _divide(w, one, product)]
    if times == 2:
        return [_times(w, x, x)]
    return [w.spread("Pow", x, w.number(times, x.dtype))]


@rule("rsqrt", spreads=True)
def rsqrt(w: Writer, equation, x):
    return [w.spread("Reciprocal", w.spread("Sqrt", x))]


@rule("expm1", spreads=True)
def expm1(w: Writer, equation, x):
    if isinstance(x, Complex):
        power = _exp(w, x)
        one = w.number(1, power.real.dtype)
        return [Complex(w.spread("Sub", power.real, one), power.imag)]
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


@rule("select_n", spreads=True, by_parts=True)
def select_n(w: Writer, equation, which, *cases):
    which = real_part(which)
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
    if np.issubdtype(dtype, np.complexfloating):
        return [Complex(real_part(x), w.imaginary_part(x))]
    x = real_part(x)
    if x.number is not None and not x.shape:
        return [w.number(np.asarray(x.number).astype(known_dtype(dtype)), dtype)]
    return [w.cast(x, dtype)]


@rule("copy", "copy_p", "stop_gradient", "optimization_barrier", "sharding_constraint",
      spreads=True)  # fmt: skip
def unchanged(w: Writer, equation, *inputs):
    return list(inputs)


# ---------------------------------------------------------------------------- complex numbers


@rule("complex", spreads=True)
def make_complex(w: Writer, equation, real, imag):
    return [Complex(real, imag)]


@rule("real", spreads=True)
def real(w: Writer, equation, x):
    return [real_part(x)]


@rule("imag", spreads=True)
def imag(w: Writer, equation, x):
    return [w.imaginary_part(x)]


@rule("conj", spreads=True)
def conj(w: Writer, equation, x):
    return [Complex(real_part(x), w.spread("Neg", w.imaginary_part(x)))]


def _by_parts(kind: str):
    def function(w: Writer, *inputs):
        imaginary = [w.imaginary_part(v) for v in inputs]
        return Complex(w.spread(kind, *map(real_part, inputs)), w.spread(kind, *imaginary))

    return function


def _times(w: Writer, a: Any, b: Any) -> Any:
    complex_ = isinstance(a, Complex) or isinstance(b, Complex)
    return _multiply(w, a, b) if complex_ else w.spread("Mul", a, b)


def _multiply(w: Writer, a: Any, b: Any) -> Complex:
    if not isinstance(a, Complex):
        a, b = b, a
    if not isinstance(b, Complex):
        return Complex(w.spread("Mul", a.real, b), w.spread("Mul", a.imag, b))
    rr, ii = w.spread("Mul", a.real, b.real), w.spread("Mul", a.imag, b.imag)
    ri, ir = w.spread("Mul", a.real, b.imag), w.spread("Mul", a.imag, b.real)
    return Complex(w.spread("Sub", rr, ii), w.spread("Add", ri, ir))


def _divide(w: Writer, a: Any, b: Any) -> Complex:
    if not isinstance(b, Complex):
        return Complex(w.spread("Div", a.real, b), w.spread("Div", a.imag, b))
    squares = [w.spread("Mul", part, part) for part in (b.real, b.imag)]
    length = w.spread("Add", *squares)
    product = _multiply(w, Complex(b.real, w.spread("Neg", b.imag)), a)
    return Complex(w.spread("Div", product.real, length), w.spread("Div", product.imag, length))


def _exp(w: Writer, x: Complex) -> Complex:
    size = w.spread("Exp", x.real)
    turns = [w.spread(kind, x.imag) for kind in ("Cos", "Sin")]
    return Complex(*[w.spread("Mul", size, turn) for turn in turns])


def _abs(w: Writer, x: Complex) -> Value:
    squares = [w.spread("Mul", part, part) for part in (x.real, x.imag)]
    return w.spread("Sqrt", w.spread("Add", *squares))


COMPLEX = {
    "add": _by_parts("Add"),
    "sub": _by_parts("Sub"),
    "neg": _by_parts("Neg"),
    "mul": _multiply,
    "div": _divide,
    "exp": _exp,
    "abs": _abs,
}
