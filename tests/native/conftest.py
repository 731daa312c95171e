"""Programs of the native code, built by CMake under build/ and kept between runs; a GPU."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from cello import native
from cello.native import cuda

ROOT = Path(__file__).parents[2]


def _tool(*names):
    """The path of the first of these programs that the machine or this environment has."""
    beside = str(Path(sys.executable).parent)  # cmake and ninja are on PyPI too
    for name in names:
        if found := shutil.which(name) or shutil.which(name, path=beside):
            return found
    return pytest.skip(f"{' or '.join(names)} is not installed")


def _run(*command, **environment):
    """Run a command with changes to the environment; return what it printed."""
    uncapped = {name: value for name, value in os.environ.items() if name != "CELLO_MAX_ISA"}
    done = subprocess.run(
        [str(part) for part in command],
        env=uncapped | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        name = " ".join(str(part) for part in command)
        pytest.fail(f"{name} ended with {done.returncode}:\n{done.stdout}", pytrace=False)
    return done.stdout


def _build(folder, *targets, options=()):
    """Build targets of native/CMakeLists.txt in build/<folder>; return that folder."""
    binary = ROOT / "build" / folder
    cmake, ninja = _tool("cmake"), _tool("ninja")
    if not any(option.startswith("-DCMAKE_CXX_COMPILER=") for option in options):
        _tool(os.environ.get("CXX", "c++"), "g++", "clang++")
    binary.mkdir(parents=True, exist_ok=True)
    with open(binary / ".lock", "w") as lock:  # the tests may run in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        configure = (cmake, "-S", ROOT / "native", "-B", binary, "-G", "Ninja")
        _run(*configure, f"-DCMAKE_MAKE_PROGRAM={ninja}", "-DCELLO_TESTS=ON", *options)
        _run(cmake, "--build", binary, "--parallel", "2", "--target", *targets)
    return binary


@pytest.fixture(scope="session")
def tool():
    return _tool


@pytest.fixture(scope="session")
def run():
    return _run


@pytest.fixture(scope="session")
def build():
    return _build


@pytest.fixture(scope="module")
def kernels(build):
    """The kernels for GPUs run; without a GPU those of a small one, which the CPU plays."""
    if cuda.platform() == "cuda":
        if missing := cuda.missing():
            pytest.skip(missing)
        yield
        return
    native.load(build("native", "cuda_on_cpu") / "libcuda_on_cpu.so", "cello_cuda_handlers", "cpu")
    jax.clear_caches()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuda, "platform", lambda: "cuda")
        patch.setattr(cuda, "missing", lambda: None)
        yield
    jax.clear_caches()
