"""The linear recurrence of a matrix: matrix products within chunks, a loop over the chunks."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from cello.core.dtype_policy import widen
from cello.ops.linear_scan import in_parallel, linear_scan
from cello.ops.partition import varying

CHUNK, CHUNK_OF_VECTORS = 32, 16
"""Steps of a chunk, where the decay is a number for each head and where it is a vector.

The fastest powers of two on a CPU, forward and backward, at keys and values of 64: 16 to 64 were
within 50 % of each other. Twice as many elsewhere, where the chunks are computed at once."""

_SMALLEST_LOG = -1e30
"""What stands for the logarithm of 0: finite, so that sums of products with zeros are."""


def matrix_scan(
    queries, keys, values, log_decay, rank_one=None, initial_state=None, *,
    return_all_states: bool = False, chunk: int | None = None,
):  # fmt: skip
    """The linear recurrence whose state is a matrix for each head, read by a query at every step.

        S_t = exp(log_decay_t) * S_{t-1} + a_t (S_{t-1}^T b_t)^T + k_t v_t^T
        y_t = S_t^T q_t

    `S` is `(k, v)`: a memory that gives back values for keys. The decay is a number, or a vector
    whose elements stand for the rows of `S`; `a` and `b`, where given, add a matrix of rank one to
    it. With `a_t = -beta_t k_t` and `b_t = k_t` that is the delta rule, which takes away what the
    memory holds at a key before it writes there. It is what RetNet, gated linear attention, mLSTM,
    DeltaNet, RWKV-7 and Mamba-2 repeat along time.

    It is computed in chunks. Within one, `y` is a product of the values with the lower triangle of
    `q_t^T k_s`, times the decay from step `s` to step `t`; what the steps of a chunk take away from
    each other is the solution of a triangular system. The state goes from chunk to chunk. Time and
    memory are linear in the number of steps, and the backward pass keeps a state for each chunk.
    Decays are added up as logarithms between each two steps, none of which is positive, so that
    nothing overflows or cancels.

    Args:
        queries, keys: `(batch, time, heads, k)`. Here and in `rank_one` one head may stand for all.
        values: `(batch, time, heads, v)`.
        log_decay: `(batch, time, heads)` or `(batch, time, heads, k)`, or what broadcasts to it:
            0 or less; `-inf` forgets everything.
        rank_one: `(a, b)`, each `(batch, time, heads, k)`; none by default.
        initial_state: `S` before the first step, `(batch, heads, k, v)`; zeros by default.
        return_all_states: give the states after every step, `(batch, time, heads, k, v)`, in place
            of that after the last one. Then it runs step by step.
        chunk: steps of a chunk; 32, or 16 with a decay for each row, by default.

    Returns:
        `(outputs, state)`: `(batch, time, heads, v)` of the dtype of `values`, and the state.
        Arrays of 16 bits are computed in float32, and so is their state.

    Raises:
        ValueError: where the shapes do not belong together, or `chunk` is not positive.

    Sources: Yang, Wang, Shen, Panda and Kim 2023, Gated Linear Attention Transformers with
    Hardware-Efficient Training; Dao and Gu 2024, Transformers are SSMs; Yang, Wang, Zhang, Shen and
    Kim 2024, Parallelizing Linear Transformers with the Delta Rule over Sequence Length, for the
    triangular system.
    """
    dtype = jnp.asarray(values).dtype
    terms, state = _arrays(queries, keys, values, log_decay, rank_one, initial_state)
    time = terms[2].shape[1]
    if return_all_states:
        return _by_steps(state, terms, dtype)
    at_once = in_parallel()
    if chunk is None:
        chunk = (CHUNK if terms[3].shape[-1] == 1 else CHUNK_OF_VECTORS) * (2 if at_once else 1)
    if chunk < 1:
        raise ValueError(f"matrix_scan expects chunk to be 1 or more and got {chunk}.")
    if isinstance(time, int):  # alike, so that the last one is hardly padded
        chunk = max(-(-time // max(-(-time // chunk), 1)), 1)
    count = -(-time // chunk)

    def cut(x):
        """`(chunks, batch, heads, chunk, ...)`; zeros behind the last step change no state."""
        x = jnp.pad(x, [(0, 0), (0, count * chunk - time), (0, 0), (0, 0)])
        return jnp.transpose(x.reshape(x.shape[0], count, chunk, *x.shape[2:]), (1, 0, 3, 2, 4))

    run = _all_at_once if at_once else _one_after_the_other
    state, outputs = run(state, jax.tree.map(cut, terms))
    outputs = jnp.transpose(outputs, (1, 0, 3, 2, 4))
    outputs = outputs.reshape(outputs.shape[0], count * chunk, *outputs.shape[3:])
    return outputs[:, :time].astype(dtype), state


def matrix_step(state, queries, keys, values, log_decay, rank_one=None):
    """One step of `matrix_scan`: `(state, outputs)`, of arrays without the axis of time."""
    decay = jnp.exp(log_decay)
    decay = decay[..., None, None] if log_decay.ndim < keys.ndim else decay[..., None]
    new = decay * state + keys[..., None] * values[..., None, :]
    if rank_one is not None:
        a, b = rank_one
        new = new + a[..., None] * jnp.sum(b[..., None] * state, -2, keepdims=True)
    return new, jnp.sum(queries[..., None] * new, -2)


def _by_steps(state, terms, dtype):
    def step(state, terms):
        state, outputs = matrix_step(state, *terms)
        return state, (outputs, state)

    time_major = jax.tree.map(lambda x: jnp.moveaxis(x, 1, 0), terms)
    _, every = lax.scan(step, state, time_major)
    outputs, states = jax.tree.map(lambda x: jnp.moveaxis(x, 0, 1), every)
    return outputs.astype(dtype), states


def _arrays(queries, keys, values, log_decay, rank_one, state):
    """The arguments, widened: `(queries, keys, values, log_decay, rank_one)` and the state."""
    given = {"queries": queries, "keys": keys, "values": values, "log_decay": log_decay}
    if rank_one is not None:
        given["rank_one[0]"], given["rank_one[1]"] = rank_one
    if state is not None:
        given["initial_state"] = state
    given = {name: widen(jnp.asarray(x)) for name, x in given.items()}
    dtype = jnp.result_type(*given.values())
    given = {name: x.astype(dtype) for name, x in given.items()}
    k, v, decay = given["keys"], given["values"], given["log_decay"]
    if v.ndim != 4 or k.ndim != 4:
        raise ValueError(
            f"matrix_scan expects keys (batch, time, heads, k) and values (batch, time, heads, v) "
            f"and got {k.shape} and {v.shape}: one head is x[:, :, None]."
        )
    batch, time, heads = v.shape[:3]
    vectors = (batch, time, heads, k.shape[-1])
    for name, x in given.items():
        if name == "values" or name == "initial_state":
            continue
        several = name == "log_decay"
        wanted = vectors[:3] if several and x.ndim == 3 else vectors
        fits = x.ndim == len(wanted) and all(
            n == w or (n == 1 and (several or axis == 2))
            for axis, (n, w) in enumerate(zip(x.shape, wanted, strict=True))
        )
        if not fits:
            raise ValueError(
                f"matrix_scan expects {name} of shape {wanted} and got {x.shape}: values are "
                f"{v.shape} and keys {k.shape}; of {name} "
                + ("any axis may be 1." if several else "the axis of heads may be 1.")
            )
    shape = (batch, heads, k.shape[-1], v.shape[-1])
    state = given.get("initial_state", jnp.zeros(shape, dtype))
    if state.shape != shape:
        raise ValueError(
            f"matrix_scan expects initial_state (batch, heads, k, v) = {shape} and got "
            f"{state.shape}."
        )
    if decay.ndim == 3:
        decay = decay[..., None]
    decay = jnp.broadcast_to(decay, (batch, time, *decay.shape[2:]))
    pair = None if rank_one is None else (given["rank_one[0]"], given["rank_one[1]"])
    terms = (given["queries"], k, v, jnp.maximum(decay, _SMALLEST_LOG), pair)
    return terms, varying(state, (terms, state))


# --------------------------------------------------------------------------------- chunks


def _one_after_the_other(state, chunks):
    """The last state and the outputs; memory for one chunk at a time."""

    def step(state, terms):
        chunk = _chunk(terms)
        new, outputs = chunk.decay * state + chunk.written, chunk.read @ state + chunk.outputs
        if chunk.pair is not None:
            a, b, lower, scores, found = chunk.pair
            found = _solve(lower, b @ state + found)
            new, outputs = new + _outer(a, found), outputs + scores @ found
        return new, outputs

    return lax.scan(jax.checkpoint(step, prevent_cse=False), state, chunks)


def _all_at_once(state, chunks):
    """The same where the work is that of all chunks, and only the states go from one to the next.

    A GPU is idle most of the time in a loop over small work.
    """
    chunk = _chunk(chunks)
    if chunk.pair is None:
        decay, written = jnp.moveaxis(chunk.decay, 0, 1), jnp.moveaxis(chunk.written, 0, 1)
        states = jnp.moveaxis(linear_scan(decay, written, state), 1, 0)
        before = jnp.concatenate([state[None], states[:-1]])
        return states[-1], chunk.read @ before + chunk.outputs
    # What a chunk finds is linear in the state before it, and so is the state behind it.
    a, b, lower, scores, found = chunk.pair
    solved = _solve(lower, jnp.concatenate([b, found], -1))
    of_state, found = solved[..., : b.shape[-1]], solved[..., b.shape[-1] :]
    moved, written = _outer(a, of_state), chunk.written + _outer(a, found)

    def step(state, terms):
        decay, moved, written = terms
        return decay * state + moved @ state + written, state

    last, before = lax.scan(step, state, (chunk.decay, moved, written))
    read = chunk.read + scores @ of_state
    return last, read @ before + chunk.outputs + scores @ found


class _Chunk(NamedTuple):
    """What chunks do to a state `S` before them, arrays `(..., batch, heads, size or k, ...)`.

    Without a matrix of rank one the state behind is `decay * S + written`, the outputs are
    `read @ S + outputs`. Of that matrix `pair = (a, b, lower, scores, found)`: each step finds
    `u_t = S_{t-1}^T b_t`, all of them `u = lower @ u + b @ S + found`; `a^T u` is added to the
    state and `scores @ u` to the outputs.
    """

    decay: Any
    written: Any
    read: Any
    outputs: Any
    pair: Any


def _chunk(terms) -> _Chunk:
    queries, keys, values, log_decay, rank_one = terms
    steps = np.arange(log_decay.shape[-2])
    passed = _sums(steps[:, None] >= steps, log_decay)  # from the start through each step
    to_come = jnp.exp(_sums(steps[:, None] < steps, log_decay))  # from behind each step
    pair = None
    if rank_one is not None:
        a, b = rank_one
        passed_before = _sums(steps[:, None] > steps, log_decay)
        pair = (
            a * to_come,
            b * jnp.exp(passed_before),
            _scores(b, a, log_decay, before=True),
            _scores(queries, a, log_decay),
            _scores(b, keys, log_decay, before=True) @ values,
        )
    return _Chunk(
        jnp.swapaxes(jnp.exp(passed[..., -1:, :]), -1, -2),
        _outer(keys * to_come, values),
        queries * jnp.exp(passed),
        _scores(queries, keys, log_decay) @ values,
        pair,
    )


def _outer(keys, values):
    return jnp.swapaxes(keys, -1, -2) @ values


def _sums(which, log_decay):
    """The sums of the logarithms of those steps that each row of `which` names."""
    which = jnp.asarray(which, log_decay.dtype)
    return jnp.matmul(which, log_decay, precision=lax.Precision.HIGHEST)


def _scores(queries, keys, log_decay, before: bool = False):
    """`q_t^T k_s` with the decay from behind step `s` through step `t`, `(..., size, size)`.

    Blocks of 1, 2, 4, ... steps are paired, an earlier one and the next. From a step of the earlier
    block to one of the later, the decay is that to the end of the earlier block times that from
    there: one factor for the key, one for the query, and neither is above 1.

    Args:
        before: take the decay up to step `t` alone, and nothing of the step itself.
    """
    if log_decay.shape[-1] == 1 < keys.shape[-1]:
        one = jnp.ones((1, 1), keys.dtype)
        return (queries @ jnp.swapaxes(keys, -1, -2)) * _scores(one, one, log_decay, before)
    steps = np.arange(log_decay.shape[-2])
    at, other = steps[:, None], steps
    block = 1 << np.arange(_levels(steps.size))[:, None, None]
    starts = at // block * block  # of the block of each step
    reach = (other >= starts) & ((other < at) if before else (other <= at))
    rest = (other > at) & (other < starts + block)
    pair = _pairs(steps.size)
    if not before:  # and each step by itself
        itself = np.eye(steps.size, dtype=bool)[None]
        nothing = np.zeros_like(itself)
        reach, rest = np.concatenate([nothing, reach]), np.concatenate([nothing, rest])
        pair = np.concatenate([itself, pair])
    queries, keys = (
        x[..., None, :, :] * jnp.exp(_sums(which, log_decay[..., None, :, :]))
        for x, which in ((queries, reach), (keys, rest))
    )
    products = queries @ jnp.swapaxes(keys, -1, -2)
    return jnp.sum(jnp.where(pair, products, 0), -3)


def _levels(size: int) -> int:
    """How often a block has to be doubled to have `size` steps."""
    return (size - 1).bit_length()


def _pairs(size: int):
    """For each level, whether a row belongs to the later and a column to the earlier block."""
    steps = np.arange(size)
    block = steps >> np.arange(_levels(size))[:, None]
    later, earlier = block[:, :, None], block[:, None, :]
    return (later == earlier + 1) & (later % 2 == 1)


def _solve(lower, right):
    """`u` of `u - lower @ u = right`, where `lower` is zero on and above the diagonal."""
    inverse = _inverse(lax.stop_gradient(lower))
    return lax.custom_linear_solve(
        lambda u: u - lower @ u,
        right,
        lambda _, x: inverse @ x,
        lambda _, x: jnp.swapaxes(inverse, -1, -2) @ x,
    )


def _inverse(lower):
    """The inverse of `I - lower`, from those of its diagonal blocks of 1 row, of 2, of 4, ..."""
    inverse = jnp.eye(lower.shape[-1], dtype=lower.dtype)
    for pair in _pairs(lower.shape[-1]):
        inverse = inverse + inverse @ jnp.where(pair, lower, 0) @ inverse
    return inverse
