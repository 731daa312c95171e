"""Networks with the delta rule: a memory that takes away what it holds before it writes."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from cello.cells.matrix import (
    MatrixCell,
    flat,
    initial_step_bias,
    normalize_rms,
    split,
    unit,
)
from cello.core.arguments import arg
from cello.core.kinds import optional, positive_integer
from cello.initializers import RandomUniform


class DeltaNetCell(MatrixCell):
    """One step of DeltaNet: the memory's value at a key moves to the new value, by the rate beta.

        q, k, v, beta = split(x_t W)
        q, k, v = silu(convolution of [q, k, v] over the last steps)
        q, k = q / |q|, k / |k|
        S_t = S_{t-1} + sigmoid(beta) k (v - S_{t-1}^T k)^T
        y_t = (scale * rms_norm(S_t^T q / sqrt(key_dim))) U

    in each head. The convolution has a kernel for each channel; steps before the first are zeros,
    and masked steps are passed over. Lengths are roots of the sum of squares plus 1e-6; `rms_norm`
    divides the values of each head by the root of their mean square plus 1e-5.

    Inputs `(batch, features)`; states `[S, the window - 1 steps of q, k, v before]`,
    `(batch, heads, key_dim, value_dim)` and `(batch, window - 1, heads * (2 * key_dim +
    value_dim))`, or `[S]` with a window of 1; output `y` `(batch, units)`. Weights: kernel `W`
    `(features, heads * (2 * key_dim + value_dim + 1))`, blocks in the order q, k, v, beta;
    convolution `(window, heads * (2 * key_dim + value_dim))`, the oldest step first; `scale`
    `(value_dim,)`; output kernel `U` `(heads * value_dim, units)`. The kernels start uniform, of
    the variance `1 / 32` over the number of rows, as in the authors' code for square kernels, the
    convolution as PyTorch starts it.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Yang, Wang, Zhang, Shen and Kim 2024, Parallelizing Linear Transformers with the Delta
    Rule over Sequence Length; sizes and initialisation from its code (flash-linear-attention).
    """

    key_dim = arg(
        None, kind=optional(positive_integer),
        doc="Size of a key in each head; `units / heads` where `None`.",
    )  # fmt: skip
    value_dim = arg(
        None, kind=optional(positive_integer),
        doc="Size of a value in each head; `units / heads` where `None`.",
    )  # fmt: skip
    window = arg(
        4, kind=positive_integer, doc="How many steps the convolution looks at; 1 for none.",
    )  # fmt: skip

    def head_sizes(self):
        self.key_dim = self.key_dim or self.units // self.heads
        self.value_dim = self.value_dim or self.units // self.heads
        return self.key_dim, self.value_dim

    def window_width(self, features):
        return self.heads * (2 * self.key_dim + self.value_dim)

    def more_sizes(self) -> list[int]:
        """The sizes of the blocks of the kernel behind q, k and v."""
        return [self.heads]

    def build(self, input_shape):
        super().build(input_shape)
        keys, values = self.heads * self.key_dim, self.heads * self.value_dim
        self.sizes = [keys, keys, values]
        self.add_kernel(input_shape[-1], sum(self.sizes) + sum(self.more_sizes()))
        self.add_convolution(sum(self.sizes))
        self.scale = self.add_weight((self.value_dim,), "ones", name="scale", autocast=False)
        self.add_output_kernel(values, 2**-5)

    def enter(self, inputs):
        x, *rest = split(self.times(inputs, self.kernel), sum(self.sizes), *self.more_sizes())
        return x, rest

    def terms(self, seen, rest, others, mask):
        q, k, v = self.queries_keys_values(seen)
        beta = jax.nn.sigmoid(rest[0])[..., None]
        return (q, k, beta * v, jnp.zeros((1, 1, 1)), (-beta * k, k)), None, others

    def queries_keys_values(self, seen):
        """Those of all heads, `(batch, time, heads, n)`."""
        x = split(jax.nn.silu(self.convolve(seen)), *self.sizes)
        q, k, v = map(self.by_head, x)
        return unit(q) * self.key_dim**-0.5, unit(k), v

    def readout(self, y, more):
        return self.times(flat(self.scale.value * normalize_rms(y, 1e-5)), self.output_kernel)


class GatedDeltaNetCell(DeltaNetCell):
    """One step of Gated DeltaNet: the delta rule in a memory that can also forget all at once.

        q, k, v, beta, a, g = split(x_t W)
        q, k, v = silu(convolution of [q, k, v] over the last steps)
        q, k = q / |q|, k / |k|
        alpha = exp(-exp(decay) softplus(a + step_bias))
        S_t = alpha S_{t-1} + sigmoid(beta) k (v - alpha S_{t-1}^T k)^T
        y_t = (silu(g) * scale * rms_norm(S_t^T q / sqrt(key_dim))) U

    in each head; convolution, lengths and `rms_norm` are those of `DeltaNetCell`.

    Inputs, states and output are those of `DeltaNetCell`. Weights: kernel `W` `(features, heads *
    (2 * key_dim + 2 * value_dim + 2))`, blocks in the order q, k, v, beta, a, g; convolution,
    `scale` and output kernel as there; `decay` and `step_bias` `(heads,)`, which start, as in the
    authors' code, from logarithms of uniform numbers between 0 and 16, and so that the softplus of
    `step_bias` is spread evenly over the logarithms from 0.001 to 0.1.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Yang, Kautz and Hatamizadeh 2024, Gated Delta Networks: Improving Mamba2 with Delta
    Rule.
    """

    value_dim = arg(
        None, kind=optional(positive_integer),
        doc="Size of a value in each head; `2 * units / heads` where `None`.",
    )  # fmt: skip

    def head_sizes(self):
        self.value_dim = self.value_dim or 2 * (self.units // self.heads)
        return super().head_sizes()

    def more_sizes(self):
        return [self.heads, self.heads, self.heads * self.value_dim]

    def build(self, input_shape):
        super().build(input_shape)
        self.decay = self.add_weight((self.heads,), _decay, name="decay", autocast=False)
        self.step_bias = self.add_weight(
            (self.heads,), initial_step_bias, name="step_bias", autocast=False
        )

    def terms(self, seen, rest, others, mask):
        q, k, v = self.queries_keys_values(seen)
        beta, a, g = rest
        beta = jax.nn.sigmoid(beta)[..., None]
        log_alpha = -jnp.exp(self.decay.value) * jax.nn.softplus(a + self.step_bias.value)
        erased = -beta * jnp.exp(log_alpha)[..., None] * k
        return (q, k, beta * v, log_alpha, (erased, k)), self.by_head(g), others

    def readout(self, y, g):
        y = jax.nn.silu(g) * self.scale.value * normalize_rms(y, 1e-5)
        return self.times(flat(y), self.output_kernel)


def _decay(shape, dtype):
    return np.log(RandomUniform(1e-3, 16.0)(shape, dtype))
