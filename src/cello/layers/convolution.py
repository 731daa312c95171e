"""`Conv1D`: a window that slides along time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import Integer, one_of, positive_integer
from cello.layers.kernel import KernelLayer
from cello.layers.window import with_steps_before
from cello.ops.convolution import convolution


def length(value: Integer | Sequence[int]):
    """A positive integer; Keras also writes it as a tuple or a list of one."""
    one = value[0] if isinstance(value, (tuple, list)) and len(value) == 1 else value
    return positive_integer(cast(Integer, one))


channels_last = one_of(None, "channels_last")


class Conv1D(KernelLayer):
    """Convolution along time: `y[t] = activation(sum_k x[t * strides + k * dilation] K[k] + b)`.

    Inputs `(batch, time, features)`; output `(batch, new_time, filters)`. With padding "valid" the
    window stays inside, with "same" zeros are added on both sides so that
    `new_time = ceil(time / strides)`, and with "causal" all of them come before the first step, so
    that `y[t]` depends on steps up to `t` only. Weights: `kernel`
    `(kernel_size, features / groups, filters)` and `bias` `(filters,)`.
    """

    argument_order = (
        f"strides padding data_format dilation_rate groups {KernelLayer.argument_order}"
    )
    filters = arg(kind=positive_integer, doc="Number of output features.")
    kernel_size = arg(kind=length, doc="Length of the window.")
    strides = arg(1, kind=length, doc="Steps from window to window.")
    padding = arg(
        "valid",
        kind=one_of("valid", "same", "causal"),
        doc='"valid", "same" or "causal".',
    )
    data_format = arg(
        None, kind=channels_last, doc='Only "channels_last": `(batch, time, features)`.',
    )  # fmt: skip
    dilation_rate = arg(1, kind=length, doc="Steps from tap to tap within the window.")
    groups = arg(
        1, kind=positive_integer, doc="Number of groups that features and filters are split into.",
    )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.strides > 1 and self.dilation_rate > 1:
            raise ValueError(
                f"{self} cannot have both strides > 1 and dilation_rate > 1. Received: "
                f"strides={self.strides}, dilation_rate={self.dilation_rate}"
            )
        if self.filters % self.groups:
            raise ValueError(
                f"{self}: filters must be a multiple of groups. Received: "
                f"filters={self.filters}, groups={self.groups}"
            )
        self.input_spec = InputSpec(("batch", "time", "features"))

    def build(self, input_shape):
        InputSpec(("batch", "time", "features")).check(self, input_shape)
        features = input_shape[-1]
        if features is not None and features % self.groups:
            raise ValueError(
                f"{self}: the number of features must be a multiple of groups={self.groups}, "
                f"and got inputs of shape {input_shape}."
            )
        self.input_spec = InputSpec(("batch", "time", "features"), {"features": features})
        per_group = None if features is None else features // self.groups
        self.add_kernel_and_bias((self.kernel_size, per_group, self.filters))

    @property
    def _span(self) -> int:
        """Steps from the first to the last of a window."""
        return self.dilation_rate * (self.kernel_size - 1)

    def why_not_in_pieces(self, arguments):
        return (
            'with padding="same" it looks ahead: use "causal".' if self.padding == "same" else None
        )

    def call(self, inputs):
        padding = "SAME" if self.padding == "same" else "VALID"
        if self.padding != "same":
            causal = self.padding == "causal"
            inputs = with_steps_before(inputs, self._span, self.strides, causal)
        strides, dilation = (self.strides,), (self.dilation_rate,)
        kernel = self.kernel.value
        return self.finish(convolution(inputs, kernel, strides, padding, dilation, self.groups))
