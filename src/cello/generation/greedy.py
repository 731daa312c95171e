"""Greedy search for one prompt by a session, if a step of it needs no JAX."""

from __future__ import annotations

import numpy as np

from cello.generation.options import GenerationOptions
from cello.training.ragged import Ragged


def write_in_session(model, prompt: Ragged, options: GenerationOptions) -> np.ndarray | None:
    """The likeliest token after all before it, again and again: integers `(1, max_length)`.

    `None` if there are several prompts, or a session would run in JAX: one program for all tokens
    is faster there.

    Raises:
        ValueError: if the model gives NaN.
    """
    graph = model.call_graph
    if len(prompt.lengths) > 1 or not prompt.lengths[0] or graph is None:
        return None
    (tokens,) = graph.flat_inputs
    if tokens.shape[1] is not None:
        return None
    # Sessions that are at work belong to their threads; those in the list are at rest.
    resting: list = model.trainer.programs.find(("sessions for greedy search",), list)
    session = resting.pop() if resting else model.stream()
    chunk = prompt.pad(slice(None), int(prompt.lengths[0])).values.astype(tokens.dtype)
    scores = session(chunk)
    # In JAX it is if the model cannot be lowered, or its weights have changed since it was opened.
    written = _go_on(session, scores, tokens.dtype, options) if session.engine == "native" else None
    session.reset_rows()
    resting.append(session)
    return written


def _go_on(session, scores: np.ndarray, dtype, options: GenerationOptions) -> np.ndarray:
    written = np.full((1, options.max_length), options.pad_token, "int32")
    last = np.empty((1, 1), dtype)
    for step in range(options.max_length):
        of_tokens = scores[0, -1]
        token = int(of_tokens.argmax())  # that of NaN, if there is one
        if of_tokens[token] != of_tokens[token]:
            raise nan_found(session.model, 0)
        written[0, step] = last[0, 0] = token
        if token == options.end_token or step == options.max_length - 1:
            break
        scores = session(last)
    return written


def nan_found(model, row: int) -> ValueError:
    return ValueError(
        f"{model}.generate: the model gives NaN for row {row}: are there tokens that its Embedding "
        "does not have, or weights that are NaN?"
    )
