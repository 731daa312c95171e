"""What an object holds, found once and known until something changes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from operator import is_
from typing import Any

from cello.core.owner import NOT_HELD, VariableOwner
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
        self._noted = (Variable, list, tuple, dict, *self._kinds)
        self._seen: dict[int, Any] = {}
        # Live views of what changes, and what was in them. Behind each stands a mark, so that what
        # goes from the end of one to the start of the next is seen.
        self._places: list[Iterable[Any]] = []
        self._values: list[Any] = []
        self._variables: list[Variable] = []
        for value in objects:
            self._note(value)
        self._trainable = [v.trainable for v in self._variables]

    def is_current(self) -> bool:
        """Whether everything is still held where it was."""
        same = all(map(is_, chain.from_iterable(self._places), self._values))
        return same and [v.trainable for v in self._variables] == self._trainable

    def _note(self, value: Any) -> None:
        if id(value) in self._seen or not isinstance(value, self._noted):
            return
        self._seen[id(value)] = value
        if isinstance(value, Variable):
            self._variables.append(value)
        elif isinstance(value, self._kinds):
            own = vars(value)
            self._remember(own.values(), [v for k, v in own.items() if k not in NOT_HELD])
        elif isinstance(value, dict):
            self._remember(value.values(), list(value.values()))
        elif isinstance(value, list):
            self._remember(value, value)
        elif isinstance(value, tuple):
            for inner in value:
                self._note(inner)

    def _remember(self, place: Iterable[Any], inner: list[Any]) -> None:
        mark = (object(),)
        self._places += place, mark
        self._values += *place, *mark
        for value in inner:
            self._note(value)
