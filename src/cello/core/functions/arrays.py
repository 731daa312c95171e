"""Functions along axes, of shapes and of matrices, with Keras' names and arguments."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import jax.scipy.special

from cello.core.dtype_policy import floatx
from cello.core.functions.elementwise import as_array, of_one, of_two

_REDUCTIONS = """
all amax amin any argmax argmin max mean median min nanargmax nanargmin nanmax nanmean nanmedian
nanmin nanprod nanstd nansum nanvar prod ptp std sum var
"""
_ALSO_TAKE = {  # beside x, axis and keepdims
    "dtype": "prod",
    "initial": "max min",
    "where": "max mean min prod sum std var",
    "ddof": "std var",
}


def _reduction(function: Callable, options: list[str]) -> Callable:
    def reduce(x, axis, keepdims, **given):
        given = {name: value for name, value in given.items() if value is not None}
        return function(as_array(x), axis=_axis(axis), keepdims=keepdims, **given)

    forms: dict[tuple[str, ...], Callable] = {
        (): lambda x, axis=None, keepdims=False: reduce(x, axis, keepdims),
        ("initial", "where"): lambda x, axis=None, keepdims=False, initial=None, *, where=None: (
            reduce(x, axis, keepdims, initial=initial, where=where)
        ),
        ("dtype", "where"): lambda x, axis=None, keepdims=False, dtype=None, *, where=None: reduce(
            x, axis, keepdims, dtype=dtype, where=where
        ),
        ("where",): lambda x, axis=None, keepdims=False, *, where=None: reduce(
            x, axis, keepdims, where=where
        ),
        ("where", "ddof"): lambda x, axis=None, keepdims=False, *, where=None, ddof=None: reduce(
            x, axis, keepdims, where=where, ddof=ddof
        ),
    }
    return forms[tuple(options)]


def _axis(axis):
    """An axis, or several as a tuple: a file has lists."""
    return tuple(axis) if isinstance(axis, list) else axis


def _quantile(function: Callable) -> Callable:
    return lambda x, q, axis=None, method="linear", keepdims=False: function(
        as_array(x), as_array(q), axis=_axis(axis), method=method, keepdims=keepdims
    )


def _cumulative(function: Callable) -> Callable:
    return lambda x, axis=None, dtype=None: function(as_array(x), axis=axis, dtype=dtype)


def _arrays(xs) -> list:
    return [as_array(x) for x in xs]


def _in_pieces(function: Callable) -> Callable:
    return lambda x, indices_or_sections: function(as_array(x), indices_or_sections)


def _of_several(function: Callable) -> Callable:
    return lambda xs: function(_arrays(xs))


def average(x, axis=None, weights=None):
    """The mean of `x` along `axis`, weighed by `weights`."""
    x = as_array(x)
    return jnp.average(x, axis, None if weights is None else as_array(weights))


def norm(x, ord=None, axis=None, keepdims=False):
    """The norm of vectors or matrices."""
    x = as_array(x)
    x = x.astype(jnp.promote_types(x.dtype, floatx()) if x.dtype.kind in "iub" else x.dtype)
    return jnp.linalg.norm(x, ord=ord, axis=_axis(axis), keepdims=keepdims)


def argsort(x, axis=-1):
    """The places of the elements of `x` in rising order."""
    x = as_array(x)
    return jnp.argsort(x, axis=axis if x.ndim else None)


def argpartition(x, kth, axis=-1):
    """The places of the elements, those of the `kth` smallest in front of the others."""
    x = as_array(x)
    return (
        jnp.argpartition(jnp.ravel(x), kth, 0) if axis is None else jnp.argpartition(x, kth, axis)
    )


def top_k(x, k, sorted=True):
    """The `k` largest elements of each row, and their places."""
    return tuple(jax.lax.top_k(as_array(x), k))


def in_top_k(targets, predictions, k):
    """Whether the class `targets` is among the `k` largest predictions of its row."""
    predictions = as_array(predictions)
    chosen = jnp.take_along_axis(predictions, as_array(targets)[..., None], axis=-1)
    chosen = jnp.where(jnp.isnan(chosen), -jnp.inf, chosen)
    return jnp.sum(predictions > chosen, axis=-1) < k


def einsum(subscripts, *operands, **options):
    """Einstein's sum."""
    operands = tuple(_arrays(operands))
    whole = operands and all(x.dtype == jnp.int8 for x in operands)
    return jnp.einsum(
        subscripts, *operands, **{"preferred_element_type": "int32" if whole else None, **options}
    )


