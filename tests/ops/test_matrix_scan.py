"""`cello.ops.matrix_scan` beside a loop over the steps of its equations."""

import contextlib
import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cello.ops import matrix_scan

of_matrices = importlib.import_module("cello.ops.matrix_scan")  # the function has its name

COMPILATIONS = 130
K, V = 3, 2


@contextlib.contextmanager
def computed(at_once):
    """With all chunks at once, as on a GPU, or one after the other, as on a CPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_matrices, "in_parallel", lambda: at_once)
        yield


def arguments(batch=2, time=5, heads=2, *, rows=False, pair=False, shared=False, seed=0):
    """Tree of float64 arrays; some decays are 1, some so small that nothing is left."""
    rng = np.random.default_rng(seed)
    common = 1 if shared else heads
    key = rng.normal(size=(batch, time, common, K))
    log_decay = -rng.exponential(size=(batch, time, heads, K) if rows else (batch, time, heads))
    extreme = rng.choice([0.0, -1e4, 1.0], size=log_decay.shape, p=[0.15, 0.15, 0.7])
    key /= np.linalg.norm(key, axis=-1, keepdims=True)
    return {
        "queries": rng.normal(size=key.shape),
        "keys": key,
        "values": rng.normal(size=(batch, time, heads, V)),
        "log_decay": np.where(extreme == 1, log_decay, extreme),
        "rank_one": (-key * rng.uniform(0, 2, (batch, time, common, 1)), key) if pair else None,
        "initial_state": rng.normal(size=(batch, heads, K, V)),
    }


def loop(queries, keys, values, log_decay, rank_one, initial_state):
    """The equations as they stand in the documentation, one step after the other."""
    heads = values.shape[2]
    whole = lambda x: jnp.broadcast_to(x, (*x.shape[:2], heads, x.shape[3]))  # noqa: E731
    if log_decay.ndim == 3:
        log_decay = log_decay[..., None]
    a, b = (0 * keys, keys) if rank_one is None else rank_one
    timed = (*map(whole, (queries, keys, a, b)), values, jnp.exp(log_decay))

    def step(state, at):
        q, k, a, b, v, decay = at
        found = jnp.einsum("bhk,bhkv->bhv", b, state)
        state = decay[..., None] * state + jnp.einsum("bhk,bhv->bhkv", k, v)
        state = state + jnp.einsum("bhk,bhv->bhkv", a, found)
        return state, (jnp.einsum("bhk,bhkv->bhv", q, state), state)

    timed = jax.tree.map(lambda x: jnp.moveaxis(x, 1, 0), timed)
    _, every = jax.lax.scan(step, initial_state, timed)
    return jax.tree.map(lambda x: jnp.moveaxis(x, 0, 1), every)


def close(got, wanted, tolerance):
    for g, w in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(g, w, rtol=tolerance, atol=tolerance)


def with_gradients(function):
    """A program that gives the gradients and the results."""

    def loss(arguments):
        results = function(**arguments)
        leaves = jax.tree.leaves(results)
        counted = (jnp.sin(y + jnp.arange(y.size).reshape(y.shape)) for y in leaves)
        return sum(jnp.sum(y) for y in counted), results

    return jax.jit(jax.grad(loss, has_aux=True))


@pytest.mark.parametrize(
    ("rows", "pair", "shared", "time", "chunk", "every", "at_once"),
    [
        (False, False, False, 13, 5, True, False),
        (True, True, True, 13, 4, True, True),
        (True, False, False, 7, 8, False, True),
        (True, True, False, 1, None, True, False),
        pytest.param(False, True, True, 7, 3, False, False, marks=pytest.mark.deep),
        pytest.param(True, True, False, 13, 1, False, False, marks=pytest.mark.deep),
        pytest.param(False, True, False, 13, 13, True, True, marks=pytest.mark.deep),
    ],
)
def test_it_is_the_loop_over_the_steps(rows, pair, shared, time, chunk, every, at_once):
    def wanted(**given_):
        y, states = loop(**given_)
        return y, states if every else states[:, -1]

    def got(**given_):
        return matrix_scan(**given_, chunk=chunk, return_all_states=every)

    with jax.enable_x64(True), computed(at_once):
        by_chunks, by_steps = with_gradients(got), with_gradients(wanted)
        for seed in range(3):
            given_ = arguments(time=time, rows=rows, pair=pair, shared=shared, seed=seed)
            close(by_chunks(given_), by_steps(given_), 1e-10)


@pytest.mark.parametrize(
    ("rows", "pair", "at_once"),
    [
        (True, True, True),
        pytest.param(False, False, False, marks=pytest.mark.deep),
        pytest.param(True, False, False, marks=pytest.mark.deep),
        pytest.param(False, True, True, marks=pytest.mark.deep),
    ],
)
def test_float32_is_near_over_many_steps_and_extreme_decays(rows, pair, at_once):
    """Decays by 1e4 beside ones by 1e-4: differences of running sums would have lost these."""
    exact = arguments(1, 300, 1, rows=rows, pair=pair, seed=1)
    single = jax.tree.map(lambda x: jnp.asarray(x, "float32"), exact)
    with jax.enable_x64(True):
        wanted_gradients, wanted = with_gradients(lambda **a: matrix_scan(**a, chunk=1))(exact)
    with computed(at_once):
        gradients, results = with_gradients(matrix_scan)(single)
    close(results, wanted, 1e-4)
    close(gradients, wanted_gradients, 1e-3)
    single["log_decay"] = jnp.where(single["log_decay"] < -1e3, -jnp.inf, single["log_decay"])
    gradients, forgetting = with_gradients(matrix_scan)(single)
    close(forgetting, results, 1e-6)
    assert all(np.isfinite(g).all() for g in jax.tree.leaves(gradients))


def test_a_delta_rule_that_repeats_one_key_is_solved_stably():
    """Every step takes away all that the one before wrote: powers of the system are huge."""
    time = 64
    key = jnp.broadcast_to(jnp.array([0.6, 0.8]), (1, time, 1, 2))
    values = jnp.asarray(np.random.default_rng(0).normal(size=(1, time, 1, 3)), "float32")
    y, _ = matrix_scan(key, key, values, jnp.zeros((1, 1, 1)), (-key, key), chunk=64)
    np.testing.assert_allclose(y, values, rtol=1e-5, atol=1e-5)


def test_no_steps_and_pieces():
    given_ = arguments(time=9, rows=True, pair=True)
    state = given_.pop("initial_state")
    cut = lambda where: jax.tree.map(lambda x: x[:, where], given_)  # noqa: E731
    y, same = matrix_scan(**cut(slice(0, 0)), initial_state=state)
    assert y.shape == (2, 0, 2, V)
    close(same, state, 1e-6)
    first, middle = matrix_scan(**cut(slice(0, 4)), initial_state=state)
    second, last = matrix_scan(**cut(slice(4, 9)), initial_state=middle)
    whole, wanted = matrix_scan(**given_, initial_state=state)
    close((jnp.concatenate([first, second], 1), last), (whole, wanted), 1e-5)


def test_16_bits_are_computed_in_float32():
    given_ = arguments(time=200, pair=True)
    halves = jax.tree.map(lambda x: jnp.asarray(x, "bfloat16"), given_)
    y, state = matrix_scan(**halves)
    wanted, last = matrix_scan(**jax.tree.map(lambda x: x.astype("float32"), halves))
    assert y.dtype == jnp.bfloat16 and state.dtype == jnp.float32
    close(state, last, 1e-6)
    close(y.astype("float32"), wanted, 1e-2)


def test_derivatives_of_derivatives_and_forward_mode():
    given_ = arguments(time=4, pair=True, rows=True)
    rest = {k: v for k, v in given_.items() if k != "keys"}
    with jax.enable_x64(True):

        def of(function):
            f = lambda keys: jnp.sum(jnp.sin(function(keys=keys, **rest)[0]))  # noqa: E731
            keys = jnp.asarray(given_["keys"])
            return jax.jit(lambda k: jax.jvp(jax.grad(f), (k,), (jnp.cos(3 * k),)))(keys)

        close(of(lambda **a: matrix_scan(**a, chunk=4)), of(loop), 1e-9)


def test_shapes_that_do_not_belong_together():
    good = arguments()
    for name, shape, words in [
        ("keys", (2, 5, 3), "one head is"),
        (
            "queries",
            (2, 4, 2, K),
            r"queries of shape \(2, 5, 2, 3\) and got \(2, 4, 2, 3\)",
        ),
        ("log_decay", (2, 5, 3), "log_decay of shape"),
        ("initial_state", (2, 2, V, K), r"\(batch, heads, k, v\) = \(2, 2, 3, 2\)"),
    ]:
        with pytest.raises(ValueError, match=words):
            matrix_scan(**{**good, name: np.zeros(shape)})
    with pytest.raises(ValueError, match="chunk to be 1 or more and got 0"):
        matrix_scan(**good, chunk=0)
