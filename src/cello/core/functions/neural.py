"""Functions of neural networks, with Keras' names and arguments."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from cello.core import config
from cello.core.dtype_policy import floatx
from cello.core.functions.arrays import norm
from cello.core.functions.elementwise import as_array, one_hot


def sparsemax(x, axis=-1):
    """The probabilities nearest to `x` along `axis`: many are 0 (Martins and Astudillo, 2016)."""
    x = jnp.moveaxis(as_array(x), axis, -1)
    falling = jnp.flip(jnp.sort(x, axis=-1), axis=-1)
    places = jnp.arange(1, x.shape[-1] + 1, dtype=x.dtype)
    sums = jnp.cumsum(falling, axis=-1)
    kept = falling * places > sums - 1
    size = jnp.sum(kept, axis=-1, keepdims=True)
    total = jnp.sum(jnp.where(kept, falling, 0), axis=-1, keepdims=True)
    return jnp.moveaxis(jax.nn.relu(x - (total - 1) / size.astype(x.dtype)), -1, axis)


def _widened(x):
    """In at least float32, for statistics."""
    x = as_array(x)
    return x.astype(jnp.promote_types(x.dtype, "float32"))


def moments(x, axes, keepdims=False, synchronized=False):
    """Mean and variance over `axes`."""
    if synchronized:
        raise ValueError("moments: a batch is on one device; leave synchronized out.")
    dtype = as_array(x).dtype
    mean = jnp.mean(_widened(x), axes, keepdims=keepdims)
    variance = jnp.var(_widened(x), axes, keepdims=keepdims)
    if not jnp.issubdtype(dtype, jnp.floating):
        return mean, variance
    return mean.astype(dtype), variance.astype(dtype)


def batch_normalization(x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    """`(x - mean) / sqrt(variance + epsilon) * scale + offset`, each of the size of `axis`."""
    x = as_array(x)
    shape = [1] * x.ndim
    shape[axis] = -1
    inverse = jax.lax.rsqrt(jnp.reshape(as_array(variance), shape) + epsilon)
    if scale is not None:
        inverse = inverse * jnp.reshape(as_array(scale), shape)
    shift = -jnp.reshape(as_array(mean), shape) * inverse
    if offset is not None:
        shift = shift + jnp.reshape(as_array(offset), shape)
    return x * inverse + shift


def layer_normalization(x, gamma=None, beta=None, axis=-1, epsilon=None):
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta`, along `axis`."""
    dtype, wide = as_array(x).dtype, _widened(x)
    axes = _axes(axis, wide.ndim)
    mean = jnp.mean(wide, axes, keepdims=True)
    inverse = jax.lax.rsqrt(jnp.var(wide, axes, keepdims=True) + _or_epsilon(epsilon))
    if gamma is not None:
        inverse = inverse * _along(gamma, wide, axes)
    shift = -mean * inverse
    if beta is not None:
        shift = shift + _along(beta, wide, axes)
    return (wide * inverse + shift).astype(dtype)


def rms_normalization(x, scale=None, axis=-1, epsilon=None):
    """`x / sqrt(mean(x^2) + epsilon) * scale`, along `axis`."""
    dtype, wide = as_array(x).dtype, _widened(x)
    axes = _axes(axis, wide.ndim)
    mean = jnp.mean(jnp.square(wide), axes, keepdims=True)
    outputs = wide * jax.lax.rsqrt(mean + _or_epsilon(epsilon))
    if scale is not None:
        outputs = outputs * as_array(scale, wide.dtype)
    return outputs.astype(dtype)


def normalize(x, axis=-1, order=2, epsilon=None):
    """`x / max(|x|, epsilon)` along `axis`, with the norm of this order."""
    x = as_array(x)
    if order == 2:
        inverse = jax.lax.rsqrt(jnp.sum(jnp.square(x), axis, keepdims=True))
        return x * jnp.minimum(inverse, 1 / _or_epsilon(epsilon))
    return x / jnp.maximum(norm(x, order, axis, True), _or_epsilon(epsilon))


def _or_epsilon(epsilon):
    return config.epsilon() if epsilon is None else epsilon


def _axes(axis, rank: int) -> tuple[int, ...]:
    return tuple(sorted(i % rank for i in (axis if isinstance(axis, (tuple, list)) else [axis])))


def _along(weights, x, axes):
    """Weights of the sizes of `axes`, in the shape of `x`."""
    weights = as_array(weights, x.dtype)
    if weights.ndim == x.ndim or axes == (x.ndim - 1,):
        return weights
    return jnp.reshape(weights, [d if i in axes else 1 for i, d in enumerate(x.shape)])


