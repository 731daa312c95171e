"""What training minimises and reports: losses, weights and metrics over a model's outputs."""

from __future__ import annotations

import inspect
import itertools
import math
import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello import losses as losses_module
from cello import metrics as metrics_module
from cello.core.masking import count_rows, get_mask, set_mask
from cello.losses.loss import ComparingLoss, Loss
from cello.metrics.metric import MeanMetricWrapper, hide_masked_parts
from cello.metrics.named import CHOSEN_BY_SHAPES
from cello.training.apart import is_row_wise
from cello.training.outputs import name_outputs, place_targets, spread
from cello.training.ragged import mask_like


class Objective:
    """Losses and metrics as `compile` takes them, spread over the outputs of a model.

    Args:
        loss, loss_weights, metrics, weighted_metrics: as for `Model.compile`.
        any_targets: whether targets need not be one for each output: a loss or metrics that the
            model's class has of its own decide what they may be.

    Attributes:
        names: those of the outputs; empty before `resolve`.
        losses: place of an output, its loss, and the weight of that, for each loss.
        measured: label to metric, in the order of the results: the mean of the loss, of the losses
            of several outputs, and the metrics of `compile`, for several outputs by their labels.
    """

    def __init__(
        self,
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        any_targets: bool = False,
    ):
        # Refuse unknown names now, not when training starts.
        self.loss = jax.tree.map(_known_loss, loss, is_leaf=_is_single)
        self.loss_weights = loss_weights
        self.metrics = metrics
        self.weighted_metrics = weighted_metrics
        for given in (metrics, weighted_metrics):
            jax.tree.map(_check_metric, given, is_leaf=_is_single)
        self.any_targets = any_targets
        self._warned_of_strays = False
        self.names: list[str] = []
        self.losses: list[tuple[int, Loss, Any]] = []
        self._form: Any = None
        self.measured: dict[str, metrics_module.Metric] = {}
        self._compiled: list[tuple[int, metrics_module.Metric, bool]] = []

    def resolve(self, outputs, targets, output_names: list[str]) -> None:
        """Assign losses and metrics to the outputs, once their shapes are known.

        Args:
            outputs: tree of the shapes and dtypes of the outputs.
            targets: tree of the same form for the targets, or `None`.
            output_names: names of the outputs, for a model that has them.
        """
        flat = jax.tree.leaves(outputs)
        form = name_outputs(outputs, output_names)
        names = jax.tree.leaves(form)
        if self.names == names:
            return
        self.names, self._form = names, form
        weights = spread(self.loss_weights, form, "loss_weights")
        self.losses = [
            (i, *pair)
            for i, (given, weight) in enumerate(zip(self._losses_in(form), weights, strict=True))
            for pair in _weighted(given, weight, names[i])
        ]
        true = self._targets_if_any(targets)
        self._mean = metrics_module.Mean(name="loss")
        self._means = [metrics_module.Mean(name=f"{name}_loss") for name in names]
        self.measured = {"loss": self._mean}
        if len(self.losses) > 1:
            self.measured.update({self._means[i].name: self._means[i] for i, *_ in self.losses})
        self._compiled = []
        means = len(self.measured)
        for given, weighted in ((self.metrics, False), (self.weighted_metrics, True)):
            for i, several in enumerate(self._metrics_in(given)):
                for metric in several:
                    metric = metrics_module.resolve(
                        metric, None if true[i] is None else true[i].shape, flat[i].shape
                    )
                    metric.prepare(flat[i].shape)
                    prefix = f"{names[i]}_" if len(names) > 1 else ""
                    label = _new_label(self.measured, prefix, metric.name, weighted)
                    self.measured[label] = metric
                    self._compiled.append((i, metric, weighted))
        if len(names) > 1:
            labelled = list(self.measured.items())
            self.measured = dict(labelled[:means] + sorted(labelled[means:]))

    def places_of(self, targets, outputs, output_names: list[str]):
        """Before `resolve`: for each output the number of its leaf in the targets, and its losses.

        See `resolve` for the arguments; the number is `None` where there is no target.
        """
        form = name_outputs(outputs, output_names)
        losses = [[v for v in _listed(given) if v is not None] for given in self._losses_in(form)]
        numbers = jax.tree.unflatten(
            jax.tree.structure(targets), range(len(jax.tree.leaves(targets)))
        )
        taught = [i for i, several in enumerate(losses) if several]
        return list(zip(place_targets(numbers, form, taught), losses, strict=True))

    def _losses_in(self, form) -> list[Any]:
        return spread(self.loss, form, "loss")

    @property
    def has_own_lengths(self) -> bool:
        """Whether some loss takes targets whose lengths are not those of the outputs."""
        losses = jax.tree.leaves(self.loss, is_leaf=_is_single)
        return any(loss is not None and loss.own_lengths for loss in losses)

    @property
    def is_row_wise(self) -> bool:
        """Whether all losses and metrics are known to leave out rows that do not count."""
        given = self.loss, self.metrics, self.weighted_metrics
        parts = [v for tree in given for v in jax.tree.leaves(tree, is_leaf=_is_single)]
        return not self.any_targets and all(map(is_row_wise, parts))

    @property
    def why_rows_meet(self) -> str | None:
        """Why rows that do not count would count here; `None` if `measure_rows` tells.

        It is to be asked after `resolve`.
        """
        if self.any_targets:
            return "its class has a compute_loss or compute_metrics of its own"
        parts: list[Any] = [part for _, part, _ in (*self.losses, *self._compiled)]
        for part in parts:
            if not (is_row_wise(part) or _reduces_values(part)):
                return f"{part.name} reduces a batch itself"
        return None

    def measure_rows(self, targets, outputs, weights) -> list[Any]:
        """What losses and metrics of the user's own compute before it is reduced."""
        flat, true = jax.tree.leaves(outputs), self.flat_targets(targets)
        found = []
        weights = self._flat_weights(weights)
        for i, loss, _ in self.losses:
            if not is_row_wise(loss):
                found.append(loss.measure(true[i], flat[i], weights[i])[0])
        for i, metric, _ in self._compiled:
            if isinstance(metric, MeanMetricWrapper) and not is_row_wise(metric):
                found.append(metric.measure(*hide_masked_parts(true[i], flat[i], None)))
        return found

    @property
    def looks_at_numbers(self) -> bool:
        """Whether a loss checks more of targets than their shapes."""
        checks = {type(loss).check_targets for _, loss, _ in self.losses}
        of_shapes = {Loss.check_targets, ComparingLoss.check_targets}
        return not self.any_targets and not checks <= of_shapes

    def mask_outputs(self, outputs, targets) -> None:
        """Attach the masks of padded targets to the outputs that they are compared with."""
        flat = jax.tree.leaves(outputs)
        own = {i for i, loss, _ in self.losses if loss.own_lengths}
        for i, (output, target) in enumerate(zip(flat, self._targets_if_any(targets), strict=True)):
            if i not in own:  # else targets are not one for each step
                mask_like(output, target)

    def check_pieces(self, where: str) -> None:
        """Refuse losses that need a whole sequence, for training on pieces of it."""
        for _, loss, _ in self.losses:
            if loss.own_lengths:
                raise ValueError(
                    f"{where}: the loss {loss.name} compares labels with a whole sequence, and "
                    "tbptt cuts it into pieces: leave tbptt out. RNN(remat=...) saves memory too."
                )

    def labels_of(self, metrics) -> list[str]:
        """The names under which some metrics stand in the results."""
        return [
            label
            for metric in dict.fromkeys(metrics)
            for label in [k for k, m in self.measured.items() if m is metric] or [metric.name]
        ]

    def results_of(self, metrics) -> dict[str, Any]:
        """What some metrics say now, by name; one that gives a dict gives the names itself."""
        found: dict[str, Any] = {}
        for metric in dict.fromkeys(metrics):
            result = metric.result()
            if not isinstance(result, dict):
                result = dict.fromkeys(self.labels_of([metric]), result)
            found.update(result)
        return found

    def flat_targets(self, targets) -> list[Any]:
        """One target for each output, matched by place or by name; `None` where there is none."""
        return place_targets(targets, self._form, [i for i, *_ in self.losses])

    def _targets_if_any(self, targets) -> list[Any]:
        """The same, and `None` for all where only the model knows what its targets are."""
        try:
            return self.flat_targets(targets)
        except ValueError:
            if self.any_targets:
                return [None] * len(self.names)
            raise

    def check_targets(self, targets, outputs) -> None:
        """Refuse targets that a loss cannot take, before any work is done."""
        if self.any_targets:
            return
        flat = jax.tree.leaves(outputs)
        true = self.flat_targets(targets)
        for i, loss, _ in self.losses:
            if true[i] is not None:
                try:
                    loss.check_targets(true[i], flat[i].shape)
                except ValueError as error:
                    error.add_note(f"These are the targets of the output '{self.names[i]}'.")
                    raise

    def compute_loss(self, targets, outputs, weights):
        """The weighted sum of the losses of the outputs; each is counted by itself, too.

        Raises:
            ValueError: for targets that do not fit the outputs.
        """
        flat, true = jax.tree.leaves(outputs), self.flat_targets(targets)
        weights = self._flat_weights(weights)
        values: dict[int, list[Any]] = {}
        total = jnp.zeros(())
        for i, loss, factor in self.losses:
            if true[i] is None:
                raise ValueError(f"Output '{self.names[i]}' has a loss and y has nothing for it.")
            if self.any_targets:  # no one has looked at them yet; here only shapes are known
                form = np.broadcast_to(np.zeros((), true[i].dtype), true[i].shape)
                loss.check_targets(form, flat[i].shape)
            value = loss(true[i], flat[i], sample_weight=weights[i])
            total = total + factor * value
            values.setdefault(i, []).append(value)
        if len(self.losses) > 1:
            for i, several in values.items():
                self._means[i].update_state(sum(several), sample_weight=count_rows(flat[0]))
        return total

    def find_strays(self, outputs) -> dict[str, Any]:
        """For each loss of probabilities, whether outputs are none: name of the output to flag."""
        flat = jax.tree.leaves(outputs)
        found = {self.names[i]: loss.find_strays(flat[i]) for i, loss, _ in self.losses}
        return {name: flag for name, flag in found.items() if flag is not None}

    def warn_of_strays(self, strays: dict[str, Any], where: Any) -> None:
        """Warn, once, of outputs that are no probabilities though a loss takes them as such."""
        for i, loss, _ in self.losses:
            name = self.names[i]
            if not self._warned_of_strays and name in strays and np.any(strays[name]):
                self._warned_of_strays = True
                warnings.warn(
                    f"{where}: the loss {loss.name} takes probabilities, and outputs leave [0, 1] "
                    f"or do not sum to 1. {loss.advise_on_strays()}",
                    stacklevel=8,
                )

    def count_loss(self, loss, rows) -> None:
        """Count the loss of a batch of so many rows in the mean of all batches."""
        self._mean.update_state(loss, sample_weight=rows)

    def update_metrics(self, targets, outputs, weights) -> None:
        """Count a batch in the metrics of `compile`."""
        if not self._compiled:
            return
        flat, true = jax.tree.leaves(outputs), self.flat_targets(targets)
        weights = self._flat_weights(weights)
        for i, metric, weighted in self._compiled:
            _update(metric, true[i], flat[i], weights[i] if weighted else None)

    def _flat_weights(self, weights) -> list[Any]:
        names = self.names
        if isinstance(weights, dict):
            return [weights.get(name) for name in names]
        if isinstance(weights, (list, tuple)):
            return list(weights)
        return [weights] * len(names)

    def _metrics_in(self, given) -> list[list[Any]]:
        """A list of metrics for each output."""
        names = self.names
        if given is None:
            return [[] for _ in names]
        each = isinstance(given, dict) or (
            len(names) > 1
            and isinstance(given, (list, tuple))
            and (len(given) == len(names) or not all(map(_is_single, given)))
        )
        per_output = spread(given, self._form, "metrics") if each else [given] * len(names)
        flat = [jax.tree.leaves(metrics, is_leaf=_is_single) for metrics in per_output]
        return [[m for m in several if m is not None] for several in flat]


