"""Attention in several heads side by side: what `MultiHeadAttention` and its kin share."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from cello import constraints, initializers, regularizers
from cello.core.arguments import arg
from cello.core.carry import Slot, carry_slot
from cello.core.dtype_policy import widen
from cello.core.kinds import (
    boolean,
    fraction,
    integer,
    optional,
    positive_integer,
)
from cello.core.layer import Layer
from cello.core.masking import both, get_mask
from cello.core.serialization import Configurable
from cello.core.symbolic import show_shape
from cello.layers.dropout import Dropout
from cello.layers.einsum import EinsumDense
from cello.ops.recurrence import hide_masked


class Heads(NamedTuple):
    """The layers that project: to the heads, and of what these found to the output."""

    query: EinsumDense
    key: EinsumDense
    value: EinsumDense
    gate: EinsumDense | None
    output: EinsumDense


class HeadedAttention(Layer):
    """Base of both.

    In each head

        weights = softmax(query' @ key'^T / sqrt(size of a head)),  found = weights @ value'

    with projections `query'`, `key'`, `value'` of its own, and the output is a projection of what
    all heads found. With `use_gate` that is multiplied by `sigmoid` of a projection of the query.

    Call arguments:
        query: `(batch, query_time, features)`.
        value: `(batch, time, features)`.
        key: `(batch, time, features)`; the value where `None`.
        query_mask, value_mask, key_mask: booleans `(batch, query_time)` and `(batch, time)`; those
            that travel with the inputs where `None`. Masked steps get no weight. A step of the
            query that is masked, or may look at nothing, gets the projection of zeros.
        attention_mask: booleans `(batch, query_time, time)`, or what is broadcast to it: which step
            of the query may look at which of the value.
        return_attention_scores: whether to return the weights as well,
            `(batch, heads, query_time, time)`.
        training: whether dropout acts.
        use_causal_mask: whether step `i` sees only the steps up to `i`.

    Output `(batch, query_time, features of the query)`.
    """

    argument_order = (
        "dropout use_bias output_shape attention_axes sliding_window kernel_initializer "
        "bias_initializer kernel_regularizer bias_regularizer activity_regularizer "
        "kernel_constraint bias_constraint use_gate seed"
    )
    dropout = arg(0.0, kind=fraction, doc="Fraction of the weights to drop in training.")
    use_bias = arg(True, kind=boolean, doc="Whether the projections add a bias.")
    sliding_window = arg(
        None,
        kind=optional(positive_integer),
        doc="How many steps, its own included, a step of the query sees to each side; all if None.",
    )
    kernel_initializer = arg(
        "glorot_uniform", kind=initializers.get, doc="Initialiser of the kernels."
    )
    bias_initializer = arg("zeros", kind=initializers.get, doc="Initialiser of the biases.")
    kernel_regularizer = arg(None, kind=regularizers.get, doc="Penalty on the kernels.")
    bias_regularizer = arg(None, kind=regularizers.get, doc="Penalty on the biases.")
    activity_regularizer = arg(None, kind=regularizers.get, doc="Penalty on what is projected.")
    kernel_constraint = arg(None, kind=constraints.get, doc="Constraint on the kernels.")
    bias_constraint = arg(None, kind=constraints.get, doc="Constraint on the biases.")
    use_gate = arg(False, kind=boolean, doc="Whether the query gates what the heads found.")
    seed = arg(None, kind=optional(integer), doc="Seed of the dropout.")
    _ignored_arguments = {"flash_attention": (None, False)}

    supports_masking = True

    @property
    def heads(self) -> Heads:
        """The projections, once they are built."""
        raise NotImplementedError

    def add_projections(self, query_shape, value_shape, key_shape) -> None:
        """Make `heads`."""
        raise NotImplementedError

    def attended_axes(self, rank: int) -> tuple[int, ...]:
        """The axes of a query of `rank` axes along which it looks."""
        return (1,)

    def repeat_heads(self, projected):
        """Key or value `(..., heads, features)` with as many heads as the query has."""
        return projected

    def build(self, query_shape, value_shape, key_shape=None):  # type: ignore[override]
        shapes = query_shape, value_shape, value_shape if key_shape is None else key_shape
        if (
            len({len(s) for s in shapes}) > 1
            or len(query_shape) < 3
            or any(
                None not in (a, b) and a != b
                for a, b in zip(shapes[1][:-1], shapes[2][:-1], strict=True)
            )
        ):
            raise ValueError(
                f"{self} expects query, value and key of shape (batch, time, features), with as "
                f"many steps in the key as in the value, and got {[tuple(s) for s in shapes]}."
            )
        self.add_projections(*shapes)
        self._dropout_layer = Dropout(self.dropout, seed=self.seed, dtype=self.dtype_policy)

    def projection(
        self, shape, made: Sequence[int], name: str, bound: int = 1, **options: Any
    ) -> EinsumDense:
        """A layer, built for inputs of this shape, that makes the sizes `made` of the last axes.

        Args:
            bound: of how many last axes.
            options: what else the layer is given.
        """
        letters, rank = string.ascii_lowercase, len(shape)
        inputs, new = letters[:rank], letters[rank : rank + len(made)]
        free, last = inputs[: rank - bound], inputs[rank - bound :]
        common = {
            "kernel_initializer": _again(self.kernel_initializer),
            "bias_initializer": _again(self.bias_initializer),
            "kernel_regularizer": self.kernel_regularizer,
            "bias_regularizer": self.bias_regularizer,
            "activity_regularizer": self.activity_regularizer,
            "kernel_constraint": self.kernel_constraint,
            "bias_constraint": self.bias_constraint,
            "dtype": self.dtype_policy,
        }
        dense = EinsumDense(
            f"{inputs},{last}{new}->{free}{new}",
            (*[None] * (len(free) - 1), *made),
            bias_axes=new if self.use_bias else None,
            name=name,
            **(common | options),
        )
        dense.build(shape)
        return dense

    def gate(self, shape, made: Sequence[int]) -> EinsumDense | None:
        """The projection of a query of this shape to the gate, if there is one."""
        return self.projection(shape, made, "gate", activation="sigmoid") if self.use_gate else None

    def call(
        self,
        query,
        value,
        key=None,
        query_mask=None,
        value_mask=None,
        key_mask=None,
        attention_mask=None,
        return_attention_scores=False,
        training=False,
        use_causal_mask=False,
    ):
        query_mask = get_mask(query) if query_mask is None else query_mask
        value_mask = get_mask(value) if value_mask is None else value_mask
        key_mask = get_mask(key) if key_mask is None else key_mask
        query_mask, value_mask = (
            _boolean(query_mask),
            both(_boolean(value_mask), _boolean(key_mask)),
        )
        key = hide_masked(value if key is None else key, value_mask)
        query, value = hide_masked(query, query_mask), hide_masked(value, value_mask)
        heads = self.heads
        queries = heads.query(query)
        keys, values = heads.key(key), heads.value(value)
        letters = Letters(queries.ndim, self.attended_axes(query.ndim))
        before = 0  # steps of the value in front of the first of the query
        slot = carry_slot(value) if use_causal_mask and self.sliding_window else None
        if slot is not None:
            keys, values, value_mask = self._with_steps_before(slot, keys, values, value_mask)
            before = keys.shape[1] - queries.shape[1]
        keys, values = self.repeat_heads(keys), self.repeat_heads(values)
        seen = None
        if attention_mask is not None:
            mask = _boolean(attention_mask)
            if mask.ndim == query.ndim == 3:
                self._check_mask(mask, (*queries.shape[:2], keys.shape[1]))
            seen = jnp.expand_dims(mask, letters.axes_between(mask.ndim))
        if use_causal_mask or self.sliding_window:
            seen = both(seen, self._near(letters, queries, keys, before, use_causal_mask))
        for mask, of in ((query_mask, letters.query), (value_mask, letters.value)):
            if mask is not None:
                missing = letters.axes_without(of[: mask.ndim])
                seen = both(seen, jnp.expand_dims(mask, missing))
        scores = widen(jnp.einsum(letters.scores, keys, queries / np.sqrt(queries.shape[-1])))
        weights = _softmax(scores, seen, letters.axes).astype(values.dtype)
        dropped = self._dropout_layer(weights, training=training) if self.dropout else weights
        found = jnp.einsum(letters.found, dropped, values)
        outputs = heads.output(found if heads.gate is None else found * heads.gate(query))
        return (outputs, weights) if return_attention_scores else outputs

    def _check_mask(self, mask, wanted) -> None:
        for found, size in zip(mask.shape, wanted, strict=True):
            if isinstance(found, int) and isinstance(size, int) and found not in (1, size):
                raise ValueError(
                    f"{self}: attention_mask says of each step of the query which of the value it "
                    f"sees, {show_shape(wanted)} here, and has the shape {show_shape(mask.shape)}."
                )

    def _near(self, letters: Letters, queries, keys, before: int, causal: bool):
        """Whether step `i` of the query may look at step `j`, as their numbers say: `(i, j)`."""
        if len(letters.attended) > 1:
            raise ValueError(
                f"{self} looks along several axes, attention_axes={letters.attended}: of these "
                "there is no order that use_causal_mask or sliding_window could mean."
            )
        (axis,) = letters.attended
        ahead = before + jnp.arange(queries.shape[axis])[:, None] - jnp.arange(keys.shape[axis])
        near = jnp.abs(ahead) < self.sliding_window if self.sliding_window else None
        return both(near, ahead >= 0) if causal else near

    def _with_steps_before(self, slot: Slot, keys, values, mask):
        """Keys, values and mask of a piece, with those of the window that reaches into it."""
        mask = jnp.ones(keys.shape[:2], bool) if mask is None else mask
        piece, steps = (keys, values, mask), (self.sliding_window or 1) - 1
        nothing = jax.tree.map(lambda x: jnp.zeros((len(x), steps, *x.shape[2:]), x.dtype), piece)
        known = slot.resume(nothing)
        whole = jax.tree.map(lambda x, y: jnp.concatenate([x, y], axis=1), known, piece)
        slot.keep(jax.tree.map(lambda x: x[:, x.shape[1] - steps :], whole))
        return whole

    def why_not_in_pieces(self, arguments):
        query, value = arguments["query"], arguments["value"]
        causal, window = arguments.get("use_causal_mask"), self.sliding_window
        attended = self.attended_axes(query.ndim)
        if 1 not in attended:
            return None
        if isinstance(value.shape[1], int):
            unnumbered = (
                "which steps one may see depends on its number, and a piece does not say it."
            )
            return unnumbered if causal or window else None
        if causal and window and attended == (1,) and arguments.get("attention_mask") is None:
            return None
        return (
            "each step of the query looks at the whole value. It can if it looks at some steps "
            "before it alone: with sliding_window=, use_causal_mask=True and no attention_mask."
        )


def _boolean(mask):
    mask = None if mask is None else jnp.asarray(mask)
    return mask if mask is None or mask.dtype == bool else mask > 0.5


def _again(initializer):
    """Another initialiser like it, which draws other numbers; a function as it is."""
    if not isinstance(initializer, Configurable):
        return initializer
    return type(initializer).from_config(initializer.get_config())


def _softmax(scores, seen, axes):
    """Softmax along `axes` over what is seen alone; zeros where nothing is."""
    if seen is None:
        return jax.nn.softmax(scores, axis=axes)
    return jnp.where(seen, jax.nn.softmax(jnp.where(seen, scores, -1e9), axis=axes), 0)


class Letters:
    """Letters for the axes of queries and keys `(batch, ..., heads, size)`, and of the weights.

    Args:
        rank: how many axes queries and keys have.
        attended: those along which a query looks.
    """

    def __init__(self, rank: int, attended: tuple[int, ...]):
        self.attended = attended
        self.query = string.ascii_lowercase[:rank]
        others = dict(zip(attended, string.ascii_lowercase[rank:], strict=False))
        self.value = "".join(others.get(a, c) for a, c in enumerate(self.query))
        alike = "".join(c for a, c in enumerate(self.query[:-1]) if a not in attended)
        looking, seen = ("".join(of[a] for a in attended) for of in (self.query, self.value))
        self.weights = alike + looking + seen
        self.axes = tuple(range(-len(attended), 0))
        self.scores = f"{self.value},{self.query}->{self.weights}"
        self.found = f"{self.weights},{self.value}->{self.query}"

    def axes_without(self, of: str) -> tuple[int, ...]:
        """The axes of the weights that have none of the letters `of`."""
        return tuple(a for a, c in enumerate(self.weights) if c not in of)

    def axes_between(self, rank: int) -> tuple[int, ...]:
        """Those that a mask `(batch, query_time, time)` of `rank` axes lacks, such as the heads."""
        looking = 2 * len(self.axes)
        return tuple(range(rank - looking, len(self.weights) - looking))
