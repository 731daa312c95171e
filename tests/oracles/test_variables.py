"""A variable is used as Keras' are on JAX: the same values of the same dtypes, whatever is done."""

import math
import operator

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cello

COMPILATIONS = 130

NUMBERS = np.array([[1.5, -2.0, 3.0], [0.5, 4.0, -1.0]], "float32")
BESIDE = {
    "float": 2.0,
    "number of NumPy": np.float32(2),
    "array of NumPy": NUMBERS + 3,
    "array of JAX": jnp.asarray(NUMBERS + 3),
    "list": [1.0, 2.0, 3.0],
}
ARITHMETIC = "add sub mul truediv floordiv mod pow lt le gt ge eq ne"
LOGICAL = operator.and_, operator.or_, operator.xor


def scalar(v):
    return type(v)(np.float32(-2.5))


def flags(v):
    return type(v)(np.array([True, False]))


UNARY = {
    "float": lambda v: float(v[0, 0]) + float(scalar(v)),
    "int": lambda v: int(scalar(v)),
    "round": lambda v: [round(v), round(v, 1), round(scalar(v))],
    "signs": lambda v: [abs(v), -v, +v],
    "not": lambda v: ~flags(v),
    "math": lambda v: math.exp(scalar(v)),
    "format": lambda v: f"{float(scalar(v)):.2f}",
    "matmul": lambda v: [v @ NUMBERS.T, NUMBERS.T @ v, v @ jnp.asarray(NUMBERS.T), v @ v[0]],
    "two": lambda v: [v + v, v - v, v * v, v / v, v < v, v >= v],
    "and": lambda v: [f(flags(v), NUMBERS[:, 0] > 1) for f in LOGICAL],
    "rand": lambda v: [f(NUMBERS[:, 0] > 1, flags(v)) for f in LOGICAL],
    "and of one": lambda v: [(f(flags(v), True), f(True, flags(v))) for f in LOGICAL],
    "and of integers": lambda v: [f(type(v)(np.int32([0, 2])), 1) for f in LOGICAL],
    "iadd": lambda v: operator.iadd(v, 1),
    "places": lambda v: [v[0], v[-1], v[:1], v[1, 2], v[..., None], v[np.array([0, 0])]],
    "mask": lambda v: v[NUMBERS > 0],
    "jnp": lambda v: [jnp.stack([v, v]), jnp.concatenate([v, v]), jnp.einsum("ij,ij->i", v, v)],
    "jnp of forms": lambda v: [jnp.shape(v), jnp.ndim(v), jnp.reshape(v, -1), jnp.asarray(v)],
    "np": lambda v: [np.sum(v), np.exp(v), np.mean(v, axis=0), np.stack([v, v]), np.dot(v, v[0])],
    "np of forms": lambda v: [np.shape(v), np.asarray(v), np.array(v), np.asarray(v, "float64")],
    "np of one": lambda v: [np.float32(scalar(v)), np.array([scalar(v), scalar(v)])],
    "np compares": lambda v: [np.allclose(v, NUMBERS), np.array_equal(v, NUMBERS), np.isnan(v)],
    "attributes": lambda v: [v.numpy(), v.shape, v.ndim, v.dtype == "float32", str(v.dtype)],
    "trainable": lambda v: v.trainable,
    "assign": lambda v: [v.assign(NUMBERS + 1), v.assign((NUMBERS - 1).tolist()), v.assign(v)],
    "assign more": lambda v: [v.assign_add(NUMBERS), v.assign_sub(2 * NUMBERS), v.value],
}  # fmt: skip


def same(function):
    """`function` gives the same of a variable of Cello's as of one of Keras'."""
    ours, theirs = (
        jax.tree.flatten(function(make(NUMBERS))) for make in (cello.Variable, keras.Variable)
    )
    assert ours[1] == theirs[1]
    for got, want in zip(ours[0], theirs[0], strict=True):
        assert type(got) is type(want)
        np.testing.assert_array_equal(got, want)
        assert np.asarray(got).dtype == np.asarray(want).dtype


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras
@pytest.mark.parametrize("name", UNARY)
def test_what_is_done_to_a_variable(name):
    same(UNARY[name])


@pytest.mark.parametrize("beside", BESIDE)
def test_what_stands_beside_a_variable(beside):
    for name in ARITHMETIC.split():
        function = getattr(operator, name)
        same(lambda v, f=function: f(v, BESIDE[beside]))
        same(lambda v, f=function: f(BESIDE[beside], v))


@pytest.mark.parametrize("function", [jnp.sum, jnp.exp, jax.nn.relu, jax.jit(abs)])
def test_what_jax_refuses(function):
    """Of both: functions of `cello.ops` take a variable, those of JAX its value."""
    for make in (cello.Variable, keras.Variable):
        with pytest.raises(ValueError, match="explicitly convert your object"):
            function(make(NUMBERS))
    np.testing.assert_array_equal(cello.ops.sum(cello.Variable(NUMBERS)), NUMBERS.sum())


def test_the_truth_of_a_variable_is_that_of_its_number():
    """Keras gives none; of several numbers there is none. A length says nothing of it."""
    assert cello.Variable(np.float32(2)) and not cello.Variable(np.zeros(1, "float32"))
    for make in (cello.Variable, keras.Variable):
        with pytest.raises((TypeError, ValueError), match=r"ambiguous|cannot be used as a boolean"):
            bool(make(NUMBERS))


def test_two_variables_are_equal_if_they_are_one():
    """So that they can be keys, and looked for in lists; Keras compares their numbers."""
    one, other = cello.Variable(NUMBERS), cello.Variable(NUMBERS)
    assert one == one and one != other and other not in [one] and {one: 1}[one] == 1
