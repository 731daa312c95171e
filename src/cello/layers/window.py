"""Windows that slide along time, over a whole sequence or piece by piece, or over pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import jax.numpy as jnp

from cello.core.carry import carry_slot
from cello.core.kinds import Integer, one_of, positive_integer


def single(value: Integer | Sequence[int]) -> Integer:
    """A number; Keras also writes it as a tuple or a list of one."""
    one = value[0] if isinstance(value, (tuple, list)) and len(value) == 1 else value
    return cast(Integer, one)


def length(value: Integer | Sequence[int]):
    """A positive integer, or a tuple or a list of one."""
    return positive_integer(single(value))


def pair(value: Integer | Sequence[int]):
    """A positive integer for rows and columns alike, or one for each."""
    both = tuple(value) if isinstance(value, Sequence) else (value, value)
    try:
        rows, columns = map(positive_integer, both)
    except ValueError:
        raise ValueError(
            "a positive integer, or one for the rows and one for the columns"
        ) from None
    return rows, columns


channels_last = one_of(None, "channels_last")


def by_axis(sizes: int | tuple[int, ...]) -> tuple[int, ...]:
    """Sizes as `length` and `pair` make them, one for each axis of space."""
    return sizes if isinstance(sizes, tuple) else (sizes,)


def with_steps_before(inputs, span: int, stride: int, causal: bool):
    """The steps over which windows slide, with what a piece needs of those before it.

    A window reaches `span` steps back from its last step. With `causal` the first window ends at
    the first step of the sequence and sees zeros before; otherwise it begins there. Within a
    `Carry` only the windows that end in this piece are left.

    Args:
        inputs: `(batch, time, features)`.
        span: steps from the first to the last of a window.
        stride: steps from window to window.

    Returns:
        `(batch, steps, features)`. Its windows are whole: the first begins at its first step.
    """
    slot = carry_slot(inputs)
    zeros = jnp.zeros((inputs.shape[0], span, inputs.shape[2]), inputs.dtype)
    if slot is None:
        return jnp.concatenate([zeros, inputs], axis=1) if causal else inputs
    steps = jnp.concatenate([slot.resume(zeros), inputs], axis=1)
    slot.keep(steps[:, steps.shape[1] - span :])
    phase, time = slot.phase(0 if causal else span), inputs.shape[1]
    windows = max(0, -((phase - time) // stride))
    slot.keep_phase(phase + windows * stride - time)
    return steps[:, phase:] if windows else steps[:, :0]
