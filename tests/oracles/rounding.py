"""What tests of mixed precision share: numbers that bfloat16 can hold, and how near is near.

A number in bfloat16 is off by at most 2^-9 of itself. A layer rounds its inputs, its weights, their
product and its output, so that the error is within a small multiple of 2^-8 of the greatest value.
"""

import jax
import jax.numpy as jnp
import numpy as np

MIXED = "mixed_bfloat16"
ROUNDING = 2.0**-8


def normal(*shape, seed=0, scale=1.0):
    """Numbers that bfloat16 can hold."""
    array = np.random.default_rng(seed).normal(scale=scale, size=shape)
    return np.asarray(jnp.asarray(array, jnp.bfloat16), "float32")


def near(found, expected, count=8):
    """Within `count` roundings of the greatest value."""
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
        np.testing.assert_allclose(a, b, rtol=0, atol=count * ROUNDING * max(1, np.abs(b).max()))


def rounded(x):
    """Inputs that bfloat16 can hold, so that maxima are where they are in float32."""
    return jax.tree.map(
        lambda a: np.asarray(jnp.asarray(a, jnp.bfloat16), "float32") if a.dtype == "f" else a, x
    )
