"""The tests of the kernels again, for every instruction set that this machine has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cello import native

OPS = Path(__file__).parent.parent / "ops"
TESTS = [OPS / "test_kernels.py", OPS / "test_linear_scan.py"]
ACTIVATIONS = Path(__file__).with_name("test_activations.py")
BELOW_THE_BEST = [isa for isa in native.isas() if isa != native.isa()]


@pytest.mark.parametrize("isa", BELOW_THE_BEST)
def test_every_instruction_set(isa):
    """Each in a process of its own, since the choice holds for a process."""
    code = f"from cello import native; assert native.isa() == {isa!r}"
    selected = "accurate or large or mask or error or extremes"
    environment = {**os.environ, "CELLO_MAX_ISA": isa}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cov",
            "--hypothesis-profile=brief",
            "-k", selected, *map(str, TESTS), str(ACTIVATIONS),
        ],
        capture_output=True, text=True, check=False, env=environment,
        cwd=OPS.parent.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
