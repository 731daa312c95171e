"""The simple recurrent network on plain arrays."""

from __future__ import annotations

from cello.ops.gated import Gated, gated_sequence
from cello.ops.run import Run


def simple_rnn_step(x, states, recurrent, recurrent_bias, activation, recurrent_activation):
    """One step; `x` is the input's share of the pre-activation, `x_t W + b`. No gate: the last
    argument is not used."""
    (h,) = states
    x = x + recurrent(h)
    h = activation(x)
    return h, (h,), (x,)


SIMPLE_RNN = Gated("simple_rnn", gates="g", states="h", step=simple_rnn_step)


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
    return_all_states: bool = False,
    zero_output_for_mask: bool = False,
    compute_dtype: str | None = None,
    engine: str | None = None,
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
        recurrent_dropout_mask: `(batch, units)`, multiplied with `h` where it meets `U`; taken as a
            constant, to which no gradient flows.
        go_backwards, unroll, return_sequences, zero_output_for_mask: see `ops.recurrence`.
        return_all_states: give the states after every step, in place of after the last.
        compute_dtype: dtype to which the factors of matrix products are rounded, "bfloat16" say;
            sums, gates and states stay in that of the arrays. Kernels on CPUs round nothing.
        engine: `"native"` or `"scan"`, in place of what `cello.config.engine` says.

    Returns:
        `(outputs, (h,))`: `h` at all steps `(batch, time, units)`, or at the last, and the state
        after the last step.

    Source: Elman 1990, Finding structure in time.
    """
    run = Run(
        mask=mask, go_backwards=go_backwards, unroll=unroll, return_sequences=return_sequences,
        return_all_states=return_all_states, zero_output_for_mask=zero_output_for_mask,
    )  # fmt: skip
    return gated_sequence(
        SIMPLE_RNN, inputs, kernel, recurrent_kernel, bias, initial_state, run,
        activation=activation, recurrent_activation="linear", dropout_mask=dropout_mask,
        recurrent_dropout_mask=recurrent_dropout_mask, compute_dtype=compute_dtype, engine=engine,
    )  # fmt: skip
