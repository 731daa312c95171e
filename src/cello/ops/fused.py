"""The gated recurrences by kernels, on CPUs or on GPUs, and their derivatives.

`run` computes a recurrence, and is differentiated by the kernels. Derivatives of derivatives go
through the scan, which is given with the description of the recurrence.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp

from cello.ops import cuda_kernels, kernels
from cello.ops.partition import varying


def run(recurrence: kernels.Recurrence, inputs: kernels.Inputs) -> kernels.Outputs:
    """The outputs of a recurrence. `recurrent_mask` is taken as a constant."""
    return _run(recurrence, varying(inputs, inputs))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _run(recurrence, inputs):
    return _kernels(recurrence).forward(recurrence, inputs, saving=False)[0]


def _run_forward(recurrence, inputs):
    outputs, saved = _saving(recurrence, inputs)
    return outputs, (inputs, saved)


def _run_backward(recurrence, kept, d_outputs):
    inputs, saved = kept
    return (_gradients(recurrence, inputs, saved, d_outputs),)


_run.defvjp(_run_forward, _run_backward)


# Under one derivative these two are only computed. Under a second one JAX differentiates them, and
# both are functions of the inputs, as the scan says; what was saved follows from the inputs.


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _saving(recurrence, inputs):
    return _kernels(recurrence).forward(recurrence, inputs, saving=True)


@_saving.defjvp
def _saving_jvp(recurrence, primals, tangents):
    (inputs,), (d_inputs,) = primals, tangents
    outputs, saved = _saving(recurrence, inputs)
    _, d_outputs = jax.jvp(recurrence.scan, (inputs,), (d_inputs,))
    return (outputs, saved), (d_outputs, jax.tree.map(jnp.zeros_like, saved))


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _gradients(recurrence, inputs, saved, d_outputs) -> kernels.Inputs:
    return _kernels(recurrence).backward(recurrence, inputs, saved, d_outputs)


@_gradients.defjvp
def _gradients_jvp(recurrence, primals, tangents):
    inputs, saved, d_outputs = primals
    d_inputs, _, dd_outputs = tangents
    floats = _floats(inputs)

    def by_scan(floats, d_outputs):
        def outputs(floats):
            return recurrence.scan(inputs._replace(**floats))

        (gradients,) = jax.vjp(outputs, floats)[1](d_outputs)
        return kernels.as_gradients(inputs, gradients)

    result = _gradients(recurrence, inputs, saved, d_outputs)
    _, tangent = jax.jvp(by_scan, (floats, d_outputs), (_floats(d_inputs), dd_outputs))
    return result, tangent


def _floats(inputs: kernels.Inputs) -> dict[str, Any]:
    """The arrays through which gradients flow."""
    return {name: getattr(inputs, name) for name in kernels.Inputs._fields[:6]}


def _kernels(recurrence: kernels.Recurrence):
    return cuda_kernels if recurrence.engine == "cuda" else kernels
