"""The streaming form: states of recurrent layers as inputs and outputs of the file."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from cello.cells import StackedRNNCells
from cello.cells.gated import GatedCell
from cello.core.carry import Carry, Slot
from cello.layers.bidirectional import Bidirectional
from cello.layers.rnn import RNN
from cello.layers.time_distributed import TimeDistributed
from cello.lowering.real import is_complex
from cello.ops.recurrence import first_output
from cello.saving.onnx.forms import FORMS


class States(Carry):
    """A scope in which recurrent layers take their states from the file, and hand them on.

    Args:
        values: states by the paths of their layers; one that is missing starts as it does.
        every: whether those that are not stateful take part.

    Attributes:
        layers: the layers of the states in `kept`.
    """

    def __init__(self, values=None, every: bool = False):
        super().__init__(values)
        self.every = every
        self.layers: dict[str, RNN] = {}
        self._running: list[tuple[Any, bool]] = []
        self._paths: dict[RNN, str] = {}

    def on_call(self, layer, arguments, proceed):
        given = arguments.get("initial_state") is not None
        if isinstance(layer, (RNN, Bidirectional)) and self._takes_part(layer, given):
            reason = None if layer.stateful else layer.why_not_in_pieces(arguments)
            if reason is not None:
                raise ValueError(
                    f"{layer} cannot be written with states=True: export without it, since {reason}"
                )
        self._running.append((layer, given))
        found = proceed(arguments)
        self._running.pop()
        return found

    def _takes_part(self, layer, given: bool) -> bool:
        by_row = any(isinstance(outer, TimeDistributed) for outer, _ in self._running)
        return not given and (layer.stateful or (self.every and not by_row))

    def slot(self, inputs) -> Slot | None:
        layer, given = self._running[-1]
        if not isinstance(layer, RNN) or not self._takes_part(layer, given):
            return None
        if layer.stateful and layer in self._paths:  # it goes on from where its last call ended
            path = self._paths[layer]
            self.values = {**self.values, path: self.kept[path]}
            return self._kept(path, layer)
        path = self.next_path()
        self._paths[layer] = path
        return self._kept(path, layer)

    def _kept(self, path: str, layer: RNN) -> Slot:
        self.layers[path] = layer
        return _OfRow(self, path) if _gives_its_state(layer) else Slot(self, path)


class _OfRow(Slot):
    """The slot of a layer whose output is its state: that need not be kept besides."""

    def part(self, name: str) -> Slot:
        return _Nothing(self._carry, f"{self._path}/{name}")


class _Nothing(Slot):
    def resume(self, start):
        return start

    def keep(self, value) -> None:
        pass


def _cells(layer: RNN) -> list[Any]:
    cell = layer.runnable
    return cell.row if isinstance(cell, StackedRNNCells) else [cell]


def _gives_its_state(layer: RNN) -> bool:
    """Whether an output is the first state of the last cell."""
    return isinstance(_cells(layer)[-1].itself, tuple(FORMS))


def states_of(carry: States, kept) -> list[tuple[str, np.ndarray]]:
    """The names of all states in the file, and what a sequence starts from, `(1, ...)`.

    Args:
        carry: the scope in which a model ran.
        kept: the trees of shapes and dtypes that it keeps.
    """
    found = []
    for path, tree in zip(carry.kept, kept, strict=True):
        if path in carry.layers:
            layer = carry.layers[path]
            names, start = _names(layer), layer.get_initial_state(1)
        else:  # what the layer gave last
            path, _, name = path.rpartition("/")
            names = [name]
            one = jax.tree.map(lambda s: jax.ShapeDtypeStruct((1, *s.shape[1:]), s.dtype), tree)
            start = first_output(one, carry.layers[path].get_initial_state(1))
        for name, leaf in zip(names, map(np.asarray, jax.tree.leaves(start)), strict=True):
            parts = {"/real": leaf.real, "/imaginary": leaf.imag}
            one = {"": leaf}
            found += [
                (f"{path}/{name}{part}", value)
                for part, value in (parts if is_complex(leaf) else one).items()
            ]
    return found


def _names(layer: RNN) -> list[str]:
    """The names of the states of a layer, in their order."""
    row, found = _cells(layer), []
    for number, cell in enumerate(row):
        own, count = cell.itself, len(jax.tree.leaves(cell.starting_states(1)))
        letters = own.recurrence.states if isinstance(own, GatedCell) else ()
        names = letters if len(letters) == count else map(str, range(count))
        found += [f"{number}/{name}" if len(row) > 1 else name for name in names]
    return found
