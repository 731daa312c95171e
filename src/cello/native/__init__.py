"""Cello's native library: finding it, loading it, and telling XLA of it.

The library is plain C (`native/` in the repository): one file serves every version of Python.
Where there is none, everything in Cello works without it, scanned by JAX.
"""

import ctypes
import importlib
import importlib.util
import os
import platform
import sys
import threading
from functools import cache
from pathlib import Path

import jax

_SUFFIX = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
_PATH = Path(__file__).parent / f"libcello_kernels{_SUFFIX}"
_X86 = ("avx512", "avx2", "baseline")
_ISAS = {"x86_64": _X86, "amd64": _X86, "aarch64": ("neon",), "arm64": ("neon",)}
_loading = threading.Lock()


def _check_cap() -> None:
    cap = os.environ.get("CELLO_MAX_ISA")
    allowed = _ISAS.get(platform.machine().lower(), ("baseline",))
    if cap and cap not in allowed:
        raise ValueError(
            f"The environment variable CELLO_MAX_ISA caps the instruction set of Cello's kernels "
            f"and is {cap!r}: on this processor ({platform.machine()}) set it to one of "
            f"{', '.join(allowed)}, or unset it."
        )


def load(path: Path, names: str, platform: str, others: tuple[str, ...] = ()) -> ctypes.CDLL:
    """The library at `path`, its handlers registered as targets of `jax.ffi` for a platform.

    Args:
        names: its function that gives the names of the handlers, with commas.
        others: its functions that give other texts.

    Raises OSError or AttributeError where it cannot be loaded, RuntimeError where JAX refuses it.
    """
    loaded = ctypes.CDLL(str(path))
    for function in (names, *others):
        getattr(loaded, function).restype = ctypes.c_char_p
    handlers = getattr(loaded, names)().decode().split(",")
    capsules = {name: jax.ffi.pycapsule(getattr(loaded, name)) for name in handlers}
    # A registration before there is a CPU backend is made with it, and one that XLA refuses, as
    # of an interface too old for it, would then leave JAX without any.
    jax.local_devices(backend="cpu")
    for name, capsule in capsules.items():
        jax.ffi.register_ffi_target(name, capsule, platform=platform)
    return loaded


@cache
def _load() -> tuple[ctypes.CDLL | None, str | None]:
    """The library, or the reason why there is none."""
    _check_cap()
    if not _PATH.exists():
        return None, (
            "Cello was installed without its native library, because no C++ compiler (GCC or "
            "Clang) worked at that time: install one, then install Cello again."
        )
    try:
        return load(_PATH, "cello_handlers", "cpu", ("cello_isa", "cello_isas")), None
    except (OSError, AttributeError) as error:
        return None, f"Cello's native library cannot be loaded: {error}"
    except RuntimeError as error:
        return None, f"JAX does not take Cello's native library: {error}"


def library() -> ctypes.CDLL | None:
    """The native library, loaded and its handlers registered as targets of `jax.ffi`, or None.

    It is loaded at the first call, which also starts JAX's CPU backend. A handler's target bears
    the name of its symbol.
    Raises ValueError where CELLO_MAX_ISA is not the name of an instruction set.
    """
    with _loading:
        return _load()[0]


def missing() -> str | None:
    """Why there is no native library, in a sentence; None where there is one."""
    with _loading:
        return _load()[1]


def missing_runner() -> str | None:
    """Why streams cannot run without JAX, in a sentence; None where they can."""
    if found := missing():
        return found
    if importlib.util.find_spec("cello.native._runner") is None:
        return (
            "Cello was installed where Python's header files were missing (Python.h), so it lacks "
            "what calls streams: install them, then install Cello again."
        )
    return None


def runner():
    """The module of Python's that calls streams; see `missing_runner`."""
    return importlib.import_module("cello.native._runner")


def isa() -> str | None:
    """The instruction set that the kernels use, or None without the library.

    One of "avx512", "avx2", "baseline" and "neon": the best that this processor has, no better
    than the environment variable CELLO_MAX_ISA said when this was first asked.
    """
    return loaded.cello_isa().decode() if (loaded := library()) else None


def isas() -> tuple[str, ...]:
    """The instruction sets that the library has and this processor runs, best first."""
    return tuple(loaded.cello_isas().decode().split(",")) if (loaded := library()) else ()


def keep_memory() -> bool:
    """Let this process keep the memory that large arrays leave behind, for the next ones.

    Large results of compiled programs are otherwise new pages at each call, which cost more than
    the arithmetic of memory-bound work. It pays for models of several hundred units and for
    `cello.ops.linear_scan` (docs/performance.md); in return memory that was used once stays with
    the process. It sets three options of glibc's malloc, which hold for all of the process.

    Returns:
        Whether it took effect: False without the native library, and where malloc is not glibc's.
    """
    loaded = library()
    return loaded is not None and bool(loaded.cello_keep_memory())
