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

import jax.numpy as jnp
import numpy as np

from cello.lowering.equations import Function, Writer
from cello.lowering.flat import Array, Equation, Flat
from cello.lowering.narrower.int8 import MOST, product, scales_of, stored, table, to_int8

ROUNDING = Function("to_int8", to_int8)
WORTH = 256  # bytes that a weight has to become smaller by in int8
KINDS = {
    "int8": np.dtype("int8"),
    "bfloat16": np.dtype(jnp.bfloat16),
    "float16": np.dtype("float16"),
}
PRODUCTS = ("dot_general", "conv_general_dilated")


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
    """Whether a weight becomes so much smaller, and is not too large for the kind.

    In int8 what it is multiplied by has to be rounded first: for a few bytes it is not worth it.
    """
    weight = equation.inputs[which]
    if kind == "int8":
        size, scales = math.prod(weight.shape), scales_of(equation, which)[0].size
        return size + 4 * scales <= 4 * size - WORTH
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
        (output,) = equation.outputs
        weight, inputs = equation.inputs[which], list(equation.inputs)
        writer = Writer(equation.layer)
        if self._kind == "int8" and equation.primitive.name != "gather":
            x, step = inputs[1 - which], (self._most[name] or MOST) / MOST
            if (x, step) not in self._rounded:
                scale = {"scale": np.float32(1 / step)}
                self._rounded[x, step] = writer.write(ROUNDING, [x], x.shape, "int8", scale)
            product(writer, equation, which, self._rounded[x, step], step)
            writer.equations[-1].outputs = [output]
            return writer.equations
        if self._kind == "int8":
            inputs[which] = table(writer, equation)
        else:
            value = np.asarray(weight.value).astype(KINDS[self._kind])
            inputs[which] = writer.converted(stored(weight, value, self._kind), "float32")
        return [*writer.equations, replace(equation, inputs=inputs)]
