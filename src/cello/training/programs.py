"""The compiled steps of training, evaluation and prediction, and where their state comes from."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeVar

import jax
import jax.numpy as jnp

from cello.core.carry import Carry
from cello.core.inventory import Inventory
from cello.core.masking import count_rows, real_rows
from cello.core.variable import Variable
from cello.distribution.layout import current
from cello.metrics.metric import Metric
from cello.optimizers.optimizer import Optimizer
from cello.training.apart import is_row_wise
from cello.training.data import Batch
from cello.training.filling import open_filled
from cello.training.loop import ChunkRunner
from cello.training.objective import Objective
from cello.training.ragged import open_padded, values_only
from cello.training.state import State, bind
from cello.training.truncated import train_in_pieces

if TYPE_CHECKING:
    from cello.training.trainable import Trainable

T = TypeVar("T")


@dataclasses.dataclass
class Held:
    """What a model has to train, evaluate and predict with.

    Attributes:
        layers: it and all below it.
        metrics: its metrics.
        labels: the names under which they stand in the results.
        variables: trainable variables, the model's others, those of the metrics.
        ways: of batches that are known; they are gone as soon as any of this changes.
    """

    layers: tuple[Any, ...]
    metrics: list[Metric]
    labels: list[str]
    variables: tuple[list[Variable], list[Variable], list[Variable]]
    ways: dict[Hashable, Any] = dataclasses.field(default_factory=dict)

    def reset_metrics(self) -> None:
        """Let all metrics forget their batches."""
        for metric in self.metrics:
            metric.reset_state()

    @functools.cached_property
    def known(self) -> frozenset[Any]:
        """The layers that are known to treat each row by itself, as all below them are."""
        strange = {v for v in self.layers if not is_row_wise(v)}
        return frozenset(v for v in self.layers if strange.isdisjoint(v.flatten_layers()))


class Programs:
    """One step of each kind as a pure function of a model's variables, compiled once.

    Args:
        model: the model.
        optimizer: what trains it; `None` before `compile`.
        objective: its losses and metrics.
        eager: whether to run without compiling.
    """

    def __init__(
        self, model: Trainable, optimizer: Optimizer | None, objective: Objective, eager: bool
    ):
        self.model = model
        self.optimizer: Any = optimizer
        self.objective = objective
        self.eager = eager
        # The keys have layers and variables in them, which are thereby kept alive.
        self._found: dict[Any, Any] = {}
        self._held: Held | None = None
        self._inventory: Any = None

    def __getstate__(self):
        """For `pickle` and `copy`: without what is compiled, and what is known of the model."""
        return {**vars(self), "_found": {}, "_held": None, "_inventory": None}

    def find(self, key: tuple[Hashable, ...], make: Callable[[], T]) -> T:
        """What `make` gives, made once for a key until the layers of the model change."""
        return self._find_in(self.held, key, make)

    def _find_in(self, held: Held, key: tuple[Hashable, ...], make: Callable[[], T]) -> T:
        known = (key, *held.layers)
        if known in self._found:
            return self._found[known]
        made = make()  # which may build layers, and so find more of them
        self._found[key, *self.held.layers] = made
        return made

    @property
    def held(self) -> Held:
        """The layers, metrics and variables of the model; looked for anew if any has changed."""
        if self._held is None or not self._inventory.is_current():
            model = self.model
            metrics = model.metrics
            counts = dict.fromkeys(v for metric in metrics for v in metric.variables)
            variables = model.trainable_weights, model.non_trainable_variables, list(counts)
            self._inventory = Inventory([model, self.objective], (Metric, Objective))
            labels = self.objective.labels_of(metrics)
            self._held = Held(tuple(model.flatten_layers()), metrics, labels, variables)
        return self._held

    # ---------------------------------------------------------------------- what is run

    def variables(self):
        """Trainable variables, the model's others, those of the metrics."""
        return self.held.variables

    def program(self, mode: str, tbptt: int | None = None) -> Callable:
        """The compiled step of "train", "test" or "predict": a function that runs over a feed.

        See `ChunkRunner.run` for its arguments behind the state.
        """
        held = self.held
        return functools.partial(self._runner(held, mode, tbptt).run, self.state_of(held, mode))

    def runner(self, mode: str, tbptt: int | None = None) -> ChunkRunner:
        """What compiles a step; made anew where layers or variables have changed."""
        return self._runner(self.held, mode, tbptt)

    def _runner(self, held: Held, mode: str, tbptt: int | None) -> ChunkRunner:
        variables, spread = held.variables, current()

        def make():
            steps = {"train": self.train_step, "test": self._test_step, "predict": self._outputs}
            step = steps[mode]
            if tbptt is not None:
                step = functools.partial(train_in_pieces, self, tbptt)
            return ChunkRunner(_pure(step, variables, self.eager), spread, mode == "predict")

        return self._find_in(held, (mode, tbptt, spread, *map(tuple, variables)), make)

    def state(self, mode: str) -> State:
        """Where a step reads its state from the variables, and writes it there."""
        return self.state_of(self.held, mode)

    def state_of(self, held: Held, mode: str) -> State:
        """`state`, of what the model holds."""
        optimizer, trainable = self.optimizer, held.variables[0]
        if mode == "train" and optimizer.state is None:
            optimizer.build(trainable)
        elif mode == "train" and trainable != optimizer.trained:
            raise ValueError(
                f"{self.model}: the trainable weights are not those that this optimiser was "
                "training; call compile() again with a new optimiser, which starts with these."
            )
        return State(mode, held.variables, optimizer)

    # ------------------------------------------------------------------------ the steps

    def outputs_of(self, batch: Batch, training: bool):
        """The outputs for a batch, under the masks of its targets."""
        x, y, _ = batch
        outputs = self.model.outputs_beside(open_padded(x), y, training)
        if y is not None:
            self.objective.mask_outputs(outputs, y)
        return outputs

    def loss_of(self, batch: Batch, outputs, training: bool):
        """What is minimised for these outputs of a batch.

        Raises:
            ValueError: where the `compute_loss` of the model's class gives no number.
        """
        x, y, w = values_only(batch)
        objective = self.objective
        taught = objective.loss is not None or objective.any_targets or self.model.losses
        if training and y is not None and not taught:
            raise ValueError(
                f"{self.model}.fit: compile() was given no loss, and no layer adds one, so y would "
                "teach nothing: pass compile(loss='mse'), say."
            )
        more = {"training": training} if self._loss_knows_training else {}
        loss = self.model.compute_loss(x, y, outputs, w, **more)
        if loss is None or jnp.shape(loss) != ():
            what = "None" if loss is None else f"an array of shape {jnp.shape(loss)}"
            raise ValueError(
                f"{self.model}.compute_loss must return one number, the loss of the batch, and "
                f"returned {what}."
            )
        return loss

    @functools.cached_property
    def _loss_knows_training(self) -> bool:
        """Whether `compute_loss` takes `training`, which is younger than it in Keras."""
        return "training" in inspect.signature(self.model.compute_loss).parameters

    def _loss_and_results(self, batch: Batch, training: bool):
        """The loss of a batch, and what the metrics say after it."""
        outputs = self.outputs_of(batch, training)
        loss = self.loss_of(batch, outputs, training)
        x, y, w = values_only(batch)
        self.objective.count_loss(loss, count_rows(jax.tree.leaves(x)[0]))
        results = self.model.compute_metrics(x, y, outputs, w)
        if not isinstance(results, dict):
            raise ValueError(
                f"{self.model}.compute_metrics must return a dict of names and values, and "
                f"returned {results!r}."
            )
        strays = self.objective.find_strays(outputs) if training else {}
        return loss, {**results, "batch_loss": loss, "strays": strays}

    def train_step(self, variables, state, batch):
        """One step of training."""
        state, result, _ = self.update(variables, state, batch)
        return state, result

    def update(self, variables, state, batch, carry: Carry | None = None):
        """One step of training, within `carry`; what was kept there is the third result."""
        trainable, others, metrics = variables
        trained, other_values, metric_values, optimizer_state = state

        def loss_of(trained):
            bound = (trainable, trained), (others, other_values), (metrics, metric_values)
            with bind(*bound) as binding, carry or contextlib.nullcontext():
                loss, results = self._loss_and_results(batch, training=True)
                changed = [binding.values[v] for v in others], [binding.values[v] for v in metrics]
                return self.optimizer.scale_loss(loss, optimizer_state), (
                    changed,
                    results,
                    None if carry is None else carry.kept,
                )

        (_, (changed, results, kept)), gradients = jax.value_and_grad(loss_of, has_aux=True)(
            trained
        )
        trained, optimizer_state = self.optimizer.step(gradients, optimizer_state, trained)
        return [trained, *changed, optimizer_state], results, kept

    def _test_step(self, variables, state, batch):
        with bind(*zip(variables, state, strict=True)) as binding:
            _, results = self._loss_and_results(batch, training=False)
        return [[binding.values[v] for v in vs] for vs in variables], results

    def _outputs(self, variables, state, batch):
        with bind(*zip(variables, state, strict=True)) as binding:
            outputs = self.model(open_padded(batch[0]), training=False)
        return [[binding.values[v] for v in vs] for vs in variables], outputs


def _pure(step, variables, eager: bool):
    def pure(state, batch):
        batch, rows = open_filled(batch)
        with real_rows(rows):
            return step(variables, state, batch)

    if not eager:
        return pure

    def uncompiled(state, batch):
        with jax.disable_jit():
            return pure(state, batch)

    return uncompiled
