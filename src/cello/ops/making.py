"""Functions that make arrays of sizes, or whose result has a size that the numbers decide."""

from __future__ import annotations

import jax.numpy as jnp

from cello.core.dtype_policy import floatx
from cello.core.variable import takes_variables


def empty(shape, dtype=None):
    """An array of this shape: zeros."""
    return jnp.empty(shape, dtype or floatx())


def eye(N, M=None, k=0, dtype=None):
    """Ones on the diagonal `k`, else zeros, `(N, M)`."""
    return jnp.eye(N, M, k, dtype or floatx())


def identity(n, dtype=None):
    """Ones on the diagonal, else zeros, `(n, n)`."""
    return jnp.identity(n, dtype or floatx())


def tri(N, M=None, k=0, dtype=None):
    """Ones on and below the diagonal `k`, else zeros, `(N, M)`."""
    return jnp.tri(N, M, k, dtype or floatx())


def bartlett(x):
    """The Bartlett window of `x` steps: a triangle."""
    return jnp.bartlett(int(x)).astype(floatx())


def blackman(x):
    """The Blackman window of `x` steps."""
    return jnp.blackman(int(x)).astype(floatx())


def hamming(x):
    """The Hamming window of `x` steps."""
    return jnp.hamming(int(x)).astype(floatx())


def hanning(x):
    """The Hann window of `x` steps."""
    return jnp.hanning(int(x)).astype(floatx())


def kaiser(x, beta):
    """The Kaiser window of `x` steps."""
    return jnp.kaiser(int(x), beta).astype(floatx())


@takes_variables
def nonzero(x):
    """The places of what is not 0, an array an axis."""
    return jnp.nonzero(jnp.asarray(x))


@takes_variables
def unique(
    x,
    sorted=True,
    return_index=False,
    return_inverse=False,
    return_counts=False,
    axis=None,
    size=None,
    fill_value=None,
):
    """Each different number once. In a compiled program it needs `size`."""
    return jnp.unique(
        jnp.asarray(x),
        return_index,
        return_inverse,
        return_counts,
        axis,
        equal_nan=False,
        size=size,
        fill_value=fill_value,
        sorted=sorted,
    )


@takes_variables
def bincount(x, weights=None, minlength=0, sparse=False):
    """How often each whole number from 0 is in `x`, or in each row of it; or sums of `weights`."""
    if sparse:
        raise ValueError("bincount: tensors are dense; leave sparse out.")
    x = jnp.asarray(x)
    if x.ndim == 1:
        return jnp.bincount(x, weights, minlength=minlength)
    length = max(int(x.max(initial=-1)) + 1, minlength)
    rows = x[..., None] == jnp.arange(length)
    weights = 1 if weights is None else jnp.asarray(weights)[..., None]
    return jnp.sum(rows * weights, axis=1)


@takes_variables
def histogram(x, bins=10, range=None):
    """How many numbers lie between neighbouring edges, and the edges."""
    return jnp.histogram(jnp.asarray(x), bins, range)
