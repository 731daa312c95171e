"""Convolutions: windows that slide along time, or over the pictures of a sequence."""

from __future__ import annotations

from collections.abc import Sequence

from cello import constraints, initializers, regularizers
from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import Integer, count, one_of, optional, positive_integer
from cello.layers.kernel import KernelLayer
from cello.layers.pooling import NOT_ALONG_TIME
from cello.layers.window import by_axis, channels_last, length, pair, single, with_steps_before
from cello.ops.convolution import check_steps, convolution, transposed_convolution


def _steps(value: Integer | Sequence[int]):
    return count(single(value))


class Sliding(KernelLayer):
    """Base of the layers that slide a window: its sizes, and what it sees at the ends.

    Attributes:
        axes: the names of the axes of the inputs.
        groups: how many groups the features are split into.
    """

    argument_order = (
        "filters kernel_size strides padding data_format dilation_rate groups depth_multiplier "
        f"{KernelLayer.argument_order}"
    )
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

    axes: tuple[str, ...] = ("batch", "time", "features")
    groups = 1

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        check_steps(self, self.strides, self.dilation_rate)
        self.input_spec = InputSpec(self.axes)

    def count_features(self, input_shape) -> int:
        """How many features the inputs have; from here on no other number is taken."""
        InputSpec(self.axes).check(self, input_shape)
        features = input_shape[-1]
        if features is not None and features % self.groups:
            raise ValueError(
                f"{self}: the number of features must be a multiple of groups={self.groups}, "
                f"and got inputs of shape {input_shape}."
            )
        self.input_spec = InputSpec(self.axes, {self.axes[-1]: features})
        return features

    def why_not_in_pieces(self, arguments):
        return (
            'with padding="same" it looks ahead: use "causal".' if self.padding == "same" else None
        )

    def slide(self, inputs, kernel, groups: int):
        """`convolution` of the inputs with a kernel `(window..., features / groups, filters)`."""
        strides, dilation = by_axis(self.strides), by_axis(self.dilation_rate)
        if self.padding != "same" and len(strides) == 1:
            span = dilation[0] * (kernel.shape[0] - 1)  # from the first to the last of a window
            inputs = with_steps_before(inputs, span, strides[0], self.padding == "causal")
        padding = "SAME" if self.padding == "same" else "VALID"
        return convolution(inputs, kernel, strides, padding, dilation, groups)

    def slide_by_feature(self, inputs, kernel):
        """Each feature by itself with its own windows, `(window..., features, multiplier)`."""
        *window, features, multiplier = kernel.shape
        return self.slide(inputs, kernel.reshape(*window, 1, features * multiplier), features)


class Convolution(Sliding):
    """Base of `Conv1D` and `Conv2D`."""

    filters = arg(kind=positive_integer, doc="Number of output features.")
    groups = arg(
        1, kind=positive_integer, doc="Number of groups that features and filters are split into.",
    )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.filters % self.groups:
            raise ValueError(
                f"{self}: filters must be a multiple of groups. Received: "
                f"filters={self.filters}, groups={self.groups}"
            )

    def build(self, input_shape):
        features = self.count_features(input_shape)
        per_group = None if features is None else features // self.groups
        self.add_kernel_and_bias((*by_axis(self.kernel_size), per_group, self.filters))

    def call(self, inputs):
        return self.finish(self.slide(inputs, self.kernel.value, self.groups))


class Conv1D(Convolution):
    """Convolution along time: `y[t] = activation(sum_k x[t * strides + k * dilation] K[k] + b)`.

    Inputs `(batch, time, features)`; output `(batch, new_time, filters)`. With padding "valid" the
    window stays inside, with "same" zeros are added on both sides so that
    `new_time = ceil(time / strides)`, and with "causal" all of them come before the first step, so
    that `y[t]` depends on steps up to `t` only. Weights: `kernel`
    `(kernel_size, features / groups, filters)` and `bias` `(filters,)`.
    """


class Conv2D(Convolution):
    """Convolution of pictures: `y[p] = activation(sum_k x[p * strides + k * dilation] K[k] + b)`.

    `p` and `k` are places: row and column. Inputs `(batch, rows, cols, channels)`; output
    `(batch, new_rows, new_cols, filters)`. With padding "valid" the window stays inside, with
    "same" zeros surround the picture so that `new_rows = ceil(rows / strides)`. Weights: `kernel`
    `(*kernel_size, channels / groups, filters)` and `bias` `(filters,)`. For the pictures of a
    sequence: `TimeDistributed(Conv2D(8, 3))`.
    """

    kernel_size = arg(kind=pair, doc="Rows and columns of the window.")
    strides = arg((1, 1), kind=pair, doc="Places from window to window.")
    padding = arg("valid", kind=one_of("valid", "same"), doc='"valid" or "same".')
    dilation_rate = arg((1, 1), kind=pair, doc="Places from tap to tap within the window.")

    axes = ("batch", "rows", "cols", "channels")

    def why_not_in_pieces(self, arguments):
        return NOT_ALONG_TIME


class ByFeature(Sliding):
    """Base of those that slide a window over each feature by itself."""

    depth_multiplier = arg(1, kind=positive_integer, doc="Number of windows for each feature.")
    depthwise_initializer = arg(
        "glorot_uniform", kind=initializers.get, doc="Initialiser of these windows."
    )
    depthwise_regularizer = arg(None, kind=regularizers.get, doc="Penalty on these windows.")
    depthwise_constraint = arg(None, kind=constraints.get, doc="Constraint on these windows.")

    kernel_initializer = kernel_regularizer = kernel_constraint = None  # no arguments here

    def add_windows(self, features: int, name: str):
        """The weight `(kernel_size, features, depth_multiplier)`."""
        return self.add_weight(
            (self.kernel_size, features, self.depth_multiplier),
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
            name=name,
        )


