"""Products and tables in whole numbers of 8 bits, as equations.

A weight has a scale for each unit, and what it is multiplied by has one; both are from -127 to 127.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from cello.lowering.equations import Writer
from cello.lowering.flat import Array, Equation
from cello.lowering.writers.dots import BLOCK, GROUP

MOST = 127


def to_int8(x, scale):
    """The nearest whole number to `x * scale` from -127 to 127; a half goes up, NaN is 0."""
    scaled = jnp.where(jnp.isnan(x), 0.0, jnp.clip(x * scale, -MOST, MOST))
    return ((scaled + (MOST + 1.5)).astype(jnp.int32) - (MOST + 1)).astype(jnp.int8)


def scales_of(equation: Equation, which: int) -> tuple[np.ndarray, np.ndarray]:
    """A scale for each unit of a weight, in a shape that stands beside it, and beside the output.

    Args:
        equation: a product or a look-up.
        which: which input is the weight.
    """
    weight = np.asarray(equation.inputs[which].value, "float64")
    name, params = equation.primitive.name, equation.params
    sizes = [1] * len(equation.outputs[0].shape)
    if name == "gather":
        units = [weight.ndim - 1]
        sizes = [1] * (weight.ndim - 1) + [weight.shape[-1]]
    elif name == "conv_general_dilated":
        units = [params["dimension_numbers"].rhs_spec[0]]
        sizes[params["dimension_numbers"].out_spec[1]] = weight.shape[units[0]]
    else:
        inner, batch = (pair[which] for pair in params["dimension_numbers"])
        rest = [a for a in range(weight.ndim) if a not in (*inner, *batch)]
        units = [*batch, *rest]
        gap = [1] * (len(sizes) - len(units))
        first, last = ([weight.shape[a] for a in some] for some in (batch, rest))
        sizes = [*first, *last, *gap] if which == 0 else [*first, *gap, *last]
    summed = tuple(a for a in range(weight.ndim) if a not in units)
    scales = np.abs(weight).max(summed, keepdims=True) / MOST
    scales = np.where(scales == 0, 1.0, scales)
    return scales, scales.transpose([*units, *summed]).reshape(sizes)


def stored(weight: Array, value: np.ndarray, kind: str) -> Array:
    """A weight with other numbers."""
    return Array(value.shape, value.dtype, value, weight.weight, kind)


def table(writer: Writer, equation: Equation) -> Array:
    """What is looked up in, made of whole numbers."""
    table = equation.inputs[0]
    scales, _ = scales_of(equation, 0)
    whole = stored(table, _rounded(table, scales), "int8")
    return writer.times(writer.converted(whole, "float32"), _numbers(scales, table))


def product(writer: Writer, equation: Equation, which: int, rounded: Array, step: float) -> Array:
    """A product with a weight.

    Args:
        writer: of the equations.
        equation: that of the product in float32.
        which: which input is the weight.
        rounded: the other in whole numbers.
        step: what 1 of them stands for.
    """
    weight = equation.inputs[which]
    scales, of_output = scales_of(equation, which)
    whole = stored(weight, _rounded(weight, scales), "int8")
    if which == 1 and _has_blocks(equation):
        sums = _in_blocks(writer, equation, rounded, whole)
    else:
        inputs = [whole, rounded] if which == 0 else [rounded, whole]
        shape, params = equation.outputs[0].shape, _in_int32(equation.params)
        sums = writer.write(equation.primitive, inputs, shape, "int32", params)
    return writer.times(writer.converted(sums, "float32"), _numbers(of_output * step, weight))


def _has_blocks(equation: Equation) -> bool:
    """Whether it is a matrix of many units whose inputs can be taken by fours."""
    weight = equation.inputs[1]
    if equation.primitive.name != "dot_general" or len(weight.shape) != 2:
        return False
    (_, right), (batch, _) = equation.params["dimension_numbers"]
    inputs, units = weight.shape
    filling = -units % BLOCK
    whole = inputs % GROUP == 0 and inputs > GROUP and filling <= units // 4
    return right == (0,) and not batch and whole


def _in_blocks(writer: Writer, equation: Equation, x: Array, weight: Array) -> Array:
    """The sums, with weights as in `dots.py`, and units in the last block that are cut off."""
    shape, rest = equation.outputs[0].shape, equation.outputs[0].shape[:-1]
    inputs, units = weight.shape
    blocks = -(-units // BLOCK)
    value = np.pad(weight.value, [(0, 0), (0, blocks * BLOCK - units)])
    value = value.reshape(inputs // GROUP, GROUP, blocks, BLOCK).transpose(2, 0, 3, 1)
    ((axis,), _), batch = equation.params["dimension_numbers"]
    numbers = {"dimension_numbers": (((axis, axis + 1), (1, 3)), batch)}
    split = (*x.shape[:axis], inputs // GROUP, GROUP, *x.shape[axis + 1 :])
    pair = [writer.reshaped(x, split), stored(weight, value, "offset8")]
    params = _in_int32(equation.params | numbers)
    sums = writer.write(equation.primitive, pair, (*rest, blocks, BLOCK), "int32", params)
    return writer.first(writer.reshaped(sums, (*rest, blocks * BLOCK)), shape)


def _in_int32(params):
    return {**params, "preferred_element_type": np.dtype("int32")}


def _rounded(weight: Array, scales: np.ndarray) -> np.ndarray:
    return np.rint(np.asarray(weight.value, "float64") / scales).astype("int8")


def _numbers(scales: np.ndarray, weight: Array) -> Array:
    value = scales.astype("float32")
    return Array(value.shape, value.dtype, value, f"{weight.weight or 'constant'} scale")
