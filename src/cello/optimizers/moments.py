"""Optax transformations for the rules where optax' own differ from Keras': the place of epsilon,
or the correction of the bias.

Here `m` is the moving average of the gradients `g`, `v` that of their squares, and `t` the number
of the step, from 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax


class MomentsState(NamedTuple):
    """The steps done, the two moments, and what else a rule keeps."""

    count: Any
    m: Any
    v: Any
    extra: Any


def _init(params, extra=()) -> MomentsState:
    zeros = optax.tree.zeros_like(params)
    return MomentsState(jnp.zeros((), jnp.int32), zeros, optax.tree.zeros_like(params), extra)


def scale_by_adam(beta_1, beta_2, epsilon, amsgrad=False) -> optax.GradientTransformation:
    """`sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)`.

    With `amsgrad`, the greatest `v` so far stands in the place of `v`.
    `optax.scale_by_adam` adds epsilon to the root of the corrected `v`.
    """

    def init(params):
        return _init(params, optax.tree.zeros_like(params) if amsgrad else ())

    def update(grads, state, params=None):
        count = optax.safe_increment(state.count)
        m = optax.tree.update_moment(grads, state.m, beta_1, 1)
        v = optax.tree.update_moment_per_elem_norm(grads, state.v, beta_2, 2)
        greatest = jax.tree.map(jnp.maximum, state.extra, v) if amsgrad else ()
        scale = jnp.sqrt(1 - beta_2**count) / (1 - beta_1**count)
        updates = jax.tree.map(
            lambda m, v: scale * m / (jnp.sqrt(v) + epsilon), m, greatest if amsgrad else v
        )
        return updates, MomentsState(count, m, v, greatest)

    return optax.GradientTransformation(init, update)


def scale_by_adamax(beta_1, beta_2, epsilon) -> optax.GradientTransformation:
    """`m / ((1 - beta_1^t) * (u + epsilon))`, with `u = max(beta_2 * u, abs(g))` kept as `v`.

    `optax.scale_by_adamax` adds epsilon to `abs(g)`.
    """

    def update(grads, state, params=None):
        count = optax.safe_increment(state.count)
        m = optax.tree.update_moment(grads, state.m, beta_1, 1)
        u = optax.tree.update_infinity_moment(grads, state.v, beta_2, 0.0)
        scale = 1 / (1 - beta_1**count)
        updates = jax.tree.map(lambda m, u: scale * m / (u + epsilon), m, u)
        return updates, MomentsState(count, m, u, ())

    return optax.GradientTransformation(_init, update)


def scale_by_nadam(beta_1, beta_2, epsilon) -> optax.GradientTransformation:
    """Adam with Nesterov's momentum, which Dozat's schedule `u_t` warms up.

    `(u_{t+1} * m / (1 - U_{t+1}) + (1 - u_t) * g / (1 - U_t)) / (sqrt(v / (1 - beta_2^t)) +
    epsilon)`, with `u_t = beta_1 * (1 - 0.96^t / 2)` and `U_t = u_1 * ... * u_t`, which is kept.
    `optax.scale_by_adam(nesterov=True)` has no such schedule.
    """

    def momentum(step):
        return beta_1 * (1 - 0.5 * 0.96**step)

    def init(params):
        return _init(params, jnp.ones((), jnp.float32))

    def update(grads, state, params=None):
        count = optax.safe_increment(state.count)
        m = optax.tree.update_moment(grads, state.m, beta_1, 1)
        v = optax.tree.update_moment_per_elem_norm(grads, state.v, beta_2, 2)
        now, following = momentum(count), momentum(count + 1)
        product = (state.extra * now).astype(state.extra.dtype)
        of_moment = following / (1 - product * following)
        of_gradient = (1 - now) / (1 - product)
        updates = jax.tree.map(
            lambda g, m, v: (of_moment * m + of_gradient * g) / (jnp.sqrt(v) + epsilon),
            *(grads, m, optax.tree.bias_correction(v, beta_2, count)),
        )
        return updates, MomentsState(count, m, v, product)

    return optax.GradientTransformation(init, update)
