"""`Attention` and `AdditiveAttention`: a sequence that looks at another."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cello.core.arguments import arg
from cello.core.dtype_policy import widen
from cello.core.kinds import boolean, fraction, integer, one_of, optional
from cello.core.layer import Layer
from cello.core.random import SeedGenerator
from cello.core.symbolic import show_shape
from cello.layers.dropout import drop
from cello.ops.recurrence import hide_masked


class ScoredAttention(Layer):
    """Base of both: `weights = softmax(scores(query, key))`, `output = weights @ value`.

    Call arguments:
        inputs: list `[query, value]` or `[query, value, key]`, of the shapes
            `(batch, query_time, features)`, `(batch, time, features)` and
            `(batch, time, features)`; the key is the value where it is left out.
        mask: list `[query_mask, value_mask]` of booleans `(batch, query_time)` and
            `(batch, time)`; those that travel with the inputs where `None`. Masked steps of the
            value get no weight; the output is zero at masked steps of the query.
        training: whether dropout acts.
        return_attention_scores: whether to return the weights as well,
            `(batch, query_time, time)`.
        use_causal_mask: whether step `i` sees only the steps up to `i`.

    Output `(batch, query_time, features of the value)`.
    """

    argument_order = "use_scale"
    use_scale = arg(False, kind=boolean, doc="Whether a trained weight scales the scores.")
    dropout = arg(0.0, kind=fraction, doc="Fraction of the weights to drop in training.")
    seed = arg(None, kind=optional(integer), doc="Seed of the dropout.")

    supports_masking = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seed_generator: Any = SeedGenerator(self.seed) if self.dropout > 0 else None

    def scores(self, query, key):
        """The scores `(batch, query_time, time)`, before the softmax."""
        raise NotImplementedError

    def call(
        self,
        inputs,
        mask=None,
        training=False,
        return_attention_scores=False,
        use_causal_mask=False,
    ):
        query, value, key = self._three(inputs)
        query_mask, value_mask = (mask[0], mask[1]) if mask else (None, None)
        scores = self.scores(hide_masked(query, query_mask), hide_masked(key, value_mask))
        scores = widen(scores)
        if value_mask is not None:
            scores = jnp.where(jnp.asarray(value_mask, bool)[:, None, :], scores, -1e9)
        if use_causal_mask:
            steps, others = jnp.arange(scores.shape[1]), jnp.arange(scores.shape[2])
            scores = jnp.where(steps[:, None] >= others, scores, -1e9)
        weights = jax.nn.softmax(scores, axis=-1).astype(value.dtype)
        if training and self.dropout > 0:
            weights = drop(weights, self.dropout, self.seed_generator.next())
        outputs = hide_masked(weights @ hide_masked(value, value_mask), query_mask)
        return (outputs, weights) if return_attention_scores else outputs

    def why_not_in_pieces(self, arguments):
        if not all(isinstance(x.shape[1], int) for x in arguments["inputs"][1:]):
            return "each step of the query looks at the whole value."
        return None

    def compute_mask(self, inputs, previous_mask=None):
        return previous_mask[0] if previous_mask else None

    def _three(self, inputs):
        if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
            raise ValueError(
                f"{self} expects a list [query, value] or [query, value, key], and got "
                + (f"{len(inputs)} inputs." if isinstance(inputs, (list, tuple)) else "one tensor.")
            )
        query, value = inputs[:2]
        key = inputs[2] if len(inputs) == 3 else value
        shapes = [show_shape(t.shape) for t in (query, value, key)]
        if any(len(s) != 3 for s in shapes) or shapes[0][-1] != shapes[2][-1]:
            raise ValueError(
                f"{self} expects query, value and key of shape (batch, time, features), with as "
                f"many features in the key as in the query, and got {shapes}."
            )
        rows = {s[0] for s in shapes if s[0] is not None}
        steps = {s[1] for s in shapes[1:] if s[1] is not None}
        if len(rows) > 1 or len(steps) > 1:
            raise ValueError(
                f"{self} expects query, value and key of as many rows, and value and key of as "
                f"many steps, and got {shapes}."
            )
        return query, value, key


class Attention(ScoredAttention):
    """Dot-product attention (Luong): `scores = query @ key^T`.

    With `use_scale` the scores are multiplied by the weight `scale`, a number. With
    `score_mode="concat"`, `scores = c * sum(tanh(scale * (query + key)))` with a weight `c`.
    Source: Luong, Pham, Manning, 2015.
    """

    score_mode = arg("dot", kind=one_of("dot", "concat"), doc='"dot" or "concat".')

    def build(self, input_shape):
        self.scale = self.add_weight((), "ones", name="scale") if self.use_scale else None
        self.concat_score_weight = None
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def scores(self, query, key):
        scale = 1.0 if self.scale is None else self.scale.value
        if self.concat_score_weight is None:
            return query @ jnp.swapaxes(key, 1, 2) * scale
        joined = jnp.tanh(scale * (query[:, :, None] + key[:, None]))
        return self.concat_score_weight.value * jnp.sum(joined, axis=-1)


class AdditiveAttention(ScoredAttention):
    """Additive attention: `scores = sum(scale * tanh(query + key))`.

    `scale` is a weight `(features,)`, or 1 without `use_scale`. Source: Bahdanau, Cho, Bengio,
    2015.
    """

    use_scale = arg(True, kind=boolean, doc="Whether a trained weight scales the features.")

    def build(self, input_shape):
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight((input_shape[0][-1],), name="scale")

    def scores(self, query, key):
        scale = 1.0 if self.scale is None else self.scale.value
        return jnp.sum(scale * jnp.tanh(query[:, :, None] + key[:, None]), axis=-1)
