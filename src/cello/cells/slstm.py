"""The scalar memory of xLSTM: long short-term memory with exponential gates."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from cello import initializers
from cello.cells.gated import GatedCell
from cello.core.arguments import arg
from cello.core.kinds import boolean, one_of, positive_integer
from cello.ops.gated import Gated
from cello.ops.product import product

_LARGEST = 40.0
"""The largest exponent: `exp` of it is finite in float32, and so is its product with a state."""


class SLSTMCell(GatedCell):
    """One step of the sLSTM, long short-term memory with exponential gates and a normaliser.

        i, f, z, o = split(x_t W + h_{t-1} U + b)
        m_t = max(log_f + m_{t-1}, i)    log_f = log(sigmoid(f)), or f with exponential forget gates
        c_t = exp(log_f + m_{t-1} - m_t) * c_{t-1} + exp(i - m_t) * tanh(z)
        n_t = exp(log_f + m_{t-1} - m_t) * n_{t-1} + exp(i - m_t)
        h_t = sigmoid(o) * c_t / n_t

    `m` only keeps the exponents small: `h` is the same for every `m`. Where `n` is 0, nothing has
    been taken in yet, and `m_t = i`. With `heads`, `U` is block-diagonal: the units of one head see
    the states of that head.

    Inputs `(batch, features)`, states `[h, c, n, m]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 4 * units)`, recurrent kernel `U`
    `(heads, units / heads, 4 * units / heads)`, bias `b` `(4 * units,)`; gates in the order i, f,
    z, o. As the authors' code has it, `U` starts from 0, and the bias of the forget gate, in each
    head, from 5 down to -7, `5 - 12 * p ** 0.3` where `p` goes from 0 to 1.

    The convolution before the cell and the normalisation of each head after it belong to the block
    of the paper, and are not in it.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Beck et al. 2024, xLSTM: Extended Long Short-Term Memory.
    """

    argument_order = f"heads {GatedCell.argument_order}"
    heads = arg(1, kind=positive_integer, doc="Number of heads; it divides `units`.")
    forget_gate = arg(
        "sigmoid", kind=one_of("sigmoid", "exponential"),
        doc='What the forget gate applies: "sigmoid" or "exponential".',
    )  # fmt: skip
    kernel_initializer = arg(
        {
            "class_name": "VarianceScaling",
            "config": {"scale": 0.4, "mode": "fan_in", "distribution": "untruncated_normal"},
        },
        kind=initializers.get, doc="Initialiser of the input weights.",
    )  # fmt: skip
    recurrent_initializer = arg(
        "zeros", kind=initializers.get, doc="Initialiser of the recurrent weights.",
    )  # fmt: skip
    power_law_forget_bias = arg(
        True, kind=boolean,
        doc="Whether the biases of the forget gates start spread over short and long memories.",
    )  # fmt: skip

    recurrence = Gated("slstm", gates="ifzo", states="hcnm", candidate="z", forget="f")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.units % self.heads:
            raise ValueError(
                f"{self}: heads must divide units. Received: heads={self.heads}, "
                f"units={self.units}. Take one of them as a multiple of the other."
            )

    def recurrent_shape(self) -> tuple[int, ...]:
        size = self.units // self.heads
        return (self.heads, size, 4 * size)

    def initial_bias(self, shape, dtype):
        bias = np.array(super().initial_bias(shape, dtype))
        if not self.power_law_forget_bias:
            return bias
        size = self.units // self.heads
        spread = 5 - 12 * np.linspace(0, 1, size, dtype=dtype) ** 0.3
        forget = self.recurrence.columns(self.recurrence.forget, self.units)
        bias[forget] = np.tile(spread, self.heads)
        return bias

    def step(self, x, states, recurrent, recurrent_bias):
        h, c, n, m = states
        i, f, z, o = jnp.split(x + recurrent(h), 4, axis=-1)
        log_f = jax.nn.log_sigmoid(f) if self.forget_gate == "sigmoid" else f
        kept = log_f + m
        m = jnp.where(n == 0, i, jnp.maximum(kept, i))
        forget = jnp.exp(jnp.minimum(kept - m, _LARGEST))  # above 1 only where n is 0
        take, z, o = jnp.exp(i - m), self.activation(z), jax.nn.sigmoid(o)
        c = forget * c + take * z
        n = forget * n + take
        h = o * c / n
        return h, (h, c, n, m), (take, forget, z, o)

    def recurrent_product(self, h, columns=slice(None)):
        """`h U`, the gates side by side, each with the units of all heads."""
        leading = h.shape[:-1]
        h = h.reshape(*leading, self.heads, -1)
        inner = jax.vmap(lambda h, u: product(h, u, self.compute_dtype), (-2, 0), -2)(
            h, self.recurrent_kernel.value
        )
        by_gate = jnp.moveaxis(inner.reshape(*leading, self.heads, 4, -1), -2, -3)
        return by_gate.reshape(*leading, 4 * self.units)[..., columns]
