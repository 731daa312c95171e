"""Convolutions and pooling along time and over pictures, in ONNX's own operators."""

from __future__ import annotations

from typing import Any

import numpy as np

from cello.layers.convolution import zeros_at_the_ends
from cello.layers.window import by_axis
from cello.saving.onnx.builder import Value


def _first(x_rank: int) -> list[int]:
    """The order of axes with the features behind the batch."""
    return [0, x_rank - 1, *range(1, x_rank - 1)]


def _last(x_rank: int) -> list[int]:
    return [0, *range(2, x_rank), 1]


def slide(e, layer, x, name: str, make, groups: int) -> Value:
    """A convolution with the padding, steps and taps of a layer.

    Args:
        x: `(batch, space..., features)`.
        name: of the kernel.
        make: function that gives it, `(window..., features / groups, filters)`.
        groups: how many groups the features are split into.
    """
    b, sizes = e.b, by_axis(layer.kernel_size)
    strides, taps = list(by_axis(layer.strides)), list(by_axis(layer.dilation_rate))
    rank = len(sizes) + 2

    def turned():
        kernel = make()
        return kernel.transpose(rank - 1, rank - 2, *range(rank - 2))

    reach = [t * (n - 1) for t, n in zip(taps, sizes, strict=True)]
    padding: dict[str, Any] = {}
    x = b.op("Transpose", b.cast(x, layer.dtype), perm=_first(rank))
    if layer.padding == "causal":
        padding["pads"] = [*reach, 0]
    elif layer.padding == "same" and max(strides) == 1:
        padding["pads"] = [r // 2 for r in reach] + [r - r // 2 for r in reach]
    elif layer.padding == "same":  # then there is no dilation
        x = b.op("Pad", x, _same(b, x, sizes, strides), b.scalar(0, x.dtype))
    y = b.op(
        "Conv", x, b.weight([layer], name, turned), strides=strides, dilations=taps, group=groups,
        **padding,
    )  # fmt: skip
    return b.op("Transpose", y, perm=_last(rank))


def _by_feature(e, layer, x, name: str) -> Value:
    features = getattr(layer, name).shape[1]

    def make():
        kernel = getattr(layer, name).numpy()
        return kernel.reshape(kernel.shape[0], 1, -1)

    return slide(e, layer, x, name, make, features)


def convolution(finish):
    """The layers that slide one kernel; `finish` adds the bias and applies the activation."""

    def write(e, layer, x):
        return finish(e, layer, slide(e, layer, x, "kernel", layer.kernel.numpy, layer.groups))

    return write


def depthwise(finish):
    return lambda e, layer, x: finish(e, layer, _by_feature(e, layer, x, "kernel"))


def separable(finish):
    def write(e, layer, x):
        y = _by_feature(e, layer, x, "depthwise_kernel")
        kernel = e.b.weight([layer], "pointwise", lambda: layer.pointwise_kernel.numpy()[0])
        return finish(e, layer, e.b.op("MatMul", y, kernel))

    return write


def transposed(finish):
    def write(e, layer, x):
        b = e.b
        window = (layer.kernel_size - 1) * layer.dilation_rate + 1
        before, after = zeros_at_the_ends(
            window, layer.strides, layer.padding, layer.output_padding
        )
        kernel = b.weight([layer], "kernel", lambda: layer.kernel.numpy().transpose(2, 1, 0))
        y = b.op(
            "ConvTranspose", b.op("Transpose", b.cast(x, layer.dtype), perm=[0, 2, 1]), kernel,
            strides=[layer.strides], dilations=[layer.dilation_rate],
            pads=[window - 1 - before, max(window - 1 - after, 0)],
            output_padding=[max(after - window + 1, 0)],
        )  # fmt: skip
        return finish(e, layer, b.op("Transpose", y, perm=[0, 2, 1]))

    return write


def pooling(kind: str):
    """The layers that take the greatest or the mean of windows."""

    def write(e, layer, x):
        if kind == "MaxPool" and not np.issubdtype(x.dtype, np.floating):
            raise ValueError(f"{layer}: ONNX pools floating numbers, and the input is {x.dtype}.")
        b, size = e.b, by_axis(layer.pool_size)
        strides = by_axis(layer.strides or layer.pool_size)
        rank = len(size) + 2
        x = b.cast(x, layer.dtype) if kind == "AveragePool" else x
        y = b.op("Transpose", x, perm=_first(rank))

        def pool(y):
            return b.op(kind, y, kernel_shape=list(size), strides=list(strides))

        if layer.padding == "same":
            pads = _same(b, y, size, strides)
            number = -np.inf if kind == "MaxPool" else 0
            padded = pool(b.op("Pad", y, pads, b.scalar(number, x.dtype)))
            if kind == "AveragePool":  # zeros of padding do not count
                ones = b.op("Expand", b.scalar(1, x.dtype), b.sizes(y))
                counted = pool(b.op("Pad", ones, pads, b.scalar(0, x.dtype)))
                padded = b.op("Div", padded, counted)
            y = padded
        else:
            y = pool(y)
        return b.op("Transpose", y, perm=_last(rank))

    return write


def _same(b, x: Value, window, strides) -> Value:
    """The pads of "same", which depend on the sizes of `x` `(batch, features, space...)`."""
    before, after = [], []
    for axis, (length, step) in enumerate(zip(window, strides, strict=True), 2):
        size = b.sizes(x, axis, axis + 1)
        whole = b.op("Div", b.op("Add", size, b.integers(step - 1)), b.integers(step))
        reach = b.op("Mul", b.op("Sub", whole, b.integers(1)), b.integers(step))
        total = b.op("Sub", b.op("Add", reach, b.integers(length)), size)
        total = b.op("Max", total, b.integers(0))
        before.append(b.op("Div", total, b.integers(2)))
        after.append(b.op("Sub", total, before[-1]))
    return b.shape(0, 0, *before, 0, 0, *after)


def over_pictures(kind: str):
    def write(e, layer, x):
        x = e.b.cast(x, layer.dtype) if kind == "ReduceMean" else x
        return e.b.reduce(kind, x, [1, 2], layer.keepdims)

    return write
