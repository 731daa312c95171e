"""What computes the steps of a session: the native library, C, or JAX."""

from __future__ import annotations

import jax

from cello import native
from cello.lowering.sessions.compiling import compile_module
from cello.lowering.sessions.interpreted import interpret_module
from cello.lowering.sessions.steps import LoweredSteps, lower_stream
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
    if jax.default_backend() != "cpu":
        obstacle = f"JAX computes on {jax.default_backend()}."
    if obstacle:
        return run_in_jax(plan, obstacle)
    try:
        steps = LoweredSteps(plan, Engine("native"), interpret_module, run_in_jax)
    except ValueError as error:
        return run_in_jax(plan, str(error))
    too_slow = lower_stream(plan).why_slow(batch_size)
    return run_in_jax(plan, too_slow) if too_slow else steps


def run_in_jax(plan: StreamPlan, reason: str) -> JaxSteps:
    return JaxSteps(plan, Engine("jax", reason))
