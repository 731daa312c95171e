"""The closed-form continuous-time network."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello import initializers
from cello.cells.projecting import dropout_mask
from cello.cells.timed import TimedCell
from cello.core.arguments import arg
from cello.core.kinds import Integer, boolean, fraction, integer, one_of, optional, positive_integer
from cello.core.random import SeedGenerator
from cello.ops.product import product

_ACTIVATIONS = {
    "lecun_tanh": lambda x: 1.7159 * jnp.tanh(0.666 * x),
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "silu": jax.nn.silu,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
}


def _layers(value: Integer):
    return 0 if value == 0 and value is not False else positive_integer(value)


class CfCCell(TimedCell):
    """One step of the closed-form continuous-time network, for steps at any times.

        u = backbone([x_t, h_{t-1}])
        f, g = tanh(u W_f + b_f), tanh(u W_g + b_g)
        s = sigmoid((u W_a + b_a) * gap + u W_b + b_b)
        h_t = (1 - s) * f + s * g                        mode "default"
        h_t = f + s * g                                  mode "no_gate"
        h_t = A - A * exp(-gap * (|w| + |v|)) * v        mode "pure", v = u W_f + b_f

    The last is what Hasani et al. derive as the solution of a liquid time-constant network; the
    first replaces its exponential by a gate. The backbone is a network of dense layers. The inputs
    are `x`, or `[x, t]` with the time of each step; see `cello.cells.timed.TimedCell`.

    Inputs `(batch, features)`, or these and times `(batch,)`; states `[h, time]`, `(batch, units)`
    and `(batch, 1)`; output `h`. Weights: of each layer of the backbone a kernel and a bias, then
    kernel `(backbone_units, 4 * units)` and bias `(4 * units,)` of f, g, a, b; with "pure", kernel
    `(backbone_units, units)`, bias `(units,)`, `w` and `A` `(units,)`.

    Source: Hasani et al. 2022; as the authors' package ncps has it.
    """

    mode = arg(
        "default", kind=one_of("default", "pure", "no_gate"),
        doc='Which of the equations: "default", "pure" or "no_gate".',
    )  # fmt: skip
    backbone_units = arg(128, kind=positive_integer, doc="Size of the layers of the backbone.")
    backbone_layers = arg(1, kind=_layers, doc="Number of layers of the backbone; 0 for none.")
    backbone_activation = arg(
        "lecun_tanh", kind=one_of(*_ACTIVATIONS), doc="Activation of the backbone."
    )
    backbone_dropout = arg(
        0.0, kind=fraction,
        doc="Fraction to drop in training behind each layer of the backbone, one draw a sequence.",
    )  # fmt: skip
    use_bias = arg(True, kind=boolean, doc="Whether to add biases.")
    seed = arg(None, kind=optional(integer), doc="Seed of the dropout.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.backbone_dropout > 0:
            self.seed_generator = SeedGenerator(self.seed)

    def add_weights(self, features):
        size, n = features + self.units, self.units
        self.backbone: list[Any] = []
        for i in range(self.backbone_layers):
            self.backbone.append(self._dense(f"backbone{i}_", size, [self.backbone_units]))
            size = self.backbone_units
        self.heads: Any = self._dense("", size, [n] if self.mode == "pure" else [n] * 4)
        if self.mode == "pure":
            self.rate = self.add_weight((n,), "zeros", name="rate")
            self.amplitude = self.add_weight((n,), "ones", name="amplitude")

    def _dense(self, prefix, size, blocks):
        """Kernel and bias; each block of columns is drawn as a matrix of its own."""
        draw = [initializers.get("glorot_uniform") for _ in blocks]

        def start(shape, dtype):
            parts = [d((size, n), dtype) for d, n in zip(draw, blocks, strict=True)]
            return np.concatenate(parts, axis=-1)

        kernel = self.add_weight((size, sum(blocks)), start, name=f"{prefix}kernel")
        if not self.use_bias:
            return [kernel, None]
        return [kernel, self.add_weight((sum(blocks),), "zeros", name=f"{prefix}bias")]

    def _affine(self, u, weights):
        kernel, bias = weights
        u = product(u, kernel.value, self.compute_dtype)
        return u if bias is None else u + bias.value

    def step(self, x, states, now, gap, training):
        (h,) = states
        u = jnp.concatenate([x, h], axis=-1)
        for layer, drop in zip(self.backbone, self._dropout_masks(x, training), strict=True):
            u = _ACTIVATIONS[self.backbone_activation](self._affine(u, layer))
            u = u if drop is None else u * drop
        heads = self._affine(u, self.heads)
        if self.mode == "pure":
            decay = jnp.exp(-gap * (jnp.abs(self.rate.value) + jnp.abs(heads)))
            h = self.amplitude.value * (1 - decay * heads)
            return h, [h]
        f, g, a, b = jnp.split(heads, 4, axis=-1)
        f, g, s = jnp.tanh(f), jnp.tanh(g), jax.nn.sigmoid(a * gap + b)
        h = f + s * g if self.mode == "no_gate" else (1 - s) * f + s * g
        return h, [h]

    def _dropout_masks(self, x, training):
        if not training or self.backbone_dropout == 0:
            return [None] * self.backbone_layers
        keys = jax.random.split(self.seed_generator.next(), max(1, self.backbone_layers))
        shape = x.shape[0], self.backbone_units
        return [
            dropout_mask(key, self.backbone_dropout, shape, self.dtype)
            for key in keys[: self.backbone_layers]
        ]
