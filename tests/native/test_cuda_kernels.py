"""The kernels for NVIDIA GPUs against the scan: on a GPU, else run by the CPU, thread by thread."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from recurrence_cases import (
    arrays_of,
    assert_as_near,
    cases,
    exact,
    in_float32,
    masks_of,
    problem,
    run,
    spread,
    values_and_gradients,
)

import cello
from cello.native import cuda

CELLS = ("lstm", "gru", "simple_rnn")
pytestmark = [pytest.mark.usefixtures("kernels"), pytest.mark.deep]


@given(cases().filter(lambda case: case[0] in CELLS))
def test_as_accurate_as_the_scan(case):
    cell, floats, options, want = problem(case)
    with jax.default_matmul_precision("highest"):
        scanned = values_and_gradients(cell, floats, "scan", **options)
        got = values_and_gradients(cell, floats, "native", **options)
    assert_as_near(want, scanned, got)


def rounding(cell, arrays, **options):
    """How far the scan is from the truth where its factors are bfloat16."""
    return values_and_gradients(cell, arrays, "scan", compute_dtype="bfloat16", **options)


@pytest.mark.parametrize("cell", CELLS)
def test_rounded_factors_cost_what_their_bits_say(cell):
    """TF32 has three bits more than bfloat16; all that is summed up is float32 in both."""
    with jax.enable_x64(True):
        arrays = arrays_of(cell, 3, 6, 5, 20, seed=3)
    want, floats = exact(cell, arrays), in_float32(arrays, {})[0]
    rounded = rounding(cell, floats)
    with jax.default_matmul_precision("tensorfloat32"):
        tf32 = values_and_gradients(cell, floats, "native")
    bfloat16 = values_and_gradients(cell, floats, "native", compute_dtype="bfloat16")
    for w, r, t, b in zip(*map(jax.tree.leaves, (want, rounded, tf32, bfloat16)), strict=True):
        error = np.linalg.norm(r - w)
        assert np.linalg.norm(b - w) <= 2 * error
        assert np.linalg.norm(t - w) <= error / 2  # 8 times less, but for what the CPU multiplies


def test_arrays_of_bfloat16_have_states_and_sums_in_float32():
    """Over 300 steps of a slow leak, whose increments are below the last bit of its state.

    `h += (1 - z) (g - h)` with `1 - z` near 0.004: in bfloat16 the state would stand still.
    """
    units, time = 4, 300
    x = jnp.ones((1, time, 1), "bfloat16")
    kernel = jnp.zeros((1, 3 * units), "bfloat16")
    bias = jnp.asarray(np.repeat([[5.5, 0, 3]], units, 1).reshape(1, -1), "bfloat16")
    bias = jnp.concatenate([bias, jnp.zeros_like(bias)])
    recurrent = jnp.zeros((units, 3 * units), "bfloat16")
    y, (h,) = cello.ops.gru(x, kernel, recurrent, bias, engine="native")
    leak = 1 - jax.nn.sigmoid(np.float64(5.5))
    wanted = np.tanh(3) * (1 - (1 - leak) ** time)
    assert y.dtype == h.dtype == jnp.bfloat16
    np.testing.assert_allclose(np.asarray(h, "float64"), wanted, rtol=2**-8)


@pytest.mark.parametrize("shared_bytes", [80_000, 110_000])
@pytest.mark.parametrize("cell", CELLS)
def test_weights_that_do_not_fit_on_the_chip(cell, shared_bytes, monkeypatch):
    """More blocks of units than multiprocessors, and too little shared memory for their weights."""
    monkeypatch.setenv("CELLO_TEST_MULTIPROCESSORS", "2")
    monkeypatch.setenv("CELLO_TEST_SHARED_BYTES", str(shared_bytes))
    with jax.enable_x64(True):
        arrays = arrays_of(cell, 17, 3, 2, 70, seed=4)
    want, floats = exact(cell, arrays), in_float32(arrays, {})[0]
    with jax.default_matmul_precision("highest"):
        scanned = values_and_gradients(cell, floats, "scan")
        got = values_and_gradients(cell, floats, "native")
    assert_as_near(want, scanned, got)


@pytest.mark.parametrize("cell", CELLS)
def test_what_is_under_the_mask_reaches_nothing(cell):
    x, *rest = arrays_of(cell, 9, 4, 3, 17, seed=2, dtype="float32")
    mask = masks_of("holes", 9, 4, 5)
    dirty = jnp.where(mask[..., None], x, jnp.asarray([np.nan, np.inf, 1e30], "float32"))
    clean = jnp.where(mask[..., None], x, 0)
    got = values_and_gradients(cell, (dirty, *rest), "native", mask=mask)
    want = values_and_gradients(cell, (clean, *rest), "native", mask=mask)
    jax.tree.map(np.testing.assert_array_equal, got, want)
    assert not np.asarray(got[0][0])[~mask].any()


def test_vmap_and_second_derivatives():
    arrays = arrays_of("lstm", 2, 3, 2, 5, seed=4, dtype="float32")

    def penalty(arrays, engine):
        gradients = jax.grad(lambda a: spread(run("lstm", a, engine)))(arrays)
        return sum(jnp.sum(g**2) for g in jax.tree.leaves(gradients))

    with jax.default_matmul_precision("highest"):
        got, want = (
            jax.jit(jax.grad(penalty), static_argnums=1)(arrays, engine)
            for engine in ("native", "scan")
        )
        two = jnp.stack([arrays[0], -arrays[0]])
        mapped = jax.vmap(lambda x: run("lstm", (x, *arrays[1:]), "native")[0])(two)
        each = [run("lstm", (x, *arrays[1:]), "native")[0] for x in two]
    for g, w in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-3, atol=1e-4 * max(1, np.abs(w).max()))
    np.testing.assert_array_equal(mapped, jnp.stack(each))


def test_the_engine_says_what_runs():
    assert cello.layers.LSTM(4).engine == "cuda" and cello.layers.LSTM(4).engine.reason is None
    both = cello.layers.Bidirectional(cello.layers.LSTM(4))
    slow_backward = cello.layers.Bidirectional(
        cello.layers.GRU(4),
        backward_layer=cello.layers.GRU(4, reset_after=False, go_backwards=True),
    )
    assert both.engine == "cuda" and slow_backward.engine == "scan"
    before_the_product = cello.layers.GRU(4, reset_after=False).engine
    assert before_the_product == "scan" and "gru_reset_before" in before_the_product.reason
    double = cello.layers.LSTM(4, dtype="float64").engine
    assert double == "scan" and "float64" in double.reason
    with pytest.raises(ValueError, match="The kernels for GPUs know lstm, gru, simple_rnn"):
        arrays = arrays_of("gru_reset_before", 1, 2, 3, 4, seed=0, dtype="float32")
        run("gru_reset_before", arrays, "native")


@pytest.mark.skipif(cuda.platform() == "cuda", reason="the four devices are played by a CPU")
def test_a_batch_over_four_devices(build):
    script = Path(__file__).parents[1] / "ops/sharded.py"
    library = build("native", "cuda_on_cpu") / "libcuda_on_cpu.so"
    flags = "--xla_force_host_platform_device_count=4"
    done = subprocess.run(
        [sys.executable, str(script), str(library)], capture_output=True, text=True, check=False,
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
