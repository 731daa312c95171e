"""Recurrent cells whose products are convolutions: states that are maps, over 1 to 3 axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cello import activations
from cello.cells.projecting import LearnedCell
from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import Integer, boolean, one_of, positive_integer
from cello.ops.convolution import check_steps, convolution
from cello.ops.gated import Gated, drop

_AXES = {1: ("steps",), 2: ("rows", "cols"), 3: ("depth", "rows", "cols")}


def _sizes(value: Integer | Sequence[int]):
    """A positive integer, or one for each axis of space."""
    if not isinstance(value, Sequence):
        return positive_integer(value)
    try:
        return tuple(map(positive_integer, value))
    except ValueError:
        raise ValueError("a positive integer, or one for each axis of space") from None


class ConvolutionalCell(LearnedCell):
    """Base of the cells whose products are convolutions.

    Attributes:
        rank: how many axes of space there are.
        recurrence: its gates, blocks of `filters` channels in the kernels, and states.
    """

    argument_order = (
        f"kernel_size strides padding data_format dilation_rate {LearnedCell.argument_order}"
    )
    filters = arg(kind=positive_integer, doc="Number of channels of the state and of the output.")
    kernel_size = arg(
        3,
        kind=_sizes,
        doc="Size of the window: a number, or one an axis of space.",
    )
    strides = arg(1, kind=_sizes, doc="Places from window to window over the inputs.")
    padding = arg(
        "valid", kind=one_of("valid", "same"),
        doc='Whether the windows over the inputs stay inside, "valid", or zeros surround the '
        'inputs, "same".',
    )  # fmt: skip
    data_format = arg(
        None, kind=one_of(None, "channels_last", "channels_first"),
        doc='Whether the channels are the last axis, "channels_last" (where `None`), or stand in '
        'front of space, "channels_first".',
    )  # fmt: skip
    dilation_rate = arg(
        1, kind=_sizes, doc="Places from tap to tap within the windows over the inputs.",
    )  # fmt: skip
    recurrent_activation = arg("sigmoid", kind=activations.get, doc="Activation of the gates.")

    rank: int

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("kernel_size", "strides", "dilation_rate"):
            setattr(self, name, self._by_axis(name))
        check_steps(self, self.strides, self.dilation_rate)
        self.input_spec: Any = InputSpec(self._ordered("batch", _AXES[self.rank], "channels"))
        self._set_space((None,) * self.rank)

    def _by_axis(self, name) -> tuple[int, ...]:
        value = getattr(self, name)
        sizes = (value,) * self.rank if isinstance(value, int) else value
        if len(sizes) != self.rank:
            raise ValueError(
                f"{self}: {name} must be a number, or one for each of the {self.rank} axes of "
                f"space. Received: {name}={value}"
            )
        return sizes

    @property
    def _channels_first(self) -> bool:
        return self.data_format == "channels_first"

    def _ordered(self, batch, space, channels) -> tuple:
        """The axes of a map in the order of `data_format`."""
        return (batch, channels, *space) if self._channels_first else (batch, *space, channels)

    def _set_space(self, space) -> None:
        self.output_size = self._ordered(None, space, self.filters)[1:]
        self.state_size = [self.output_size] * len(self.recurrence.states)

    def build(self, input_shape):
        self.input_spec.check(self, input_shape)
        if any(size is None for size in input_shape[1:]):
            raise ValueError(
                f"{self} needs to know the size of space and the number of channels, and got steps "
                f"of shape {input_shape}: give Input all sizes but those of batch and time."
            )
        sizes = dict(zip(self.input_spec.names, input_shape, strict=True))
        del sizes["batch"]
        self.input_spec = InputSpec(self.input_spec.names, sizes)
        channels = input_shape[1 if self._channels_first else -1]
        columns = len(self.recurrence.gates) * self.filters
        self.add_weights(
            (*self.kernel_size, channels, columns),
            (*self.kernel_size, self.filters, columns),
            (columns,),
        )
        step = jax.ShapeDtypeStruct((1, *input_shape[1:]), self.dtype)
        maps = jax.eval_shape(self.project, step)[0].shape
        if 0 in maps:
            raise ValueError(
                f"{self}: no window fits into steps of shape {input_shape}: take a smaller "
                f'kernel_size than {self.kernel_size}, or padding="same".'
            )
        self._set_space(maps[2:] if self._channels_first else maps[1:-1])

    def project(self, inputs, dropout_mask=None):
        if dropout_mask is not None:
            inputs = drop(inputs, dropout_mask)
        leading, step = inputs.shape[: -self.rank - 1], inputs.shape[-self.rank - 1 :]
        maps = self._convolved(
            inputs.reshape(-1, *step),  # the maps of all steps, one below the other
            self.kernel.value,
            self.strides,
            self.padding.upper(),
            self.dilation_rate,
        )
        if self.bias is not None:
            maps = maps + self.bias.value.reshape(self._ordered(1, (1,) * self.rank, -1))
        return maps.reshape(*leading, *maps.shape[1:]), None

    def recurrent_product(self, h, columns=slice(None)):
        """The convolution of a state, whose space it keeps."""
        kernel = self.recurrent_kernel.value[..., columns]
        ones = (1,) * self.rank
        return self._convolved(h, kernel, ones, "SAME", ones)

    def split(self, maps) -> list[jax.Array]:
        """The blocks of `filters` channels."""
        axis = -self.rank - 1 if self._channels_first else -1
        return jnp.split(maps, maps.shape[axis] // self.filters, axis=axis)

    def _convolved(self, maps, kernel, strides, padding, dilation):
        """Of factors in the dtype of the computation; the sums in that of the states."""
        maps, kernel = maps.astype(self.compute_dtype), kernel.astype(self.compute_dtype)
        if self._channels_first:
            maps = jnp.moveaxis(maps, 1, -1)
        sums = convolution(maps, kernel, strides, padding, dilation).astype(self.dtype)
        return jnp.moveaxis(sums, -1, 1) if self._channels_first else sums


class ConvLSTMCell(ConvolutionalCell):
    """One step of long short-term memory whose states are maps: all products are convolutions.

        i, f, g, o = split(x_t * W + h_{t-1} * U + b)
        c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)
        h_t = sigmoid(o) tanh(c_t)

    `*` is the convolution; that with `U` has strides of 1 and keeps the size of space. Other
    products go element by element.

    Inputs `(batch, space..., channels)`, where space has RANK; states `[h, c]` and output `h`,
    each `(batch, new_space..., filters)`. With "channels_first" the channels stand behind the
    batch. Weights: kernel `W` `(kernel_size..., channels, 4 * filters)`, recurrent kernel `U`
    `(kernel_size..., filters, 4 * filters)`, bias `b` `(4 * filters,)`; gates in the order
    i, f, c, o. Dropout draws one mask for all gates (Keras draws one a gate).

    Raises:
        ValueError: where both strides and dilation are larger than 1, or the size of space is not
            known.

    Source: Shi et al. 2015, without peepholes, as Keras has it.
    """

    unit_forget_bias = arg(
        True, kind=boolean,
        doc="Whether the bias of the forget gate starts from 1 (Jozefowicz et al. 2015).",
    )  # fmt: skip

    recurrence = Gated("conv_lstm", gates="ifgo", states="hc", forget="f")

    def step(self, x, states, recurrent, recurrent_bias):
        h, c = states
        gate = self.recurrent_activation
        i, f, g, o = self.split(x + recurrent(h))
        i, f, g, o = gate(i), gate(f), self.activation(g), gate(o)
        c = f * c + i * g
        h = o * self.activation(c)
        return h, (h, c), (i, f, g, o)


class ConvGRUCell(ConvolutionalCell):
    """One step of the gated recurrent unit whose states are maps: all products are convolutions.

        z = sigmoid(x_t * W_z + h_{t-1} * U_z + b_z)
        r = sigmoid(x_t * W_r + h_{t-1} * U_r + b_r)
        n = tanh(x_t * W_n + (r h_{t-1}) * U_n + b_n)
        h_t = z h_{t-1} + (1 - z) n

    `*` is the convolution; those with `U` have strides of 1 and keep the size of space. Other
    products go element by element.

    Inputs `(batch, space..., channels)`, where space has RANK; states `[h]` and output `h`, each
    `(batch, new_space..., filters)`. With "channels_first" the channels stand behind the batch.
    Weights: kernel `W` `(kernel_size..., channels, 3 * filters)`, recurrent kernel `U`
    `(kernel_size..., filters, 3 * filters)`, bias `b` `(3 * filters,)`; gates in the order z, r, n.

    Raises:
        ValueError: where both strides and dilation are larger than 1, or the size of space is not
            known.

    Source: Ballas et al. 2016; Siam et al. 2017.
    """

    recurrence = Gated("conv_gru", gates="zrn", states="h", candidate="n")

    def step(self, x, states, recurrent, recurrent_bias):
        (h,) = states
        gates = 2 * self.filters  # columns of U
        x_z, x_r, x_n = self.split(x)
        h_z, h_r = self.split(recurrent(h, slice(gates)))
        z, r = self.recurrent_activation(x_z + h_z), self.recurrent_activation(x_r + h_r)
        n = self.activation(x_n + recurrent(r * h, slice(gates, None)))
        h = z * h + (1 - z) * n
        return h, (h,), (z, r, n)


def _of_rank(cell: type[ConvolutionalCell], rank: int) -> type[ConvolutionalCell]:
    """`cell` over so many axes of space."""
    name = cell.__name__.replace("Cell", f"{rank}DCell")
    doc = cell._own_doc or ""
    members = {
        "__doc__": doc.replace("RANK", "one axis" if rank == 1 else f"{rank} axes"),
        "__module__": __name__,
        "rank": rank,
    }
    return type(name, (cell,), members)


ConvLSTM1DCell, ConvLSTM2DCell, ConvLSTM3DCell = (_of_rank(ConvLSTMCell, r) for r in (1, 2, 3))
ConvGRU1DCell, ConvGRU2DCell, ConvGRU3DCell = (_of_rank(ConvGRUCell, r) for r in (1, 2, 3))
