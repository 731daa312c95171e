"""The retention of RetNet."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from cello.cells.matrix import MatrixCell, flat, normalize_rms, split
from cello.core.arguments import arg
from cello.core.kinds import boolean, optional, positive_integer


class RetNetCell(MatrixCell):
    """One step of multi-scale retention, of RetNet: a fixed decay for each head.

        q, k, v, g = split(x_t W)
        S_t = gamma S_{t-1} + R_t(k / sqrt(key_dim)) v^T
        y_t = (silu(g) * rms_norm(S_t^T R_t(q))) U

    in each head, where head `h` of 0, 1, ... has `gamma = 1 - 2^(-5 - h)`. `R_t` turns the numbers
    of a key, two by two, by `t` times the angles `10000^-p`, where `p` goes from 0 to 1: so what
    is found depends on how long ago it was. The last number of an odd key is not turned.
    `rms_norm` divides the values of each head by the root of their mean square plus 1e-6; as in
    the authors' code, it does not subtract the mean.

    Inputs `(batch, features)`; states `[S, t]`, `(batch, heads, key_dim, value_dim)` and
    `(batch, 1)`, or `[S]` without rotation; output `y` `(batch, units)`. Weights: kernel `W`
    `(features, heads * (2 * key_dim + 2 * value_dim))`, blocks in the order q, k, v, g, in each the
    heads side by side; output kernel `U` `(heads * value_dim, units)`. They start uniform, of the
    variance `1 / 32` and `1 / 4` over the number of rows, as in the authors' code for square
    kernels.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Sun et al. 2023, Retentive Network: A Successor to Transformer for Large Language
    Models; the initialisation from its code (torchscale).
    """

    key_dim = arg(
        None, kind=optional(positive_integer),
        doc="Size of a key in each head; `units / heads` where `None`.",
    )  # fmt: skip
    value_dim = arg(
        None, kind=optional(positive_integer),
        doc="Size of a value in each head; `2 * units / heads` where `None`.",
    )  # fmt: skip
    rotation = arg(True, kind=boolean, doc="Whether queries and keys turn with time.")

    def head_sizes(self):
        self.key_dim = self.key_dim or self.units // self.heads
        self.value_dim = self.value_dim or 2 * (self.units // self.heads)
        return self.key_dim, self.value_dim

    def build(self, input_shape):
        self.other_states = ((1,),) if self.rotation else ()
        super().build(input_shape)
        self.sizes = [self.heads * n for n in 2 * (self.key_dim,) + 2 * (self.value_dim,)]
        self.add_kernel(input_shape[-1], sum(self.sizes))
        self.add_output_kernel(self.sizes[-1], 2**-2)

    def terms(self, seen, rest, others, mask):
        q, k, v, g = map(self.by_head, split(self.times(seen[0], self.kernel), *self.sizes))
        k = k * self.key_dim**-0.5
        if self.rotation:
            real = jnp.ones(q.shape[:2]) if mask is None else mask
            t = others[0][:, None] + jnp.cumsum(real, axis=1)[..., None].astype(others[0].dtype)
            q, k, others = _turn(q, t), _turn(k, t), [t]
        log_decay = jnp.log1p(-(2.0 ** (-5 - jnp.arange(self.heads))))
        return (q, k, v, log_decay[None, None], None), g, others

    def readout(self, y, g):
        return self.times(flat(jax.nn.silu(g) * normalize_rms(y, 1e-6)), self.output_kernel)


def _turn(x, t):
    """`x` `(batch, time, heads, n)`, two numbers by two, by the angles that belong to `t`."""
    pairs = x.shape[-1] // 2
    angles = (t * 10000.0 ** -jnp.linspace(0, 1, pairs))[:, :, None]
    cos, sin = jnp.cos(angles), jnp.sin(angles)
    even, odd = x[..., 0 : 2 * pairs : 2], x[..., 1 : 2 * pairs : 2]
    turned = jnp.stack([even * cos - odd * sin, odd * cos + even * sin], -1)
    return jnp.concatenate([turned.reshape(*x.shape[:-1], -1), x[..., 2 * pairs :]], -1)
