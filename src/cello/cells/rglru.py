"""The real-gated linear recurrent unit."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from cello.cells.linear import ProjectedLinearCell
from cello.core.arguments import arg
from cello.initializers import RandomUniform
from cello.initializers import get as initializer

C = 8.0


class RGLRUCell(ProjectedLinearCell):
    """One step of the real-gated linear recurrent unit, of the models Hawk and Griffin.

        r, i = split(sigmoid(x_t W + b))
        a_t = sigmoid(L)^(8 r)
        h_t = a_t * h_{t-1} + sqrt(1 - a_t^2) * (i * x_t)

    Where the inputs are not `units` wide, `x_t V` is taken in place of the last `x_t`; in the paper
    a linear layer in front of the unit makes them so. `log a_t = -8 r softplus(-L)` is what is
    computed, and `1 - a_t^2` from it by `expm1`.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`. Weights: kernel
    `W` `(features, 2 * units)`, bias `b` `(2 * units,)`, blocks in the order r, i; `L` `(units,)`,
    called `decay`; where `features` is not `units`, input kernel `V` `(features, units)`.

    As in the paper the kernels start from LeCun's initialisation, and `L` so that `sigmoid(L)^8` is
    uniform between 0.9 and 0.999.

    Source: De, Smith, Fernando, Botev et al. 2024, Griffin: Mixing Gated Linear Recurrences with
    Local Attention for Efficient Language Models.
    """

    keras_name = ("cello.layers", "RGLRUCell")
    kernel_initializer = arg(
        "lecun_normal", kind=initializer, doc="Initialiser of the kernels.", after="use_bias"
    )
    blocks = 2

    def build(self, input_shape):
        super().build(input_shape)
        self.decay = self.add_weight((self.units,), _decay, name="decay", autocast=False)
        self.add_input_kernel(input_shape[-1], self.kernel_initializer)

    def coefficients(self, inputs):
        r, i = map(jax.nn.sigmoid, self.project(inputs))
        log_a = -C * r * jax.nn.softplus(-self.decay.value)
        square = -jnp.expm1(2 * log_a)
        # A gate that is closed altogether leaves 0, where the root has no finite gradient.
        root = jnp.sqrt(jnp.maximum(square, jnp.finfo(square.dtype).tiny))
        return jnp.exp(log_a), root * (i * self.fitted(inputs)), None


def _decay(shape, dtype):
    log_a = jnp.log(RandomUniform(0.9, 0.999)(shape, dtype)) / C
    return log_a - jnp.log(-jnp.expm1(log_a))
