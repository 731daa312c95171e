"""From equations of JAX to nodes of ONNX; the rules for each primitive stand in `rules`.

A size that is free is an expression of JAX here, such as `2*time`, and becomes a small computation
in the file, once. What JAX spreads over an axis (`broadcast_in_dim`) stays small as long as the
operators that use it spread by themselves.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cello.lowering.flat import Array, Equation, Flat, refusal
from cello.saving.onnx.builder import LAST_INDEX, Builder, Value

Rule = Callable[..., Sequence[Value]]
RULES: dict[str, Rule] = {}
SPREADING: set[str] = set()


def rule(*names: str, spreads: bool = False):
    """Register what becomes of primitives.

    The function takes the `Writer`, the `Equation` and the inputs' values, and gives the outputs'.

    Args:
        names: of the primitives.
        spreads: whether inputs may be smaller than in JAX: of size 1 along an axis along which
            they are the same, and without such axes in front. Outputs may then be, too.
    """

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        if spreads:
            SPREADING.update(names)
        return function

    return register


class Writer:
    """Writes the nodes of functions.

    Args:
        builder: where they go.
        recurrences: what equations by these names are, see `recurrent`.
    """

    def __init__(self, builder: Builder, recurrences: dict[str, Any] | None = None):
        self.b = builder
        self.recurrences = recurrences or {}
        self._constants: dict[Array, Value] = {}
        self.symbols: dict[str, tuple[Value, int]] = {}
        self.turned: dict[str, tuple[tuple[int, ...], Value]] = {}
        self.side_by_side: dict[tuple[str, ...], Value] = {}

    def take_sizes(self, value: Value) -> None:
        """Let free sizes be those of this input."""
        for axis, size in enumerate(value.shape):
            if not isinstance(size, int):
                self.symbols.setdefault(str(size), (value, axis))

    def run(self, flat: Flat, inputs: Sequence[Value]) -> list[Value]:
        """Write a function; what comes out, each array whole."""
        values: dict[Array, Value] = dict(zip(flat.inputs, inputs, strict=True))
        for equation in flat.equations:
            found = self.equation(equation, values)
            values.update(zip(equation.outputs, found, strict=True))
        return [self.whole(self._read(a, values), a.shape) for a in flat.outputs]

    def equation(self, equation: Equation, values: dict[Array, Value]) -> Sequence[Value]:
        name = equation.primitive.name
        kind = "recurrence" if equation.params.get("name") in self.recurrences else name
        if kind not in RULES:
            raise ValueError(refusal(equation, f"the primitive '{name}' of JAX"))
        with self.b.scope(_within_model(equation.layer)):
            inputs = [self._read(a, values) for a in equation.inputs]
            if kind not in SPREADING:
                inputs = [
                    self.whole(v, a.shape) for v, a in zip(inputs, equation.inputs, strict=True)
                ]
            return RULES[kind](self, equation, *inputs)

    def _read(self, array: Array, values: dict[Array, Value]) -> Value:
        if array not in values:
            if array not in self._constants:
                self._constants[array] = self.constant(array)
            values[array] = self._constants[array]
        return values[array]

    # --------------------------------------------------------------------------- constants

    def constant(self, array: Array) -> Value:
        """What is known before: a number, or a weight without the axes of size 1 in front."""
        return self._constant(np.asarray(array.value), array.weight)

    def _constant(self, value: np.ndarray, name: str) -> Value:
        value = value.astype(known_dtype(value.dtype))
        if value.size and not name and _is_one_number(value):
            return self.number(value.flat[0], value.dtype)
        while value.ndim > 1 and value.shape[0] == 1:
            value = value[0]
        return self.b.constant(value, name)

    def number(self, number, dtype) -> Value:
        made = self.b.scalar(number, known_dtype(dtype))
        return dataclasses.replace(made, number=np.asarray(number).item())

    # ------------------------------------------------------------------------------- sizes

    def whole(self, value: Value, shape) -> Value:
        """A value in the shape that it has in JAX."""
        if alike(value.shape, shape):
            return value
        if is_known(shape) and value.name in self.b.arrays:
            array = np.broadcast_to(self.b.arrays[value.name], shape)
            key, name = (
                ("whole", value.name, tuple(shape)),
                "" if value.number is not None else value.name,
            )
            made = self.b.once_for_all(key, lambda: self.b.constant(array, name))
            return dataclasses.replace(made, number=value.number)
        spread = self.op("Expand", value, self.shape(shape), shape=shape)
        spread = dataclasses.replace(spread, number=value.number)
        return spread

    def size(self, size) -> Value:
        """A size, a vector of one int64."""
        if isinstance(size, int):
            return self.b.integers(size)
        tree = ast.parse(str(size).replace("^", "**"), mode="eval").body
        return self.b.once_for_all(("size", ast.unparse(tree)), lambda: self._of_tree(tree))

    def _of_tree(self, tree) -> Value:
        """An expression as JAX writes sizes: `2*time + -1`, `floordiv(time, 2)`, `max(a, b)`."""
        match tree:
            case ast.Constant(int(value)):
                return self.b.integers(value)
            case ast.Name(name):
                of, axis = self.symbols[name]
                key = ("size", name)
                return self.b.once_for_all(key, lambda: self.b.sizes(of, axis, axis + 1))
            case ast.UnaryOp(ast.USub(), operand):
                return self.b.op("Neg", self._of_tree(operand))
            case ast.BinOp(left, operator, right):
                kind = _OPERATORS[type(operator)]
                return self.b.op(kind, self._of_tree(left), self._of_tree(right))
            case ast.Call(ast.Name("floordiv"), [left, right]):
                return self._floor_divided(self._of_tree(left), self._of_tree(right))
            case ast.Call(ast.Name(name), arguments):
                kind = _FUNCTIONS[name]
                return self.b.op(kind, *map(self._of_tree, arguments))
        raise ValueError(f"A size {ast.unparse(tree)} has no form in ONNX.")

    def _floor_divided(self, left: Value, right: Value) -> Value:
        """Of int64; `Div` cuts towards zero."""
        rest = self.b.op("Mod", left, right)
        return self.b.op("Div", self.b.op("Sub", left, rest), right)

    def shape(self, sizes: Sequence[Any]) -> Value:
        """Sizes as a vector of int64."""
        if is_known(sizes):
            return self.b.integers(*sizes)
        return self.b.op("Concat", *[self.size(d) for d in sizes], axis=0)

    # ------------------------------------------------------------------- what rules call

    def op(self, kind: str, *inputs: Value | None, shape, dtype=None, **attributes) -> Value:
        """A node of one output of this shape, of the dtype of the first input if none is given."""
        made = self.b.op(kind, *inputs, dtype=dtype, **attributes)
        return dataclasses.replace(made, shape=tuple(shape))

    def cast(self, x: Value, dtype) -> Value:
        if x.name in self.b.arrays and x.number is None and x.dtype != known_dtype(dtype):
            array = self.b.arrays[x.name].astype(known_dtype(dtype))
            key = ("cast", x.name, array.dtype.name)
            return self.b.once_for_all(key, lambda: self.b.constant(array, x.name))
        made = self.b.cast(x, known_dtype(dtype))
        return dataclasses.replace(made, shape=x.shape, number=x.number)

    def with_shape(self, value: Value, shape) -> Value:
        return dataclasses.replace(value, shape=tuple(shape))

    def spread(self, kind: str, *inputs: Value, dtype=None, **attributes) -> Value:
        """An operator on each element; sizes of 1 are as long as the others'."""
        shape = spread_shape([v.shape for v in inputs])
        return self.op(kind, *inputs, shape=shape, dtype=dtype, **attributes)

    def reshaped(self, x: Value, shape) -> Value:
        """The same numbers in another shape."""
        if alike(x.shape, shape):
            return x
        if x.name in self.b.arrays and is_known(shape):
            array = self.b.arrays[x.name].reshape(shape)
            key = ("reshaped", x.name, tuple(shape))
            return self.b.once_for_all(key, lambda: self.b.constant(array, x.name))
        old, new = ([str(d) for d in s if _is_axis(d)] for s in (x.shape, shape))
        if old == new:
            return self._with_axes(x, shape)
        free = [a for a, d in enumerate(shape) if not isinstance(d, int)]
        same = [a for a in free if a < len(x.shape) and alike(x.shape[: a + 1], shape[: a + 1])]
        left = [a for a in free if a not in same]
        if len(left) > 1 or 0 in shape:
            return self.op("Reshape", x, self.shape(shape), shape=shape)
        sizes = [0 if a in same else -1 if a in left else d for a, d in enumerate(shape)]
        return self.op("Reshape", x, self.b.integers(*sizes), shape=shape)

    def _with_axes(self, x: Value, shape) -> Value:
        """Without axes of size 1, and with others."""
        gone = [a for a, d in enumerate(x.shape) if not _is_axis(d)]
        added = [a for a, d in enumerate(shape) if not _is_axis(d)]
        while gone and added and gone[0] == added[0]:  # which are the same
            gone.pop(0), added.pop(0)
        while gone and added and gone[-1] - len(x.shape) == added[-1] - len(shape):
            gone.pop(), added.pop()
        rest = [d for a, d in enumerate(x.shape) if a not in gone]
        if gone:
            x = self.op("Squeeze", x, self.b.integers(*gone), shape=rest)
        if added:
            x = self.op("Unsqueeze", x, self.b.integers(*added), shape=shape)
        return x

    def transposed(self, x: Value, order: Sequence[int]) -> Value:
        order = list(order)
        if order == list(range(len(order))):
            return x
        shape = [x.shape[a] for a in order]
        if x.name in self.b.arrays:  # a weight
            array = self.b.arrays[x.name].transpose(order)
            key = ("transposed", x.name, tuple(order))
            return self.b.once_for_all(key, lambda: self.b.constant(array, x.name))
        return self.op("Transpose", x, perm=order, shape=shape)

    def flipped(self, x: Value, axes: Sequence[int]) -> Value:
        """From the last to the first along axes; what is turned twice is itself."""
        before = self.turned.get(x.name)
        if before is not None and before[0] == tuple(axes):
            return before[1]
        i, n = self.b.integers, len(axes)
        ends = i(*[-1] * n), i(*[-LAST_INDEX] * n), i(*axes), i(*[-1] * n)
        made = self.op("Slice", x, *ends, shape=x.shape)
        self.turned[made.name] = tuple(axes), x
        return made

    def cut(self, x: Value, axis: int, start, end, step: int = 1) -> Value:
        """From `start` to `end` along an axis; both may be sizes."""
        size = x.shape[axis]
        if isinstance(size, int) and step == 1 and (start, end) == (0, size):
            return x
        shape = list(x.shape)
        shape[axis] = -((start - end) // step) if step > 1 else end - start
        i = self.b.integers
        ends = self._place(start, size), self._place(end, size, at_end=True)
        return self.op("Slice", x, *ends, i(axis), i(step), shape=shape)

    def _place(self, place, size, at_end: bool = False) -> Value:
        """A place on an axis of a size: counted from its end if that is a number."""
        if isinstance(place, int):
            return self.b.integers(place)
        behind = place - size
        if not isinstance(behind, int) or behind > 0:
            return self.size(place)
        return self.b.integers(LAST_INDEX if at_end and not behind else behind)

    def part(self, x: Value, axis: int, place: int) -> Value:
        """One element along an axis, without that axis."""
        shape = (*x.shape[:axis], *x.shape[axis + 1 :])
        if x.name in self.b.arrays:
            return self._constant(self.b.arrays[x.name].take(place, axis), "")
        return self.reshaped(self.cut(x, axis, place, place + 1), shape)

    def joined(self, parts: Sequence[Value], axis: int) -> Value:
        if len(parts) == 1:
            return parts[0]
        shape = list(parts[0].shape)
        shape[axis] = sum(p.shape[axis] for p in parts)
        return self.op("Concat", *parts, axis=axis, shape=shape)

    def reduced(self, kind: str, x: Value, axes: Sequence[int], keepdims: bool = False) -> Value:
        sizes = [1 if a in axes else d for a, d in enumerate(x.shape) if keepdims or a not in axes]
        made = self.b.reduce(kind, x, list(axes), keepdims)
        return dataclasses.replace(made, shape=tuple(sizes))

    def in_float32(self, function: Callable, *inputs: Value) -> Value:
        """What ONNX Runtime computes in float32 only."""
        dtype = inputs[0].dtype
        if dtype != np.float64:
            return function(*inputs)
        return self.cast(function(*[self.cast(v, "float32") for v in inputs]), dtype)


_OPERATORS: dict[type, str] = {
    ast.Add: "Add", ast.Sub: "Sub", ast.Mult: "Mul", ast.Pow: "Pow"
}  # fmt: skip
_FUNCTIONS = {"mod": "Mod", "max": "Max", "min": "Min"}


def _within_model(layer: str) -> str:
    """The scopes of an equation without that of the model as a whole."""
    return layer.partition("/")[2]


def _is_axis(size) -> bool:
    return not isinstance(size, int) or size != 1


def is_known(sizes) -> bool:
    return all(isinstance(d, int) for d in sizes)


def alike(one, other) -> bool:
    """Whether two shapes are the same, free sizes as they are written."""
    return len(one) == len(other) and all(str(a) == str(b) for a, b in zip(one, other, strict=True))


def spread_shape(shapes) -> tuple[Any, ...]:
    """The shape of what is computed element by element of arrays of these."""
    rank = max(len(s) for s in shapes)
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in shapes]
    return tuple(next((d for d in sizes if _is_axis(d)), 1) for sizes in zip(*padded, strict=True))


def _is_one_number(array: np.ndarray) -> bool:
    return bool((array == array.flat[0]).all() or (array != array).all())


def known_dtype(dtype) -> np.dtype:
    """A dtype as it is in a file: what ONNX's runtimes lack is computed in float32."""
    return np.dtype("float32") if str(dtype) == "bfloat16" else np.dtype(dtype)
