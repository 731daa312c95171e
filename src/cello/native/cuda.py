"""Cello's kernels for NVIDIA GPUs: a second library, built where there is a CUDA compiler."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path

import jax

from cello import native

_PATH = Path(__file__).parent / "libcello_cuda.so"
_OLDEST = 8.0  # compute capability, for the numbers that the matrix units multiply
_loading = threading.Lock()


def platform() -> str:
    """What JAX computes on: `"cpu"`, `"cuda"`, or another name of JAX's."""
    backend = jax.default_backend()
    if backend != "gpu":
        return backend
    return "cuda" if "cuda" in jax.devices()[0].client.platform_version.lower() else backend


def missing() -> str | None:
    """Why there are no kernels for this GPU, in a sentence; `None` where they can be called."""
    with _loading:
        return _missing()


@cache
def _missing() -> str | None:
    if not _PATH.exists():
        return (
            "Cello was installed without its kernels for GPUs, because there was no CUDA compiler "
            "(nvcc) at that time: install the CUDA toolkit, then install Cello again."
        )
    capability = float(jax.devices()[0].compute_capability)
    if capability < _OLDEST:
        return (
            f"Cello's kernels for GPUs need compute capability {_OLDEST} (Ampere) or newer, and "
            f"this GPU has {capability}."
        )
    try:
        native.load(_PATH, "cello_cuda_handlers", "CUDA")
    except (OSError, AttributeError) as error:
        return f"Cello's library for GPUs cannot be loaded: {error}"
    except RuntimeError as error:
        return f"JAX does not take Cello's library for GPUs: {error}"
    return None
