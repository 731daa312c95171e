"""The gated recurrences by kernels on NVIDIA GPUs: products before and behind them, and calls.

The kernels compute what depends on the step before (native/cuda/recurrence.h). The products with
the inputs, and those of the gradients of the weights, are of all steps at once: JAX computes them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from cello.ops.kernels import (
    Inputs,
    Outputs,
    Recurrence,
    activation_obstacle,
    as_gradients,
    batched,
    or_nothing,
    second,
)
from cello.ops.partition import varying

CELLS = ("lstm", "gru", "simple_rnn")
"""The recurrences that the kernels know; native/cuda/cells.h."""

FACTORS = {"float32": 0, "tf32": 1, "bfloat16": 2}
"""What the kernels multiply; numbers in native/cuda/recurrence.cu."""

_EXACT = ("highest", "float32")


def obstacle(cell: str, dtype, *functions: Callable) -> str | None:
    """Why the kernels for GPUs cannot run a recurrence, or `None`."""
    if cell not in CELLS:
        return f"The kernels for GPUs know {', '.join(CELLS)}, and not {cell}."
    if jnp.dtype(dtype) not in (jnp.float32, jnp.bfloat16):
        name = jnp.dtype(dtype).name
        return f"The kernels for GPUs compute in float32 and bfloat16, and this is {name}."
    return activation_obstacle(*functions)


def factors_of(dtype, compute_dtype: str | None) -> str:
    """What the matrix units multiply: a key of `FACTORS`.

    Arrays of float32 are rounded as JAX rounds them in its own products on these GPUs: to TF32,
    unless `jax.default_matmul_precision` asks for more.
    """
    if "bfloat16" in (compute_dtype, jnp.dtype(dtype).name):
        return "bfloat16"
    precision = jax.config.jax_default_matmul_precision  # type: ignore[attr-defined]
    return "float32" if precision in _EXACT else "tf32"


def forward(recurrence: Recurrence, inputs: Inputs, saving: bool):
    """`(outputs, what backward needs)`."""
    x, mask = _in_order_of_running(recurrence, inputs)
    bias, recurrent_bias = _biases(inputs)
    x = _product(recurrence, x, inputs.kernel)
    results = _forward_call(recurrence, saving)(
        x if bias is None else x + bias,
        _wide(inputs.recurrent_kernel),
        or_nothing(recurrent_bias),
        *_states(inputs),
        or_nothing(mask, np.bool_),
        or_nothing(_wide(inputs.recurrent_mask)),
    )
    hs, cs, slots, h, c = varying(results, inputs)
    dtype = inputs.x.dtype
    every = tuple(s.astype(dtype) for s in (hs, cs)[: recurrence.every])
    last = tuple(s.astype(dtype) for s in (h, c)[: len(inputs.states)])
    return Outputs(every, last), (hs, cs, slots)


def backward(recurrence: Recurrence, inputs: Inputs, saved, d_outputs: Outputs) -> Inputs:
    """The gradients, from what `forward` saved."""
    x, mask = _in_order_of_running(recurrence, inputs)
    factor = _wide(inputs.recurrent_mask)
    hs = saved[0]
    h0, c0 = _states(inputs)
    d_every = (*map(_wide, d_outputs.every), None, None)
    d_last = tuple(map(_wide, d_outputs.last))
    results = _backward_call(recurrence)(
        hs,
        _wide(inputs.recurrent_kernel),
        h0,
        c0,
        or_nothing(mask, np.bool_),
        or_nothing(factor),
        *saved[1:],
        *map(or_nothing, d_every[:2]),
        d_last[0],
        or_nothing(second(d_last)),
    )
    d_slots, d_h, d_c = varying(results, inputs)
    d_x, d_recurrent = _of_products(recurrence, d_slots)
    before = jnp.concatenate([h0[:, None], hs[:, :-1]], 1)
    if factor is not None:
        before = before * factor[:, None]
    d_inputs = _product(recurrence, d_x, inputs.kernel.T)
    gradients = {
        "x": jnp.flip(d_inputs, 1) if recurrence.go_backwards else d_inputs,
        "kernel": _summed_product(recurrence, x, d_x),
        "recurrent_kernel": _summed_product(recurrence, before, d_recurrent),
        "bias": _bias_gradient(inputs, d_x, d_recurrent),
        "states": (d_h, d_c)[: len(inputs.states)],
    }
    typed = jax.tree.map(lambda g: g.astype(inputs.x.dtype), gradients)
    return as_gradients(inputs, typed | {"vectors": None})


# ------------------------------------------------------------------------------------ parts


def _wide(array):
    return None if array is None else array.astype(jnp.float32)


def _states(inputs: Inputs):
    return _wide(inputs.states[0]), or_nothing(_wide(second(inputs.states)))


def _in_order_of_running(recurrence: Recurrence, inputs: Inputs):
    """The inputs, zero at masked steps, and the mask."""
    x, mask = inputs.x, inputs.mask
    if mask is not None:
        x = jnp.where(mask[..., None], x, jnp.zeros((), x.dtype))
    if recurrence.go_backwards:
        x, mask = jnp.flip(x, 1), None if mask is None else jnp.flip(mask, 1)
    return x, mask


def _biases(inputs: Inputs):
    """What is added to the inputs' share, and to the last gate of the recurrent product."""
    bias = _wide(inputs.bias)
    if bias is None or bias.ndim == 1:
        return bias, None
    units = inputs.recurrent_kernel.shape[0]
    inner = bias[1].at[-units:].set(0)
    return bias[0] + inner, bias[1, -units:]


