"""What the gated recurrences share: one input product for all steps, then the loop."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp

from cello.ops.recurrence import hide_masked, scan_steps


def project(inputs, kernel, bias, dropout_mask=None):
    """`x W + b`: the input's share of the pre-activations, for one step or for all."""
    if dropout_mask is not None:
        steps = inputs.ndim - dropout_mask.ndim
        inputs = inputs * (dropout_mask[:, None] if steps else dropout_mask)
    projected = inputs @ kernel
    return projected if bias is None else projected + bias


def entering(h, recurrent_mask):
    """The state as the recurrent product sees it."""
    return h if recurrent_mask is None else h * recurrent_mask


def gated_sequence(
    step,
    n_states: int,
    inputs,
    kernel,
    recurrent_kernel,
    bias,
    recurrent_bias,
    initial_state,
    dropout_mask,
    recurrent_dropout_mask,
    **options,
):
    """Repeat a gated step over `(batch, time, features)`; the products' shapes are checked first.

    Args:
        step: function of `(x, states, recurrent_kernel=, recurrent_bias=, recurrent_mask=)`.
        n_states: number of states, each `(batch, units)`.
        options: those of `ops.recurrence`.
    """
    inputs = jnp.asarray(inputs)
    units = _check_shapes(inputs, kernel, recurrent_kernel)
    dtype = jnp.result_type(inputs, kernel)
    if initial_state is None:
        initial_state = (jnp.zeros((inputs.shape[0], units), dtype),) * n_states
    elif not isinstance(initial_state, (list, tuple)):
        initial_state = (initial_state,)
    states = tuple(jnp.asarray(s, dtype) for s in initial_state)
    if [s.shape for s in states] != [(inputs.shape[0], units)] * n_states:
        raise ValueError(
            f"initial_state must hold {n_states} array(s) of shape (batch, units) = "
            f"{(inputs.shape[0], units)} and got {[s.shape for s in states]}."
        )
    projected = project(hide_masked(inputs, options["mask"]), kernel, bias, dropout_mask)
    step = functools.partial(
        step,
        recurrent_kernel=recurrent_kernel,
        recurrent_bias=recurrent_bias,
        recurrent_mask=recurrent_dropout_mask,
    )

    def stateless(x, states, _):
        outputs, states = step(x, states)
        return outputs, states, ()

    outputs, states, _ = scan_steps(stateless, projected, states, (), **options)
    return outputs, states


def _check_shapes(inputs: jax.Array, kernel, recurrent_kernel) -> int:
    """The number of units."""
    units = recurrent_kernel.shape[0]
    if inputs.ndim != 3:
        raise ValueError(
            f"inputs must be (batch, time, features) and have the shape {inputs.shape}."
        )
    if kernel.shape != (inputs.shape[-1], recurrent_kernel.shape[-1]):
        raise ValueError(
            f"inputs {inputs.shape}, kernel {kernel.shape} and recurrent_kernel "
            f"{recurrent_kernel.shape} do not fit: kernel must be (features, gates * units) = "
            f"{(inputs.shape[-1], recurrent_kernel.shape[-1])}."
        )
    return units
