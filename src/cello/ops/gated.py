"""What the gated recurrences share: their declaration, checks, and the choice of an engine."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello import activations
from cello.ops import cuda_kernels, fused, kernels
from cello.ops import engine as engines
from cello.ops.product import product
from cello.ops.recurrence import hide_masked, scan_steps
from cello.ops.run import Run

_WORDS = {
    "i": "input gate", "f": "forget gate", "o": "output gate", "z": "update gate",
    "r": "reset gate", "g": "update gate",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Gated:
    """The declaration of a gated recurrence: an input product, a recurrent product and a step.

    What its gates and states are called, and in which order they stand, is said here alone. Shapes
    of weights, initial biases, what kernels save, plots, and the order in files of PyTorch and ONNX
    (`reordered`) follow.

    Attributes:
        name: its name in `kernels.CELLS`, where kernels know it.
        gates: a letter for each block of `units` columns in the kernels, in their order: `"ifgo"`.
        states: a letter for each state, `(batch, units)`; the first is the output: `"hc"`.
        step: function of `(x, states, recurrent, recurrent_bias, activation,
            recurrent_activation)`, where `x` is the input's share of the pre-activations and
            `recurrent(h)` is `h U`, or `recurrent(h, columns)` with a slice of the columns of `U`.
            It gives `(outputs, states, values)`: the values of the gates in the order of `gates`,
            or, without gates, the pre-activation. `None` if the step has more weights and is the
            cell's own. `cello.cells` give the values by their letters, `cell.gate_values`.
        candidate: the letter of the block that `activation` takes; it is none of the gates proper.
        forget: the gate that keeps a state, whose bias may start from 1; "" without.
        two_biases: whether the recurrent product has a bias of its own: then the candidate's two
            products stay apart.
        epsilon: added to the variances, if it normalises.
    """

    name: str
    gates: str
    states: str
    step: Any = None
    candidate: str = "g"
    forget: str = ""
    two_biases: bool = False
    epsilon: float = 0.0

    @property
    def titles(self) -> dict[str, str]:
        """The gates in words, by their letters; empty for a recurrence without gates."""
        if self.gates == self.candidate:
            return {}
        words = _WORDS | {self.candidate: "candidate"}
        return {letter: f"{words[letter]} {letter}" for letter in self.gates}

    @property
    def slots(self) -> int:
        """How many numbers kernels save of each unit and step."""
        return len(self.gates) + self.two_biases

    def columns(self, gate: str, units: int) -> slice:
        """The block of a gate among the columns of the kernels and of the bias."""
        first = self.gates.index(gate) * units
        return slice(first, first + units)

    def split_bias(self, bias):
        """The biases of the input product and of the recurrent product."""
        return (bias, None) if bias is None or not self.two_biases else (bias[0], bias[1])

    def prepare(self, given: kernels.Inputs, activation, recurrent_activation, compute_dtype):
        """The input's share of the pre-activations at all steps, and a step `(x, states)`."""
        bias, recurrent_bias = self.split_bias(given.bias)
        x = project(given.x, given.kernel, bias, compute_dtype=compute_dtype)

        def recurrent(h, columns=slice(None)):
            kernel = given.recurrent_kernel[:, columns]
            return product(entering(h, given.recurrent_mask), kernel, compute_dtype)

        step = functools.partial(
            self.step,
            recurrent=recurrent,
            recurrent_bias=recurrent_bias,
            activation=activation,
            recurrent_activation=recurrent_activation,
        )
        return x, step


def reordered(blocks, gates: str, wanted: str, axis: int = -1):
    """An array whose blocks along `axis` are `gates`, with them in the order `wanted`."""
    by_letter = dict(zip(gates, np.split(blocks, len(gates), axis), strict=True))
    return np.concatenate([by_letter[letter] for letter in wanted], axis)


def project(inputs, kernel, bias, dropout_mask=None, compute_dtype=None):
    """`x W + b`: the input's share of the pre-activations, for one step or for all."""
    if dropout_mask is not None:
        inputs = drop(inputs, dropout_mask)
    projected = product(inputs, kernel, compute_dtype)
    return projected if bias is None else projected + bias


def drop(inputs, dropout_mask):
    """`inputs`, of one step or of all, times one factor a row and feature."""
    return inputs * (dropout_mask[:, None] if inputs.ndim > dropout_mask.ndim else dropout_mask)


def entering(h, recurrent_mask):
    """The state as the recurrent product sees it."""
    return h if recurrent_mask is None else h * recurrent_mask


