"""Long short-term memory on plain arrays."""

from __future__ import annotations

import jax.numpy as jnp

from cello.ops.gated import Gated, gated_sequence
from cello.ops.run import Run


def lstm_step(
    x, states, recurrent, recurrent_bias, activation, recurrent_activation, normalised=lambda c: c
):
    """One step; `x` is the input's share of the pre-activations, `x_t W + b`.

    `normalised(c)` is what the output sees of `c`.
    """
    h, c = states
    i, f, g, o = jnp.split(x + recurrent(h), 4, axis=-1)
    i, f, o = map(recurrent_activation, (i, f, o))
    g = activation(g)
    c = f * c + i * g
    h = o * activation(normalised(c))
    return h, (h, c), (i, f, g, o)


LSTM = Gated("lstm", gates="ifgo", states="hc", forget="f", step=lstm_step)


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
    return_all_states: bool = False,
    zero_output_for_mask: bool = False,
    compute_dtype: str | None = None,
    engine: str | None = None,
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
        recurrent_dropout_mask: `(batch, units)`, multiplied with `h` where it meets `U`; taken as a
            constant, to which no gradient flows.
        go_backwards, unroll, return_sequences, zero_output_for_mask: see `ops.recurrence`.
        return_all_states: give the states after every step, in place of after the last.
        compute_dtype: dtype to which the factors of matrix products are rounded, "bfloat16" say;
            sums, gates and states stay in that of the arrays. Kernels on CPUs round nothing.
        engine: `"native"` or `"scan"`, in place of what `cello.config.engine` says.

    Returns:
        `(outputs, (h, c))`: `h` at all steps `(batch, time, units)`, or at the last, and the states
        after the last step.

    Source: Hochreiter and Schmidhuber 1997; forget gate: Gers, Schmidhuber and Cummins 2000.
    """
    run = Run(
        mask=mask, go_backwards=go_backwards, unroll=unroll, return_sequences=return_sequences,
        return_all_states=return_all_states, zero_output_for_mask=zero_output_for_mask,
    )  # fmt: skip
    return gated_sequence(
        LSTM, inputs, kernel, recurrent_kernel, bias, initial_state, run,
        activation=activation, recurrent_activation=recurrent_activation, dropout_mask=dropout_mask,
        recurrent_dropout_mask=recurrent_dropout_mask, compute_dtype=compute_dtype, engine=engine,
    )  # fmt: skip
