"""Which primitives of JAX keep the rows of a batch apart.

A primitive is seen in two programs, for `SIZES` rows; the axis of the rows is the one whose size
differs. It may have several elements for each row, as where the steps of all rows stand in one
line: those of a row are neighbours, and the rows are in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.extend.core import Primitive

SIZES = 11, 13
"""The numbers of rows."""

_apart = Primitive("keep_apart")
_apart.multiple_results = True
_apart.def_abstract_eval(lambda *_, outputs, by_row: list(outputs))


def keep_apart(given: list[Any], by_row, others):
    """Stand-ins for what is computed of arrays by a part that is known to keep rows apart.

    Args:
        given: the arrays.
        by_row: tree of shapes and dtypes: what has the rows in front if an array of `given` has.
        others: the same of what counts the rows, as it should, and has none.
    """
    flat, structure = jax.tree.flatten((by_row, others))
    outputs = tuple(jax.core.ShapedArray(s.shape, s.dtype, weak_type=s.weak_type) for s in flat)
    n = len(jax.tree.leaves(by_row))
    by_row, others = jax.tree.unflatten(structure, _apart.bind(*given, outputs=outputs, by_row=n))
    return *by_row, *others


class Value(NamedTuple):
    """What stands in the same place of both programs; `axis` is that of the rows."""

    shape: tuple[int, ...]
    dtype: Any
    axis: int | None


NOWHERE = -1
"""The axis of a value in which rows do not lie along one axis."""


def value_in_both(one, two) -> Value:
    axes: list[int] = [NOWHERE]
    if len(one.shape) == len(two.shape):
        sizes = list(zip(one.shape, two.shape, strict=True))
        axes = [i for i, (m, n) in enumerate(sizes) if m != n]
        if len(axes) > 1 or any(m * SIZES[1] != n * SIZES[0] for m, n in sizes if m != n):
            axes = [NOWHERE]
    return Value(one.shape, one.dtype, axes[0] if axes else None)


def keeps_apart(one, two) -> bool:
    """Whether a step of both programs gives elements that depend on their own row alone."""
    name = one.primitive.name
    inputs = [value_in_both(a.aval, b.aval) for a, b in zip(one.invars, two.invars, strict=True)]
    outputs = [value_in_both(a.aval, b.aval) for a, b in zip(one.outvars, two.outvars, strict=True)]
    compared = set(one.params) - set(_SIZES_IN.get(name, ()))
    if not all(_same(one.params[key], two.params[key]) for key in compared):
        return False
    values = *inputs, *outputs
    if all(v.axis is None for v in values) and name != _apart.name:
        return True
    if name not in _KEEPING or any(v.axis == NOWHERE for v in values):
        return False
    come, go = (any(v.axis is not None for v in vs) for vs in (inputs, outputs))
    if name != _apart.name and come and any(v.axis is None for v in outputs):
        return False
    if go and not come and name not in _MAKING:
        return False
    return _KEEPING[name](inputs, outputs, one.params)


def _same(one, two) -> bool:
    return one is two or (not isinstance(one, np.ndarray) and one == two)


# What computes each element by itself, of arguments of one shape (or of scalars beside them).
_ELEMENTWISE = """
abs acos acosh add add_any and asin asinh atan atan2 atanh bessel_i0e bessel_i1e
bitcast_convert_type cbrt ceil clamp clz complex conj convert_element_type copy copy_p cos cosh
digamma div eq eq_to erf erf_inv erfc exp exp2 expm1 floor ge gt igamma igammac imag integer_pow
is_finite le le_to lgamma log log1p logistic lt lt_to max min mul mulhi name ne neg nextafter not or
polygamma population_count pow random_fold_in random_seed random_unwrap random_wrap real
reduce_precision regularized_incomplete_beta rem round rsqrt select_n shift_left
shift_right_arithmetic shift_right_logical sign sin sinh sqrt square stop_gradient sub tan tanh xor
zeta
""".split()

# By primitive: the parameters that say sizes, and functions of which the name says enough.
_SIZES_IN = {
    "broadcast_in_dim": ("shape",),
    "dynamic_slice": ("slice_sizes",),
    "gather": ("slice_sizes",),
    "iota": ("shape",),
    "keep_apart": ("outputs",),
    "random_bits": ("shape",),
    "random_split": ("shape",),
    "reshape": ("new_sizes",),
    "scatter": ("update_jaxpr", "update_consts"),
    "scatter-add": ("update_jaxpr", "update_consts"),
    "slice": ("limit_indices",),
}
_MAKING = {"broadcast_in_dim", "iota", "random_bits", "random_split"}
"""Those that make rows of none: all alike, numbered, or random."""


def _always(inputs, outputs, params):
    return True


def _beside(name: str):
    """For what works along axes."""

    def keeps(inputs, outputs, params):
        axes = params[name] if isinstance(params[name], tuple) else (params[name],)
        return not any(v.axis in axes for v in inputs)

    return keeps


def _broadcast(inputs, outputs, params):
    axis = inputs[0].axis
    return axis is None or params["broadcast_dimensions"][axis] == outputs[0].axis


def _reshape(inputs, outputs, params):
    before = [math.prod(v.shape[: v.axis]) for v in (inputs[0], outputs[0])]
    return before[0] == before[1]


def _pad(inputs, outputs, params):
    return tuple(params["padding_config"][inputs[0].axis]) == (0, 0, 0)


def _tile(inputs, outputs, params):
    return params["reps"][inputs[0].axis] == 1


def _slice(inputs, outputs, params):
    (x,) = inputs
    strides = params["strides"] or (1,) * len(x.shape)
    found = (params[p][x.axis] for p in ("start_indices", "limit_indices"))
    return (*found, strides[x.axis]) == (0, x.shape[x.axis], 1)


def _dynamic_slice(inputs, outputs, params):
    return params["slice_sizes"][inputs[0].axis] == inputs[0].shape[inputs[0].axis]


def _dynamic_update_slice(inputs, outputs, params):
    x, update = inputs[:2]
    return x.axis == update.axis and x.shape[x.axis] == update.shape[x.axis]


def _dot(inputs, outputs, params):
    (x, y), ((x_summed, y_summed), (x_batch, y_batch)) = inputs, params["dimension_numbers"]
    if x.axis in x_summed or y.axis in y_summed:
        return False
    if x.axis is None or y.axis is None:
        return True
    return (x.axis, y.axis) in zip(x_batch, y_batch, strict=True)


def _gather(inputs, outputs, params):
    (x, indices), how = inputs, params["dimension_numbers"]
    if x.axis is None:
        return True
    pairs = zip(how.operand_batching_dims, how.start_indices_batching_dims, strict=True)
    if (x.axis, indices.axis) in pairs:
        return True
    whole = params["slice_sizes"][x.axis] == x.shape[x.axis]
    return indices.axis is None and whole and x.axis not in how.start_index_map


def _scatter(inputs, outputs, params):
    (x, indices, updates), how = inputs, params["dimension_numbers"]
    batching = how.operand_batching_dims
    if x.axis is None or updates.axis is None:
        return False
    if x.axis in batching:
        places = [i for i in range(len(updates.shape)) if i not in how.update_window_dims]
        wanted = how.scatter_indices_batching_dims[batching.index(x.axis)]
        return indices.axis == wanted and updates.axis == places[wanted]
    if indices.axis is not None or x.axis in how.scatter_dims_to_operand_dims:
        return False
    hidden = (*how.inserted_window_dims, *batching)
    window = [i for i in range(len(x.shape)) if i not in hidden]
    return updates.axis == how.update_window_dims[window.index(x.axis)]


def _convolve(inputs, outputs, params):
    (maps, kernel), batch = inputs, params["dimension_numbers"].lhs_spec[0]
    return maps.axis == batch and kernel.axis is None and params["batch_group_count"] == 1


def _fft(inputs, outputs, params):
    return inputs[0].axis < len(inputs[0].shape) - len(params["fft_lengths"])


def _draw(inputs, outputs, params):
    """Random numbers of a row are the same whatever follows, if the rows come first."""
    keys, drawn = inputs[0], outputs[0]
    by_place = jax.config.jax_threefry_partitionable  # type: ignore[attr-defined]
    if not by_place or str(keys.dtype) != "key<fry>":
        return False
    return drawn.axis <= len(keys.shape) and keys.axis in (None, drawn.axis)


def _let_pass(inputs, outputs, params):
    """A part that is known to keep rows apart if they are in front; see `keep_apart`."""
    n = params["by_row"]
    if all(v.axis is None for v in inputs):  # what it counts would be counted of other rows
        return n == len(outputs) and all(v.axis is None for v in outputs)
    return (
        all(v.axis in (None, 0) for v in inputs)
        and all(v.axis == 0 for v in outputs[:n])
        and all(v.axis is None for v in outputs[n:])
    )


_KEEPING: dict[str, Callable] = {
    **dict.fromkeys(_ELEMENTWISE, _always),
    **dict.fromkeys(
        "argmax argmin reduce_and reduce_max reduce_min reduce_or reduce_prod reduce_sum "
        "reduce_xor".split(),
        _beside("axes"),
    ),
    **dict.fromkeys(
        "cumlogsumexp cummax cummin cumprod cumsum split top_k unstack".split(), _beside("axis")
    ),
    **dict.fromkeys(("concatenate", "sort"), _beside("dimension")),
    **dict.fromkeys(("random_bits", "random_split"), _draw),
    **dict.fromkeys(("scatter", "scatter-add"), _scatter),
    "broadcast_in_dim": _broadcast,
    "conv_general_dilated": _convolve,
    "dot_general": _dot,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "fft": _fft,
    "gather": _gather,
    "iota": _always,
    "pad": _pad,
    "reshape": _reshape,
    "rev": _beside("dimensions"),
    "slice": _slice,
    "squeeze": _always,
    "stack": _always,
    "tile": _tile,
    "transpose": _always,
    _apart.name: _let_pass,
}
