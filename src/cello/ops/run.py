"""What is wanted of a run along time, and what goes with it at every step: one record."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=("mask", "constants"),
    meta_fields=(
        "training", "go_backwards", "unroll", "return_sequences", "return_all_states",
        "zero_output_for_mask", "segment",
    ),
)  # fmt: skip
@dataclasses.dataclass(frozen=True)
class Run:
    """What is wanted of a run along time.

    Attributes:
        mask: boolean `(batch, time)`, true at the steps that count, or `None`. At a masked step the
            states stay as they are and the output is that of the step before.
        constants: what the steps of some cells take besides; or `None`.
        training: whether dropout acts.
        go_backwards: whether to run from the last step to the first; outputs and states come in
            the order of running.
        unroll: whether to write out the steps in place of a loop.
        return_sequences: whether the outputs of all steps are wanted, or that of the last.
        return_all_states: whether the states after every step are wanted, or those after the last.
        zero_output_for_mask: whether the outputs of all steps are zeros at the masked ones.
        segment: steps of a segment that training computes twice to save memory; or `None`.

    It is a tree of its arrays: `mask` and `constants` are arguments of a compiled program, and the
    rest is part of it.
    """

    mask: Any = None
    constants: Any = None
    training: bool = False
    go_backwards: bool = False
    unroll: bool = False
    return_sequences: bool = True
    return_all_states: bool = False
    zero_output_for_mask: bool = False
    segment: int | None = None

    def but(self, **changes) -> Run:
        """The same but for `changes`."""
        return dataclasses.replace(self, **changes)

    def in_order(self, inputs):
        """`(inputs, run)` from the first step to the last: the inputs and the mask turned round."""
        if not self.go_backwards:
            return inputs, self
        inputs, mask = jax.tree.map(lambda x: jnp.flip(x, 1), (inputs, self.mask))
        return inputs, self.but(mask=mask, go_backwards=False)
