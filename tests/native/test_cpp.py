"""The kernels' own test in C++: under sanitizers, by other compilers, on emulated processors."""

import platform

import pytest

pytestmark = pytest.mark.deep
X86 = platform.machine() in ("x86_64", "AMD64")
ISAS = ["avx512", "avx2", "baseline"] if X86 else ["neon"]


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("program", ["kernels_test", "kernels_test_sanitized"])
def test_kernels(program, isa, build, run):
    folder = build("native", program, "isas")
    if isa not in run(folder / "isas").split()[0].split(","):
        pytest.skip(f"this processor has no {isa}")
    run(folder / program, isa)


@pytest.mark.skipif(not X86, reason="the other processors' names are those of x86")
@pytest.mark.parametrize(
    "cpu, isas",
    [("Nehalem", "baseline"), ("SandyBridge", "baseline"), ("Haswell", "avx2,baseline")],
)
def test_the_choice_on_other_processors(cpu, isas, build, run, tool):
    """An emulator says that it is another processor: what that lacks is not chosen."""
    qemu = tool("qemu-x86_64", "qemu-x86_64-static")
    program = build("native", "isas") / "isas"
    best = isas.split(",")[0]
    command = (qemu, "-cpu", cpu, program)
    assert run(*command).splitlines()[-1] == f"{isas} {best}"
    assert run(*command, CELLO_MAX_ISA="avx512").splitlines()[-1] == f"{isas} {best}"
    assert run(*command, CELLO_MAX_ISA="baseline").splitlines()[-1] == f"{isas} baseline"


@pytest.mark.parametrize("isa", ISAS)
def test_nothing_leaks_from_an_instruction_set(isa, build, run, tool):
    """Its one function is all that the linker can see of code for an instruction set.

    A linker keeps one copy of an inline function; were that the copy with wide instructions, older
    processors would stop at it.
    """
    nm = tool("nm")
    folder = build("native", f"kernels_{isa}")
    (compiled,) = (folder / "CMakeFiles" / f"kernels_{isa}.dir").glob("kernels.cpp.o*")
    lines = run(nm, "--defined-only", "--extern-only", "--format=posix", compiled).splitlines()
    # DW.ref: the address of the language's own handler of exceptions, which is no code.
    names = {line.split()[0] for line in lines if not line.startswith("DW.ref.")}
    assert {name.lstrip("_") for name in names} == {f"cello_kernels_{isa}"}


def test_neon_under_an_emulator(build, run, tool):
    """Built for 64-bit Arm and run there; the whole library is compiled, too."""
    compiler = tool("aarch64-linux-gnu-g++")
    qemu = tool("qemu-aarch64", "qemu-aarch64-static")
    options = (
        "-DCMAKE_SYSTEM_NAME=Linux",
        "-DCMAKE_SYSTEM_PROCESSOR=aarch64",
        f"-DCMAKE_CXX_COMPILER={compiler}",
        "-DCMAKE_EXE_LINKER_FLAGS=-static",
    )
    folder = build("neon", "kernels_test", "isas", "cello_kernels", options=options)
    assert run(qemu, folder / "isas") == "neon neon\n"
    run(qemu, folder / "kernels_test", "neon")


def test_clang(build, run, tool):
    """The wheels for macOS and Windows are compiled by Clang."""
    folder = build(
        "clang",
        *("kernels_test", "isas", "cello_kernels"),
        options=(f"-DCMAKE_CXX_COMPILER={tool('clang++')}",),
    )
    for isa in run(folder / "isas").split()[0].split(","):
        run(folder / "kernels_test", isa)
