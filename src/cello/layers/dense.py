"""`Dense`: the fully connected layer."""

from __future__ import annotations

from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import positive_integer
from cello.layers.kernel import KernelLayer


class Dense(KernelLayer):
    """`activation(inputs @ kernel + bias)`, along the last axis.

    Inputs `(..., features)`; output `(..., units)`. Weights: `kernel` `(features, units)` and
    `bias` `(units,)`. After `LSTM(..., return_sequences=True)` it acts on each step.
    """

    units = arg(kind=positive_integer, doc="Size of the output.")

    supports_masking = True
    streams = True

    def build(self, input_shape):
        if len(input_shape) < 2:
            raise ValueError(
                f"{self} expects inputs of shape (batch, ..., features) and got {input_shape}: "
                "add a features axis with x[..., None]."
            )
        self.input_spec = InputSpec(("...", "features"), {"features": input_shape[-1]})
        self.add_kernel_and_bias((input_shape[-1], self.units))

    def call(self, inputs):
        return self.finish(inputs @ self.kernel.value)
