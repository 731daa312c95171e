"""The state that a stream comes to rest in under a constant input."""

from __future__ import annotations

import numpy as np

from cello.streaming.plan import StreamPlan, plan_stream

STEPS = 512
MOST = 200


def resting_state(model, rest, like=None) -> dict[str, np.ndarray]:
    """What a session of one row remembers when a constant input has been given long enough.

    Args:
        model: a model that streams.
        rest: a number, or an array that stands beside the inputs of a step.
        like: as for `Model.stream`.

    Raises:
        ValueError: if it has not settled after 100,000 steps, or has windows.
    """
    session = model.stream(like=like)
    before: dict[str, np.ndarray] = session.state
    if any(name.startswith("phases/") for name in before):
        raise ValueError(f"{model}: rest= is for models without windows such as pooling.")
    chunk = constant(plan_stream(model, like), rest)
    for _ in range(MOST):
        session(chunk)
        after = session.state
        if all(np.allclose(after[n], before[n], rtol=1e-6, atol=1e-7) for n in after):
            return {n.removeprefix("values/"): v for n, v in after.items()}
        before = after
    raise ValueError(
        f"{model}: under the constant input {rest!r} its state does not settle within "
        f"{STEPS * MOST:,} steps. Export without rest=, or set the state in the program that calls."
    )


def constant(plan: StreamPlan, rest):
    """A chunk in which all inputs are the same at each step."""
    specs = plan.piece(batch_size=1, steps=STEPS)
    try:
        leaves = [np.broadcast_to(np.asarray(rest, s.dtype), s.shape) for s in specs]
    except ValueError:
        shapes = [
            s.shape[2:] if timed else s.shape[1:]
            for s, timed in zip(specs, plan.timed, strict=True)
        ]
        raise ValueError(
            f"{plan.model}.export: rest must be a number, or numbers for the inputs of a step, "
            f"which have the shapes {shapes}. Received: rest={rest!r}"
        ) from None
    return plan.structure.unflatten(leaves)
