"""How well gradients and states get through the recurrent layers of a model in training."""

from __future__ import annotations

import contextlib
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.cells.frame import running
from cello.cells.gated import GatedCell
from cello.cells.loop import repeat_step
from cello.core.replacing import replaced
from cello.core.variable import Binding
from cello.layers.rnn import RNN
from cello.ops.recurrence import hide_masked
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

    def loss_of(trained, probes):
        bound = [*zip(trainable, trained, strict=True)]
        for vs, xs in zip((others, metrics), values[1:], strict=True):
            bound += zip(vs, xs, strict=True)
        with Binding(dict(bound)), _probing(layers, probes) as passages:
            loss = programs.loss_of(batch, programs.outputs_of(batch, True), True)
        return loss, passages

    specs = jax.eval_shape(lambda v: loss_of(v, None)[1], values[0])
    probes = {
        name: jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), passage["states"])
        for name, passage in specs.items()
    }
    (gradients, flows), passages = jax.grad(loss_of, argnums=(0, 1), has_aux=True)(
        values[0], probes
    )
    updated, _ = model.optimizer.update(gradients, optimizer_state, values[0])
    found: dict[str, Any] = {}
    for layer in layers:
        for name in passages:
            if name.partition(" ")[0] != layer.name:
                continue
            mine = {v: i for i, v in enumerate(trainable) if v in layer.trainable_weights}
            old = [values[0][i] for i in mine.values()]
            new = [updated[i] for i in mine.values()]
            change = jax.tree.map(jnp.subtract, new, old)
            found[name] = {
                "gradient_norm": _norm(flows[name], (0, 2)),
                "state_norm": jnp.mean(_norm(passages[name]["states"], (2,)), axis=0),
                "update_ratio": _norm(change) / _norm(old),
            }
            if "saturation" in passages[name]:
                found[name]["saturation"] = passages[name]["saturation"]
    return found


@contextlib.contextmanager
def _probing(layers, probes):
    """Make every passage through the layers take `probes` into account, and tell of itself.

    Gives a dict that has, for each passage, the states after every step and the saturation of the
    gates. A probe is added to the states that enter a step, so that the gradient with respect to
    it, which is zero itself, is that with respect to these.
    """
    passages: dict[str, Any] = {}

    def run(layer, *args, **options):
        return _run(layer, probes, passages, *args, **options)

    with running(layers, run):
        yield passages


def _run(layer, probes, passages, inputs, states, run):
    calls = sum(name.partition(" ")[0] == layer.name for name in passages)
    name = f"{layer.name} (call {calls + 1})" if calls else layer.name
    if probes is None:
        time = jax.tree.leaves(inputs)[0].shape[1]
        probe = jax.tree.map(lambda s: jnp.zeros((s.shape[0], time, *s.shape[1:]), s.dtype), states)
    else:
        probe = probes[name]
    inputs, run = run.in_order(inputs)
    inputs = hide_masked(inputs, run.mask)
    outputs, after = repeat_step(
        _Probed(layer.runnable), (inputs, probe), states, run.but(return_all_states=True)
    )
    after = jax.tree.unflatten(jax.tree.structure(states), jax.tree.leaves(after))
    passages[name] = {"states": after}
    gates = _saturation(layer.runnable, inputs, states, after, run)
    if gates is not None:
        passages[name]["saturation"] = gates
    return outputs, after if run.return_all_states else jax.tree.map(lambda s: s[:, -1], after)


class _Probed:
    """A cell whose input has something with it that is added to its states."""

    def __init__(self, cell):
        self.cell = cell
        self.itself = cell.itself

    def take_step(self, inputs_and_probe, states, **options):
        inputs, probe = inputs_and_probe
        return self.cell.take_step(inputs, jax.tree.map(jnp.add, states, probe), **options)


def _saturation(cell, inputs, states, after, run):
    """The share of saturated values among those of the gates of one passage."""
    inside = cell.itself.flatten_layers()
    gated = [v for v in inside if isinstance(v, GatedCell) and _has_gates(v)]
    if not gated:
        return None
    before = jax.tree.map(lambda s, a: jnp.concatenate([s[:, None], a[:, :-1]], 1), states, after)
    batch, time = jax.tree.leaves(inputs)[0].shape[:2]

    def rows(x):
        return x.reshape(batch * time, *x.shape[2:])

    constants = jax.tree.map(lambda c: jnp.repeat(c, time, 0), run.constants)
    values: list[Any] = []
    with contextlib.ExitStack() as stack:
        for inner in gated:
            listening = functools.partial(_listen, inner.recurrent_activation, values)
            stack.enter_context(replaced(inner, "recurrent_activation", listening))
        cell.take_step(*jax.tree.map(rows, (inputs, before)), constants=constants)
    keep = jnp.ones(batch * time, bool) if run.mask is None else rows(run.mask)
    gates = jnp.concatenate(values, axis=-1)
    saturated = jnp.mean((gates < SATURATED) | (gates > 1 - SATURATED), axis=-1)
    return jnp.sum(saturated * keep) / jnp.maximum(jnp.sum(keep), 1)


def _has_gates(cell: GatedCell) -> bool:
    return "recurrent_activation" in type(cell).declared


def _listen(activation, values, x):
    values.append(activation(x))
    return values[-1]


def _norm(tree, axes=None):
    """The norm over all arrays of a tree; over `axes` of each, after the axes from 2 on are one."""

    def squares(x):
        x = x.reshape(*x.shape[:2], -1) if axes else x
        return jnp.sum(jnp.square(x), axis=axes)

    return jnp.sqrt(sum(map(squares, jax.tree.leaves(tree))))
