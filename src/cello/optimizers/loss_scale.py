"""`LossScaleOptimizer`: another optimiser, with a loss that is scaled against underflow."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from cello.core.arguments import arg
from cello.core.kinds import positive, positive_integer
from cello.core.serialization import deserialize, serialize
from cello.optimizers.optimizer import Optimizer
from cello.optimizers.rate import Rate, Steps

_INSIDE: dict[str, Any] = {
    **dict.fromkeys(("weight_decay", "clipnorm", "clipvalue", "global_clipnorm")),
    **dict.fromkeys(("ema_overwrite_frequency", "loss_scale_factor")),
    "gradient_accumulation_steps": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "dynamic": True,
}
"""What only the optimiser inside takes; Keras writes these values, which change nothing."""


class LossScaleState(NamedTuple):
    """The state of `LossScaleOptimizer`.

    Attributes:
        steps: steps since the scale last changed.
        scale: what the loss is multiplied with.
        inner: the state of the optimiser inside.
    """

    steps: Any
    scale: Any
    inner: Any


def _optimizer(value: Optimizer):
    found = deserialize(value) if isinstance(value, dict) else value
    if not isinstance(found, Optimizer) or isinstance(found, LossScaleOptimizer):
        raise ValueError("another optimizer, such as Adam(1e-3)")
    return found


class LossScaleOptimizer(Optimizer):
    """Another optimiser, whose loss is multiplied with a scale that is found on the way.

    The gradients are divided by it again. Where one is not finite, the step is left out and the
    scale halved; after `dynamic_growth_steps` steps without that it is doubled. All else is said to
    the optimiser inside: its clipping, averages and decay see the gradients without the scale.
    bfloat16 has the range of float32, and needs none of this.

    Source: Micikevicius et al. 2018.
    """

    argument_order = "inner_optimizer initial_scale dynamic_growth_steps name"
    inner_optimizer: Any = arg(kind=_optimizer, doc="The optimiser that makes the steps.")
    initial_scale: Any = arg(2.0**15, kind=positive, doc="The scale before the first step.")
    dynamic_growth_steps: Any = arg(
        2000, kind=positive_integer, doc="Steps with finite gradients until the scale doubles."
    )

    # The optimiser inside has its own.
    weight_decay = clipnorm = clipvalue = global_clipnorm = ema_overwrite_frequency = None
    loss_scale_factor = gradient_accumulation_steps = None
    use_ema, ema_momentum = False, 0.99
    _ignored_arguments = {name: (value,) for name, value in _INSIDE.items()}

    def __init__(self, *args, **kwargs):
        for name, harmless in _INSIDE.items():
            if kwargs.get(name, harmless) != harmless:
                raise ValueError(
                    f"LossScaleOptimizer: {name}={kwargs[name]!r} belongs to the optimizer inside: "
                    f"LossScaleOptimizer(Adam({name}={kwargs[name]!r})), say; a scale that stays "
                    "is its loss_scale_factor."
                )
        super().__init__(*args, **kwargs)
        self.inner_optimizer.loss_scale_factor = None  # it would be a second scale

    # What the training keeps, of which the optimiser inside has its part.

    @property
    def state(self):
        kept = self._state
        return kept if kept is None else kept._replace(inner=self.inner_optimizer.state)

    @state.setter
    def state(self, state):
        self._state = state
        if state is not None:
            self.inner_optimizer.state = state.inner

    @property
    def trained(self):
        return self._trained

    @trained.setter
    def trained(self, variables):
        self._trained = variables
        if variables:
            self.inner_optimizer.trained = variables

    def init(self, params):
        scale = jnp.asarray(self.initial_scale, jnp.float32)
        return LossScaleState(jnp.zeros((), jnp.int32), scale, self.inner_optimizer.init(params))

    def update(self, grads, state, params):
        return self._scaled(self.inner_optimizer.update, grads, state, params)

    def step(self, grads, state, values):
        return self._scaled(self.inner_optimizer.step, grads, state, values)

    def _scaled(self, step, grads, state, params):
        """A step on gradients of the scaled loss, if they are all finite."""
        finite = jnp.all(jnp.stack([jnp.isfinite(g).all() for g in jax.tree.leaves(grads)]))

        def forward():
            own = jax.tree.map(lambda g: g / state.scale.astype(g.dtype), grads)
            new, inner = step(own, state.inner, params)
            grown = state.steps == self.dynamic_growth_steps - 1
            steps = jnp.where(grown, 0, state.steps + 1)
            return new, LossScaleState(steps, jnp.where(grown, 2, 1) * state.scale, inner)

        def skipped():
            return params, LossScaleState(jnp.zeros_like(state.steps), state.scale / 2, state.inner)

        return jax.lax.cond(finite, forward, skipped)

    def scale_loss(self, loss, state=None):
        state = self.state if state is None else state
        return loss * (self.initial_scale if state is None else state.scale)

    @property
    def learning_rate(self) -> float:
        """That of the optimiser inside."""
        return Rate(self.inner_optimizer.learning_rate, self)

    @learning_rate.setter
    def learning_rate(self, value):
        self.inner_optimizer.learning_rate = value

    @property
    def follows_schedule(self) -> bool:
        return self.inner_optimizer.follows_schedule

    @property
    def iterations(self) -> Steps:
        """The steps done; those that were left out do not count."""
        return self.inner_optimizer.iterations

    @property
    def average(self) -> Any:
        """That of the optimiser inside."""
        return self.inner_optimizer.average

    def exclude_from_weight_decay(self, var_list=None, var_names=None) -> None:
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

    def get_config(self) -> dict[str, Any]:
        own = {n: getattr(self, n) for n in ("name", "initial_scale", "dynamic_growth_steps")}
        return {**own, "inner_optimizer": serialize(self.inner_optimizer)}
