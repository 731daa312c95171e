"""What the gated cells share: weights, dropout, the step and the whole sequence."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cello import activations, constraints, initializers, regularizers
from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import boolean, fraction, integer, optional, positive_integer
from cello.core.layer import Layer
from cello.core.random import SeedGenerator
from cello.ops import engine as engines
from cello.ops.engine import Engine
from cello.ops.gated import Gated, choose_engine, entering, project
from cello.ops.product import product
from cello.ops.recurrence import hide_masked, scan_steps


class GatedCell(Layer):
    """Base of the cells made of an input product, a recurrent product and gates.

    A subclass declares:

    Attributes:
        recurrence: the equations, one step, and their form (`cello.ops.lstm.LSTM`).
        op: the same over a whole sequence (`cello.ops.lstm`); `None` for equations that the kernels
            do not know: then `step` is scanned, after one product for the inputs of all steps.
        equation_arguments: names of the cell's arguments that `op` takes.

    A cell with weights or equations of its own overrides `build`, `recurrent_shape`, `project`,
    `recurrent_product` and `step`, as far as they differ.
    """

    units = arg(kind=positive_integer, doc="Size of the state and of the output.")
    activation = arg("tanh", kind=activations.get, doc="Activation of the candidate and output.")
    use_bias = arg(True, kind=boolean, doc="Whether to add a bias.")
    kernel_initializer = arg(
        "glorot_uniform", kind=initializers.get, doc="Initialiser of the input weights."
    )
    recurrent_initializer = arg(
        "orthogonal", kind=initializers.get, doc="Initialiser of the recurrent weights."
    )
    bias_initializer = arg("zeros", kind=initializers.get, doc="Initialiser of the bias.")
    kernel_regularizer = arg(None, kind=regularizers.get, doc="Penalty on the input weights.")
    recurrent_regularizer = arg(
        None, kind=regularizers.get, doc="Penalty on the recurrent weights."
    )
    bias_regularizer = arg(None, kind=regularizers.get, doc="Penalty on the bias.")
    kernel_constraint = arg(None, kind=constraints.get, doc="Constraint on the input weights.")
    recurrent_constraint = arg(
        None, kind=constraints.get, doc="Constraint on the recurrent weights."
    )
    bias_constraint = arg(None, kind=constraints.get, doc="Constraint on the bias.")
    dropout = arg(
        0.0, kind=fraction, doc="Fraction of the inputs to drop in training, one draw a sequence."
    )
    recurrent_dropout = arg(
        0.0, kind=fraction, doc="Fraction of the state to drop in training where it meets the "
        "recurrent weights, one draw a sequence."
    )  # fmt: skip
    seed = arg(None, kind=optional(integer), doc="Seed of the dropout.")

    _ignored_arguments = {"implementation": None}

    draws_once = True  # a sequence, not a step
    recurrence: Gated
    op: Any = None
    equation_arguments: tuple[str, ...] = ("activation",)
    recurrent_activation: Any = staticmethod(activations.linear)  # a cell without gates has none

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.state_size = [self.units] * self.recurrence.states
        self.output_size = self.units
        self.seed_generator: Any = SeedGenerator(self.seed) if self._drops else None

    @property
    def _drops(self) -> bool:
        return self.dropout > 0 or self.recurrent_dropout > 0

    def bias_shape(self) -> tuple[int, ...]:
        columns = self.recurrence.gates * self.units
        return (2, columns) if self.recurrence.two_biases else (columns,)

    def recurrent_shape(self) -> tuple[int, ...]:
        return (self.output_size, self.recurrence.gates * self.units)

    def initial_bias(self, shape, dtype):
        """The bias to start from."""
        return self.bias_initializer(shape, dtype)

    def build(self, input_shape):
        self.input_spec = InputSpec(("batch", "features"), {"features": input_shape[-1]})
        self.kernel = self.add_weight(
            (input_shape[-1], self.recurrence.gates * self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
            autocast=False,  # `product` rounds it
        )
        self.recurrent_kernel = self.add_weight(
            self.recurrent_shape(),
            self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
            name="recurrent_kernel",
            autocast=False,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                self.bias_shape(),
                self.initial_bias,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
                autocast=False,
            )

    def call(self, inputs, states, training=False):
        dropout_mask, recurrent_mask = self.dropout_masks(inputs.shape, training)
        x, recurrent_bias = self.project(inputs, dropout_mask)
        outputs, new_states = self.step(
            x,
            tuple(states) if isinstance(states, (list, tuple)) else (states,),
            self.recurrent(recurrent_mask),
            recurrent_bias,
        )
        return outputs, list(new_states)

    def project(self, inputs, dropout_mask=None):
        """The input's share of the pre-activations, of one step or of all; the recurrent bias."""
        bias = None if self.bias is None else self.bias.value
        bias, recurrent_bias = self.recurrence.split_bias(bias)
        x = project(inputs, self.kernel.value, bias, dropout_mask, self.compute_dtype)
        return x, recurrent_bias

    def recurrent_product(self, h, columns=slice(None)):
        """`h U`, or that with a slice of the columns of `U`."""
        return product(h, self.recurrent_kernel.value[:, columns], self.compute_dtype)

    def recurrent(self, recurrent_mask=None):
        """`recurrent_product` behind the dropout of the state: what `step` takes."""
        return lambda h, *columns: self.recurrent_product(entering(h, recurrent_mask), *columns)

    def step(self, x, states, recurrent, recurrent_bias):
        """One step of `recurrence`; `x` is the input's share of the pre-activations."""
        return self.recurrence.step(
            x, states, recurrent, recurrent_bias, self.activation, self.recurrent_activation
        )

    def sequence(self, inputs, states, *, training=False, mask=None, **options):
        """The same as repeating `call` along axis 1 of `(batch, time, features)`."""
        dropout_mask, recurrent_mask = self.dropout_masks(inputs.shape, training)
        if self.op is None:
            engines.say_once(self.engine, type(self).__name__.removesuffix("Cell"))
            x, recurrent_bias = self.project(hide_masked(inputs, mask), dropout_mask)
            recurrent = self.recurrent(recurrent_mask)

            def one_step(x, states, _):
                return *self.step(x, states, recurrent, recurrent_bias), ()

            outputs, new_states, _ = scan_steps(
                one_step, x, tuple(states), (), mask=mask, **options
            )
            return outputs, list(new_states)
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
        """What runs `sequence`: "native" or "scan", with a `reason`."""
        if self.op is None:
            return engines.choose(
                f"The kernels do not know the equations of {type(self).__name__}."
            )
        return choose_engine(self.dtype, self.activation, self.recurrent_activation)

    def get_initial_state(self, batch_size):
        return [jnp.zeros((batch_size, size), self.dtype) for size in self.state_size]

    def dropout_masks(self, shape, training):
        """The factors on the inputs and on the state: 0, or 1 / (1 - rate)."""
        if not (training and self._drops):
            return None, None
        keys = jax.random.split(self.seed_generator.next())
        return (
            dropout_mask(keys[0], self.dropout, (shape[0], shape[-1]), self.dtype),
            dropout_mask(keys[1], self.recurrent_dropout, (shape[0], self.output_size), self.dtype),
        )


def with_ones(bias, units: int, block: int):
    """`bias` with ones for the gate of a block."""
    return bias.at[block * units : (block + 1) * units].set(1)


def dropout_mask(key, rate, shape, dtype):
    """Factors of 0, or of 1 / (1 - rate); `None` where nothing is dropped."""
    if rate == 0:
        return None
    kept = jax.random.bernoulli(key, 1 - rate, shape)
    return jnp.where(kept, 1 / max(1 - rate, 1e-7), 0.0).astype(dtype)
