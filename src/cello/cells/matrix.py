"""What the cells with a matrix for each head share: the step, and the sequence in chunks."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from cello import initializers
from cello.cells.linear import LinearCell
from cello.core.arguments import arg
from cello.core.dtype_policy import widen
from cello.core.input_spec import InputSpec
from cello.core.kinds import positive_integer
from cello.initializers import RandomUniform, VarianceScaling
from cello.ops import engine as engines
from cello.ops.engine import Engine
from cello.ops.matrix_scan import matrix_scan, matrix_step
from cello.ops.product import product
from cello.ops.recurrence import choose_rows, seen_steps


def initial_kernel(scale: float, distribution: str = "uniform"):
    """The argument `kernel_initializer` with the variance `scale / features` as its default."""
    variance = {"scale": scale, "mode": "fan_in", "distribution": distribution}
    return arg(
        {"class_name": "VarianceScaling", "config": variance},
        kind=initializers.get, doc="Initialiser of the kernel.",
    )  # fmt: skip


class MatrixCell(LinearCell):
    """Base of the cells whose state is a matrix for each head, that queries read.

        q_t, k_t, v_t, log_decay_t, (a_t, b_t) = terms of x_t
        S_t = exp(log_decay_t) * S_{t-1} + a_t (S_{t-1}^T b_t)^T + k_t v_t^T
        y_t = readout(S_t^T q_t)

    A subclass makes its weights in `build` and writes `head_sizes`, `terms` and `readout`; `enter`,
    where the cell looks back at something else than the inputs. All of them work on arrays
    `(batch, time, ...)`; a step is a sequence of one. The states are `S`, then those of
    `other_states`, then the window.

    Attributes:
        other_states: shapes of states that follow rules of their own, without the batch.
        window: how many steps of what `enter` gives `terms` sees.
    """

    argument_order = "heads"
    heads = arg(1, kind=positive_integer, doc="Number of heads; it divides `units`.")
    kernel_initializer = initial_kernel(2**-5)

    other_states: tuple[tuple[int, ...], ...] = ()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.units % self.heads:
            raise ValueError(
                f"{self}: heads must divide units. Received: heads={self.heads}, "
                f"units={self.units}. Take one of them as a multiple of the other."
            )

    def head_sizes(self) -> tuple[int, int]:
        """The sizes of a key and of a value."""
        raise NotImplementedError

    def enter(self, inputs):
        """`(x, rest)`: what the cell looks back at, and what `terms` needs besides."""
        return inputs, None

    def terms(self, seen, rest, others, mask):
        """`(terms, more, others)`.

        Args:
            seen: list of `window` arrays: `x` of the steps before, the oldest first, and of each
                step itself.
            rest: as `enter` gave it.
            others: list of `other_states` before the first step.
            mask: boolean `(batch, time)`, or `None`; only `others` need it.

        Returns:
            The arguments of `cello.ops.matrix_scan`, `(queries, keys, values, log_decay,
            rank_one)`; a tree of arrays that `readout` needs; and the list of `other_states` after
            every step.
        """
        raise NotImplementedError

    def state_shape(self):
        return (self.heads, *self.head_sizes())

    def build(self, input_shape):
        self.input_spec = InputSpec(("batch", "features"), {"features": input_shape[-1]})
        window = [(self.window - 1, self.window_width(input_shape[-1]))]
        matrix = self.state_size[0]
        self.state_size = [matrix, *self.other_states, *(window if self.window > 1 else [])]

    def window_width(self, features: int) -> int:
        """How many numbers `enter` gives the window for each step."""
        return features

    def call(self, inputs, states, training=False):
        inputs = self._drop(inputs, training)[:, None]
        prepared = self._prepare_steps(inputs, states[1:], mask=None)
        terms, more, others = jax.tree.map(lambda x: x[:, 0], prepared)
        state, y = matrix_step(widen(states[0]), *terms)
        return self._output(y, more), self._close_states(state, others)

    def sequence(self, inputs, states, run):
        """What queries read and what `readout` needs of every step, and the states."""
        inputs = self._drop(inputs, run.training)
        terms, more, others = self._prepare_steps(inputs, states[1:], run.mask)
        queries, keys, values, log_decay, rank_one = terms
        y, state = matrix_scan(
            queries, keys, values, log_decay, rank_one, states[0],
            return_all_states=run.return_all_states,
        )  # fmt: skip
        others = others if run.return_all_states else [s[:, -1] for s in others]
        return (y, more), self._close_states(state, others)

    @property
    def engine(self) -> Engine:
        """What runs `sequence`: "scan", JAX's loop, over chunks of steps; with a `reason`."""
        return engines.no_kernel("The kernels do not know states that are matrices.")

    # ------------------------------------------------------------------------------- parts

    def _prepare_steps(
        self, inputs, others, mask
    ) -> tuple[tuple[Any, Any, Any, Any, Any], Any, list[Any]]:
        """`terms` that leave the state as it is where the mask says so, and its other results."""
        x, rest = self.enter(inputs)
        *others, before = others if self.window > 1 else (*others, None)
        seen = [x] if before is None else seen_steps(x, before, mask)
        window = [] if before is None else [jnp.stack(seen[1:], 2)]
        terms, more, others = self.terms(seen, rest, others, mask)
        queries, keys, values, log_decay, rank_one = jax.tree.map(widen, terms)
        if mask is not None:
            values, log_decay = choose_rows(mask, (values, log_decay), (0.0, 0.0))
            if rank_one is not None:
                rank_one = (choose_rows(mask, rank_one[0], 0.0), rank_one[1])
        terms = queries, keys, values, log_decay, rank_one
        return terms, more, [*others, *window]

    def add_kernel(self, rows: int, columns: int):
        """Make `kernel`, which all inputs are multiplied with at once."""
        self.kernel = self.add_weight(
            (rows, columns), self.kernel_initializer, name="kernel", autocast=False
        )

    def add_output_kernel(self, rows: int, scale: float):
        """Make `output_kernel`, of uniform numbers of the variance `scale / rows`."""
        self.output_kernel = self.add_weight(
            (rows, self.units), VarianceScaling(scale, "fan_in", "uniform"), name="output_kernel",
            autocast=False,
        )  # fmt: skip

    def add_convolution(self, channels: int):
        """Make the kernel of a convolution along time for each channel, as PyTorch starts it."""
        limit = 1 / math.sqrt(self.window)
        self.convolution = None
        if self.window > 1:
            self.convolution = self.add_weight(
                (self.window, channels), RandomUniform(-limit, limit), name="convolution",
                autocast=False,
            )  # fmt: skip

    def convolve(self, seen):
        """The convolution of what a step sees; the step itself with a window of 1."""
        if self.convolution is None:
            return seen[-1]
        return sum(x * w for x, w in zip(seen, self.convolution.value, strict=True))

    def times(self, x, kernel):
        """`x @ kernel`, in the compute dtype."""
        return product(x, kernel.value, self.compute_dtype)

    def by_head(self, x):
        """`(..., heads * n)` as `(..., heads, n)`."""
        return x.reshape(*x.shape[:-1], self.heads, -1)


def split(x, *sizes):
    """`x` in pieces of these sizes, along its last axis."""
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes) - 1)]
    return jnp.split(x, ends, axis=-1)


def flat(x):
    """`(..., heads, n)` as `(..., heads * n)`."""
    return x.reshape(*x.shape[:-2], -1)


def normalize_rms(x, epsilon: float):
    """`x` over the root of its mean square, along the last axis."""
    return x * lax.rsqrt(jnp.mean(x**2, -1, keepdims=True) + epsilon)


def unit(x):
    """`x` at length 1, along the last axis."""
    return x * lax.rsqrt(jnp.sum(x**2, -1, keepdims=True) + 1e-6)


def initial_step_bias(shape, dtype) -> Any:
    """Numbers whose softplus is spread evenly over the logarithms from 0.001 to 0.1."""
    step = np.exp(RandomUniform(math.log(1e-3), math.log(1e-1))(shape, dtype))
    return step + np.log(-np.expm1(-step))
