"""The kernels' tanh and sigmoid: their largest error in ULP, against float64."""

import ctypes

import numpy as np
import pytest

from cello import native

pytestmark = pytest.mark.skipif(native.library() is None, reason="there is no native library here")

TANH, SIGMOID = 0, 1
FUNCTIONS = {TANH: np.tanh, SIGMOID: lambda x: 1 / (1 + np.exp(-x))}


def activate(kind, x):
    y = np.empty_like(x)
    pointer = ctypes.POINTER(ctypes.c_float)
    function = native.library().cello_activate
    function.argtypes = [ctypes.c_int64, pointer, pointer, ctypes.c_int64]
    function.restype = None
    function(kind, x.ctypes.data_as(pointer), y.ctypes.data_as(pointer), x.size)
    return y


def grid(most):
    """Numbers of every magnitude up to `most`, of both signs."""
    bits = np.arange(0x00800000, np.float32(most).view(np.int32), 797, dtype=np.int32)
    x = bits.view(np.float32)
    return np.concatenate([x, -x, [np.float32(0), np.float32(-0.0)]])


@pytest.mark.parametrize("kind", [TANH, SIGMOID])
def test_error_in_ulp(kind):
    x = grid(80)  # beyond, a sigmoid is too small for a normal float
    want = FUNCTIONS[kind](x.astype("float64"))
    error = np.abs(activate(kind, x) - want) / np.spacing(np.abs(want).astype("float32"))
    assert error.max() <= 4


@pytest.mark.parametrize("kind", [TANH, SIGMOID])
def test_extremes(kind):
    x = np.array([np.inf, -np.inf, 1e30, -1e30, 1e-40, np.nan], "float32")
    want = FUNCTIONS[kind](np.clip(x, -87, 87).astype("float64"))
    np.testing.assert_allclose(activate(kind, x), want, rtol=1e-6, atol=1e-37)
