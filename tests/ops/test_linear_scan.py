"""`ops.linear_scan` by kernels and by JAX's loop: what JAX sees of it, beside the definition.

What the kernels compute is tested in tests/native/test_scans.py, by their C interface.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import cello
from cello import native
from cello.ops import linear_scan
from cello.ops.linear_scan import choose_engine

COMPILATIONS = 300
ENGINES = ["scan", "native"] if native.library() and jax.default_backend() == "cpu" else ["scan"]
BEST = ENGINES[-1]
DTYPES = ["float32", "complex64"]


def problem(shape, dtype="float32", seed=0, constant=False):
    """`a`, within the unit circle, of one step if constant, `b`, `h0` and a cotangent of `h`."""
    rng = np.random.default_rng(seed)

    def normal(shape):
        values = rng.normal(size=shape)
        if np.dtype(dtype).kind == "c":
            values = values + 1j * rng.normal(size=shape)
        return values.astype(dtype)

    a = normal(shape)
    a = (a / (1 + np.abs(a))).astype(dtype)
    a = a[:, :1] if constant else a
    return a, normal(shape), normal((shape[0], *shape[2:])), normal(shape)


def loop(a, b, h0, reverse=False):
    """The definition, in NumPy."""
    steps, a = range(b.shape[1]), np.broadcast_to(a, b.shape)
    h, out = h0, np.zeros_like(b)
    for t in reversed(steps) if reverse else steps:
        h = a[:, t] * h + b[:, t]
        out[:, t] = h
    return out


def loop_and_gradients(a, b, h0, d_h, reverse=False):
    """The definition, and the gradients of `a`, `b` and `h0`, in NumPy, without conjugates."""
    if reverse:
        flipped = loop_and_gradients(*(np.flip(x, 1) for x in (a, b)), h0, np.flip(d_h, 1))
        return *(np.flip(x, 1) for x in flipped[:3]), flipped[3]
    h, every, zeros = loop(a, b, h0), np.broadcast_to(a, b.shape), np.zeros_like(h0)
    after = np.concatenate([every[:, 1:], zeros[:, None]], 1)
    d_b = loop(after, d_h, zeros, reverse=True)
    d_a = d_b * np.concatenate([h0[:, None], h[:, :-1]], 1)
    d_a = d_a.sum(1, keepdims=True) if a.shape != b.shape else d_a
    return h, d_a, d_b, every[:, 0] * d_b[:, 0]


def gradients(a, b, h0, d_h, **options):
    """`h` and the gradients of `a`, `b` and `h0`."""
    h, pull = jax.vjp(lambda *arrays: linear_scan(*arrays, **options), a, b, h0)
    return h, *pull(jnp.asarray(d_h, h.dtype))


def close(got, wanted, tolerance=1e-5):
    for g, w in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(g, w, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("shape", "dtype", "reverse", "constant"),
    [
        ((3, 6, 5), "float32", False, False),
        ((3, 6, 5), "complex64", True, False),
        ((2, 4, 2, 3), "float32", True, True),
        ((2, 4, 2, 3), "complex64", False, True),
        ((4, 1), "float32", True, False),
    ],
)
def test_values_and_gradients_are_the_definition(engine, shape, dtype, reverse, constant):
    @jax.jit
    def run(*arrays):
        return gradients(*arrays, reverse=reverse, engine=engine)

    for seed in range(3):
        a, b, h0, d_h = problem(shape, dtype, seed, constant)
        close(run(a, b, h0, d_h), loop_and_gradients(a, b, h0, d_h, reverse))
    assert all(x.dtype == dtype for x in run(a, b, h0, d_h))
    alone = linear_scan(a, b, reverse=reverse, engine=engine)  # from zero
    close(alone, loop(a, b, np.zeros_like(h0), reverse))


@pytest.mark.skipif(BEST == "scan", reason="there is no native library here")
def test_large_arrays_are_shared_by_xlas_threads():
    arrays = problem((2, 260, 8192))
    close(jax.jit(gradients)(*arrays), loop_and_gradients(*arrays), 1e-4)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("reverse", [False, True])
def test_chunks_carry_the_state(engine, reverse):
    a, b, h0, _ = problem((3, 6, 5))
    for cut in (0, 2):
        parts = [slice(0, cut), slice(cut, None)]
        h, chunks = h0, []
        for part in reversed(parts) if reverse else parts:
            chunk = linear_scan(a[:, part], b[:, part], h, reverse=reverse, engine=engine)
            chunks.append(chunk)
            if chunk.shape[1]:
                h = chunk[:, 0 if reverse else -1]
        close(np.concatenate(chunks[::-1] if reverse else chunks, 1), loop(a, b, h0, reverse))


@pytest.mark.parametrize(
    ("forward", "reverse", "shape", "dtype", "constant"),
    [
        (False, False, (2, 4, 3), "complex64", False),
        (False, True, (1, 3, 2, 2), "float32", True),
        (True, True, (2, 4, 3), "float32", False),
    ],
)
def test_second_derivatives(forward, reverse, shape, dtype, constant):
    """Along a direction, beside those of the loop over the steps in JAX's functions."""
    a, b, h0, weight = problem(shape, dtype, constant=constant)
    along = problem(shape, dtype, seed=1, constant=constant)[:3]
    of = {"holomorphic": dtype == "complex64"}

    def second(scan):
        def loss(a, b, h0):
            return jnp.sum(weight * scan(a, b, h0) ** 2)

        def slope(*arrays):
            gradients = jax.grad(loss, (0, 1, 2), **of)(*arrays)
            return sum(jnp.sum(g * d) for g, d in zip(gradients, along, strict=True))

        if forward:
            return jax.jit(lambda *x: jax.jvp(jax.grad(loss, (0, 1, 2)), x, along)[1])(a, b, h0)
        return jax.jit(jax.grad(slope, (0, 1, 2), **of))(a, b, h0)

    def by_steps(a, b, h):
        steps, every = range(b.shape[1]), []
        for t in reversed(steps) if reverse else steps:
            h = (a[:, 0] if constant else a[:, t]) * h + b[:, t]
            every.append(h)
        return jnp.stack(every[:: -1 if reverse else 1], 1)

    want = second(by_steps)
    for engine in ENGINES:
        got = second(lambda *x, e=engine: linear_scan(*x, reverse=reverse, engine=e))
        close(got, want)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_of_complex_numbers_are_slopes(engine, reverse):
    """A step by `d` changes a real loss by `Re(gradient * d)`, without a conjugate."""
    a, b, h0, weight = problem((2, 5, 3), "complex64")
    directions = problem((2, 5, 3), "complex64", seed=1)[:3]

    def slope(arrays, along):
        h = [loop(*(x + e * d for x, d in zip(arrays, along, strict=True)), reverse)
             for e in (1e-6, -1e-6)]  # fmt: skip
        one, other = (np.sum(np.abs(y - weight) ** 2) for y in h)
        return (one - other) / 2e-6

    def loss(*arrays):
        h = linear_scan(*arrays, reverse=reverse, engine=engine)
        return jnp.sum(jnp.abs(h - weight) ** 2)

    for i, gradient in enumerate(jax.grad(loss, (0, 1, 2))(a, b, h0)):
        along = [d * (i == j) for j, d in enumerate(directions)]
        wide = [[x.astype("complex128") for x in arrays] for arrays in ((a, b, h0), along)]
        np.testing.assert_allclose(
            np.sum(np.asarray(gradient) * directions[i]).real, slope(*wide), rtol=1e-4
        )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("axes", "dtype", "constant"),
    [
        ((1, 2, None), "complex64", False),
        ((None, 0, 1), "float32", True),
    ],
)
def test_vmap(engine, axes, dtype, constant):
    one = problem((2, 5, 3), dtype, constant=constant)
    every = [problem((2, 5, 3), dtype, i, constant) for i in range(4)]

    @jax.jit
    def run(a, b, h0):
        return gradients(a, b, h0, one[3], engine=engine)

    def argument(n, i):
        return one[i] if axes[i] is None else every[n][i]

    want = [run(*(argument(n, i) for i in range(3))) for n in range(4)]
    want = [np.stack(results) for results in zip(*want, strict=True)]
    stacked = [
        one[i] if axis is None else np.stack([e[i] for e in every], axis)
        for i, axis in enumerate(axes)
    ]
    close(jax.jit(jax.vmap(run, axes))(*stacked), want)
    twice = jax.vmap(jax.vmap(run, axes), 0)(*(np.stack([x, x]) for x in stacked))
    close(twice, [np.stack([w, w]) for w in want])


