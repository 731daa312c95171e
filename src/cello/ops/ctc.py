"""From what a CTC model says at each step to labels."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jax import lax

NO_LABEL = -1


def ctc_decode(
    inputs,
    sequence_lengths,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
):
    """The labels that a model trained with `losses.CTC` gives to each sequence.

    `"greedy"` takes the best class of each step, and then drops repetitions and blanks.
    `"beam_search"` looks for the most probable labels, whatever the ways of spreading them over the
    steps (prefix beam search): of all beginnings it keeps the `beam_width` most probable at each
    step. With a beam as wide as there are beginnings the result is exact.

    Args:
        inputs: logits `(batch, time, classes)`.
        sequence_lengths: integers `(batch,)`: the steps of each row that count, from the first on.
        strategy: `"greedy"` or `"beam_search"`.
        beam_width: how many beginnings to keep.
        top_paths: how many labellings to return, the best first, with `"beam_search"`.
        merge_repeated: whether a class at two steps in a row is one label, with `"greedy"`.
        mask_index: the class of the blank.

    Returns:
        `(labels, scores)`. With `"greedy"` integers `(1, batch, time)` and the negative sum of the
        best logits `(batch, 1)`; with `"beam_search"` integers `(top_paths, batch, time)` and
        the log-probability of each labelling `(batch, top_paths)`. Behind the labels stands -1;
        where there are fewer than `top_paths` labellings, their scores are minus infinity.

    Raises:
        ValueError: for shapes that do not fit, an unknown strategy, a blank that is no class, or
            more `top_paths` than the beam is wide.

    Sources: Graves, Fernández, Gomez and Schmidhuber 2006; Hannun, Maas, Jurafsky and Ng 2014
    (prefix beam search). Arguments and results are those of `keras.ops.ctc_decode`.
    """
    inputs, lengths = jnp.asarray(inputs), jnp.asarray(sequence_lengths, jnp.int32)
    if inputs.ndim != 3 or lengths.shape != inputs.shape[:1]:
        raise ValueError(
            "ctc_decode takes inputs of shape (batch, time, classes) and sequence_lengths of shape "
            f"(batch,), and got {inputs.shape} and {lengths.shape}."
        )
    if not 0 <= mask_index < inputs.shape[2]:
        raise ValueError(
            f"ctc_decode: mask_index must be a class, from 0 to {inputs.shape[2] - 1}. "
            f"Received: mask_index={mask_index}"
        )
    inputs = inputs.astype(jnp.promote_types(inputs.dtype, "float32"))
    if strategy == "greedy":
        return _greedy(inputs, lengths, merge_repeated, mask_index)
    if strategy != "beam_search":
        raise ValueError(
            f'ctc_decode: strategy must be "greedy" or "beam_search". Received: {strategy!r}'
        )
    if not 1 <= top_paths <= beam_width:
        raise ValueError(
            "ctc_decode: top_paths must be from 1 to beam_width. Received: "
            f"top_paths={top_paths}, beam_width={beam_width}"
        )
    labels, scores = _beam_search(inputs, lengths, beam_width, mask_index)
    return jnp.moveaxis(labels[:, :top_paths], 1, 0), scores[:, :top_paths]


@functools.partial(jax.jit, static_argnums=(2, 3))
def _greedy(inputs, lengths, merge_repeated, blank):
    counts = jnp.arange(inputs.shape[1]) < lengths[:, None]
    labels = jnp.where(counts, jnp.argmax(inputs, axis=2), blank)
    scores = -jnp.sum(jnp.where(counts, jnp.max(inputs, axis=2), 0), axis=1, keepdims=True)
    dropped = labels == blank
    if merge_repeated:
        dropped |= jnp.pad(labels[:, 1:] == labels[:, :-1], ((0, 0), (1, 0)))
    order = jnp.argsort(dropped, axis=1)  # a stable sort: labels stay in order
    labels = jnp.take_along_axis(jnp.where(dropped, NO_LABEL, labels), order, axis=1)
    return labels[None], scores


@functools.partial(jax.jit, static_argnums=(2, 3))
def _beam_search(inputs, lengths, width, blank):
    """The prefixes `(batch, width, time)` and their log-probabilities, the best first."""
    batch, time, _ = inputs.shape
    beam = (
        jnp.full((batch, width, time), NO_LABEL, jnp.int32),  # the prefixes
        jnp.zeros((batch, width), jnp.int32),  # and their lengths
        jnp.full((batch, width), -jnp.inf).at[:, 0].set(0),  # log p, the last step a blank,
        jnp.full((batch, width), -jnp.inf),  # and the last step a label
    )
    extend = jax.vmap(functools.partial(_extend, blank=blank))

    def step(beam, x):
        t, log_p = x
        longer = extend(log_p, *beam)

        def where_it_counts(new, old):
            return jnp.where((t < lengths).reshape(-1, *[1] * (new.ndim - 1)), new, old)

        return jax.tree.map(where_it_counts, longer, beam), None

    log_p = jnp.moveaxis(jax.nn.log_softmax(inputs), 1, 0)
    beam = jax.tree.map(lambda b: b.astype(log_p.dtype) if b.dtype.kind == "f" else b, beam)
    (prefixes, _, with_blank, with_label), _ = lax.scan(step, beam, (jnp.arange(time), log_p))
    scores = jnp.logaddexp(with_blank, with_label)
    return jnp.where(scores[..., None] > -jnp.inf, prefixes, NO_LABEL), scores


def _extend(log_p, prefixes, lengths, with_blank, with_label, blank):
    """The beam of one row after one more step.

    A prefix stays as it is by a blank or by its last label, and becomes longer by a label; after
    its own last label it does so only from a blank.
    """
    width, classes = len(prefixes), len(log_p)
    rows = jnp.arange(width)
    total = jnp.logaddexp(with_blank, with_label)
    last = jnp.take_along_axis(prefixes, jnp.maximum(lengths - 1, 0)[:, None], axis=1)[:, 0]
    has_last = lengths > 0
    last = jnp.where(has_last, last, blank)

    longer = total[:, None] + log_p
    longer = longer.at[rows, last].set(with_blank + log_p[last])
    longer = longer.at[:, blank].set(-jnp.inf)
    stays_by_blank = total + log_p[blank]
    stays_by_label = jnp.where(has_last, with_label + log_p[last], -jnp.inf)

    # Where one prefix becomes another of the beam, they are one.
    shorter = jnp.where(jnp.arange(prefixes.shape[1]) == lengths[:, None] - 1, NO_LABEL, prefixes)
    begins = jnp.all(prefixes[:, None] == shorter, axis=2) & (total[:, None] > -jnp.inf) & has_last
    parent, has_parent = jnp.argmax(begins, axis=0), jnp.any(begins, axis=0)
    joins = jnp.where(has_parent, longer[parent, last], -jnp.inf)
    stays_by_label = jnp.logaddexp(stays_by_label, joins)
    longer = longer.at[jnp.where(has_parent, parent, width), last].set(-jnp.inf, mode="drop")

    stays = jnp.logaddexp(stays_by_blank, stays_by_label)
    _, best = lax.top_k(jnp.concatenate([stays, longer.ravel()]), width)
    extended = best >= width
    source = jnp.where(extended, (best - width) // classes, best)
    label = jnp.where(extended, (best - width) % classes, NO_LABEL)
    at_end = jnp.arange(prefixes.shape[1]) == lengths[source][:, None]
    return (
        jnp.where(at_end, label[:, None], prefixes[source]),
        lengths[source] + extended,
        jnp.where(extended, -jnp.inf, stays_by_blank[source]),
        jnp.where(extended, longer[source, label], stays_by_label[source]),
    )