def matmul(x1, x2):
    """The product of matrices."""
    x1, x2 = as_array(x1), as_array(x2)
    whole = x1.dtype == x2.dtype == jnp.int8
    return jnp.matmul(x1, x2, preferred_element_type="int32" if whole else None)


def pad(x, pad_width, mode="constant", constant_values=None):
    """`x` with more at the ends of its axes."""
    options = {} if constant_values is None else {"constant_values": constant_values}
    return jnp.pad(as_array(x), pad_width, mode, **options)


def unstack(x, num=None, axis=0):
    """The slices of `x` along `axis`, as a list."""
    return list(jnp.moveaxis(as_array(x), axis, 0))


def slice(inputs, start_indices, shape):
    """The part of this shape that starts there; -1 takes all that is left of an axis."""
    inputs = as_array(inputs)
    sizes = [
        inputs.shape[i] - start_indices[i] if size == -1 else size for i, size in enumerate(shape)
    ]
    return jax.lax.dynamic_slice(inputs, start_indices, sizes)


def slice_update(inputs, start_indices, updates):
    """`inputs` with `updates` in the place that starts there."""
    inputs = as_array(inputs)
    return jax.lax.dynamic_update_slice(inputs, as_array(updates, inputs.dtype), start_indices)


def scatter(indices, values, shape):
    """Zeros with `values` added at `indices`, whose last axis is a place."""
    values = as_array(values)
    return jnp.zeros(shape, values.dtype).at[_places(indices)].add(values)


def scatter_update(inputs, indices, updates, reduction=None):
    """`inputs` with `updates` at `indices`, in their place or added, multiplied and so on."""
    at = as_array(inputs).at[_places(indices)]
    ways: dict[str | None, Callable] = {
        None: at.set,
        "add": at.add,
        "max": at.max,
        "min": at.min,
        "mul": at.multiply,
    }
    if reduction not in ways:
        raise ValueError(
            f"scatter_update: reduction must be one of {list(ways)}. Received: {reduction!r}"
        )
    return ways[reduction](updates)


def _places(indices):
    return tuple(jnp.moveaxis(as_array(indices), -1, 0))


def _segments(function: Callable) -> Callable:
    def reduce(data, segment_ids, num_segments=None, sorted=False):
        if num_segments is None:
            raise ValueError("Segments need num_segments=: a compiled program has to know it.")
        ids = as_array(segment_ids)
        return function(as_array(data), ids, num_segments, indices_are_sorted=sorted)

    return reduce


def searchsorted(sorted_sequence, values, side="left"):
    """Where `values` belong in a sequence in rising order."""
    return jnp.searchsorted(as_array(sorted_sequence), as_array(values), side=side)


def cdist(x, y):
    """The distance of each row of `x` to each row of `y`."""
    apart = as_array(x)[..., :, None, :] - as_array(y)[..., None, :, :]
    return jnp.sqrt(jnp.sum(apart * apart, axis=-1))


def cholesky_inverse(x, upper=False):
    """The inverse of the matrix whose Cholesky factor is `x`."""
    x = as_array(x)
    inverse = jax.scipy.linalg.solve_triangular(
        x, jnp.eye(x.shape[-1], dtype=x.dtype), lower=not upper
    )
    return inverse @ inverse.T if upper else inverse.T @ inverse


