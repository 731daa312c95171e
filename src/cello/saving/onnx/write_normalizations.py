"""Normalisations in ONNX: one operator where there is one, else arithmetic."""

from __future__ import annotations

import functools

import numpy as np

from cello.layers.axes import positive_axes
from cello.saving.onnx.builder import weight_of


def layer_normalization(e, layer, x):
    b, rank = e.b, x.ndim
    x = b.cast(x, layer.dtype)
    axes = positive_axes(layer, layer.axis, rank)
    if axes == list(range(axes[0], rank)) and layer.gamma is not None:
        beta = None if layer.beta is None else weight_of(e, layer, "beta")
        return b.op(
            "LayerNormalization", x, weight_of(e, layer, "gamma"), beta,
            axis=axes[0], epsilon=float(layer.epsilon),
        )  # fmt: skip
    centred = b.op("Sub", x, b.reduce("ReduceMean", x, axes, True))
    variance = b.reduce("ReduceMean", b.op("Mul", centred, centred), axes, True)
    deviation = b.op("Sqrt", b.op("Add", variance, b.scalar(layer.epsilon, x.dtype)))
    y = b.op("Div", centred, deviation)
    sizes = iter(layer.gamma.shape if layer.gamma is not None else
                 layer.beta.shape if layer.beta is not None else ())  # fmt: skip
    if layer.gamma is None and layer.beta is None:
        return y
    shape = [next(sizes) if a in axes else 1 for a in range(rank)]
    return _scaled(e, layer, y, shape)


def rms_normalization(e, layer, x):
    b, rank = e.b, x.ndim
    x = b.cast(x, layer.dtype)
    axes = positive_axes(layer, layer.axis, rank)
    squares = b.reduce("ReduceMean", b.op("Mul", x, x), axes, True)
    root = b.op("Sqrt", b.op("Add", squares, b.scalar(layer.epsilon, x.dtype)))
    shape = [layer.scale.shape[axes.index(a)] if a in axes else 1 for a in range(rank)]
    scale = b.weight([layer], f"scale{rank}", lambda: layer.scale.numpy().reshape(shape))
    return b.op("Mul", b.op("Div", x, root), scale)


def _scaled(e, layer, y, shape):
    for kind, name in (("Mul", "gamma"), ("Add", "beta")):
        variable = getattr(layer, name)
        if variable is not None:
            make = functools.partial(lambda v: v.numpy().reshape(shape), variable)
            y = e.b.op(kind, y, e.b.weight([layer], f"{name}{len(shape)}", make))
    return y


def batch_normalization(e, layer, x, training=False, mask=None):
    b = e.b
    (axis,) = positive_axes(layer, layer.axis, x.ndim)
    shape = [-1 if a == axis else 1 for a in range(x.ndim)]

    def deviation():
        variance = layer.moving_variance.numpy().reshape(shape)
        return np.sqrt(variance + variance.dtype.type(layer.epsilon))

    mean = b.weight([layer], f"mean{x.ndim}", lambda: layer.moving_mean.numpy().reshape(shape))
    x = b.op("Sub", b.cast(x, layer.dtype), mean)
    y = b.op(
        "Div", x, b.weight([layer], f"deviation{x.ndim if x.shape else len(shape)}", deviation)
    )
    return _scaled(e, layer, y, shape)


def normalization(e, layer, x):
    b = e.b
    if not layer.built:  # it has no weights if mean and variance were given
        layer.build(x.shape)
    x = b.cast(x, layer.dtype)
    variance = np.asarray(layer.variance, x.dtype)
    mean = b.constant(np.asarray(layer.mean, x.dtype), "mean")
    deviation = b.constant(np.maximum(np.sqrt(variance), x.dtype.type(1e-7)), "deviation")
    if layer.invert:
        return b.op("Add", b.op("Mul", x, deviation), mean)
    return b.op("Div", b.op("Sub", x, mean), deviation)


def unit_normalization(e, layer, x):
    b = e.b
    x = b.cast(x, layer.dtype)
    axes = positive_axes(layer, layer.axis, x.ndim)
    squares = b.reduce("ReduceSum", b.op("Mul", x, x), axes, True)
    return b.op("Div", x, b.op("Sqrt", b.op("Max", squares, b.scalar(1e-24, x.dtype))))


def group_normalization(e, layer, x, mask=None):
    if mask is not None:
        raise ValueError(
            f"{layer} cannot be exported to ONNX behind a mask: normalise each step by itself, "
            "with LayerNormalization, or leave the mask out."
        )
    b, rank = e.b, x.ndim
    x = b.cast(x, layer.dtype)
    (axis,) = positive_axes(layer, layer.axis, rank)
    variable = layer.gamma if layer.gamma is not None else layer.beta
    size = variable.shape[0] if variable is not None else x.shape[axis]
    groups = size if layer.groups == -1 else layer.groups
    parts = [groups, size // groups]
    before, after = b.sizes(x, 0, axis), b.sizes(x, axis + 1)
    y = b.reshape(x, before, *parts, after)
    axes = [a for a in range(1, rank + 1) if a != axis]
    centred = b.op("Sub", y, b.reduce("ReduceMean", y, axes, True))
    variance = b.reduce("ReduceMean", b.op("Mul", centred, centred), axes, True)
    root = b.op("Sqrt", b.op("Add", variance, b.scalar(layer.epsilon, x.dtype)))
    y = b.reshape(b.op("Div", centred, root), b.sizes(x))
    return _scaled(e, layer, y, [-1 if a == axis else 1 for a in range(rank)])
