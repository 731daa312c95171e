"""Regularisers and constraints against the installed Keras."""

import inspect

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cello
from cello import constraints, regularizers

W = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
W[:, 2] *= 0.01  # a column below every norm
W[:, 3] = 0.0

REGULARIZERS = [
    ("L1", {}),
    ("L1", {"l1": 0.3}),
    ("L2", {}),
    ("L2", {"l2": 0.3}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.2, "l2": 0.3}),
    ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
]
CONSTRAINTS = [
    ("NonNeg", {}),
    ("UnitNorm", {}),
    ("UnitNorm", {"axis": 1}),
    ("MaxNorm", {}),
    ("MaxNorm", {"max_value": 0.5, "axis": [0, 1]}),
    ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 1.5, "rate": 0.3, "axis": 1}),
]
BOTH = [
    *((regularizers, keras.regularizers, *case) for case in REGULARIZERS),
    *((constraints, keras.constraints, *case) for case in CONSTRAINTS),
]
IDS = [f"{name}-{options}" for _, _, name, options in BOTH]


@pytest.mark.parametrize(("ours", "theirs"), [BOTH[0][:2], BOTH[-1][:2]])
def test_keras_has_nothing_that_is_missing_here(ours, theirs):
    public = {name for name in dir(theirs) if not name.startswith("_")}
    assert {n for n in public if not hasattr(ours, n)} == set()


@pytest.mark.parametrize(("ours", "theirs", "name", "options"), BOTH, ids=IDS)
class TestLikeKeras:
    def test_signature(self, ours, theirs, name, options):
        expected = inspect.signature(getattr(theirs, name))
        if name != "NonNeg":  # which has Python's own constructor there
            assert str(inspect.signature(getattr(ours, name))) == str(expected)

    def test_values(self, ours, theirs, name, options):
        value = getattr(ours, name)(**options)(jnp.asarray(W))
        expected = getattr(theirs, name)(**options)(keras.ops.convert_to_tensor(W))
        assert value.dtype == jnp.float32
        np.testing.assert_allclose(value, np.asarray(expected), rtol=1e-6, atol=1e-6)

    def test_under_jit(self, ours, theirs, name, options):
        function = getattr(ours, name)(**options)
        np.testing.assert_allclose(jax.jit(function)(W), function(W), rtol=1e-6, atol=1e-7)

    def test_configuration(self, ours, theirs, name, options):
        instance = getattr(ours, name)(**options)
        config = instance.get_config()
        expected = getattr(theirs, name)(**options).get_config()
        assert config.keys() == expected.keys()
        for key, value in config.items():
            approximate = pytest.approx(value, rel=1e-6) if isinstance(value, float) else value
            assert expected[key] == approximate
        again = ours.get({"class_name": name, "config": config})
        np.testing.assert_array_equal(again(W), instance(W))


@pytest.mark.parametrize("name", ["l1", "l2", "L1", "L2", "OrthogonalRegularizer"])
def test_regularizer_names(name):
    expected = keras.regularizers.get(name)(keras.ops.convert_to_tensor(W))
    assert float(regularizers.get(name)(W)) == pytest.approx(float(expected), rel=1e-6)


def test_l1_l2_by_name_is_a_penalty():
    """As Keras' documentation says: 0.01 of each."""
    expected = 0.01 * np.abs(W).sum() + 0.01 * np.square(W).sum()
    assert float(regularizers.get("l1_l2")(W)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", ["max_norm", "MaxNorm", "non_neg", "unit_norm", "min_max_norm"])
def test_constraint_names(name):
    expected = keras.constraints.get(name)(keras.ops.convert_to_tensor(W))
    np.testing.assert_allclose(constraints.get(name)(W), np.asarray(expected), atol=1e-6)


@pytest.mark.parametrize("module", [regularizers, constraints])
def test_get_passes_none_and_functions(module):
    assert module.get(None) is None
    assert module.get(jnp.sum) is jnp.sum


def test_orthogonal_regularizer_of_orthogonal_rows_is_nothing():
    assert float(regularizers.OrthogonalRegularizer(1.0)(np.eye(3, 5))) == 0
    assert float(regularizers.OrthogonalRegularizer(1.0)(np.ones((3, 5)))) == pytest.approx(1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: regularizers.get("l1_l3"), 'Did you mean "l1_l2"'),
        (lambda: regularizers.L1(-0.1), "l1 must be a non-negative number. Received: l1=-0.1"),
        (lambda: regularizers.L2(float("nan")), "l2 must be a non-negative number"),
        (lambda: regularizers.L1L2(0.1, float("inf")), "l2 must be a non-negative number"),
        (lambda: regularizers.OrthogonalRegularizer(mode="row"), "mode='row'"),
        (lambda: regularizers.OrthogonalRegularizer()(np.ones(3)), r"got the shape \(3,\)"),
        (lambda: constraints.get("max_nrom"), 'Did you mean "max_norm"'),
        (lambda: constraints.MaxNorm(-1), "max_value must be a non-negative number"),
        (lambda: constraints.MaxNorm(axis="a"), "axis must be an integer"),
        (lambda: constraints.MinMaxNorm(rate=2.0), "rate must be a number between 0 and 1"),
        (lambda: constraints.MinMaxNorm(2.0, 1.0), "min_value=2.0, max_value=1.0"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("ours, theirs, name, options", BOTH, ids=IDS)
def test_on_a_variable(ours, theirs, name, options):
    got = getattr(ours, name)(**options)(cello.Variable(W))
    np.testing.assert_allclose(got, getattr(theirs, name)(**options)(keras.Variable(W)), 1e-5, 1e-6)


def test_a_class_of_ones_own_on_a_variable():
    class Own(regularizers.Regularizer):
        def __call__(self, x):
            return jnp.sum(jnp.tanh(x))

    np.testing.assert_allclose(Own()(cello.Variable(W)), np.tanh(W).sum(), 1e-5)
