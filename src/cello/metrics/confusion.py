"""Metrics of right and wrong positives."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from cello.core.arguments import arg
from cello.core.config import epsilon
from cello.core.kinds import boolean, count, fraction, one_of, optional, positive_integer
from cello.core.masking import get_mask
from cello.losses.functions import same_rank
from cello.metrics.metric import Metric, divide, hide_masked_parts, weigh


def _thresholds(value: float | Sequence[float] | None):
    values = [0.5] if value is None else list(np.ravel(value))
    if not all(0 <= v <= 1 for v in values):
        raise ValueError("a number between 0 and 1, or a list of them")
    return value


class _Confusion(Metric):
    """Counts of true and false positives and negatives, at each threshold."""

    thresholds = arg(None, kind=_thresholds, doc="Least output that counts as positive; 0.5.")

    top_k: int | None = None
    class_id: int | None = None
    multi_label = False
    num_labels: int | None = None
    label_weights: list[float] | None = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Made before the cuts: a file that asks for too many of them is refused here.
        if not self.multi_label:
            self._count(())
        elif self.num_labels is not None:
            self._count((self.num_labels,))
        self._cuts = np.asarray(self._choose_cuts())

    def prepare(self, output_shape) -> None:
        if self.multi_label and len(output_shape) < 2:
            raise ValueError(
                f"The metric {self.name} counts each label by itself, and needs outputs of shape "
                f"(batch, ..., labels). Received: outputs of shape {tuple(output_shape)}"
            )
        self._count(output_shape[-1:] if self.multi_label else ())

    def _count(self, labels: tuple[int, ...]) -> None:
        """Have true positives, false positives, false negatives, true negatives, by threshold."""
        if not self.variables:
            self.counts = self.add_variable((4, self._count_cuts(), *labels), name="counts")

    def _count_cuts(self) -> int:
        return 1 if self.thresholds is None else np.size(self.thresholds)

    def _choose_cuts(self):
        if self.thresholds is None:
            return [0.5 if self.top_k is None else -np.inf]
        return np.ravel(self.thresholds)

    def update_state(self, y_true, y_pred, sample_weight=None):  # type: ignore[override]
        mask = get_mask(y_pred)
        y_true, y_pred = same_rank(*hide_masked_parts(y_true, y_pred, mask))
        self.prepare(y_pred.shape)
        _, weights = weigh(y_pred, sample_weight, mask, self.name)
        if self.label_weights is not None and not self.multi_label:
            weights = weights * jnp.asarray(self.label_weights)
        said = self.chances(y_pred)
        if self.top_k is not None:
            said = _only_largest(said, self.top_k)
        if self.class_id is not None:
            _check_class(said.shape, self.class_id, self.name)
            said, y_true, weights = (a[..., self.class_id] for a in (said, y_true, weights))
        form = (-1, said.shape[-1]) if self.multi_label else (-1,)
        said, true, weights = (a.reshape(1, *form) for a in (said, y_true > 0.5, weights))
        said = said > jnp.asarray(self._cuts, said.dtype).reshape(-1, *(1,) * len(form))
        counts = [said & true, said & ~true, ~said & true, ~said & ~true]
        self.counts.assign(
            self.counts.value + jnp.stack([jnp.sum(c * weights, axis=1) for c in counts])
        )

    def chances(self, y_pred):
        """The outputs as what is compared with the thresholds."""
        return y_pred

    def _shaped(self, values):
        return values if np.ndim(self.thresholds) else values[0]


def _only_largest(values, k: int):
    """`values` with minus infinity in place of all but the `k` largest along the last axis."""
    largest = lax.top_k(values, min(k, values.shape[-1]))[1]
    kept = jnp.any(jnp.arange(values.shape[-1]) == largest[..., None], axis=-2)
    return jnp.where(kept, values, -jnp.inf)


def _check_class(shape, class_id: int, whose: str) -> None:
    if len(shape) < 2 or class_id >= shape[-1]:
        raise ValueError(
            f"The metric {whose} with class_id={class_id} needs outputs of shape (batch, ..., "
            f"classes) with at least {class_id + 1} classes. Received: outputs of shape {shape}"
        )


def _class_id():
    return arg(None, kind=optional(count), doc="The one class that counts; all where None.")


class TruePositives(_Confusion):
    """The number of positives that were called so."""

    def result(self):
        return self._shaped(self.counts.value[0])


class FalsePositives(_Confusion):
    """The number of negatives that were called positive."""

    def result(self):
        return self._shaped(self.counts.value[1])


class FalseNegatives(_Confusion):
    """The number of positives that were called negative."""

    def result(self):
        return self._shaped(self.counts.value[2])


class TrueNegatives(_Confusion):
    """The number of negatives that were called so."""

    def result(self):
        return self._shaped(self.counts.value[3])


def precision(counts):
    tp, fp, _, _ = counts
    return divide(tp, tp + fp)


def recall(counts):
    tp, _, fn, _ = counts
    return divide(tp, tp + fn)


def specificity(counts):
    _, fp, _, tn = counts
    return divide(tn, tn + fp)


class _OfPositives(_Confusion):
    argument_order = "thresholds top_k class_id name dtype"
    thresholds = arg(
        None, kind=_thresholds,
        doc="Least output that counts as positive; 0.5, or none with `top_k`.",
    )  # fmt: skip
    top_k = arg(
        None, kind=optional(positive_integer),
        doc="How many of the largest outputs of a row or step can be positive; all where None.",
    )  # fmt: skip
    class_id = _class_id()


class Precision(_OfPositives):
    """`true positives / (true positives + false positives)`."""

    def result(self):
        return self._shaped(precision(self.counts.value))


class Recall(_OfPositives):
    """`true positives / (true positives + false negatives)`."""

    def result(self):
        return self._shaped(recall(self.counts.value))


class _AtLeast(_Confusion):
    """The best of one rate, over all thresholds at which another has at least some value."""

    argument_order = "num_thresholds class_id name dtype"
    num_thresholds = arg(200, kind=positive_integer, doc="How many thresholds are tried.")
    class_id = _class_id()
    thresholds = None

    bound: str
    """The argument that says how much the other rate must be."""

    def _count_cuts(self):
        return self.num_thresholds

    def _choose_cuts(self):
        n = self.num_thresholds
        return [0.5] if n == 1 else np.arange(n) / (n - 1)

    def rates(self, counts):
        """What is to be large, and what has to reach the bound, at each threshold."""
        raise NotImplementedError

    def result(self):
        wanted, bounded = self.rates(self.counts.value)
        return jnp.max(jnp.where(bounded >= getattr(self, self.bound), wanted, 0))


def _bound(doc: str):
    return arg(kind=fraction, doc=doc)


class PrecisionAtRecall(_AtLeast):
    """The greatest precision over all thresholds at which the recall is at least `recall`.

    `precision = TP / (TP + FP)`, `recall = TP / (TP + FN)`; 0 where no threshold reaches it.
    """

    bound = "recall"
    recall = _bound("The recall that is asked for.")

    def rates(self, counts):
        return precision(counts), recall(counts)


class RecallAtPrecision(_AtLeast):
    """The greatest recall over all thresholds at which the precision is at least `precision`.

    `precision = TP / (TP + FP)`, `recall = TP / (TP + FN)`; 0 where no threshold reaches it.
    """

    bound = "precision"
    precision = _bound("The precision that is asked for.")

    def rates(self, counts):
        return recall(counts), precision(counts)


class SensitivityAtSpecificity(_AtLeast):
    """The greatest sensitivity over all thresholds with a specificity of at least `specificity`.

    `sensitivity = TP / (TP + FN)`, `specificity = TN / (TN + FP)`; 0 where no threshold reaches it.
    """

    bound = "specificity"
    specificity = _bound("The specificity that is asked for.")

    def rates(self, counts):
        return recall(counts), specificity(counts)


class SpecificityAtSensitivity(_AtLeast):
    """The greatest specificity over all thresholds with a sensitivity of at least `sensitivity`.

    `sensitivity = TP / (TP + FN)`, `specificity = TN / (TN + FP)`; 0 where no threshold reaches it.
    """

    bound = "sensitivity"
    sensitivity = _bound("The sensitivity that is asked for.")

    def rates(self, counts):
        return specificity(counts), recall(counts)


def _label_weights(value: Sequence[float]):
    weights = np.asarray(value, "float32")
    if weights.ndim != 1 or not weights.size or not (weights >= 0).all():
        raise ValueError("a list of numbers, none of them negative")
    return weights.tolist()


def _curve(value: str):
    return one_of(*_CURVES)(value.upper() if isinstance(value, str) else value)


class AUC(_Confusion):
    """The area under a curve, from threshold to threshold.

    "ROC" is the receiver's operating characteristic: `TP / (TP + FN)` over `FP / (FP + TN)`; "PR"
    precision over recall; "PRGAIN" `1 - r FP / TP` over `1 - r FN / TP`, with `r` the ratio of
    positives to negatives (Flach and Kull 2015). Between two thresholds a curve is as high as the
    mean of its ends, under "minoring" the lower of them, under "majoring" the higher; "PR" with
    "interpolation" is that of Davis and Goadrich 2006.

    With `multi_label`, each label, a place of the last axis, has an area of its own, and their mean
    is the result; else all elements are samples alike.
    """

    argument_order = (
        "num_thresholds curve summation_method name dtype thresholds multi_label num_labels "
        "label_weights from_logits"
    )
    num_thresholds = arg(200, kind=positive_integer, doc="How finely the curve is cut.")
    curve = arg("ROC", kind=_curve, doc='"ROC", "PR" or "PRGAIN"; see above.')
    summation_method = arg(
        "interpolation", kind=one_of("interpolation", "minoring", "majoring"),
        doc="How high a curve is between two thresholds; see above.",
    )  # fmt: skip
    thresholds = arg(None, kind=_thresholds, doc="Thresholds, in place of equally spaced ones.")
    multi_label = arg(False, kind=boolean, doc="Whether each label has an area of its own.")
    num_labels = arg(
        None, kind=optional(positive_integer), doc="How many there are; by the outputs where None."
    )
    label_weights = arg(
        None, kind=optional(_label_weights),
        doc="Weights of the labels, in the mean of their areas or among all samples.",
    )  # fmt: skip
    from_logits = arg(False, kind=boolean, doc="Whether outputs are logits.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.num_labels and not self.multi_label:
            raise ValueError("AUC: num_labels is for multi_label=True. Leave it out.")

    def _count_cuts(self):
        n = self.num_thresholds - 2 if self.thresholds is None else np.size(self.thresholds)
        return 2 + max(n, 0)

    def _choose_cuts(self):
        n = self.num_thresholds
        inner = (np.arange(n - 2) + 1) / (n - 1) if self.thresholds is None else self.thresholds
        return np.concatenate([[-epsilon()], np.sort(np.ravel(inner)), [1 + epsilon()]])

    def chances(self, y_pred):
        return jax.nn.sigmoid(y_pred) if self.from_logits else y_pred

    def result(self):
        areas = self._areas(self.counts.value)
        if not self.multi_label or self.label_weights is None:
            return jnp.mean(areas)
        weights = jnp.asarray(self.label_weights)
        return divide(jnp.sum(areas * weights), jnp.sum(weights))

    def _areas(self, counts):
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _area_of_precision(counts)
        x, y = _CURVES[self.curve](counts)
        mean = {"minoring": jnp.minimum, "majoring": jnp.maximum}.get(
            self.summation_method, lambda a, b: (a + b) / 2
        )
        return jnp.sum((x[:-1] - x[1:]) * mean(y[:-1], y[1:]), axis=0)


def _gains(counts):
    """Gain of recall and of precision; 0 and 1 where there is no true positive."""
    tp, fp, fn, tn = counts
    ratio = divide(tp + fn, tn + fp)
    gain_of_recall = jnp.where(tp == 0, 0.0, 1 - ratio * divide(fn, tp))
    return jnp.maximum(gain_of_recall, 0), jnp.where(tp == 0, 1.0, 1 - ratio * divide(fp, tp))


_CURVES = {
    "ROC": lambda counts: (divide(counts[1], counts[1] + counts[3]), recall(counts)),
    "PR": lambda counts: (recall(counts), precision(counts)),
    "PRGAIN": _gains,
}


def _area_of_precision(counts):
    tp, fp, fn, _ = counts
    d_tp = tp[:-1] - tp[1:]
    p = jnp.maximum(tp + fp, 0)
    slope = divide(d_tp, jnp.maximum(p[:-1] - p[1:], 0))
    intercept = tp[1:] - slope * p[1:]
    both = (p[:-1] > 0) & (p[1:] > 0)
    ratio = jnp.where(both, divide(p[:-1], jnp.maximum(p[1:], 0)), 1.0)
    gain = slope * (d_tp + intercept * jnp.log(jnp.where(both, ratio, 1.0)))
    return jnp.sum(divide(gain, jnp.maximum(tp[1:] + fn[1:], 0)), axis=0)
