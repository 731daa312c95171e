"""Reservoirs, and read-outs by ridge regression; the laws of all layers are in test_cells.py."""

import jax
import numpy as np
import pytest
from contract import normal
from hypothesis import given, settings
from hypothesis import strategies as st
from in_numpy import outputs_of

import cello
from cello.layers import LSTM, Bidirectional, Dense, EchoState, Input, Masking

COMPILATIONS = 170


@settings(max_examples=5)
@given(
    units=st.sampled_from([1, 7, 60]),
    radius=st.sampled_from([0.0, 0.5, 0.95, 1.7]),
    connectivity=st.floats(0.01, 1),
    scales=st.tuples(st.floats(0, 3), st.floats(0, 3)),
)
def test_the_weights_are_what_the_arguments_say(units, radius, connectivity, scales):
    layer = EchoState(
        units, radius, input_scale=scales[0], bias_scale=scales[1], connectivity=connectivity,
        seed=3,
    )  # fmt: skip
    layer.build((None, None, 4))
    kernel, reservoir, bias = layer.get_weights()
    eigenvalues = np.linalg.eigvals(np.asarray(reservoir, "float64"))
    np.testing.assert_allclose(np.abs(eigenvalues).max(), radius, rtol=1e-3, atol=1e-6)
    if radius:
        assert set((reservoir != 0).sum(axis=0)) == {max(1, round(connectivity * units))}
    assert np.abs(kernel).max() <= scales[0] and np.abs(bias).max() <= scales[1]
    again = EchoState.from_config(layer.get_config())
    again.build((None, None, 4))
    for a, b in zip(again.get_weights(), layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert layer.trainable_weights == [] and len(layer.non_trainable_weights) == 3


def test_seeds_differ_and_the_global_seed_repeats():
    def reservoir(**options):
        layer = EchoState(20, **options)
        layer.build((None, None, 2))
        return layer.get_weights()[1]

    assert (reservoir(seed=1) != reservoir(seed=2)).any()
    cello.utils.set_random_seed(5)
    first = reservoir()
    assert (reservoir() != first).any()
    cello.utils.set_random_seed(5)
    np.testing.assert_array_equal(reservoir(), first)


def test_the_equation_in_float64():
    layer = EchoState(7, 1.2, 0.3, bias_scale=0.5, return_sequences=True, connectivity=0.5)
    x, start = normal(2, 9, 3), normal(2, 7, seed=1)
    layer.build(x.shape)
    got = outputs_of(layer, x, initial_state=[start])
    kernel, reservoir, bias = (np.asarray(w, "float64") for w in layer.get_weights())
    h = start.astype("float64")
    for t in range(9):
        h = 0.7 * h + 0.3 * np.tanh(x[:, t] @ kernel + h @ reservoir + bias)
        np.testing.assert_allclose(got[:, t], h, rtol=1e-5, atol=1e-6)


@settings(max_examples=6)
@given(
    radius=st.floats(0.1, 0.9), leak=st.floats(0.3, 1.0), seed=st.integers(0, 99),
    inputs=st.floats(0, 2),
)  # fmt: skip
def test_states_that_were_different_run_together(radius, leak, seed, inputs):
    """The echo state property: two starts, the same inputs, and in the end the same state."""
    layer = EchoState(40, radius, leak, seed=seed)
    x = np.repeat(np.float32(inputs) * normal(1, 600, 2, seed=seed), 2, axis=0)
    starts = normal(2, 40, seed=seed + 1)
    layer.build(x.shape)
    one, other = outputs_of(layer, x, initial_state=[starts])
    assert np.abs(starts[0] - starts[1]).max() > 1
    np.testing.assert_allclose(one, other, atol=1e-4)


# ------------------------------------------------------------------------------------- ridge


def closed_form(h, y, penalty, bias=True):
    """Of centred data, in float64."""
    h, y = np.asarray(h, "float64"), np.asarray(y, "float64")
    h_mean, y_mean = (h.mean(0), y.mean(0)) if bias else (0 * h[0], 0 * y[0])
    stacked = np.concatenate([h - h_mean, np.sqrt(penalty) * np.eye(h.shape[1])])
    targets = np.concatenate([y - y_mean, np.zeros((h.shape[1], y.shape[1]))])
    kernel = np.linalg.lstsq(stacked, targets, rcond=None)[0]
    return kernel, y_mean - h_mean @ kernel


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("washout", [0, 3])
def test_the_readout_is_the_closed_form(bias, washout):
    """With a mask, in batches, behind a reservoir; other weights stay."""
    x, y = normal(7, 12, 2), normal(7, 12, 3, seed=1)
    x[0, 8:] = x[3, 1:] = 0.0
    x[5, :2] = 0.0
    start = Input((None, 2))
    hidden = EchoState(9, return_sequences=True, bias_scale=1.0)(Masking()(start))
    model = cello.Model(start, Dense(3, use_bias=bias)(hidden))
    before = [w.numpy() for layer in model.layers[:-1] for w in layer.weights]
    cello.ridge.fit_readout(model, x, y, penalty=0.1, batch_size=3, washout=washout)
    mask = (x != 0).any(-1)
    counts = mask & (np.cumsum(mask, axis=1) > washout)
    h = np.asarray(cello.Model(start, hidden)(x))[counts]
    kernel, constant = closed_form(h, y[counts], 0.1, bias)
    np.testing.assert_allclose(model.layers[-1].kernel, kernel, rtol=1e-4, atol=1e-5)
    if bias:
        np.testing.assert_allclose(model.layers[-1].bias, constant, rtol=1e-4, atol=1e-5)
    after = [w.numpy() for layer in model.layers[:-1] for w in layer.weights]
    assert all((a == b).all() for a, b in zip(after, before, strict=True))


def test_a_linear_target_is_found_whatever_the_model():
    x = normal(20, 6, 2)
    model = cello.Sequential([Input((6, 2)), Bidirectional(LSTM(4)), Dense(2)])
    features = np.asarray(model.layers[0](x))
    w = normal(8, 2, seed=2)
    cello.ridge.fit_readout(model, x, features @ w + 3, penalty=0.0)
    np.testing.assert_allclose(model.predict(x, verbose=0), features @ w + 3, atol=1e-3)


def narma10(steps, seed):
    """Atiya and Parlos 2000: a series of tenth order, driven by noise."""
    u = np.random.default_rng(seed).uniform(0, 0.5, steps)
    y = np.zeros(steps)
    for t in range(9, steps - 1):
        y[t + 1] = 0.3 * y[t] + 0.05 * y[t] * y[t - 9 : t + 1].sum() + 1.5 * u[t - 9] * u[t] + 0.1
    return u[None, :, None].astype("float32"), y[None, :, None]


@pytest.fixture
def traced():
    """The names of the functions that JAX traces."""
    names = []

    def note(event, duration, fun_name="", **_):
        names.append(fun_name)

    jax.monitoring.register_event_duration_secs_listener(note)
    yield names
    jax.monitoring.unregister_event_duration_listener(note)


def test_a_second_readout_compiles_nothing(traced):
    """Nor do other numbers of rows: a search over penalties, a walk forward."""
    model = cello.Sequential([cello.Input((4, 2)), EchoState(5), Dense(1)])
    data = np.random.default_rng(0).normal(size=(20, 4, 2)).astype("float32")
    cello.ridge.fit_readout(model, data, data[:, 0, :1], batch_size=8)
    assert "jit(run)" in traced
    states = np.asarray(model.layers[-2](data), "float64")
    traced.clear()
    for rows in (20, 9, 17):
        x, y = data[:rows], data[:rows, 0, :1]
        cello.ridge.fit_readout(model, x, y, penalty=rows, batch_size=8)
        h = states[:rows]
        centred, target = h - h.mean(0), y - y.mean(0)
        kernel = np.linalg.solve(centred.T @ centred + rows * np.eye(5), centred.T @ target)
        np.testing.assert_allclose(model.layers[-1].kernel.numpy(), kernel, rtol=1e-3, atol=1e-5)
    assert "jit(run)" not in traced


def test_narma_10():
    """Rodan and Tino 2011 report errors, over the variance, of 0.03 to 0.1 for such reservoirs."""
    model = cello.Sequential(
        [
            Input((None, 1)),
            EchoState(200, 0.95, input_scale=0.2, bias_scale=0.2, return_sequences=True, seed=1),
            Dense(1),
        ]
    )
    cello.ridge.fit_readout(model, *narma10(2200, seed=1), penalty=1e-9, washout=200)
    x, y = narma10(2200, seed=2)
    error = np.mean((model.predict(x, verbose=0) - y)[:, 200:] ** 2) / np.var(y[:, 200:])

    def lagged(x):  # what a linear filter of the last 30 inputs makes of it
        return np.stack([np.roll(x[0, :, 0], k) for k in range(30)], -1)[200:]

    u, v = narma10(2200, seed=1)
    kernel, constant = closed_form(lagged(u), v[0, 200:], 1e-9)
    linear = np.mean((lagged(x) @ kernel + constant - y[0, 200:]) ** 2) / np.var(y[:, 200:])
    assert error < 0.1 and error < 0.5 * linear


@pytest.mark.parametrize(
    "layers, change, message",
    [
        ([EchoState(4)], {}, "must have one output, that of a Dense without activation"),
        ([EchoState(4), Dense(3, "relu")], {}, "must have one output"),
        ([EchoState(4), Dense(3)], {"penalty": -1}, "penalty must be a non-negative number"),
        ([EchoState(4), Dense(3)], {"washout": -1}, "washout must be an integer of 0 or more"),
        ([EchoState(4), Dense(3)], {"washout": 2}, "needs outputs with time"),
        ([EchoState(4), Dense(3)], {"y": np.zeros((4, 3))}, "as many rows"),
        ([EchoState(4), Dense(3)], {"y": np.zeros((5, 2))}, "has 3 outputs and got targets with 2"),
        ([EchoState(4), Dense(3)], {"y": np.zeros((5, 6, 3))}, "got targets of shape"),
        ([EchoState(4), Dense(3)], {"x": np.full((5, 6, 2), np.nan)}, "not finite"),
    ],
)
def test_refusals(layers, change, message):
    model = cello.Sequential([Input((None, 2)), *layers])
    before = model.get_weights()
    given = {"x": normal(5, 6, 2), "y": normal(5, 3)} | change
    with pytest.raises(ValueError, match=message):
        cello.ridge.fit_readout(model, **given)
    assert all((a == b).all() for a, b in zip(model.get_weights(), before, strict=True))
