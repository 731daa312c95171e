"""What the state space models share: equations in time that become steps of a learned length."""

from __future__ import annotations

import math

import jax.numpy as jnp

from cello.cells.linear import LinearCell
from cello.core.arguments import arg
from cello.core.kinds import Integer, positive, positive_integer
from cello.initializers import RandomUniform


def even(value: Integer):
    if positive_integer(value) % 2:
        raise ValueError("an even positive integer: the states are pairs of conjugates")
    return int(value)


class StateSpaceCell(LinearCell):
    """Base of the cells that are `h' = A h + B x` in time, in steps that start in a range."""

    dt_min = arg(0.001, kind=positive, doc="Smallest step to start from.")
    dt_max = arg(0.1, kind=positive, doc="Largest step to start from.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.dt_min > self.dt_max:
            raise ValueError(
                f"{type(self).__name__}: dt_min must not be greater than dt_max. Received: "
                f"dt_min={self.dt_min}, dt_max={self.dt_max}"
            )

    def initial_log_step(self, shape, dtype):
        """Logarithms of steps that are log-uniform in the range."""
        return RandomUniform(math.log(self.dt_min), math.log(self.dt_max))(shape, dtype)


def zero_order_hold(A, step):
    """`(a, b)` of `h_t = a h_{t-1} + b x_t`: `h' = A h + x` where `x` stays for a step as it is."""
    return jnp.exp(step * A), jnp.expm1(step * A) / A
