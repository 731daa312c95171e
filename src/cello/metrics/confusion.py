"""Metrics of right and wrong positives."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.arguments import arg
from cello.core.kinds import boolean, one_of, positive_integer
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

    _ignored_arguments = {"class_id": (None,), "top_k": (None,)}
    thresholds = arg(None, kind=_thresholds, doc="Least output that counts as positive; 0.5.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # True positives, false positives, false negatives, true negatives. Made before the cuts: a
        # file that asks for too many of them is refused here.
        self.counts = self.add_variable((4, self._count_cuts()), name="counts")
        self._cuts = np.asarray(self._choose_cuts())

    def _count_cuts(self) -> int:
        return 1 if self.thresholds is None else np.size(self.thresholds)

    def _choose_cuts(self):
        return [0.5] if self.thresholds is None else np.ravel(self.thresholds)

    def update_state(self, y_true, y_pred, sample_weight=None):  # type: ignore[override]
        mask = get_mask(y_pred)
        y_true, y_pred = same_rank(*hide_masked_parts(y_true, y_pred, mask))
        _, weights = weigh(y_pred, sample_weight, mask, self.name)
        said = self.chances(y_pred).ravel()[None] > jnp.asarray(self._cuts)[:, None]
        true, weights = (y_true.ravel() > 0.5)[None], weights.ravel()[None]
        counts = [said & true, said & ~true, ~said & true, ~said & ~true]
        self.counts.assign(
            self.counts.value + jnp.stack([jnp.sum(c * weights, axis=1) for c in counts])
        )

    def chances(self, y_pred):
        """The outputs as what is compared with the thresholds."""
        return y_pred

    def _shaped(self, values):
        return values if np.ndim(self.thresholds) else values[0]


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


class Precision(_Confusion):
    """`true positives / (true positives + false positives)`."""

    def result(self):
        tp, fp, _, _ = self.counts.value
        return self._shaped(divide(tp, tp + fp))


class Recall(_Confusion):
    """`true positives / (true positives + false negatives)`."""

    def result(self):
        tp, _, fn, _ = self.counts.value
        return self._shaped(divide(tp, tp + fn))


class AUC(_Confusion):
    """The area under the receiver's operating characteristic, or under precision and recall.

    Counted at `num_thresholds` thresholds; trapezoids for "ROC", and the interpolation of Davis and
    Goadrich 2006 for "PR", as Keras does.
    """

    _ignored_arguments = {
        "label_weights": (None,),
        "multi_label": (False,),
        "num_labels": (None,),
    }
    argument_order = "num_thresholds curve summation_method name dtype thresholds"
    num_thresholds = arg(200, kind=positive_integer, doc="How finely the curve is cut.")
    curve = arg("ROC", kind=one_of("ROC", "PR"), doc='"ROC" or "PR".')
    summation_method = arg(
        "interpolation", kind=one_of("interpolation"), doc='Only "interpolation".'
    )
    thresholds = arg(None, kind=_thresholds, doc="Thresholds, in place of equally spaced ones.")
    from_logits = arg(False, kind=boolean, doc="Whether outputs are logits.")

    def _count_cuts(self):
        n = self.num_thresholds - 2 if self.thresholds is None else np.size(self.thresholds)
        return 2 + max(n, 0)

    def _choose_cuts(self):
        n = self.num_thresholds
        inner = (np.arange(n - 2) + 1) / (n - 1) if self.thresholds is None else self.thresholds
        return np.concatenate([[-1e-7], np.sort(np.ravel(inner)), [1 + 1e-7]])

    def chances(self, y_pred):
        return jax.nn.sigmoid(y_pred) if self.from_logits else y_pred

    def result(self):
        tp, fp, fn, tn = self.counts.value
        if self.curve == "ROC":
            x, y = divide(fp, fp + tn), divide(tp, tp + fn)
            return jnp.sum((x[:-1] - x[1:]) * (y[:-1] + y[1:]) / 2)
        d_tp = tp[:-1] - tp[1:]
        p = jnp.maximum(tp + fp, 0)
        slope = divide(d_tp, jnp.maximum(p[:-1] - p[1:], 0))
        intercept = tp[1:] - slope * p[1:]
        both = (p[:-1] > 0) & (p[1:] > 0)
        ratio = jnp.where(both, divide(p[:-1], jnp.maximum(p[1:], 0)), 1.0)
        gain = slope * (d_tp + intercept * jnp.log(jnp.where(both, ratio, 1.0)))
        return jnp.sum(divide(gain, jnp.maximum(tp[1:] + fn[1:], 0)))
