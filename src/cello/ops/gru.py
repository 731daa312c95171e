"""Gated recurrent unit on plain arrays."""

from __future__ import annotations

import jax.numpy as jnp

from cello.ops.gated import Gated, gated_sequence
from cello.ops.run import Run


def gru_step(x, states, recurrent, recurrent_bias, activation, recurrent_activation):
    """One step; `x` is the input's share of the pre-activations, `x_t W + b`."""
    (h,) = states
    inner = recurrent(h)
    if recurrent_bias is not None:
        inner = inner + recurrent_bias
    x_z, x_r, x_n = jnp.split(x, 3, axis=-1)
    h_z, h_r, h_n = jnp.split(inner, 3, axis=-1)
    z, r = recurrent_activation(x_z + h_z), recurrent_activation(x_r + h_r)
    n = activation(x_n + r * h_n)
    h = z * h + (1 - z) * n
    return h, (h,), (z, r, n)


def gru_reset_before_step(x, states, recurrent, recurrent_bias, activation, recurrent_activation):
    """The same with the reset gate before the product."""
    (h,) = states
    gates = 2 * h.shape[-1]  # columns of U
    x_z, x_r, x_n = jnp.split(x, 3, axis=-1)
    h_z, h_r = jnp.split(recurrent(h, slice(gates)), 2, axis=-1)
    z, r = recurrent_activation(x_z + h_z), recurrent_activation(x_r + h_r)
    n = activation(x_n + recurrent(r * h, slice(gates, None)))
    h = z * h + (1 - z) * n
    return h, (h,), (z, r, n)


GRU = Gated("gru", gates="zrn", states="h", candidate="n", step=gru_step, two_biases=True)
GRU_RESET_BEFORE = Gated(
    "gru_reset_before", gates="zrn", states="h", candidate="n", step=gru_reset_before_step
)


def gru(
    inputs,
    kernel,
    recurrent_kernel,
    bias=None,
    initial_state=None,
    *,
    mask=None,
    activation="tanh",
    recurrent_activation="sigmoid",
    reset_after: bool = True,
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
    """Gated recurrent unit over a batch of sequences.

        z = sigmoid(x_t W_z + b_z + h_{t-1} U_z + d_z)
        r = sigmoid(x_t W_r + b_r + h_{t-1} U_r + d_r)
        n = tanh(x_t W_n + b_n + r * (h_{t-1} U_n + d_n))    with reset_after (as cuDNN does)
        n = tanh(x_t W_n + b_n + (r * h_{t-1}) U_n)          without; d_z = d_r = 0
        h_t = z * h_{t-1} + (1 - z) * n

    Args:
        inputs: `(batch, time, features)`.
        kernel: `W`, `(features, 3 * units)`; gates in the order z, r, n.
        recurrent_kernel: `U`, `(units, 3 * units)`.
        bias: `[b, d]` of shape `(2, 3 * units)` with `reset_after`, else `b`, `(3 * units,)`; or
            `None`.
        initial_state: `h`, `(batch, units)`, or a tuple with it; zeros where `None`.
        mask: boolean `(batch, time)`, true at the steps that count; see `ops.recurrence`.
        activation, recurrent_activation: names or functions, in place of tanh and sigmoid.
        reset_after: whether the reset gate acts after the matrix product or before.
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

    Source: Cho et al. 2014 (reset before); `z` multiplies the old state, as in Keras and PyTorch.
    """
    recurrence = GRU if reset_after else GRU_RESET_BEFORE
    run = Run(
        mask=mask, go_backwards=go_backwards, unroll=unroll, return_sequences=return_sequences,
        return_all_states=return_all_states, zero_output_for_mask=zero_output_for_mask,
    )  # fmt: skip
    return gated_sequence(
        recurrence, inputs, kernel, recurrent_kernel, bias, initial_state, run,
        activation=activation, recurrent_activation=recurrent_activation, dropout_mask=dropout_mask,
        recurrent_dropout_mask=recurrent_dropout_mask, compute_dtype=compute_dtype, engine=engine,
    )  # fmt: skip
