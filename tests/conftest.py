"""Settings that hold for every test."""

import os
import platform
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("MPLBACKEND", "Agg")

import hypothesis
import jax
import pytest
from compilations import Compilations

import cello
from cello.core.naming import forget_names

# What XLA has compiled on this machine is found again by other tests and by the next run. Processes
# that tests start have no part in it: some are killed, and half a file would stay.
COMPILED = Path(__file__).parents[1] / "build" / "compiled" / platform.node()
jax.config.update("jax_compilation_cache_dir", str(COMPILED))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)

hypothesis.settings.register_profile(
    "cello", deadline=None, max_examples=15, derandomize=True, print_blob=True
)
hypothesis.settings.register_profile(  # for what is run again and again
    "brief", hypothesis.settings.get_profile("cello"), max_examples=8
)
hypothesis.settings.load_profile("cello")
hypothesis.settings.register_profile(  # for deep tests: other examples each time
    "fresh", hypothesis.settings.get_profile("cello"), derandomize=False, database=None
)


def pytest_configure(config):
    """`pytest -m deep` draws anew, from the seed in its command if that has one."""
    if config.option.markexpr == "deep":
        hypothesis.settings.load_profile("fresh")
    else:
        compile_lightly()
    config.pluginmanager.register(Compilations())


def compile_lightly():
    """Have XLA optimise little, here and in processes that tests start: a sixth of the time.

    The deep tests run what it compiles for users.
    """
    os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
    jax.config.update("jax_disable_most_optimizations", True)
    if jax.__version_info__ < (0, 11):  # XLA ends a process whose flags it does not know
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false")


@pytest.fixture(autouse=True)
def fresh_names_and_seed():
    """Each test starts as a fresh process would: names from zero, the same seed."""
    forget_names()
    cello.utils.set_random_seed(0)
