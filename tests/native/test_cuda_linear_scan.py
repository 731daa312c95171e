"""`ops.linear_scan` by the kernels for NVIDIA GPUs: on a GPU, else played by the CPU.

Steps are cut into segments of 128 or more where there are few channels for the multiprocessors;
where there are plenty, a thread has several. `CELLO_TEST_MULTIPROCESSORS` is the size of the GPU
that the CPU plays; on a real one `scale` makes as many channels for each of its own.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cello.native import cuda
from cello.ops import linear_scan
from cello.ops.linear_scan import choose_engine

pytestmark = [pytest.mark.usefixtures("kernels"), pytest.mark.deep]
WIDE = {"float32": "float64", "complex64": "complex128", "bfloat16": "float64"}


def scale(batch, multiprocessors=1):
    """As many rows as there are multiprocessors more than those of the test."""
    if jax.default_backend() == "cpu":
        return batch
    return -(-batch * jax.devices()[0].core_count // multiprocessors)


def problem(shape, dtype="float32", seed=0, constant=False):
    """`a`, within the unit circle, `b`, `h0` and a cotangent of `h`."""
    rng = np.random.default_rng(seed)

    def normal(shape):
        values = rng.normal(size=shape)
        if dtype == "complex64":
            values = values + 1j * rng.normal(size=shape)
        return values.astype(dtype)

    a = normal((shape[0], 1, *shape[2:]) if constant else shape)
    return a / (1 + np.abs(a)), normal(shape), normal((shape[0], *shape[2:])), normal(shape)


def loop(a, b, h0, d_h, reverse=False):
    """`h` and the gradients of `a`, `b` and `h0` by their equations, in NumPy."""
    if reverse:
        a, b, d_h = (np.flip(x, 1) for x in (a, b, d_h))
    every, h, d_b = np.broadcast_to(a, b.shape), np.empty_like(b), np.empty_like(b)
    state, carried, d_a = h0, np.zeros_like(h0), np.zeros_like(a)
    for t in range(b.shape[1]):
        h[:, t] = state = every[:, t] * state + b[:, t]
    for t in reversed(range(b.shape[1])):
        d_b[:, t] = g = d_h[:, t] + carried
        d_a[:, t if a.shape == b.shape else 0] += g * (h[:, t - 1] if t else h0)
        carried = every[:, t] * g
    turned = (np.flip(x, 1) if reverse else x for x in (h, d_a, d_b))
    return *turned, carried


def by_kernels(a, b, h0, d_h, reverse=False):
    h, pull = jax.vjp(lambda *x: linear_scan(*x, reverse=reverse, engine="native"), a, b, h0)
    return tuple(map(np.asarray, (h, *pull(jnp.asarray(d_h)))))


def exact(arrays, **options):
    return loop(*(x.astype(WIDE[x.dtype.name]) for x in arrays), **options)


def assert_as_accurate_as_the_loop(arrays, reverse=False):
    """The error is at most twice that of a loop of the same dtype, and 8 ULP."""
    want, other = exact(arrays, reverse=reverse), loop(*arrays, reverse=reverse)
    for w, o, g in zip(want, other, by_kernels(*arrays, reverse=reverse), strict=True):
        assert g.shape == w.shape and g.dtype == arrays[1].dtype
        allowed = 2 * np.abs(o - w).max() + 8 * 2**-24 * max(1, np.abs(w).max())
        assert np.abs(g - w).max() <= allowed


@given(
    dtype=st.sampled_from(["float32", "complex64"]),
    sizes=st.tuples(
        st.integers(1, 4),
        st.sampled_from([1, 2, 31, 32, 33, 130, 257, 384, 600]),
        st.sampled_from([(), (1,), (3,), (16,), (2, 5), (33,)]),
    ),
    reverse=st.booleans(),
    constant=st.booleans(),
    multiprocessors=st.sampled_from([1, 4]),
    seed=st.integers(0, 99),
)
def test_values_and_gradients(dtype, sizes, reverse, constant, multiprocessors, seed):
    shape = (*sizes[:2], *sizes[2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CELLO_TEST_MULTIPROCESSORS", str(multiprocessors))
        assert_as_accurate_as_the_loop(problem(shape, dtype, seed, constant), reverse)


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("dtype", "shape"),
    [
        ("float32", (4, 19, 260)),  # plenty of channels: 4 a thread
        ("complex64", (2, 17, 260)),
        ("float32", (1, 70, 100)),  # enough, so that steps are not cut
        ("complex64", (1, 150, 65)),
        ("float32", (1, 4000, 2)),  # segments beyond those that are chained at once
    ],
)
def test_each_way_that_work_is_shared(monkeypatch, dtype, shape, reverse, constant):
    monkeypatch.setenv("CELLO_TEST_MULTIPROCESSORS", "1")
    shape = (scale(shape[0]), *shape[1:])
    assert_as_accurate_as_the_loop(problem(shape, dtype, constant=constant), reverse)


def bfloat16_problem(shape, constant):
    """A sum that forgets slowly: of positive numbers, so that nothing cancels."""
    rng = np.random.default_rng(0)
    factors = (shape[0], 1, *shape[2:]) if constant else shape
    a = rng.uniform(0.98, 1, factors)
    b, h0, d_h = (rng.uniform(0.5, 1, s) for s in (shape, (shape[0], *shape[2:]), shape))
    return tuple(x.astype(jnp.bfloat16) for x in (a, b, h0, d_h))


@pytest.mark.parametrize("constant", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    "shape",
    [
        (2, 300, 33),  # one segment
        (1, 500, 3),  # several
        (8, 40, 264),  # 8 channels a thread
    ],
)
def test_bfloat16_is_rounded_only_where_it_is_written(monkeypatch, shape, reverse, constant):
    monkeypatch.setenv("CELLO_TEST_MULTIPROCESSORS", "1")
    arrays = bfloat16_problem((scale(shape[0]), *shape[1:]), constant)
    want, rounded = exact(arrays, reverse=reverse), loop(*arrays, reverse=reverse)
    half_ulp = 2**-8  # of the number; d_a is of an h that was rounded as well
    got = by_kernels(*arrays, reverse=reverse)
    for w, g, allowed in zip(want, got, half_ulp * np.array([1, 2, 1, 1]), strict=True):
        assert g.shape == w.shape and g.dtype == jnp.bfloat16
        assert (np.abs(g.astype("float64") - w) <= 1.01 * allowed * w).all()
    if shape[1] >= 300:  # and a state that is rounded at every step does not do
        for w, r in zip(want, rounded, strict=True):
            assert (np.abs(r.astype("float64") - w) / w).max() > 4 * half_ulp


@pytest.mark.parametrize(
    ("axes", "dtype", "constant"),
    [
        ((0, 0, 0), "float32", False),
        ((1, 2, None), "complex64", False),
        ((0, 1, 0), "float32", True),
    ],
)
def test_vmap(axes, dtype, constant):
    every = [problem((2, 150, 3), dtype, i, constant) for i in range(3)]
    d_h = every[0][3]

    def argument(n, i):
        return every[0 if axes[i] is None else n][i]

    want = [exact((*(argument(n, i) for i in range(3)), d_h)) for n in range(3)]
    stacked = [
        every[0][i] if axis is None else np.stack([e[i] for e in every], axis)
        for i, axis in enumerate(axes)
    ]

    def run(a, b, h0):
        h, pull = jax.vjp(lambda *x: linear_scan(*x, engine="native"), a, b, h0)
        return h, *pull(jnp.asarray(d_h))

    got = jax.jit(jax.vmap(run, axes))(*stacked)
    for g, w in zip(got, map(np.stack, zip(*want, strict=True)), strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("outer", "dtype", "constant"),
    [(jax.jacrev, "float32", True), (jax.jacfwd, "complex64", False)],
)
def test_second_derivatives(outer, dtype, constant):
    a, b, h0, weight = problem((2, 4, 3), dtype, constant=constant)
    of = {"holomorphic": dtype == "complex64"}

    def hessian(engine):
        def loss(a, b, h0):
            return jnp.sum(weight * linear_scan(a, b, h0, reverse=True, engine=engine) ** 2)

        return outer(jax.grad(loss, (0, 1, 2), **of), (0, 1, 2), **of)(a, b, h0)

    for g, w in zip(*map(jax.tree.leaves, map(hessian, ("native", "scan"))), strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-5, atol=1e-5)


def test_a_call_is_the_same_again():
    """In every bit: sums have an order."""
    arrays = problem((3, 700, 17), constant=True)
    for one, other in zip(by_kernels(*arrays), by_kernels(*arrays), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_stays_in_its_channel(value):
    a, b, h0, d_h = problem((2, 400, 5))
    b[1, 130, 4] = value
    h, _, d_b, _ = by_kernels(a, b, h0, d_h)
    reached = np.zeros(b.shape, bool)
    reached[1, 130:, 4] = True
    np.testing.assert_array_equal(np.isfinite(h), ~reached)
    assert np.isfinite(d_b).all()


def test_the_engine():
    for dtype in ("float32", "bfloat16", "complex64"):
        assert choose_engine(jnp.dtype(dtype)) == "cuda"
        x = jnp.ones((1, 2, 3), dtype)
        text = jax.jit(jax.grad(lambda x: linear_scan(x, x).real.sum())).lower(x).as_text()
        assert "@cello_cuda_linear_scan(" in text and "@cello_cuda_linear_scan_backward(" in text
    for dtype in ("float64", "complex128", "float16", "int32"):
        chosen = choose_engine(jnp.dtype(dtype))
        assert chosen == "scan" and dtype in chosen.reason
    assert cuda.missing() is None


@pytest.mark.parametrize(
    ("shapes", "dtypes", "axis", "words"),
    [
        (((2, 4, 3), (2, 4, 2), (2, 3)), "fff", 1, r"a of shape \(2, 4, 2, \) and got \(2, 4, 3"),
        (((2, 4, 3), (2, 4, 3), (2, 4)), "fff", 1, r"h0 of shape \(2, 3, \)"),
        (((2, 4, 3), (2, 4, 3), (2, 3)), "fff", 3, "there is no axis of time"),
        (((2, 4, 3), (2, 4, 3), (2, 3)), "fFf", 1, "must have one dtype"),
        (((2, 4, 3), (2, 4, 3), (2, 3)), "iii", 1, "the dtype is unknown"),
    ],
)
def test_the_handler_checks_its_arrays(shapes, dtypes, axis, words):
    arrays = [np.ones(s, d) for s, d in zip(shapes, dtypes, strict=True)]
    result = jax.ShapeDtypeStruct(shapes[0], dtypes[0])
    call = jax.ffi.ffi_call("cello_cuda_linear_scan", result)
    with pytest.raises(Exception, match=words):
        jax.block_until_ready(call(*arrays, axis=np.int64(axis), reverse=False))
