"""`Wrapper`: base of layers around another layer."""

from __future__ import annotations

from cello.core.arguments import arg
from cello.core.layer import Layer


def layer_to_wrap(value: Layer):
    if not isinstance(value, Layer):
        raise ValueError("a layer, such as Dense(8)")
    return value


class Wrapper(Layer):
    """Base of layers around another layer; a subclass writes `call`, which calls `self.layer`."""

    layer = arg(kind=layer_to_wrap, doc="The layer.")

    def build(self, input_shape):
        if not self.layer.built:
            self.layer.build(input_shape)
