"""The building of a layer: once, under its name, its shapes remembered."""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable
from typing import Any

from cello.core.naming import name_scope

_signatures: weakref.WeakKeyDictionary[Any, inspect.Signature] = weakref.WeakKeyDictionary()


def signature_of(method: Callable) -> inspect.Signature:
    """`inspect.signature`, found once for a method of a class."""
    if not inspect.ismethod(method):
        return inspect.signature(method)
    if method.__func__ not in _signatures:
        _signatures[method.__func__] = inspect.signature(method)
    return _signatures[method.__func__]


def remember_build(build: Callable) -> Callable:
    """`build` so that it runs once, under the layer's name, and sets `built`."""

    signature = inspect.signature(build)

    @functools.wraps(build)
    def wrapped(self, *args, **kwargs):
        if vars(self).get("_building"):  # super().build() inside of build()
            return build(self, *args, **kwargs)
        self._building = True
        try:
            with name_scope(self.name):
                build(self, *args, **kwargs)
            self.built = True
            self.forget_made()
            if not self.trainable:
                mark_own_weights(self)
            shapes = signature.bind(self, *args, **kwargs).arguments
            self.build_shapes = _build_config(dict(list(shapes.items())[1:]))
        finally:
            self._building = False

    return wrapped


def mark_own_weights(layer) -> None:
    """As in Keras the weights of a layer that were made to be trained are so if the layer is."""
    for variable in layer.own_weights:
        if variable.made_trainable:
            variable.trainable = layer.trainable


def as_shape(value):
    """A shape, or a tree of shapes, that came as lists."""
    if isinstance(value, list) and all(d is None or isinstance(d, int) for d in value):
        return tuple(value)
    if isinstance(value, dict):
        return {k: as_shape(v) for k, v in value.items()}
    return [as_shape(v) for v in value] if isinstance(value, list) else value


def _build_config(shapes: dict[str, Any]) -> dict[str, Any] | None:
    if len(shapes) == 1:
        return {"input_shape": next(iter(shapes.values()))}
    return {"shapes_dict": shapes} if shapes else None
