"""A gated cell whose products are multiplied as well as added."""

from __future__ import annotations

import jax.numpy as jnp

from cello.cells.gated import GatedCell
from cello.cells.wrappers import WrapperCell
from cello.core.arguments import arg
from cello.core.kinds import number
from cello.core.variable import overridden
from cello.initializers import Constant
from cello.ops import engine as engines
from cello.ops.engine import Engine
from cello.ops.recurrence import scan_steps


class MultiplicativeIntegrationCell(WrapperCell):
    """One step of a gated cell whose two products are multiplied as well as added.

        alpha * (x_t W) * (h_{t-1} U) + beta_1 * (h_{t-1} U) + beta_2 * (x_t W) + b

    takes the place of `x_t W + h_{t-1} U + b`, in every gate; `alpha`, `beta_1` and `beta_2` are
    learned, one number for each column: the weights `gain`, `recurrent_gain` and `input_gain`, in
    front of those of the cell. Inputs, states and output are those of the cell.

    Raises:
        ValueError: where the cell is not one of the gated cells of Cello.

    Source: Wu, Zhang, Zhang, Bengio and Salakhutdinov 2016, On Multiplicative Integration with
    Recurrent Neural Networks.
    """

    alpha = arg(1.0, kind=number, doc="What `alpha` starts from.")
    beta = arg(0.5, kind=number, doc="What `beta_1` and `beta_2` start from.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not isinstance(self.cell, GatedCell):
            raise ValueError(
                f"{self} takes a cell made of an input product and a recurrent product (LSTMCell, "
                f"GRUCell, ... derive from GatedCell), and got {type(self.cell).__name__}."
            )

    def build(self, inputs_shape, constants_shape=None):
        super().build(inputs_shape)
        columns = self.cell.kernel.shape[-1]
        self.gain = self._per_column("gain", columns, self.alpha)
        self.recurrent_gain = self._per_column("recurrent_gain", columns, self.beta)
        self.input_gain = self._per_column("input_gain", columns, self.beta)

    def _per_column(self, name, columns, start):
        return self.add_weight((columns,), Constant(start), name=name, autocast=False)

    def call(self, inputs, states, training=False, constants=None):
        project, step = self._parts(inputs.shape, training)
        outputs, states, _ = step(project(inputs), tuple(states))
        return outputs, list(states)

    def gate_values(self, inputs, states):
        """The gates by their letters, in a step from `states`; nothing is dropped."""
        project, step = self._parts(inputs.shape, training=False)
        values = step(project(inputs), tuple(states))[2]
        return dict(zip(self.recurrence.gates, values, strict=True))

    @property
    def recurrence(self):
        return self.cell.recurrence

    def sequence(self, inputs, states, run):
        """With one input product for all steps."""
        project, step = self._parts((inputs.shape[0], *inputs.shape[2:]), run.training)
        outputs, states, _ = scan_steps(
            lambda x, states, _: (*step(x, states)[:2], ()),
            project(inputs), tuple(states), (), run,
        )  # fmt: skip
        return outputs, list(states)

    def _parts(self, shape, training):
        """`x_t W` of one step or of all, and what makes a step of it; `shape` is that of a step."""
        cell = self.cell
        for_inputs, for_state = cell.dropout_masks(shape, training)
        bias, recurrent_bias = None, None
        if cell.bias is not None:
            bias, recurrent_bias = cell.recurrence.split_bias(cell.bias.value)

        def project(inputs):
            if bias is None:
                return cell.project(inputs, for_inputs)[0]
            with overridden({cell.bias: jnp.zeros_like(cell.bias.value)}):
                return cell.project(inputs, for_inputs)[0]

        recurrent = cell.recurrent(for_state)  # here: it may prepare the weights

        def step(x, states):
            gain = self.gain.value * x + self.recurrent_gain.value
            x = self.input_gain.value * x
            return cell.step(
                x if bias is None else x + bias,
                states,
                lambda h, columns=slice(None): recurrent(h, columns) * gain[..., columns],
                recurrent_bias,
            )

        return project, step

    @property
    def engine(self) -> Engine:
        return engines.no_kernel("The kernels add the two products.")
