"""The mask that travels with a tensor: which steps of a padded batch are real.

A mask is a boolean array of shape `(batch, time)`, true where a step counts. Layers attach it to
their outputs and the next layers find it there, inside a model and outside.
"""

from __future__ import annotations

import contextlib
import contextvars
import weakref
from typing import Any

import jax.numpy as jnp

_masks: dict[int, tuple[weakref.ref, Any]] = {}
_rows: contextvars.ContextVar[Any] = contextvars.ContextVar("rows", default=None)


class MaskDropped(UserWarning):
    """A mask came to a layer that does not pass it on."""


def set_mask(tensor, mask) -> None:
    """Attach `mask` to `tensor` for as long as the tensor lives."""
    if mask is None:
        return
    key, masks = id(tensor), _masks  # which the interpreter forgets before the last tensors
    masks[key] = (weakref.ref(tensor, lambda _: masks.pop(key, None)), mask)


def get_mask(tensor):
    """The mask attached to `tensor`, or `None`."""
    entry = _masks.get(id(tensor))
    return entry[1] if entry is not None and entry[0]() is tensor else None


def both(mask, other):
    """Where both masks are true; `None` stands for true everywhere."""
    if mask is None or other is None:
        return other if mask is None else mask
    return jnp.logical_and(mask, other)


@contextlib.contextmanager
def real_rows(rows):
    """Within it, only some rows of the batch count: those where `rows`, `(batch,)`, is true."""
    token = _rows.set(rows)
    try:
        yield
    finally:
        _rows.reset(token)


def real_only(mask, values):
    """`mask`, which may be `None`, and false in those rows of `values` that do not count.

    Where a layer has made rows of steps, each row of the batch has several, one behind the other.
    """
    rows = _rows.get()
    if rows is None or values.ndim == 0:
        return mask
    rows = jnp.repeat(rows, values.shape[0] // rows.shape[0])
    if mask is None:
        return rows
    mask = jnp.asarray(mask, bool)
    return jnp.logical_and(mask, rows.reshape(-1, *(1,) * (mask.ndim - 1)))


def real_part(values):
    """`values` with zeros in the rows that do not count, and how many of its rows do."""
    rows = real_only(None, values)
    if rows is None:
        return values, values.shape[0]
    return jnp.where(rows.reshape(-1, *(1,) * (values.ndim - 1)), values, 0), jnp.sum(rows)


def count_rows(values):
    """How many rows of `values` count."""
    rows = _rows.get()
    return values.shape[0] if rows is None else jnp.sum(rows)
