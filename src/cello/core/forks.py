"""A warning for programs that fork after JAX has started its threads."""

from __future__ import annotations

import functools
import os
import warnings


@functools.cache
def warn_at_forks() -> None:
    """From now on, warn at the first `os.fork()`; called when JAX gets something to hold."""
    warned: list[bool] = []

    def before():
        if not warned:
            warned.append(True)
            warnings.warn(
                "os.fork() was called after JAX was used: what the child computes with Cello or "
                "JAX hangs, since JAX's threads are not in it. Start processes anew, by "
                'multiprocessing.get_context("spawn"), or by multiprocessing_context="spawn" of a '
                "DataLoader. A child that uses neither is fine.",
                RuntimeWarning,
                stacklevel=2,
            )

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before)
