"""What a file may ask for while a model is made from it.

Within a `Loading` scope calls of layers, variables and objects are counted: a few bytes of a file
can name a layer of a billion units, or models inside models whose calls multiply, or one object in
so many places that a walk through them never ends. Weights are not drawn, since the file has them.
"""

from __future__ import annotations

import math
from typing import Any

import jax

from cello.core.files import ModelFileError
from cello.core.observation import Observer, innermost

STATE_BYTES = 2**28
"""What states of layers and random generators, which no file holds, may take: 256 MiB."""


AXES = 64
"""The axes that an array may have; NumPy has no more."""
_TERMS = 256


class LimitError(ModelFileError):
    """A file asks for more than it can hold."""


class Loading(Observer):
    """A scope in which a model is made from a file.

    Args:
        weight_bytes: how many bytes of weights may be made: as many as the file has.
        objects: how many objects and lists its configuration has; `1000 + 10 * objects` calls of
            layers may be made, and as many objects, one in several places counted in each.

    Attributes:
        shared: by their number in the file, the objects that are in several places, each with the
            count of objects in it.
    """

    def __init__(self, weight_bytes: int, objects: int):
        most = 1000 + 10 * objects
        self.left = {
            "bytes of weights": weight_bytes,
            "bytes of states": STATE_BYTES,
            "calls of layers": most,
            "objects": most,
        }
        self.shared: dict[int, tuple[Any, int]] = {}

    def on_call(self, layer, arguments, proceed):
        self.take("calls of layers", layer.count_pieces(arguments), layer)
        for leaf in jax.tree.leaves(arguments):
            spec = getattr(leaf, "spec", leaf)  # a symbolic tensor shows unknown sizes there
            self._check_shape(getattr(spec, "shape", ()), layer)
        return proceed(arguments)

    def take(self, what: str, amount: int, who) -> None:
        """Count `amount`, or raise `LimitError` if that is more than is left."""
        self.left[what] -= amount
        if self.left[what] < 0:
            raise LimitError(f"{who} asks for more {what} than a file of this size may.")

    def _check_shape(self, shape, who) -> None:
        """Refuse what JAX would compute with for hours: many axes, long sums of unknown sizes."""
        texts = [str(d) for d in shape if not isinstance(d, int)]
        terms = math.prod(1 + t.count("+") + t.count(" - ") for t in texts)
        deep = any(len(t) > 400 or t.count("max(") > 2 for t in texts)
        if len(shape) > AXES or terms > _TERMS or deep:
            raise LimitError(f"{who} is called on more axes, or less known ones, than any model.")


def current_loading() -> Loading | None:
    return innermost(Loading)
