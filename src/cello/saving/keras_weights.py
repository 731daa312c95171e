"""Where Keras 3 puts each variable of a model: `layers/lstm/cell/vars/0`.

The path follows the attributes that lead to a layer, in alphabetical order and private ones last;
in a list, a layer is called by its class, `dense`, `dense_1`, ... A layer that is met again is not
written twice.
"""

from __future__ import annotations

import collections
import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from cello.core.files import ModelFileError
from cello.core.layer import Layer
from cello.core.naming import snake_case
from cello.core.serialization import class_entry
from cello.core.variable import Variable
from cello.layers.text import TextVectorization
from cello.models.model import Model
from cello.models.sequential import Sequential
from cello.saving.hdf5 import HDF5Reader

OPTIMIZER = "optimizer/vars"
INNER_OPTIMIZER = "optimizer/inner_optimizer/vars"
INNER = "_lookup_layer"
"""The layer inside of Keras' `TextVectorization`, which writes what that has once more."""
_OF_KERAS = {"GroupQueryAttention": "GroupedQueryAttention"}
"""The classes that Keras calls otherwise than its users do, and so the groups of their weights."""


@functools.cache
def _attributes_of_models() -> set[str]:
    """What any model has, and no layer of one's own."""
    return set(vars(Sequential(name="_")))


class Place(NamedTuple):
    """A layer, the group of its own variables in the file, and these variables."""

    group: str
    layer: Layer
    variables: list[Variable]


def places(layer: Layer) -> list[Place]:
    """The places of all layers in `layer`, itself first."""
    found: dict[Layer, Place] = {}

    def visit(layer: Layer, path: str) -> None:
        if layer in found:
            return
        found[layer] = Place(f"{path}/vars" if path else "vars", layer, layer.own_weights)
        for name, value in _attributes(layer):
            visit_value(value, f"{path}/{name}" if path else name)

    def visit_value(value: Any, path: str) -> None:
        if isinstance(value, Layer):
            visit(value, path)
        elif isinstance(value, (list, tuple, dict)):
            counts: collections.Counter[str] = collections.Counter()
            for item in value.values() if isinstance(value, dict) else value:
                name = _name_in_list(item)
                if name is not None:
                    number = counts[name]
                    counts[name] += 1
                    visit_value(item, f"{path}/{name}" + (f"_{number}" if number else ""))

    visit(layer, "")
    return list(found.values())


def _attributes(layer: Layer) -> Iterator[tuple[str, Any]]:
    values = {n: v for n, v in vars(layer).items() if n not in _attributes_of_models()}
    if isinstance(layer, Model):
        values["layers"] = layer.layers
    names = sorted(values, key=lambda n: f"~{n}" if n.startswith("_") else n)
    if isinstance(layer, Model) and layer.call_graph is not None:
        names.remove("layers")
        names.insert(0, "layers")
    yield from ((name, values[name]) for name in names)


def _name_in_list(item) -> str | None:
    if isinstance(item, Layer):
        name = class_entry(type(item))["class_name"]
        return snake_case(_OF_KERAS.get(name, name))
    return "container" if isinstance(item, (list, tuple, dict)) else None


def arrays_of(layer: Layer) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """All weights by their paths, and the names of the layers by those of their groups."""
    arrays = {}
    for place in places(layer):
        store: dict[str, Any] = {}
        place.layer.save_own_variables(store)
        arrays.update({f"{place.group}/{name}": np.asarray(v) for name, v in store.items()})
        if isinstance(place.layer, TextVectorization):  # Keras' has a layer inside, with the same
            inner = place.group.removesuffix("vars") + f"{INNER}/vars"
            arrays.update({f"{inner}/{name}": np.asarray(v) for name, v in store.items()})
    return arrays, {place.group: place.layer.name for place in places(layer)}


