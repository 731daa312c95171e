"""C files as libraries of this process: compiled once, kept in the user's cache."""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from cello import native
from cello.lowering.module import Module
from cello.lowering.sessions.steps import Entry, Layout
from cello.lowering.writers.c import write_c
from cello.lowering.writers.c_language import TYPES

FLAGS = ["-std=c99", "-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math",
         "-shared", "-fPIC"]  # fmt: skip
ADVICE = (
    "Install a C compiler (gcc, clang), name it in the environment variable CC, or "
    "pip install ziglang."
)


def find_compiler() -> list[str] | None:
    """The command of a C compiler: `$CC`, the system's, or that of the package ziglang."""
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        if name and shutil.which(name.split()[0]):
            return name.split()
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    return None


def cache_folder() -> Path:
    """Where libraries are kept: `$CELLO_CACHE`, else `cello` in the user's cache folder."""
    chosen = os.environ.get("CELLO_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(chosen) if chosen else Path(base) / "cello"


RUN = """
void run_steps(const void *context, void *const *arrays, long long steps);
void run_steps(const void *context, void *const *arrays, long long steps) {{
    (void)context;
    model_block({arguments}, (int)steps);
}}
"""


def compile_module(module: Module, layout: Layout) -> Callable[[], Entry]:
    """The steps of a stream as compiled C.

    Raises:
        RuntimeError: as `load_compiled`.
    """
    pointers = ["model_state *", *(f"const {TYPES[b.kind]} *" for b in module.inputs)]
    pointers += [f"{TYPES[b.kind]} *" for b in module.outputs]
    arguments = ", ".join(f"({type})arrays[{k}]" for k, type in enumerate(pointers))
    library = load_compiled(write_c(module, header=False) + RUN.format(arguments=arguments))
    function = ctypes.cast(library.run_steps, ctypes.c_void_p).value or 0
    return lambda: Entry(function, 0, library)


def load_compiled(text: str) -> ctypes.CDLL:
    """The library that a C text makes, compiled unless the cache has it.

    A library is known by its text, the compiler and the machine. It is written beside its place
    and renamed, so that two processes may do so at once; one whose bytes are not those that were
    written is made anew.

    Raises:
        RuntimeError: if there is no compiler, or it fails.
    """
    compiler = find_compiler()
    if compiler is None:
        raise RuntimeError(f"The engine 'c' needs a C compiler, and none was found. {ADVICE}")
    machine = platform.machine(), platform.node(), native.isa()
    key = hashlib.sha256(repr((text, compiler, FLAGS, machine)).encode()).hexdigest()[:32]
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise RuntimeError(
            f"The engine 'c' keeps what it compiles in {folder}, which cannot be made "
            f"({error.strerror}): set the environment variable CELLO_CACHE to a folder of yours."
        ) from None
    library, told = folder / f"{key}.so", folder / f"{key}.sha256"
    if not _is_whole(library, told):
        _compile(compiler, text, library, told)
    return ctypes.CDLL(str(library))


def _is_whole(library: Path, told: Path) -> bool:
    try:
        return told.read_text() == _digest(library)
    except OSError:
        return False


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _compile(compiler: list[str], text: str, library: Path, told: Path) -> None:
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        source, made = Path(folder) / "model.c", Path(folder) / "model.so"
        source.write_text(text)
        command = [*compiler, *FLAGS, "-o", str(made), str(source)]
        ended = subprocess.run(command, capture_output=True, text=True)
        if ended.returncode:
            raise RuntimeError(
                f"The engine 'c' could not compile the model with {' '.join(compiler)}: "
                f"{ended.stderr.strip()[:1000]}"
            )
        sums = Path(folder) / "sum"
        sums.write_text(_digest(made))
        os.replace(made, library)
        os.replace(sums, told)