def _update(metric, y_true, y_pred, weights) -> None:
    """Count a batch in a metric: where outputs have a mask, it is in the weights as well."""
    if y_true is None:
        raise ValueError(f"The metric {metric.name} is for an output for which y has nothing.")
    mask = get_mask(y_pred)
    if mask is not None and np.shape(y_true)[: mask.ndim] == mask.shape:  # else not for each step
        y_true, y_pred = hide_masked_parts(y_true, y_pred, mask)
        set_mask(y_pred, mask)
        rank = max(mask.ndim, np.ndim(weights))
        factors = [np.ones((), "float32") if weights is None else weights, mask]
        weights = math.prod(jnp.reshape(f, f.shape + (1,) * (rank - f.ndim)) for f in factors)
    more = {} if weights is None else {"sample_weight": weights}
    try:
        inspect.signature(metric.update_state).bind(y_true, y_pred, **more)
    except TypeError:
        raise ValueError(
            f"The metric {metric.name} must have update_state(y_true, y_pred, sample_weight=None): "
            f"outputs with a mask and weighted_metrics need it."
        ) from None
    metric.update_state(y_true, y_pred, **more)


def _new_label(taken, prefix: str, name: str, weighted: bool) -> str:
    """The name of a metric in the results, other than those that are taken."""
    label = prefix + name
    if weighted and label in taken:
        label = f"{prefix}weighted_{name}"
    numbered = (f"{label}_{n}" for n in itertools.count(1))
    return next(v for v in itertools.chain([label], numbered) if v not in taken)