def _same_shape(target, output, name: str):
    target, output = as_array(target), as_array(output)
    if target.shape != output.shape:
        raise ValueError(
            f"{name} takes a target of the shape of the output, {output.shape}, and got "
            f"{target.shape}."
        )
    return target, output


def log_probabilities(output, from_logits, axis):
    """Logarithms of probabilities, which are made to sum to 1 along `axis`, or of logits."""
    if from_logits:
        return jax.nn.log_softmax(output, axis=axis)
    output = output / jnp.sum(output, axis, keepdims=True)
    return jnp.log(jnp.clip(output, config.epsilon(), 1 - config.epsilon()))


def binary_crossentropy(target, output, from_logits=False):
    """`-(target log(output) + (1 - target) log(1 - output))`, of each element."""
    target, output = _same_shape(target, output, "binary_crossentropy")
    if from_logits:
        logs, others = jax.nn.log_sigmoid(output), jax.nn.log_sigmoid(-output)
    else:
        output = jnp.clip(output, config.epsilon(), 1 - config.epsilon())
        logs, others = jnp.log(output), jnp.log(1 - output)
    return -(target * logs + (1 - target) * others)


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """`-sum(target log(output))` over the classes."""
    target, output = _same_shape(target, output, "categorical_crossentropy")
    return -jnp.sum(target * log_probabilities(output, from_logits, axis), axis=axis)


def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """`-log(output[target])`, for integers `target` without the axis of the classes."""
    target, output = as_array(target, "int32"), as_array(output)
    if target.ndim == output.ndim and target.shape[-1] == 1:
        target = target[..., 0]
    logs = log_probabilities(output, from_logits, axis)
    return -jnp.sum(jax.nn.one_hot(target, output.shape[axis], axis=axis) * logs, axis=axis)


def ctc_loss(target, output, target_length, output_length, mask_index=0):
    """`-log p(target)` of each row: the sum over all ways to spread labels over the steps.

    Args:
        target: integers `(batch, labels)`.
        output: logits `(batch, time, classes)`.
        target_length, output_length: how many labels and steps of each row count.
        mask_index: the class of the blank.
    """
    target, output = as_array(target, "int32"), _widened(output)
    return optax.losses.ctc_loss(
        output,
        _beyond(output_length, output.shape[1], output.dtype),
        target,
        _beyond(target_length, target.shape[1], output.dtype),
        blank_id=mask_index,
    )


def _beyond(lengths, size, dtype):
    return (jnp.arange(size) >= as_array(lengths)[..., None]).astype(dtype)


def multi_hot(inputs, num_classes=None, axis=-1, dtype=None, sparse=False):
    """Rows with a 1 at the place of each of the integers of a row."""
    if num_classes is None:
        raise ValueError("multi_hot needs num_classes.")
    inputs = as_array(inputs).astype("int32")
    rows = one_hot(inputs, num_classes, axis, dtype or floatx(), sparse)
    return jnp.max(rows, axis=1 if inputs.ndim > 1 else 0)


def dot_product_attention(
    query,
    key,
    value,
    bias=None,
    mask=None,
    scale=None,
    is_causal=False,
    flash_attention=None,
    attn_logits_soft_cap=None,
):
    """`softmax(scale query key^T + bias) value`, of shapes `(batch, time, heads, features)`."""
    if attn_logits_soft_cap is not None:
        raise ValueError("dot_product_attention: attn_logits_soft_cap is for TPUs; leave it out.")
    arrays = [as_array(x) for x in (query, key, value)]
    dtype = jnp.result_type(*arrays)
    query, key, value = (x.astype(dtype) for x in arrays)
    return jax.nn.dot_product_attention(
        query,
        key,
        value,
        bias=None if bias is None else as_array(bias, dtype),
        mask=None if mask is None else as_array(mask, bool),
        scale=scale,
        is_causal=is_causal,
        implementation="cudnn" if flash_attention else None,
    )


ALONG_LAST: dict[str, Callable] = {
    "glu": lambda x, axis=-1: jax.nn.glu(as_array(x), axis),
    "log_softmax": lambda x, axis=-1: jax.nn.log_softmax(as_array(x), axis),
    "softmax": lambda x, axis=-1: jax.nn.softmax(as_array(x), axis),
    **{
        f.__name__: f
        for f in (categorical_crossentropy, layer_normalization, normalize, rms_normalization)
    },
    **{f.__name__: f for f in (sparse_categorical_crossentropy, sparsemax)},
}
"""Along one axis, the last if nothing else is said."""

NEURAL: dict[str, Callable] = {
    f.__name__: f
    for f in (batch_normalization, ctc_loss, dot_product_attention, moments, multi_hot)
}
