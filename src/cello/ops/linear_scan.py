"""The linear recurrence: by kernels, by JAX's loop, or as a parallel prefix sum.

The kernels go through memory once in each direction (on a GPU, where there are few rows and
features, twice through what they read). Derivatives of derivatives go through JAX.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_batching import custom_vmap

from cello.ops import engine as engines
from cello.ops.partition import by_rows, varying


def linear_scan(a, b, h0=None, *, reverse: bool = False, engine: str | None = None):
    """`h_t = a_t * h_{t-1} + b_t`, elementwise, at every step.

    It is what linear recurrent layers repeat along time, such as the linear recurrent unit (Orvieto
    et al., "Resurrecting Recurrent Neural Networks for Long Sequences", 2023), minGRU (Feng et al.,
    "Were RNNs All We Needed?", 2024), and state space models with a diagonal transition; as
    a parallel prefix sum it is Blelloch's ("Prefix Sums and Their Applications", 1990).

    Args:
        a: the factors, `(batch, time, ...)`, or an array that broadcasts with `b` to that. Factors
            that are the same at every step are best given without time or with one step.
        b: what is added, `(batch, time, ...)`.
        h0: the state before the first step, `(batch, ...)`; zeros by default.
        reverse: run from the last step to the first, `h_t = a_t * h_{t+1} + b_t`, where `h0` stands
            behind the last step. Results are in the order of time in any case.
        engine: `"native"` or `"scan"`, in place of `cello.config.engine`.

    Returns:
        `h`, `(batch, time, ...)`, of the dtype that `a`, `b` and `h0` have together. Real and
        complex floating point of every width works, and so do integers; kernels run float32 and
        complex64 on CPUs, and these and bfloat16, whose state is in float32 then, on NVIDIA GPUs.
        It has gradients for `a`, `b` and `h0`, and these have gradients. Where
        `a` and `b` are sharded over devices, in any axes but that of time, so is the result.
        Forward-mode differentiation (`jax.jvp`) needs `engine="scan"`; over a gradient it works on
        either.

    Raises:
        ValueError: where the shapes do not belong together, or where `engine` is `"native"` and
            the kernels cannot run this, with the reason.
    """
    a, b, h0 = _arrays(a, b, h0)
    chosen = choose_engine(b.dtype, engine)
    if chosen != "scan" and all(isinstance(size, int) and size > 0 for size in b.shape):
        with engines.explaining_forward_mode():
            return _run(str(chosen), reverse, *varying((a, b, h0), (a, b, h0)))
    if not in_parallel():
        engines.say_once(chosen, "cello.ops.linear_scan")
    return _by_jax(reverse, a, b, h0)


def choose_engine(dtype, asked: str | None = None) -> engines.Engine:
    """The engine for a linear recurrence of this dtype."""
    name = jnp.dtype(dtype).name
    on_cpu = on_gpu = None
    if name not in ("float32", "complex64"):
        on_cpu = f"The kernels compute in float32 and complex64, and this is {name}."
    if name not in ("float32", "bfloat16", "complex64"):
        on_gpu = (
            f"The kernels for GPUs compute in float32, bfloat16 and complex64, and this is {name}."
        )
    return engines.choose(on_cpu, on_gpu, asked)


def _arrays(a, b, h0):
    """The arguments as arrays of one dtype and of shapes that belong together."""
    dtype = jnp.result_type(a, b) if h0 is None else jnp.result_type(a, b, h0)
    a, b = jnp.asarray(a, dtype), jnp.asarray(b, dtype)
    try:
        shape = jnp.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise ValueError(
            f"linear_scan expects a and b of one shape (batch, time, ...) and got {a.shape} and "
            f"{b.shape}, which do not broadcast: add the missing axes, as in a[..., None]."
        ) from None
    if len(shape) < 2:
        raise ValueError(
            f"linear_scan expects a and b of shape (batch, time, ...) and got {a.shape} and "
            f"{b.shape}: add a batch axis with a[None] and b[None]."
        )
    state = (shape[0], *shape[2:])
    if h0 is None:
        h0 = jnp.zeros(state, dtype)
    h0 = jnp.asarray(h0, dtype)
    if h0.shape != state:
        raise ValueError(
            f"linear_scan expects h0 of shape (batch, ...) = {state} and got {h0.shape}: a and b "
            f"are {shape}, and h0 has their axes but that of time."
        )
    steps = a.shape[1 - len(shape)] if a.ndim >= len(shape) - 1 else 1  # of `a`: one, or all
    factors = (shape[0], steps, *shape[2:])
    return jnp.broadcast_to(a, factors), jnp.broadcast_to(b, shape), h0


def in_parallel() -> bool:
    """Whether JAX computes it in parallel over time, in place of step by step.

    `jax.lax.associative_scan` took 1.2 to 4 times as long on a CPU, forward and backward, in
    float64 and complex64. A GPU is idle most of the time in a loop over the steps.
    """
    return jax.default_backend() != "cpu"


def _by_jax(reverse: bool, a, b, h0):
    a = jnp.broadcast_to(a, b.shape)
    known = isinstance(b.shape[1], int)  # a prefix sum has to know how many steps there are
    return (_by_tree if in_parallel() and known else _by_loop)(reverse, a, b, h0)


def _by_tree(reverse: bool, a, b, h0):
    """The recurrence as a prefix sum.

    Its products of factors may overflow, where these are larger than 1 and no `h_t` does.
    """
    if b.shape[1] == 0:
        return b
    first = -1 if reverse else 0
    b = b.at[:, first].add(a[:, first] * h0)

    def one_after_the_other(earlier, later):
        return later[0] * earlier[0], later[0] * earlier[1] + later[1]

    return lax.associative_scan(one_after_the_other, (a, b), reverse=reverse, axis=1)[1]


def _by_loop(reverse: bool, a, b, h0):
    """The recurrence in `jax.lax.scan`."""

    def step(h, given):
        a, b = given
        h = a * h + b
        return h, h

    a, b, h0 = varying((a, b, h0), (a, b, h0))
    _, h = lax.scan(step, h0, (jnp.moveaxis(a, 1, 0), jnp.moveaxis(b, 1, 0)), reverse=reverse)
    return jnp.moveaxis(h, 0, 1)


# ------------------------------------------------------------------------------ derivatives


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _run(engine, reverse, a, b, h0):
    return _forward(engine, reverse, a, b, h0)


def _run_forward(engine, reverse, a, b, h0):
    h = _forward(engine, reverse, a, b, h0)
    return h, (a, h0, h)


def _run_backward(engine, reverse, kept, d_h):
    return _backward(engine, reverse, *kept, d_h)


_run.defvjp(_run_forward, _run_backward)


# Under one derivative these two are only computed. Under a second one JAX differentiates them, by
# the equations that they compute.


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _forward(engine, reverse, a, b, h0):
    (h,) = _forward_call(1, engine, reverse)(a, b, h0)
    return varying(h, a)


@_forward.defjvp
def _forward_jvp(engine, reverse, primals, tangents):
    a, _, h0 = primals
    d_a, d_b, d_h0 = tangents
    h = _forward(engine, reverse, *primals)
    return h, _by_jax(reverse, a, d_a * _shifted(h, h0, reverse) + d_b, d_h0)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _backward(engine, reverse, a, h0, h, d_h):
    return varying(_backward_call(1, engine, reverse)(a, h0, h, d_h), a)


@_backward.defjvp
def _backward_jvp(engine, reverse, primals, tangents):
    _, tangents = jax.jvp(functools.partial(_backward_by_loop, reverse), primals, tangents)
    return _backward(engine, reverse, *primals), tangents


def _backward_by_loop(reverse, a, h0, h, d_h):
    """`(d_a, d_b, d_h0)`: with `g_t = d_h_t + a_{t+1} g_{t+1}` these are `g_t h_{t-1}`, `g_t` and
    `a_1 g_1`; the sum of the first over time where `a` has one step."""
    steps = a.shape[1]
    a, zeros = jnp.broadcast_to(a, h.shape), jnp.zeros_like(h0)
    g = _by_jax(not reverse, _shifted(a, zeros, not reverse), d_h, zeros)
    first = -1 if reverse else 0
    d_a = g * _shifted(h, h0, reverse)
    if steps == 1:
        d_a = d_a.sum(1, keepdims=True)
    return d_a, g, a[:, first] * g[:, first]


def _shifted(x, first, reverse):
    """`x` of the step before, in the order of running, and `first` where there is none."""
    if reverse:
        return jnp.concatenate([x[:, 1:], first[:, None]], 1)
    return jnp.concatenate([first[:, None], x[:, :-1]], 1)


# ------------------------------------------------------------------------------------ calls


@functools.cache
def _forward_call(axis: int, engine: str, reverse: bool):
    def call(a, b, h0):
        results = (jax.ShapeDtypeStruct(b.shape, b.dtype),)
        ffi_call = jax.ffi.ffi_call(_target(engine, a), results)
        return tuple(ffi_call(a, b, h0, axis=np.int64(axis), reverse=reverse))

    def one_further():
        return _forward_call(axis + 1, engine, reverse)

    return _elementwise(call, axis, (True, True, False), (True,), one_further)


@functools.cache
def _backward_call(axis: int, engine: str, reverse: bool):
    def call(a, h0, h, d_h):
        results = tuple(jax.ShapeDtypeStruct(x.shape, x.dtype) for x in (a, h, h0))
        ffi_call = jax.ffi.ffi_call(f"{_target(engine, a)}_backward", results)
        return tuple(ffi_call(a, h0, h, d_h, axis=np.int64(axis), reverse=reverse))

    def one_further():
        return _backward_call(axis + 1, engine, reverse)

    timed = (True, False, True, True)
    return _elementwise(call, axis, timed, (True, True, False), one_further)


def _target(engine: str, array) -> str:
    if engine == "cuda":
        return "cello_cuda_linear_scan"
    return "cello_complex_linear_scan" if jnp.iscomplexobj(array) else "cello_linear_scan"


def _elementwise(call, axis: int, timed, timed_results, one_further):
    """`call` on parts of sharded arrays, and under `vmap` with one more axis before that of time.

    Args:
        axis: that of time, in the arrays that are `timed`.
        timed, timed_results: which arguments and results have time.
        one_further: makes the same function for time one axis further back.
    """

    @custom_vmap
    def function(*arrays):
        rank = arrays[0].ndim  # the first one has time
        others = tuple(i for i in range(rank) if i != axis), tuple(range(rank - 1))
        axes = [tuple(others[not t] for t in every) for every in (timed, timed_results)]
        return by_rows(call, *axes)(*arrays)

    @function.def_vmap
    def mapped(size, in_batched, *arrays):
        whole = [
            x if batched else jnp.broadcast_to(x, (size, *x.shape))
            for x, batched in zip(arrays, in_batched, strict=True)
        ]
        return one_further()(*whole), (True,) * len(timed_results)

    return function
