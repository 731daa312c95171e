"""Gated linear attention."""

from __future__ import annotations

import jax

from cello.cells.matrix import MatrixCell, flat, normalize_rms, split
from cello.core.arguments import arg
from cello.core.kinds import optional, positive_integer

TEMPERATURE = 16.0


class GLACell(MatrixCell):
    """One step of gated linear attention: a decay for each row of the memory, from the inputs.

        q, k, v, g, low = split(x_t W)
        log_alpha = log(sigmoid(low A + b)) / 16
        S_t = alpha * S_{t-1} + k v^T
        y_t = (silu(g) * scale * rms_norm(S_t^T q / sqrt(key_dim))) U

    in each head. `rms_norm` divides the values of each head by the root of their mean square plus
    1e-5.

    Inputs `(batch, features)`; states `[S]`, `(batch, heads, key_dim, value_dim)`; output `y`
    `(batch, units)`. Weights: kernel `W` `(features, heads * (2 * key_dim + 2 * value_dim) +
    rank)`, blocks in the order q, k, v, g, low; gate kernel `A` `(rank, heads * key_dim)` and gate
    bias `b`; `scale` `(value_dim,)`; output kernel `U` `(heads * value_dim, units)`. The kernels
    start uniform, of the variance `1 / 32` over the number of rows, as in the authors' code for
    square kernels.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Yang, Wang, Shen, Panda and Kim 2023, Gated Linear Attention Transformers with
    Hardware-Efficient Training; sizes and initialisation from its code (flash-linear-attention).
    """

    key_dim = arg(
        None, kind=optional(positive_integer),
        doc="Size of a key in each head; half of `units / heads`, rounded up, where `None`.",
    )  # fmt: skip
    value_dim = arg(
        None, kind=optional(positive_integer),
        doc="Size of a value in each head; `units / heads` where `None`.",
    )  # fmt: skip
    rank = arg(16, kind=positive_integer, doc="Rank of the gate's kernel.")

    def head_sizes(self):
        size = self.units // self.heads
        self.key_dim = self.key_dim or -(-size // 2)
        self.value_dim = self.value_dim or size
        return self.key_dim, self.value_dim

    def build(self, input_shape):
        super().build(input_shape)
        keys, values = self.heads * self.key_dim, self.heads * self.value_dim
        self.sizes = [keys, keys, values, values, self.rank]
        self.add_kernel(input_shape[-1], sum(self.sizes))
        self.gate_kernel = self.add_weight(
            (self.rank, keys), self.kernel_initializer, name="gate_kernel", autocast=False
        )
        self.gate_bias = self.add_weight((keys,), "zeros", name="gate_bias", autocast=False)
        self.scale = self.add_weight((self.value_dim,), "ones", name="scale", autocast=False)
        self.add_output_kernel(values, 2**-5)

    def terms(self, seen, rest, others, mask):
        *parts, low = split(self.times(seen[0], self.kernel), *self.sizes)
        q, k, v, g = map(self.by_head, parts)
        gate = self.by_head(self.times(low, self.gate_kernel) + self.gate_bias.value)
        log_decay = jax.nn.log_sigmoid(gate) / TEMPERATURE
        return (q * self.key_dim**-0.5, k, v, log_decay, None), g, others

    def readout(self, y, g):
        y = jax.nn.silu(g) * self.scale.value * normalize_rms(y, 1e-5)
        return self.times(flat(y), self.output_kernel)
