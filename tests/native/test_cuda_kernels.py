"""The kernels for NVIDIA GPUs against the scan: on a GPU, else run by the CPU, thread by thread."""

import jax
import numpy as np
import pytest
from hypothesis import given
from recurrence_cases import arrays_of, cases, values_and_gradients

CELLS = ("lstm", "gru", "simple_rnn")
pytestmark = pytest.mark.usefixtures("kernels")


def exact(cell, arrays, **options):
    """Values and gradients in float64, of arrays as they are in float32."""
    with jax.enable_x64(True):
        arrays = jax.tree.map(lambda a: a.astype("float32").astype("float64"), arrays)
        return jax.tree.map(np.asarray, values_and_gradients(cell, arrays, "scan", **options))


def in_float32(arrays, options):
    options = {
        k: v.astype("float32") if k.endswith("t_mask") and v is not None else v
        for k, v in options.items()
    }
    return jax.tree.map(lambda a: np.asarray(a, "float32"), arrays), options


def assert_as_near(want, other, got, ulps=8):
    """The error of `got` is at most twice that of `other`, and some ULP of float32."""
    for w, o, g in zip(*map(jax.tree.leaves, (want, other, got)), strict=True):
        assert g.shape == w.shape
        allowed = 2 * np.abs(o - w).max() + ulps * 2**-24 * max(1, np.abs(w).max())
        assert np.abs(g - w).max() <= allowed


@given(cases().filter(lambda case: case[0] in CELLS))
def test_as_accurate_as_the_scan(case):
    cell, sizes, options, biased, seed = case
    with jax.enable_x64(True):
        arrays = arrays_of(cell, *sizes, seed)
    if not biased:
        arrays = (*arrays[:3], None, arrays[4])
    want = exact(cell, arrays, **options)
    floats, options = in_float32(arrays, options)
    with jax.default_matmul_precision("highest"):
        scanned = values_and_gradients(cell, floats, "scan", **options)
        got = values_and_gradients(cell, floats, "native", **options)
    assert_as_near(want, scanned, got)