@pytest.mark.parametrize("engine", ENGINES)
def test_within_a_loop(engine):
    a, b, h0, _ = problem((2, 5, 3))

    def layers(b):
        def layer(x, _):
            return jnp.tanh(linear_scan(a, x, h0, engine=engine)), ()

        return jax.lax.scan(layer, b, length=3)[0]

    want = b
    for _ in range(3):
        want = np.tanh(loop(a, want, h0))
    close(jax.jit(layers)(b), want)
    rematerialised = jax.grad(lambda b: jnp.sum(jax.checkpoint(layers)(b) ** 2))(b)
    close(rematerialised, jax.grad(lambda b: jnp.sum(layers(b) ** 2))(b))


@pytest.mark.parametrize("engine", ENGINES)
def test_factors_are_broadcast(engine):
    a, b, h0, d_h = problem((2, 4, 3))
    for factor in (np.float32(0.5), a[0, 0], a[:, :1], a[..., :1]):
        whole = np.broadcast_to(factor, b.shape)
        got = gradients(factor, b, h0, d_h, engine=engine)
        want = gradients(whole, b, h0, d_h, engine=engine)
        close((got[0], *got[2:]), (want[0], *want[2:]))
        _, pull = jax.vjp(lambda f: jnp.broadcast_to(f, b.shape), factor)
        close(got[1], pull(want[1])[0])
    assert linear_scan(0.5, b, engine=engine).dtype == np.float32
    close(linear_scan(a, np.float32(1), engine=engine), loop(a, np.ones_like(b), 0 * h0))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shape", [(2, 0, 3), (0, 4, 3), (2, 4, 0), (0, 0)])
