"""The functions of `cello.ops` that a graph, and so a file, can name: a closed list.

They are JAX's, with Keras' names, arguments and defaults. In which table a function stands says how
it runs along a sequence; what JAX traces piece by piece is counted, so that a file cannot ask for a
billion pieces. All else costs a file nothing: sizes are shapes until the model is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import scipy

from cello.core.functions.arrays import MADE, MATRICES, MOVES, REDUCTIONS, SEARCHES, SHAPES, top_k
from cello.core.functions.elementwise import ELEMENTWISE
from cello.core.functions.neural import ALONG_LAST, NEURAL, binary_crossentropy
from cello.core.functions.signal import SIGNAL

STEPWISE: Mapping[str, Callable] = {**ELEMENTWISE, "binary_crossentropy": binary_crossentropy}
"""Each element, or each step, by itself."""

ALONG_AN_AXIS: Mapping[str, Callable] = {**REDUCTIONS, **MOVES, **ALONG_LAST, "top_k": top_k}
"""Along `axis`, and each place of the other axes by itself; `top_k` along the last one."""

MAKES_AN_AXIS = {"expand_dims", "one_hot", "stack"}
"""`axis` is one of the outputs, which have one more."""

FUNCTIONS: dict[str, Callable] = {
    **STEPWISE,
    **ALONG_AN_AXIS,
    **SHAPES,
    **MADE,
    **MATRICES,
    **SEARCHES,
    **NEURAL,
    **SIGNAL,
}


def _first_lines(name: str) -> str:
    """What JAX says of its function of this name, without what follows."""
    places = (jnp, jax.nn, jnp.linalg, jnp.fft, scipy.linalg, scipy.special, jax.lax, jax.ops)
    texts = [inspect.getdoc(vars(place)[name]) for place in places if name in vars(place)]
    text = next(filter(None, texts), f"As `keras.ops.{name}`.")
    return text.strip().partition("\n\n")[0].replace("\n", " ")


for _name, _function in FUNCTIONS.items():
    _function.__name__ = _function.__qualname__ = _name
    _function.__doc__ = _function.__doc__ or _first_lines(_name)

SIGNATURES = {name: inspect.signature(function) for name, function in FUNCTIONS.items()}

_IN_PIECES = {"split", "array_split", "hsplit", "vsplit", "dsplit", "diff", "round"}


def runs_behind_time(function: str, args, kwargs) -> bool:
    """Whether a call runs along, or makes, an axis behind those of the rows and of time."""
    if function not in ALONG_AN_AXIS and function not in MAKES_AN_AXIS:
        return False
    leaves = jax.tree.leaves((args, kwargs))
    rank = max(leaf.ndim for leaf in leaves if hasattr(leaf, "ndim"))
    bound = SIGNATURES[function].bind(*args, **kwargs)
    bound.apply_defaults()
    axis = bound.arguments.get("axis", -1)
    return isinstance(axis, int) and axis % (rank + (function in MAKES_AN_AXIS)) > 1


def count_parts(function: str, arguments) -> int:
    """How many parts JAX traces one by one; 0 if their number depends on no argument."""
    leaves = jax.tree.leaves(arguments)
    numbers = [abs(v) for v in leaves if isinstance(v, int)]
    if function == "unstack":
        sizes = (d for v in leaves for d in getattr(v, "shape", ()))
        return max((d for d in sizes if isinstance(d, int)), default=0)
    modes = [v for v in leaves if isinstance(v, str)]
    piecewise = function in _IN_PIECES or (
        function == "pad" and any(mode in ("reflect", "symmetric", "wrap") for mode in modes)
    )
    return max(numbers, default=0) if piecewise else 0
