"""`Circle`: embeddings of one class near each other, those of others far apart."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.arguments import arg
from cello.core.kinds import boolean, number, optional
from cello.core.masking import set_mask
from cello.core.symbolic import show_shape
from cello.losses.loss import Loss


def circle(
    y_true,
    y_pred,
    ref_labels=None,
    ref_embeddings=None,
    remove_diagonal=True,
    gamma=80,
    margin=0.4,
):
    """The Circle loss of each embedding, compared with all others; see `Circle`.

    Args:
        y_true: labels `(batch,)` or `(batch, 1)`.
        y_pred: embeddings of length 1, `(batch, features)`.
        ref_labels, ref_embeddings: those to compare with; `y_true` and `y_pred` if `None`.
        remove_diagonal: whether an embedding is not compared with itself.
        gamma, margin: see `Circle`.
    """
    y_pred = jnp.asarray(y_pred)
    labels = jnp.asarray(y_true).astype("int32").reshape(-1, 1)
    others = labels if ref_labels is None else jnp.asarray(ref_labels).astype("int32")
    embeddings = y_pred if ref_embeddings is None else jnp.asarray(ref_embeddings)
    apart = jnp.maximum(1 - y_pred @ embeddings.T, 0)
    same = labels == others.reshape(1, -1)
    differ = ~same
    if remove_diagonal:
        same &= ~jnp.eye(same.shape[0], same.shape[1], dtype=bool)
    near = -gamma * jnp.maximum(margin + apart, 0) * (margin - apart)
    far = gamma * jnp.maximum(1 + margin - apart, 0) * (1 - margin - apart)
    values = jax.nn.logsumexp(near, 1, where=same) + jax.nn.logsumexp(far, 1, where=differ)
    losses = jax.nn.softplus(values)  # 0 if a row lacks one of its class, or of another
    set_mask(losses, losses > 0)
    return losses


class Circle(Loss):
    """Embeddings of one class near each other, those of others far apart.

    `log(1 + sum(exp(gamma (1 + m - d) (1 - m - d))) sum(exp(gamma (m + d) (d - m))))`, with
    `d = 1 - cosine` of an embedding and, in the first sum, those of other classes, in the second
    those of its own. The mean is one over the rows that have both, and a loss above 0, as in Keras.

    `y_true` are labels `(batch,)`, `y_pred` embeddings of length 1, `(batch, features)`: end the
    model in `UnitNormalization()`. The rows of a batch are compared with each other: shuffled
    batches with several rows of each class.

    Source: Sun et al. 2020.
    """

    argument_order = "gamma margin remove_diagonal reduction name dtype"
    gamma = arg(80.0, kind=number, doc="The scale of the similarities.")
    margin = arg(0.4, kind=number, doc="`m`: what is nearer, or farther, weighs less.")
    remove_diagonal = arg(
        True, kind=boolean, doc="Whether an embedding is not compared with itself."
    )
    name = arg("circle", kind=optional(str), doc="Name.")

    _function = "circle"
    rows_meet = True

    def call(self, y_true, y_pred):
        options = {n: getattr(self, n) for n in ("gamma", "margin", "remove_diagonal")}
        return circle(y_true, y_pred, **options)

    def check_targets(self, y_true, output_shape) -> None:
        labels, outputs = np.asarray(y_true), tuple(output_shape)
        if len(outputs) != 2 or labels.shape[1:] not in ((), (1,)):
            raise ValueError(
                f"The loss {self.name} takes a label a row, (batch,), and embeddings (batch, "
                f"features), and got {labels.shape} and {show_shape(outputs)}: end the model in "
                "one vector a row, a recurrent layer without return_sequences=True say, and "
                "UnitNormalization()."
            )
        if labels.dtype.kind == "f" and (labels != np.round(labels)).any():
            raise ValueError(f"The loss {self.name} takes integer labels; y holds fractions.")
