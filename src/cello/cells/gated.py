"""What the gated cells share: weights, dropout, the step and the whole sequence."""

from __future__ import annotations

from typing import Any

from cello import activations
from cello.cells.projecting import LearnedCell
from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import positive_integer
from cello.ops.engine import Engine
from cello.ops.gated import choose_engine, gated_sequence, project


class GatedCell(LearnedCell):
    """Base of the cells made of an input product, a recurrent product and gates.

    A subclass declares:

    Attributes:
        recurrence: its gates and states, and their equations (`cello.ops.lstm.LSTM`).
        has_kernel: whether kernels know the equations; else `step` is scanned, after one product
            for the inputs of all steps.

    A cell with weights or equations of its own overrides `build`, `recurrent_shape`, `project`,
    `recurrent_product` and `step`, as far as they differ.
    """

    units = arg(kind=positive_integer, doc="Size of the state and of the output.")

    input_spec: Any = InputSpec(("batch", "features"))
    has_kernel = False
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

    def arrays(self):
        """What `gated_sequence` takes of the weights: kernels, bias and vectors."""
        bias = None if self.bias is None else self.bias.value
        return self.kernel.value, self.recurrent_kernel.value, bias, None

    def sequence(self, inputs, states, run):
        if not self.has_kernel:
            return super().sequence(inputs, states, run)
        dropout_mask, recurrent_mask = self.dropout_masks(
            (inputs.shape[0], inputs.shape[2]), run.training
        )
        kernel, recurrent_kernel, bias, vectors = self.arrays()
        outputs, new_states = gated_sequence(
            self.recurrence,
            inputs,
            kernel,
            recurrent_kernel,
            bias,
            tuple(states),
            run,
            activation=self.activation,
            recurrent_activation=self.recurrent_activation,
            dropout_mask=dropout_mask,
            recurrent_dropout_mask=recurrent_mask,
            compute_dtype=self.compute_dtype,
            vectors=vectors,
        )
        return outputs, list(new_states)

    @property
    def does(self):  # type: ignore[override]
        every = frozenset({"turning", "hiding", "holding"})
        return every if self.has_kernel else super().does

    @property
    def engine(self) -> Engine:
        """What runs `sequence`: "native", "cuda" or "scan", with a `reason`."""
        if not self.has_kernel:
            return super().engine
        return choose_engine(
            self.recurrence, self.dtype, self.activation, self.recurrent_activation
        )
