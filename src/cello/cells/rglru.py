"""The real-gated linear recurrent unit, and the recurrent layer of Griffin around it."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from cello.cells.linear import LinearCell, ProjectedLinearCell
from cello.core.arguments import arg
from cello.core.kinds import positive, positive_integer
from cello.initializers import RandomUniform, TruncatedNormal
from cello.initializers import get as initializer
from cello.ops.product import product

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

    kernel_initializer = arg("lecun_normal", kind=initializer, doc="Initialiser of the kernels.")
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
        return jnp.exp(log_a), root * (i * self.fit_inputs(inputs)), None


def _decay(shape, dtype):
    log_a = np.log(RandomUniform(0.9, 0.999)(shape, dtype)) / C
    return log_a - np.log(-np.expm1(log_a))


class GriffinCell(LinearCell):
    """One step of Griffin's recurrent layer: a short convolution, a recurrence, and a gate.

        p, z = split(x_t W)
        u = sum(K * [p_{t-k+1}, ..., p_t]) + c
        y_t = (RGLRU(u) * gelu(z)) V

    The convolution takes `k = window` steps of each channel by itself; steps before the first are
    zeros, and masked steps are passed over. The recurrence is `RGLRUCell`, `inner` wide, where
    `inner = expand * units`, rounded up. `GriffinBlockCell` puts it into a deep network.

    Inputs `(batch, features)`; states `[h, the k - 1 p before]`, `(batch, inner)` and
    `(batch, k - 1, inner)`, or `[h]` with a window of 1; output `y` `(batch, units)`. Weights:
    `input_kernel` `W` `(features, 2 * inner)`, blocks p, z; `convolution_kernel` `K` `(k, inner)`,
    the oldest step first, and `convolution_bias` `c` `(inner,)`; those of the recurrence; and
    `output_kernel` `V` `(inner, units)`. Kernels start from LeCun's initialisation, that of the
    convolution with a fan of `k`.

    Source: De, Smith, Fernando, Botev et al. 2024 (Griffin), without local attention.
    """

    expand = arg(4 / 3, kind=positive, doc="Width of the recurrence, in `units`.")
    window = arg(4, kind=positive_integer, doc="How many steps the convolution looks at.")
    kernel_initializer = arg("lecun_normal", kind=initializer, doc="Initialiser of the kernels.")

    def state_shape(self):
        inner = self.window_units = math.ceil(self.expand * self.units)
        return inner

    def build(self, input_shape):
        super().build(input_shape)
        inner, given = self.state_shape(), self.kernel_initializer
        self.input_kernel = self.add("input_kernel", (input_shape[-1], 2 * inner), given)
        edge = self.window**-0.5
        self.convolution_kernel = self.add(
            "convolution_kernel", (self.window, inner), TruncatedNormal(stddev=edge)
        )
        self.convolution_bias = self.add("convolution_bias", (inner,), "zeros")
        self.recurrence = RGLRUCell(inner, kernel_initializer=given, dtype=self.dtype_policy)
        self.recurrence.build((input_shape[0], inner))
        self.output_kernel = self.add("output_kernel", (inner, self.units), given)

    def prepare(self, inputs):
        projected = product(inputs, self.input_kernel.value, self.compute_dtype)
        return jnp.split(projected, 2, axis=-1)

    def coefficients(self, inputs):
        *seen, z = jnp.split(inputs, self.window + 1, axis=-1)
        u = sum(k * p for k, p in zip(self.convolution_kernel.value, seen, strict=True))
        a, b, _ = self.recurrence.coefficients(u + self.convolution_bias.value)
        return a, b, z

    def readout(self, h, z):
        y = h * jax.nn.gelu(z, approximate=False)
        return product(y, self.output_kernel.value, self.compute_dtype)
