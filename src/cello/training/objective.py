"""What training minimises and reports: losses, weights and metrics over a model's outputs."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cello import losses as losses_module
from cello import metrics as metrics_module


class Objective:
    """Losses and metrics as `compile` takes them, spread over the outputs of a model.

    Args:
        loss, loss_weights, metrics, weighted_metrics: as for `Model.compile`.
    """

    def __init__(self, loss=None, loss_weights=None, metrics=None, weighted_metrics=None):
        # Refuse unknown names now, not when training starts.
        self.loss = jax.tree.map(_known_loss, loss, is_leaf=_is_single)
        self.loss_weights = loss_weights
        self.metrics = metrics
        self.weighted_metrics = weighted_metrics
        for given in (metrics, weighted_metrics):
            jax.tree.map(_check_metric, given, is_leaf=_is_single)
        self.names: list[str] = []

    def resolve(self, outputs, targets, output_names: list[str]) -> None:
        """Assign losses and metrics to the outputs, once their shapes are known.

        Args:
            outputs: tree of the shapes and dtypes of the outputs.
            targets: tree of the same form for the targets, or `None`.
            output_names: names of the outputs, for a model that has them.
        """
        flat = jax.tree.leaves(outputs)
        names = _names_of(outputs, output_names)
        if self.names == names:
            return
        self.names = names
        self.losses = self._spread(self.loss, "loss")
        self.weights = self._spread(self.loss_weights, "loss_weights", default=1.0)
        true: list[Any] = [None] * len(flat)
        if targets is not None:
            true = self.flat_targets(targets, outputs)
        self.trackers = {"loss": metrics_module.Mean(name="loss")}
        if len(names) > 1:
            for name, loss in zip(names, self.losses, strict=True):
                if loss is not None:
                    self.trackers[f"{name}_loss"] = metrics_module.Mean(name=f"{name}_loss")
        self.measured: list[tuple[str, int, Any, bool]] = []
        for given, weighted in ((self.metrics, False), (self.weighted_metrics, True)):
            for i, several in enumerate(self._spread_metrics(given)):
                for metric in several:
                    metric = metrics_module.resolve(
                        metric, None if true[i] is None else true[i].shape, flat[i].shape
                    )
                    label = metric.name
                    if weighted and any(i == j and m.name == label for _, j, m, _ in self.measured):
                        label = f"weighted_{label}"
                    label = f"{names[i]}_{label}" if len(names) > 1 else label
                    self.measured.append((label, i, metric, weighted))

    def losses_of(self, outputs, output_names: list[str]) -> list[Any]:
        """The loss of each output, or `None`, before `resolve`; see there."""
        return self._spread(self.loss, "loss", names=_names_of(outputs, output_names))

    @property
    def has_own_lengths(self) -> bool:
        """Whether some loss takes targets whose lengths are not those of the outputs."""
        losses = jax.tree.leaves(self.loss, is_leaf=_is_single)
        return any(loss is not None and loss.own_lengths for loss in losses)

    def step_targets(self, targets: list[Any]) -> list[Any]:
        """`targets`, one for each output, without those that are not one for each step."""
        return [
            None if loss is not None and loss.own_lengths else target
            for target, loss in zip(targets, self.losses, strict=True)
        ]

    def check_pieces(self, where: str) -> None:
        """Refuse losses that need a whole sequence, for training on pieces of it."""
        for loss in self.losses:
            if loss is not None and loss.own_lengths:
                raise ValueError(
                    f"{where}: the loss {loss.name} compares labels with a whole sequence, and "
                    "tbptt cuts it into pieces: leave tbptt out. RNN(remat=...) saves memory too."
                )

    @property
    def labels(self) -> list[str]:
        """The names of the results, in order: the loss first."""
        return [*self.trackers, *(label for label, _, _, _ in self.measured)]

    @property
    def variables(self):
        """The variables of all metrics."""
        metrics = [*self.trackers.values(), *(m for _, _, m, _ in self.measured)]
        return list(dict.fromkeys(v for m in metrics for v in m.variables))

    def reset(self) -> None:
        for metric in (*self.trackers.values(), *(m for _, _, m, _ in self.measured)):
            metric.reset_state()

    def results(self) -> dict[str, Any]:
        """What the metrics say now, by name."""
        found = {name: tracker.result() for name, tracker in self.trackers.items()}
        found.update({label: metric.result() for label, _, metric, _ in self.measured})
        return found

    def flat_targets(self, targets, outputs) -> list[Any]:
        """One target for each output, matched by place or by name."""
        names = self.names
        if isinstance(targets, dict):
            unknown = sorted(set(targets) - set(names))
            if unknown:
                raise ValueError(f"y has the keys {sorted(targets)}; the outputs are {names}.")
            return [targets.get(name) for name in names]
        flat = list(targets) if isinstance(targets, (list, tuple)) else [targets]
        if len(flat) != len(names):
            raise ValueError(
                f"The model has {len(names)} output(s), {names}, and y has {len(flat)}: pass a "
                "list with one array for each, in this order, or a dict by name."
            )
        return flat

    def check_targets(self, targets, outputs) -> None:
        """Refuse targets that a loss cannot take, before any work is done."""
        if targets is None:
            return
        pairs = zip(
            self.flat_targets(targets, outputs), self.losses, jax.tree.leaves(outputs), strict=True
        )
        for target, loss, output in pairs:
            if target is not None and loss is not None:
                loss.check_targets(target, output.shape)

    def total_loss(self, targets, outputs, weights):
        """The weighted sum of the losses, and each by itself."""
        flat = jax.tree.leaves(outputs)
        true = self.flat_targets(targets, outputs) if targets is not None else [None] * len(flat)
        weights = self._flat_weights(weights)
        total, parts = jnp.zeros(()), {}
        for i, (loss, factor) in enumerate(zip(self.losses, self.weights, strict=True)):
            if loss is None:
                continue
            if true[i] is None:
                raise ValueError(f"Output '{self.names[i]}' has a loss and y has nothing for it.")
            parts[self.names[i]] = value = loss(true[i], flat[i], sample_weight=weights[i])
            total = total + factor * value
        return total, parts

    def update(self, total, parts, targets, outputs, weights, rows: int) -> None:
        """Count one batch in the metrics."""
        self.trackers["loss"].update_state(total, sample_weight=rows)
        for name, value in parts.items():
            if f"{name}_loss" in self.trackers:
                self.trackers[f"{name}_loss"].update_state(value, sample_weight=rows)
        flat, weights = jax.tree.leaves(outputs), self._flat_weights(weights)
        true = self.flat_targets(targets, outputs) if targets is not None else [None] * len(flat)
        for _, i, metric, weighted in self.measured:
            metric.update_state(true[i], flat[i], sample_weight=weights[i] if weighted else None)

    def _flat_weights(self, weights) -> list[Any]:
        names = self.names
        if isinstance(weights, dict):
            return [weights.get(name) for name in names]
        if isinstance(weights, (list, tuple)):
            return list(weights)
        return [weights] * len(names)

    def _spread(self, given, what: str, default=None, names=None) -> list[Any]:
        names = names or self.names
        if isinstance(given, dict):
            unknown = sorted(set(given) - set(names))
            if unknown:
                raise ValueError(f"{what} names the outputs {unknown}; the model has {names}.")
            return [given.get(name, default) for name in names]
        if isinstance(given, (list, tuple)):
            if len(given) != len(names):
                raise ValueError(f"{what} has {len(given)} entries for the outputs {names}.")
            return [default if g is None else g for g in given]
        return [default if given is None else given] * len(names)

    def _spread_metrics(self, given) -> list[list[Any]]:
        """A list of metrics for each output."""
        names = self.names
        if given is None:
            return [[] for _ in names]
        if isinstance(given, dict) or (
            len(names) > 1 and any(isinstance(g, (list, tuple)) for g in given)
        ):
            per_output = self._spread(given, "metrics", default=[])
        else:
            per_output = [given] * len(names)
        return [list(m) if isinstance(m, (list, tuple)) else [m] for m in per_output]


def _names_of(outputs, output_names: list[str]) -> list[str]:
    flat = jax.tree.leaves(outputs)
    if isinstance(outputs, dict):
        return sorted(outputs)
    if len(output_names) == len(flat):
        return list(output_names)
    return [f"output_{i}" for i in range(len(flat))]


def _is_single(value) -> bool:
    return not isinstance(value, (list, tuple)) and (
        not isinstance(value, dict) or "class_name" in value
    )


def _known_loss(loss):
    return None if loss is None else losses_module.get(loss)


def _check_metric(metric) -> None:
    if isinstance(metric, str) and metric not in ("accuracy", "acc", "crossentropy", "ce"):
        metrics_module.get(metric)
