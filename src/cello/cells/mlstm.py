"""The matrix memory of xLSTM: long short-term memory with a matrix in place of a cell."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from cello.cells.matrix import MatrixCell, flat, initial_kernel, split
from cello.core.arguments import arg
from cello.core.kinds import one_of, optional, positive_integer
from cello.initializers import RandomNormal

_LARGEST = 40.0
"""The largest exponent, of either sign: the square of its `exp` is a number in float32."""
_NEVER = -1e30


class MLSTMCell(MatrixCell):
    """One step of the mLSTM, long short-term memory with a matrix as its memory.

        q, k, v, o = split(x_t W + b)
        i, f = split(x_t G + c)
        m_t = max(log_f + m_{t-1}, i)    log_f = log(sigmoid(f)), or f with exponential forget gates
        C_t = exp(log_f + m_{t-1} - m_t) C_{t-1} + exp(i - m_t) (k / sqrt(key_dim)) v^T
        n_t = exp(log_f + m_{t-1} - m_t) n_{t-1} + exp(i - m_t) k / sqrt(key_dim)
        h_t = sigmoid(o) * C_t^T q / max(|n_t^T q|, exp(-m_t))

    in each head. `m` only keeps the exponents small: `h` is the same for every `m`.

    Inputs `(batch, features)`; states `[S, m]`, `(batch, heads, key_dim, units / heads + 1)` and
    `(batch, heads)`: `S` is `C` with `n` as one more column; output `h` `(batch, units)`. Weights:
    kernel `W` `(features, heads * 2 * key_dim + 2 * units)`, bias `b`, blocks in the order q, k, v,
    o; gate kernel `G` `(features, 2 * heads)`, gate bias `c`, in the order i, f. As the authors'
    code has it, `W` starts normal, of the variance 0.4 over the number of features; `G` from 0, the
    biases of the input gates normal, of the deviation 0.1, those of the forget gates from 3 to 6,
    evenly over the heads.

    The convolution before the cell, and the normalisation of each head after it, belong to the
    block of the paper, and are not in it.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Beck et al. 2024, xLSTM: Extended Long Short-Term Memory.
    """

    key_dim = arg(
        None, kind=optional(positive_integer),
        doc="Size of a key in each head; `units / heads` where `None`.",
    )  # fmt: skip
    forget_gate = arg(
        "sigmoid", kind=one_of("sigmoid", "exponential"),
        doc='What the forget gate applies: "sigmoid" or "exponential".',
    )  # fmt: skip
    kernel_initializer = initial_kernel(0.4, "untruncated_normal")

    def head_sizes(self):
        self.key_dim = self.key_dim or self.units // self.heads
        return self.key_dim, self.units // self.heads + 1

    def build(self, input_shape):
        self.other_states = ((self.heads,),)
        super().build(input_shape)
        self.sizes = 2 * [self.heads * self.key_dim] + 2 * [self.units]
        self.add_kernel(input_shape[-1], sum(self.sizes))
        self.bias = self.add_weight((sum(self.sizes),), "zeros", name="bias", autocast=False)
        self.gate_kernel = self.add_weight(
            (input_shape[-1], 2 * self.heads), "zeros", name="gate_kernel", autocast=False
        )
        self.gate_bias = self.add_weight(
            (2 * self.heads,), self._initial_gate_bias, name="gate_bias", autocast=False
        )

    def _initial_gate_bias(self, shape, dtype):
        taking = RandomNormal(0.0, 0.1)((self.heads,), dtype)
        return np.concatenate([taking, np.linspace(3, 6, self.heads, dtype=dtype)])

    def terms(self, seen, rest, others, mask):
        x = self.times(seen[0], self.kernel) + self.bias.value
        q, k, v, o = map(self.by_head, split(x, *self.sizes))
        gates = self.times(seen[0], self.gate_kernel) + self.gate_bias.value
        i, f = jnp.split(gates, 2, axis=-1)
        log_f = jax.nn.log_sigmoid(f) if self.forget_gate == "sigmoid" else f
        if mask is not None:
            i, log_f = jnp.where(mask[..., None], i, _NEVER), jnp.where(mask[..., None], log_f, 0)
        start = others[0][:, None]
        # Rounded where the sums are large; but `h` is the same for every `m`.
        sums = jnp.cumsum(log_f, axis=1)
        m = sums + jnp.maximum(start, lax.cummax(i - sums, axis=1))
        before = jnp.concatenate([start, m[:, :-1]], 1)
        values = jnp.concatenate([v, jnp.ones_like(v[..., :1])], -1) * jnp.exp(i - m)[..., None]
        terms = (q, k * self.key_dim**-0.5, values, log_f + before - m, None)
        return terms, (o, m), [m]

    def readout(self, y, more):
        o, m = more
        least = jnp.exp(jnp.clip(-m, -_LARGEST, _LARGEST))[..., None]
        return flat(jax.nn.sigmoid(o) * y[..., :-1] / jnp.maximum(jnp.abs(y[..., -1:]), least))
