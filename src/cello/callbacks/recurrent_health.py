"""How well gradients and states get through the recurrent layers of a model in training."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.cells.loop import repeat_step
from cello.cells.steps import StepObserver
from cello.core.variable import Binding
from cello.layers.rnn import RNN
from cello.training.callback import Callback

SATURATED = 0.05
"""A gate is saturated so near to 0 or 1."""


class RecurrentHealth(Callback):
    """Measure, after every epoch and on one batch, what goes on inside the recurrent layers.

    For each recurrent layer, in the order of its steps:

    * `gradient_norm` `(time,)`: the norm of the gradient of the loss with respect to the states
      that enter a step, over all rows: what flows back in time. It vanishes or explodes towards
      the first steps (Pascanu, Mikolov and Bengio 2013).
    * `state_norm` `(time,)`: the norm of the states after a step, the mean over the rows.
    * `saturation`: the share of the gates' values below 0.05 or above 0.95, masked steps left out;
      `None` for a cell without gates of Cello's.
    * `update_ratio`: the norm of what the optimiser would change the layer's weights by in a step
      on this batch, divided by the norm of the weights. About 0.001 is usual.

    The layers run scanned for it, as in training (dropout included), and nothing in the model is
    changed. It costs about as much as four steps of training an epoch, so less than 5 % from 80
    batches an epoch on, and a compilation in the first; `benchmarks/recurrent_health.py` measures
    it.

    Args:
        data: the batch: `(x, y)` or `(x, y, sample_weight)`, as `fit` takes them. Take it from data
            that are not trained on.

    Attributes:
        records: one dict an epoch: `{"epoch": ..., "layers": {name: {"gradient_norm": ..., ...}}}`.

    The logs, and so the `History`, have `name_first_gradient` and `name_last_gradient`, the norms
    of the gradient at the first and the last step, `name_saturation` and `name_update_ratio`.

    Raises:
        ValueError: at the start of `fit`, where the model has no recurrent layer.
    """

    def __init__(self, data):
        super().__init__()
        self.data = data
        self.records: list[dict[str, Any]] = []

    def on_train_begin(self, logs=None):
        self.records = []
        self._layers = [v for v in self.model.flatten_layers() if isinstance(v, RNN)]
        if not self._layers:
            raise ValueError(f"RecurrentHealth: {self.model} has no recurrent layer.")
        x, y, w = (*self.data, None)[:3]
        feeding = self.model.trainer.feeding
        self._batch = feeding.feed("fit (RecurrentHealth)", (x, y, w)).first()
        variables = self.model.trainer.programs.variables()
        self._measure = jax.jit(functools.partial(_measure, self.model, self._layers, variables))
        self._variables = variables

    def on_epoch_end(self, epoch, logs=None):
        values = [[v.value for v in vs] for vs in self._variables]
        found = jax.tree.map(
            np.asarray, self._measure(values, self.model.optimizer.state, self._batch)
        )
        for layer in found.values():
            layer.update({k: float(v) for k, v in layer.items() if np.ndim(v) == 0})
            layer.setdefault("saturation", None)
        self.records.append({"epoch": epoch, "layers": found})
        for name, layer in found.items():
            if logs is not None:
                logs[f"{name}_first_gradient"] = float(layer["gradient_norm"][0])
                logs[f"{name}_last_gradient"] = float(layer["gradient_norm"][-1])
                logs[f"{name}_update_ratio"] = layer["update_ratio"]
                if layer["saturation"] is not None:
                    logs[f"{name}_saturation"] = layer["saturation"]


def _measure(model, layers, variables, values, optimizer_state, batch):
    trainable, others, metrics = variables
    programs = model.trainer.programs
    called: list[RNN] = []

    def loss_of(trained, probes):
        bound = [*zip(trainable, trained, strict=True)]
        for vs, xs in zip((others, metrics), values[1:], strict=True):
            bound += zip(vs, xs, strict=True)
        with Binding(dict(bound)), _Probing(layers, probes) as seen:
            loss = programs.loss_of(batch, programs.outputs_of(batch, True), True)
            saturations = [_measure_saturation(passage) for passage in seen.passages]
        called[:] = [passage.layer for passage in seen.passages]
        return loss, ([passage.states for passage in seen.passages], saturations)

    specs, _ = jax.eval_shape(lambda v: loss_of(v, None)[1], values[0])
    probes = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), specs)
    (gradients, flows), (states, saturations) = jax.grad(loss_of, (0, 1), has_aux=True)(
        values[0], probes
    )
    updated, _ = model.optimizer.update(gradients, optimizer_state, values[0])
    found: dict[str, Any] = {}
    for i, layer in enumerate(called):
        calls = 1 + called[:i].count(layer)
        mine = [j for j, v in enumerate(trainable) if v in layer.trainable_weights]
        change = [updated[j] - values[0][j] for j in mine]
        name = layer.name if calls == 1 else f"{layer.name} (call {calls})"
        found[name] = {
            "gradient_norm": _measure_norm(flows[i], (0, 2)),
            "state_norm": jnp.mean(_measure_norm(states[i], (2,)), axis=0),
            "update_ratio": _measure_norm(change) / _measure_norm([values[0][j] for j in mine]),
        }
        if saturations[i] is not None:
            found[name]["saturation"] = saturations[i]
    return found


class _Probing(StepObserver):
    """Adds a probe to the states that enter each step.

    The gradient with respect to it, which is zero itself, is that with respect to these states.

    Args:
        layers: the layers that are measured.
        probes: one for each passage; without, for a run to learn their shapes, `None`.
    """

    def __init__(self, layers, probes):
        super().__init__(layers)
        self._probes = None if probes is None else iter(probes)

    def repeat(self, layer, cell, inputs, states, run):
        if self._probes is None:
            return super().repeat(layer, cell, inputs, states, run)
        return repeat_step(_ProbedCell(cell), (inputs, next(self._probes)), states, run)


class _ProbedCell:
    """A cell whose input has something with it that is added to its states."""

    def __init__(self, cell):
        self._cell = cell
        self.itself = cell.itself

    def take_step(self, inputs_and_probe, states, **options):
        inputs, probe = inputs_and_probe
        return self._cell.take_step(inputs, jax.tree.map(jnp.add, states, probe), **options)


def _measure_saturation(passage):
    """The share of saturated values among those of the gates; `None` without gates."""
    gates = [
        value.reshape(*value.shape[:2], -1)
        for cell, values in passage.read_gates()
        for letter, value in values.items()
        if letter != cell.recurrence.candidate and "recurrent_activation" in cell.declared
    ]
    if not gates:
        return None
    values = jnp.concatenate(gates, axis=-1)
    saturated = jnp.mean((values < SATURATED) | (values > 1 - SATURATED), axis=-1)
    counts = passage.counts
    return jnp.sum(saturated * counts) / jnp.maximum(jnp.sum(counts), 1)


def _measure_norm(tree, axes=None):
    """The norm over all arrays of a tree; over `axes` of each, after the axes from 2 on are one."""

    def squares(x):
        x = x.reshape(*x.shape[:2], -1) if axes else x
        return jnp.sum(jnp.square(x), axis=axes)

    return jnp.sqrt(sum(map(squares, jax.tree.leaves(tree))))
