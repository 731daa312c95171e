"""The linear recurrence's kernels on every instruction set, by the C interface."""

import numpy as np
import pytest
from c_interface import Arrays, LinearScan, LinearScanBackward, Parallel, kernels

from cello import native

pytestmark = pytest.mark.skipif(native.library() is None, reason="there is no native library here")

FEATURES = [1, 2, 3, 7, 15, 16, 17, 33, 100, 129, 257, 400, 4097, 8200]
LARGE = [  # stored past the caches, and shared by threads in each way
    (2, 260, 8192, False, False),
    (2, 270, 4000, True, True),
    (3, 150, 10008, False, True),
    (70, 300, 8, False, True),
    (1, 60, 9000, True, False),
]


def problem(rng, batch, time, features, complex_, constant):
    """`a`, within the unit circle, `b`, `h0`, and the gradient of `h`; numbers of float32."""

    def normal(*shape):
        values = rng.normal(size=shape)
        if complex_:
            values = values + 1j * rng.normal(size=shape)
        return values.astype("complex64" if complex_ else "float32")

    a = normal(batch, 1 if constant else time, features)
    a = (a / (1 + np.abs(a))).astype(a.dtype)
    return a, normal(batch, time, features), normal(batch, features), normal(batch, time, features)


def loop(a, b, h0, d_h, reverse):
    """`h`, and the gradients of `a`, `b` and `h0`, without conjugates, as JAX has them."""
    order = range(b.shape[1])[:: -1 if reverse else 1]
    every = np.broadcast_to(a, b.shape)
    h, before, d_b = np.empty_like(b), np.empty_like(b), np.empty_like(b)
    now, carried = h0, np.zeros_like(h0)
    for t in order:
        before[:, t] = now
        now = h[:, t] = every[:, t] * now + b[:, t]
    for t in reversed(order):
        d_b[:, t] = d_h[:, t] + carried
        carried = every[:, t] * d_b[:, t]
    d_a = d_b * before
    return {
        "h": h,
        "d_a": d_a.sum(1, keepdims=True) if a.shape != b.shape else d_a,
        "d_b": d_b,
        "d_h0": carried,
    }


def run(isa, arrays, reverse, complex_, constant, threads, rng):
    a, b, h0, d_h = (x.view("float32") for x in arrays)
    batch, time, features = b.shape
    table, given, parallel = kernels(isa), Arrays(), Parallel(threads, rng)
    numbers = {
        "batch": batch, "time": time, "features": features, "reverse": reverse,
        "complex": complex_, "constant": constant,
    }  # fmt: skip
    given.given(a=a, b=b, h0=h0, d_h=d_h)
    given.wanted(h=b.shape, d_a=a.shape, d_b=b.shape, d_h0=h0.shape)
    given.call(table.linear_scan, LinearScan, parallel, **numbers)
    given.call(table.linear_scan_backward, LinearScanBackward, parallel, **numbers)
    return given.values("h", "d_a", "d_b", "d_h0")


def check(seed, batch, time, features, complex_, constant):
    rng = np.random.default_rng(seed)
    reverse, threads = bool(rng.random() < 0.5), int(rng.integers(1, 5))
    arrays = problem(rng, batch, time, features, complex_, constant)
    doubles = [x.astype("complex128" if complex_ else "float64") for x in arrays]
    want, other = loop(*doubles, reverse), loop(*arrays, reverse)
    h, first = want["h"], doubles[2][:, None]
    before = np.concatenate([h[:, 1:], first] if reverse else [first, h[:, :-1]], axis=1)
    for isa in native.isas():
        for name, got in run(isa, arrays, reverse, complex_, constant, threads, rng).items():
            got = got.view(arrays[0].dtype)
            error, rounding = (np.abs(x - want[name]).max() for x in (got, other[name]))
            size = np.abs(want[name]).max()
            if constant and name == "d_a":  # a sum, which may be smaller than its terms
                size = np.sum(np.abs(want["d_b"] * before), axis=1).max()
            allowed = 2 * rounding + 8 * 2**-24 * max(1, size)
            assert error <= allowed, (
                f"seed {seed}, {isa}, {name} of {(batch, time, features)}, complex: {complex_}, "
                f"constant: {constant}, reverse: {reverse}, {threads} threads: off by {error:.3g}"
            )


def check_drawn(seed):
    rng = np.random.default_rng(seed)
    batch, time = int(rng.integers(1, 10)), int(rng.integers(1, 41))
    features = int(rng.choice([f for f in FEATURES if batch * time * f < 1e5]))
    check(seed, batch, time, features, bool(rng.random() < 0.5), bool(rng.random() < 0.5))


def test_every_instruction_set_computes_what_a_loop_does():
    for seed in range(200):
        check_drawn(seed)


@pytest.mark.deep
def test_many_more():
    first = int(np.random.default_rng().integers(2**40))
    for seed in range(first, first + 3000):
        check_drawn(seed)


@pytest.mark.parametrize("sizes", LARGE)
def test_large_arrays(sizes):
    check(0, *sizes)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("isa", native.isas())
def test_what_is_not_finite_stays_in_its_place(isa, value):
    rng = np.random.default_rng(0)
    arrays = problem(rng, 2, 5, 19, False, False)
    arrays[1][1, 2, 18] = value
    got = run(isa, arrays, False, False, False, 2, rng)
    reached = np.zeros((2, 5, 19), bool)
    reached[1, 2:, 18] = True
    np.testing.assert_array_equal(np.isfinite(got["h"]), ~reached)
    assert np.isfinite(got["d_b"]).all()  # which does not depend on b
