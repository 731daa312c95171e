"""Evaluating with the moving average of the weights while training goes on with the weights."""

from __future__ import annotations

from typing import Any

from cello.core.kinds import instance, optional
from cello.training.callback import Callback, check_shapes


class SwapEMAWeights(Callback):
    """Put the moving averages into the model for evaluation, and the weights back after it.

    It goes with an optimiser that has `use_ema=True`, and works in `fit`, `evaluate` and `predict`.

    Args:
        swap_on_epoch: whether the averages stay in the model from the end of an epoch to the start
            of the next one, so that callbacks behind this one, such as `ModelCheckpoint`, see them.

    Raises:
        ValueError: where the optimiser keeps no averages.
    """

    memory = {"kept": optional(instance(list))}

    def check_state(self, state):
        super().check_state(state)
        if state.get("kept") is not None:
            check_shapes("kept", state["kept"], self.model.trainable_weights)

    def __init__(self, swap_on_epoch=False):
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self.kept: list[Any] | None = None  # the weights, while the averages are in the model

    def on_train_begin(self, logs=None):
        self.kept = None

    def on_epoch_begin(self, epoch, logs=None):
        self._swap_back()

    def on_epoch_end(self, epoch, logs=None):
        if self.swap_on_epoch:
            self._swap()

    def on_train_end(self, logs=None):
        self.kept = None  # fit has ended with the averages

    def on_test_begin(self, logs=None):
        self._swap()

    def on_test_end(self, logs=None):
        self._swap_back()

    def on_predict_begin(self, logs=None):
        self._swap()

    def on_predict_end(self, logs=None):
        self._swap_back()

    def _swap(self) -> None:
        if self.kept is not None:
            return
        variables = self.model.trainable_weights
        optimizer = self.model.optimizer
        averages = None if optimizer is None else optimizer.average
        if averages is None:
            raise ValueError(
                f"SwapEMAWeights: {self.model} has no moving averages of its weights to swap in. "
                "Compile it with an optimizer that keeps them, optimizers.Adam(use_ema=True), say, "
                "and train it first."
            )
        self.kept = [v.value for v in variables]
        for variable, value in zip(variables, averages, strict=True):
            variable.assign(value)

    def _swap_back(self) -> None:
        if self.kept is None:
            return
        for variable, value in zip(self.model.trainable_weights, self.kept, strict=True):
            variable.assign(value)
        self.kept = None
