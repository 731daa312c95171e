"""Any optax transformation as an optimiser."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from cello.core.arguments import arg
from cello.optimizers.optimizer import Optimizer, rate_in, with_rate
from cello.optimizers.rate import Rate


class OptaxState(NamedTuple):
    """The state of `Optax`: the number of steps done, and the transformation's own state."""

    count: Any
    inner: Any


class Optax(Optimizer):
    """Any optax transformation as an optimiser.

    The learning rate can be read and assigned during the training if the transformation is, or
    contains, one of `optax.inject_hyperparams`, as in
    `optax.inject_hyperparams(optax.adam)(learning_rate=1e-3)`.
    """

    transformation: Any = arg(doc="An `optax.GradientTransformation`.")

    # A transformation has its own.
    weight_decay = clipnorm = clipvalue = global_clipnorm = None

    def exclude_from_weight_decay(self, var_list=None, var_names=None):
        raise TypeError(f"Optax '{self.name}' decays no weights: its transformation does.")

    @property
    def learning_rate(self) -> float:
        """The learning rate of the last step.

        Raises:
            TypeError: where the transformation does not keep it in its state, or an assigned
                value would be replaced by a schedule.
            RuntimeError: before the training, while there is no state.
        """
        return Rate(rate_in(self._injected()), self)

    @learning_rate.setter
    def learning_rate(self, value):
        old = self._injected()
        value = self._accepted(Optimizer.declared["learning_rate"], value)
        if "learning_rate" in old.hyperparams_states or callable(value):
            raise TypeError(self._no_schedule())
        new = with_rate(old, value)
        self.state = jax.tree.map(
            lambda node: new if node is old else node, self.state, is_leaf=_is_injected
        )

    def _injected(self):
        if self.state is None:
            raise RuntimeError(
                f"Optax '{self.name}' has no state yet, where its learning rate is kept: read or "
                "assign it once the training has begun."
            )
        for node in jax.tree.leaves(self.state, is_leaf=_is_injected):
            if _is_injected(node):
                return node
        raise TypeError(
            f"The transformation of Optax '{self.name}' does not keep its learning rate in its "
            "state. Build it with optax.inject_hyperparams(...)(learning_rate=...)."
        )

    def init(self, params):
        inner = self._average(self.transformation).init(params)
        return OptaxState(jnp.zeros((), jnp.int32), inner)

    def update(self, grads, state, params):
        updates, inner = self._average(self.transformation).update(grads, state.inner, params)
        return optax.apply_updates(params, updates), OptaxState(state.count + 1, inner)

    def get_config(self):
        raise TypeError(
            f"Optax '{self.name}' holds an optax transformation, which has no configuration. Pass "
            "the transformation again to the model that you load."
        )


def _is_injected(node) -> bool:
    return "learning_rate" in getattr(node, "hyperparams", ())
