"""Random numbers under the names of `keras.random`, drawn by JAX.

Each function takes `seed`: an integer, which draws the same numbers each time; a `SeedGenerator`,
which goes on; or `None`, the global stream that `cello.utils.set_random_seed` restarts. A compiled
program would repeat what it drew from the global stream, so `call` of a layer needs a
`SeedGenerator`, kept as an attribute of the layer.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from cello.core.dtype_policy import floatx
from cello.core.random import SeedGenerator, new_key
from cello.layers.dropout import drop

__all__ = [
    *("SeedGenerator", "beta", "binomial", "categorical", "dropout", "gamma", "normal"),
    *("randint", "shuffle", "truncated_normal", "uniform"),
]


def normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Normal distribution."""
    return mean + stddev * jax.random.normal(_key(seed), shape, dtype or floatx())


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Normal distribution without what lies further than two `stddev` from the mean."""
    drawn = jax.random.truncated_normal(_key(seed), -2.0, 2.0, shape, dtype or floatx())
    return mean + stddev * drawn


def uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """Uniform distribution over `[minval, maxval)`."""
    return jax.random.uniform(_key(seed), shape, dtype or floatx(), minval, maxval)


def randint(shape, minval, maxval, dtype="int32", seed=None):
    """Integers, each of `minval, ..., maxval - 1` as likely as the others."""
    return jax.random.randint(_key(seed), shape, minval, maxval, dtype)


def gamma(shape, alpha, dtype=None, seed=None):
    """Gamma distribution of the shape `alpha` and the scale 1."""
    return jax.random.gamma(_key(seed), jnp.asarray(alpha), shape, dtype or floatx())


def beta(shape, alpha, beta, dtype=None, seed=None):
    """Beta distribution: density proportional to `x^(alpha - 1) (1 - x)^(beta - 1)`."""
    dtype = dtype or floatx()
    return jax.random.beta(_key(seed), jnp.asarray(alpha), jnp.asarray(beta), shape, dtype)


def binomial(shape, counts, probabilities, dtype=None, seed=None):
    """How many of `counts` trials succeed, each with the probability `probabilities`."""
    counts, probabilities = jnp.asarray(counts), jnp.asarray(probabilities)
    return jax.random.binomial(_key(seed), counts, probabilities, shape, dtype or floatx())


def categorical(logits, num_samples, dtype="int32", seed=None):
    """Classes, with replacement.

    Args:
        logits: `(batch, classes)`, logarithms of what the probabilities are proportional to.
        num_samples: how many are drawn a row.

    Returns:
        `(batch, num_samples)`, numbers of classes.

    Raises:
        ValueError: where `logits` has not two axes.
    """
    logits = jnp.asarray(logits)
    if logits.ndim != 2:
        raise ValueError(f"logits must be (batch, classes), and has the shape {logits.shape}.")
    shape = (logits.shape[0], num_samples)
    drawn = jax.random.categorical(_key(seed), logits[:, None], axis=-1, shape=shape)
    return drawn.astype(dtype)


def shuffle(x, axis=0, seed=None):
    """`x` in another order along `axis`; what lies at one place stays together.

    So does Keras on TensorFlow and PyTorch; on JAX it orders each row of a matrix by itself.
    """
    return jax.random.permutation(_key(seed), jnp.asarray(x), axis)


def dropout(inputs, rate, noise_shape=None, seed=None):
    """`inputs` with the fraction `rate` set to 0 and the rest divided by `1 - rate`.

    Args:
        inputs: an array.
        rate: a number from 0 to 1.
        noise_shape: the shape of what is drawn, which broadcasts to that of `inputs`; `None` in it
            stands for the size of `inputs`.
    """
    inputs = jnp.asarray(inputs)
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must be a number from 0 to 1. Received: rate={rate!r}")
    if rate == 0:
        return inputs
    shape = inputs.shape if noise_shape is None else noise_shape
    shape = tuple(n if s is None else s for s, n in zip(shape, inputs.shape, strict=True))
    return drop(inputs, rate, _key(seed), shape)


def _key(seed):
    """The JAX key that `seed` stands for."""
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if seed is not None:
        return seed if isinstance(seed, jax.Array) else jax.random.PRNGKey(seed)
    if isinstance(jnp.zeros((), "int32"), jax.core.Tracer):
        raise RuntimeError(
            "A program that JAX compiles would draw the same numbers each time that it runs. Keep "
            "self.seed_generator = cello.random.SeedGenerator() in the layer and pass it as seed."
        )
    return new_key()
