"""`Sequential`: layers in a row."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from cello.core.layer import Layer
from cello.core.masking import set_mask
from cello.core.serialization import custom_object_scope, deserialize, serialize
from cello.core.symbolic import STRING, SymbolicTensor
from cello.layers.input import Input, InputLayer
from cello.models.front import has_strings
from cello.models.graph import Graph
from cello.models.graph_config import input_entry
from cello.models.inputs import forms_like, values_in_order
from cello.models.model import Model


class Sequential(Model):
    """Layers in a row, each fed by the one before.

    The shape of the input is known from an `Input` in front, from `input_shape=` on the first
    layer, from a first layer that is a model, from `build`, or from the first data that come::

        model = Sequential([Input((None, 8)), LSTM(32), Dense(1)])

    Args:
        layers: the layers, with an `Input` in front or not.
        trainable: whether training changes them.
        name: the name.
    """

    keras_name = ("keras", "Sequential")

    def __init__(self, layers=None, trainable: bool = True, name: str | None = None, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self._layers: list[Layer] = []
        self._start: SymbolicTensor | None = None
        self.shape_from_data = False
        output = None
        for layer in layers or ():
            output = self._append(layer, output)
        if output is not None:
            self._connect(output)
        if not trainable:
            self.trainable = False

    @property
    def layers(self) -> list[Layer]:
        return list(self._layers)

    @property
    def sublayers(self) -> list[Layer]:
        return list(dict.fromkeys(self._layers))

    def add(self, layer) -> None:
        """Put `layer` at the end."""
        output = self._append(layer, self.output if self.call_graph else None)
        if output is not None:
            self._connect(output)

    def _append(self, layer, before: SymbolicTensor | None):
        """Put `layer` at the end; what it makes of `before`, or of the input where that is `None`.

        `None` where the input is not known yet, and for the input itself.
        """
        if isinstance(layer, SymbolicTensor):
            layer = layer.node.layer
        if not isinstance(layer, Layer):
            raise ValueError(
                f"{self}.add needs a layer and got {type(layer).__name__}: wrap a function in "
                "Lambda."
            )
        if isinstance(layer, InputLayer):
            if self._layers or self._start is not None:
                raise ValueError(f"{self}: an Input can only come first.")
            self._begin(layer.output)
            return None
        if any(layer.name == other.name for other in self._layers):
            raise ValueError(f"{self} already has a layer called '{layer.name}'.")
        self._layers.append(layer)
        if self._start is None:
            self._start = _given_input(layer)
            if self._start is None:
                self.built = False
                return None
        try:
            return layer(self._start if before is None else before)
        except Exception:
            self._layers.pop()
            raise

    def pop(self) -> Layer:
        """Take the last layer away and return it."""
        if not self._layers:
            raise ValueError(f"{self} has no layers.")
        layer = self._layers.pop()
        if self.call_graph is not None:
            node = self.outputs[0].node
            layer.graph_nodes.remove(node)
            self.call_graph = None
            if self._layers:
                self._connect(node.args[0])
            self.built = bool(self._layers)
        return layer

    def build(self, input_shape=None):
        """Make the variables for inputs of this shape, the batch included."""
        if self.call_graph is None and input_shape is not None and self._layers:
            self._begin(Input(batch_shape=tuple(input_shape), dtype=self.dtype))

    @property
    def input_forms(self):
        forms = super().input_forms
        if forms is None or not self.shape_from_data:
            return forms
        return forms_like(self.input)

    def read_strings(self, x):
        reads = self._start is None and self._layers and self._layers[0].reads_strings
        if reads and has_strings(x):
            self._begin(Input(batch_shape=(None, *np.shape(x)[1:]), dtype=STRING))
        return super().read_strings(x)

    def call(self, inputs, training=False, mask=None):
        if not self._layers:
            return inputs
        if self.call_graph is not None and not self.shape_from_data:
            (inputs,) = values_in_order(self, self.call_graph, inputs)
        set_mask(inputs, mask)
        outputs = inputs
        for layer in self._layers[len(self.front.readers) if self.front else 0 :]:
            outputs = layer(outputs)
        return outputs

    def _prepare(self, arguments):
        """Take the shape from the first data, with any batch size."""
        leaves = jax.tree.leaves(arguments["inputs"])
        if self._start is None and self._layers and len(leaves) == 1:
            shape, dtype = leaves[0].shape, leaves[0].dtype
            batch = shape[0] if any(getattr(v, "stateful", False) for v in self._layers) else None
            known = [d if isinstance(d, int) else None for d in shape[1:]]
            self._begin(Input(batch_shape=(batch, *known), dtype=dtype))
            self.shape_from_data = True  # later data may be longer or shorter
        self.built = True

    def _begin(self, start: SymbolicTensor) -> None:
        tensor = start
        for layer in self._layers:
            tensor = layer(tensor)
        self._start = start
        if self._layers:
            self._connect(tensor)

    def _connect(self, output) -> None:
        self._set_graph(Graph(self._start, output, self.name))

    def get_config(self) -> dict[str, Any]:
        layers = [serialize(layer) for layer in self._layers]
        if self._start is not None:
            layers.insert(0, input_entry(self._start, self._start.name))
        return {"name": self.name, "trainable": self.trainable, "layers": layers}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None):
        with custom_object_scope(custom_objects):
            layers = [deserialize(entry) for entry in config["layers"]]
        model = cls(layers, name=config.get("name"))
        model.mark_trainable(config.get("trainable", True))
        return model


def _given_input(layer: Layer) -> SymbolicTensor | None:
    """The input of a first layer: that of a model, or the one that `input_shape=` asks for."""
    if not isinstance(layer, Model):
        shape = layer.first_input_shape
        return None if shape is None else Input(batch_shape=shape)
    if layer.call_graph is None or (isinstance(layer, Sequential) and layer.shape_from_data):
        return None
    inner = layer.input
    if not isinstance(inner, SymbolicTensor):
        return None
    return Input(batch_shape=inner.shape, dtype=inner.dtype)
