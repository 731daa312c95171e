"""Connectionist temporal classification: labels whose place in the sequence is not known."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import optax

from cello.core.arguments import arg
from cello.core.kinds import one_of, optional
from cello.core.masking import get_mask
from cello.core.symbolic import show_shape
from cello.losses.loss import REDUCTIONS, Loss, hide


def ctc(y_true, y_pred):
    """`-log p(y_true)`, the sum over all ways to spread the labels over the steps.

    A way gives each step a label or the blank, class 0; without its repetitions and then without
    its blanks it is `y_true`::

        p(y) = sum over ways z of prod_t softmax(y_pred_t)[z_t]

    Args:
        y_true: integers `(batch, labels)`, with zeros behind the labels of a shorter row. As in
            Keras, a row with `n` of them that are not 0 has its first `n` as labels.
        y_pred: logits `(batch, time, classes)`. The mask that travels with them says which steps
            count, in any pattern.

    Returns:
        An array `(batch,)`. Labels for which there are too few steps (each label needs one, and one
        more where it is that of before) have a loss of about 1e5 or more, in place of infinity.

    Source: Graves, Fernández, Gomez and Schmidhuber 2006.
    """
    mask = get_mask(y_pred)
    y_true, y_pred = jnp.asarray(y_true), jnp.asarray(y_pred)
    _check(y_true.shape, y_pred.shape)
    if mask is None:
        mask = jnp.ones(y_pred.shape[:2], bool)
    mask = jnp.asarray(mask, bool)
    y_pred = hide(y_pred, mask).astype(jnp.promote_types(y_pred.dtype, "float32"))
    labels = y_true.astype(jnp.int32)
    return optax.losses.ctc_loss(  # which counts the labels that are not padding, and takes so many
        y_pred, jnp.where(mask, 0.0, 1.0), labels, jnp.where(labels == 0, 1.0, 0.0)
    )


class CTC(Loss):
    """Connectionist temporal classification (CTC), as in speech and handwriting recognition.

    The labels of a sequence are known, and not the steps to which they belong::

        loss = -log p(y_true)
        p(y) = sum over ways z of prod_t softmax(y_pred_t)[z_t]

    A way `z` gives each step a label or the blank, class 0; without its repetitions and then
    without its blanks it is `y`. `y_true` are integers `(batch, labels)` from 1 on, with zeros
    behind them where a row has fewer (`fit` also takes a list of arrays of different lengths);
    `y_pred` are logits `(batch, time, classes)`. Only the steps count that the mask of `y_pred`
    leaves. One loss for each row; rows without a real step count nothing.

    Other libraries: Keras' loss of this name has the same conventions, but counts every step,
    masked or not, and trains on labels with a 0 before or between them, which `fit` refuses here.
    PyTorch's `CTCLoss` takes log-probabilities `(time, batch, classes)` and divides each loss by
    the number of labels; its blank is class 0 as well. TensorFlow's
    `tf.keras.backend.ctc_batch_cost` takes probabilities, and its blank is the last class. Where
    there are too few steps for the labels, PyTorch's loss is infinite, and this one about 1e5 or
    more, as that of Keras.

    `cello.ops.ctc_decode` finds the labels.

    Source: Graves, Fernández, Gomez and Schmidhuber 2006.
    """

    reduction = arg(
        "sum_over_batch_size", kind=one_of(*REDUCTIONS), doc="The mean over the rows, their sum, "
        "the mean by the weights, or none.",
    )  # fmt: skip
    name = arg("ctc", kind=optional(str), doc="Name.")

    own_lengths = True
    _function = "ctc"

    def __call__(self, y_true, y_pred, sample_weight=None):
        mask = get_mask(y_pred)
        rows = None if mask is None else jnp.any(jnp.asarray(mask, bool), axis=1)
        return self._reduce(self._cast(ctc(y_true, y_pred)), sample_weight, rows)

    def check_targets(self, y_true, output_shape) -> None:
        labels, classes = np.asarray(y_true), output_shape[-1]
        _check(labels.shape, tuple(output_shape))
        if labels.size and (labels.min() < 0 or labels.max() >= classes):
            raise ValueError(
                f"The loss {self.name}: labels must be from 1 to {classes - 1}, since the output "
                f"has {classes} classes and class 0 is the blank; y holds labels from "
                f"{labels.min()} to {labels.max()}. Where they start at 0, add 1 to them."
            )
        if ((labels[:, :-1] == 0) & (labels[:, 1:] != 0)).any():
            raise ValueError(
                f"The loss {self.name}: class 0 is the blank, and y has a 0 in front of a label. "
                "Zeros stand behind the labels of a row; where labels start at 0, add 1 to them."
            )
        if labels.dtype.kind == "f" and (labels != np.round(labels)).any():
            raise ValueError(f"The loss {self.name} takes integer labels; y holds fractions.")


def _check(labels, outputs) -> None:
    if len(labels) != 2 or len(outputs) != 3:
        raise ValueError(
            "The loss ctc takes integer labels of shape (batch, labels) and logits of shape "
            f"(batch, time, classes), and got {show_shape(labels)} and {show_shape(outputs)}: give "
            "the recurrent layers return_sequences=True, and the last layer one unit a class and "
            "one for the blank."
        )
