"""The gated recurrences by native kernels on CPUs: descriptions, shapes and calls."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_batching import custom_vmap

from cello import activations
from cello.ops.partition import by_rows, varying

PANEL = 16
"""Units that stand together in what the kernels save; kPanel in native/kernels.h."""

CELLS = (
    "lstm", "gru", "gru_reset_before", "simple_rnn", "layer_norm_lstm", "layer_norm_gru",
)  # fmt: skip
"""The recurrences that kernels know, in the order of native/kernels.h."""

ACTIVATIONS = {
    activations.tanh: 0,
    activations.sigmoid: 1,
    activations.hard_sigmoid: 2,
    activations.relu: 3,
    activations.linear: 4,
}
"""Numbers in native/kernels.h."""


class Inputs(NamedTuple):
    """The arrays of a recurrence; `None` for what it does not have.

    `vectors` are the gains and biases of `cello.ops.layer_norm`.
    """

    x: Any
    kernel: Any
    recurrent_kernel: Any
    bias: Any
    states: tuple[Any, ...]
    vectors: Any = None
    mask: Any = None
    recurrent_mask: Any = None


@dataclasses.dataclass(frozen=True)
class Recurrence:
    """What is known of a recurrence when it is compiled.

    Attributes:
        cell: its declaration, `cello.ops.gated.Gated`; its name is one of `CELLS`.
        activation, recurrent_activation: keys of `ACTIVATIONS`.
        go_backwards: whether it runs from the last step to the first.
        every: which of its states are wanted at every step, in the order of running: none, the
            first, or all.
        scan: function of `Inputs` that computes the same by JAX's loop.
        engine: whose kernels run it, "native" or "cuda".
        factors: of its matrix products, by "cuda"; a key of `cuda_kernels.FACTORS`.
    """

    cell: Any
    activation: Callable
    recurrent_activation: Callable
    go_backwards: bool
    every: int
    scan: Callable[[Inputs], Any]
    engine: str = "native"
    factors: str = "float32"

    @property
    def has_c(self) -> bool:
        return len(self.cell.states) > 1

    @property
    def attributes(self) -> dict[str, Any]:
        return {
            "cell": np.int64(CELLS.index(self.cell.name)),
            "activation": np.int64(ACTIVATIONS[self.activation]),
            "recurrent_activation": np.int64(ACTIVATIONS[self.recurrent_activation]),
            "go_backwards": self.go_backwards,
            "epsilon": np.float32(self.cell.epsilon),
        }


class Outputs(NamedTuple):
    """What a recurrence computes: `every` state at all steps, and the last states."""

    every: tuple[Any, ...]
    last: tuple[Any, ...]


def obstacle(dtype, *functions: Callable) -> str | None:
    """Why the kernels cannot run a recurrence of this dtype with these activations, or `None`."""
    if jnp.dtype(dtype) != jnp.float32:
        return f"The kernels compute in float32, and this is {jnp.dtype(dtype).name}."
    return activation_obstacle(*functions)


def activation_obstacle(*functions: Callable) -> str | None:
    """Why no kernel can run these activations, or `None`."""
    for function in functions:
        if function not in ACTIVATIONS:
            known = ", ".join(f.__name__ for f in ACTIVATIONS)
            name = getattr(function, "__name__", repr(function))
            return f"The kernels know the activations {known}, and not {name}."
    return None


def as_gradients(inputs: Inputs, gradients: dict[str, Any]) -> Inputs:
    """The gradients of `Inputs`, from those of the arrays that have one."""
    mask, factor = inputs.mask, inputs.recurrent_mask
    return Inputs(
        **gradients,
        mask=None if mask is None else np.zeros(mask.shape, jax.dtypes.float0),
        recurrent_mask=None if factor is None else jnp.zeros_like(factor),
    )


# ------------------------------------------------------------------------------------ calls


def or_nothing(array, dtype=np.float32):
    """What stands for an array in a call: for `None` one without elements."""
    return np.zeros((0,), dtype) if array is None else array


def second(states):
    """`c`, or what stands for it; `None` without."""
    return states[1] if len(states) > 1 else None


def forward(recurrence: Recurrence, inputs: Inputs, saving: bool):
    """`(outputs, what backward needs)`."""
    hs, cs, saved, h, c = _forward_call(recurrence, saving)(
        inputs.x,
        inputs.kernel,
        inputs.recurrent_kernel,
        or_nothing(inputs.bias),
        or_nothing(inputs.vectors),
        inputs.states[0],
        or_nothing(second(inputs.states)),
        or_nothing(inputs.mask, np.bool_),
        or_nothing(inputs.recurrent_mask),
    )
    outputs = Outputs((hs, cs)[: recurrence.every], (h, c)[: len(inputs.states)])
    return varying((outputs, (hs, cs, saved)), inputs)


def backward(recurrence: Recurrence, inputs: Inputs, saved, d_outputs: Outputs) -> Inputs:
    """The gradients, from what `forward` saved."""
    d_every = (*d_outputs.every, None, None)
    results = _backward_call(recurrence, jnp.shape(or_nothing(inputs.bias)))(
        inputs.x,
        inputs.kernel,
        inputs.recurrent_kernel,
        or_nothing(inputs.vectors),
        inputs.states[0],
        or_nothing(second(inputs.states)),
        or_nothing(inputs.mask, np.bool_),
        or_nothing(inputs.recurrent_mask),
        *saved,
        or_nothing(d_every[0]),
        or_nothing(d_every[1]),
        d_outputs.last[0],
        or_nothing(second(d_outputs.last)),
    )
    d_z, d_kernel, d_recurrent_kernel, d_bias, d_vectors, d_h0, d_c0 = varying(results, inputs)
    # Apart, so that it is not computed where nobody wants it.
    d_x = _input_gradient_call(recurrence, inputs.x.shape[1:])(d_z, inputs.kernel)
    (d_x,) = varying(d_x, inputs)
    return as_gradients(
        inputs,
        {
            "x": d_x,
            "kernel": d_kernel,
            "recurrent_kernel": d_recurrent_kernel,
            "bias": None if inputs.bias is None else d_bias,
            "states": (d_h0, d_c0)[: len(inputs.states)],
            "vectors": None if inputs.vectors is None else d_vectors,
        },
    )


def _floats_of(*shape):
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def _saved_shape(recurrence: Recurrence, batch: int, time: int, units: int):
    panels = -(-units // PANEL)
    return _floats_of(time, panels, batch, recurrence.cell.slots * PANEL)


@functools.lru_cache(maxsize=256)
def _forward_call(recurrence: Recurrence, saving: bool):
    every = 2 if saving else recurrence.every
    has_c = recurrence.has_c

    def call(*arrays):
        x, recurrent_kernel = arrays[0], arrays[2]
        batch, time, _ = x.shape
        units = recurrent_kernel.shape[0]
        states, nothing = _floats_of(batch, time, units), _floats_of(0)
        last = _floats_of(batch, units)
        results = (
            states if every > 0 else nothing,
            states if every > 1 and has_c else nothing,
            _saved_shape(recurrence, batch, time, units) if saving else nothing,
            last,
            last if has_c else nothing,
        )
        return tuple(jax.ffi.ffi_call("cello_forward", results)(*arrays, **recurrence.attributes))

    result_axes = (
        0 if every > 0 else None,
        0 if every > 1 and has_c else None,
        2 if saving else None,
        0,
        0 if has_c else None,
    )
    return batched(call, _forward_axes, result_axes)


def _forward_axes(arrays):
    more = (0 if array.size else None for array in arrays[6:])  # c0, mask, recurrent_mask
    return (0, None, None, None, None, 0, *more)


@functools.lru_cache(maxsize=256)
def _backward_call(recurrence: Recurrence, bias_shape: tuple[int, ...]):
    has_c = recurrence.has_c

    def call(*arrays):
        _, kernel, recurrent_kernel, vectors, h0, c0, *_ = arrays
        saved = arrays[10]
        results = (
            _floats_of(*saved.shape),
            _floats_of(*kernel.shape),
            _floats_of(*recurrent_kernel.shape),
            _floats_of(*bias_shape),
            _floats_of(*vectors.shape),
            _floats_of(*h0.shape),
            _floats_of(*c0.shape),
        )
        ffi_call = jax.ffi.ffi_call("cello_backward", results, input_output_aliases={10: 0})
        return tuple(ffi_call(*arrays, **recurrence.attributes))

    def axes(arrays):
        _, _, _, _, _, c0, mask, factor, _, cs, _, d_hs, d_cs, _, d_c = arrays
        c0, mask, factor, cs, d_hs, d_cs, d_c = (
            0 if a.size else None for a in (c0, mask, factor, cs, d_hs, d_cs, d_c)
        )
        return (0, None, None, None, 0, c0, mask, factor, 0, cs, 2, d_hs, d_cs, 0, d_c)

    return batched(call, axes, (2, None, None, None, None, 0, 0 if has_c else None))


@functools.lru_cache(maxsize=256)
def _input_gradient_call(recurrence: Recurrence, shape: tuple[int, int]):
    def call(d_z, kernel):
        results = (_floats_of(d_z.shape[2], *shape),)
        if not kernel.size:  # without units no input matters
            return (jnp.zeros(results[0].shape),)
        ffi_call = jax.ffi.ffi_call("cello_input_gradient", results)
        attributes = recurrence.attributes
        return tuple(
            ffi_call(
                d_z,
                kernel,
                cell=attributes["cell"],
                go_backwards=attributes["go_backwards"],
            )
        )

    return batched(call, lambda arrays: (2, None), (0,))


def batched(call, axes_of, result_axes):
    """`call` under `vmap`, one after the other, and on a sharded batch, each device its rows."""

    @custom_vmap
    def function(*arrays):
        return by_rows(call, axes_of(arrays), result_axes)(*arrays)

    @function.def_vmap
    def mapped(axis_size, in_batched, *arrays):
        def one(batched):
            every = iter(batched)
            return function(
                *(next(every) if b else a for a, b in zip(arrays, in_batched, strict=True))
            )

        results = jax.lax.map(one, [a for a, b in zip(arrays, in_batched, strict=True) if b])
        return results, (True,) * len(result_axes)

    return function
