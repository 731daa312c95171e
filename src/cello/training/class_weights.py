"""The weight of each row, or of each step, by its class."""

from __future__ import annotations

import numpy as np

from cello.training.data import Batch
from cello.training.ragged import Padded, Ragged


def weigh_classes(parts: Batch, class_weight: dict[int, float], output_shape, where: str) -> Batch:
    """`parts` with the weight of each label's class multiplied into its weight.

    Args:
        parts: trees of inputs, targets and weights, with one array of targets: whole numbers
            `(batch, ...)` or `(batch, ..., 1)`, one for each row or step, or one-hot.
        class_weight: weight of each class; 1 for those that are not there.
        output_shape: that of the output with which the targets are compared.
        where: the method, for messages.

    Raises:
        ValueError: for targets that do not say one class for each row or step.
    """
    if not isinstance(class_weight, dict):
        raise ValueError(
            f"{where}: class_weight must be a dict of weights by class, {{0: 1.0, 1: 5.0}} say. "
            f"Received: {class_weight!r}"
        )
    x, y, w = parts
    sequences = isinstance(y, (Ragged, Padded))
    labels = y.values if isinstance(y, (Ragged, Padded)) else y
    shape = (len(y), None, *labels.shape[1:]) if isinstance(y, Ragged) else labels.shape
    classes = _classes(labels, shape, tuple(output_shape), sequences)
    if classes is None:
        raise ValueError(
            f"{where}: class_weight needs one class for each row or step: whole numbers, or "
            f"one-hot in the shape of the output. y has the shape {shape}, the output "
            f"{output_shape}: pass sample_weight."
        )
    factors = np.ones(classes.shape, np.float32)
    for label, factor in class_weight.items():
        factors[classes == label] = factor
    if w is not None:
        factors = _times(factors, w, y)
    return x, y, Ragged(factors, y.lengths) if isinstance(y, Ragged) else factors


def _classes(labels: np.ndarray, shape, output, sequences: bool) -> np.ndarray | None:
    """The class of each row or step, `None` if labels do not say one."""
    numbers = len(shape) == 1 or (len(shape) == 2 and sequences)
    if numbers or (len(shape) == len(output) - 1 and shape[-1] != 1):
        return labels
    if shape[-1] == 1 and (len(shape) >= len(output) or len(shape) == 2):
        return labels[..., 0]
    if len(shape) == len(output) - 1:
        return labels
    one_hot = len(shape) == len(output) and shape[-1] == output[-1]
    if not one_hot or (labels < 0).any() or (labels.sum(-1) > 1.001).any():
        return None
    return labels.argmax(-1)


def _times(factors: np.ndarray, weights, y) -> np.ndarray:
    """`factors` times the weights of the rows or steps."""
    if isinstance(weights, (Ragged, Padded)):
        weights = weights.values
    elif isinstance(y, Ragged):
        weights = np.repeat(weights, y.lengths, axis=0)
    rank = max(factors.ndim, weights.ndim)
    factors, weights = (a.reshape(a.shape + (1,) * (rank - a.ndim)) for a in (factors, weights))
    return factors * weights
