"""What the linear recurrent cells share: the step, and the whole sequence in parallel over time."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from cello import constraints, initializers, regularizers
from cello.cells.cell import Cell
from cello.cells.projecting import dropout_mask
from cello.core.arguments import arg
from cello.core.dtype_policy import widen
from cello.core.input_spec import InputSpec
from cello.core.kinds import boolean, fraction, integer, optional, positive_integer
from cello.core.random import SeedGenerator
from cello.ops.engine import Engine
from cello.ops.gated import drop
from cello.ops.linear_scan import choose_engine, linear_scan
from cello.ops.product import product
from cello.ops.recurrence import choose_rows, seen_steps


class LinearCell(Cell):
    """Base of the cells whose state is linear in the state before, and elementwise.

        a_t, b_t = coefficients(x_t)
        h_t = a_t * h_{t-1} + b_t
        y_t = readout(h_t)

    A subclass makes its weights in `build` and writes `coefficients` and `readout`, which work on
    the inputs of one step, `(batch, features)`, and on those of all steps,
    `(batch, time, features)`, alike. The step and the whole sequence follow from them.

    Attributes:
        complex_state: whether `h` is complex; it then stands among the states as its real and its
            imaginary part, so that all states are real.
        window: how many steps of the inputs `coefficients` sees, side by side and the oldest first.
            With more than one, the inputs of the steps before are a state, behind `h`.
        window_units: how wide what the window passes over is; as the inputs where `None`.
        segment: the most steps whose `h` are held at once; all of them where `None`. It is for
            cells whose `h` is much larger than the output: a longer sequence goes by segments, and
            its backward pass computes each of them once more.
    """

    units = arg(kind=positive_integer, doc="Size of the output.")
    dropout = arg(
        0.0, kind=fraction, doc="Fraction of the inputs to drop in training, one draw a sequence."
    )
    seed = arg(None, kind=optional(integer), doc="Seed of the dropout.")

    input_spec: Any = InputSpec(("batch", "features"))
    does = frozenset()
    draws_once = True
    complex_state = False
    window = 1
    window_units: int | None = None
    segment: int | None = None
    input_kernel: Any = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.output_size = self.units
        self.state_size: list[Any] = [self.state_shape()] * (2 if self.complex_state else 1)
        self.seed_generator = SeedGenerator(self.seed) if self.dropout > 0 else None

    def state_shape(self) -> int | tuple[int, ...]:
        """The shape of `h` without the batch."""
        return self.units

    def prepare(self, inputs) -> list[Any]:
        """What the window passes over, then what else `coefficients` takes of a step, behind it.

        Like `coefficients` it works on one step and on all steps.
        """
        return [inputs]

    def coefficients(self, inputs):
        """`(a, b, more)`.

        `a` and `b` are what `h_t = a * h_{t-1} + b` takes, `a` of their shape or one that
        broadcasts; `more` is a tree of arrays that `readout` needs, with the leading axes of the
        inputs.
        """
        raise NotImplementedError

    def readout(self, h, more):
        """The outputs, `(..., units)`; `h` where it is not overridden."""
        return h

    def build(self, input_shape):
        self.input_spec = InputSpec(("batch", "features"), {"features": input_shape[-1]})
        if self.window > 1:
            passed = self.window_units or input_shape[-1]
            self.state_size = [*self.state_size[:1], (self.window - 1, passed)]

    def add(self, name, shape, initializer):
        """A weight; `product` rounds it, or it stays as wide as the state."""
        return self.add_weight(shape, initializer, name=name, autocast=False)

    def add_input_kernel(self, features, initializer):
        """Make the kernel that `fitted` needs, if it needs one."""
        if features != self.units:
            self.input_kernel = self.add_weight(
                (features, self.units), initializer, name="input_kernel", autocast=False
            )

    def fit_inputs(self, inputs):
        """The inputs, `units` wide: times a kernel where they are not."""
        if self.input_kernel is None:
            return inputs
        return product(inputs, self.input_kernel.value, self.compute_dtype)

    def call(self, inputs, states, training=False):
        h, before = self._open_states(states)
        inputs, before = self._look_back(self._drop(inputs, training)[:, None], before, mask=None)
        a, b, more = self.coefficients(inputs[:, 0])
        h = a * h + b
        return self._output(h, more), self._close_states(h, [s[:, 0] for s in before])

    def sequence(self, inputs, states, run):
        """`h` and what `readout` needs of every step, and the states."""
        h, before = self._open_states(states)
        inputs = self._drop(inputs, run.training)
        inputs, before = self._look_back(inputs, before, run.mask)
        a, b, more = self.coefficients(inputs)
        if run.mask is not None:
            a = jnp.broadcast_to(a, b.shape)
            a, b = choose_rows(run.mask, (a, b), (jnp.ones_like(a), jnp.zeros_like(b)))
        h = linear_scan(a, b, h)
        every = (h, before)
        if not run.return_all_states:
            every = jax.tree.map(lambda s: s[:, -1], every)
        return (h, more), self._close_states(*every)

    def finish(self, found):
        return self._output(*found)

    def segment_length(self, run, time):
        return self.segment

    @property
    def engine(self) -> Engine:
        """What runs the recurrence of `sequence`: "native" or "scan", with a `reason`."""
        return choose_engine(self._h_dtype)

    # ------------------------------------------------------------------------------- parts

    @property
    def _h_dtype(self):
        dtype = jnp.dtype(self.dtype)
        return jnp.result_type(dtype, jnp.complex64) if self.complex_state else dtype

    def _open_states(self, states):
        """`h`, and the list of the window where there is one."""
        if self.complex_state:
            return join_parts(*states[:2]), list(states[2:])
        return states[0], list(states[1:])

    def _close_states(self, h, before):
        """The list of the states."""
        parts = [h.real, h.imag] if self.complex_state else [h]
        return [s.astype(self.dtype) for s in (*parts, *before)]

    def _output(self, h, more):
        return self.readout(h, more).astype(self.dtype)

    def _look_back(self, inputs, before, mask):
        """Each step of the inputs with the real ones before it, and the window after every step.

        Args:
            inputs: `(batch, time, features)`.
            before: list of the window, `(batch, window - 1, features)`, or an empty one.
            mask: boolean `(batch, time)`, or `None`.
        """
        inputs, *beside = self.prepare(inputs)
        if self.window == 1:
            return jnp.concatenate([inputs, *beside], -1), []
        seen = seen_steps(inputs, before[0], mask)
        return jnp.concatenate([*seen, *beside], -1), [jnp.stack(seen[1:], 2)]

    def _drop(self, inputs, training):
        if not (training and self.dropout > 0):
            return inputs
        key = self.seed_generator.next()
        size = inputs.shape[0], inputs.shape[-1]
        return drop(inputs, dropout_mask(key, self.dropout, size, self.dtype))


class ProjectedLinearCell(LinearCell):
    """Base of the linear cells that start from one product of the inputs with a kernel.

    Attributes:
        blocks: how many blocks of `units` columns the kernel has.
        unbiased: how many of the first blocks have no bias.
    """

    use_bias = arg(True, kind=boolean, doc="Whether to add a bias.")
    kernel_initializer = arg(
        "glorot_uniform", kind=initializers.get, doc="Initialiser of the kernel."
    )
    bias_initializer = arg("zeros", kind=initializers.get, doc="Initialiser of the bias.")
    kernel_regularizer = arg(None, kind=regularizers.get, doc="Penalty on the kernel.")
    bias_regularizer = arg(None, kind=regularizers.get, doc="Penalty on the bias.")
    kernel_constraint = arg(None, kind=constraints.get, doc="Constraint on the kernel.")
    bias_constraint = arg(None, kind=constraints.get, doc="Constraint on the bias.")

    blocks: Any
    unbiased = 0

    def build(self, input_shape):
        super().build(input_shape)
        self.kernel = self.add_weight(
            (self.window * input_shape[-1], self.blocks * self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
            autocast=False,  # `product` rounds it
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                ((self.blocks - self.unbiased) * self.units,),
                self.initial_bias,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
                autocast=False,
            )

    def initial_bias(self, shape, dtype):
        """The bias to start from."""
        return self.bias_initializer(shape, dtype)

    def project(self, inputs) -> list[jax.Array]:
        """The blocks of `x W + b`, each `(..., units)`."""
        projected = product(inputs, self.kernel.value, self.compute_dtype)
        if self.bias is not None:
            projected = projected + jnp.pad(self.bias.value, (self.unbiased * self.units, 0))
        return jnp.split(projected, self.blocks, axis=-1)


def join_parts(real, imaginary):
    """The complex array of these parts, which are widened where they have 16 bits."""
    return lax.complex(widen(real), widen(imaginary))
