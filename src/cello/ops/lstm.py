"""Long short-term memory on plain arrays."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp

from cello import activations
from cello.ops.gated import entering, gated_sequence


def lstm_step(
    x, states, recurrent_kernel, recurrent_bias, recurrent_mask, activation, recurrent_activation
):
    """One step; `x` is the input's share of the pre-activations, `x_t W + b`."""
    h, c = states
    i, f, g, o = jnp.split(x + entering(h, recurrent_mask) @ recurrent_kernel, 4, axis=-1)
    c = recurrent_activation(f) * c + recurrent_activation(i) * activation(g)
    h = recurrent_activation(o) * activation(c)
    return h, (h, c)


@functools.partial(
    jax.jit,
    static_argnames=(
        "activation", "recurrent_activation", "go_backwards", "unroll", "return_sequences",
        "zero_output_for_mask",
    ),
)  # fmt: skip
def lstm(
    inputs,
    kernel,
    recurrent_kernel,
    bias=None,
    initial_state=None,
    *,
    mask=None,
    activation="tanh",
    recurrent_activation="sigmoid",
    dropout_mask=None,
    recurrent_dropout_mask=None,
    go_backwards: bool = False,
    unroll: bool = False,
    return_sequences: bool = True,
    zero_output_for_mask: bool = False,
):
    """Long short-term memory over a batch of sequences.

        i, f, g, o = split(x_t W + h_{t-1} U + b)
        c_t = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(g)
        h_t = sigmoid(o) * tanh(c_t)

    Args:
        inputs: `(batch, time, features)`.
        kernel: `W`, `(features, 4 * units)`; gates in the order i, f, c, o.
        recurrent_kernel: `U`, `(units, 4 * units)`.
        bias: `b`, `(4 * units,)`, or `None`.
        initial_state: `(h, c)`, each `(batch, units)`; zeros where `None`.
        mask: boolean `(batch, time)`, true at the steps that count; see `ops.recurrence`.
        activation, recurrent_activation: names or functions, in place of tanh and sigmoid.
        dropout_mask: `(batch, features)`, multiplied with the input of every step.
        recurrent_dropout_mask: `(batch, units)`, multiplied with `h` where it meets `U`.
        go_backwards, unroll, return_sequences, zero_output_for_mask: see `ops.recurrence`.

    Returns:
        `(outputs, (h, c))`: `h` at all steps `(batch, time, units)`, or at the last, and the states
        after the last step.

    Source: Hochreiter and Schmidhuber 1997; forget gate: Gers, Schmidhuber and Cummins 2000.
    """
    step = functools.partial(
        lstm_step,
        activation=activations.get(activation),
        recurrent_activation=activations.get(recurrent_activation),
    )
    return gated_sequence(
        step, 2, inputs, kernel, recurrent_kernel, bias, None, initial_state, dropout_mask,
        recurrent_dropout_mask, mask=mask, go_backwards=go_backwards, unroll=unroll,
        return_sequences=return_sequences, zero_output_for_mask=zero_output_for_mask,
    )  # fmt: skip
