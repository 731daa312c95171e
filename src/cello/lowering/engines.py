"""What computes the steps of a session: the native library, C, or JAX."""

from __future__ import annotations

import functools

import jax

from cello import native
from cello.lowering.compiling import compile_module
from cello.lowering.interpreted import interpret_module
from cello.lowering.steps import LoweredSteps
from cello.ops.engine import ASKED_FOR, Engine
from cello.streaming.jax_steps import JaxSteps
from cello.streaming.plan import StreamPlan

MAKERS = {"native": interpret_module, "c": compile_module}


def choose_steps(asked: str | None, plan: StreamPlan, batch_size: int):
    """What runs a stream.

    Args:
        asked: `"native"`, `"c"` or `"jax"`; the fastest of "native" and "jax" if `None`.
        plan: the model as a stream.
        batch_size: how many rows it starts with.

    Raises:
        ValueError: if the model cannot be lowered, and that was asked for.
        RuntimeError: if there is no native library, or no C compiler, and that was asked for.
    """
    if asked == "jax":
        return JaxSteps(plan)
    if asked is not None and asked not in MAKERS:
        raise ValueError(
            f"{plan.model}.stream: engine must be 'native', 'c', 'jax' or None, and it is "
            f"{asked!r}."
        )
    obstacle = native.missing_runner()
    if asked is not None:
        if obstacle:
            raise RuntimeError(f"{plan.model}.stream(engine={asked!r}): {obstacle}")
        return LoweredSteps(plan, Engine(asked, ASKED_FOR), MAKERS[asked])
    obstacle = obstacle or _why_slower(plan, batch_size)
    if obstacle:
        return JaxSteps(plan, Engine("jax", obstacle))
    changed = Engine("jax", "The weights of the model have changed since the session was opened.")
    instead = functools.partial(JaxSteps, engine=changed)
    try:
        return LoweredSteps(plan, Engine("native"), interpret_module, instead)
    except ValueError as error:
        return JaxSteps(plan, Engine("jax", str(error)))


def _why_slower(plan: StreamPlan, batch_size: int) -> str | None:
    """Why JAX is faster, in a sentence."""
    platform = jax.default_backend()
    if platform != "cpu":
        return f"JAX computes on {platform}."
    if batch_size > MOST_ROWS:
        return f"For more than {MOST_ROWS} rows JAX is faster."
    return None


MOST_ROWS = 16
