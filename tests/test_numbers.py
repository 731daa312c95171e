"""Numbers that come in are the same inside, or refused by name: data, targets, weights, counts."""

import functools

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


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "value, told",
    [
        (np.array([[2**33 + 5]]), "8589934597.*int32"),
        (np.array([[-(2**31) - 1]]), "-2147483649.*int32"),
        (np.array([[2**32 + 1]], "uint64"), "4294967297.*uint32"),
        (np.array([[3 + 1j]]), "must be real"),
        (np.array([[1e300]]), "beyond the range"),
        (np.array([[(3.0,)]], [("a", "f4")]), "must hold numbers"),
        (np.ma.array([[3.0]], mask=[[True]]), "masked array"),
    ],
)
def test_numbers_that_would_change_are_refused(place, value, told):
    with pytest.raises(ValueError, match=told):
        PLACES[place](value)


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
    for symbol in (np.array([[-1]]), np.array([[8]]), np.array([[2**32 - 1]], "uint32")):
        assert np.isnan(symbols().predict(symbol, verbose=0)).all()


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
