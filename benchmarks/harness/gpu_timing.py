"""Times on a device that works beside the processor: windows of calls sent off back to back.

PyTorch's windows are measured by CUDA events. JAX has none: its windows are from the first call
until the last result is there. A window is so long that sending off the first call does not count,
and where the device is the slower of the two, the other calls are sent off while it works.
"""

from __future__ import annotations

import statistics
import time

import jax
import jax.numpy as jnp

WINDOW = 0.02
"""Seconds that a window lasts at least."""
ROUNDS, LONG = 7, 0.5
"""Windows, of which the median counts; 3 where one takes longer than so many seconds."""
MATMUL_PRECISION = {"float32": "highest", "tf32": "tensorfloat32", "bfloat16": "default"}
"""What JAX calls them."""


def waited(run, calls: int) -> float:
    """Seconds of one call of JAX among `calls`."""
    began = time.perf_counter()
    for _ in range(calls):
        result = run()
    jax.block_until_ready(result)
    return (time.perf_counter() - began) / calls


def by_events(run, calls: int) -> float:
    """Seconds of one call of PyTorch among `calls`; by the clock where there is no GPU."""
    import torch

    if not torch.cuda.is_available():
        began = time.perf_counter()
        for _ in range(calls):
            run()
        return (time.perf_counter() - began) / calls
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(calls):
        run()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3 / calls


def enough(window, run) -> int:
    """How many calls fill a window; finding out warms up what is measured."""
    calls = 1
    while window(run, calls) * calls < WINDOW:
        calls *= 2
    return calls


def compiled(function, precision: str, *arguments):
    """`function` compiled for `arguments` in the precision, to be called with nothing.

    The precision of JAX' matrix products is that of the time when a function is traced.
    """
    with jax.default_matmul_precision(MATMUL_PRECISION[precision]):
        program = jax.jit(function).lower(*arguments).compile()
    return lambda: program(*arguments)


def ceilings(precisions, small: bool = False) -> dict[str, float]:
    """What the device does at most: bytes a second in "copy", operations a second by precision.

    A copy (negated, so that it cannot be left out) of 1 GiB, and products of matrices of 8192 by
    8192; those for trying out are `small`.
    """
    numbers, side = (2**20, 256) if small else (2**28, 8192)
    x = jnp.ones(numbers, jnp.float32)
    found = {"copy": 2 * x.nbytes / _median(compiled(jnp.negative, "float32", x))}
    del x
    for precision in precisions:
        dtype = jnp.bfloat16 if precision == "bfloat16" else jnp.float32
        a = jax.random.normal(jax.random.key(0), (side, side), dtype)
        found[precision] = 2 * side**3 / _median(compiled(jnp.dot, precision, a, a))
    return found


def _median(run) -> float:
    calls = enough(waited, run)
    return statistics.median(waited(run, calls) for _ in range(ROUNDS))


def in_turn(runs: dict) -> dict[str, float | str]:
    """The median seconds of each of `{name: (window, run)}`; or why there are none.

    In every round all of them have their turn.
    """
    calls, found = {}, {name: [] for name in runs}
    failed = {}
    for name, (window, run) in runs.items():
        try:
            calls[name] = enough(window, run)
        except Exception as error:
            failed[name] = first_line(error)
    for n in range(ROUNDS):
        for name, (window, run) in runs.items():
            seconds = found[name]
            if name in failed or (n >= 3 and max(seconds) * calls[name] > LONG):
                continue
            try:
                seconds.append(window(run, calls[name]))
            except Exception as error:
                failed[name] = first_line(error)
    return {name: failed.get(name) or statistics.median(found[name]) for name in runs}


def first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200]}" if text else type(error).__name__
