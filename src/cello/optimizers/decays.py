"""Learning rates that follow the number of batches, under Keras' names.

Each is a function of the number of batches done, `learning_rate=` of any optimiser takes it, and so
does optax. Any other function of that number, an optax schedule say, serves as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import optax

from cello.core.arguments import arg
from cello.core.exports import public
from cello.core.kinds import boolean, non_negative, number, optional, positive
from cello.core.serialization import Configurable, register


def _numbers(value: Sequence[float]):
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError("a list of numbers, at least one")
    return [number(v) for v in value]


def _initial() -> Any:
    return arg(kind=non_negative, doc="The rate at the start.")


def _steps(doc: str = "Steps of the decay.") -> Any:
    return arg(kind=positive, doc=doc)


def _staircase() -> Any:
    return arg(False, kind=boolean, doc="Whether to go down in steps of decay_steps.")


def _name(default: str) -> Any:
    return arg(default, doc="Name.")


class LearningRateSchedule(Configurable):
    """Base of the schedules: a subclass declares its arguments and defines `__call__(step)`."""

    keras_name: tuple[str, str]

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith("cello."):
            cls.keras_name = ("keras.optimizers.schedules", cls.__name__)
            register(cls)

    def __call__(self, step):
        """The rate at a step, counted from 0; traced by JAX."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(step).")


class ExponentialDecay(LearningRateSchedule):
    """`initial_learning_rate * decay_rate^(step / decay_steps)`."""

    initial_learning_rate: Any = _initial()
    decay_steps: Any = _steps()
    decay_rate: Any = arg(kind=non_negative, doc="Factor over decay_steps.")
    staircase: Any = _staircase()
    name: Any = _name("ExponentialDecay")

    def __call__(self, step):
        return self.initial_learning_rate * jnp.power(self.decay_rate, _part(self, step))


class InverseTimeDecay(LearningRateSchedule):
    """`initial_learning_rate / (1 + decay_rate * step / decay_steps)`."""

    initial_learning_rate: Any = _initial()
    decay_steps: Any = _steps()
    decay_rate: Any = arg(kind=non_negative, doc="See the formula.")
    staircase: Any = _staircase()
    name: Any = _name("InverseTimeDecay")

    def __call__(self, step):
        return self.initial_learning_rate / (1 + self.decay_rate * _part(self, step))


class PiecewiseConstantDecay(LearningRateSchedule):
    """`values[i]` up to and at step `boundaries[i]`, the last of the values after all of them."""

    boundaries: Any = arg(kind=_numbers, doc="The last steps of all values but the last.")
    values: Any = arg(kind=_numbers, doc="The rates, one more than boundaries.")
    name: Any = _name("PiecewiseConstant")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                "PiecewiseConstantDecay needs one value more than boundaries. Received: "
                f"boundaries={self.boundaries}, values={self.values}"
            )

    def __call__(self, step):
        passed = jnp.sum(jnp.asarray(step) > jnp.asarray(self.boundaries))
        return jnp.asarray(self.values, jnp.float32)[passed]


class PolynomialDecay(LearningRateSchedule):
    """`(initial - end) * (1 - step / decay_steps)^power + end`, and `end` after `decay_steps`.

    With `cycle`, `decay_steps` is multiplied by the least whole number that keeps `step` within it.
    """

    initial_learning_rate: Any = _initial()
    decay_steps: Any = _steps()
    end_learning_rate: Any = arg(0.0001, kind=non_negative, doc="The rate at the end.")
    power: Any = arg(1.0, kind=number, doc="Exponent; 1: a straight line.")
    cycle: Any = arg(False, kind=boolean, doc="Whether it starts again, from less each time.")
    name: Any = _name("PolynomialDecay")

    def __call__(self, step):
        step = jnp.asarray(step, jnp.float32)
        steps = self.decay_steps
        if self.cycle:
            steps = steps * jnp.maximum(jnp.ceil(step / steps), 1)
        else:
            step = jnp.minimum(step, steps)
        above = self.initial_learning_rate - self.end_learning_rate
        left = jnp.maximum(1 - step / steps, 0)  # rounded, it may be below: no root of that
        return above * jnp.power(left, self.power) + self.end_learning_rate


class CosineDecay(LearningRateSchedule):
    """Half a wave of the cosine, from the initial rate down to `alpha` times it.

    `initial * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha)`. With
    `warmup_target`, the rate first rises in a straight line, over `warmup_steps`, from the initial
    rate to `warmup_target`, from which it then decays.

    Source: Loshchilov and Hutter 2017.
    """

    initial_learning_rate: Any = _initial()
    decay_steps: Any = _steps("Steps of the decay, those of the rise not counted.")
    alpha: Any = arg(0.0, kind=number, doc="The rate at the end, as a part of that at the top.")
    name: Any = _name("CosineDecay")
    warmup_target: Any = arg(
        None, kind=optional(non_negative), doc="The rate at the top; no rise where None."
    )
    warmup_steps: Any = arg(0, kind=non_negative, doc="Steps of the rise.")

    def __call__(self, step):
        if self.warmup_target is None:
            return self._decay(self.initial_learning_rate)(step)
        rise = optax.linear_schedule(
            self.initial_learning_rate, self.warmup_target, self.warmup_steps
        )
        parts = [rise, self._decay(self.warmup_target)]
        return optax.join_schedules(parts, [self.warmup_steps])(step)

    def _decay(self, top):
        return optax.cosine_decay_schedule(top, self.decay_steps, self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """`CosineDecay` again and again: each time `t_mul` times as long, from `m_mul` times the rate.

    Source: Loshchilov and Hutter 2017.
    """

    initial_learning_rate: Any = _initial()
    first_decay_steps: Any = _steps("Steps of the first decay.")
    t_mul: Any = arg(2.0, kind=positive, doc="Factor of the length from one decay to the next.")
    m_mul: Any = arg(1.0, kind=non_negative, doc="Factor of the rate from one to the next.")
    alpha: Any = arg(0.0, kind=number, doc="The rate at the end, as a part of the initial one.")
    name: Any = _name("SGDRDecay")

    def __call__(self, step):
        done = jnp.asarray(step, jnp.float32) / self.first_decay_steps
        if self.t_mul == 1:
            restart = jnp.floor(done)
            done = done - restart
        else:  # the decays before this one have taken (1 - t_mul^restart) / (1 - t_mul)
            restart = jnp.floor(jnp.log(1 - done * (1 - self.t_mul)) / math.log(self.t_mul))
            length = jnp.power(self.t_mul, restart)
            done = (done - (1 - length) / (1 - self.t_mul)) / length
        wave = 0.5 * jnp.power(self.m_mul, restart) * (1 + jnp.cos(math.pi * done))
        return self.initial_learning_rate * ((1 - self.alpha) * wave + self.alpha)


def _part(schedule, step):
    """The part of `decay_steps` that is done; whole ones with `staircase`."""
    part = jnp.asarray(step, jnp.float32) / schedule.decay_steps
    return jnp.floor(part) if schedule.staircase else part


__all__ = public(globals(), __name__)
