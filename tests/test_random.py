"""`cello.random` against `keras.random`: names, signatures, distributions of what is drawn."""

import inspect
import math

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cello
from cello import random
from cello.random import SeedGenerator

COMPILATIONS = 70
NAMES = [n for n in dir(keras.random) if not n.startswith("_")]
FUNCTIONS = [n for n in NAMES if n != "SeedGenerator"]
N = 20000
DRAWN = {  # arguments, mean, variance
    "normal": (((N,), 2.0, 3.0), 2, 9),
    "truncated_normal": (((N,), 2.0, 3.0), 2, 9 * 0.7737413),
    "uniform": (((N,), -1.0, 3.0), 1, 16 / 12),
    "randint": (((N,), -2, 5), 1, (7**2 - 1) / 12),
    "gamma": (((N,), 2.5), 2.5, 2.5),
    "beta": (((N,), 2.0, 3.0), 0.4, 0.04),
    "binomial": (((N,), 10, 0.3), 3, 2.1),
}
ARGUMENTS = {
    **{name: arguments for name, (arguments, _, _) in DRAWN.items()},
    "categorical": (np.zeros((2, 5), "float32"), 100),
    "shuffle": (np.arange(200),),
    "dropout": (np.ones((40, 50), "float32"), 0.3),
}


def test_names_are_those_of_keras():
    assert sorted(random.__all__) == sorted(NAMES)
    assert cello.random is random


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signature(name):
    ours, theirs = (inspect.signature(getattr(m, name)) for m in (random, keras.random))
    assert str(ours) == str(theirs)


@pytest.mark.parametrize("name", DRAWN)
def test_mean_variance_and_dtype(name):
    arguments, mean, variance = DRAWN[name]
    drawn = getattr(random, name)(*arguments, seed=1)
    values = np.asarray(drawn, "float64")
    assert drawn.shape == (N,)
    assert drawn.dtype == ("int32" if name == "randint" else "float32")
    assert abs(values.mean() - mean) < 6 * math.sqrt(variance / N)
    assert values.var() == pytest.approx(variance, rel=0.1)


@pytest.mark.parametrize("name", DRAWN)
def test_distribution_is_that_of_keras(name):
    arguments, _, _ = DRAWN[name]
    a, b = (
        np.sort(np.asarray(getattr(m, name)(*arguments, seed=s), "float64"))
        for m, s in ((random, 1), (keras.random, 2))
    )
    places = np.concatenate([a, b])
    below = [np.searchsorted(x, places, side="right") / N for x in (a, b)]
    assert np.abs(below[0] - below[1]).max() < math.sqrt(-math.log(1e-7 / 2) / N)


def test_categorical():
    logits = np.log([[0.1, 0.6, 0.3], [0.5, 0.25, 0.25]]).astype("float32")
    drawn = random.categorical(logits, N, seed=0)
    assert drawn.shape == (2, N)
    assert drawn.dtype == "int32"
    shares = [np.bincount(row, minlength=3) / N for row in np.asarray(drawn)]
    np.testing.assert_allclose(shares, np.exp(logits), atol=6 * math.sqrt(0.25 / N))
    with pytest.raises(ValueError, match=r"\(batch, classes\), and has the shape \(3,\)"):
        random.categorical(logits[0], 1)


def test_shuffle():
    x = np.arange(600).reshape(20, 30)
    rows, columns = (np.asarray(random.shuffle(x, axis, seed=0)) for axis in (0, 1))
    assert not np.array_equal(rows, x)
    np.testing.assert_array_equal(rows[np.argsort(rows[:, 0])], x)
    assert not np.array_equal(columns, x)
    np.testing.assert_array_equal(columns[:, np.argsort(columns[0])], x)


def test_dropout():
    x = np.full((100, 200), 3.0, "float32")
    values = np.asarray(random.dropout(x, 0.25, seed=0))
    np.testing.assert_allclose(np.unique(values), [0, 4])
    assert (values == 0).mean() == pytest.approx(0.25, abs=0.02)
    alike = np.asarray(random.dropout(x, 0.25, (None, 1), seed=0))
    assert (alike == alike[:, :1]).all()
    assert 0 < (alike[:, 0] == 0).mean() < 1
    np.testing.assert_array_equal(random.dropout(x, 0), x)
    assert not np.asarray(random.dropout(x, 1)).any()
    with pytest.raises(ValueError, match=r"from 0 to 1. Received: rate=1.5"):
        random.dropout(x, 1.5)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_seeds(name):
    def draw(seed):
        return np.asarray(getattr(random, name)(*ARGUMENTS[name], seed=seed))

    np.testing.assert_array_equal(draw(5), draw(5))
    assert not np.array_equal(draw(5), draw(6))
    np.testing.assert_array_equal(draw(5), draw(jax.random.PRNGKey(5)))
    generators = SeedGenerator(3), SeedGenerator(3)
    first, second = draw(generators[0]), draw(generators[0])
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal([first, second], [draw(generators[1]) for _ in range(2)])
    cello.utils.set_random_seed(1)
    first, second = draw(None), draw(None)
    assert not np.array_equal(first, second)
    cello.utils.set_random_seed(1)
    np.testing.assert_array_equal(first, draw(None))


def test_a_compiled_program_does_not_draw_from_the_global_stream():
    with pytest.raises(RuntimeError, match="would draw the same numbers each time"):
        jax.jit(lambda: random.normal((3,)))()
    drawn = jax.jit(lambda key: random.normal((3,), seed=key))(jax.random.PRNGKey(2))
    np.testing.assert_allclose(drawn, random.normal((3,), seed=2), rtol=1e-6)


class Noise(cello.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = SeedGenerator(1)

    def call(self, x):
        return x + random.normal(x.shape, seed=self.seed_generator)


def test_a_layer_draws_anew_at_each_call():
    model = cello.Sequential([cello.Input((4,)), Noise()])
    x = np.zeros((3, 4), "float32")
    first, second = model(x), model(x)
    assert not np.array_equal(first, second)
    assert jnp.isfinite(first).all()