class DepthwiseConv1D(ByFeature):
    """Convolution of each feature by itself: `y[t, f m + j] = sum_k x[t + k, f] K[k, f, j] + b`.

    Inputs `(batch, time, features)`; output `(batch, new_time, features * m)`, where `m` is
    `depth_multiplier`; then comes the activation. Weights: `kernel` `(kernel_size, features, m)`
    and `bias` `(features * m,)`.
    """

    argument_order = (
        "strides padding depth_multiplier data_format dilation_rate activation use_bias "
        "depthwise_initializer bias_initializer depthwise_regularizer bias_regularizer "
        "activity_regularizer depthwise_constraint bias_constraint"
    )

    def build(self, input_shape):
        features = self.count_features(input_shape)
        self.kernel = self.add_windows(features, "kernel")
        self.add_bias(features * self.depth_multiplier)

    def call(self, inputs):
        return self.finish(self.slide_by_feature(inputs, self.kernel.value))


class SeparableConv1D(ByFeature):
    """Convolution of each feature by itself, as `DepthwiseConv1D`; then a product at each step.

    Inputs `(batch, time, features)`; output `(batch, new_time, filters)`. Weights:
    `depthwise_kernel` `(kernel_size, features, m)`, where `m` is `depth_multiplier`,
    `pointwise_kernel` `(1, features * m, filters)`, and `bias` `(filters,)`. Source: Chollet, 2017.
    """

    argument_order = (
        "strides padding data_format dilation_rate depth_multiplier activation use_bias "
        "depthwise_initializer pointwise_initializer bias_initializer depthwise_regularizer "
        "pointwise_regularizer bias_regularizer activity_regularizer depthwise_constraint "
        "pointwise_constraint bias_constraint"
    )
    filters = arg(kind=positive_integer, doc="Number of output features.")
    pointwise_initializer = arg(
        "glorot_uniform", kind=initializers.get, doc="Initialiser of the product's kernel."
    )
    pointwise_regularizer = arg(None, kind=regularizers.get, doc="Penalty on it.")
    pointwise_constraint = arg(None, kind=constraints.get, doc="Constraint on it.")

    def build(self, input_shape):
        features = self.count_features(input_shape)
        self.depthwise_kernel = self.add_windows(features, "depthwise_kernel")
        self.pointwise_kernel = self.add_weight(
            (1, features * self.depth_multiplier, self.filters),
            self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
            name="pointwise_kernel",
        )
        self.add_bias(self.filters)

    def call(self, inputs):
        by_feature = self.slide_by_feature(inputs, self.depthwise_kernel.value)
        return self.finish(by_feature @ self.pointwise_kernel.value[0])


class Conv1DTranspose(Sliding):
    """What the gradient of a `Conv1D` is: each step adds a window of outputs, `strides` apart.

        y[t * strides + k * dilation] += x[t] K[k]^T,   then the bias and the activation

    Inputs `(batch, time, features)`; output `(batch, new_time, filters)`. With padding "valid"
    `new_time = (time - 1) * strides + max(window, strides)`, where
    `window = (kernel_size - 1) * dilation + 1`; with "same" it is `time * strides`. With
    `output_padding` it is `(time - 1) * strides + window + output_padding`, with "same" less
    `window - window % 2`. Weights: `kernel` `(kernel_size, filters, features)` and `bias`
    `(filters,)`.
    """

    argument_order = (
        f"strides padding output_padding data_format dilation_rate {KernelLayer.argument_order}"
    )
    filters = arg(kind=positive_integer, doc="Number of output features.")
    strides = arg(1, kind=length, doc="Steps of the output from window to window.")
    padding = arg("valid", kind=one_of("valid", "same"), doc='"valid" or "same".')
    output_padding = arg(
        None, kind=optional(_steps), doc="Steps to add at the end; less than `strides`."
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.output_padding is not None and self.output_padding >= self.strides:
            raise ValueError(
                f"{self}: output_padding must be less than strides. Received: "
                f"output_padding={self.output_padding}, strides={self.strides}"
            )

    def build(self, input_shape):
        features = self.count_features(input_shape)
        self.add_kernel_and_bias((self.kernel_size, self.filters, features), self.filters)

    def why_not_in_pieces(self, arguments):
        return "a step of its output is the sum of windows of several steps."

    def call(self, inputs):
        window = (self.kernel_size - 1) * self.dilation_rate + 1
        ends = zeros_at_the_ends(window, self.strides, self.padding, self.output_padding)
        strides, dilation = (self.strides,), (self.dilation_rate,)
        kernel = self.kernel.value
        return self.finish(transposed_convolution(inputs, kernel, strides, (ends,), dilation))


def zeros_at_the_ends(window: int, strides: int, padding: str, added: int | None):
    """How many zeros stand before and behind the inputs, which are `strides` apart."""
    if padding == "valid":
        return window - 1, window - 1 + (max(strides - window, 0) if added is None else added)
    both = window + strides - 2 if added is None else window + window % 2 - 2 + added
    before = min((both + 1) // 2, window - 1)
    return before, both - before
