"""`VariableOwner`: the variables of an object, and of the objects of its kind that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from cello.core import constraints, initializers, regularizers
from cello.core.random import SeedGenerator
from cello.core.serialization import Configurable
from cello.core.variable import Variable

NOT_HELD = ("_constructor_call", "graph_nodes")
"""Attributes of an object in which nothing is looked for that it holds."""


def find_held(value: Any, kind: type) -> Iterator[Any]:
    """The objects of a kind in a value, and in the lists and dicts there, in order, each once."""
    seen: set[int] = set()

    def walk(value):
        if isinstance(value, kind):
            if id(value) not in seen:
                seen.add(id(value))
                yield value
        elif isinstance(value, dict):
            for v in value.values():
                yield from walk(v)
        elif isinstance(value, (list, tuple)):
            for v in value:
                yield from walk(v)

    return walk(value)


class VariableOwner(Configurable):
    """Base of `Layer`: makes variables and finds them in its attributes."""

    dtype: Any
    trainable: Any
    built: bool

    def add_weight(
        self,
        shape=(),
        initializer=None,
        dtype=None,
        trainable: bool = True,
        regularizer=None,
        constraint=None,
        name: str = "variable",
        autocast: bool = True,
    ) -> Variable:
        """Make a variable of this layer.

        Args:
            shape: its shape; all sizes known.
            initializer: name, `Initializer` or function `(shape, dtype) -> array`; where `None`,
                "glorot_uniform", and "zeros" for integers and booleans.
            dtype: the layer's own where `None`.
            trainable: whether an optimiser changes it; never for integers and booleans.
            regularizer, constraint: names or functions of the value.
            name: its name.
            autocast: whether it reads in the dtype that the layer computes in.
        """
        if any(d is None for d in shape):
            raise ValueError(
                f"{self} needs all sizes of its weight '{name}' and got the shape {tuple(shape)}: "
                "the features of its inputs must be a known number. If Permute, Flatten or Reshape "
                "put the time there, that must be known: Input((20, 8)), and not Input((None, 8))."
            )
        dtype = dtype or self.dtype
        smooth = jnp.issubdtype(dtype, jnp.inexact)
        if initializer is None:
            initializer = "glorot_uniform" if smooth else "zeros"
        variable = Variable(
            initializers.get(initializer),
            tuple(int(d) for d in shape),
            dtype,
            trainable=trainable and smooth,
            regularizer=regularizers.get(regularizer),
            constraint=constraints.get(constraint),
            name=name,
            autocast=autocast,
        )
        vars(self).setdefault("_made", []).append(variable)
        return variable

    def forget_made(self) -> None:
        """Forget which weights were made since the last time, if all of them are in attributes.

        Else they are kept: one that only a function of the layer holds is a weight, as in Keras.
        """
        made = vars(self).pop("_made", [])
        layers = self.flatten_layers() if made else ()
        if set(made) - {v for layer in layers for v in layer.owned(Variable)}:
            self._made = made

    def owned(self, kind: type) -> Iterator[Any]:
        """The objects of a kind in the attributes, lists and dicts, in order, each once."""
        return find_held([v for k, v in vars(self).items() if k not in NOT_HELD], kind)

    @property
    def sublayers(self) -> list[Any]:
        """The layers that this one holds directly."""
        return list(self.owned(VariableOwner))

    def flatten_layers(self) -> list[Any]:
        """This layer and all below it, each once."""
        found: dict[Any, None] = {self: None}
        for layer in self.sublayers:
            found.update(dict.fromkeys(layer.flatten_layers()))
        return list(found)

    @property
    def variables(self) -> list[Variable]:
        """All variables: weights, states, random generators."""
        found: dict[Variable, None] = dict.fromkeys(self.weights)
        for layer in self.flatten_layers():
            found.update(dict.fromkeys(layer.owned(Variable)))
            found.update(dict.fromkeys(g.state for g in layer.owned(SeedGenerator)))
        return list(found)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Variable) and not isinstance(vars(self).get(name), Variable):
            vars(self).pop(name, None)  # it stands where it is made, not where `None` stood before
        super().__setattr__(name, value)

    @property
    def own_weights(self) -> list[Variable]:
        """Those of `weights` that no layer below holds, in the order of their making.

        Those that were made to be trained come first, as in Keras, frozen or not.
        """
        made = [v for v in vars(self).get("_made", ()) if v.weight]
        own = dict.fromkeys([*made, *(v for v in self.owned(Variable) if v.weight)])
        return sorted(own, key=lambda v: not v.made_trainable)

    @property
    def weights(self) -> list[Variable]:
        """The variables that make the model, in Keras' order."""
        found = dict.fromkeys(self.own_weights)
        for layer in self.sublayers:
            found.update(dict.fromkeys(layer.weights))
        return list(found)

    @property
    def trainable_weights(self) -> list[Variable]:
        if not self.trainable:
            return []
        found = dict.fromkeys(v for v in self.own_weights if v.trainable)
        for layer in self.sublayers:
            found.update(dict.fromkeys(layer.trainable_weights))
        return list(found)

    @property
    def non_trainable_weights(self) -> list[Variable]:
        trainable = set(self.trainable_weights)
        return [v for v in self.weights if v not in trainable]

    @property
    def trainable_variables(self) -> list[Variable]:
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        trainable = set(self.trainable_weights)
        return [v for v in self.variables if v not in trainable]

    def save_own_variables(self, store) -> None:
        """Put what is the object's own, not of the layers in it, into a file of weights.

        Args:
            store: a dict of a name to an array. Here `own_weights`, numbered; a class of your own
                may put more there, or something else, as in Keras.
        """
        for i, variable in enumerate(self.own_weights):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store) -> None:
        """Take from a file what `save_own_variables` put there.

        Raises:
            ValueError: where it does not fit.
        """
        values = [store[str(i)] for i in range(len(store))]
        if [np.shape(v) for v in values] != [v.shape for v in self.own_weights]:
            raise ValueError(
                f"{self} has weights of the shapes {[v.shape for v in self.own_weights]}, and "
                f"the file {[np.shape(v) for v in values]}."
            )
        for variable, value in zip(self.own_weights, values, strict=True):
            variable.assign(value)

    def get_weights(self) -> list[np.ndarray]:
        """The values of `weights`."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights) -> None:
        """Give `weights` these values, in the order of `get_weights`."""
        variables, weights = self.weights, list(weights)
        given = [np.shape(w) for w in weights]
        if [v.shape for v in variables] != given:
            raise ValueError(
                f"{self} has weights of the shapes {[v.shape for v in variables]} and got "
                f"{given}." + ("" if self.built else " It is not built yet: call it on data first.")
            )
        for variable, value in zip(variables, weights, strict=True):
            variable.assign(value)

    def count_params(self) -> int:
        """The number of parameters in `weights`."""
        return sum(v.size for v in self.weights)
