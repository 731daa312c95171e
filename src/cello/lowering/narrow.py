"""Functions whose weights take fewer bits, written from those of float32.

A `Flat` is rewritten, so that what the rules make C and JavaScript of, and what JAX computes
(`evaluate.py`), is one thing. In int8 a weight has a scale for each unit, what it is multiplied by
has one; both are whole numbers from -127 to 127, and sums are in int32. In bfloat16 and float16
weights are widened when they are read, and all is computed in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from cello.lowering.flat import Array, Equation, Flat

MOST = 127
GROUP = 4  # inputs that stand side by side
KINDS = {
    "int8": np.dtype("int8"),
    "bfloat16": np.dtype(jnp.bfloat16),
    "float16": np.dtype("float16"),
}
PRODUCTS = ("dot_general", "conv_general_dilated")


@dataclass(frozen=True)
class Function:
    """What stands in an equation for a primitive of JAX: a name, by which its rule is found."""

    name: str
    compute: Callable
    multiple_results: bool = False

    def bind(self, *inputs, **params):
        return self.compute(*inputs, **params)


@dataclass(frozen=True)
class Watch:
    """In an equation without outputs: what is measured there while it runs.

    Attributes:
        weight: the weight that is watched, by its name.
        measure: gives the numbers of which the greatest count.
    """

    weight: str
    measure: Callable
    name: str = "watch"


def to_int8(x, scale):
    """The nearest whole number to `x * scale` from -127 to 127; a half goes up, NaN is 0."""
    scaled = jnp.where(jnp.isnan(x), 0.0, jnp.clip(x * scale, -MOST, MOST))
    return ((scaled + (MOST + 1.5)).astype(jnp.int32) - (MOST + 1)).astype(jnp.int8)


Change = Callable[[Equation, int, str], list[Equation]]


def rewritten(flat: Flat, change: Change) -> Flat:
    """A function with other equations for each that multiplies or looks up a weight.

    Args:
        flat: the function; what is known of the inputs of its loops is put into their bodies.
        change: gives them, for such an equation, which of its inputs is the weight, and its name.
    """

    def run(flat: Flat, known: Mapping[Array, Array]) -> Flat:
        equations: list[Equation] = []
        for equation in flat.equations:
            equation = replace(equation, inputs=[known.get(a, a) for a in equation.inputs])
            if equation.bodies:
                equations.append(_with_bodies(equation, run))
                continue
            which = weight_of(equation)
            if which is None:
                equations.append(equation)
                continue
            equations += change(equation, which, equation.inputs[which].weight or equation.layer)
        inputs = [a for a in flat.inputs if a not in known]
        return Flat(inputs, equations, [known.get(a, a) for a in flat.outputs])

    return run(flat, {})


def _with_bodies(equation: Equation, run) -> Equation:
    """A loop, or branches, whose bodies have in them what is known outside."""
    params, inputs, first = dict(equation.params), equation.inputs, 0
    fixed = params.get("num_consts", 0)
    if equation.primitive.name == "cond":
        first, fixed = 1, len(inputs)
    given = inputs[first:]
    known = [k for k, a in enumerate(given[:fixed]) if a.value is not None]
    if "num_consts" in params:
        params["num_consts"] -= len(known)
    bodies = [run(body, {body.inputs[k]: given[k] for k in known}) for body in equation.bodies]
    left = [a for k, a in enumerate(given) if k not in known]
    return replace(equation, inputs=[*inputs[:first], *left], params=params, bodies=bodies)


def weight_of(equation: Equation) -> int | None:
    """Which input is a weight that the equation multiplies something by, or looks up in."""
    name = equation.primitive.name
    if name == "gather":
        return 0 if _is_weight(equation.inputs[0]) else None
    if name not in PRODUCTS or str(equation.outputs[0].dtype) != "float32":
        return None
    known = [k for k, a in enumerate(equation.inputs) if a.value is not None]
    if len(known) != 1 or not _is_weight(equation.inputs[known[0]]):
        return None
    return known[0] if name == "dot_general" or known[0] == 1 else None


def _is_weight(array: Array) -> bool:
    """Whether it is known, and of numbers that can be made narrower."""
    if array.value is None or str(array.dtype) != "float32" or len(array.shape) < 2:
        return False
    return bool(math.prod(array.shape) and np.isfinite(np.asarray(array.value)).all())


# ------------------------------------------------------------------------------- narrower


def narrowed(flat: Flat, kind: str, most: Mapping[str, float]) -> Flat:
    """The function with weights of a kind.

    Args:
        flat: the function.
        kind: a name of `KINDS`.
        most: for int8 the greatest size of what each weight is multiplied by, by its name.
    """
    return rewritten(flat, _Narrow(kind, most).equations)


def sizes_wanted(flat: Flat) -> set[str]:
    """The weights of which int8 has to know how large the other side of a product becomes."""
    found: set[str] = set()

    def look(equation, which, name):
        if equation.primitive.name != "gather" and fits(equation, which, "int8"):
            found.add(name)
        return [equation]

    rewritten(flat, look)
    return found


def watched(flat: Flat) -> Flat:
    """The function, which measures the greatest size of what each weight is multiplied by."""

    def change(equation, which, name):
        if equation.primitive.name == "gather":
            return [equation]
        watch = Watch(name, lambda x: jnp.abs(x).max(initial=0))
        return [Equation(watch, [equation.inputs[1 - which]], [], {}, equation.layer), equation]

    return rewritten(flat, change)


def compared(flat: Flat, kind: str, most: Mapping[str, float]) -> Flat:
    """The function, which measures how far each product would be off with narrower weights."""
    narrow = _Narrow(kind, most)

    def measure(found, exact):
        off = jnp.abs(found - exact).max(initial=0)
        return jnp.stack([off, jnp.abs(exact).max(initial=0)])

    def change(equation, which, name):
        (exact,) = equation.outputs
        found = Array(exact.shape, exact.dtype)
        others = narrow.equations(replace(equation, outputs=[found]), which, name)
        watch = Equation(Watch(name, measure), [found, exact], [], {}, equation.layer)
        return [equation, *others, watch]

    return rewritten(flat, change)


def fits(equation: Equation, which: int, kind: str) -> bool:
    """Whether a weight becomes smaller, and is not too large for the kind."""
    weight = equation.inputs[which]
    if kind == "int8":
        size, scales = math.prod(weight.shape), _scales(equation, which)[0].size
        return size + 4 * scales < 4 * size
    return kind != "float16" or bool(np.abs(weight.value).max() <= 65504)


class _Narrow:
    """Equations with narrower weights, for each that has a weight of float32.

    Args:
        kind, most: as for `narrowed`.
    """

    def __init__(self, kind: str, most: Mapping[str, float]):
        self._kind = kind
        self._most = most
        self._rounded: dict[tuple[Array, float], Array] = {}

    def equations(self, equation: Equation, which: int, name: str) -> list[Equation]:
        if not fits(equation, which, self._kind):
            return [equation]
        if self._kind != "int8":
            return self._widening(equation, which)
        if equation.primitive.name == "gather":
            return self._table(equation)
        return self._product(equation, which, self._most[name])

    def _widening(self, equation: Equation, which: int) -> list[Equation]:
        weight = equation.inputs[which]
        stored = _stored(weight, np.asarray(weight.value).astype(KINDS[self._kind]), self._kind)
        wide = Array(weight.shape, weight.dtype)
        inputs = list(equation.inputs)
        inputs[which] = wide
        return [_converted(stored, wide, equation.layer), replace(equation, inputs=inputs)]

    def _table(self, equation: Equation) -> list[Equation]:
        """Looked up in whole numbers, and widened."""
        table, *places = equation.inputs
        scales, _ = _scales(equation, 0)
        whole = _stored(table, _rounded(table.value, scales), "int8")
        wide = Array(table.shape, table.dtype)
        found = Array(table.shape, table.dtype)
        return [
            _converted(whole, wide, equation.layer),
            _times(wide, _named(scales, table), found, equation.layer),
            replace(equation, inputs=[found, *places]),
        ]

    def _product(self, equation: Equation, which: int, most: float) -> list[Equation]:
        """Whole numbers, their product in int32, and that times both scales."""
        weight, x = equation.inputs[which], equation.inputs[1 - which]
        (output,) = equation.outputs
        scales, of_output = _scales(equation, which)
        rounded = _rounded(weight.value, scales)
        step = most / MOST if most else 1.0
        made = []
        key = x, step
        if key not in self._rounded:
            self._rounded[key] = Array(x.shape, np.dtype("int8"))
            scale = {"scale": np.float32(1 / step)}
            rounding = Function("to_int8", to_int8)
            made.append(Equation(rounding, [x], [self._rounded[key]], scale, equation.layer))
        sums = Array(output.shape, np.dtype("int32"))
        params = {**equation.params, "preferred_element_type": np.dtype("int32")}
        inputs = [self._rounded[key], self._rounded[key]]
        inputs[which] = _stored(weight, rounded, "int8")
        product = replace(equation, inputs=inputs, outputs=[sums], params=params)
        wide = Array(output.shape, output.dtype)
        return [
            *made,
            *(_in_groups(product) if which == 1 and _has_groups(product) else [product]),
            _converted(sums, wide, equation.layer),
            _times(wide, _named(of_output * step, weight), output, equation.layer),
        ]


def _has_groups(product: Equation) -> bool:
    """Whether it is a matrix of many units whose inputs can be taken by fours."""
    weight = product.inputs[1]
    if product.primitive.name != "dot_general" or len(weight.shape) != 2:
        return False
    (_, right), (batch, _) = product.params["dimension_numbers"]
    inputs, units = weight.shape
    return right == (0,) and not batch and inputs % GROUP == 0 and inputs > GROUP <= units // GROUP


def _in_groups(product: Equation) -> list[Equation]:
    """The same with the weights of four inputs side by side, as instructions for products want."""
    x, weight = product.inputs
    inputs, units = weight.shape
    value = weight.value.reshape(inputs // GROUP, GROUP, units).transpose(0, 2, 1)
    grouped = Array(value.shape, value.dtype, value, weight.weight, weight.stored)
    ((axis,), _), batch = product.params["dimension_numbers"]
    sizes = (*x.shape[:axis], inputs // GROUP, GROUP, *x.shape[axis + 1 :])
    split = Array(sizes, x.dtype)
    reshape = {"new_sizes": sizes, "dimensions": None, "sharding": None}
    params = {**product.params, "dimension_numbers": (((axis, axis + 1), (0, 2)), batch)}
    return [
        Equation(jax.lax.reshape_p, [x], [split], reshape, product.layer),
        replace(product, inputs=[split, grouped], params=params),
    ]


def _scales(equation: Equation, which: int) -> tuple[np.ndarray, np.ndarray]:
    """A scale for each unit of a weight, beside the weight and beside the output."""
    weight = np.asarray(equation.inputs[which].value, "float64")
    name, params = equation.primitive.name, equation.params
    axes = range(weight.ndim)
    sizes = [1] * len(equation.outputs[0].shape)
    if name == "gather":
        units = [weight.ndim - 1]
    elif name == "conv_general_dilated":
        units = [params["dimension_numbers"].rhs_spec[0]]
        sizes[params["dimension_numbers"].out_spec[1]] = weight.shape[units[0]]
    else:
        inner, batch = (pair[which] for pair in params["dimension_numbers"])
        rest = [a for a in axes if a not in (*inner, *batch)]
        units = [*batch, *rest]
        others = len(sizes) - len(units)
        gap = [1] * others
        first, last = ([weight.shape[a] for a in some] for some in (batch, rest))
        sizes = [*first, *last, *gap] if which == 0 else [*first, *gap, *last]
    summed = tuple(a for a in axes if a not in units)
    scales = np.abs(weight).max(summed, keepdims=True) / MOST
    scales = np.where(scales == 0, 1.0, scales)
    if name == "gather":
        return scales, scales
    return scales, scales.transpose([*units, *summed]).reshape(sizes)


def _rounded(value, scales: np.ndarray) -> np.ndarray:
    return np.rint(np.asarray(value, "float64") / scales).astype("int8")


def _stored(weight: Array, value, kind: str) -> Array:
    return Array(weight.shape, value.dtype, value, weight.weight, kind)


def _named(scales: np.ndarray, weight: Array) -> Array:
    value = scales.astype("float32")
    return Array(scales.shape, value.dtype, value, f"{weight.weight or 'constant'} scale")


def _converted(array: Array, to: Array, layer: str) -> Equation:
    params = {"new_dtype": np.dtype("float32"), "weak_type": False}
    return Equation(
        jax.lax.convert_element_type_p, [array], [to], {**params, "sharding": None}, layer
    )


def _times(array: Array, scales: Array, to: Array, layer: str) -> Equation:
    return Equation(Function("mul", jnp.multiply), [array, scales], [to], {}, layer)
