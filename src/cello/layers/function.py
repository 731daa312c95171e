"""Layers that apply a function: `Activation`, `Lambda`; or none: `Identity`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from cello import activations
from cello.core.arguments import arg
from cello.core.kinds import non_negative, optional
from cello.core.layer import Layer
from cello.core.regularizers import L1L2
from cello.core.serialization import custom_object


class Activation(Layer):
    """Apply an activation function to each element.

    Inputs of any shape; the output has the same.
    """

    activation = arg(kind=activations.get, doc='Name, such as "tanh", or function of an array.')

    supports_masking = True
    streams = True

    @property
    def alike(self):
        return self.activation if type(self) is Activation else None

    def call(self, inputs):
        return self.activation(inputs)


class Identity(Layer):
    """The outputs are the inputs, of any shape or several."""

    supports_masking = True
    streams = True

    def call(self, inputs):
        return inputs


class ActivityRegularization(Identity):
    """The outputs are the inputs; their size is added to the loss.

    A row adds `l1 * sum(|x|) + l2 * sum(x^2)`, and the loss the mean over the rows.
    """

    l1 = arg(0.0, kind=non_negative, doc="Weight of the absolute values.")
    l2 = arg(0.0, kind=non_negative, doc="Weight of the squares.")

    _not_in_config = (*Layer._not_in_config, "activity_regularizer")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.activity_regularizer = L1L2(self.l1, self.l2)


def _function(value: Callable[..., Any] | str):
    if isinstance(value, str):
        value = custom_object(value) or value
    if not callable(value):
        raise ValueError(
            "a function of an array (to load one from a configuration, pass it by its name: "
            "custom_objects={name: function})"
        )
    return value


def _dictionary(value: dict[str, Any]):
    if not isinstance(value, dict):
        raise ValueError("a dict of keyword arguments")
    return value


class Lambda(Layer):
    """Apply a function of your own: `function(inputs, **arguments)`.

    The function takes and returns JAX arrays (or nests of them) and must be pure. A configuration
    has its name only, never its code; pass the function in `custom_objects` to load it again.
    Where it has parameters called `mask` or `training`, they are filled in.
    """

    function = arg(kind=_function, doc="The function.")
    output_shape = arg(None, doc="Not needed: shapes are traced; accepted for Keras' sake.")
    mask = arg(None, doc="The output's mask, or a function `(inputs, mask)` that makes it.")
    arguments = arg(None, kind=optional(_dictionary), doc="More keyword arguments.")

    _ignored_arguments = {
        "function_type": None,
        "module": None,
        "output_shape_module": None,
        "output_shape_type": None,
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.supports_masking = self.mask is not None

    @classmethod
    def from_config(cls, config):
        """The layer, with the function that the caller handed over.

        It is found in `custom_objects` by its own name or by that of the layer.
        """
        function, name = config.get("function"), config.get("name")
        if isinstance(function, dict):
            function = function.get("config")
        own = custom_object(function) if isinstance(function, str) else None
        given = own or (custom_object(name) if isinstance(name, str) else None)
        if not callable(given):
            known = function if isinstance(function, str) else name
            raise ValueError(
                f"Lambda '{name}': a file cannot hold its function, and code in a file is never "
                f"run. Hand the function over: custom_objects={{{known!r}: function}}."
            )
        return super().from_config({**config, "function": given, "output_shape": None})

    def call(self, inputs, mask=None, training=False):
        parameters = inspect.signature(self.function).parameters
        extra = {"mask": mask, "training": training}
        extra = {name: value for name, value in extra.items() if name in parameters}
        return self.function(inputs, **{**extra, **(self.arguments or {})})

    def compute_mask(self, inputs, previous_mask=None):
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask
