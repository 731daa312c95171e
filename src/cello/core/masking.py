"""The mask that travels with a tensor: which steps of a padded batch are real.

A mask is a boolean array of shape `(batch, time)`, true where a step counts. Layers attach it to
their outputs and the next layers find it there, inside a model and outside.
"""

from __future__ import annotations

import weakref
from typing import Any

_masks: dict[int, tuple[weakref.ref, Any]] = {}


def set_mask(tensor, mask) -> None:
    """Attach `mask` to `tensor` for as long as the tensor lives."""
    if mask is None:
        return
    key = id(tensor)
    _masks[key] = (weakref.ref(tensor, lambda _: _masks.pop(key, None)), mask)


def get_mask(tensor):
    """The mask attached to `tensor`, or `None`."""
    entry = _masks.get(id(tensor))
    return entry[1] if entry is not None and entry[0]() is tensor else None
