"""Activations against the installed Keras."""

import inspect

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cello
from cello import activations
from cello.core.serialization import serialize

COMPILATIONS = 220

KERAS_ONLY_API = {"get", "serialize", "deserialize"}

KERAS_NAMES = {name for name in dir(keras.activations) if not name.startswith("_")}
FUNCTIONS = sorted(KERAS_NAMES - KERAS_ONLY_API)

# Around 0, around every threshold, and far out.
X = np.concatenate([np.linspace(-8, 8, 321), [-60.0, 60.0]]).astype("float32").reshape(17, 19)
X = np.concatenate([X, X[:, :1]], axis=1)  # an even last axis, for glu

OPTIONS = {
    "relu": [
        {"negative_slope": 0.1},
        {"max_value": 3.0},
        {"threshold": 1.5},
        {"threshold": -1.5, "max_value": 2.0},
        {"negative_slope": 0.2, "max_value": 3.0, "threshold": 1.0},
    ],
    "leaky_relu": [{"negative_slope": 0.3}],
    "elu": [{"alpha": 0.5}],
    "celu": [{"alpha": 0.5}],
    "gelu": [{"approximate": True}],
    "glu": [{"axis": 1}],
    "softmax": [{"axis": 0}],
    "log_softmax": [{"axis": 0}],
    "squareplus": [{"b": 2}],
    "soft_shrink": [{"threshold": 1.0}],
    "hard_shrink": [{"threshold": 1.0}],
    "threshold": [{"threshold": 0.5, "default_value": -3.0}],
}
CASES = [
    (name, options)
    for name in FUNCTIONS
    if name != "sparsemax"  # Keras' rows do not sum to 1: the law is below
    for options in ([] if name == "threshold" else [{}]) + OPTIONS.get(name, [])
]


def test_keras_has_nothing_that_is_missing_here():
    missing = {n for n in KERAS_NAMES if not hasattr(activations, n)}
    assert missing <= {"serialize", "deserialize"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signature(name):
    ours = inspect.signature(getattr(activations, name))
    assert str(ours) == str(inspect.signature(getattr(keras.activations, name)))


@pytest.mark.parametrize(("name", "options"), CASES)
def test_values(name, options):
    ours = getattr(activations, name)(jnp.asarray(X), **options)
    keras_value = getattr(keras.activations, name)(keras.ops.convert_to_tensor(X), **options)
    assert ours.dtype == jnp.float32
    np.testing.assert_allclose(ours, np.asarray(keras_value), rtol=1e-6, atol=1e-6)
    of_variable = getattr(activations, name)(cello.Variable(X), **options)
    np.testing.assert_array_equal(of_variable, ours)


@pytest.mark.parametrize("axis", [-1, 0])
def test_sparsemax_is_the_nearest_of_all_probabilities(axis):
    """Then, and only then: what is above 0 lies as far below `x` everywhere, the rest further."""
    x = np.random.default_rng(0).normal(size=X.shape).astype("float32") / 2
    p = np.moveaxis(activations.sparsemax(x, axis=axis), axis, -1)
    distance = np.moveaxis(x, axis, -1) - p
    np.testing.assert_allclose(p.sum(-1), 1, rtol=1e-5)
    far = np.where(p > 0, distance, -np.inf).max(-1, keepdims=True)
    assert (p >= 0).all() and (distance <= far + 1e-6).all()
    assert (np.where(p > 0, distance, far) >= far - 1e-6).all()
    assert ((p > 0).sum(-1) > 1).any() and (p == 0).any()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_are_finite_everywhere(name):
    options = OPTIONS[name][0] if name == "threshold" else {}
    function = getattr(activations, name)
    gradient = jax.grad(lambda x: jnp.sum(jnp.minimum(function(x, **options), 1e3)))(jnp.asarray(X))
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_name_and_a_function_are_one(name):
    function = activations.get(name)
    assert function is getattr(activations, name)
    assert activations.get(serialize(function)) is function
    assert activations.get(function) is function


def test_static_argument_of_jit_compiles_once():
    traces = []

    def apply(x, function):
        traces.append(function)
        return function(x)

    jitted = jax.jit(apply, static_argnums=1)
    jitted(X, activations.get("tanh"))
    jitted(X, activations.get("tanh"))
    assert traces == [activations.tanh]


def test_get_accepts_none_and_any_function():
    assert activations.get(None) is activations.linear
    assert activations.get(jnp.sin) is jnp.sin


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match='Did you mean "sigmoid"'):
        activations.get("sigmoyd")
    with pytest.raises(ValueError, match="activation"):
        activations.get(3)
