"""Numbers that come in are the same inside, or refused by name: data, targets, weights, counts."""

import functools

import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cello
from cello import Input, Sequential
from cello.layers import Dense, Embedding

COMPILATIONS = 75


@functools.cache
def sum_of_one():
    """`y = x`."""
    model = Sequential([Input((1,)), Dense(1, kernel_initializer="ones")])
    model.compile(cello.optimizers.SGD(0.0), "mse")
    return model


@functools.cache
def symbols():
    return Sequential([Input((1,), dtype="int32"), Embedding(8, 2)])


@functools.cache
def of_several(dtype, named=False):
    """A model of an input of floating point and one of another dtype, which gives the latter."""
    inputs = {"b": Input((1,), name="x"), "a": Input((None, 1), dtype=dtype, name="n")}
    inputs = inputs if named else list(inputs.values())
    number = inputs["a"] if named else inputs[1]
    model = cello.Model(inputs, cello.layers.Lambda(lambda n: 1 * n)(number))
    model.compile("sgd", "mse")
    return model


ONE = np.ones((1, 1), "float32")
PLACES = {
    "predict": lambda v: sum_of_one().predict(v, verbose=0),
    "a call": lambda v: sum_of_one()(v),
    "a target": lambda v: sum_of_one().evaluate(ONE, v, verbose=0),
    "a target of a batch": lambda v: sum_of_one().train_on_batch(ONE, v),
    "a generator": lambda v: sum_of_one().fit(iter([(v, ONE)]), verbose=0).history["loss"][0],
    "a weight": lambda v: sum_of_one().evaluate(ONE, 2 * ONE, sample_weight=v, verbose=0),
    "symbols": lambda v: symbols().predict(v, verbose=0),
    "a layer": lambda v: symbols().layers[0](v),
    "a loss": lambda v: cello.losses.MeanSquaredError()(v, ONE),
    "a metric": lambda v: cello.metrics.MeanSquaredError()(v, ONE),
    "a stream": lambda v: symbols().stream()(v),
}


CHANGING = [
    (np.array([[2**33 + 5]]), "8589934597.*int32"),
    (np.array([[-(2**31) - 1]]), "-2147483649.*int32"),
    (np.array([[2**32 + 1]], "uint64"), "4294967297.*int32"),
    (np.array([[3 + 1j]]), "must be real"),
    (np.array([[1e300]]), "beyond the range|is for whole numbers"),
    (np.array([[(3.0,)]], [("a", "f4")]), "must hold numbers"),
    (np.ma.array([[3.0]], mask=[[True]]), "masked array"),
]
VARIABLES = {
    "a new one": lambda v, dtype: cello.Variable(v, dtype=dtype),
    "an assignment": lambda v, dtype: cello.Variable(np.zeros((1, 1), dtype)).assign(v),
    "a sum": lambda v, dtype: cello.Variable(np.zeros((1, 1), dtype)).assign_add(v),
    "a difference": lambda v, dtype: cello.Variable(np.zeros((1, 1), dtype)).assign_sub(v),
}


@pytest.mark.parametrize("place", VARIABLES)
@pytest.mark.parametrize(
    "dtype, value, told",
    [
        *[("int32", *case) for case in CHANGING],
        *[("float32", *case) for case in CHANGING[3:]],
        ("int32", np.array([[1.5]]), "whole numbers.*1.5"),
    ],
)
def test_numbers_that_would_change_in_a_variable_are_refused(place, dtype, value, told):
    with pytest.raises(ValueError, match=told):
        VARIABLES[place](value, dtype)


def test_weights_that_would_change_are_refused():
    layer = sum_of_one().layers[0]
    for value, told in CHANGING[3:]:
        with pytest.raises(ValueError, match=f"dense.*{told}|{told}"):
            layer.set_weights([value, np.zeros(1)])


ROUNDED = "predict", "a call", "a generator"
"""What is for floating point rounds whole numbers."""


@pytest.mark.parametrize(
    "place, value, told",
    [(p, *c) for p in PLACES for c in CHANGING if c[0].dtype.kind not in "iu" or p not in ROUNDED],
)
def test_numbers_that_would_change_are_refused(place, value, told):
    with pytest.raises(ValueError, match=told):
        PLACES[place](value)