REDUCTIONS: dict[str, Callable] = {
    **{
        name: _reduction(
            getattr(jnp, name), [o for o, names in _ALSO_TAKE.items() if name in names.split()]
        )
        for name in _REDUCTIONS.split()
    },
    **{n: _cumulative(getattr(jnp, n)) for n in ("cumprod", "cumsum", "nancumprod", "nancumsum")},
    **{
        n: _quantile(getattr(jnp, n))
        for n in ("nanpercentile", "nanquantile", "percentile", "quantile")
    },
    "count_nonzero": lambda x, axis=None: jnp.count_nonzero(as_array(x), axis).astype("int32"),
    "diff": lambda a, n=1, axis=-1: jnp.diff(as_array(a), n, axis),
    "logsumexp": lambda x, axis=None, keepdims=False: jax.scipy.special.logsumexp(
        as_array(x), axis=_axis(axis), keepdims=keepdims
    ),
    "sort": lambda x, axis=-1: jnp.sort(as_array(x), axis),
    "trapezoid": lambda y, x=None, dx=1.0, axis=-1: jnp.trapezoid(
        as_array(y), None if x is None else as_array(x), dx, axis
    ),
    **{f.__name__: f for f in (argpartition, argsort, average, norm)},
}
"""What goes along one axis, or along several."""

MOVES: dict[str, Callable] = {
    "concatenate": lambda xs, axis=0: jnp.concatenate(_arrays(xs), axis),
    "flip": lambda x, axis=None: jnp.flip(as_array(x), axis),
    "repeat": lambda x, repeats, axis=None: jnp.repeat(as_array(x), repeats, axis),
    "roll": lambda x, shift, axis=None: jnp.roll(as_array(x), shift, axis),
    "split": lambda x, indices_or_sections, axis=0: jnp.split(
        as_array(x), indices_or_sections, axis
    ),
    "array_split": lambda x, indices_or_sections, axis=0: jnp.array_split(
        as_array(x), indices_or_sections, axis
    ),
}
"""What moves numbers along one axis."""

SHAPES: dict[str, Callable] = {
    "append": lambda x1, x2, axis=None: jnp.append(as_array(x1), as_array(x2), axis),
    "broadcast_to": lambda x, shape: jnp.broadcast_to(as_array(x), shape),
    "diag": lambda x, k=0: jnp.diag(as_array(x), k),
    "diagflat": lambda x, k=0: jnp.diagflat(as_array(x), k),
    "diagonal": lambda x, offset=0, axis1=0, axis2=1: jnp.diagonal(
        as_array(x), offset, axis1, axis2
    ),
    **{name: _in_pieces(getattr(jnp, name)) for name in ("dsplit", "hsplit", "vsplit")},
    **{name: _of_several(getattr(jnp, name)) for name in ("dstack", "hstack", "vstack")},
    "expand_dims": lambda x, axis: jnp.expand_dims(as_array(x), axis),
    **{name: of_one(getattr(jnp, name)) for name in ("fliplr", "flipud", "ravel")},
    "getitem": lambda x, key: x[key],
    "meshgrid": lambda *x, indexing="xy": jnp.meshgrid(*_arrays(x), indexing=indexing),
    "moveaxis": lambda x, source, destination: jnp.moveaxis(as_array(x), source, destination),
    "reshape": lambda x, newshape: jnp.reshape(as_array(x), newshape),
    "rot90": lambda array, k=1, axes=(0, 1): jnp.rot90(as_array(array), k, _axis(axes)),
    "select": lambda condlist, choicelist, default=0: jnp.select(
        _arrays(condlist), _arrays(choicelist), default
    ),
    "squeeze": lambda x, axis=None: jnp.squeeze(as_array(x), axis),
    "stack": lambda x, axis=0: jnp.stack(_arrays(x), axis),
    "swapaxes": lambda x, axis1, axis2: jnp.swapaxes(as_array(x), axis1, axis2),
    "take": lambda x, indices, axis=None: jnp.take(as_array(x), as_array(indices), axis),
    "take_along_axis": lambda x, indices, axis=None: jnp.take_along_axis(
        as_array(x), as_array(indices), axis
    ),
    "tile": lambda x, repeats: jnp.tile(as_array(x), repeats),
    "transpose": lambda x, axes=None: jnp.transpose(as_array(x), axes),
    "tril": lambda x, k=0: jnp.tril(as_array(x), k),
    "triu": lambda x, k=0: jnp.triu(as_array(x), k),
    "unravel_index": lambda indices, shape: jnp.unravel_index(as_array(indices), shape),
    "view": lambda x, dtype=None: as_array(x).view(dtype),
    **{f.__name__: f for f in (pad, scatter, scatter_update, slice, slice_update, unstack)},
}

