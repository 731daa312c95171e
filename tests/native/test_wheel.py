"""What `pip install .` installs, with a C++ compiler and without."""

import re
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.deep
ROOT = Path(__file__).parents[2]


@pytest.fixture
def wheel(tmp_path, run, tool):
    """wheel(options) -> (file name, {member: content}, what pip said)"""
    pytest.importorskip("scikit_build_core", reason="scikit-build-core is not installed")
    tool("cmake")
    tool("ninja")

    def make(*options, **environment):
        pip = (sys.executable, "-m", "pip", "wheel", ROOT, "--wheel-dir", tmp_path)
        said = run(*pip, "--no-deps", "--no-build-isolation", "-v", *options, **environment)
        (path,) = tmp_path.glob("*.whl")
        with zipfile.ZipFile(path) as file:
            return path.name, {name: file.read(name) for name in file.namelist()}, said

    return make


BUILT = r"native/(libcello_|_runner\.)"


def check_python(members):
    """The sources and the data are there, and nothing else."""
    sources = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src/cello").rglob("*")
        if path.is_file() and not re.search(rf"__pycache__|{BUILT}", path.as_posix())
    }
    assert {"cello/datasets/co2.csv", "cello/py.typed"} <= sources
    installed = {name for name in members if ".dist-info/" not in name}
    assert {name for name in installed if not re.search(BUILT, name)} == sources
    (metadata,) = (text.decode() for name, text in members.items() if name.endswith("/METADATA"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"\nVersion: {project['version']}\n" in metadata
    assert (ROOT / "README.md").read_text().splitlines()[0] in metadata
    assert any(name.endswith("licenses/LICENSE") for name in members)


def test_a_wheel_has_the_library_and_serves_every_python(wheel, tool):
    tool("c++", "g++", "clang++")
    # Compiled with little optimisation, which takes most of the time and changes no file's name,
    # and without the kernels for GPUs, whether or not there is a compiler for them.
    settings = "build-dir=build/wheel cmake.build-type=Debug cmake.define.CMAKE_CXX_FLAGS_DEBUG=-O1"
    settings += " cmake.define.CMAKE_CUDA_COMPILER=NOTFOUND"
    name, members, _ = wheel(*(f"--config-settings={setting}" for setting in settings.split()))
    assert re.fullmatch(r"cello_rnn-[0-9.]+-cp311-abi3-(?!any)\w+\.whl", name)
    check_python(members)
    (library,) = (name for name in members if "libcello_" in name)
    assert "cello/native/_runner.abi3.so" in members or "cello/native/_runner.pyd" in members
    assert re.fullmatch(r"cello/native/libcello_kernels\.(so|dylib|dll)", library)
    assert b"cello_handlers" in members[library]


def test_without_a_compiler_the_install_succeeds_and_says_so(wheel):
    name, members, said = wheel(CXX="/bin/false")
    assert re.fullmatch(r"cello_rnn-[0-9.]+-py3-none-any\.whl", name)
    check_python(members)
    assert not any("libcello_" in name for name in members)
    assert "Cello is installed without it" in said