@engines.explaining_forward_mode()
@functools.partial(
    jax.jit,
    static_argnames=("cell", "activation", "recurrent_activation", "compute_dtype", "engine"),
)
def gated_sequence(
    cell: Gated,
    inputs,
    kernel,
    recurrent_kernel,
    bias,
    initial_state,
    run: Run,
    *,
    activation,
    recurrent_activation,
    dropout_mask,
    recurrent_dropout_mask,
    compute_dtype: str | None,
    engine: str | None = None,
    vectors=None,
):
    """`cell` over `(batch, time, features)`; see `ops.lstm` for the arguments."""
    inputs, kernel = jnp.asarray(inputs), jnp.asarray(kernel)
    dtype = jnp.result_type(inputs, kernel)
    array = functools.partial(jnp.asarray, dtype=dtype)
    given = kernels.Inputs(
        array(inputs),
        array(kernel),
        array(recurrent_kernel),
        None if bias is None else array(bias),
        _states(cell, inputs, recurrent_kernel, initial_state, dtype),
        None if vectors is None else array(vectors),
        None if run.mask is None else jnp.asarray(run.mask, bool),
        None if recurrent_dropout_mask is None else array(recurrent_dropout_mask),
    )
    _check_shapes(cell, given)
    if dropout_mask is not None:
        _check_shape("dropout_mask", dropout_mask, (given.x.shape[0], given.x.shape[-1]), given)
        given = given._replace(x=drop(hide_masked(given.x, given.mask), array(dropout_mask)))
    functions = (
        _activation("activation", activation),
        _activation("recurrent_activation", recurrent_activation),
    )
    every = len(cell.states) if run.return_all_states else int(run.return_sequences)
    scan = _Scan(cell, *functions, run.go_backwards, run.unroll, every, compute_dtype)
    chosen = choose_engine(cell, dtype, *functions, asked=engine)
    if chosen != "scan" and _has_sizes(given.x):
        exact = dataclasses.replace(scan, compute_dtype=None)
        recurrence = kernels.Recurrence(
            cell, *functions, run.go_backwards, every, exact,
            str(chosen), cuda_kernels.factors_of(dtype, compute_dtype),
        )  # fmt: skip
        outputs = fused.run(recurrence, given)
    else:
        engines.say_once(chosen, f"cello.ops.{cell.name}")
        outputs = scan(given)
    sequence = outputs.every[0] if run.return_sequences else outputs.last[0]
    if run.zero_output_for_mask and run.return_sequences and given.mask is not None:
        keep = jnp.flip(given.mask, 1) if run.go_backwards else given.mask
        sequence = jnp.where(keep[..., None], sequence, jnp.zeros((), dtype))
    return sequence, outputs.every if run.return_all_states else outputs.last


def choose_engine(cell: Gated, dtype, *functions, asked: str | None = None) -> engines.Engine:
    """The engine for a gated recurrence of this dtype with these activations."""
    return engines.choose(
        kernels.obstacle(dtype, *functions),
        cuda_kernels.obstacle(cell.name, dtype, *functions),
        asked,
    )


@dataclasses.dataclass(frozen=True)
class _Scan:
    """The recurrence by JAX's loop, as a function of its arrays."""

    cell: Gated
    activation: Callable
    recurrent_activation: Callable
    go_backwards: bool
    unroll: bool
    every: int
    compute_dtype: str | None

    def __call__(self, given: kernels.Inputs) -> kernels.Outputs:
        run = Run(
            mask=given.mask,
            go_backwards=self.go_backwards,
            unroll=self.unroll,
            return_sequences=self.every > 0,
        )
        inputs, run = run.in_order(given.x)
        x, step = self.cell.prepare(
            given._replace(
                x=hide_masked(inputs, run.mask),
                recurrent_mask=jax.lax.stop_gradient(given.recurrent_mask),
            ),
            self.activation,
            self.recurrent_activation,
            self.compute_dtype,
        )

        def one_step(x, states, _):
            h, states, _ = step(x, states)
            return states if self.every > 1 else h, states, ()

        sequence, last, _ = scan_steps(one_step, x, given.states, (), run)
        every = () if self.every == 0 else sequence if self.every > 1 else (sequence,)
        return kernels.Outputs(every, last)


def _has_sizes(x) -> bool:
    """Whether every size of `x` is a known, positive number."""
    return all(isinstance(size, int) and size > 0 for size in x.shape)


def _activation(name: str, value) -> Callable:
    try:
        return activations.get(value)
    except ValueError as error:
        raise ValueError(f"{name} must be {error} Received: {name}={value!r}") from None


def _states(cell: Gated, inputs, recurrent_kernel, initial_state, dtype):
    if initial_state is None:
        zeros = jnp.zeros((inputs.shape[0], recurrent_kernel.shape[0]), dtype)
        return (zeros,) * len(cell.states)
    if not isinstance(initial_state, (list, tuple)):
        initial_state = (initial_state,)
    return tuple(jnp.asarray(s, dtype) for s in initial_state)


def _check_shapes(cell: Gated, given: kernels.Inputs) -> None:
    x = given.x
    if given.recurrent_kernel.ndim != 2:
        raise ValueError(
            "recurrent_kernel must be (units, gates * units) and has the shape "
            f"{given.recurrent_kernel.shape}."
        )
    units = given.recurrent_kernel.shape[0]
    if x.ndim != 3:
        raise ValueError(f"inputs must be (batch, time, features) and have the shape {x.shape}.")
    columns = len(cell.gates) * units
    expected = {
        "kernel": (given.kernel, (x.shape[-1], columns)),
        "recurrent_kernel": (given.recurrent_kernel, (units, columns)),
        "bias": (given.bias, (2, columns) if cell.two_biases else (columns,)),
        "mask": (given.mask, x.shape[:2]),
        "recurrent_dropout_mask": (given.recurrent_mask, (x.shape[0], units)),
    }
    for name, (array, shape) in expected.items():
        if array is not None:
            _check_shape(name, array, shape, given)
    wanted = [(x.shape[0], units)] * len(cell.states)
    if [s.shape for s in given.states] != wanted:
        raise ValueError(
            f"initial_state must hold {len(cell.states)} array(s) of shape (batch, units) = "
            f"{(x.shape[0], units)} and got {[s.shape for s in given.states]}."
        )


def _check_shape(name: str, array, shape: tuple[int, ...], given: kernels.Inputs) -> None:
    if jnp.shape(array) != shape:
        raise ValueError(
            f"{name} must have the shape {shape} and has {jnp.shape(array)}: inputs are "
            f"{given.x.shape} and units, from recurrent_kernel, are "
            f"{given.recurrent_kernel.shape[0]}."
        )
