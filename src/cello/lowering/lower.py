"""From equations of JAX to loops over buffers; the rules for each primitive stand in `rules`.

An array is a `View` here: a function from indices to the expression of an element. Most primitives
only say how their elements come from others', so that chains of them become one loop. A view is
written into a buffer where it is used twice and costs something, and where a sum runs over it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cello.lowering.flat import Array, Equation, Flat, refusal
from cello.lowering.ir import (
    KINDS,
    Apply,
    Buffer,
    Expr,
    Fold,
    Index,
    Load,
    Loop,
    Map,
    Number,
    Program,
    Statement,
    cost,
    variable,
)
from cello.lowering.real import Pair, is_complex, without_complex

Indices = tuple[Index, ...]
UNITS = {"add": 0.0, "mul": 1.0}


@dataclass(eq=False)
class View:
    """An array: its shape, its kind, and the expression of each element.

    Attributes:
        buffer: where its elements lie one behind the other, if they do.
    """

    shape: tuple[int, ...]
    kind: str
    at: Callable[[Indices], Expr]
    buffer: Buffer | None = None

    @property
    def stored(self) -> Buffer:
        """The buffer of a view that has one."""
        if self.buffer is None:
            raise ValueError("this view is not in a buffer: keep it first")
        return self.buffer

    def cost(self) -> int:
        """What an element costs to compute; 0 if it is there already."""
        if self.buffer is not None:
            return 0
        return cost(self.at(tuple(variable(f"?{i}") for i in range(len(self.shape)))))


Value = Any  # a View, or a Pair of them: what comes and goes may be complex
Rule = Callable[..., Sequence[Value]]
RULES: dict[str, Rule] = {}


def rule(*names: str):
    """Register how primitives are lowered.

    The function takes the `Lowering`, the `Equation` and the inputs' views, and gives the outputs'.
    """

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


class Lowering:
    """Writes statements for equations.

    Args:
        weights: where constants become buffers, shared by all programs of a model.
    """

    def __init__(self, weights: Weights):
        self.program = Program()
        self.statements: list[Statement] = self.program.statements
        self._weights = weights
        self._numbers = itertools.count()

    def run(self, flat: Flat, inputs: Sequence[Value]) -> list[Value]:
        """Lower a function; what comes out, for these inputs."""
        views = self._run(without_complex(flat), [v for value in inputs for v in parts_of(value)])
        left = iter(views)
        return [Pair(next(left), next(left)) if is_complex(a) else next(left) for a in flat.outputs]

    def _run(self, flat: Flat, inputs: Sequence[View]) -> list[View]:
        values: dict[Array, View] = dict(zip(flat.inputs, inputs, strict=True))
        uses = flat.uses()
        for equation in flat.equations:
            found = self.equation(equation, [self._read(a, values) for a in equation.inputs])
            for array, value in zip(equation.outputs, found, strict=True):
                values[array] = self.keep_costly(value) if uses[array] > 1 else value
        return [self._read(a, values) for a in flat.outputs]

    def equation(self, equation: Equation, inputs: list[View]) -> Sequence[View]:
        name = equation.primitive.name
        if name not in RULES:
            raise ValueError(refusal(equation, f"the primitive '{name}' of JAX"))
        kinds = [str(a.dtype) for a in (*equation.inputs, *equation.outputs)]
        strange = next((k for k in kinds if k not in KINDS), None)
        if strange is not None:
            raise ValueError(refusal(equation, f"numbers of the type {strange}"))
        return RULES[name](self, equation, *inputs)

    def _read(self, array: Array, values: dict[Array, View]) -> View:
        if array not in values:
            values[array] = self.constant(array)
        return values[array]

    def constant(self, array: Array) -> View:
        """What is known before: a number in the text, or a weight."""
        value = np.asarray(array.value)
        kind = KINDS[str(array.dtype)]
        if not value.size:
            value = np.zeros((1,), value.dtype)
        if array.weight and kind == "float" and np.isnan(value).any():
            raise ValueError(
                f"This model cannot be exported: '{array.weight}' holds NaN. Train it again, or "
                "load weights that are finite; model.find_nan(x) says where they come from."
            )
        if (value == value.flat[0]).all() or (value != value).all():
            number = Number(value.flat[0].item(), kind)
            return View(array.shape, kind, lambda indices: number)
        return whole(self._weights.buffer(value, kind, array.weight, array.stored))

    # ------------------------------------------------------------------- what rules call

    def loops(self, shape: Sequence[int]) -> tuple[tuple[Loop, ...], Indices]:
        """Loops over the elements of a shape, and the index for each of its axes."""
        loops = [Loop(f"i{next(self._numbers)}", size) for size in shape if size != 1]
        names = iter(loops)
        indices = [Index() if size == 1 else variable(next(names).name) for size in shape]
        return tuple(loops), tuple(indices)

    def temporary(self, shape, kind: str, stored: str = "") -> Buffer:
        name = f"t{next(self._numbers)}"
        buffer = Buffer(name, tuple(shape), kind, "temporary", stored=stored)
        self.program.temporaries.append(buffer)
        return buffer

    def write(self, view: View, target: Buffer, place: Callable[[Indices], Indices] | None = None):
        """Compute all elements of a view into a buffer, at their own or other places of it."""
        if 0 in view.shape:
            return
        loops, indices = self.loops(view.shape)
        index = flat_index(target, place(indices) if place else indices)
        self.statements.append(Map(loops, target, index, view.at(indices)))

    def keep(self, view: View) -> View:
        """The same elements in a buffer, one behind the other."""
        return self.copy(view) if view.buffer is None else view

    def copy(self, view: View) -> View:
        """What a view holds now, in a buffer of its own."""
        buffer = self.temporary(view.shape, view.kind)
        self.write(view, buffer)
        return whole(buffer)

    def keep_costly(self, view: View) -> View:
        """The same, in a buffer unless it costs nothing to compute again."""
        return self.keep(view) if view.cost() else view

    def fold(self, operation: str, shape, inner_shape, value: Callable, kind: str) -> View:
        """A buffer with `value(indices, inner_indices)` folded over the inner indices."""
        target = self.temporary(shape, kind)
        if 0 in target.shape:
            return whole(target)
        loops, indices = self.loops(shape)
        inner, inner_indices = self.loops(inner_shape)
        element = value(indices, inner_indices)
        index = flat_index(target, indices)
        if math.prod(inner_shape) == 1:
            self.statements.append(Map(loops, target, index, element))
        else:
            self.statements.append(Fold(loops, inner, target, index, operation, element))
        return whole(target)


class Weights:
    """The constants of a model as buffers with names; equal ones are one."""

    def __init__(self, unique: Callable[[str], str]):
        self.buffers: list[Buffer] = []
        self._unique = unique
        self._found: dict[Any, Buffer] = {}

    def buffer(self, value: np.ndarray, kind: str, name: str, stored: str = "") -> Buffer:
        if stored in ("bfloat16", "float16"):
            value = value.view("uint16")
        elif stored == "offset8":
            value = (value.astype("int16") + 128).astype("uint8")
        elif kind == "float":
            value = value.astype("float32")
        key = (value.tobytes(), value.dtype.str, stored, value.shape, name)
        if key not in self._found:
            shape = tuple(value.shape)
            made = Buffer(self._unique(name or "constant"), shape, kind, "weight", value, name)
            made.stored = stored
            self._found[key] = made
            self.buffers.append(made)
        return self._found[key]


def whole(buffer: Buffer, shape=None) -> View:
    """The view of a whole buffer, with its elements under another shape if one is given."""
    shape = buffer.shape if shape is None else tuple(shape)
    strides = [math.prod(shape[i + 1 :]) for i in range(len(shape))]

    def at(indices: Indices) -> Expr:
        return Load(buffer, _sum(i * s for i, s in zip(indices, strides, strict=True)))

    return View(shape, buffer.kind, at, buffer)


def flat_index(buffer: Buffer, indices: Indices) -> Index:
    return _sum(i * s for i, s in zip(indices, buffer.strides, strict=True))


def _sum(parts) -> Index:
    return sum(parts, Index())


def parts_of(value: Value) -> list[View]:
    """The views of a value, of a complex one two."""
    return [value.real, value.imag] if isinstance(value, Pair) else [value]


def apply(name: str, kind: str, *arguments: Expr) -> Expr:
    """A function of expressions; sums with 0 and products with 1 are what they are added to."""
    if name == "select" and isinstance(arguments[0], Number):
        return arguments[1] if arguments[0].value else arguments[2]
    if name in UNITS:
        unit = Number(UNITS[name], kind)
        rest = [a for a in arguments if a != unit]
        if len(rest) == 1:
            return rest[0]
    return Apply(name, arguments, kind)
