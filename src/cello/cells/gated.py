"""What the gated cells share: weights, dropout, the step and the whole sequence."""

from __future__ import annotations

from typing import Any

from cello import activations
from cello.cells.projecting import LearnedCell
from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import positive_integer
from cello.ops.engine import Engine
from cello.ops.gated import choose_engine, project


class GatedCell(LearnedCell):
    """Base of the cells made of an input product, a recurrent product and gates.

    A subclass declares:

    Attributes:
        recurrence: its gates and states, and their equations (`cello.ops.lstm.LSTM`).
        op: the same over a whole sequence (`cello.ops.lstm`); `None` for equations that the kernels
            do not know: then `step` is scanned, after one product for the inputs of all steps.
        equation_arguments: names of the cell's arguments that `op` takes.

    A cell with weights or equations of its own overrides `build`, `recurrent_shape`, `project`,
    `recurrent_product` and `step`, as far as they differ.
    """

    units = arg(kind=positive_integer, doc="Size of the state and of the output.")

    input_spec: Any = InputSpec(("batch", "features"))
    op: Any = None
    equation_arguments: tuple[str, ...] = ("activation",)
    recurrent_activation: Any = staticmethod(activations.linear)  # a cell without gates has none

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.state_size = [self.units] * len(self.recurrence.states)
        self.output_size = self.units

    def bias_shape(self) -> tuple[int, ...]:
        columns = len(self.recurrence.gates) * self.units
        return (2, columns) if self.recurrence.two_biases else (columns,)

    def recurrent_shape(self) -> tuple[int, ...]:
        return (self.output_size, len(self.recurrence.gates) * self.units)

    def build(self, input_shape):
        self.input_spec = InputSpec(("batch", "features"), {"features": input_shape[-1]})
        kernel_shape = (input_shape[-1], len(self.recurrence.gates) * self.units)
        self.add_weights(kernel_shape, self.recurrent_shape(), self.bias_shape())

    def project(self, inputs, dropout_mask=None):
        bias = None if self.bias is None else self.bias.value
        bias, recurrent_bias = self.recurrence.split_bias(bias)
        x = project(inputs, self.kernel.value, bias, dropout_mask, self.compute_dtype)
        return x, recurrent_bias

    def step(self, x, states, recurrent, recurrent_bias):
        return self.recurrence.step(
            x, states, recurrent, recurrent_bias, self.activation, self.recurrent_activation
        )

    def sequence(self, inputs, states, *, training=False, mask=None, **options):
        """The same as repeating `call` along axis 1 of `(batch, time, features)`."""
        if self.op is None:
            return super().sequence(inputs, states, training=training, mask=mask, **options)
        dropout_mask, recurrent_mask = self.dropout_masks(
            (inputs.shape[0], inputs.shape[2]), training
        )
        outputs, new_states = self.op(
            inputs,
            self.kernel.value,
            self.recurrent_kernel.value,
            None if self.bias is None else self.bias.value,
            tuple(states),
            mask=mask,
            dropout_mask=dropout_mask,
            recurrent_dropout_mask=recurrent_mask,
            compute_dtype=self.compute_dtype,
            **{name: getattr(self, name) for name in self.equation_arguments},
            **options,
        )
        return outputs, list(new_states)

    @property
    def engine(self) -> Engine:
        """What runs `sequence`: "native", "cuda" or "scan", with a `reason`."""
        if self.op is None:
            return super().engine
        return choose_engine(
            self.recurrence, self.dtype, self.activation, self.recurrent_activation
        )
