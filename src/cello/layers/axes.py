"""The axes along which a layer computes."""

from __future__ import annotations

from collections.abc import Sequence

from cello.core.layer import Layer


def positive_axes(layer: Layer, axis: int | Sequence[int], rank: int) -> list[int]:
    """`axis`, one or several, as numbers from 0 in their order.

    Args:
        layer: whose argument it is, for the message.
        axis: its value.
        rank: how many axes the inputs have.

    Raises:
        ValueError: for an axis that the inputs do not have.
    """
    axes = [axis] if isinstance(axis, int) else axis
    if any(not -rank <= a < rank for a in axes):
        raise ValueError(
            f"{layer} with axis={axis} got inputs of {rank} axes, so axis must be between "
            f"{-rank} and {rank - 1}."
        )
    return sorted(a % rank for a in axes)