def test_without_elements(engine, shape):
    given = problem(shape)
    h, d_a, d_b, d_h0 = gradients(*given, engine=engine)
    assert (h.shape, d_a.shape, d_b.shape) == (shape,) * 3
    close(d_h0, np.zeros_like(given[2]))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "complex128", "int32"])
def test_other_dtypes_run_in_the_loop(dtype):
    wide = dtype in ("float64", "complex128")
    with jax.enable_x64(wide):
        given = problem((2, 6, 3), dtype if dtype == "complex128" else "float32")[:3]
        a, b, h0 = (jnp.asarray(4 * x).astype(dtype) for x in given)
        h = linear_scan(a, b, h0)
        assert h.dtype == dtype
        tolerance = {"float16": 1e-2, "bfloat16": 1e-1, "int32": 0}.get(dtype, 1e-12)
        want = loop(*(np.asarray(x).astype("complex128") for x in (a, b, h0)))
        assert np.abs(np.asarray(h).astype("complex128") - want).max() <= tolerance * (
            np.abs(want).max()
        )
    if native.library():
        for native_dtype in DTYPES:
            assert choose_engine(jnp.dtype(native_dtype)) == "native"
            assert choose_engine(jnp.dtype(native_dtype)).reason is None
        chosen = choose_engine(jnp.dtype(dtype))
        assert chosen == "scan"
        assert (
            chosen.reason == f"The kernels compute in float32 and complex64, and this is {dtype}."
        )
        with jax.enable_x64(wide), pytest.raises(ValueError, match=dtype):
            linear_scan(a, b, h0, engine="native")


@pytest.mark.skipif(native.library() is None, reason="there is no native library here")
@pytest.mark.parametrize("dtype", DTYPES)
def test_32_bits_run_natively_unless_asked_otherwise(dtype):
    a, b, h0, _ = problem((2, 6, 3), dtype)
    kernel = {"float32": "cello_linear_scan", "complex64": "cello_complex_linear_scan"}[dtype]

    def calls_kernels():
        text = jax.jit(lambda *arrays: linear_scan(*arrays)).lower(a, b, h0).as_text()
        return kernel in text

    assert calls_kernels()
    cello.config.engine("scan")
    try:
        assert not calls_kernels()
    finally:
        cello.config.engine("auto")


@pytest.mark.parametrize(
    ("a", "b", "h0", "words"),
    [
        ((2, 4), (2, 4, 3), None, r"\(2, 4\) and \(2, 4, 3\).*a\[..., None\]"),
        ((4,), (4,), None, r"\(4,\) and \(4,\).*a\[None\]"),
        ((2, 4, 3), (2, 4, 3), (2, 4), r"\(batch, ...\) = \(2, 3\) and got \(2, 4\)"),
        ((2, 4, 3), (2, 4, 3), (3,), r"\(batch, ...\) = \(2, 3\) and got \(3,\)"),
        ((2, 4, 3), (3, 4, 3), None, "do not broadcast"),
    ],
)
def test_wrong_shapes_are_refused(a, b, h0, words):
    with pytest.raises(ValueError, match=f"(?s){words}"):
        linear_scan(np.ones(a), np.ones(b), None if h0 is None else np.ones(h0))


@pytest.mark.skipif(native.library() is None, reason="there is no native library here")
@pytest.mark.parametrize(
    ("shapes", "axis", "words"),
    [
        (((2, 4, 3), (2, 4, 2), (2, 3)), 1, r"a of shape \(2, 4, 2, \) and got \(2, 4, 3, \)"),
        (((2, 4, 3), (2, 4, 3), (2, 4)), 1, r"h0 of shape \(2, 3, \)"),
        (((2, 4, 3), (2, 4, 3), (2, 3)), 3, "there is no axis of time"),
    ],
)
def test_the_handler_checks_shapes_itself(shapes, axis, words):
    arrays = [np.ones(shape, "float32") for shape in shapes]
    call = jax.ffi.ffi_call("cello_linear_scan", jax.ShapeDtypeStruct(shapes[0], "float32"))
    with pytest.raises(Exception, match=words):
        jax.block_until_ready(call(*arrays, axis=np.int64(axis), reverse=False))


@pytest.mark.parametrize("dtype", ["float32", "complex64"])
@pytest.mark.parametrize("reverse", [False, True])
def test_away_from_cpus_it_runs_in_parallel_over_time(reverse, dtype, monkeypatch):
    """Values and gradients of the way that other platforms take, on this one."""
    arrays = problem((2, 7, 3), dtype)
    wanted = gradients(*arrays, reverse=reverse, engine="scan")
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    program = str(jax.make_jaxpr(lambda a, b: linear_scan(a, b, reverse=reverse))(*arrays[:2]))
    assert "scan[" not in program
    close(jax.jit(lambda *arrays: gradients(*arrays, reverse=reverse))(*arrays), wanted)
