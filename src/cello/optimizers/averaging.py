"""Means around any rule: of the gradients of several batches, of the weights along a training.

Both are optax transformations that hold the rule's own state within theirs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax


class AccumulationState(NamedTuple):
    """The batches seen, the sum of the gradients since the last step, and the rule's state."""

    batches: Any
    accumulated: Any
    rule: Any


class AverageState(NamedTuple):
    """The batches seen, the moving average of the parameters, and the rule's state."""

    batches: Any
    average: Any
    rule: Any


def accumulating(rule, batches: int) -> optax.GradientTransformation:
    """One step of `rule` after every so many batches, on the mean of their gradients."""

    def init(params):
        zeros = optax.tree.zeros_like(params)
        return AccumulationState(jnp.zeros((), jnp.int32), zeros, rule.init(params))

    def update(grads, state, params):
        seen = optax.safe_increment(state.batches)
        summed = optax.tree.add(state.accumulated, grads)
        mean = jax.tree.map(lambda s: s / batches, summed)

        def step():
            updates, inner = rule.update(mean, state.rule, params)
            return updates, optax.tree.zeros_like(summed), inner

        def wait():
            return optax.tree.zeros_like(summed), summed, state.rule

        updates, kept, inner = jax.lax.cond(seen % batches == 0, step, wait)
        return updates, AccumulationState(seen, kept, inner)

    return optax.GradientTransformation(init, update)


def averaging(
    rule, momentum: float, overwrite: int | None, batches: int
) -> optax.GradientTransformation:
    """`rule`, and `average = momentum * average + (1 - momentum) * params` after every batch.

    The average starts from the parameters after the first step.

    Args:
        rule: the transformation.
        momentum: see above.
        overwrite: steps after which the parameters are set to the average; never where `None`.
        batches: how many batches a step has.

    Source: Polyak and Juditsky 1992.
    """

    def init(params):
        zeros = optax.tree.zeros_like(params)
        return AverageState(jnp.zeros((), jnp.int32), zeros, rule.init(params))

    def update(grads, state, params):
        updates, inner = rule.update(grads, state.rule, params)
        new = optax.apply_updates(params, updates)
        step = state.batches // batches
        keep = jnp.where(step == 0, 0.0, momentum)

        def mixed(average, value):
            return (keep * average + (1 - keep) * value).astype(average.dtype)

        average = jax.tree.map(mixed, state.average, new)
        if overwrite is not None:
            now = (step + 1) % overwrite == 0
            updates = jax.tree.map(
                lambda u, a, p: jnp.where(now, a - p, u).astype(u.dtype), updates, average, params
            )
        return updates, AverageState(optax.safe_increment(state.batches), average, inner)

    return optax.GradientTransformation(init, update)


def average_in(state) -> Any:
    """The moving average of the parameters in an optimiser's state; `None` where it has none."""

    def is_average(node):
        return isinstance(node, AverageState)

    nodes = jax.tree.leaves(state, is_leaf=is_average)
    return next((node.average for node in nodes if is_average(node)), None)
