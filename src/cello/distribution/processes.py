"""The processes of a job: starting, agreeing, and writing a file once for all of them.

Numbers of the training go from device to device. What the processes must agree on besides, such as
how many batches come next, goes through the key-value store of JAX's coordination service, which
process 0 runs, so that no device waits for it.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from cello.core.random import restart_global_generator

COUNT, INDEX = "CELLO_PROCESSES", "CELLO_PROCESS"
"""Variables of the environment in which `cello.launch` says how many there are, and which it is."""

HEARTBEAT_SECONDS = 15
PATIENCE_SECONDS = 600
SHUTDOWN_SECONDS = 24 * 3600
"""How long one process may work on after the others have ended well."""

_numbers = itertools.count()


def initialize(
    coordinator_address: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    local_device_ids: list[int] | None = None,
    cluster_detection_method: str | None = None,
) -> None:
    """Make this process one of several that train together.

    It must come before anything that JAX computes. Under `python -m cello.launch` it is called
    already, and does nothing more. Slurm, Kubernetes and Open MPI say by themselves what the
    arguments are, as `jax.distributed.initialize` describes; CPUs exchange numbers by Gloo, GPUs by
    NCCL. All processes then draw the random numbers of process 0, where no seed is set. One that
    dies ends the others within half a minute.

    Args:
        coordinator_address: `host:port` of process 0.
        num_processes: how many there are.
        process_id: the number of this one, from 0.
        local_device_ids: which GPUs of the machine are its own.
        cluster_detection_method: `"mpi4py"` for an MPI other than Open MPI.

    Raises:
        RuntimeError: where nothing says which processes there are, or JAX has computed already.
    """
    if jax.distributed.is_initialized():
        return
    if num_processes is None and COUNT in os.environ:
        num_processes, process_id = int(os.environ[COUNT]), int(os.environ[INDEX])
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(
            coordinator_address,
            num_processes,
            process_id,
            local_device_ids,
            cluster_detection_method,
            heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
            shutdown_timeout_seconds=SHUTDOWN_SECONDS,
        )
    except ValueError as error:
        raise RuntimeError(
            f"cello.distribution.initialize: {error} Start the program by Slurm, Kubernetes, "
            "mpirun or `python -m cello.launch --processes 2 train.py`, or pass "
            "coordinator_address, num_processes and process_id."
        ) from None
    sys.excepthook = _die
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    restart_global_generator(from_first(seed, "the start"))


def _die(kind, error, trace) -> None:
    """End at once: an exit in good order would wait for the others, and they for this process."""
    traceback.print_exception(kind, error, trace)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(130 if issubclass(kind, KeyboardInterrupt) else 1)


def several() -> bool:
    """Whether this is one of several processes."""
    return jax.distributed.is_initialized() and jax.process_count() > 1


def is_first() -> bool:
    """Whether this is process 0, which prints and writes files; true where it is alone."""
    return not several() or jax.process_index() == 0


def exchange(value, what: str) -> list[Any]:
    """What every process passes here, in their order.

    Args:
        value: of what JSON can write.
        what: what the processes are about to do.

    Raises:
        RuntimeError: where another process is about to do something else, or does not come.
    """
    from jax._src import distributed  # JAX has no public door to the store that it keeps

    client: Any = distributed.global_state.client
    here, number = f"cello/{next(_numbers)}/", jax.process_index()
    client.key_value_set(f"{here}{number}", json.dumps([what, value]))
    try:
        client.wait_at_barrier(here, PATIENCE_SECONDS * 1000)
    except jax.errors.JaxRuntimeError as error:
        raise RuntimeError(
            f"Process {number} waited for the others at {what}, and they did not come: all "
            "processes must call the same methods of a model, in the same order, as fit, "
            f"evaluate, predict and save. ({str(error).splitlines()[0]})"
        ) from None
    found = {int(k.rsplit("/", 1)[1]): json.loads(v) for k, v in client.key_value_dir_get(here)}
    answers = [found[i] for i in range(len(found))]
    for other, (doing, _) in enumerate(answers):
        if doing != what:
            raise RuntimeError(
                f"Process {number} is at {what} and process {other} at {doing}: all processes "
                "must go through the same program, and callbacks must decide alike in each."
            )
    return [answer for _, answer in answers]


def from_first(value, what: str):
    """`value` of process 0; see `exchange`."""
    return exchange(value, what)[0] if several() else value


def check_same(values: dict[str, Any], what: str) -> None:
    """Refuse `values` that are not the same in all processes; see `exchange`.

    Raises:
        ValueError: in every process; it says which value differs.
    """
    if not several():
        return
    answers = exchange(values, what)
    for other, answer in enumerate(answers):
        for name, value in answer.items():
            first = answers[0].get(name)
            if value != first:
                raise ValueError(
                    f"The processes differ at {what}: {name} is {first} in process 0 and {value} "
                    f"in process {other}."
                )


def written_once(function: Callable) -> Callable:
    """`function`, which writes a file: process 0 calls it, and the others wait for it."""

    @functools.wraps(function)
    def once(*args, **kwargs):
        if not several():
            return function(*args, **kwargs)
        what, error = f"{function.__name__}()", None
        if is_first():
            try:
                function(*args, **kwargs)
            except Exception as raised:
                error = raised
        told = from_first(error and f"{type(error).__name__}: {error}", what)
        if error is not None:
            raise error
        if told:
            raise RuntimeError(f"Process 0 could not do {what}. {told}")
        return None

    return once
