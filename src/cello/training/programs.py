"""The compiled steps of training, evaluation and prediction, and where their state comes from."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

import jax

from cello.core.carry import Carry
from cello.core.layer import Layer
from cello.distribution.layout import current
from cello.training.loop import ChunkRunner, bind, values_of, write_back
from cello.training.ragged import mask_outputs, opened, values_only
from cello.training.truncated import train_in_pieces

# Every model inherits both; the layer's part is all that training needs to know of a model.
Base: Any = Layer if TYPE_CHECKING else object


class Programs(Base):
    """One step of each kind as a pure function of a model's variables, compiled once.

    Attributes:
        optimizer: the optimiser, after `compile`.
    """

    optimizer: Any
    _objective: Any
    _run_eagerly: bool

    def _variables(self):
        """Trainable variables, the model's others, those of the metrics."""
        metrics = self._objective.variables if self._objective and self._objective.names else []
        return self.trainable_weights, self.non_trainable_variables, metrics

    def _forget_programs(self) -> None:
        # Their keys have layers and variables in them, which are thereby kept alive.
        self._runners: dict[Any, ChunkRunner] = {}
        self._known_outputs: dict[Any, Any] = {}
        self._generators: dict[Any, Any] = {}

    def _program(self, mode: str, tbptt: int | None = None):
        """The compiled step over a feed; made anew where layers or variables have changed."""
        variables = self._variables()
        spread = current()
        key = (mode, tbptt, spread, *map(tuple, variables), *self.flatten_layers())
        if key not in self._runners:
            step = {"train": self._train_step, "test": self._test_step, "predict": self._outputs}
            if tbptt is not None:
                step["train"] = functools.partial(train_in_pieces, self, tbptt)
            pure = _pure(step[mode], variables, self._run_eagerly)
            self._runners[key] = ChunkRunner(pure, spread)
        return functools.partial(self._runners[key].run, *self._state(mode, *variables))

    def _state(self, mode: str, trainable, others, metrics):
        """Functions that read the state of a step from the variables, and write it there."""
        optimizer = self.optimizer
        if mode == "train" and optimizer.state is None:
            optimizer.state = optimizer.init(values_of(trainable))
            optimizer.variables = trainable
        elif mode == "train" and trainable != optimizer.variables:
            raise ValueError(
                f"{self}: the trainable weights are not those that this optimiser was training; "
                "call compile() again with a new optimiser, which starts with these."
            )

        def read():
            state = [values_of(trainable), values_of(others), values_of(metrics)]
            return [*state, optimizer.state] if mode == "train" else state

        def write(state):
            for variables, values in zip((trainable, others, metrics), state, strict=False):
                write_back(variables, values)
            if mode == "train":
                optimizer.state = state[3]

        return read, write

    def _train_step(self, variables, state, batch):
        state, result, _ = self._update(variables, state, batch)
        return state, result

    def _update(self, variables, state, batch, carry: Carry | None = None):
        """One step of training, within `carry`; what was kept there is the third result."""
        trainable, others, metrics = variables
        trained, other_values, metric_values, optimizer_state = state
        x, y, w = batch

        def loss_of(trained):
            bound = (trainable, trained), (others, other_values), (metrics, metric_values)
            with bind(*bound) as binding, carry or contextlib.nullcontext():
                loss = self._loss_and_metrics(binding, x, y, w, training=True)
                changed = [binding.values[v] for v in others], [binding.values[v] for v in metrics]
                kept = None if carry is None else carry.kept
                return loss, (changed, self._objective.results(), kept)

        (loss, (changed, results, kept)), gradients = jax.value_and_grad(loss_of, has_aux=True)(
            trained
        )
        trained, optimizer_state = self.optimizer.update(gradients, optimizer_state, trained)
        trained = [
            v.constraint(value) if v.constraint is not None else value
            for v, value in zip(trainable, trained, strict=True)
        ]
        return [trained, *changed, optimizer_state], {**results, "batch_loss": loss}, kept

    def _test_step(self, variables, state, batch):
        x, y, w = batch
        with bind(*zip(variables, state, strict=True)) as binding:
            loss = self._loss_and_metrics(binding, x, y, w, training=False)
            results = {**self._objective.results(), "batch_loss": loss}
        return [[binding.values[v] for v in vs] for vs in variables], results

    def _forward(self, x, y, training: bool):
        """The outputs that are compared with `y`, which only some models look at."""
        return self(opened(x), training=training)

    def _loss_and_metrics(self, binding, x, y, w, training: bool):
        outputs = self._forward(x, y, training)
        if y is not None:
            targets = self._objective.flat_targets(y, outputs)
            mask_outputs(jax.tree.leaves(outputs), self._objective.step_targets(targets))
            y, w = values_only(y), values_only(w)
        loss, parts = self._objective.total_loss(y, outputs, w)
        loss = sum([*binding.losses, *self.losses], start=loss)
        rows = jax.tree.leaves(x)[0].shape[0]
        self._objective.update(loss, parts, y, outputs, w, rows)
        return loss

    def _outputs(self, variables, state, batch):
        with bind(*zip(variables, state, strict=True)) as binding:
            outputs = self(opened(batch[0]), training=False)
        return [[binding.values[v] for v in vs] for vs in variables], outputs


def _pure(step, variables, eager: bool):
    def pure(state, batch):
        return step(variables, state, batch)

    if not eager:
        return pure

    def uncompiled(state, batch):
        with jax.disable_jit():
            return pure(state, batch)

    return uncompiled
