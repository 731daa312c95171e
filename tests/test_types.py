"""What a type checker sees of the library: a user's program with right and with wrong lines."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAM = Path(__file__).with_name("user_program.py")

COMPILATIONS = 0


def stubs():
    spec = importlib.util.spec_from_file_location("stubs", ROOT / "tools" / "stubs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def wrong_lines():
    lines = PROGRAM.read_text().splitlines()
    return {i for i, line in enumerate(lines, 1) if line.endswith("# wrong")}


def test_mypy_reports_the_wrong_lines_and_no_other():
    command = [sys.executable, "-m", "mypy", "--no-error-summary", str(PROGRAM)]
    found = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)  # as `make types`
    assert not found.stderr
    reports = re.findall(rf"^(?:.*/)?{PROGRAM.name}:(\d+): error: (.*)$", found.stdout, re.M)
    assert {int(line) for line, _ in reports} == wrong_lines(), found.stdout


@pytest.mark.parametrize("name", stubs().MODULES)
def test_stubs_are_fresh(name):
    """Else: `make stubs`."""
    tool = stubs()
    written = tool.path_of(name).read_text()
    assert written == tool.stub(name)


def test_stubs_and_the_mark_of_types_are_shipped():
    import cello

    assert (Path(cello.__file__).parent / "py.typed").exists()
