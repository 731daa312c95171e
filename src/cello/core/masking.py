"""The mask that travels with a tensor: which steps of a padded batch are real.

A mask is a boolean array of shape `(batch, time)`, true where a step counts. Layers attach it to
their outputs and the next layers find it there, inside a model and outside.
"""

from __future__ import annotations

import weakref
from typing import Any

import jax.numpy as jnp

_masks: dict[int, tuple[weakref.ref, Any]] = {}


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