def frozen_weights(layer: Layer) -> list[str]:
    """The paths of the weights that were frozen one by one, in layers that are trained."""
    return [
        f"{place.group}/{i}"
        for place in places(layer)
        for i, variable in enumerate(place.variables)
        if place.layer.trainable and variable.made_trainable and not variable.trainable
    ]


def freeze_weights(layer: Layer, paths: Any) -> None:
    """Freeze the weights at these paths, which `frozen_weights` gave."""
    known = {
        f"{place.group}/{i}": variable
        for place in places(layer)
        for i, variable in enumerate(place.variables)
    }
    if not isinstance(paths, list) or not all(isinstance(p, str) and p in known for p in paths):
        raise ModelFileError(f"{layer} does not have all weights that the file calls frozen.")
    for path in paths:
        known[path].trainable = False


def read_weights(layer: Layer, reader: HDF5Reader, skipped: list[str] | None = None) -> None:
    """Give `layer` the weights of a file; all are checked before the first is changed.

    Args:
        skipped: where to note the layers that do not fit, which stay as they are; where `None`,
            they are refused.

    Raises:
        ModelFileError: where the file and the layer do not fit.
    """
    known = reader.datasets
    old = any(path.startswith("_layer_checkpoint_dependencies/") for path in known)
    wanted: dict[str, tuple[Layer, Variable]] = {}
    own: dict[Layer, dict[str, str]] = {}
    for place in places(layer):
        group = place.group
        if old:  # Keras 2.12 and 2.13
            group = group.replace("layers/", "_layer_checkpoint_dependencies/", 1)
        if loads_itself(place.layer):
            there = [path for path in known if path.rpartition("/")[0] == group]
            own[place.layer] = {path.rpartition("/")[2]: path for path in there}
            continue
        own_paths = {f"{group}/{i}": v for i, v in enumerate(place.variables)}
        if skipped is not None and any(
            path not in known or known[path].shape != v.shape for path, v in own_paths.items()
        ):
            skipped.append(str(place.layer))
            continue
        wanted.update({path: (place.layer, v) for path, v in own_paths.items()})
    missing = sorted(set(wanted) - set(known))
    taken = set(wanted).union(*(paths.values() for paths in own.values()))
    extra = sorted(path for path in set(known) - taken if not _is_no_weight(path))
    if missing or (extra and skipped is None):
        raise ModelFileError(
            f"{layer} and the file do not fit. Only in the model: {_some(missing)}; only in the "
            f"file: {_some(extra)}."
        )
    for path, (owner, variable) in wanted.items():
        if known[path].shape != variable.shape:
            raise ModelFileError(
                f"{owner} has the weight '{variable.name}' of shape {variable.shape}, and the file "
                f"has {path!r} of shape {known[path].shape}."
            )
    values = {variable: reader.array(path) for path, (_, variable) in wanted.items()}
    for owner, paths in own.items():  # first: only they may still refuse what they get
        owner.load_own_variables({name: reader.array(path) for name, path in paths.items()})
    for variable, value in values.items():
        variable.assign(value)


def loads_itself(layer: Layer) -> bool:
    """Whether a class has its own form of what it writes into a file of weights."""
    return type(layer).load_own_variables is not Layer.load_own_variables


def read_optimizer(reader: HDF5Reader) -> list[np.ndarray]:
    """The state of the optimiser in a file, as Keras lists it; empty where there is none."""
    found = [path for path in reader.datasets if path.startswith(f"{OPTIMIZER}/")]
    numbered = [f"{OPTIMIZER}/{i}" for i in range(len(found))]
    if set(found) != set(numbered):
        raise ModelFileError(f"The state of its optimizer is not numbered: {_some(sorted(found))}.")
    return [reader.array(path) for path in numbered]


def _is_no_weight(path: str) -> bool:
    """Whether a path is the optimiser's, the state of a random generator, or there twice."""
    return path.startswith(("optimizer/", "metrics/")) or any(
        part in path for part in ("/seed_generator/", f"/{INNER}/vars/")
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more or "nothing"
