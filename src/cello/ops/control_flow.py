"""Functions that take functions, under Keras' names: branches, loops, maps, gradients of one's own.

They are JAX's, for arrays and variables, as in the `call` of a layer. A graph cannot keep a
function: there the whole is wrapped, `Lambda(lambda x: ops.scan(...))(x)`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from cello.core.symbolic import symbolic_leaves
from cello.core.variable import Variable


def _on_arrays(function: Callable) -> Callable:
    """`function` of trees of arrays, in which variables may stand, and no tensors of a graph."""

    @functools.wraps(function)
    def on_arrays(*args, **kwargs):
        if symbolic_leaves((args, kwargs)):
            name = function.__name__
            raise TypeError(
                f"cello.ops.{name} takes a function, which a graph cannot keep: wrap it, "
                f"cello.layers.Lambda(lambda x: cello.ops.{name}(...))(x), or write a layer."
            )
        args, kwargs = jax.tree.map(_value, (args, kwargs))
        return function(*args, **kwargs)

    return on_arrays


def _value(leaf):
    return leaf.value if isinstance(leaf, Variable) else leaf


@_on_arrays
def cond(pred, true_fn, false_fn):
    """`true_fn()` if `pred`, else `false_fn()`."""
    return lax.cond(pred, true_fn, false_fn)


@_on_arrays
def switch(index, branches, *operands):
    """`branches[index](*operands)`; an index out of range is the nearest in it."""
    return lax.switch(index, branches, *operands)


@_on_arrays
def scan(f, init, xs=None, length=None, reverse=False, unroll=1):
    """`carry, y = f(carry, x)` for each `x` of `xs`: the last `carry`, and all `y`."""
    return lax.scan(f, init, xs, length, reverse, unroll)


@_on_arrays
def associative_scan(f, elems, reverse=False, axis=0):
    """All beginnings of `elems` put together by `f`, which is associative, in parallel."""
    return lax.associative_scan(f, elems, reverse, axis)


@_on_arrays
def while_loop(cond, body, loop_vars, maximum_iterations=None):
    """`loop_vars = body(*loop_vars)` as long as `cond(*loop_vars)`."""
    several = isinstance(loop_vars, (tuple, list))

    def goes_on(state):
        count, values = state
        more = cond(*values)
        return more if maximum_iterations is None else more & (count < maximum_iterations)

    def step(state):
        count, values = state
        made = body(*values)
        return count + 1, tuple(made) if several else (made,)

    start = tuple(loop_vars) if several else (loop_vars,)
    _, values = lax.while_loop(goes_on, step, (0, start))
    return values if several else values[0]


@_on_arrays
def fori_loop(lower, upper, body_fun, init_val):
    """`value = body_fun(i, value)` for `i` from `lower` to `upper - 1`."""
    return lax.fori_loop(lower, upper, body_fun, init_val)


@_on_arrays
def map(f, xs):
    """`f` of each row of `xs`, one after the other."""
    return lax.map(f, xs)


@_on_arrays
def vectorized_map(function, elements):
    """`function` of each row of `elements`, all at once."""
    return jax.vmap(function)(elements)


def vectorize(pyfunc, *, excluded=None, signature=None):
    """`pyfunc`, a function of numbers, as a function of arrays."""
    return jnp.vectorize(pyfunc, excluded=excluded or set(), signature=signature)


def custom_gradient(f):
    """`f`, which returns its result and the function from the gradient of it to those of `args`."""
    return _on_arrays(jax.custom_gradient(f))


@_on_arrays
def jvp(fun, primals, tangents, has_aux=False):
    """`fun(*primals)`, and its derivative in the direction of `tangents`."""
    return jax.jvp(fun, primals, tangents, has_aux=has_aux)
