"""What a model is given, made what its graph takes: in order, of its shapes, zeros under a mask."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cello.core.carry import current_carry, with_time
from cello.core.masking import get_mask, set_mask
from cello.core.numbers import as_tensor, refuse_complex
from cello.core.symbolic import SymbolicTensor, show_shape
from cello.models.graph import Graph
from cello.ops.recurrence import hide_masked
from cello.training.ragged import InputForm


def values_in_order(model, graph: Graph, inputs) -> list[Any]:
    """The data for each input of the graph of `model`, by place or by name, checked."""
    tensors = graph.flat_inputs
    names = [t.name for t in tensors]
    if isinstance(inputs, dict):
        keys = list(forms_of(graph))
        missing = [k for k in keys if k not in inputs]
        if missing:
            raise ValueError(
                f"{model} has the inputs {keys} and got {list(inputs)}: {missing} missing."
            )
        values = [inputs[k] for k in keys]
    else:
        values = jax.tree.leaves(inputs)
    if len(values) != len(tensors):
        raise ValueError(
            f"{model} has {len(tensors)} input(s), {names}, and got {len(values)}: pass a list "
            "with one array for each, in this order, or a dict by name."
        )
    return [_fitting(model, v, t) for v, t in zip(values, tensors, strict=True)]


def forms_of(graph: Graph) -> dict[str, InputForm | None]:
    """The inputs of a graph, by the names that data in a dict have."""
    given, tensors = graph.inputs, graph.flat_inputs
    # jax.tree orders the keys of a dict, and so are flat_inputs
    names = sorted(given) if isinstance(given, dict) else [t.name for t in tensors]
    return {n: InputForm(t.shape, t.dtype) for n, t in zip(names, tensors, strict=True)}


def forms_like(inputs=()) -> dict[str, InputForm | None]:
    """The forms of inputs like those of a call, with any number of steps."""
    leaves = jax.tree.leaves(inputs)
    flat = isinstance(inputs, dict) and len(inputs) == len(leaves)
    names = sorted(inputs) if flat else [str(i) for i in range(len(leaves))]
    pairs = zip(names, leaves, strict=True)
    return {name: InputForm(with_any_length(a.shape, a.dtype)) for name, a in pairs}


def with_any_length(shape, dtype) -> tuple[int | None, ...]:
    """The shape of an input, with `None` for the batch and, if it has one, for time."""
    kept = 2 if with_time(shape, dtype) else 1
    return (*(None,) * kept, *show_shape(shape)[kept:])[: len(shape)]


def masks_in_order(mask, n: int) -> list[Any]:
    """One mask, or `None`, for each of `n` inputs."""
    if mask is None:
        return [None] * n
    return list(mask) if isinstance(mask, (list, tuple)) else [mask] * n


def hide_inputs(inputs, masks):
    """The inputs, each with zeros where its mask says so."""
    leaves, structure = jax.tree.flatten(inputs)
    flat = [masks] * len(leaves) if not isinstance(masks, (list, tuple, dict)) else None
    if flat is None:
        flat = jax.tree.leaves(masks, is_leaf=lambda m: m is None)

    def of_one(value, mask):
        if mask is None or jnp.ndim(value) < 3 or not jnp.issubdtype(value.dtype, jnp.floating):
            return value
        value = hide_masked(value, jnp.asarray(mask, bool))
        set_mask(value, mask)
        return value

    return jax.tree.unflatten(structure, list(map(of_one, leaves, flat)))


def _fitting(model, value, tensor: SymbolicTensor):
    """`value` with the dtype and rank of the input, checked against its shape."""
    mask = get_mask(value)
    value = as_tensor(value, f"{model}: the input '{tensor.name}'")
    dtype = jax.dtypes.canonicalize_dtype(tensor.dtype)
    if dtype != value.dtype:
        if not jnp.issubdtype(dtype, jnp.complexfloating):
            refuse_complex(value, f"{model}: the input '{tensor.name}'")
        value = value.astype(dtype)
    want = tensor.shape
    if value.ndim == len(want) - 1 and want[-1] == 1:
        value = value[..., None]
    elif value.ndim == len(want) + 1 and value.shape[-1] == 1:
        value = value[..., 0]
    fits = len(want) == value.ndim and all(
        w is None or not isinstance(d, int) or w == d or (i == 1 and current_carry() is not None)
        for i, (w, d) in enumerate(zip(want, value.shape, strict=True))
    )
    if not fits:
        missing_features = value.ndim == len(want) - 1
        advice = " Add an axis: x[..., None] for features, x[None] for the batch."
        raise ValueError(
            f"{model} expects its input '{tensor.name}' to have the shape {want} and got "
            f"{show_shape(value.shape)}.{advice if missing_features else ''}"
        )
    set_mask(value, mask)
    return value