def _bias_gradient(inputs: Inputs, d_x, d_recurrent):
    if inputs.bias is None:
        return None
    sums = d_x.sum((0, 1))
    return sums if inputs.bias.ndim == 1 else jnp.stack([sums, d_recurrent.sum((0, 1))])


def _of_products(recurrence: Recurrence, d_slots):
    """The gradients of the input product and of the recurrent product."""
    if not recurrence.cell.two_biases:
        return d_slots, d_slots
    units = d_slots.shape[-1] // recurrence.cell.slots
    d_x, of_gates = d_slots[..., :-units], d_slots[..., : -2 * units]
    return d_x, jnp.concatenate([of_gates, d_slots[..., -units:]], -1)


def _rounded(recurrence: Recurrence, *arrays):
    dtype = jnp.bfloat16 if recurrence.factors == "bfloat16" else jnp.float32
    return (array.astype(dtype) for array in arrays)


def _product(recurrence: Recurrence, a, b):
    """`a @ b`, summed in float32."""
    a, b = _rounded(recurrence, a, b)
    return jnp.matmul(a, b, preferred_element_type=jnp.float32)


def _summed_product(recurrence: Recurrence, a, b):
    """`a^T b`, over all rows and steps."""
    a, b = _rounded(recurrence, a, b)
    axes = (0, 1)
    return jnp.tensordot(a, b, axes=(axes, axes), preferred_element_type=jnp.float32)


# ------------------------------------------------------------------------------------ calls


def _attributes(recurrence: Recurrence):
    names = ("cell", "activation", "recurrent_activation")
    attributes = {name: recurrence.attributes[name] for name in names}
    return attributes | {"factors": np.int64(FACTORS[recurrence.factors])}


def _floats_of(*shape):
    return jax.ShapeDtypeStruct(shape, jnp.float32)


@functools.lru_cache(maxsize=256)
def _forward_call(recurrence: Recurrence, saving: bool):
    every = 2 if saving else recurrence.every
    has_c = recurrence.has_c
    wanted = (every > 0, every > 1 and has_c, saving, True, has_c)

    def call(*arrays):
        (batch, time, _), units = arrays[0].shape, arrays[1].shape[0]
        states, last = (batch, time, units), (batch, units)
        slots = (batch, time, recurrence.cell.slots * units)
        shapes = (states, states, slots, last, last)
        results = [_floats_of(*(s if w else (0,))) for s, w in zip(shapes, wanted, strict=True)]
        ffi_call = jax.ffi.ffi_call("cello_cuda_forward", results)
        return tuple(ffi_call(*arrays, **_attributes(recurrence)))

    def axes(arrays):
        return (0, None, None, 0, *(0 if a.size else None for a in arrays[4:]))

    return batched(call, axes, tuple(0 if w else None for w in wanted))


@functools.lru_cache(maxsize=256)
def _backward_call(recurrence: Recurrence):
    def call(*arrays):
        h0, c0, slots = arrays[2], arrays[3], arrays[7]
        results = [_floats_of(*a.shape) for a in (slots, h0, c0)]
        ffi_call = jax.ffi.ffi_call("cello_cuda_backward", results)
        return tuple(ffi_call(*arrays, **_attributes(recurrence)))

    def axes(arrays):
        return (0, None, 0, *(0 if a.size else None for a in arrays[3:]))

    return batched(call, axes, (0, 0, 0 if recurrence.has_c else None))
