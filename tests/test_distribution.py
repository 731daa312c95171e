"""Training over eight simulated devices gives what one device gives."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

import cello
from cello import native

FOLDER = Path(__file__).parent / "distribution"
CHECKS = (
    "lstm", "scan", "mask", "dropout", "both directions", "batch normalization", "stateful",
    "tbptt", "lists", "weights", "validation", "iterable", "batch by batch", "no_gather",
    "wide_layers", "resumed", "some_devices", "refusals",
)  # fmt: skip


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What failed of the checks in `eight_devices.py`, which run in one process."""
    flags = "--xla_force_host_platform_device_count=8"
    done = subprocess.run(
        [sys.executable, FOLDER / "eight_devices.py", tmp_path_factory.mktemp("resumed")],
        capture_output=True, text=True, check=False,
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_check_is_named(found):
    assert set(found) == set(CHECKS)


@pytest.mark.parametrize("check", CHECKS)
def test_eight_devices(check, found):
    if check == "no_gather" and native.library() is None:
        pytest.skip("there is no native library here")
    assert found[check] is None, found[check]


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
