"""The native library as Python finds it."""

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import pytest

import cello
from cello import native

ROOT = Path(__file__).parents[2]
REPORT = "from cello import native; print(native.isa(), native.missing())"


def python(code, **environment):
    """Run code in a new process."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def library():
    if native.missing():
        pytest.skip(native.missing())
    return native.library()


def test_there_is_a_library_where_there_is_a_compiler():
    """So that the tests which are skipped without one cannot go unnoticed."""
    if shutil.which("g++") or shutil.which("clang++"):
        assert native.missing() is None


def test_it_is_loaded_once_and_says_what_it_is(library):
    assert isinstance(library, ctypes.CDLL)
    assert native.library() is library
    assert native.isa() in native.isas()


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="the oracle is Linux' /proc/cpuinfo")
def test_the_instruction_sets_are_the_processors(library):
    flags = set(re.findall(r"\S+", Path("/proc/cpuinfo").read_text()))
    needed = {
        "avx512": "avx2 fma bmi1 bmi2 f16c movbe abm avx512f avx512dq avx512cd avx512bw avx512vl",
        "avx2": "avx2 fma bmi1 bmi2 f16c movbe abm",
        "neon": "asimd",
        "baseline": "sse2",
    }
    has = tuple(isa for isa, names in needed.items() if flags >= set(names.split()))
    assert native.isas() == has


def test_the_cap_chooses_the_instruction_set(library):
    ask = f"import ctypes; library = ctypes.CDLL({library._name!r}); isa = library.cello_isa"
    ask += "; isa.restype = ctypes.c_char_p; print(isa().decode())"
    for isa in native.isas():
        assert python(ask, CELLO_MAX_ISA=isa) == f"{isa}\n"


def test_an_unknown_cap_is_refused_when_kernels_are_wanted(library, monkeypatch):
    """And not before: `import cello` and what needs no kernel work."""
    monkeypatch.setenv("CELLO_MAX_ISA", "avx1024")
    said = python("import cello; print(cello.__version__); cello.layers.LSTM(2).engine")
    first, *_, last = said.splitlines()
    assert first == cello.__version__
    assert last.startswith("ValueError") and "'avx1024'" in last
    assert "avx512, avx2, baseline" in last or "neon" in last


def known_to_xla(target):
    """Whether XLA finds a handler of this name; the handler itself may refuse the call."""
    try:
        jax.jit(jax.ffi.ffi_call(target, jax.ShapeDtypeStruct((), "float32")))()
    except jax.errors.JaxRuntimeError as error:
        return "No FFI handler registered" not in str(error)
    return True


def test_every_handler_is_a_target_of_the_ffi(library):
    assert not known_to_xla("cello_unheard_of")
    for name in library.cello_handlers().decode().split(","):
        assert known_to_xla(name)


@pytest.fixture
def alone(tmp_path):
    """A copy of the package's folder without its library, to import from."""
    package = Path(native.__file__)
    copy = tmp_path / "native_alone"
    copy.mkdir()
    (copy / "__init__.py").write_text(package.read_text())
    return copy


def report_of(copy):
    code = f"import sys; sys.path.insert(0, {str(copy.parent)!r}); " + REPORT.replace(
        "from cello import native", "import native_alone as native"
    )
    return python(code)


def test_without_a_library_it_says_why(alone):
    said = report_of(alone)
    assert said.startswith("None Cello was installed without its native library, because no C++")


def test_a_library_that_does_not_load_says_why(alone):
    suffix = {"darwin": "dylib", "win32": "dll"}.get(sys.platform, "so")
    (alone / f"libcello_kernels.{suffix}").write_text("no library")
    said = report_of(alone)
    assert said.startswith("None Cello's native library cannot be loaded: ")
    assert "libcello_kernels" in said


def test_a_library_that_xla_refuses_says_why(library):
    said = python(
        "import jax\n"
        "def refuse(*args, **kwargs): raise jax.errors.JaxRuntimeError('too old an interface')\n"
        f"jax.ffi.register_ffi_target = refuse\n{REPORT}; jax.numpy.ones(3)"
    )
    assert said == "None JAX does not take Cello's native library: too old an interface\n"


def test_the_ffi_headers_are_no_newer_than_the_installed_jax():
    def version(folder):
        text = (Path(folder) / "xla/ffi/api/c_api.h").read_text()
        return re.findall(r"#define XLA_FFI_API_(MAJOR|MINOR) (\d+)", text)

    (_, major), (_, minor) = version(ROOT / "native/third_party")
    (_, their_major), (_, their_minor) = version(jax.ffi.include_dir())
    assert major == their_major
    assert int(minor) <= int(their_minor)


@pytest.mark.deep
def test_kept_memory_is_not_new_pages():
    """Large results after `keep_memory` cost few page faults: in a process of its own."""
    code = """
import resource
import jax, jax.numpy as jnp
from cello import native, ops

a, b = jnp.full((4, 2048, 512), 0.5), jnp.ones((4, 2048, 512))  # results of 16 MB
scan = jax.jit(lambda a, b: ops.linear_scan(a, b))

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        jax.block_until_ready(scan(a, b))
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

scan(a, b)
plain = faults()
took_effect = native.keep_memory()
# A thread that has its first turn brings new pages: some round has none.
print(int(took_effect), plain, min(faults() for _ in range(4)))
"""
    took_effect, plain, kept = map(int, python(code).split())
    if took_effect:
        assert kept < plain / 4
