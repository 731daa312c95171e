"""The optimisers that have a name."""

from __future__ import annotations

import optax

from cello.core.exports import public
from cello.core.kinds import nearest
from cello.core.serialization import Registry, custom_object
from cello.optimizers.optimizer import Optax, Optimizer
from cello.optimizers.rules import (
    SGD,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lamb,
    Lion,
    Nadam,
    RMSprop,
)

_CLASSES = (SGD, RMSprop, Adam, AdamW, Adamax, Nadam, Adagrad, Adadelta, Lion, Lamb, Adafactor)

registry = Registry("optimizer", {cls.__name__.lower(): cls for cls in _CLASSES})


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
    optimizer = identifier
    if isinstance(identifier, (str, dict, type)):
        optimizer = registry.get(identifier)
    if not isinstance(optimizer, Optimizer):
        raise ValueError(
            "An optimizer is a name, an Optimizer, a configuration or an optax transformation. "
            f"Received: {identifier!r}"
        )
    return optimizer


__all__ = public(globals(), "cello.optimizers")
