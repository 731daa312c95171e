"""RWKV-7: the time mixing of the network, with a generalised delta rule."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from cello.cells.matrix import MatrixCell, flat, initial_kernel, unit
from cello.core.arguments import arg
from cello.core.kinds import optional, positive_integer
from cello.initializers import Constant, Orthogonal, RandomUniform

EPSILON = 64e-5
"""Of the normalisation of the heads, in the authors' code."""


class RWKV7Cell(MatrixCell):
    """One step of the time mixing of RWKV-7 ("Goose").

        x^j = x_t + mix^j * (x_{t-1} - x_t)                  for j in r, w, k, v, a, g
        r, k, v = x^r R, x^k K, x^v V
        log_w = -exp(-1/2) sigmoid(tanh(x^w A_w) B_w + w_0)
        a = sigmoid(x^a A_a B_a + a_0)
        g = sigmoid(x^g A_g) B_g
        e = k * erase / |k * erase|
        k = k * (1 + (a - 1) * replace)
        S_t = w * S_{t-1} - (a * e) (S_{t-1}^T e)^T + k v^T
        y_t = (g * (scale * group_norm(S_t^T r) + shift + (sum of r * k * bonus) v)) O

    in each head. `group_norm` takes from the values of each head their mean, and divides them by
    the root of their variance plus 64e-5; lengths are roots of the sum of squares plus 1e-6. A
    masked step is passed over: the step before is then the last real one.

    In the network, the layers above the first mix the first one's values into their own. A cell
    does not see those of another layer, and that is left out.

    Inputs `(batch, features)`; states `[S, the inputs before]`, `(batch, heads, n, n)` with `n =
    units / heads`, and `(batch, 1, features)`; output `y` `(batch, units)`. Weights: `mix`
    `(6, features)`, in the order above; kernels `R`, `K`, `V` `(features, units)`; `A_w`, `A_a`,
    `A_g` `(features, rank)` and `B_w`, `B_a`, `B_g` `(rank, units)`, called down and up kernels;
    `w_0`, `a_0`, `erase`, `replace`, `bonus`, `scale`, `shift` `(units,)`; output kernel `O`
    `(units, units)`.

    They start as in the authors' code for a network of one layer, but for the output kernel: theirs
    is zero, so that what is around the layer passes by it unchanged; this one starts as `R` does.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Peng et al. 2025, RWKV-7 "Goose" with Expressive Dynamic State Evolution; the
    initialisation from its code (RWKV-LM).
    """

    rank = arg(
        None, kind=optional(positive_integer),
        doc="Rank of the kernels of w, a and g; where `None`, as in the authors' code: a multiple "
        "of 32 near to `1.8 sqrt(units)`, and for g to `0.6 units^0.8`.",
    )  # fmt: skip
    kernel_initializer = initial_kernel(1 / 12)
    window = 2

    def head_sizes(self):
        return self.units // self.heads, self.units // self.heads

    def build(self, input_shape):
        super().build(input_shape)
        features, n = input_shape[-1], self.units

        def add(name, shape, start):
            return self.add_weight(shape, start, name=name, autocast=False)

        def uniform(largest):
            return RandomUniform(-largest / math.sqrt(features), largest / math.sqrt(features))

        def up(name, size):
            gain = 0.1 * max(1.0, (size / n) ** 0.5)
            return add(f"{name}_up_kernel", (size, n), Orthogonal(gain))

        near = lambda size: max(32, 32 * round(size / 32))  # noqa: E731
        rank, gate_rank = (self.rank or near(x) for x in (1.8 * n**0.5, 0.6 * n**0.8))
        self.mix = add("mix", (6, features), _mix)
        self.receptance_kernel = add("receptance_kernel", (features, n), self.kernel_initializer)
        self.key_kernel = add("key_kernel", (features, n), uniform(0.05))
        self.value_kernel = add("value_kernel", (features, n), uniform(0.5))
        self.decay_down_kernel = add("decay_down_kernel", (features, rank), "zeros")
        self.decay_up_kernel = up("decay", rank)
        self.rate_down_kernel = add("rate_down_kernel", (features, rank), "zeros")
        self.rate_up_kernel = up("rate", rank)
        self.gate_down_kernel = add("gate_down_kernel", (features, gate_rank), "zeros")
        self.gate_up_kernel = up("gate", gate_rank)
        self.decay_bias = add("decay_bias", (n,), _decay_bias)
        self.rate_bias = add("rate_bias", (n,), "zeros")
        self.erase = add("erase", (n,), Constant(0.85))
        self.replace = add("replace", (n,), "ones")
        self.bonus = add("bonus", (n,), "zeros")
        self.scale = add("scale", (n,), "ones")
        self.shift = add("shift", (n,), "zeros")
        self.add_output_kernel(n, 1 / 12)

    def terms(self, seen, rest, others, mask):
        before, x = seen
        mixed = (x + mix * (before - x) for mix in self.mix.value)
        x_r, x_w, x_k, x_v, x_a, x_g = mixed
        r = self.by_head(self.times(x_r, self.receptance_kernel))
        k = self.times(x_k, self.key_kernel)
        v = self.by_head(self.times(x_v, self.value_kernel))
        w = self.times(jnp.tanh(self.times(x_w, self.decay_down_kernel)), self.decay_up_kernel)
        log_w = -math.exp(-0.5) * jax.nn.sigmoid(w + self.decay_bias.value)
        a = self.times(self.times(x_a, self.rate_down_kernel), self.rate_up_kernel)
        a = jax.nn.sigmoid(a + self.rate_bias.value)
        g = jax.nn.sigmoid(self.times(x_g, self.gate_down_kernel))
        g = self.times(g, self.gate_up_kernel)
        e = unit(self.by_head(k * self.erase.value))
        k = self.by_head(k * (1 + (a - 1) * self.replace.value))
        bonus = jnp.sum(r * k * self.by_head(self.bonus.value), -1, keepdims=True) * v
        terms = (r, k, v, self.by_head(log_w), (-self.by_head(a) * e, e))
        return terms, (g, flat(bonus)), others

    def readout(self, y, more):
        g, bonus = more
        y = y - jnp.mean(y, -1, keepdims=True)
        y = flat(y * lax.rsqrt(jnp.mean(y**2, -1, keepdims=True) + EPSILON))
        y = y * self.scale.value + self.shift.value
        return self.times(g * (y + bonus), self.output_kernel)


def _mix(shape, dtype):
    place = np.arange(shape[1]) / shape[1]
    powers = np.array([0.2, 0.9, 0.7, 0.7, 0.9, 0.2])  # r, w, k, v, a, g
    return (1 - place ** powers[:, None]).astype(dtype)


def _decay_bias(shape, dtype):
    place = np.arange(shape[0]) / max(shape[0] - 1, 1)
    return (-6.5 + 5 * place**0.85).astype(dtype)
