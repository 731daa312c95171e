"""A recurrent network whose state follows a differential equation between the steps."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from cello.cells.timed import TimedCell
from cello.core.arguments import arg
from cello.core.kinds import one_of, positive_integer, repetitions
from cello.ops.gru import gru_reset_before_step
from cello.ops.product import product

_SOLVERS = {"euler": "Euler", "heun": "Heun", "bosh3": "Bosh3", "tsit5": "Tsit5"}


class ODERNNCell(TimedCell):
    """One step of an ODE-RNN: a differential equation between the steps, and a GRU at each.

        dh/dt = tanh(h W_1 + b_1) W_2 + b_2       from h_{t-1}, over the gap since the last step: p
        z = sigmoid(x_t W_z + p U_z + b_z)
        r = sigmoid(x_t W_r + p U_r + b_r)
        g = tanh(x_t W_h + (r * p) U_h + b_h)
        h_t = z * p + (1 - z) * g

    The inputs are `x`, or `[x, t]` with the time of each step; see `cello.cells.timed.TimedCell`.
    A solver of diffrax takes `ode_steps` equal steps over each gap, whatever its length.

    Inputs `(batch, features)`, or these and times `(batch,)`; states `[h, time]`, `(batch, units)`
    and `(batch, 1)`; output `h`. Weights: kernel `W` `(features, 3 * units)`, recurrent kernel `U`
    `(units, 3 * units)`, bias `b` `(3 * units,)`, gates in the order z, r, h; `W_1`
    `(units, field_units)`, `b_1`, `W_2` `(field_units, units)`, `b_2`.

    Raises:
        ImportError: where diffrax is not installed.

    Source: Rubanova, Chen and Duvenaud 2019; the solvers: Kidger 2021.
    """

    field_units = arg(64, kind=positive_integer, doc="Size of the hidden layer of the equation.")
    solver = arg(
        "tsit5", kind=one_of(*_SOLVERS),
        doc='"euler", "heun", "bosh3" or "tsit5": of order 1, 2, 3 and 5.',
    )  # fmt: skip
    ode_steps = arg(4, kind=repetitions, doc="Steps of the solver between two steps.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _diffrax()

    def add_weights(self, features):
        n, m = self.units, self.field_units
        self.kernel = self.add_weight((features, 3 * n), name="kernel")
        self.recurrent_kernel = self.add_weight((n, 3 * n), "orthogonal", name="recurrent_kernel")
        self.bias = self.add_weight((3 * n,), "zeros", name="bias")
        self.field_kernel = self.add_weight((n, m), name="field_kernel")
        self.field_bias = self.add_weight((m,), "zeros", name="field_bias")
        self.field_output_kernel = self.add_weight((m, n), name="field_output_kernel")
        self.field_output_bias = self.add_weight((n,), "zeros", name="field_output_bias")

    def field(self, h):
        """`dh/dt`."""
        u = product(h, self.field_kernel.value, self.compute_dtype)
        u = jnp.tanh(u + self.field_bias.value)
        u = product(u, self.field_output_kernel.value, self.compute_dtype)
        return u + self.field_output_bias.value

    def step(self, x, states, now, gap, training):
        (h,) = states

        def recurrent(h, columns):
            return product(h, self.recurrent_kernel.value[:, columns], self.compute_dtype)

        x = product(x, self.kernel.value, self.compute_dtype) + self.bias.value
        h = self._after(h, gap)
        step = gru_reset_before_step(x, (h,), recurrent, None, jnp.tanh, jax.nn.sigmoid)
        return step[:2]

    def _after(self, h, gap):
        """The state after the gap: over a time from 0 to 1, in which each row passes its own."""
        diffrax = _diffrax()
        solver = getattr(diffrax, _SOLVERS[self.solver])()
        term = diffrax.ODETerm(lambda t, h, gap: gap * self.field(h))
        dt = 1 / self.ode_steps

        def step(carry, start):
            h, memory = carry
            end = start + dt
            h, _, _, memory, _ = solver.step(term, start, end, h, gap, memory, made_jump=False)
            return (h, memory), None

        memory = solver.init(term, 0.0, dt, h, gap)
        (h, _), _ = lax.scan(step, (h, memory), dt * jnp.arange(self.ode_steps, dtype=h.dtype))
        return h


def _diffrax():
    try:
        import diffrax
    except ImportError as error:
        raise ImportError(
            "ODERNN solves its differential equation by diffrax, which is not installed: "
            "pip install 'cello-rnn[ode]'."
        ) from error
    return diffrax
