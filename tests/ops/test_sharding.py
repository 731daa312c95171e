"""The kernels on a batch that is spread over devices, and within `jax.shard_map`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cello import native


@pytest.mark.skipif(native.library() is None, reason="there is no native library here")
def test_a_batch_over_four_devices():
    script = Path(__file__).with_name("sharded.py")
    flags = "--xla_force_host_platform_device_count=4"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False,
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
