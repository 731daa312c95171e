"""The search for a sequence of tokens, over any function that gives the probabilities of the next.

Rows are searched side by side, each with `width` hypotheses: one for greedy search and sampling,
more for a beam. At each step a `choose` function says which hypotheses go on, and with what token.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax


class Hypotheses(NamedTuple):
    """What was written so far; the best of each row comes first.

    Attributes:
        tokens: integers `(rows, width, max_length)`, padded.
        log_p: the log-probability of each, `(rows, width)`; minus infinity where there is none.
        lengths: how many tokens each has, the end token included.
        ended: whether each has its end token.
    """

    tokens: Any
    log_p: Any
    lengths: Any
    ended: Any


def search(
    first,
    carried,
    step: Callable,
    choose: Callable,
    *,
    width: int,
    max_length: int,
    end_token,
    pad_token,
) -> Hypotheses:
    """Write tokens until all hypotheses have ended.

    Args:
        first: log-probabilities of the first token `(rows, vocabulary)`.
        carried: tree of arrays `(rows * width, ...)`: what `step` needs of the tokens before.
        step: function `(last tokens (rows * width, 1), carried)` that returns the log-probabilities
            of the next token `(rows * width, vocabulary)`, and what to carry on.
        choose: function `(hypotheses, log-probabilities (rows, width, vocabulary), step number)`
            that returns `(parents, tokens, added)`, all `(rows, width)`: the hypotheses that go on,
            with what token, and its log-probability, which is 0 for one that has ended.
        width: hypotheses of a row.
        max_length: the most tokens.
        end_token: the token that ends a hypothesis.
        pad_token: what follows it.
    """
    rows, vocabulary = first.shape

    def extend(i, hypotheses: Hypotheses, log_p, carried):
        parents, tokens, added = choose(hypotheses, log_p, i)
        each = jnp.arange(rows)[:, None]
        written, before, lengths, ended = jax.tree.map(lambda a: a[each, parents], hypotheses)
        tokens = jnp.where(ended, pad_token, tokens)
        hypotheses = Hypotheses(
            written.at[:, :, i].set(tokens),
            before + added,
            lengths + ~ended,
            ended | (tokens == end_token),
        )
        if width > 1:
            flat = (each * width + parents).reshape(-1)
            carried = jax.tree.map(lambda a: a[flat], carried)
        return i + 1, hypotheses, carried

    def unfinished(state):
        i, hypotheses, _ = state
        open_ones = ~hypotheses.ended & ~jnp.isneginf(hypotheses.log_p)
        return (i < max_length) & jnp.any(open_ones)

    def write_one(state):
        i, hypotheses, carried = state
        last = lax.dynamic_index_in_dim(hypotheses.tokens, i - 1, 2)
        log_p, carried = step(last.reshape(rows * width, 1), carried)
        return extend(i, hypotheses, log_p.reshape(rows, width, vocabulary), carried)

    start = Hypotheses(
        jnp.full((rows, width, max_length), pad_token, "int32"),
        jnp.where(jnp.arange(width) == 0, jnp.zeros((rows, width), first.dtype), -jnp.inf),
        jnp.zeros((rows, width), "int32"),
        jnp.zeros((rows, width), bool),
    )
    first = jnp.broadcast_to(first[:, None], (rows, width, vocabulary))
    state = extend(jnp.zeros((), "int32"), start, first, carried)
    return lax.while_loop(unfinished, write_one, state)[1]


def scores(log_p, lengths, length_penalty):
    """`log_p / ((5 + length) / 6) ** length_penalty`. Source: Wu et al. 2016."""
    return log_p / ((5 + lengths) / 6) ** length_penalty


def choose_likeliest(hypotheses: Hypotheses, log_p, length_penalty):
    """The `width` hypotheses of each row with the best scores; with a width of 1, greedy search.

    One that has ended competes as it is.
    """
    rows, width, vocabulary = log_p.shape
    stays = jnp.where(jnp.arange(vocabulary) == 0, 0.0, -jnp.inf)  # one candidate, itself
    log_p = jnp.where(hypotheses.ended[..., None], stays, log_p)
    added, tokens = lax.top_k(log_p, min(width, vocabulary))
    lengths = hypotheses.lengths + ~hypotheses.ended
    ranks = scores(hypotheses.log_p[..., None] + added, lengths[..., None], length_penalty)
    _, best = lax.top_k(ranks.reshape(rows, -1), width)
    chosen = [jnp.take_along_axis(a.reshape(rows, -1), best, 1) for a in (tokens, added)]
    return best // added.shape[-1], *chosen


def choose_at_random(hypotheses: Hypotheses, log_p, key, temperature, top_k, top_p):
    """A token for each row, drawn from the likely ones.

    Args:
        hypotheses: one a row.
        log_p: `(rows, 1, vocabulary)`.
        key: the JAX key of this step; each row draws with its own.
        temperature: divides the log-probabilities.
        top_k: how many of the likeliest tokens may be drawn.
        top_p: of these, the fewest whose probabilities reach `top_p` may be drawn.
    """
    rows, _, vocabulary = log_p.shape
    order = jnp.argsort(-log_p[:, 0], axis=-1, stable=True)
    likely = jnp.take_along_axis(log_p[:, 0], order, 1) / temperature
    likely = jnp.where(jnp.arange(vocabulary) < top_k, likely, -jnp.inf)
    probabilities = jax.nn.softmax(likely)
    before = jnp.cumsum(probabilities, axis=-1) - probabilities
    likely = jnp.where(before < top_p, likely, -jnp.inf)
    keys = jax.vmap(lambda row: jax.random.fold_in(key, row))(jnp.arange(rows))
    drawn = jax.vmap(jax.random.categorical)(keys, likely)[:, None]
    tokens = jnp.take_along_axis(order, drawn, 1)
    added = jnp.take_along_axis(log_p[:, 0], tokens, 1)
    return jnp.zeros_like(tokens), tokens, jnp.where(hypotheses.ended, 0, added)
