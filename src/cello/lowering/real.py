"""Complex numbers as two real ones: a flat function without any complex array."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.lowering.flat import Array, Equation, Flat, needed, refusal, write_equations


@dataclasses.dataclass(frozen=True)
class Pair:
    """The real and the imaginary part of an array."""

    real: Any
    imag: Any


def is_complex(array: Any) -> bool:
    return jnp.issubdtype(array.dtype, jnp.complexfloating)


def without_complex(flat: Flat) -> Flat:
    """The same function of real arrays: two, real and imaginary, in place of each complex one."""
    return _Split().function(flat) if _has_complex(flat) else flat


def _has_complex(flat: Flat) -> bool:
    return any(map(is_complex, [*flat.inputs, *flat.outputs])) or any(
        any(map(is_complex, [*e.inputs, *e.outputs])) or any(map(_has_complex, e.bodies))
        for e in flat.equations
    )


class _Split:
    """Finds the parts of arrays, those of outer functions in the bodies of loops as well."""

    def __init__(self):
        self.parts: dict[Array, list[Array]] = {}

    def of(self, arrays) -> list[Array]:
        return [part for array in arrays for part in self._of_one(array)]

    def _of_one(self, array: Array) -> list[Array]:
        if array not in self.parts:
            self.parts[array] = _parts_of(array) if is_complex(array) else [array]
        return self.parts[array]

    def function(self, flat: Flat) -> Flat:
        equations: list[Equation] = []
        inputs = self.of(flat.inputs)
        for equation in flat.equations:
            if equation.bodies:
                equations.append(self._loop(equation))
            elif any(map(is_complex, [*equation.inputs, *equation.outputs])):
                self._write(equation, equations)
            else:
                equations.append(dataclasses.replace(equation, inputs=self.of(equation.inputs)))
        outputs = self.of(flat.outputs)
        return Flat(inputs, needed(equations, outputs), outputs)

    def _loop(self, equation: Equation) -> Equation:
        """A loop with as many more arrays."""
        params, ends = dict(equation.params), [0]
        for name in ("num_consts", "num_carry", "cond_nconsts", "body_nconsts"):
            if name in params:
                ends.append(ends[-1] + params[name])
                params[name] = len(self.of(equation.inputs[ends[-2] : ends[-1]]))
        bodies = [self.function(body) for body in equation.bodies]
        inputs, outputs = self.of(equation.inputs), self.of(equation.outputs)
        return Equation(equation.primitive, inputs, outputs, params, equation.layer, bodies)

    def _write(self, equation: Equation, into: list[Equation]) -> None:
        """What an equation on complex arrays means for their parts."""
        arrays = self.of(equation.inputs)
        kinds = [is_complex(a) for a in equation.inputs]
        name = equation.primitive.name
        if name not in MEANINGS and name not in PART_BY_PART:
            raise ValueError(refusal(equation, f"the primitive '{name}' of JAX on complex numbers"))
        meaning = MEANINGS.get(name, _part_by_part)

        def of_parts(*parts):
            left = iter(parts)
            given = [Pair(next(left), next(left)) if kind else next(left) for kind in kinds]
            found = meaning(equation, *given)
            values = found if isinstance(found, list) else [found]
            return [p for v in values for p in ([v.real, v.imag] if isinstance(v, Pair) else [v])]

        specs = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in arrays]
        found = write_equations(jax.make_jaxpr(of_parts)(*specs), arrays, equation.layer, into)
        left = iter(found)
        for array in equation.outputs:
            self.parts[array] = [next(left) for _ in range(1 + is_complex(array))]


def _parts_of(array: Array) -> list[Array]:
    dtype = np.dtype("float64" if array.dtype == "complex128" else "float32")
    values = [None, None] if array.value is None else [array.value.real, array.value.imag]
    return [
        Array(array.shape, dtype, value, array.weight and f"{array.weight} {name}")
        for value, name in zip(values, ("real", "imaginary"), strict=True)
    ]


# -------------------------------------------------------------------- what equations mean for parts


def real_of(value: Any) -> Any:
    return value.real if isinstance(value, Pair) else value


def imaginary_of(value: Any) -> Any:
    return value.imag if isinstance(value, Pair) else jnp.zeros_like(value)


def _part_by_part(equation: Equation, *values) -> list[Pair]:
    """Of what only moves or adds numbers; places and conditions are real."""

    def apply(part: str):
        given = [getattr(v, part) if isinstance(v, Pair) else v for v in values]
        found = equation.primitive.bind(*given, **equation.params)
        return found if equation.primitive.multiple_results else [found]

    return [Pair(*parts) for parts in zip(apply("real"), apply("imag"), strict=True)]


def _convert(equation: Equation, x):
    if is_complex(equation.outputs[0]):
        return Pair(real_of(x), imaginary_of(x))
    return real_of(x).astype(equation.outputs[0].dtype)


def _multiply(a: Pair, b: Pair) -> Pair:
    return Pair(a.real * b.real - a.imag * b.imag, a.real * b.imag + a.imag * b.real)


def _divide(a: Pair, b: Pair) -> Pair:
    length = b.real * b.real + b.imag * b.imag
    product = _multiply(a, Pair(b.real, -b.imag))
    return Pair(product.real / length, product.imag / length)


def _power(equation: Equation, x: Pair) -> Pair:
    times = equation.params["y"]
    one = Pair(jnp.ones_like(x.real), jnp.zeros_like(x.real))
    product, factor, left = one, x, abs(times)
    while left:  # by the bits of the exponent
        if left & 1:
            product = factor if product is one else _multiply(product, factor)
        left >>= 1
        factor = _multiply(factor, factor) if left else factor
    return product if times >= 0 else _divide(one, product)


def _exp(x: Pair) -> Pair:
    size = jnp.exp(x.real)
    return Pair(size * jnp.cos(x.imag), size * jnp.sin(x.imag))


def _expm1(x: Pair) -> Pair:
    power = _exp(x)
    return Pair(power.real - 1, power.imag)


def _product(equation: Equation, a: Pair, b: Pair) -> Pair:
    params = {**equation.params, "preferred_element_type": a.real.dtype}

    def times(one, other):
        return equation.primitive.bind(one, other, **params)

    real = times(a.real, b.real) - times(a.imag, b.imag)
    return Pair(real, times(a.real, b.imag) + times(a.imag, b.real))


def _of_values(function: Callable) -> Callable:
    return lambda equation, *values: function(*values)


MEANINGS: dict[str, Callable] = {
    "abs": _of_values(lambda x: jnp.sqrt(x.real * x.real + x.imag * x.imag)),
    "complex": _of_values(Pair),
    "conj": _of_values(lambda x: Pair(real_of(x), -imaginary_of(x))),
    "convert_element_type": _convert,
    "div": _of_values(_divide),
    "dot_general": _product,
    "eq": _of_values(lambda a, b: (a.real == b.real) & (a.imag == b.imag)),
    "exp": _of_values(_exp),
    "expm1": _of_values(_expm1),
    "imag": _of_values(lambda x: x.imag),
    "integer_pow": _power,
    "mul": _of_values(_multiply),
    "ne": _of_values(lambda a, b: (a.real != b.real) | (a.imag != b.imag)),
    "real": _of_values(lambda x: x.real),
    "square": _of_values(lambda x: _multiply(x, x)),
}

PART_BY_PART = {
    "add", "add_any", "broadcast_in_dim", "concatenate", "copy", "copy_p", "cumsum",
    "dynamic_slice", "dynamic_update_slice", "expand_dims", "gather", "neg",
    "optimization_barrier", "pad", "reduce_sum", "reshape", "rev", "scatter", "scatter-add",
    "select_n", "slice", "split", "squeeze", "stack", "stop_gradient", "sub", "tile", "transpose",
    "unstack",
}  # fmt: skip
