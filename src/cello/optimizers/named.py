"""The optimisers that have a name."""

from __future__ import annotations

import optax

from cello.core.exports import public
from cello.core.kinds import nearest
from cello.core.serialization import Registry, custom_object, custom_object_scope, serialize
from cello.optimizers.loss_scale import LossScaleOptimizer
from cello.optimizers.muon import Muon
from cello.optimizers.optax_rule import Optax
from cello.optimizers.optimizer import Optimizer
from cello.optimizers.rules import (
    SGD,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Lamb,
    Lion,
    Nadam,
    RMSprop,
    ScheduleFreeAdamW,
)

_CLASSES = (
    SGD, RMSprop, Adam, AdamW, Adamax, Nadam, Adagrad, Adadelta, Lion, Lamb, Adafactor, Ftrl, Muon,
    ScheduleFreeAdamW, LossScaleOptimizer,
)  # fmt: skip

registry = Registry(
    "optimizer",
    {cls.__name__.lower(): cls for cls in _CLASSES},
    accepts=lambda thing: isinstance(thing, Optimizer),
)


def get(identifier):
    """The optimiser that `identifier` stands for.

    Args:
        identifier: a name in upper or lower case (`"adam"`), an `Optimizer`, a configuration, any
            `optax.GradientTransformation`, or `None`, which is returned.

    Raises:
        ValueError: for anything else; for an unknown name it suggests the nearest one.
    """
    if identifier is None:
        return None
    if isinstance(identifier, optax.GradientTransformation):
        return Optax(identifier)
    if isinstance(identifier, str) and custom_object(identifier) is None:
        if identifier.lower() not in registry.entries:
            known = ". Known are " + ", ".join(registry.entries) + "."
            hint = nearest(identifier, registry.entries) or known
            raise ValueError(f"Unknown optimizer {identifier!r}{hint}")
        identifier = identifier.lower()
    if isinstance(identifier, dict):
        lower = str(identifier.get("class_name")).lower()
        if lower in registry.entries and custom_object(identifier["class_name"]) is None:
            identifier = {**identifier, "class_name": registry.entries[lower].__name__}
    optimizer = identifier
    if isinstance(identifier, (str, dict, type)):
        optimizer = registry.get(identifier)
    if not isinstance(optimizer, Optimizer):
        raise ValueError(
            "An optimizer is a name, an Optimizer, a configuration or an optax transformation. "
            f"Received: {identifier!r}"
        )
    return optimizer


def deserialize(config, custom_objects=None) -> Optimizer:
    """The optimiser of a configuration, such as `serialize` gives; see `get`.

    Args:
        config: the configuration; its class in upper or lower case.
        custom_objects: a program's own classes and functions by the names in it.
    """
    with custom_object_scope(custom_objects):
        return get(config)


__all__ = [*public(globals(), "cello.optimizers"), "serialize"]
