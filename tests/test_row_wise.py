"""A function whose rows are said to stay apart gives the same whatever rows stand behind."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cello.training.row_wise import find_mixing

COMPILATIONS = 10
STEPS, FEATURES, ROWS, FILLED = 3, 4, 5, 8
KERNEL = np.linspace(-1, 1, FEATURES**2, dtype="float32").reshape(FEATURES, FEATURES)
KEY = np.array([3, 5], "uint32")


@jax.custom_jvp
def doubled(x):
    return 2 * x


doubled.defjvp(lambda x, dx: (2 * x[0], 3 * dx[0]))


@jax.custom_vjp
def turned(x):
    return x * 1


turned.defvjp(lambda x: (x, x), lambda x, g: (-g * x,))


def scanned(x):
    start = jnp.zeros((x.shape[0], FEATURES))
    _, found = jax.lax.scan(lambda s, v: (s + v, jnp.tanh(s * v)), start, x.swapaxes(0, 1))
    return found.swapaxes(0, 1)


def attended(x):
    return jax.nn.softmax(x @ x.swapaxes(1, 2)) @ x


# Functions of `(rows, STEPS, FEATURES)` that give an array of the same shape.
def with_weights_around(x):
    """Its derivative is its own, and it closes over numbers that are computed."""
    weights = jnp.cumsum(jnp.ones(x.shape[-1]))

    @jax.custom_vjp
    def weighed(x):
        return x * weights

    weighed.defvjp(lambda x: (x * weights, None), lambda _, towards: (towards * 2,))
    return weighed(x)


APART = {
    "custom_vjp around weights": with_weights_around,
    "associative_scan": lambda x: jax.lax.associative_scan(jnp.add, x, axis=1),
    "at_add": lambda x: x.at[:, 1].add(x[:, 2]),
    "at_set": lambda x: x.at[:, 0].set(0.5),
    "attention": attended,
    "broadcast": lambda x: x + jnp.ones((x.shape[0], 1, FEATURES)),
    "checkpoint": jax.checkpoint(lambda x: jnp.sin(x) @ KERNEL),
    "concatenate": lambda x: jnp.concatenate([x[:, 1:], x[..., :1, :]], 1),
    "cond": lambda x: jax.lax.cond(KERNEL.sum() > 0, lambda: x, lambda: -x),
    "convolution": lambda x: jax.lax.conv_general_dilated(
        x, KERNEL[None], (1,), "SAME", dimension_numbers=("NWC", "WIO", "NWC")
    ),
    "cumsum": lambda x: jnp.cumsum(x, 1),
    "custom_jvp": doubled,
    "custom_vjp": turned,
    "dropout": lambda x: x * jax.random.bernoulli(KEY, 0.5, x.shape),
    "dynamic_slice": lambda x: (
        x + jax.lax.dynamic_index_in_dim(x, jnp.argmax(jnp.sum(jnp.abs(KERNEL), 0)) % 3, 1)
    ),
    "einsum": lambda x: jnp.einsum("btf,fg->btg", x, KERNEL),
    "fft": lambda x: jnp.fft.fft(x, axis=1).real,
    "flip": lambda x: x[:, ::-1],
    "fori_loop": lambda x: jax.lax.fori_loop(0, 3, lambda i, c: 0.5 * c + x, x),
    "gradient": lambda x: jax.grad(lambda x: jnp.sum(jnp.sin(x)))(x),
    "lookup": lambda x: jnp.asarray(KERNEL)[jnp.argmax(x, -1)],
    "means": lambda x: x - x.mean((1, 2), keepdims=True) / jnp.std(x, -1, keepdims=True),
    "merged": lambda x: (x.reshape(-1, FEATURES) @ KERNEL).reshape(-1, STEPS, FEATURES),
    "noise": lambda x: x + jax.random.normal(jax.random.key(1), (x.shape[0], 1, FEATURES)),
    "pad": lambda x: jnp.pad(x, ((0, 0), (1, 0), (0, 0)))[:, :STEPS],
    "products": lambda x: jnp.sum(x[:, :, None] * x[:, None], 1),
    "relu": jax.nn.relu,
    "repeat": lambda x: jnp.repeat(x, 2, axis=1)[:, 1:-2],
    "roll": lambda x: jnp.roll(x, 1, axis=-1),
    "scan": scanned,
    "softmax": jax.nn.softmax,
    "sort": lambda x: jnp.sort(x, axis=1),
    "stack": lambda x: jnp.stack(jnp.unstack(x, axis=1)[::-1], 1),
    "steps": lambda x: x + jnp.arange(STEPS)[:, None],
    "stop_gradient": lambda x: jax.lax.stop_gradient(x) * x,
    "take_along_axis": lambda x: jnp.take_along_axis(x, jnp.argsort(x, 1), 1),
    "tile": lambda x: jnp.tile(x, (1, 2, 1))[:, 1 : STEPS + 1],
    "top_k": lambda x: jax.lax.top_k(x, FEATURES)[0],
    "vmap": jax.vmap(lambda row: jnp.tanh(row @ KERNEL)),
    "where": lambda x: jnp.where(x > 0, x, x[:, :1]),
}


@jax.custom_jvp
def centred_behind(x):
    return 2 * x


centred_behind.defjvp(lambda x, dx: (2 * x[0], dx[0] - dx[0].mean(0)))


@jax.custom_vjp
def averaged_behind(x):
    return x * 1


averaged_behind.defvjp(lambda x: (x, None), lambda _, g: (g / g.shape[0],))


@jax.custom_vjp
def scaled(x, scale):
    return x * scale


scaled.defvjp(lambda x, w: (x * w, (x, w)), lambda r, g: (g * r[1], jnp.mean(g * r[0])))


def doubled_until_large(x):
    return jax.lax.while_loop(lambda x: jnp.max(x) < 3, lambda x: x * 2, jnp.abs(x) + 0.1)


MIXING = {
    "all_pairs": lambda x: jnp.max(x[:, None] - x[None], 1),
    "at_of_a_row": lambda x: x.at[0].set(0.5),
    "branch": lambda x: x if x.shape[0] > 12 else 2 * x,
    "cond": lambda x: jax.lax.cond(x.sum() > 0, lambda: x, lambda: -x),
    "constant": lambda x: x * np.linspace(0, 1, x.shape[0], dtype="float32")[:, None, None],
    "convolution": lambda x: jax.lax.conv_general_dilated(
        x, KERNEL[:3, :3, None][..., :1].repeat(STEPS, 1).repeat(STEPS, 2)[:, :STEPS], (1,), "SAME",
        dimension_numbers=("WCN", "WIO", "WCN"),
    ),
    "cumsum": lambda x: jnp.cumsum(x, 0),
    "derivative": centred_behind,
    "derivative_of_a_weight": lambda x: scaled(x, jnp.ones(())),
    "derivative_with_a_number": averaged_behind,
    "flip": lambda x: x[::-1],
    "gram": lambda x: jnp.einsum("btf,ctf->bc", x, x)[:, :1, None] * x,
    "loop": doubled_until_large,
    "maximum": lambda x: x / jnp.max(jnp.abs(x)),
    "mean": lambda x: x - x.mean(0),
    "no_rows": lambda x: jnp.ones((STEPS, FEATURES)),
    "number": lambda x: x / x.shape[0],
    "one": jnp.mean,
    "other_order": lambda x: x.swapaxes(0, 1).reshape(x.shape),
    "permutation": lambda x: jax.random.permutation(KEY, x),
    "printing": lambda x: (jax.debug.print("{}", x), x)[1],
    "random_behind": lambda x: x + jax.random.normal(KEY, (STEPS, x.shape[0])).T[..., None],
    "roll": lambda x: jnp.roll(x, 1, 0),
    "scan": lambda x: jax.lax.scan(lambda s, v: (s + v, s), jnp.zeros((STEPS, FEATURES)), x)[1],
    "softmax": lambda x: jax.nn.softmax(x, 0),
    "some": lambda x: x[: x.shape[0] // 2],
    "sort": lambda x: jnp.sort(x, 0),
    "steps_as_rows": lambda x: x.reshape(-1, FEATURES),
    "steps_in_front": lambda x: x.swapaxes(0, 1),
    "table": lambda x: x * jnp.asarray(KERNEL).ravel()[: x.shape[0], None, None],
}  # fmt: skip


def reason_of(function):
    return find_mixing(
        lambda x: ([function(x)], []),
        (jax.ShapeDtypeStruct((1, STEPS, FEATURES), "float32"),),
    )


@pytest.mark.parametrize("name", MIXING)
def test_rows_that_may_meet_are_noticed(name):
    assert reason_of(MIXING[name])


def check_law(functions):
    """What stands behind changes no row, and no gradient of what depends on the rows alone."""
    x = np.random.default_rng(0).normal(size=(FILLED, STEPS, FEATURES)).astype("float32")
    x[ROWS:] = x[0]

    @jax.jit
    def run(x):
        def one(function):
            result, back = jax.vjp(function, x)
            counts = (jnp.arange(len(x)) < ROWS)[:, None, None]
            return result[:ROWS], back(jnp.cos(result) * counts)[0][:ROWS]

        return [one(function) for function in functions.values()]

    for name, got, wanted in zip(functions, run(x), run(x[:ROWS]), strict=True):
        for g, w in zip(got, wanted, strict=True):
            np.testing.assert_allclose(g, w, rtol=1e-4, atol=1e-5, err_msg=name)


def test_rows_that_stay_apart_are_recognised():
    assert {name: reason for name, f in APART.items() if (reason := reason_of(f))} == {}


@pytest.mark.deep
def test_rows_that_are_recognised_stay_apart():
    check_law(APART)


def composed(rng, steps):
    """Some of `APART` after each other; with a chance of a half, one of `MIXING` among them."""
    names = list(rng.choice(list(APART), steps))
    others = {"one", "no_rows", "some", "steps_as_rows", "steps_in_front"}  # of another shape
    mixes = bool(rng.random() < 0.5)
    functions = [APART[name] for name in names]
    if mixes:
        names.insert(
            place := int(rng.integers(steps + 1)),
            name := str(rng.choice(sorted(MIXING.keys() - others))),
        )
        functions.insert(place, MIXING[name])

    def function(x):
        for f in functions:
            x = jnp.tanh(f(x))
        return x

    return " ".join(names), function, mixes


def check_composed(seed, n, steps):
    rng = np.random.default_rng(seed)
    made = [composed(rng, steps) for _ in range(n)]
    assert [name for name, f, mixes in made if (reason_of(f) is not None) != mixes] == []
    check_law({name: f for name, f, mixes in made if not mixes})


def test_what_is_made_of_them_is_recognised_too():
    check_composed(seed=0, n=6, steps=2)


@pytest.mark.deep
def test_whatever_is_made_of_them_is_recognised():
    check_composed(seed=np.random.SeedSequence().entropy, n=60, steps=6)
