"""Functions of each element by itself, with Keras' names and arguments."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import special

from cello.core.dtype_policy import floatx

_OF_ONE = """
abs absolute angle arccos arccosh arcsin arcsinh arctan arctanh bitwise_not cbrt conj conjugate
copy cos cosh deg2rad exp exp2 expm1 fabs i0 imag isfinite isinf isnan isneginf isposinf
isreal log log10 log1p log2 logical_not negative rad2deg real reciprocal sign signbit sin sinc sinh
sqrt square tan tanh
"""
_OF_TWO = """
add arctan2 divide equal floor_divide fmax fmin fmod gcd greater greater_equal heaviside hypot lcm
less less_equal logaddexp logaddexp2 logical_and logical_or logical_xor maximum minimum mod multiply
nextafter not_equal power subtract true_divide
"""
_OF_BITS = "bitwise_and bitwise_or bitwise_xor left_shift right_shift"
_ACTIVATIONS = """
hard_sigmoid hard_silu hard_swish hard_tanh log_sigmoid relu relu6 selu sigmoid silu soft_sign
softplus sparse_plus sparse_sigmoid swish
"""


def as_array(x, dtype=None):
    """`x` as an array of JAX; at once if it is one."""
    return x if dtype is None and isinstance(x, jax.Array) else jnp.asarray(x, dtype)


def of_one(function: Callable) -> Callable:
    return lambda x: function(as_array(x))


def of_two(function: Callable) -> Callable:
    return lambda x1, x2: function(as_array(x1), as_array(x2))


def _of_bits(function: Callable) -> Callable:
    return lambda x, y: function(as_array(x), as_array(y))


def _floating(x):
    return x if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(floatx())


def cast(x, dtype):
    """`x` in another dtype."""
    return as_array(x).astype(dtype)


def convert_to_tensor(x, dtype=None, sparse=None, ragged=None):
    """`x` as an array."""
    if sparse or ragged:
        raise ValueError("convert_to_tensor: tensors are dense; leave sparse and ragged out.")
    return as_array(x, dtype)


def saturate_cast(x, dtype):
    """`x` in another dtype; what is beyond its numbers becomes the largest or smallest of them."""
    x, dtype = as_array(x), jnp.dtype(dtype)
    ends = []
    for end, other in zip(_range_of(x.dtype), _range_of(dtype), strict=True):
        nearest = (min if other > 0 else max)(end, other)
        value = np.asarray(nearest, x.dtype)
        if abs(float(value)) > abs(float(other)):  # rounded beyond it
            value = np.nextafter(value, np.zeros((), x.dtype))
        ends.append(value)
    return jnp.clip(x, *ends).astype(dtype)


def _range_of(dtype):
    if dtype.kind == "b":
        return 0, 1
    if dtype.kind in "iu":
        return jnp.iinfo(dtype).min, jnp.iinfo(dtype).max
    return float(jnp.finfo(dtype).min), float(jnp.finfo(dtype).max)


def clip(x, x_min, x_max):
    """`x` between `x_min` and `x_max`; `None` is no bound."""
    x = as_array(x)
    return jnp.clip(x.astype(jnp.int32) if x.dtype == bool else x, x_min, x_max)


def round(x, decimals=0):
    """`x` rounded to `decimals` places, halves to the even number."""
    x = as_array(x)
    if jnp.issubdtype(x.dtype, jnp.integer) and decimals < 0:
        wide = x.astype(floatx()) * 10.0**decimals
        return (jnp.round(wide) / 10.0**decimals).astype(x.dtype)
    return jnp.round(x, decimals)


def trunc(x):
    """`x` without what stands behind the point."""
    x = as_array(x)
    return jnp.trunc(x) if jnp.issubdtype(x.dtype, jnp.inexact) else x


def divide_no_nan(x1, x2):
    """`x1 / x2`, and 0 where `x2` is 0."""
    x1, x2 = as_array(x1), as_array(x2)
    return jnp.where(x2 == 0, 0, x1 / jnp.where(x2 == 0, 1, x2))


def ldexp(x1, x2):
    """`x1 * 2 ** x2`, for whole numbers `x2`."""
    return jnp.ldexp(as_array(x1), as_array(x2))


def where(condition, x1=None, x2=None):
    """`x1` where `condition` is true, else `x2`; without both, the places where it is true."""
    return jnp.where(as_array(condition), x1, x2)


def one_hot(x, num_classes, axis=-1, dtype=None, sparse=False):
    """Integers as rows of zeros with a 1 at their place; what is out of range as zeros alone."""
    if sparse:
        raise ValueError("one_hot: tensors are dense; leave sparse out.")
    return jax.nn.one_hot(as_array(x), num_classes, axis=axis, dtype=dtype or floatx())


ELEMENTWISE: dict[str, Callable] = {
    **{name: of_one(getattr(jnp, name)) for name in _OF_ONE.split()},
    **{name: of_two(getattr(jnp, name)) for name in _OF_TWO.split()},
    **{name: _of_bits(getattr(jnp, name)) for name in _OF_BITS.split()},
    **{name: of_one(getattr(jax.nn, name)) for name in _ACTIVATIONS.split()},
    "ceil": of_one(lambda x: jnp.ceil(_floating(x))),
    "floor": of_one(lambda x: jnp.floor(_floating(x))),
    "bitwise_invert": of_one(jnp.invert),
    "bitwise_left_shift": _of_bits(jnp.left_shift),
    "bitwise_right_shift": _of_bits(jnp.right_shift),
    "erf": of_one(special.erf),
    "erfc": of_one(special.erfc),
    "erfinv": of_one(special.erfinv),
    "rsqrt": of_one(lambda x: jax.lax.rsqrt(x)),
    "softsign": of_one(jax.nn.soft_sign),
    "tanh_shrink": of_one(lambda x: x - jnp.tanh(x)),
    "stop_gradient": lambda variable: jax.lax.stop_gradient(as_array(variable)),
    "celu": lambda x, alpha=1.0: jax.nn.celu(as_array(x), alpha),
    "elu": lambda x, alpha=1.0: jax.nn.elu(as_array(x), alpha),
    "gelu": lambda x, approximate=True: jax.nn.gelu(as_array(x), approximate),
    "leaky_relu": lambda x, negative_slope=0.2: jax.nn.leaky_relu(as_array(x), negative_slope),
    "squareplus": lambda x, b=4: jax.nn.squareplus(as_array(x), b),
    "soft_shrink": lambda x, threshold=0.5: jnp.where(
        x > threshold, x - threshold, jnp.where(x < -threshold, x + threshold, 0.0)
    ),
    "hard_shrink": lambda x, threshold=0.5: jnp.where(jnp.abs(x) > threshold, x, 0.0),
    "threshold": lambda x, threshold, default_value: jnp.where(
        as_array(x) > threshold, x, default_value
    ),
    "isclose": lambda x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False: jnp.isclose(
        as_array(x1), as_array(x2), rtol, atol, equal_nan
    ),
    "nan_to_num": lambda x, nan=0.0, posinf=None, neginf=None: jnp.nan_to_num(
        as_array(x), nan=nan, posinf=posinf, neginf=neginf
    ),
    "array": lambda x, dtype=None: jnp.array(x, dtype),
    "empty_like": lambda x, dtype=None: jnp.empty_like(as_array(x), dtype),
    "full_like": lambda x, fill_value, dtype=None: jnp.full_like(as_array(x), fill_value, dtype),
    "ones_like": lambda x, dtype=None: jnp.ones_like(as_array(x), dtype),
    "zeros_like": lambda x, dtype=None: jnp.zeros_like(as_array(x), dtype),
    **{f.__name__: f for f in (cast, clip, convert_to_tensor, divide_no_nan, ldexp, one_hot)},
    **{f.__name__: f for f in (round, saturate_cast, trunc, where)},
}
