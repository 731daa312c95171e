"""The limit of XLA's programs a file: the test that passes it fails, warm as cold."""

import pytest
from compilations import Compilations

COMPILATIONS = 20
FILE = """
import jax, numpy, pytest

COMPILATIONS = 2

@pytest.mark.deep
def test_that_is_deep():
    jax.jit(lambda x: x * 5)(numpy.ones(7, "float32"))

@pytest.mark.parametrize("size", [1, 2, 2, 3])
def test_size(size):
    once(numpy.ones(size, "float32"))

def test_after_the_first_that_is_refused():
    pass

once = jax.jit(lambda x: x * 3 + 1)
"""


class Outcomes:
    """What became of each test."""

    def __init__(self):
        self.of = {}

    def pytest_configure(self, config):
        config.addinivalue_line("markers", "deep: slow")

    def pytest_runtest_logreport(self, report):
        if report.when == "call":
            self.of[report.nodeid.split("::")[1]] = report.outcome


@pytest.mark.parametrize("name", ["cold_or_warm", "warm"])
def test_the_test_that_asks_for_too_many_fails(name, tmp_path, capsys):
    file, settings = tmp_path / f"test_{name}.py", tmp_path / "pytest.ini"
    file.write_text(FILE)
    settings.write_text("[pytest]\n")
    outcomes, counter = Outcomes(), Compilations()
    options = ["-c", str(settings), "--import-mode=importlib", "-v"]
    pytest.main([*options, str(file)], plugins=[outcomes, counter])
    assert outcomes.of == {
        "test_that_is_deep": "passed",
        "test_size[1]": "passed",
        "test_size[2_0]": "passed",
        "test_size[2_1]": "passed",
        "test_size[3]": "failed",
        "test_after_the_first_that_is_refused": "passed",
    }
    assert dict(counter.by_file) == {file: 3}
    printed = capsys.readouterr().out
    assert f"test_{name}.py: 3 XLA programs" in printed
    assert "has asked for 3 XLA programs and may ask for 2" in printed
