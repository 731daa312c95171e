"""The diagonal state space model."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from cello.cells.linear import join_parts
from cello.cells.state_space import StateSpaceCell, even, zero_order_hold
from cello.core.arguments import arg
from cello.core.kinds import one_of
from cello.initializers import RandomNormal
from cello.ops.linear_scan import linear_scan
from cello.ops.product import product


class S4DCell(StateSpaceCell):
    """One step of the diagonal state space model: many small oscillators for each channel.

        u = x_t V                                        (x_t itself where it is `units` wide)
        A = -exp(P) + i F,  d = exp(s)
        zero-order hold:  a = exp(d A),                  b = (a - 1) / A
        bilinear:         a = (1 + d A / 2) / (1 - d A / 2),  b = d / (1 - d A / 2)
        h_t = a * h_{t-1} + b * u                        for each channel by itself
        v = 2 Re(sum(C * h_t)) + D * u
        y_t = glu(gelu(v) W + w),  glu([p, q]) = p * sigmoid(q)

    Each channel of `u` has a state of its own; channels mix in `V` before and in `W` behind, and
    nowhere else. `V` is in the paper the linear layer in front of the first block, and the last
    line what its authors' code puts behind each of these models. The `state_units / 2` complex
    numbers of a channel stand for themselves and their conjugates, hence `2 Re`.

    Inputs `(batch, features)`, states `[Re(h), Im(h)]`, each `(batch, units, state_units / 2)`,
    output `y` `(batch, units)`. Weights: `log_step` `s` `(units,)`; `log_decay` `P` and
    `frequency` `F` `(units, state_units / 2)`; `readout_weights`, `Re(C)` and then `Im(C)`,
    `(2, units, state_units / 2)`; `skip` `D` `(units,)`; output kernel `W` `(units, 2 * units)` and
    output bias `w` `(2 * units,)`; where `features` is not `units`, input kernel `V`
    `(features, units)`.

    `A` starts, for n from 0, from `-1/2 + i pi n` ("lin"), `-1/2 + i N / pi (N / (2n + 1) - 1)`
    with `N = state_units` ("inv"), or `-(n + 1)` ("real", where only the start is real); the step
    `d` log-uniform between `dt_min` and `dt_max`; `C` and `D` from normal numbers of variance 1.
    A sequence without a mask goes by chunks of 32 steps: what a step adds to the outputs of its own
    chunk depends only on how long ago it was, and the state goes from chunk to chunk. With a mask,
    or where all states are wanted, every `h` is computed, by segments of 256 steps, as it is
    `state_units` times as large as the output.

    Source: Gu, Gupta, Goel and Re 2022, On the Parameterization and Initialization of Diagonal
    State Space Models.
    """

    argument_order = "state_units dt_min dt_max"
    state_units = arg(64, kind=even, doc="Size of the state of a channel, conjugates counted.")
    start = arg(
        "lin", kind=one_of("lin", "inv", "real"), doc='What A starts from: "lin", "inv" or "real".',
    )  # fmt: skip
    discretization = arg(
        "zoh", kind=one_of("zoh", "bilinear"),
        doc='How the equation in time becomes steps: "zoh" (zero-order hold) or "bilinear".',
    )  # fmt: skip

    complex_state = True
    segment = 256
    chunk = 32

    def state_shape(self):
        return self.units, self.state_units // 2

    def build(self, input_shape):
        super().build(input_shape)
        n, shape = self.units, self.state_shape()
        self.add_input_kernel(input_shape[-1], "lecun_normal")
        self.log_step = self.add("log_step", (n,), self.initial_log_step)
        self.log_decay = self.add("log_decay", shape, self._initial_log_decay)
        self.frequency = self.add("frequency", shape, self._initial_frequency)
        self.readout_weights = self.add(
            "readout_weights", (2, *shape), RandomNormal(0.0, math.sqrt(0.5))
        )
        self.skip = self.add("skip", (n,), RandomNormal(0.0, 1.0))
        self.output_kernel = self.add("output_kernel", (n, 2 * n), "lecun_normal")
        self.output_bias = self.add("output_bias", (2 * n,), "zeros")

    def _initial_log_decay(self, shape, dtype):
        decay = 1.0 + np.arange(shape[-1]) if self.start == "real" else np.full(shape[-1], 0.5)
        return np.broadcast_to(np.log(decay), shape).astype(dtype)

    def _initial_frequency(self, shape, dtype):
        n, whole = np.arange(shape[-1]), 2 * shape[-1]
        frequencies = {
            "lin": math.pi * n,
            "inv": whole / math.pi * (whole / (2 * n + 1) - 1),
            "real": 0 * n,
        }
        return np.broadcast_to(frequencies[self.start], shape).astype(dtype)

    def coefficients(self, inputs):
        u = self.fit_inputs(inputs)
        a, b = self._step_factors()
        return a, b * u[..., None], u

    def _step_factors(self):
        """`(a, b)`, each `(units, state_units / 2)`."""
        step = jnp.exp(self.log_step.value)[:, None]
        A = join_parts(-jnp.exp(self.log_decay.value), self.frequency.value)
        if self.discretization == "zoh":
            return zero_order_hold(A, step)
        b = step / (1 - 0.5 * step * A)
        return (1 + 0.5 * step * A) * (b / step), b

    def readout(self, h, u):
        return self._mix(self._read(h), u)

    def finish(self, found):
        return self._mix(*found).astype(self.dtype)

    def _read(self, h):
        real, imaginary = self.readout_weights.value
        return 2 * jnp.sum(real * h.real - imaginary * h.imag, -1)

    def _mix(self, v, u):
        v = jax.nn.gelu(v + self.skip.value * u, approximate=False)
        mixed = product(v, self.output_kernel.value, self.compute_dtype) + self.output_bias.value
        return jax.nn.glu(mixed)

    def segment_length(self, run, time):
        return None if self._steps_in_chunks(run, time) else self.segment

    def _steps_in_chunks(self, run, time) -> int:
        """How many of the first steps go by chunks."""
        if run.mask is not None or run.return_all_states or not isinstance(time, int):
            return 0
        return time // self.chunk * self.chunk

    def sequence(self, inputs, states, run):
        """`v` and `u` of every step, or of the last if no other is wanted; the states."""
        time = inputs.shape[1]
        whole = self._steps_in_chunks(run, time)
        if not whole:
            (h, u), states = super().sequence(inputs, states, run)
            return (self._read(h), u), states
        inputs = self._drop(inputs, run.training)
        h, found = self._in_chunks(
            self._open_states(states)[0], inputs[:, :whole], run.return_sequences
        )
        states = self._close_states(h, [])
        if whole == time:
            return found, states
        rest, states = self.sequence(inputs[:, whole:], states, run.but(training=False))
        if run.return_sequences:
            rest = jax.tree.map(lambda *parts: jnp.concatenate(parts, 1), found, rest)
        return rest, states

    def _in_chunks(self, h, inputs, return_sequences):
        """Whole chunks: `h` after them, and `(v, u)` of all steps or of the last.

        With `p_k = a^k`, `x` the `u` of a chunk and `H` the state before it:

            v_t = sum_{s <= t} 2 Re(C p_{t-s} b) x_s + 2 Re(C p_{t+1} H)
            H' = p_chunk H + sum_s p_{chunk-1-s} b x_s
        """
        u = self.fit_inputs(inputs)
        a, b = self._step_factors()
        batch, time, units = u.shape
        x = u.astype(a.real.dtype).reshape(batch, -1, self.chunk, units)
        every = jnp.broadcast_to(a, (self.chunk, *a.shape))
        powers = jnp.cumprod(jnp.concatenate([jnp.ones_like(a)[None], every]), 0)
        factors = powers[-2::-1] * b
        parts = (jnp.einsum("sun,bksu->bkun", part, x, precision="highest")
                 for part in (factors.real, factors.imag))  # fmt: skip
        added = join_parts(*parts)
        H = linear_scan(powers[-1], added, h)
        after = H[:, -1]
        if not return_sequences:
            return after, (self._read(H[:, -1:]), u[:, -1:])
        C = 2 * join_parts(*self.readout_weights.value)
        kernel = jnp.sum((C * powers[:-1] * b).real, -1)
        ago = jnp.arange(self.chunk)[:, None] - jnp.arange(self.chunk)
        kernel = jnp.where(ago[..., None] >= 0, kernel[jnp.maximum(ago, 0)], 0)
        v = jnp.einsum("tsu,bksu->bktu", kernel, x, precision="highest")
        H = jnp.concatenate([h[:, None], H[:, :-1]], 1)
        weights = C * powers[1:]
        for part, sign, factors in ((H.real, 1, weights.real), (H.imag, -1, weights.imag)):
            v = v + sign * jnp.einsum("tun,bkun->bktu", factors, part, precision="highest")
        return after, (v.reshape(batch, time, units), u)
