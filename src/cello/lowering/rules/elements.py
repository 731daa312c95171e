"""Primitives that compute each element from elements at the same place."""

from __future__ import annotations

import math

import numpy as np

from cello.lowering.ir import KINDS, Expr, Index, Number
from cello.lowering.lower import View, apply, rule

SAME = {  # primitive to the name of the function, which all writers know
    "abs": "abs",
    "add": "add",
    "add_any": "add",
    "and": "and",
    "cos": "cos",
    "div": "div",
    "erf": "erf",
    "exp": "exp",
    "expm1": "expm1",
    "floor": "floor",
    "log": "log",
    "log1p": "log1p",
    "logistic": "logistic",
    "max": "max",
    "min": "min",
    "mul": "mul",
    "neg": "neg",
    "not": "not",
    "or": "or",
    "pow": "pow",
    "rem": "rem",
    "round": "round",
    "rsqrt": "rsqrt",
    "sign": "sign",
    "sin": "sin",
    "sqrt": "sqrt",
    "sub": "sub",
    "tanh": "tanh",
    "xor": "xor",
}
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def elementwise(function, kind: str, *inputs: View) -> View:
    """A view of `function` of the elements of others; axes of size 1 are stretched."""
    shape = np.broadcast_shapes(*[v.shape for v in inputs])
    inputs = tuple(stretched(v, shape) for v in inputs)
    return View(shape, kind, lambda i: function(*[v.at(i) for v in inputs]))


def stretched(view: View, shape) -> View:
    """A view with its axes of size 1 as long as those of a shape."""
    if view.shape == shape:
        return view
    missing = len(shape) - len(view.shape)
    sizes = view.shape
    return View(
        shape,
        view.kind,
        lambda i: view.at(
            tuple(Index() if n == 1 else v for n, v in zip(sizes, i[missing:], strict=True))
        ),
    )


def kept_small(lowering, inputs, shape):
    """The inputs, with what would be computed again and again in a buffer."""
    size = math.prod(shape)
    return [lowering.keep_costly(v) if math.prod(v.shape) < size else v for v in inputs]


def _named(name: str, kind: str, *inputs: View) -> View:
    return elementwise(lambda *x: apply(name, kind, *x), kind, *inputs)


def _kind(equation) -> str:
    return KINDS[str(equation.outputs[0].dtype)]


@rule(*SAME)
def same(lowering, equation, *inputs):
    inputs = kept_small(lowering, inputs, equation.outputs[0].shape)
    name = SAME[equation.primitive.name]
    return [_named(name, _kind(equation), *inputs)]


@rule(*COMPARISONS, "lt_to", "le_to")
def compare(lowering, equation, *inputs):
    name = equation.primitive.name.removesuffix("_to")
    inputs = kept_small(lowering, inputs, equation.outputs[0].shape)
    return [_named(name, "bool", *inputs)]


@rule("square")
def square(lowering, equation, x):
    kept = lowering.keep_costly(x)
    return [_named("mul", x.kind, kept, kept)]


@rule("integer_pow")
def integer_pow(lowering, equation, x):
    times = abs(equation.params["y"])
    kept = lowering.keep_costly(x)
    product, factor, one = None, kept, View(kept.shape, kept.kind, lambda i: Number(1.0, kept.kind))
    while times:  # by the bits of the exponent
        if times & 1:
            product = factor if product is None else _named("mul", x.kind, product, factor)
        times >>= 1
        if times:
            factor = lowering.keep_costly(_named("mul", x.kind, factor, factor))
    product = one if product is None else product
    return [_named("div", x.kind, one, product) if equation.params["y"] < 0 else product]


@rule("is_finite")
def is_finite(lowering, equation, x):
    """Of finite numbers alone `x - x` is 0."""
    kept = lowering.keep_costly(x)
    difference = _named("sub", x.kind, kept, kept)
    zero = Number(0.0, x.kind)
    return [elementwise(lambda d: apply("eq", "bool", d, zero), "bool", difference)]


@rule("erfc")
def erfc(lowering, equation, x):
    one = Number(1.0, "float")
    erf = _named("erf", "float", x)
    return [elementwise(lambda e: apply("sub", "float", one, e), "float", erf)]


@rule("exp2")
def exp2(lowering, equation, x):
    factor = Number(0.6931471805599453, "float")
    scaled = elementwise(lambda v: apply("mul", "float", v, factor), "float", x)
    return [_named("exp", "float", scaled)]


@rule("clamp")
def clamp(lowering, equation, low, x, high):
    return [_named("min", x.kind, _named("max", x.kind, x, low), high)]


@rule("select_n")
def select_n(lowering, equation, which, *cases):
    which, *cases = kept_small(lowering, [which, *cases], equation.outputs[0].shape)
    chosen = cases[0]
    for number, case in enumerate(cases[1:], 1):
        chosen = one_of(which, number, chosen, case)
    return [chosen]


def one_of(which: View, number: int, old: View, new: View) -> View:
    """Elements of `new` if `which` is `number`, else of `old`."""

    def choose(told: Expr, old: Expr, new: Expr) -> Expr:
        if told.kind != "bool":
            told = apply("eq", "bool", told, Number(number, told.kind))
        return apply("select", new.kind, told, new, old)

    return elementwise(choose, new.kind, which, old, new)


@rule("convert_element_type", "reduce_precision")
def convert(lowering, equation, x):
    kind = KINDS[str(equation.outputs[0].dtype)]
    if x.kind == kind:
        return [x]
    if kind == "bool":
        zero = Number(0, x.kind)
        return [elementwise(lambda v: apply("ne", "bool", v, zero), "bool", x)]
    return [_named(f"to_{kind}", kind, x)]


@rule("copy", "copy_p", "stop_gradient", "optimization_barrier", "sharding_constraint")
def unchanged(lowering, equation, *inputs):
    return list(inputs)
