"""How many programs each test file asks XLA for, and the number that it may not exceed.

Compiling is most of the suite's time, so a file says `COMPILATIONS = 120`, and the test that asks
for more fails: the suite stays fast, and no test looks at a clock. JAX tells of every program that
it wants, whether XLA compiles it or the cache on disk has it, so the number is the same warm and
cold.

The number is for the file alone. After other files, or where two workers share its tests, a process
asks for fewer, since JAX keeps what it has compiled; so each process is held to the whole number.
`pytest -v FILE` shows what a file asks for. Processes that a test starts are not counted, nor are
the deep tests.
"""

from collections import Counter

import jax
import pytest

PROGRAM = "/jax/core/compile/backend_compile_duration"
WITHOUT_A_NUMBER = 1000  # for files that do not say how many they ask for


class Compilations:
    """Counts the programs that this process asks for, by the test file that runs."""

    def __init__(self):
        self.by_file = Counter()
        self.file = None
        self.before = 0  # what the file had asked for when the test began

    def pytest_configure(self):
        jax.monitoring.register_event_duration_secs_listener(self._note)

    def pytest_unconfigure(self):
        jax.monitoring.unregister_event_duration_listener(self._note)

    def _note(self, event, duration, **_):
        if event == PROGRAM and self.file is not None:
            self.by_file[self.file] += 1

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.file = None if item.get_closest_marker("deep") else item.path
        self.before = self.by_file[self.file]
        try:
            return (yield)
        finally:
            self.file = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        result = yield
        bound = getattr(item.module, "COMPILATIONS", WITHOUT_A_NUMBER)
        if self.before <= bound < self.by_file[self.file]:
            pytest.fail(
                f"{item.path.name} has asked for {self.by_file[self.file]} XLA programs and may ask"
                f" for {bound}. Let tests share shapes, hand a program what changes as an argument,"
                f" prepare arrays in NumPy; or raise COMPILATIONS in the file.",
                pytrace=False,
            )
        return result

    def pytest_terminal_summary(self, terminalreporter, config):
        if config.get_verbosity() > 0:
            for file, count in self.by_file.items():
                terminalreporter.write_line(f"{file.name}: {count} XLA programs")
