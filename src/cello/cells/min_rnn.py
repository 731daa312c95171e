"""The minimal gated recurrent unit and minimal long short-term memory."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from cello.cells.linear import ProjectedLinearCell
from cello.core.arguments import arg
from cello.core.kinds import boolean

_positive = arg(
    True, kind=boolean, doc="Whether the candidate goes through g, so that the state is positive.",
)  # fmt: skip


class MinGRUCell(ProjectedLinearCell):
    """One step of the minimal gated recurrent unit, whose gate looks at the inputs alone.

        z, c = split(x_t W + b)
        h_t = (1 - sigmoid(z)) * h_{t-1} + sigmoid(z) * g(c)
        g(c) = c + 0.5 where c >= 0, else sigmoid(c)

    With `positive=False` the candidate is `c` in place of `g(c)`. `g` is what the paper's log-space
    form needs, as its sums over time are sums of logarithms; here the factors, between 0 and 1, are
    never divided by, and neither form overflows or loses digits.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`. Weights: kernel
    `W` `(features, 2 * units)`, bias `b` `(2 * units,)`; blocks in the order z, c. The paper names
    no initialisation.

    Source: Feng, Tung, Ahmed, Bengio and Hajimirsadeghi 2024, Were RNNs All We Needed?
    """

    positive = _positive
    blocks = 2

    def coefficients(self, inputs):
        z, c = self.project(inputs)
        return jax.nn.sigmoid(-z), jax.nn.sigmoid(z) * _candidate(c, self.positive), None


class MinLSTMCell(ProjectedLinearCell):
    """One step of minimal long short-term memory, whose gates look at the inputs alone.

        f, i, c = split(x_t W + b)
        f', i' = sigmoid(f) / (sigmoid(f) + sigmoid(i)), sigmoid(i) / (sigmoid(f) + sigmoid(i))
        h_t = f' * h_{t-1} + i' * g(c)

    with `g` and `positive` of `MinGRUCell`. `f'` is computed as
    `sigmoid(log sigmoid(f) - log sigmoid(i))`, which is exact where both gates are all but closed.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`. Weights: kernel
    `W` `(features, 3 * units)`, bias `b` `(3 * units,)`; blocks in the order f, i, c. The paper
    names no initialisation.

    Source: Feng, Tung, Ahmed, Bengio and Hajimirsadeghi 2024, Were RNNs All We Needed?
    """

    positive = _positive
    blocks = 3

    def coefficients(self, inputs):
        f, i, c = self.project(inputs)
        share = jax.nn.log_sigmoid(f) - jax.nn.log_sigmoid(i)
        a, kept = jax.nn.sigmoid(share), jax.nn.sigmoid(-share)
        return a, kept * _candidate(c, self.positive), None


def _candidate(c, positive: bool):
    if not positive:
        return c
    return jnp.where(c >= 0, c + 0.5, jax.nn.sigmoid(c))
