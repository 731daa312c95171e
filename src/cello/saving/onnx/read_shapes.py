"""Operators that only move numbers, and those that work shapes out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cello import layers
from cello.core.files import ModelFileError
from cello.core.loading import AXES
from cello.saving.onnx.budget import check_sizes
from cello.saving.onnx.file import OnnxNode
from cello.saving.onnx.reader import ops
from cello.saving.onnx.tensors import D, Filled, Tensor, bound, plain


def is_host(value) -> bool:
    """Whether it is a constant or a shape."""
    return isinstance(value, np.ndarray)


def positive(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise ModelFileError(f"An axis {axis} of a tensor of {rank} axes.")
    return axis % rank


def whole_numbers(node: OnnxNode, value, what: str) -> list[int]:
    if is_host(value) and value.size > max(AXES, len(node.outputs)):
        raise ModelFileError(f"{node}: it has {value.size} {what}.")
    if not is_host(value) or not all(isinstance(v, int) for v in value.reshape(-1).tolist()):
        raise ModelFileError(f"{node}: its {what} are not constants of the file.")
    return value.reshape(-1).tolist()


def axes_given(r, node: OnnxNode, axes) -> list[int] | None:
    """The axes of a node: an input, or an attribute as in older files."""
    if axes is None:
        axes = node.attributes.get("axes")
    return axes if axes is None else whole_numbers(node, np.asarray(axes), "axes")


def as_host(sizes) -> np.ndarray:
    """Sizes as an array of int64, or of objects where some are free."""
    if all(isinstance(d, (int, np.integer)) for d in sizes):
        return np.array([int(d) for d in sizes], np.int64)
    array = np.empty(len(sizes), object)
    for i, d in enumerate(sizes):
        array[i] = d
    return array


def same(r, node, x, *more):
    return x


def shape(r, node, x):
    dims = r.dims(x)
    return as_host(dims[node.attributes.get("start", 0) : node.attributes.get("end")])


def constant_of_shape(r, node, sizes):
    value = node.attributes.get("value", np.zeros(1, np.float32))
    if value.size != 1 or not is_host(sizes) or sizes.ndim != 1:
        raise ModelFileError(f"{node}: its shape is not known.")
    return Filled(value.reshape(-1)[0], sizes.tolist())


def make_range(r, node, start, limit, delta):
    ends = [np.asarray(v).reshape(-1) for v in (start, limit, delta)]
    if not all(is_host(v) and v.size == 1 for v in (start, limit, delta)):
        raise ModelFileError(f"{node}: its ends are not known.")
    first, last, step = (v[0] for v in ends)
    dtype = ends[0].dtype
    if any(v.dtype == object for v in ends):
        if (first, step) != (0, 1):
            raise ModelFileError(f"{node}: up to a free size it must start at 0.")
        return plain(r.steps(last))
    first, last, step = (v.item() for v in (first, last, step))  # whose differences do not wrap
    (count,) = bound([max(0, math.ceil((last - first) / step))])
    return (first + step * np.arange(count)).astype(dtype)


def transpose(r, node, x):
    rank = len(r.dims(x))
    perm = list(node.attributes.get("perm", range(rank)[::-1]))
    if sorted(perm) != list(range(rank)):
        raise ModelFileError(f"{node}: its perm={perm} does not fit {rank} axes.")
    if is_host(x):
        return x.transpose(perm)
    if isinstance(x, Filled):
        return Filled(x.number, [x.dims[a] for a in perm])
    return x.with_axes(x.axes[a] for a in perm)


def squeeze(r, node, x, axes=None):
    dims, axes = r.dims(x), axes_given(r, node, axes)
    if axes is None:
        axes = [i for i, d in enumerate(dims) if isinstance(d, int) and d == 1]
    axes = sorted(positive(a, len(dims)) for a in axes)
    if is_host(x):
        return x.squeeze(tuple(axes))
    if isinstance(x, Filled):
        return Filled(x.number, [d for i, d in enumerate(dims) if i not in axes])
    for axis in reversed(axes):
        if dims[axis] != 1:
            raise ModelFileError(f"{node}: it drops an axis of the size {dims[axis]}.")
        own = x.axes[axis]
        if own is D:
            x = x.without(axis, x.parts[0])
        elif D in x.axes:
            x = plain(ops.squeeze(r.tensor(x), axis=axis))
        else:
            x = x.without(axis, ops.squeeze(x.parts[0], axis=own))
    return x


def unsqueeze(r, node, x, axes=None):
    axes = axes_given(r, node, axes)
    if axes is None:
        raise ModelFileError(f"{node}: it has no axes.")
    rank = len(r.dims(x)) + len(axes)
    axes = sorted(positive(a, rank) for a in axes)
    if is_host(x):
        return np.expand_dims(x, tuple(axes))
    if isinstance(x, Filled):
        dims = list(x.dims)
        for a in axes:
            dims.insert(a, 1)
        return Filled(x.number, dims)
    if len(axes) == 1 and D not in x.axes:
        changed = list(x.axes)
        changed.insert(axes[0], D)
        return Tensor(tuple(changed), x.parts)
    return plain(ops.expand_dims(r.tensor(x), tuple(axes)))


# ---------------------------------------------------------------------------------- reshape


def reshape(r, node, x, target):
    if not is_host(target) or target.ndim != 1:
        raise ModelFileError(f"{node}: its shape is worked out from numbers, which is not read.")
    dims, wanted = r.dims(x), target.tolist()
    check_sizes(wanted, node)
    if not node.attributes.get("allowzero", 0):
        wanted = [
            dims[i] if isinstance(d, int) and d == 0 and i < len(dims) else d
            for i, d in enumerate(wanted)
        ]
    if sum(isinstance(d, int) and d == -1 for d in wanted) > 1:
        raise ModelFileError(f"{node}: its shape {wanted} has more than one -1.")
    if any(isinstance(d, int) and d < -1 for d in wanted):
        raise ModelFileError(f"{node}: its shape {wanted} has a negative size.")
    if is_host(x):
        return x.reshape([int(d) for d in wanted])
    if isinstance(x, Filled):
        return Filled(x.number, wanted)
    if _alike(wanted, dims):
        return x
    if _joins_parts(x, dims, wanted):
        rest = [a for a in x.axes if a is not D]
        return Tensor(tuple(rest), [x.side_by_side()])
    return plain(_reshaped(r, node, r.tensor(x), wanted))


def _alike(wanted, dims) -> bool:
    """Whether `wanted`, with a -1 or not, is `dims`."""
    return len(wanted) == len(dims) and all(
        str(w) == str(d) or (isinstance(w, int) and w == -1)
        for w, d in zip(wanted, dims, strict=True)
    )


def _joins_parts(x: Tensor, dims, wanted) -> bool:
    """Whether the parts, of a bidirectional layer say, go side by side."""
    if len(x.axes) < 2 or x.axes[-2] is not D or x.axes[-1] != len(x.part_shape) - 1:
        return False
    width = dims[-2] * dims[-1] if isinstance(dims[-1], int) else -1
    return _alike(wanted, [*dims[:-2], width])


def _reshaped(r, node, t, wanted):
    free = [i for i, d in enumerate(wanted) if not isinstance(d, int) or d == -1]
    own = t.spec.shape
    if len(wanted) > 1 and wanted and str(wanted[0]) == str(own[0]) and len(free) - (
        0 in free
    ) <= 1:  # fmt: skip
        sizes = [d if isinstance(d, int) else -1 for d in wanted[1:]]
        if all(d > 0 or d == -1 for d in sizes):
            if sizes == [-1] and len(own) > 1:
                return layers.Flatten()(t)
            return layers.Reshape(tuple(sizes))(t)
    if len(free) > 1:
        raise ModelFileError(f"{node}: more than one size of its shape is free besides the batch.")
    return ops.reshape(t, tuple(d if isinstance(d, int) else -1 for d in wanted))


def flatten(r, node, x):
    axis = node.attributes.get("axis", 1)
    if axis != 1 or not isinstance(x, Tensor):
        raise ModelFileError(f"{node}: only with axis=1 is it read.")
    return plain(layers.Flatten()(r.tensor(x)))


def expand(r, node, x, target):
    if not is_host(target) or target.ndim != 1:
        raise ModelFileError(f"{node}: its shape is not known.")
    dims, wanted = r.dims(x), target.tolist()
    check_sizes(wanted, node)
    wanted = [1] * (len(dims) - len(wanted)) + wanted
    dims = [1] * (len(wanted) - len(dims)) + list(dims)
    result = [w if str(d) == "1" else d for d, w in zip(dims, wanted, strict=True)]
    if any(str(w) not in ("1", str(d)) for d, w in zip(result, wanted, strict=True)):
        raise ModelFileError(f"{node}: {dims} does not expand to {wanted}.")
    if is_host(x) and x.size == 1:
        return Filled(x.reshape(-1)[0], result)
    if isinstance(x, Filled):
        return Filled(x.number, result)
    if is_host(x) and all(isinstance(d, int) for d in result):
        return np.broadcast_to(x, bound(result)).copy()
    if is_host(x):
        bound([d for d in result if isinstance(d, int)])
        return plain(ops.multiply(r.tensor(Filled(x.dtype.type(1), result)), r.operand(x)))
    if [str(d) for d in result] == [str(d) for d in x.dims]:
        return x
    filled = Filled(np.zeros((), x.parts[0].dtype), result)
    return plain(ops.add(r.tensor(x), r.tensor(filled)))


# ----------------------------------------------------------------------- pieces and together


def concat(r, node, *values):
    if not values or any(v is None for v in values):
        raise ModelFileError(f"{node}: it has no inputs.")
    rank = len(r.dims(values[0]))
    axis = positive(node.attributes.get("axis", 0), rank)
    if all(is_host(v) for v in values):
        bound([sum(v.size for v in values)], *values)
        if any(v.dtype == object for v in values):
            return as_host([d for v in values for d in v.tolist()])
        return np.concatenate(values, axis)
    tensors = [v for v in values if isinstance(v, Tensor)]
    alike = len(tensors) == len(values) and all(t.axes == tensors[0].axes for t in tensors)
    if alike and tensors[0].axes[axis] is D:
        return Tensor(tensors[0].axes, [p for t in tensors for p in t.parts])
    if alike and D not in tensors[0].axes:
        own = tensors[0].axes[axis]
        layer = layers.Concatenate(own)
        return Tensor(tensors[0].axes, [layer([t.parts[0] for t in tensors])])
    return plain(ops.concatenate([r.operand(v) for v in values], axis=axis))


def split(r, node, x, sizes=None):
    axis = positive(node.attributes.get("axis", 0), len(r.dims(x)))
    given = node.attributes.get("split") if sizes is None else whole_numbers(node, sizes, "sizes")
    total, n = r.dims(x)[axis], len(node.outputs)
    if not isinstance(total, int):
        raise ModelFileError(f"{node}: it splits an axis of free size.")
    if given is None:
        step = -(-total // n)
        given = [min(step, total - step * i) for i in range(n)]
    if len(given) != n or sum(given) != total or min(given) < 0:
        raise ModelFileError(f"{node}: its sizes {given} are not those of {n} parts of {total}.")
    ends = np.cumsum(given).tolist()
    return [_piece(r, x, axis, e - s, e, 1) for s, e in zip(given, ends, strict=True)]


def _piece(r, x, axis: int, start, stop, step):
    if is_host(x):
        return x[(*[slice(None)] * axis, slice(start, stop, step))]
    if isinstance(x, Filled):
        size = x.dims[axis]
        if isinstance(size, int):
            size = len(range(size)[slice(start, stop, step)])
        elif (start, stop, step) != (None, None, 1):
            raise ModelFileError("A piece of a free size is taken.")
        return Filled(x.number, [*x.dims[:axis], size, *x.dims[axis + 1 :]])
    own = x.axes[axis]
    if own is D:
        parts = x.parts[slice(start, stop, step)]
        if not parts:
            raise ModelFileError("An empty piece is taken.")
        return Tensor(x.axes, parts)
    key = (*[slice(None)] * own, slice(start, stop, step))
    return x.map(lambda t: t[key])


def slice_axes(r, node, x, starts=None, ends=None, axes=None, steps=None):
    first, last = whole_numbers(node, starts, "starts"), whole_numbers(node, ends, "ends")
    over = list(range(len(first))) if axes is None else whole_numbers(node, axes, "axes")
    by = [1] * len(first) if steps is None else whole_numbers(node, steps, "steps")
    rank = len(r.dims(x))
    for start, stop, axis, step in zip(first, last, over, by, strict=True):
        if step == 0:
            raise ModelFileError(f"{node}: a step of 0.")
        far = 2**31 - 1
        begin = None if (start == 0 and step > 0) or (start >= far) else start
        begin = None if step < 0 and start in (-1,) else begin
        end = None if (stop >= far and step > 0) or stop <= -far else stop
        x = _piece(r, x, positive(axis, rank), begin, end, step)
    return x


def gather(r, node, x, places):
    """One place, or several, of an axis."""
    axis = positive(node.attributes.get("axis", 0), len(r.dims(x)))
    if is_host(x):
        bound([x.size // max(x.shape[axis], 1) * places.size], x)
        return np.asarray(np.take(x, places.astype(np.int64), axis))
    if isinstance(x, Filled):
        sizes = list(places.shape) if is_host(places) else r.dims(places)
        return Filled(x.number, [*x.dims[:axis], *sizes, *x.dims[axis + 1 :]])
    if not is_host(places):
        return plain(ops.take(r.tensor(x), r.tensor(places), axis=axis))
    if places.dtype == object:
        raise ModelFileError(f"{node}: it looks up a place that depends on a free size.")
    own = x.axes[axis]
    if places.ndim == 0:
        i = int(places)
        if own is D:
            return x.without(axis, x.parts[i])
        if D not in x.axes:
            key = (*[slice(None)] * own, i)
            return x.without(axis, x.parts[0][key])
    elif own is D and places.ndim == 1:
        return Tensor(x.axes, [x.parts[i] for i in places.tolist()])
    return plain(ops.take(r.tensor(x), r.in_jax(places), axis=axis))


def tile(r, node, x, times):
    times = whole_numbers(node, times, "repeats")
    if is_host(x):
        bound([d * t for d, t in zip(x.shape, times, strict=True)], x)
        return np.tile(x, times)
    if any(t < 1 for t in times):
        raise ModelFileError(f"{node}: it repeats {times} times.")
    return plain(ops.tile(r.tensor(x), tuple(times)))


SHAPES: dict[str, Any] = {
    "Identity": same,
    "Dropout": same,
    "Shape": shape,
    "ConstantOfShape": constant_of_shape,
    "Range": make_range,
    "Transpose": transpose,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Reshape": reshape,
    "Flatten": flatten,
    "Expand": expand,
    "Concat": concat,
    "Split": split,
    "Slice": slice_axes,
    "Gather": gather,
    "Tile": tile,
}
"""Operator to function; one of them, Gather, is that of constants and places alone."""
