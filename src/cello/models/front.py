"""The front of a model: its layers of strings, which run in Python before what is compiled."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from cello.core.symbolic import STRING, SymbolicTensor
from cello.models.graph import Graph


class Front:
    """What makes numbers of the strings that a model is given.

    Args:
        graph: that of the whole model, from its strings on.

    Attributes:
        readers: the calls of its layers of strings.
        entrances: where numbers enter: the inputs of numbers, and what the readers give. One
            tensor, or a list.
    """

    def __init__(self, graph: Graph):
        self.graph = graph
        self.readers = [n for n in graph.nodes if any(t.dtype == STRING for t in n.inputs)]
        found: list[SymbolicTensor] = []
        for tensor in graph.flat_inputs:
            found += [n.outputs for n in self._readers_of(tensor)] or [tensor]
        self.entrances = found[0] if len(found) == 1 else found
        unread = [t.name for t in found if t.dtype == STRING]
        if unread:
            raise ValueError(
                f"Model '{graph.name}': no layer reads the strings of the inputs {unread}: call a "
                "TextVectorization, StringLookup or Hashing on them."
            )

    def _readers_of(self, tensor: SymbolicTensor):
        return [node for node in self.readers if tensor is node.inputs[0]]

    def numbers(self, x):
        """`x` with what the layers make of its strings; what has none stays as it is."""
        if not has_strings(x):
            return x
        found: list[Any] = []
        for tensor, value in zip(self.graph.flat_inputs, self._in_order(x), strict=True):
            found += [node.layer(value) for node in self._readers_of(tensor)] or [value]
        return found[0] if len(found) == 1 else found

    def _in_order(self, x) -> list[Any]:
        """The data for each input, by place or by name."""
        given, names = self.graph.inputs, [t.name for t in self.graph.flat_inputs]
        if isinstance(x, dict):
            names = sorted(given) if isinstance(given, dict) else names
            if set(names) <= set(x):
                return [x[name] for name in names]
        elif len(names) == 1:
            return [x]
        elif isinstance(x, (list, tuple)) and len(x) == len(names):
            return list(x)
        raise ValueError(
            f"Model '{self.graph.name}' has the inputs {names}: pass a list with the strings or "
            "numbers of each, in this order, or a dict by name. Received: "
            + (f"a dict of {list(x)}" if isinstance(x, dict) else type(x).__name__)
        )


def has_strings(x) -> bool:
    """Whether there are strings among data: in arrays, columns, lists or dicts of them."""
    if isinstance(x, (str, bytes)):
        return True
    if isinstance(x, (dict, list, tuple)):
        return any(map(has_strings, x.values() if isinstance(x, dict) else x))
    if isinstance(x, (jax.Array, SymbolicTensor)) or not hasattr(x, "shape"):
        return False
    array = np.asarray(x)
    return array.dtype.kind in "UST" or (array.dtype == object and has_strings(array.tolist()))
