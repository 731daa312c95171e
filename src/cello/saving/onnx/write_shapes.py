"""Functions of `cello.ops` that only move numbers, in ONNX: slices, reshapes, joins."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from cello.core.variable import Variable
from cello.saving.onnx.builder import FIRST_INDEX, LAST_INDEX, Value

# ---------------------------------------------------------------------------------- the operands


def as_value(e, x, dtype=None) -> Value:
    """A tensor of the graph, or a number or array as a constant."""
    if isinstance(x, Value):
        return x if dtype is None else e.b.cast(x, dtype)
    array = np.asarray(x.value if isinstance(x, Variable) else x)
    if dtype is None and array.dtype in (np.float64, np.int64) and not isinstance(x, np.ndarray):
        dtype = jnp.result_type(x)  # a number of Python
    return e.b.constant(array.astype(dtype or array.dtype))


def common_dtype(*operands):
    """The dtype that JAX computes with."""
    return np.dtype(jnp.result_type(*[x.dtype if isinstance(x, Value) else x for x in operands]))


def out_dtype(e):
    return np.dtype(e.specs[0].dtype)


def rank(x) -> int:
    return x.ndim if isinstance(x, Value) else np.ndim(x)


def axes_of(axis, x) -> list[int] | None:
    if axis is None:
        return None
    return [int(i) % rank(x) for i in (axis if isinstance(axis, (list, tuple)) else [axis])]


# -------------------------------------------------------------------------------------- shapes


def reshape(e, x, newshape):
    shape = [newshape] if isinstance(newshape, (int, np.integer)) else newshape
    return e.b.op("Reshape", as_value(e, x), e.b.integers(*map(int, shape)), allowzero=1)


def transpose(e, x, axes=None):
    axes = range(rank(x))[::-1] if axes is None else [int(i) % rank(x) for i in axes]
    return e.b.op("Transpose", as_value(e, x), perm=list(axes))


def swapaxes(e, x, axis1, axis2):
    order = list(range(rank(x)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(e, x, order)


def moveaxis(e, x, source, destination):
    sources, places = axes_of(source, x) or [], axes_of(destination, x) or []
    order = [i for i in range(rank(x)) if i not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return transpose(e, x, order)


def squeeze(e, x, axis=None):
    axes = axes_of(axis, x)
    if axes is None:
        axes = [i for i, d in enumerate(x.shape) if d == 1]
    return e.b.squeeze(as_value(e, x), *axes)


def expand_dims(e, x, axis):
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    total = rank(x) + len(axes)
    return e.b.unsqueeze(as_value(e, x), *sorted(int(i) % total for i in axes))


def concatenate(e, xs, axis=0):
    dtype = out_dtype(e)
    values = [as_value(e, x, dtype) for x in xs]
    if axis is None:
        values, axis = [e.b.reshape(x, -1) for x in values], 0
    return e.b.op("Concat", *values, axis=int(axis))


def stack(e, x, axis=0):
    dtype = out_dtype(e)
    place = int(axis) % (rank(x[0]) + 1)
    values = [e.b.unsqueeze(as_value(e, part, dtype), place) for part in x]
    return e.b.op("Concat", *values, axis=place)


def split(e, x, indices_or_sections, axis=0):
    axis = int(axis) % rank(x)
    sizes = [s.shape[axis] for s in e.specs]
    if not all(isinstance(d, int) for d in sizes):
        raise NotImplementedError("needs the size of the axis to be known")
    return e.b.split(as_value(e, x), sizes, axis)


def unstack(e, x, num=None, axis=0):
    parts = e.b.split(as_value(e, x), [1] * len(e.specs), int(axis))
    return [e.b.squeeze(p, int(axis)) for p in parts]


def flip(e, x, axis=None):
    value = as_value(e, x)
    for i in axes_of(axis, x) or range(rank(x)):
        value = e.b.flip(value, i)
    return value


def tile(e, x, repeats):
    reps = list(repeats) if isinstance(repeats, (list, tuple)) else [repeats]
    x_rank = rank(x)
    value = as_value(e, x)
    if len(reps) > x_rank:
        value = e.b.unsqueeze(value, *range(len(reps) - x_rank))
    reps = [1] * (x_rank - len(reps)) + [int(r) for r in reps]
    return e.b.op("Tile", value, e.b.integers(*reps))


def repeat(e, x, repeats, axis=None):
    if axis is None or not isinstance(repeats, (int, np.integer)):
        raise NotImplementedError("needs one number and an axis")
    axis, b = int(axis) % rank(x), e.b
    parts = b.unsqueeze(as_value(e, x), axis + 1)
    times = [1] * (rank(x) + 1)
    times[axis + 1] = int(repeats)
    wide = b.op("Tile", parts, b.integers(*times))
    before = [b.sizes(wide, 0, axis)] if axis else []
    after = [b.sizes(wide, axis + 2)] if axis + 1 < rank(x) else []
    return b.reshape(wide, *before, -1, *after)


def broadcast_to(e, x, shape):
    return e.b.op("Expand", as_value(e, x), e.b.integers(*map(int, shape)))


def take(e, x, indices, axis=None):
    x, axis = as_value(e, x), axis
    if axis is None:
        x, axis = e.b.reshape(x, -1), 0
    return e.b.op("Gather", x, as_value(e, indices), axis=int(axis))


def filled_like(number):
    def export(e, x):
        value = e.b.onnx.numpy_helper.from_array(np.full(1, number, out_dtype(e)))
        shape = e.b.sizes(as_value(e, x))
        return e.b.op("ConstantOfShape", shape, dtype=out_dtype(e), value=value)

    return export


def getitem(e, x, key):
    """Numbers, slices, `...`, `None`, and at most one array of integers."""
    keys = list(key) if isinstance(key, tuple) else [key]
    used = sum(k is not None and k is not Ellipsis for k in keys)
    if Ellipsis in [k for k in keys if not hasattr(k, "shape")]:
        place = next(i for i, k in enumerate(keys) if k is Ellipsis)
        keys[place : place + 1] = [slice(None)] * (rank(x) - used)
    b, value, axis, place = e.b, as_value(e, x), 0, 0
    slices: list[tuple[int, int, int, int]] = []
    gathers: list[tuple[int, Any]] = []
    new: list[int] = []
    arrays = [k for k in keys if hasattr(k, "shape") and rank(k) > 0]
    for k in keys:
        if k is None:
            new.append(place)
            place += 1
            continue
        if isinstance(k, slice):
            parts = [k.start, k.stop, k.step]
            if not all(p is None or isinstance(p, (int, np.integer)) for p in parts):
                raise NotImplementedError("takes whole numbers as ends of a slice")
            step = 1 if k.step is None else int(k.step)
            first, last = (0, LAST_INDEX) if step > 0 else (LAST_INDEX, FIRST_INDEX)
            start = first if k.start is None else int(k.start)
            stop = last if k.stop is None else int(k.stop)
            if (start, stop, step) != (0, LAST_INDEX, 1):
                slices.append((axis, start, stop, step))
            place += 1
        elif isinstance(k, (bool, np.bool_)) or (hasattr(k, "dtype") and k.dtype == bool):
            raise NotImplementedError("by a boolean has no fixed size: use ops.where")
        else:
            gathers.append((axis, k))
            place += rank(k)
        axis += 1
    if arrays and (len(gathers) > 1):
        raise NotImplementedError("takes one array of places at most: use ops.take for each")
    if slices:
        axes, starts, stops, steps = (b.integers(*c) for c in zip(*slices, strict=True))
        value = b.op("Slice", value, starts, stops, axes, steps)
    for at, k in reversed(gathers):
        index = as_value(e, k, None if hasattr(k, "shape") else np.int64)
        value = b.op("Gather", value, index, axis=at)
    return b.unsqueeze(value, *new) if new else value


SHAPES: dict[str, Any] = {
    "reshape": reshape,
    "transpose": transpose,
    "swapaxes": swapaxes,
    "moveaxis": moveaxis,
    "squeeze": squeeze,
    "expand_dims": expand_dims,
    "concatenate": concatenate,
    "stack": stack,
    "split": split,
    "unstack": unstack,
    "flip": flip,
    "tile": tile,
    "repeat": repeat,
    "broadcast_to": broadcast_to,
    "take": take,
    "getitem": getitem,
    "zeros_like": filled_like(0),
    "ones_like": filled_like(1),
}
"""Name in `cello.ops` to a function of the exporter and what the one in `cello.ops` takes."""
