"""Metrics of each class or output over all data: F-scores, and the coefficient of determination."""

from __future__ import annotations

import jax.numpy as jnp

from cello.core.arguments import arg
from cello.core.config import epsilon
from cello.core.kinds import count, one_of, optional, positive
from cello.core.masking import get_mask
from cello.core.variable import Variable
from cello.losses.functions import same_rank
from cello.metrics.metric import Metric, divide, hide_masked_parts, weigh


class _ByColumn(Metric):
    """Sums over all rows and steps, for each place of the last axis."""

    sums: tuple[str, ...]
    """Their names."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.kept: dict[str, Variable] = {}

    def prepare(self, output_shape) -> None:
        if self.kept:
            return
        if len(output_shape) < 2:
            raise ValueError(
                f"The metric {self.name} needs outputs of shape (batch, ..., features). Received: "
                f"outputs of shape {tuple(output_shape)}"
            )
        self.kept = {name: self.add_variable(output_shape[-1:], name=name) for name in self.sums}

    def columns(self, y_true, y_pred, sample_weight):
        """Targets, outputs, their weights, and which of them are real: `(rows or steps, n)`."""
        mask = get_mask(y_pred)
        y_true, y_pred = same_rank(*hide_masked_parts(y_true, y_pred, mask))
        self.prepare(y_pred.shape)
        _, weights = weigh(y_pred, sample_weight, mask, self.name)
        _, real = weigh(y_pred, None, mask, self.name)
        y_true = jnp.broadcast_to(y_true, y_pred.shape)
        return (a.reshape(-1, a.shape[-1]) for a in (y_true, y_pred, weights, real))


def _threshold(value: float):
    if not 0 < positive(value) <= 1:
        raise ValueError("a number above 0 and up to 1")
    return value


class FBetaScore(_ByColumn):
    """`(1 + beta^2) * precision * recall / (beta^2 * precision + recall)`, for each class.

    Outputs and targets are `(batch, ..., classes)`, targets one-hot or several at once; steps of
    sequences count as rows do. `average` makes one number of the classes': their mean ("macro"),
    the mean by the number of targets of each ("weighted"), or the score of all of their counts
    together ("micro"). van Rijsbergen 1979.
    """

    argument_order = "average beta threshold name dtype"
    average = arg(
        None, kind=one_of(None, "micro", "macro", "weighted"), doc="See above; None: one a class."
    )
    beta = arg(1.0, kind=positive, doc="How much more recall counts than precision.")
    threshold = arg(
        None, kind=optional(_threshold),
        doc="Outputs above it count as positive; the largest of a row or step where None.",
    )  # fmt: skip
    name = arg("fbeta_score", kind=optional(str), doc="Name.")

    sums = ("true_positives", "false_positives", "false_negatives", "targets")

    def update_state(self, y_true, y_pred, sample_weight=None):  # type: ignore[override]
        true, outputs, weights, _ = self.columns(y_true, y_pred, sample_weight)
        if self.threshold is None:
            largest = outputs == jnp.max(outputs, axis=-1, keepdims=True)
            said = largest & (jnp.abs(outputs) > 1e-9)  # no class where all are 0
        else:
            said = outputs > self.threshold
        found = said * true, said * (1 - true), (1 - said) * true, true
        for variable, values in zip(self.kept.values(), found, strict=True):
            variable.assign(variable.value + jnp.sum(values * weights, axis=0))

    def result(self):
        tp, fp, fn, targets = (variable.value for variable in self.kept.values())
        if self.average == "micro":
            tp, fp, fn = jnp.sum(tp), jnp.sum(fp), jnp.sum(fn)
        precision, recall = tp / (tp + fp + epsilon()), tp / (tp + fn + epsilon())
        square = self.beta**2
        scores = (1 + square) * precision * recall / (square * precision + recall + epsilon())
        if self.average == "weighted":
            return jnp.sum(scores * targets / (jnp.sum(targets) + epsilon()))
        return scores if self.average is None else jnp.mean(scores)


class F1Score(FBetaScore):
    """`2 * precision * recall / (precision + recall)`, for each class.

    See `FBetaScore`, of which it is that with `beta=1`.
    """

    beta = 1.0
    name = arg("f1_score", kind=optional(str), doc="Name.")


class R2Score(_ByColumn):
    """`1 - sum((y_true - y_pred)^2) / sum((y_true - mean(y_true))^2)`, for each output.

    Outputs and targets are `(batch, ..., outputs)`; steps of sequences count as rows do. One number
    is made of those of the outputs by their mean, or the mean by the variance of each. With
    `num_regressors=p`, `1 - (1 - R2) * (n - 1) / (n - p - 1)` for `n` numbers in the targets, if
    there are enough of them. The mean and the squares are gathered batch by batch, as in Chan,
    Golub and LeVeque 1983, so that targets far from 0 lose no digits.
    """

    argument_order = "class_aggregation num_regressors name dtype"
    class_aggregation = arg(
        "uniform_average", kind=one_of("uniform_average", "variance_weighted_average", None),
        doc="See above; None: one number an output.",
    )  # fmt: skip
    num_regressors = arg(0, kind=count, doc="Inputs of the regression; see above.")
    name = arg("r2_score", kind=optional(str), doc="Name.")

    sums = ("count", "mean", "squares", "residual", "samples")

    def update_state(self, y_true, y_pred, sample_weight=None):  # type: ignore[override]
        true, outputs, weights, real = self.columns(y_true, y_pred, sample_weight)
        before, mean_before, squares, residual, samples = (v.value for v in self.kept.values())
        count = jnp.sum(weights, axis=0)
        mean = divide(jnp.sum(true * weights, axis=0), count)
        apart, share = mean - mean_before, divide(count, before + count)
        new = (
            before + count,
            mean_before + apart * share,
            squares
            + jnp.sum(jnp.square(true - mean) * weights, axis=0)
            + jnp.square(apart) * before * share,
            residual + jnp.sum(jnp.square(true - outputs) * weights, axis=0),
            samples + jnp.sum(real, axis=0),
        )
        for variable, value in zip(self.kept.values(), new, strict=True):
            variable.assign(value)

    def result(self):
        _, _, squares, residual, samples = (variable.value for variable in self.kept.values())
        scores = 1 - residual / squares
        scores = jnp.where(jnp.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = jnp.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = jnp.sum(scores * squares) / jnp.sum(squares)
        if not self.num_regressors:
            return scores
        n = jnp.sum(samples)
        free = n - self.num_regressors - 1
        adjusted = 1 - (1 - scores) * (n - 1) / jnp.where(free > 0, free, 1)
        return jnp.where(free > 0, adjusted, scores)
