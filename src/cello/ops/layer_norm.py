"""Gated recurrences whose input product and recurrent product are normalised, each by itself."""

from __future__ import annotations

import dataclasses
import functools

import jax.numpy as jnp
from jax import lax

from cello.ops import kernels
from cello.ops.gated import Gated, entering, project
from cello.ops.gru import gru_step
from cello.ops.lstm import lstm_step
from cello.ops.product import product


@dataclasses.dataclass(frozen=True)
class LayerNorm(Gated):
    """A gated recurrence of `LN(x W)` and `LN(h U)`, computed from *centred* `W` and `U`.

    The mean of a product over its columns is the product with the mean of the columns, which is
    taken off the kernel once.

    Attributes:
        ends: where, in blocks of `units`, a part ends that is normalised by itself.
    """

    epsilon: float = 1e-5
    ends: tuple[int, ...] = ()

    @property
    def slots(self) -> int:
        return 2 * len(self.gates)  # both products

    def centred(self, kernel):
        """`kernel`, whose columns have a mean of 0 over each part."""
        return self._by_part(kernel, _centred)

    def scaled(self, products):
        """The products of a centred kernel, with a variance of 1 over each part."""
        return self._by_part(products, self._scaled)

    def standardised(self, x):
        """`x` with a mean of 0 and a variance of 1."""
        return self._scaled(_centred(x))

    def recurrent(self, centred_kernel, gain, recurrent_mask, compute_dtype):
        """`LN(h U)` as a function of `h`, or of `h` and a slice of the columns."""

        def normalised(h, columns=slice(None)):
            inner = product(entering(h, recurrent_mask), centred_kernel, compute_dtype)
            return (self.scaled(inner) * gain)[..., columns]

        return normalised

    def vectors(self, units, kernel_gain, recurrent_gain, bias, *of_memory):
        """What the kernels take in place of a bias, `(rows, units)`.

        The gains of both products; the biases of what an activation takes, and of the candidate's
        recurrent product where it stays apart; gain and bias of the memory.
        """
        if bias is None:
            biases = jnp.zeros((4, units), kernel_gain.dtype)
        elif self.two_biases:
            (b_z, b_r, b_h), (d_z, d_r, d_h) = bias.reshape(2, 3, units)
            biases = jnp.stack([b_z + d_z, b_r + d_r, b_h, d_h])
        else:
            biases = bias
        every = (kernel_gain, recurrent_gain, biases, *of_memory)
        return jnp.concatenate([vector.reshape(-1, units) for vector in every])

    def prepare(self, given: kernels.Inputs, activation, recurrent_activation, compute_dtype):
        gates = len(self.gates)
        ends = [gates, 2 * gates, 2 * gates + 4]
        gain, recurrent_gain, biases, of_memory = jnp.split(given.vectors, ends)
        x = self.scaled(project(given.x, given.kernel, None, compute_dtype=compute_dtype))
        x = x * gain.ravel() + biases[:gates].ravel()
        recurrent_bias = None
        if self.two_biases:
            recurrent_bias = jnp.concatenate([jnp.zeros_like(biases[:2]), biases[3:]]).ravel()
        more = {}
        if len(self.states) > 1:
            more["normalised"] = lambda c: self.standardised(c) * of_memory[0] + of_memory[1]
        step = functools.partial(
            self.step,
            recurrent=self.recurrent(
                given.recurrent_kernel, recurrent_gain.ravel(), given.recurrent_mask, compute_dtype
            ),
            recurrent_bias=recurrent_bias,
            activation=activation,
            recurrent_activation=recurrent_activation,
            **more,
        )
        return x, step

    def _by_part(self, x, function):
        """`function` of each part of the features by itself."""
        units = x.shape[-1] // len(self.gates)
        parts = jnp.split(x, [end * units for end in self.ends], axis=-1)
        return jnp.concatenate([function(part) for part in parts], axis=-1)

    def _scaled(self, x):
        return x * lax.rsqrt(jnp.mean(jnp.square(x), axis=-1, keepdims=True) + self.epsilon)


def _centred(x):
    return x - jnp.mean(x, axis=-1, keepdims=True)


LAYER_NORM_LSTM = LayerNorm(
    "layer_norm_lstm", gates="ifgo", states="hc", forget="f", step=lstm_step
)
LAYER_NORM_GRU = LayerNorm(
    "layer_norm_gru", gates="zrn", states="h", candidate="n", step=gru_step, two_biases=True,
    ends=(2,),
)  # fmt: skip
