"""Cells whose inputs enter by a product that is taken for all steps at once."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello import activations, constraints, initializers, regularizers
from cello.cells.cell import Cell
from cello.core.arguments import arg
from cello.core.kinds import boolean, fraction, integer, optional
from cello.core.random import SeedGenerator
from cello.ops import engine as engines
from cello.ops.engine import Engine
from cello.ops.gated import Gated, entering
from cello.ops.product import product
from cello.ops.recurrence import scan_steps


class ProjectingCell(Cell):
    """Base of the cells of an input product, a recurrent product and a pointwise function.

    A subclass writes `project`, which works on the inputs of one step and on those of all steps
    alike, and `step`. The whole sequence follows from them: one product for the inputs of all
    steps, and a loop over the rest.
    """

    state_size: list[Any]
    output_size: Any
    dropout: Any = 0.0
    recurrent_dropout: Any = 0.0
    seed: Any = None
    draws_once = True  # a sequence, not a step
    recurrent_kernel: Any

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seed_generator = SeedGenerator(self.seed) if self._drops else None

    @property
    def _drops(self) -> bool:
        return self.dropout > 0 or self.recurrent_dropout > 0

    def project(self, inputs, dropout_mask=None):
        """The input's share of the pre-activations, of one step or of all; the recurrent bias."""
        raise NotImplementedError

    def recurrent_product(self, h, columns=slice(None)):
        """`h U`, or that with a slice of the columns of `U`."""
        return product(h, self.recurrent_kernel.value[:, columns], self.compute_dtype)

    def recurrent(self, recurrent_mask=None):
        """`recurrent_product` behind the dropout of the state: what `step` takes."""
        return lambda h, *columns: self.recurrent_product(entering(h, recurrent_mask), *columns)

    def step(self, x, states, recurrent, recurrent_bias):
        """`(outputs, states, values)`, as `Gated.step`; `x` is the input's share."""
        raise NotImplementedError

    def call(self, inputs, states, training=False):
        dropout_mask, recurrent_mask = self.dropout_masks(inputs.shape, training)
        x, recurrent_bias = self.project(inputs, dropout_mask)
        outputs, new_states, _ = self.step(
            x,
            tuple(states) if isinstance(states, (list, tuple)) else (states,),
            self.recurrent(recurrent_mask),
            recurrent_bias,
        )
        return outputs, list(new_states)

    def sequence(self, inputs, states, run):
        step_shape = (inputs.shape[0], *inputs.shape[2:])
        dropout_mask, recurrent_mask = self.dropout_masks(step_shape, run.training)
        x, recurrent_bias = self.project(inputs, dropout_mask)
        recurrent = self.recurrent(recurrent_mask)

        def one_step(x, states, _):
            return *self.step(x, states, recurrent, recurrent_bias)[:2], ()

        outputs, new_states, _ = scan_steps(one_step, x, tuple(states), (), run)
        return outputs, list(new_states)

    @property
    def engine(self) -> Engine:
        """What runs `sequence`: "native" or "scan", with a `reason`."""
        return engines.no_kernel(f"The kernels do not know the equations of {type(self).__name__}.")

    def dropout_masks(self, step_shape, training):
        """The factors on the inputs of a step and on the state: 0, or 1 / (1 - rate)."""
        if not (training and self._drops):
            return None, None
        keys = jax.random.split(self.seed_generator.next())
        state_shape = (step_shape[0], *_axes(self.output_size))
        return (
            dropout_mask(keys[0], self.dropout, step_shape, self.dtype),
            dropout_mask(keys[1], self.recurrent_dropout, state_shape, self.dtype),
        )


class LearnedCell(ProjectingCell):
    """A cell of learned products: its weights, and the arguments, in the order of Keras.

    Attributes:
        recurrence: the declaration of its gates and states.
        unit_forget_bias: whether the bias of the gate that forgets starts from 1.
    """

    recurrence: Gated
    unit_forget_bias: Any = False

    argument_order = (
        "activation recurrent_activation use_bias kernel_initializer recurrent_initializer "
        "bias_initializer unit_forget_bias kernel_regularizer recurrent_regularizer "
        "bias_regularizer activity_regularizer kernel_constraint recurrent_constraint "
        "bias_constraint dropout recurrent_dropout reset_after seed"
    )
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

    def initial_bias(self, shape, dtype):
        """The bias to start from, drawn on both sides of the gate that forgets, as in Keras."""
        if not self.unit_forget_bias:
            return self.bias_initializer(shape, dtype)
        gates, (columns,) = self.recurrence.gates, shape
        ones = self.recurrence.columns(self.recurrence.forget, columns // len(gates))
        sizes = ones.start, columns - ones.stop
        before, after = ([self.bias_initializer((n,), dtype)] if n else [] for n in sizes)
        return np.concatenate([*before, np.ones(ones.stop - ones.start, dtype), *after])

    def gate_values(self, inputs, states) -> dict[str, jax.Array]:
        """The gates by their letters, in a step from `states`; nothing is dropped.

        Without gates, the pre-activation. All arrays may have steps behind the batch, as long as
        the product with the state can.
        """
        x, recurrent_bias = self.project(inputs)
        values = self.step(x, tuple(states), self.recurrent(), recurrent_bias)[2]
        return dict(zip(self.recurrence.gates, values, strict=True))

    def add_weights(self, kernel_shape, recurrent_shape, bias_shape) -> None:
        """Make the kernels and the bias, which products round themselves where they have to."""
        self.kernel = self.add_weight(
            kernel_shape,
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
            autocast=False,
        )
        self.recurrent_kernel = self.add_weight(
            recurrent_shape,
            self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
            name="recurrent_kernel",
            autocast=False,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                bias_shape,
                self.initial_bias,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
                autocast=False,
            )


def _axes(size) -> tuple[int, ...]:
    """The axes of a state behind the batch: an integer is a vector."""
    return (size,) if isinstance(size, int) else tuple(size)


def dropout_mask(key, rate, shape, dtype):
    """Factors of 0, or of 1 / (1 - rate); `None` where nothing is dropped."""
    if rate == 0:
        return None
    kept = jax.random.bernoulli(key, 1 - rate, shape)
    return jnp.where(kept, 1 / max(1 - rate, 1e-7), 0.0).astype(dtype)
