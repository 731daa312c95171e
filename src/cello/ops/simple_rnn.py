"""The simple recurrent network on plain arrays."""

from __future__ import annotations

import functools

import jax

from cello import activations
from cello.ops.gated import entering, gated_sequence


def simple_rnn_step(x, states, recurrent_kernel, recurrent_bias, recurrent_mask, activation):
    """One step; `x` is the input's share of the pre-activation, `x_t W + b`."""
    (h,) = states
    h = activation(x + entering(h, recurrent_mask) @ recurrent_kernel)
    return h, (h,)


@functools.partial(
    jax.jit,
    static_argnames=(
        "activation", "go_backwards", "unroll", "return_sequences", "zero_output_for_mask",
    ),
)  # fmt: skip
def simple_rnn(
    inputs,
    kernel,
    recurrent_kernel,
    bias=None,
    initial_state=None,
    *,
    mask=None,
    activation="tanh",
    dropout_mask=None,
    recurrent_dropout_mask=None,
    go_backwards: bool = False,
    unroll: bool = False,
    return_sequences: bool = True,
    zero_output_for_mask: bool = False,
):
    """The fully connected recurrent network over a batch of sequences.

        h_t = tanh(x_t W + h_{t-1} U + b)

    Args:
        inputs: `(batch, time, features)`.
        kernel: `W`, `(features, units)`.
        recurrent_kernel: `U`, `(units, units)`.
        bias: `b`, `(units,)`, or `None`.
        initial_state: `h`, `(batch, units)`, or a tuple with it; zeros where `None`.
        mask: boolean `(batch, time)`, true at the steps that count; see `ops.recurrence`.
        activation: name or function, in place of tanh.
        dropout_mask: `(batch, features)`, multiplied with the input of every step.
        recurrent_dropout_mask: `(batch, units)`, multiplied with `h` where it meets `U`.
        go_backwards, unroll, return_sequences, zero_output_for_mask: see `ops.recurrence`.

    Returns:
        `(outputs, (h,))`: `h` at all steps `(batch, time, units)`, or at the last, and the state
        after the last step.

    Source: Elman 1990, Finding structure in time.
    """
    step = functools.partial(simple_rnn_step, activation=activations.get(activation))
    return gated_sequence(
        step, 1, inputs, kernel, recurrent_kernel, bias, None, initial_state, dropout_mask,
        recurrent_dropout_mask, mask=mask, go_backwards=go_backwards, unroll=unroll,
        return_sequences=return_sequences, zero_output_for_mask=zero_output_for_mask,
    )  # fmt: skip
