"""Matrix products of rounded factors, summed up in the precision of their arrays."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp


def product(a, b, dtype=None):
    """`a @ b` with both factors rounded to `dtype`, and the sums in the dtype of the arrays.

    Args:
        a: `(..., n)`.
        b: `(n, m)`.
        dtype: the dtype of the factors, in the products of the gradients too; that of the arrays
            where `None`.
    """
    if dtype is None or jnp.result_type(a, b) == jnp.dtype(dtype):
        return a @ b
    return _rounded(a, b, jnp.dtype(dtype), a.dtype, b.dtype)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _rounded(a, b, dtype, a_dtype, b_dtype):
    sums = jnp.promote_types(a_dtype, b_dtype)
    return jnp.matmul(a.astype(dtype), b.astype(dtype), preferred_element_type=sums)


def _forward(a, b, dtype, a_dtype, b_dtype):
    return _rounded(a, b, dtype, a_dtype, b_dtype), (a.astype(dtype), b.astype(dtype))


def _backward(dtype, a_dtype, b_dtype, factors, gradient):
    a, b = factors
    leading = tuple(range(a.ndim - 1))
    rounded = gradient.astype(dtype)
    d_a = jnp.matmul(rounded, b.T, preferred_element_type=gradient.dtype)
    d_b = jnp.tensordot(a, rounded, axes=(leading, leading), preferred_element_type=gradient.dtype)
    return d_a.astype(a_dtype), d_b.astype(b_dtype)


_rounded.defvjp(_forward, _backward)
