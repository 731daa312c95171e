"""Losses as functions: one value for each sample, or each step of a sequence.

All take `y_true` and `y_pred` of shape `(batch, ..., n)` and reduce the last axis. Formulas are
Keras 3's, with its smallest number `epsilon()` in the same places.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import optax

from cello.core.config import epsilon
from cello.core.functions import neural
from cello.core.functions.neural import log_probabilities
from cello.core.masking import set_mask
from cello.core.numbers import refuse_complex


def same_rank(y_true, y_pred):
    """`y_true` with the rank of `y_pred`, where a last axis of size 1 is all that differs."""
    y_true, y_pred = jnp.asarray(y_true), jnp.asarray(y_pred)
    for name, y in (("y_true", y_true), ("y_pred", y_pred)):
        refuse_complex(y, name)
    if y_true.ndim == y_pred.ndim + 1 and y_true.shape[-1] == 1:
        y_true = y_true[..., 0]
    elif y_pred.ndim == y_true.ndim + 1 and y_pred.shape[-1] == 1:
        y_true = y_true[..., None]
    dtype = y_pred.dtype if jnp.issubdtype(y_pred.dtype, jnp.floating) else jnp.float32
    return y_true.astype(dtype), y_pred.astype(dtype)


def _same_shape(y_true, y_pred, name: str):
    """As `same_rank`; refused are shapes that differ, which would be broadcast."""
    y_true, y_pred = same_rank(y_true, y_pred)
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"{name} takes targets of the shape of the outputs, {y_pred.shape}, and got "
            f"{y_true.shape}."
        )
    return y_true, y_pred


def _elementwise(function):
    """A loss that is the mean of a function of each element."""

    @functools.wraps(function)
    def loss(y_true, y_pred, *args, **kwargs):
        y_true, y_pred = same_rank(y_true, y_pred)
        return jnp.mean(function(y_true, y_pred, *args, **kwargs), axis=-1)

    loss.elementwise = True  # type: ignore[attr-defined]
    return loss


@_elementwise
def mean_squared_error(y_true, y_pred):
    """`mean((y_true - y_pred)^2)`."""
    return jnp.square(y_true - y_pred)


@_elementwise
def mean_absolute_error(y_true, y_pred):
    """`mean(|y_true - y_pred|)`."""
    return jnp.abs(y_true - y_pred)


@_elementwise
def mean_absolute_percentage_error(y_true, y_pred):
    """`100 mean(|y_true - y_pred| / max(|y_true|, epsilon()))`."""
    return 100 * jnp.abs((y_true - y_pred) / jnp.maximum(jnp.abs(y_true), epsilon()))


@_elementwise
def mean_squared_logarithmic_error(y_true, y_pred):
    """`mean((log(1 + y_true) - log(1 + y_pred))^2)`; what is below epsilon() counts as it."""
    return jnp.square(
        jnp.log(jnp.maximum(y_true, epsilon()) + 1) - jnp.log(jnp.maximum(y_pred, epsilon()) + 1)
    )


@_elementwise
def huber(y_true, y_pred, delta=1.0):
    """`e^2 / 2` where `|e| <= delta`, else `delta (|e| - delta / 2)`; mean. Huber 1964."""
    return optax.losses.huber_loss(y_pred, y_true, delta=delta)


@_elementwise
def log_cosh(y_true, y_pred):
    """`mean(log(cosh(y_pred - y_true)))`."""
    return optax.losses.log_cosh(y_pred, y_true)


@_elementwise
def poisson(y_true, y_pred):
    """`mean(y_pred - y_true log(y_pred + epsilon()))`."""
    return y_pred - y_true * jnp.log(y_pred + epsilon())


def _signed(y_true):
    """Labels -1 and 1, where they are 0 and 1."""
    binary = jnp.all((y_true == 0) | (y_true == 1))
    return jnp.where(binary, 2 * y_true - 1, y_true)


@_elementwise
def hinge(y_true, y_pred):
    """`mean(max(1 - y_true y_pred, 0))`, with labels -1 and 1 (or 0 and 1)."""
    return jnp.maximum(1 - _signed(y_true) * y_pred, 0)


@_elementwise
def squared_hinge(y_true, y_pred):
    """`mean(max(1 - y_true y_pred, 0)^2)`, with labels -1 and 1 (or 0 and 1)."""
    return jnp.square(jnp.maximum(1 - _signed(y_true) * y_pred, 0))


def categorical_hinge(y_true, y_pred):
    """`max(1 - sum(y_true y_pred) + max((1 - y_true) y_pred), 0)`."""
    y_true, y_pred = same_rank(y_true, y_pred)
    positive = jnp.sum(y_true * y_pred, axis=-1)
    return jnp.maximum(jnp.max((1 - y_true) * y_pred, axis=-1) - positive + 1, 0)


def kl_divergence(y_true, y_pred):
    """`sum(y_true log(y_true / y_pred))`, both within [epsilon(), 1]. Kullback, Leibler 1951."""
    y_true, y_pred = same_rank(y_true, y_pred)
    y_true, y_pred = jnp.clip(y_true, epsilon(), 1), jnp.clip(y_pred, epsilon(), 1)
    return jnp.sum(y_true * jnp.log(y_true / y_pred), axis=-1)


def cosine_similarity(y_true, y_pred, axis=-1):
    """`-sum(y_true / |y_true| * y_pred / |y_pred|)`: -1 for the same direction, a loss.

    The metric of this name has the other sign, as in Keras.
    """
    y_true, y_pred = same_rank(y_true, y_pred)
    return -jnp.sum(_unit(y_true, axis) * _unit(y_pred, axis), axis=axis)


def _unit(x, axis):
    return x * jax.lax.rsqrt(jnp.maximum(jnp.sum(jnp.square(x), axis, keepdims=True), 1e-12))


def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """`-sum(y_true log(y_pred))` over the classes; `y_true` are one-hot or probabilities."""
    y_true, y_pred = _same_shape(y_true, y_pred, "categorical_crossentropy")
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[axis]
    return -jnp.sum(y_true * log_probabilities(y_pred, from_logits, axis), axis=axis)


def labels_of(y_true, y_pred):
    """Integer labels without the axis of the classes, which `y_pred` has as its last."""
    labels = jnp.asarray(y_true)
    if labels.ndim == y_pred.ndim and labels.shape[-1] == 1:
        labels = labels[..., 0]
    return labels.astype(jnp.int32)


def _pick(values, labels):
    """Of the values along the last axis those at the labels."""
    return jnp.take_along_axis(values, labels[..., None], axis=-1)[..., 0]


def categorical_focal_crossentropy(
    y_true, y_pred, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1
):
    """`-sum(alpha (1 - y_pred)^gamma y_true log(y_pred))` over the classes; Lin et al. 2017.

    `y_true` are one-hot or probabilities; `alpha` is a number, or a list of one for each class.
    """
    y_true, y_pred = _same_shape(y_true, y_pred, "categorical_focal_crossentropy")
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[axis]
    if from_logits:
        y_pred = jax.nn.softmax(y_pred, axis=axis)
    y_pred = jnp.clip(y_pred / jnp.sum(y_pred, axis, keepdims=True), epsilon(), 1 - epsilon())
    weight = jnp.asarray(alpha, y_pred.dtype) * jnp.power(1 - y_pred, gamma)
    return -jnp.sum(weight * y_true * jnp.log(y_pred), axis=axis)


def categorical_generalized_cross_entropy(y_true, y_pred, q):
    """`(1 - y_pred[y_true]^q) / q`, which wrong labels disturb less; Zhang and Sabuncu 2018.

    `y_true` are integer labels without the axis of the classes. With `q` near 0 it is the
    cross-entropy, near 1 the mean absolute error.
    """
    y_pred = jnp.asarray(y_pred)
    return (1 - jnp.power(_pick(y_pred, labels_of(y_true, y_pred)), q)) / q


def dice(y_true, y_pred, axis=None):
    """`1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred))`, along all axes or some."""
    y_true, y_pred = _same_shape(y_true, y_pred, "dice")
    both = 2 * jnp.sum(y_true * y_pred, axis)
    return 1 - both / (jnp.sum(y_true, axis) + jnp.sum(y_pred, axis) + epsilon())


def tversky(y_true, y_pred, alpha=0.5, beta=0.5, axis=None):
    """`1 - I / (I + alpha sum(y_true (1 - y_pred)) + beta sum((1 - y_true) y_pred))`.

    `I = sum(y_true y_pred)`; all sums over all axes or some. Salehi et al. 2017.
    """
    y_true, y_pred = _same_shape(y_true, y_pred, "tversky")
    both = jnp.sum(y_true * y_pred, axis)
    missed = jnp.sum(y_true * (1 - y_pred), axis)
    invented = jnp.sum((1 - y_true) * y_pred, axis)
    return 1 - both / (both + alpha * missed + beta * invented + epsilon())


def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, ignore_class=None, axis=-1):
    """`-log(y_pred[y_true])`; `y_true` are integer labels without the axis of the classes."""
    y_pred = jnp.asarray(y_pred)
    labels = labels_of(y_true, y_pred)
    ignored = None if ignore_class is None else labels == ignore_class
    picked = labels if ignored is None else jnp.where(ignored, 0, labels)
    logs = jnp.moveaxis(log_probabilities(y_pred, from_logits, axis), axis, -1)
    loss = -_pick(logs, picked)
    if ignored is not None:
        loss = jnp.where(ignored, 0.0, loss)
        set_mask(loss, ~ignored)
    return loss


def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """`-mean(y_true log(y_pred) + (1 - y_true) log(1 - y_pred))`."""
    y_true, y_pred = _same_shape(y_true, y_pred, "binary_crossentropy")
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    return jnp.mean(neural.binary_crossentropy(y_true, y_pred, from_logits), axis=axis)


binary_crossentropy.elementwise = True  # type: ignore[attr-defined]


def binary_focal_crossentropy(
    y_true,
    y_pred,
    apply_class_balancing=False,
    alpha=0.25,
    gamma=2.0,
    from_logits=False,
    label_smoothing=0.0,
    axis=-1,
):
    """The binary cross-entropy times `(1 - p_t)^gamma`; Lin et al. 2017."""
    y_true, y_pred = _same_shape(y_true, y_pred, "binary_focal_crossentropy")
    if label_smoothing:
        y_true = y_true * (1 - label_smoothing) + 0.5 * label_smoothing
    if from_logits:
        y_pred = jax.nn.sigmoid(y_pred)
    p_t = y_true * y_pred + (1 - y_true) * (1 - y_pred)
    loss = jnp.power(1 - p_t, gamma) * neural.binary_crossentropy(y_true, y_pred, False)
    if apply_class_balancing:
        loss = loss * (y_true * alpha + (1 - y_true) * (1 - alpha))
    return jnp.mean(loss, axis=axis)


binary_focal_crossentropy.elementwise = True  # type: ignore[attr-defined]
