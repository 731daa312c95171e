"""The state of an optimiser in files: Keras' list of arrays (`optimizers/slots.py`)."""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np

from cello.core.files import ModelFileError
from cello.optimizers import slots
from cello.optimizers.optimizer import Optimizer


def optimizer_arrays(optimizer: Optimizer, variables) -> list[np.ndarray]:
    """The state as Keras' list; that before the first step where nothing was trained yet."""
    return [np.asarray(a) for a in slots.arrays_of(optimizer, optimizer.state, variables)]


def restore_optimizer(optimizer: Optimizer, variables, arrays: list[np.ndarray]) -> None:
    """Let the training go on where `arrays`, a list like that of `optimizer_arrays`, were taken.

    Raises:
        ModelFileError: where they do not fit the optimiser and the variables.
    """
    optimizer.state = None
    optimizer.trained = list(variables)
    expected = optimizer_arrays(optimizer, optimizer.trained)
    shapes, given = [a.shape for a in expected], [a.shape for a in arrays]
    unbuilt = 2 if optimizer.inner_optimizer is None else 4
    if len(given) <= unbuilt < len(shapes):  # from before the first step: there are no slots yet
        return
    if len(given) < len(shapes) and not Counter(given) - Counter(shapes):
        warnings.warn(
            f"The file's state of the optimizer '{optimizer.name}' has {len(given)} arrays, and "
            f"that of the model {len(shapes)}: some weights were frozen when it was saved, and the "
            "file does not say which. The optimizer starts anew.",
            stacklevel=5,
        )
        return
    if shapes != given:
        raise ModelFileError(
            f"The file's state of the optimizer '{optimizer.name}' has {len(given)} arrays that do "
            f"not fit the model, for which it has {len(shapes)}."
        )
    optimizer.state = slots.state_of(optimizer, optimizer.trained, arrays)
