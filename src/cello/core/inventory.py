"""What an object holds, found once and known until something changes."""

from __future__ import annotations

from collections.abc import Iterable
from operator import is_
from typing import Any

from cello.core.owner import VariableOwner
from cello.core.random import SeedGenerator
from cello.core.variable import Variable


class Inventory:
    """What some layers, metrics, lists and dicts hold, all below them included.

    To see whether it is still so is quick: each attribute, and each place in a list or a dict, must
    hold the same object, and each variable must be trainable as before.

    Args:
        objects: the layers and so on.
        kinds: further classes whose attributes are looked at, beside those of layers.
    """

    def __init__(self, objects: Iterable[Any], kinds: tuple[type, ...] = ()):
        self._kinds = (VariableOwner, SeedGenerator, *kinds)
        self._seen: dict[int, Any] = {}
        self._places: list[tuple[Any, tuple[Any, ...]]] = []  # a live view, what it had
        self._variables: list[Variable] = []
        for value in objects:
            self._note(value)
        self._trainable = [v.trainable for v in self._variables]

    def is_current(self) -> bool:
        """Whether everything is still held where it was."""
        for place, values in self._places:
            if len(place) != len(values) or (values and not all(map(is_, place, values))):
                return False
        return [v.trainable for v in self._variables] == self._trainable

    def _note(self, value: Any) -> None:
        if id(value) in self._seen:
            return
        if isinstance(value, Variable):
            self._variables.append(value)
        elif isinstance(value, self._kinds):
            value = vars(value)
        elif not isinstance(value, (list, tuple, dict)):
            return
        self._seen[id(value)] = value
        if isinstance(value, Variable):
            return
        place = value.values() if isinstance(value, dict) else value
        values = tuple(place)
        if not isinstance(value, tuple):
            self._places.append((place, values))
        for inner in values:
            self._note(inner)
