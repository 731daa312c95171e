"""Training over eight simulated devices gives what one device gives."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

import cello
from cello import native

COMPILATIONS = 10

FOLDER = Path(__file__).parent / "distribution"
FAST = ("lstm", "no_gather", "refusals")
DEEP = (
    "dropout", "stateful", "scan", "mask", "both directions", "batch normalization", "tbptt",
    "lists", "weights", "validation", "iterable", "batch by batch",
    "wide_layers", "resumed", "some_devices",
)  # fmt: skip
CHECKS = [*FAST, *(pytest.param(check, marks=pytest.mark.deep) for check in DEEP)]


@functools.cache
def found(checks):
    """What failed of some checks in `eight_devices.py`, which run in one process."""
    settings = {
        "JAX_PLATFORMS": "cpu",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
    }
    done = subprocess.run(
        [sys.executable, FOLDER / "eight_devices.py", *checks],
        capture_output=True, text=True, check=False,
        env={**os.environ, **settings},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_check_is_named():
    assert set(found(FAST)["checks"]) == {*FAST, *DEEP}


@pytest.mark.parametrize("check", CHECKS)
def test_eight_devices(check):
    if check == "no_gather" and native.library() is None:
        pytest.skip("there is no native library here")
    failed = found(FAST if check in FAST else DEEP)["failed"][check]
    assert failed is None, failed


def test_one_process_without_a_launcher_is_told_what_to_do(monkeypatch):
    def finds_nothing(*args, **kwargs):
        raise ValueError("coordinator_address should be defined.")

    monkeypatch.setattr(jax.distributed, "initialize", finds_nothing)
    with pytest.raises(RuntimeError, match=r"python -m cello\.launch --processes 2"):
        cello.distribution.initialize()


@pytest.mark.parametrize("wrong", [2, [], "cpu"])
def test_devices_are_a_list(wrong):
    with (
        pytest.raises(ValueError, match=r"must be a list of some of jax\.devices\(\)"),
        cello.distribution.data_parallel(wrong),
    ):
        pass