MADE: dict[str, Callable] = {
    "arange": lambda start, stop=None, step=None, dtype=None: jnp.arange(start, stop, step, dtype),
    "full": lambda shape, fill_value, dtype=None: jnp.full(shape, fill_value, dtype or floatx()),
    "geomspace": lambda start, stop, num=50, endpoint=True, dtype=None, axis=0: jnp.geomspace(
        start, stop, num, endpoint, dtype, axis
    ),
    "linspace": lambda start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0: (
        jnp.linspace(start, stop, num, endpoint, retstep, dtype, axis)
    ),
    "logspace": lambda start, stop, num=50, endpoint=True, base=10, dtype=None, axis=0: (
        jnp.logspace(start, stop, num, endpoint, base, dtype, axis)
    ),
    "ones": lambda shape, dtype=None: jnp.ones(shape, dtype or floatx()),
    "zeros": lambda shape, dtype=None: jnp.zeros(shape, dtype or floatx()),
}
"""Arrays of numbers and sizes."""

MATRICES: dict[str, Callable] = {
    **{name: of_two(getattr(jnp, name)) for name in "dot inner kron outer vdot".split()},
    **{name: of_one(getattr(jnp.linalg, name)) for name in "det inv".split()},
    "cholesky": lambda x, upper=False: jnp.linalg.cholesky(as_array(x), upper=upper),
    "corrcoef": lambda x: jnp.corrcoef(as_array(x)),
    "correlate": lambda x1, x2, mode="valid": jnp.correlate(as_array(x1), as_array(x2), mode),
    "cross": lambda x1, x2, axisa=-1, axisb=-1, axisc=-1, axis=None: jnp.cross(
        as_array(x1), as_array(x2), axisa, axisb, axisc, axis
    ),
    "eigh": lambda x: tuple(jnp.linalg.eigh(as_array(x))),
    "logdet": lambda x: jnp.linalg.slogdet(as_array(x))[1],
    "lstsq": lambda a, b, rcond=None: jnp.linalg.lstsq(as_array(a), as_array(b), rcond)[0],
    "lu_factor": lambda x: tuple(jax.scipy.linalg.lu_factor(as_array(x))),
    "matrix_rank": lambda x, tol=None: jnp.linalg.matrix_rank(as_array(x), tol).astype("int32"),
    "pinv": lambda x, rcond=None: jnp.linalg.pinv(as_array(x), rcond),
    "qr": lambda x, mode="reduced": tuple(jnp.linalg.qr(as_array(x), mode)),
    "slogdet": lambda x: tuple(jnp.linalg.slogdet(as_array(x))),
    "solve": lambda a, b: jnp.linalg.solve(as_array(a), as_array(b)),
    "solve_triangular": lambda a, b, lower=False: jax.scipy.linalg.solve_triangular(
        as_array(a), as_array(b), lower=lower
    ),
    "svd": lambda x, full_matrices=True, compute_uv=True: jnp.linalg.svd(
        as_array(x), full_matrices, compute_uv
    ),
    "tensordot": lambda x1, x2, axes=2: jnp.tensordot(as_array(x1), as_array(x2), axes),
    "trace": lambda x, offset=0, axis1=0, axis2=1: jnp.trace(as_array(x), offset, axis1, axis2),
    "vander": lambda x, N=None, increasing=False: jnp.vander(as_array(x), N, increasing),
    **{f.__name__: f for f in (cdist, cholesky_inverse, einsum, matmul)},
}

SEARCHES: dict[str, Callable] = {
    "allclose": lambda x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False: jnp.allclose(
        as_array(x1), as_array(x2), rtol, atol, equal_nan
    ),
    "digitize": lambda x, bins: jnp.digitize(as_array(x), as_array(bins)),
    "isin": lambda x1, x2, assume_unique=False, invert=False: jnp.isin(
        as_array(x1), as_array(x2), assume_unique, invert
    ),
    "segment_max": _segments(jax.ops.segment_max),
    "segment_min": _segments(jax.ops.segment_min),
    "segment_prod": _segments(jax.ops.segment_prod),
    "segment_sum": _segments(jax.ops.segment_sum),
    **{f.__name__: f for f in (in_top_k, searchsorted)},
}