def _listed(value) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _weighted(losses, weights, name: str) -> list[tuple[Loss, Any]]:
    """The losses of an output with their weights; 1 where none is given."""
    losses, several = _listed(losses), _listed(weights)
    several = several * len(losses) if len(several) == 1 else several
    if len(several) != len(losses):
        raise ValueError(
            f"loss_weights has {len(several)} numbers for the {len(losses)} losses of '{name}'."
        )
    pairs = zip(losses, several, strict=True)
    return [(loss, 1.0 if w is None else w) for loss, w in pairs if loss is not None]


def _is_single(value) -> bool:
    return not isinstance(value, (list, tuple)) and (
        not isinstance(value, dict) or "class_name" in value
    )


def _reduces_values(part) -> bool:
    """Whether a loss or metric gives values of its own alone, and Cello reduces them."""
    cls = type(part)
    if isinstance(part, Loss):
        return all(getattr(cls, n) is getattr(Loss, n) for n in ("__call__", "measure", "_reduce"))
    names = "update_state", "result"
    return isinstance(part, MeanMetricWrapper) and all(
        getattr(cls, n) is getattr(MeanMetricWrapper, n) for n in names
    )


def _known_loss(loss):
    return None if loss is None else losses_module.get(loss)


def _check_metric(metric) -> None:
    if isinstance(metric, str) and metric.lower() not in CHOSEN_BY_SHAPES:
        metrics_module.get(metric)
