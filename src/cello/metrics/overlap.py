"""Metrics of the overlap of classes: intersection over union."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp

from cello.core.arguments import arg
from cello.core.kinds import boolean, count, integer, number, optional, positive_integer
from cello.core.masking import get_mask
from cello.metrics.metric import Metric, divide, hide_masked_parts, weigh


def _classes(value: Sequence[int]):
    if isinstance(value, (int, str)) or not value:
        raise ValueError("a list of classes, at least one")
    return [count(v) for v in value]


def _dense(doc: str):
    return arg(True, kind=boolean, doc=doc)


class IoU(Metric):
    """`TP / (TP + FP + FN)` of a class, the overlap of what is it with what is called so.

    Counted in a matrix of targets and outputs; the mean over `target_class_ids`, of those that came
    up at all. Targets and outputs are classes, or a number for each class along `axis`, of which
    the largest counts. Jaccard 1901.
    """

    argument_order = (
        "num_classes target_class_ids name dtype ignore_class sparse_y_true sparse_y_pred axis"
    )
    num_classes = arg(kind=positive_integer, doc="How many classes there are.")
    target_class_ids = arg(kind=_classes, doc="The classes whose overlap is wanted.")
    ignore_class = arg(None, kind=optional(integer), doc="A target that counts nothing.")
    sparse_y_true = _dense("Whether targets are classes, not a number for each.")
    sparse_y_pred = _dense("Whether outputs are classes, not a number for each.")
    axis = arg(-1, kind=integer, doc="The axis of the classes, where there is one.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        strange = [c for c in self.target_class_ids or () if not 0 <= c < self.num_classes]
        if strange:
            raise ValueError(
                f"{type(self).__name__}: target_class_ids are classes from 0 to "
                f"{self.num_classes - 1}, as num_classes={self.num_classes} says. Received: "
                f"{strange}"
            )
        self.matrix = self.add_variable((self.num_classes,) * 2, name="total_confusion_matrix")

    def update_state(self, y_true, y_pred, sample_weight=None):  # type: ignore[override]
        mask = get_mask(y_pred)
        true, said = hide_masked_parts(y_true, y_pred, mask)
        said = self.called(said)
        true = true if self.sparse_y_true else jnp.argmax(true, self.axis)
        true = jnp.reshape(true, said.shape)
        _, weights = weigh(said, sample_weight, mask, self.name)
        place = true.astype("int32").ravel(), said.astype("int32").ravel()
        counts = jnp.all((jnp.stack(place) >= 0) & (jnp.stack(place) < self.num_classes), axis=0)
        if self.ignore_class is not None:
            counts = counts & (place[0] != self.ignore_class)
        weights = jnp.where(counts, weights.ravel(), 0.0)
        self.matrix.assign(self.matrix.value.at[place].add(weights))

    def called(self, y_pred):
        """The classes that the outputs say."""
        return y_pred if self.sparse_y_pred else jnp.argmax(y_pred, self.axis)

    def result(self):
        matrix = self.matrix.value
        right = jnp.diagonal(matrix)
        union = jnp.sum(matrix, 0) + jnp.sum(matrix, 1) - right
        chosen = jnp.asarray(self.chosen_classes())
        right, union = right[chosen], union[chosen]
        return divide(jnp.sum(divide(right, union)), jnp.sum(union > 0))

    def chosen_classes(self) -> list[int]:
        return self.target_class_ids


class BinaryIoU(IoU):
    """`TP / (TP + FP + FN)` for two classes: 1 for outputs of at least `threshold`, else 0."""

    argument_order = "target_class_ids threshold name dtype"
    num_classes = 2
    ignore_class = None
    sparse_y_true = sparse_y_pred = True
    axis = -1
    target_class_ids = arg((0, 1), kind=_classes, doc="The classes whose overlap is wanted.")
    threshold = arg(0.5, kind=number, doc="The least output that is class 1.")

    def called(self, y_pred):
        return y_pred >= self.threshold


class MeanIoU(IoU):
    """The mean of `TP / (TP + FP + FN)` over all classes that came up; see `IoU`."""

    target_class_ids = None

    def chosen_classes(self) -> list[int]:
        return list(range(self.num_classes))


def _for_each_class():
    return arg(False, kind=boolean, doc="Whether outputs are classes, not a number for each.")


class OneHotIoU(IoU):
    """`IoU` of one-hot targets."""

    sparse_y_true = False
    sparse_y_pred = _for_each_class()


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot targets."""

    sparse_y_true = False
    sparse_y_pred = _for_each_class()
