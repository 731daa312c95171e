"""Convolutions whose gradients are as fast within a compiled loop as outside.

On a CPU, XLA is fast at convolutions of maps `(batch, space..., channels)` with kernels
`(window..., in, out)`. It brings other orders into this one, but not in the body of a loop: there
JAX's gradients of a convolution, which are convolutions in other orders, take up to 80 times as
long. The gradients of this one are convolutions in that order.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir


def convolution(maps, kernel, strides, padding: str, dilation, groups: int = 1) -> jax.Array:
    """`y[p] = sum_k x[p * strides + k * dilation] K[k]`, where `p` and `k` are places in space.

    Args:
        maps: `x`, `(batch, space..., channels)`.
        kernel: `K`, `(window..., channels / groups, filters)`, of the same dtype.
        strides: places from window to window, a number for each axis of space.
        padding: "VALID", or "SAME": zeros around the maps.
        dilation: places from tap to tap, a number for each axis of space.
        groups: how many groups channels and filters are split into.

    Returns:
        `(batch, new_space..., filters)`.
    """
    return _convolution_p.bind(
        maps,
        kernel,
        strides=tuple(strides),
        padding=padding,
        spread=(1,) * len(strides),
        dilation=tuple(dilation),
        groups=groups,
    )


def check_steps(what, strides, dilation) -> None:
    """Refuse windows that are apart and have gaps; both are numbers, or one for each axis."""
    if np.max(strides) > 1 and np.max(dilation) > 1:
        raise ValueError(
            f"{what} cannot have both strides > 1 and dilation_rate > 1. Received: "
            f"strides={strides}, dilation_rate={dilation}"
        )


def transposed_convolution(maps, kernel, strides, zeros, dilation) -> jax.Array:
    """`y[p * strides + k * dilation] += x[p] K[k]^T`, where `p` and `k` are places in space.

    Args:
        maps: `x`, `(batch, space..., channels)`.
        kernel: `K`, `(window..., filters, channels)`, of the same dtype.
        strides: places of the output from window to window, a number for each axis of space.
        zeros: how many stand before and behind the maps, a pair for each axis of space; with
            window - 1 all windows are whole.
        dilation: places from tap to tap, a number for each axis of space.

    Returns:
        `(batch, new_space..., filters)`.
    """
    mirrored = jnp.flip(kernel, range(kernel.ndim - 2)).swapaxes(-1, -2)
    return _convolution_p.bind(
        maps,
        mirrored,
        strides=(1,) * len(strides),
        padding=tuple(zeros),
        spread=tuple(strides),
        dilation=tuple(dilation),
        groups=1,
    )


def compute_plainly(maps, kernel, *, strides, padding, spread, dilation, groups):
    """The same with any padding, and with the maps' places `spread` apart and zeros between."""
    space = "XYZ"[: maps.ndim - 2]
    return lax.conv_general_dilated(
        maps,
        kernel,
        window_strides=strides,
        padding=padding,
        lhs_dilation=spread,
        rhs_dilation=dilation,
        feature_group_count=groups,
        dimension_numbers=(f"N{space}C", f"{space}IO", f"N{space}C"),
    )


def _extent(size, apart: int):
    """How many places `size` numbers take that are so far apart."""
    return (size - 1) * apart + 1


def _places(maps, kernel, results, strides, padding, spread, dilation):
    """For each axis of space: the extents of maps, window and results, and the zeros before."""
    space = tuple(map(_extent, maps[1:-1], spread))
    window = tuple(map(_extent, kernel[:-2], dilation))
    if isinstance(padding, str):
        padding = lax.padtype_to_pads(space, window, strides, padding)
    results = map(_extent, results[1:-1], strides)
    return zip(space, window, results, (before for before, _ in padding), strict=True)


def _towards_maps(gradient, maps, kernel, *, strides, padding, spread, dilation, groups):
    """Gradients go back to where they came from: a convolution with the mirrored kernel."""
    maps = maps.aval
    if 0 in gradient.shape:
        return jnp.zeros(maps.shape, maps.dtype)
    shapes = maps.shape, kernel.shape, gradient.shape
    places = _places(*shapes, strides, padding, spread, dilation)
    *window, channels, filters = kernel.shape
    mirrored = jnp.flip(kernel, range(len(window)))
    mirrored = mirrored.reshape(*window, channels, groups, filters // groups).swapaxes(-3, -1)
    return _convolution_p.bind(
        gradient,
        mirrored.reshape(*window, filters // groups, groups * channels),
        strides=spread,
        padding=tuple((w - 1 - before, m + before - r) for m, w, r, before in places),
        spread=strides,
        dilation=dilation,
        groups=groups,
    )


def _towards_kernel(gradient, maps, kernel, *, strides, padding, spread, dilation, groups):
    """Maps times gradients, summed up over rows and places: rows are taken for channels."""
    kernel = kernel.aval
    if 0 in gradient.shape:
        return jnp.zeros(kernel.shape, kernel.dtype)
    shapes = maps.shape, kernel.shape, gradient.shape
    places = _places(*shapes, strides, padding, spread, dilation)
    rows, *space, channels = maps.shape
    by_group = jnp.moveaxis(
        maps.reshape(rows, *space, groups, channels // groups), (-1, 0), (0, -1)
    )
    sums = _convolution_p.bind(
        by_group.reshape(channels // groups, *space, groups * rows),
        jnp.moveaxis(gradient, 0, -2),
        strides=dilation,
        padding=tuple((before, w - 1 + r - m - before) for m, w, r, before in places),
        spread=spread,
        dilation=strides,
        groups=groups,
    )
    return jnp.moveaxis(sums, 0, -2)


def _map_over(arrays, axes, **options):
    return jax.vmap(functools.partial(compute_plainly, **options), axes)(*arrays), 0


def _result_type(*arrays, **options):
    return jax.make_jaxpr(functools.partial(compute_plainly, **options))(*arrays).out_avals[0]


_convolution_p = Primitive("convolution")
_convolution_p.def_impl(
    jax.jit(compute_plainly, static_argnames=("strides", "padding", "spread", "dilation", "groups"))
)
_convolution_p.def_abstract_eval(_result_type)
ad.defbilinear(_convolution_p, _towards_maps, _towards_kernel)
batching.primitive_batchers[_convolution_p] = _map_over
mlir.register_lowering(_convolution_p, mlir.lower_fun(compute_plainly, multiple_results=False))
