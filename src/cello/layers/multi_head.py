"""`MultiHeadAttention` and `GroupQueryAttention`: attention in several heads side by side."""

from __future__ import annotations

import jax.numpy as jnp

from cello.core.arguments import arg
from cello.core.kinds import integers, optional, positive_integer
from cello.layers.einsum import sizes
from cello.layers.heads import HeadedAttention, Heads


class MultiHeadAttention(HeadedAttention):
    """Attention in `num_heads` heads, each with projections of its own.

    Inputs may have more axes between batch and features; `attention_axes` says along which of these
    the query looks. Source: Vaswani et al., 2017.
    """

    argument_order = f"num_heads key_dim value_dim {HeadedAttention.argument_order}"
    num_heads = arg(kind=positive_integer, doc="Number of heads.")
    key_dim = arg(kind=positive_integer, doc="Size of query and key in each head.")
    value_dim = arg(
        None,
        kind=optional(positive_integer),
        doc="Size of the value in each head; `key_dim` where `None`.",
    )
    output_shape = arg(
        None,
        kind=optional(sizes),
        doc="Sizes of the output at each step; those of the query where `None`.",
    )
    attention_axes = arg(
        None, kind=optional(integers), doc="Axes along which the query looks; all where `None`."
    )

    def _store(self, values):
        super()._store(values | {"value_dim": values["value_dim"] or values["key_dim"]})

    @property
    def heads(self) -> Heads:
        dense = self.query_dense, self.key_dense, self.value_dense
        return Heads(*dense, self._gate_dense, self.output_dense)

    def attended_axes(self, rank: int) -> tuple[int, ...]:
        axes = self.attention_axes
        if axes is None:
            return tuple(range(1, rank - 1))
        axes = (axes,) if isinstance(axes, int) else axes
        if not axes or any(not 1 <= a % rank < rank - 1 or not -rank <= a < rank for a in axes):
            raise ValueError(
                f"{self}: attention_axes={self.attention_axes} must be axes between batch and "
                f"features, and the query has {rank} axes."
            )
        return tuple(a % rank for a in axes)

    def add_projections(self, query_shape, value_shape, key_shape):
        keys = [self.num_heads, self.key_dim]
        values = [self.num_heads, self.value_dim]
        self.query_dense = self.projection(query_shape, keys, "query")
        self.key_dense = self.projection(key_shape, keys, "key")
        self._gate_dense = self.gate(query_shape, values)
        self.value_dense = self.projection(value_shape, values, "value")
        self.output_dense = self.projection(
            (*query_shape[:-1], *values),
            self.output_shape or query_shape[-1:],
            "attention_output",
            bound=2,
            activity_regularizer=None,  # it is this layer's own output
        )


class GroupQueryAttention(HeadedAttention):
    """Attention in `num_query_heads` heads, groups of which share the projections of the value.

    There are `num_key_value_heads` of these; with one it is multi-query attention, with as many as
    of the query multi-head attention. Source: Ainslie et al., 2023.
    """

    head_dim = arg(kind=positive_integer, doc="Size of each head.")
    num_query_heads = arg(kind=positive_integer, doc="Number of heads of the query.")
    num_key_value_heads = arg(kind=positive_integer, doc="Number of heads of key and value.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.num_query_heads % self.num_key_value_heads:
            raise ValueError(
                "GroupQueryAttention: num_query_heads must be a multiple of num_key_value_heads. "
                f"Received: num_query_heads={self.num_query_heads}, "
                f"num_key_value_heads={self.num_key_value_heads}"
            )

    @property
    def heads(self) -> Heads:
        dense = self._query_dense, self._key_dense, self._value_dense  # as Keras' files call them
        return Heads(*dense, self._gate_dense, self._output_dense)

    def repeat_heads(self, projected):
        return jnp.repeat(projected, self.num_query_heads // self.num_key_value_heads, axis=2)

    def add_projections(self, query_shape, value_shape, key_shape):
        if len(query_shape) != 3:
            raise ValueError(
                f"{self} expects a query of the shape (batch, time, features) and got "
                f"{tuple(query_shape)}."
            )
        own, shared = self.num_query_heads, self.num_key_value_heads
        self._query_dense = self.projection(query_shape, [own, self.head_dim], "query")
        self._key_dense = self.projection(key_shape, [shared, self.head_dim], "key")
        self._gate_dense = self.gate(query_shape, [own, self.head_dim])
        self._value_dense = self.projection(value_shape, [shared, self.head_dim], "value")
        found = (*query_shape[:-1], own, self.head_dim)
        self._output_dense = self.projection(found, query_shape[-1:], "attention_output", bound=2)
