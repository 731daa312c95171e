"""Which engine runs a recurrence: `native` or `cuda` kernels, or `scan`, JAX's loop."""

from __future__ import annotations

import contextlib
import logging

from cello import native
from cello.core import config
from cello.native import cuda

ASKED_FOR = "It was asked for."
_said: set[str] = set()
_log = logging.getLogger("cello")


class Engine(str):
    """The name of an engine, and why it is not a faster one.

    `"native"` are Cello's kernels for CPUs, `"cuda"` those for NVIDIA GPUs, `"scan"` is JAX's loop;
    `"xla"` what has no recurrence, and is compiled by XLA for all steps at once.

    Attributes:
        reason: a sentence, or `None` for the fastest.
    """

    reason: str | None

    def __new__(cls, name: str, reason: str | None = None):
        engine = super().__new__(cls, name)
        engine.reason = reason
        return engine


def choose(on_cpu: str | None, on_gpu: str | None, asked: str | None = None) -> Engine:
    """The engine for a recurrence, on what JAX computes on.

    Args:
        on_cpu: why the kernels for CPUs cannot run it, in a sentence; `None` where they can.
        on_gpu: the same of the kernels for GPUs.
        asked: `"native"`, Cello's own kernels, or `"scan"`, in place of what `cello.config.engine`
            says.

    Raises:
        ValueError: where `"native"` was asked for and there is an obstacle.
    """
    asked = config.engine_name(asked or config.engine())
    if asked == "scan":
        return Engine("scan", ASKED_FOR)
    platform = cuda.platform()
    if platform == "cpu":
        name, obstacle = "native", native.missing() or on_cpu
    elif platform == "cuda":
        name, obstacle = "cuda", cuda.missing() or on_gpu
    else:
        name = "native"
        obstacle = f"The kernels run on CPUs and NVIDIA GPUs, and JAX computes on {platform}."
    if obstacle is None:
        return Engine(name)
    if asked == "native":
        raise ValueError(f"The native engine was asked for, and cannot run this: {obstacle}")
    return Engine("scan", obstacle)


@contextlib.contextmanager
def explaining_forward_mode():
    """Within it, JAX's refusal to differentiate a kernel forwards says what to do."""
    try:
        yield
    except TypeError as error:
        if "forward-mode" not in str(error):
            raise
        raise TypeError(
            "Forward-mode differentiation (jax.jvp, jax.jacfwd) does not go through the kernels: "
            "call cello.config.engine('scan') before, or pass engine='scan' to an op."
        ) from None


def no_kernel(reason: str) -> Engine:
    """The engine of what no kernel knows."""
    return choose(reason, reason)


def say_once(engine: Engine, what: str) -> None:
    """Log why `what` does not run by kernels, the first time for each reason."""
    if engine != "scan" or engine.reason in (ASKED_FOR, *_said):
        return
    _said.add(str(engine.reason))
    _log.warning(
        "Cello: %s runs in JAX's loop, where an LSTM is 2 to 10 times slower than by kernels. %s",
        what,
        engine.reason,
    )
