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


class FtrlState(NamedTuple):
    """The sum of the squared gradients, and the linear term."""

    accumulator: Any
    linear: Any


def ftrl(learning_rate, power, first, l1, l2, shrinkage, beta) -> optax.GradientTransformation:
    """From gradients to steps, by the rule in `Ftrl`."""

    def init(params):
        full = jax.tree.map(lambda p: jnp.full_like(p, first), params)
        return FtrlState(full, optax.tree.zeros_like(params))

    def update(grads, state, params):
        def one(g, n, z, w):
            new = n + jnp.square(g)
            grown = jnp.power(new, -power) - jnp.power(n, -power)
            z = z + g + 2 * shrinkage * w - grown / learning_rate * w
            curvature = jnp.power(new, -power) / learning_rate
            curvature = curvature + 2 * l2 + beta / learning_rate
            step = (jnp.clip(z, -l1, l1) - z) / curvature - w
            return step.astype(w.dtype), new.astype(n.dtype), z.astype(w.dtype)

        found = jax.tree.map(one, grads, state.accumulator, state.linear, params)
        steps, *sums = jax.tree.transpose(jax.tree.structure(params), None, found)
        return steps, FtrlState(*sums)

    return optax.GradientTransformation(init, update)


class ScheduleFreeState(NamedTuple):
    """The steps done, the point of the plain steps, and the moving average of the squares."""

    count: Any
    z: Any
    v: Any


def schedule_free(learning_rate, beta_1, beta_2, epsilon, warmup) -> optax.GradientTransformation:
    """From gradients to steps, by the rule in `ScheduleFreeAdamW`."""

    def init(params):
        copies = jax.tree.map(jnp.array, params)
        return ScheduleFreeState(jnp.zeros((), jnp.int32), copies, optax.tree.zeros_like(params))

    def update(grads, state, params):
        count = optax.safe_increment(state.count)
        v = optax.tree.update_moment_per_elem_norm(grads, state.v, beta_2, 2)
        rate = learning_rate * jnp.minimum(count / warmup, 1) if warmup else learning_rate

        def moved(z, g, v):
            return (z - rate * g / (jnp.sqrt(v / (1 - beta_2**count)) + epsilon)).astype(z.dtype)

        def step(y, z, new):
            mean = (y - (1 - beta_1) * z) / beta_1
            mean = mean + (new - mean) / count
            return ((1 - beta_1) * new + beta_1 * mean - y).astype(y.dtype)

        z = jax.tree.map(moved, state.z, grads, v)
        return jax.tree.map(step, params, state.z, z), ScheduleFreeState(count, z, v)

    return optax.GradientTransformation(init, update)


def scale_by_deviation(decay, epsilon) -> optax.GradientTransformation:
    """`optax.scale_by_stddev`, with a variance that rounding brings to 0 at the least."""
    plain = optax.scale_by_stddev(decay, epsilon)

    def update(grads, state, params=None):
        _, state = plain.update(grads, state, params)

        def scaled(g, mean, squares):
            variance = jnp.maximum(squares - jnp.square(mean), 0)
            return g * jax.lax.rsqrt(variance + epsilon)

        return jax.tree.map(scaled, grads, state.mu, state.nu), state

    return optax.GradientTransformation(plain.init, update)
