"""Which engine runs a recurrence: `native` kernels or `scan`, JAX's loop; chosen here only."""

from __future__ import annotations

import logging

import jax

from cello import native
from cello.core import config

ASKED_FOR = "It was asked for."
_said: set[str] = set()
_log = logging.getLogger("cello")


class Engine(str):
    """The name of an engine, `"native"` or `"scan"`, and why it is not a faster one.

    Attributes:
        reason: a sentence, or `None` for the fastest.
    """

    reason: str | None

    def __new__(cls, name: str, reason: str | None = None):
        engine = super().__new__(cls, name)
        engine.reason = reason
        return engine


def choose(obstacle: str | None, asked: str | None = None) -> Engine:
    """The engine for a recurrence.

    Args:
        obstacle: why the kernels cannot run it, in a sentence; `None` where they can.
        asked: `"native"` or `"scan"`, in place of what `cello.config.engine` says.

    Raises:
        ValueError: where `"native"` was asked for and there is an obstacle.
    """
    asked = config.engine_name(asked or config.engine())
    if asked == "scan":
        return Engine("scan", ASKED_FOR)
    obstacle = native.missing() or _other_platform() or obstacle
    if obstacle is None:
        return Engine("native")
    if asked == "native":
        raise ValueError(f"The native engine was asked for, and cannot run this: {obstacle}")
    return Engine("scan", obstacle)


def say_once(engine: Engine, what: str) -> None:
    """Log why `what` does not run natively, the first time for each reason."""
    if engine == "native" or engine.reason in (ASKED_FOR, *_said):
        return
    _said.add(str(engine.reason))
    _log.warning(
        "Cello: %s runs in JAX's loop, where an LSTM is 2 to 10 times slower than by kernels. %s",
        what,
        engine.reason,
    )


def _other_platform() -> str | None:
    platform = jax.default_backend()
    return (
        None if platform == "cpu" else f"The kernels run on CPUs, and JAX computes on {platform}."
    )
