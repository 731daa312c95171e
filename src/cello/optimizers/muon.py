"""Muon: steps for matrices whose singular values are all near 1."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from cello.core.arguments import arg
from cello.core.kinds import (
    boolean,
    count,
    decay,
    fraction,
    non_negative,
    number,
    optional,
    positive,
)
from cello.core.variable import Variable
from cello.optimizers.optimizer import Optimizer


class MuonState(NamedTuple):
    """The steps done, the momentum of all parameters, and the squares of those that Adam has."""

    count: Any
    m: Any
    v: Any


def _patterns(value: Sequence[str]):
    if isinstance(value, str) or not all(isinstance(v, str) for v in value):
        raise ValueError("a list of regular expressions")
    return list(value)


def orthogonalise(x, steps: int, a: float, b: float, c: float):
    """About `U V^T` for the matrix `x = U S V^T`, by iterations of Newton and Schulz.

    `x = x / |x|`, then each time `y = x x^T` and `x = a x + (b y + c y^2) x`.
    """
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (jnp.linalg.norm(x) + 1e-7)
    for _ in range(steps):
        y = x @ x.T
        x = a * x + (b * y + c * y @ y) @ x
    return x.T if tall else x


class Muon(Optimizer):
    """Momentum, made orthogonal, for matrices; Adam for all else (Jordan et al., 2024).

    For matrices, `m = momentum * m + g`, `u = m` or with `nesterov` `g + momentum * m`, and
    `w -= lr * rms_rate * sqrt(max(rows, columns)) * orthogonal(u)`: about `U V^T` of `u = U S V^T`,
    by `ns_steps` steps of `x = muon_a x + (muon_b x x^T + muon_c (x x^T)^2) x`. The factor of the
    size (Liu et al., 2025) allows the learning rate of Adam, and is left out where `rms_rate` is
    None.

    Parameters that are no matrices, embeddings, and what `exclude_layers` names are trained by
    Adam with `adam_lr_ratio * lr`. The paper leaves the last layer to Adam too: name it.
    """

    argument_order = (
        "learning_rate adam_beta_1 adam_beta_2 adam_weight_decay epsilon weight_decay clipnorm "
        "clipvalue global_clipnorm use_ema ema_momentum ema_overwrite_frequency loss_scale_factor "
        "gradient_accumulation_steps name"
    )
    adam_beta_1: Any = arg(0.9, kind=decay, doc="Adam's decay rate of the gradients.")
    adam_beta_2: Any = arg(0.999, kind=decay, doc="Adam's decay rate of their squares.")
    adam_weight_decay: Any = arg(
        0.004, kind=optional(non_negative), doc="`weight_decay` of what Adam trains."
    )
    epsilon: Any = arg(1e-7, kind=non_negative, doc="Added to the denominator.")
    weight_decay: Any = arg(
        0.004, kind=optional(non_negative), doc="Part of each matrix taken off in a step."
    )
    exclude_layers: Any = arg(
        None, kind=optional(_patterns), doc="Regular expressions of the paths left to Adam."
    )
    exclude_embeddings: Any = arg(True, kind=boolean, doc="Whether embeddings are left to Adam.")
    muon_a: Any = arg(3.4445, kind=number, doc="See above.")
    muon_b: Any = arg(-4.775, kind=number, doc="See above.")
    muon_c: Any = arg(2.0315, kind=number, doc="See above.")
    adam_lr_ratio: Any = arg(1, kind=positive, doc="The rate of Adam, as a part of `lr`.")
    momentum: Any = arg(0.95, kind=fraction, doc="Part of the last momentum that is kept.")
    ns_steps: Any = arg(5, kind=count, doc="Steps of the iteration.")
    nesterov: Any = arg(True, kind=boolean, doc="Whether to use Nesterov's momentum.")
    rms_rate: Any = arg(0.2, kind=optional(positive), doc="See above.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.exclude_layers = self.exclude_layers or []

    def takes_adam(self, variable: Variable | None, value) -> bool:
        """Whether a parameter is left to Adam."""
        if len(value.shape) != 2:
            return True
        if variable is None:
            if self.exclude_layers:
                raise ValueError(
                    f"Muon '{self.name}': exclude_layers goes by variables. Call build(variables) "
                    "before init() and update()."
                )
            return False
        embeds = self.exclude_embeddings and "embedding" in variable.path.lower()
        return embeds or any(re.search(p, variable.path) for p in self.exclude_layers)

    @property
    def decays_weights(self) -> bool:
        return bool(self.weight_decay or self.adam_weight_decay)

    def weight_decay_of(self, variable, value) -> float:
        if not self.takes_adam(variable, value):
            return super().weight_decay_of(variable, value)
        return 0.0 if self.is_excluded(variable) else self.adam_weight_decay or 0.0

    def rule(self, learning_rate):
        def init(params):
            leaves, structure = jax.tree.flatten(params)
            pairs = zip(self.known_variables(leaves), leaves, strict=True)
            squares = [jnp.zeros_like(p) if self.takes_adam(v, p) else None for v, p in pairs]
            zeros = optax.tree.zeros_like(params)
            return MuonState(
                jnp.zeros((), jnp.int32), zeros, jax.tree.unflatten(structure, squares)
            )

        def update(grads, state, params):
            step = optax.safe_increment(state.count)
            leaves, structure = jax.tree.flatten(grads)
            momenta = jax.tree.leaves(state.m)
            squares = jax.tree.leaves(state.v, is_leaf=lambda v: v is None)
            found = [
                self._muon(g, m, learning_rate)
                if v is None
                else self._adam(g, m, v, learning_rate, step)
                for g, m, v in zip(leaves, momenta, squares, strict=True)
            ]
            updates, *new = (
                jax.tree.unflatten(structure, values) for values in zip(*found, strict=True)
            )
            return updates, MuonState(step, *new)

        return optax.GradientTransformation(init, update)

    def _muon(self, g, m, learning_rate):
        """The step, the momentum, and no squares."""
        m = (self.momentum * m + g).astype(m.dtype)
        u = g + self.momentum * m if self.nesterov else m
        u = orthogonalise(u, self.ns_steps, self.muon_a, self.muon_b, self.muon_c)
        if self.rms_rate is not None:
            u = u * self.rms_rate * max(u.shape) ** 0.5
        return (-learning_rate * u).astype(m.dtype), m, None

    def _adam(self, g, m, v, learning_rate, step):
        m = (self.adam_beta_1 * m + (1 - self.adam_beta_1) * g).astype(m.dtype)
        v = (self.adam_beta_2 * v + (1 - self.adam_beta_2) * jnp.square(g)).astype(v.dtype)
        rate = self.adam_lr_ratio * learning_rate
        rate = rate * jnp.sqrt(1 - self.adam_beta_2**step) / (1 - self.adam_beta_1**step)
        return (-rate * m / (jnp.sqrt(v) + self.epsilon)).astype(m.dtype), m, v