COUNTS = {
    "predict": lambda v, d: of_several(d).predict([ONE, v], verbose=0),
    "a call": lambda v, d: of_several(d)([ONE, v]),
    "a list": lambda v, d: of_several(d).predict([ONE, [v[0]]], verbose=0)[0][None],
    "names": lambda v, d: of_several(d).predict({"n": v, "x": ONE}, verbose=0),
    "names of its own": lambda v, d: of_several(d, True).predict({"a": v, "b": ONE}, verbose=0),
    "a named call": lambda v, d: of_several(d, True)({"a": v, "b": ONE}),
    "a batch": lambda v, d: of_several(d).predict_on_batch([ONE, v]),
    "a generator": lambda v, d: of_several(d).predict(iter([([ONE, v],)]), verbose=0),
    "evaluate": lambda v, d: of_several(d).evaluate([ONE, v], 0 * ONE[None], verbose=0) ** 0.5,
    "a stream": lambda v, d: of_one(d).stream()(v),
}


@functools.cache
def of_one(dtype):
    twice = cello.layers.Lambda(lambda n: 1 * n)
    twice.streams = True
    return Sequential([Input((None, 1), dtype=dtype), twice])


@pytest.mark.parametrize("place", COUNTS)
def test_fractions_for_whole_numbers_are_refused(place):
    """Keras cuts them off. A whole number may come as floating point."""
    for make in (np.float64, np.float32, lambda v: jnp.asarray(v, "float32")):
        got = COUNTS[place](make([[[3.0]]]), "int32")
        assert np.reshape(got, ()) == 3
        for value in (1.5, -0.25, np.nan, np.inf, 3e9):
            with pytest.raises(ValueError, match=r"is for whole numbers|and int32 ends"):
                COUNTS[place](make([[[value]]]), "int32")
    with pytest.raises(ValueError, match=r"300.*uint8 ends at 255"):
        COUNTS[place](np.array([[[300]]]), "uint8")


@pytest.mark.parametrize("place", COUNTS)
def test_whole_numbers_are_rounded_for_floating_point_as_in_keras(place):
    for value in (2**33 + 5, -(2**62) + 1, 2**63 + 1):
        array = np.array([[[value]]])
        got = COUNTS[place](array, "float32")
        want = keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(array, "float32"))
        np.testing.assert_allclose(np.abs(np.reshape(got, ())), np.abs(want[0, 0, 0]), rtol=1e-7)


def test_whole_numbers_that_become_the_same_are_warned_of():
    stamps = 1_700_000_000_000 + 1000 * np.arange(4)[:, None]  # seconds, in milliseconds
    with pytest.warns(UserWarning, match=r"each 131,072th.*from a later start"):
        sum_of_one().predict(stamps, verbose=0)
    sum_of_one().predict(2**40 * stamps[:, ::-1] // 2**20, verbose=0)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "make",
    [
        lambda n: np.array([[n]], ">i8"),
        lambda n: np.array([[n]], ">f4"),
        lambda n: np.array([[n]], np.longdouble),
        lambda n: np.array([[n]], "uint64"),
        lambda n: np.ma.array([[float(n)]], mask=[[False]]),
    ],
)
def test_numbers_in_any_form_are_the_same(place, make):
    want = PLACES[place](np.array([[3]], "float32" if place != "symbols" else "int32"))
    np.testing.assert_array_equal(PLACES[place](make(3)), want)


def test_whole_numbers_up_to_the_last_that_fits():
    ends = np.array([[2**31 - 1], [-(2**31)]])
    np.testing.assert_array_equal(sum_of_one().predict(ends, verbose=0), ends.astype("float32"))


def test_symbols_out_of_range_are_nan_in_compiled_code():
    for symbol in (np.array([[-1]]), np.array([[8]])):
        assert np.isnan(symbols().predict(symbol, verbose=0)).all()
    model = Sequential([Embedding(8, 2)])
    got = model.predict(np.array([[1.0, 1.5]]), verbose=0)
    assert np.isfinite(got[0, 0]).all() and np.isnan(got[0, 1]).all()
    with pytest.raises(ValueError, match=r"whole numbers.*1\.5"):
        model.layers[0](np.array([[1.0, 1.5]]))


@pytest.mark.parametrize(
    "argument, value",
    [
        *[("batch_size", v) for v in (0, -1, 2.5)],
        *[("validation_split", v) for v in (float("nan"), -0.5, 1.0)],
        ("validation_batch_size", 0),
        ("validation_freq", 0),
        ("steps_per_epoch", 0),
        ("validation_steps", 0),
        ("epochs", 1.5),
        ("epochs", -1),
    ],
)
def test_counts_that_make_no_sense_are_refused_by_name(argument, value):
    with pytest.raises(ValueError, match=f"{argument}.*{value}"):
        sum_of_one().fit(np.ones((4, 1)), np.ones((4, 1)), **{argument: value}, verbose=0)
    if argument in ("batch_size", "steps_per_epoch"):
        name = argument.removesuffix("_per_epoch")
        with pytest.raises(ValueError, match=f"{name}.*{value}"):
            sum_of_one().predict(np.ones((4, 1)), **{name: value}, verbose=0)
