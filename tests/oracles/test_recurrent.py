"""Recurrent layers against Keras with the same weights: values, states and gradients."""

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import example, given

import cello

pytestmark = pytest.mark.usefixtures("compiled_lightly")

LAYERS = ("SimpleRNN", "LSTM", "GRU")
ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")


@st.composite
def cases(draw):
    name = draw(st.sampled_from(LAYERS))
    options = {
        "units": draw(st.integers(1, 5)),
        "activation": draw(st.sampled_from(ACTIVATIONS)),
        "use_bias": draw(st.booleans()),
        "return_sequences": draw(st.booleans()),
        "go_backwards": draw(st.booleans()),
        "unroll": draw(st.sampled_from([False, False, True])),
    }
    if name != "SimpleRNN":
        options["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "hard_sigmoid"]))
    if name == "GRU":
        options["reset_after"] = draw(st.booleans())
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 4)))
    mask = draw(st.sampled_from(["none", "left", "right", "holes", "one row empty"]))
    given_state = draw(st.booleans())
    if options["unroll"]:
        # Keras' unrolled loop starts from an output of zeros, its scan from the first state.
        given_state = given_state and mask == "none"
    return name, options, shape, mask, given_state, draw(st.integers(0, 2**31))


def make_mask(kind, batch, time, rng):
    if kind == "none":
        return None
    lengths = rng.integers(1, time + 1, size=batch)
    steps = np.arange(time)
    if kind == "right":
        return steps[None] < lengths[:, None]
    if kind == "left":
        return steps[None] >= time - lengths[:, None]
    mask = rng.random((batch, time)) < 0.6
    if kind == "one row empty":
        mask[0] = False
    return mask


def weights_like(layer, rng):
    """Random weights, no two alike, so that exchanged gates are noticed."""
    return [rng.normal(scale=0.5, size=w.shape).astype("float32") for w in layer.get_weights()]


@given(cases())
@example(("GRU", {"units": 3, "return_sequences": True}, (2, 4, 3), "left", True, 1))
@example(("LSTM", {"units": 3}, (2, 1, 1), "none", True, 2))
def test_same_values_and_gradients_as_keras(case):
    name, options, (batch, time, features), mask_kind, given_state, seed = case
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(batch, time, features)).astype("float32")
    mask = make_mask(mask_kind, batch, time, rng)
    theirs = getattr(keras.layers, name)(**options, return_state=True)
    ours = getattr(cello.layers, name)(**options, return_state=True)
    theirs.build(x.shape)
    ours.build(x.shape)
    weights = weights_like(theirs, rng)
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in weights]
    state = None
    if given_state:
        n = 2 if name == "LSTM" else 1
        state = [rng.normal(size=(batch, options["units"])).astype("float32") for _ in range(n)]

    fixed = [v.value for v in theirs.non_trainable_variables]  # seeds only

    def keras_loss(weights, x, state):
        outputs, _ = theirs.stateless_call(weights, fixed, x, initial_state=state, mask=mask)
        return spread(outputs), outputs

    def cello_loss(weights, x, state):
        values = dict(zip(ours.weights, weights, strict=True))
        with cello.core.variable.Binding(values):
            outputs = ours(x, initial_state=state, mask=mask)
        return spread(outputs), outputs

    arguments = [jnp.asarray(w) for w in weights], jnp.asarray(x), state
    which = (0, 1) if state is None else (0, 1, 2)
    their_gradients, want = jax.jit(jax.grad(keras_loss, which, has_aux=True))(*arguments)
    our_gradients, got = jax.jit(jax.grad(cello_loss, which, has_aux=True))(*arguments)
    compare(got, want, 1e-5)
    compare(our_gradients, their_gradients, 1e-4)


def spread(outputs):
    """A loss in which every element has a weight of its own."""
    leaves = jax.tree.leaves(outputs)
    return sum(jnp.sum(y * jnp.cos(jnp.arange(y.size).reshape(y.shape))) for y in leaves)


def compare(got, want, tolerance):
    got, want = jax.tree.leaves(got), jax.tree.leaves(want)
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        scale = max(1.0, float(jnp.abs(w).max()))
        np.testing.assert_allclose(g, w, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("kind", ["layer", "cell"])
def test_constructor_is_keras(name, kind):
    """Names, order and defaults of the arguments."""
    import inspect

    name = name if kind == "layer" else f"{name}Cell"
    theirs = inspect.signature(getattr(keras.layers, name).__init__).parameters
    ours = inspect.signature(getattr(cello.layers, name)).parameters
    want = {
        n: p.default
        for n, p in theirs.items()
        if n not in ("self", "kwargs", "use_cudnn")  # accepted and without meaning here
    }
    got = {n: p.default for n, p in ours.items() if p.kind is not p.KEYWORD_ONLY}
    assert list(got.items()) == list(want.items())
    getattr(cello.layers, name)(3, use_cudnn=False) if kind == "layer" else None


@pytest.mark.parametrize("name", LAYERS)
def test_initial_weights_are_distributed_as_in_keras(name):
    x = np.zeros((1, 2, 24), "float32")
    theirs, ours = getattr(keras.layers, name)(32), getattr(cello.layers, name)(32)
    theirs(x), ours(x)
    kernel, recurrent, bias = ours.get_weights()
    keras_kernel, keras_recurrent, keras_bias = theirs.get_weights()
    limit = np.sqrt(6 / (24 + kernel.shape[1]))  # Glorot's
    for k in (kernel, keras_kernel):
        assert 0.95 * limit < np.abs(k).max() <= limit
        assert abs(k.std() - limit / np.sqrt(3)) < 0.05 * limit
        assert abs(k.mean()) < 0.1 * limit
    for u in (recurrent, keras_recurrent):
        np.testing.assert_allclose(u @ u.T, np.eye(32), atol=1e-5)
    np.testing.assert_array_equal(bias, keras_bias)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("zero", [False, True])
def test_masked_outputs(name, zero):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    mask = np.array([[1, 0, 1, 1, 0], [0, 1, 0, 1, 1]], bool)
    options = {"units": 4, "return_sequences": True, "zero_output_for_mask": zero}
    theirs, ours = getattr(keras.layers, name)(**options), getattr(cello.layers, name)(**options)
    want = theirs(x, mask=mask)
    ours.build(x.shape)
    ours.set_weights(theirs.get_weights())
    got = ours(x, mask=mask)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    assert (np.asarray(got)[0, 1] == 0).all() == zero


def test_stacked_cells():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    mask = np.array([[1, 0, 1, 1, 0], [0, 1, 0, 1, 1]], bool)

    def stack(library):
        cells = [
            library.layers.LSTMCell(4),
            library.layers.GRUCell(3),
            library.layers.SimpleRNNCell(2),
        ]
        return library.layers.RNN(cells, return_sequences=True, return_state=True)

    theirs, ours = stack(keras), stack(cello)
    theirs.build(x.shape)
    ours.build(x.shape)
    weights = weights_like(theirs, rng)
    theirs.set_weights(weights)
    ours.set_weights(weights)
    compare(ours(x), theirs(x), 1e-5)
    start = theirs(x)[1:]
    compare(ours(x, initial_state=list(start)), theirs(x, initial_state=list(start)), 1e-5)
    got, want = ours(x, mask=mask)[1:], theirs(x, mask=mask)[1:]
    compare(got, want, 1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_stateful(name):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(2, 6, 3)).astype("float32")
    theirs = getattr(keras.layers, name)(4, stateful=True)
    ours = getattr(cello.layers, name)(4, stateful=True)
    for layer in (theirs, ours):
        layer.build((2, 3, 3))
    weights = weights_like(theirs, rng)
    theirs.set_weights(weights)
    ours.set_weights(weights)
    for piece in (x[:, :3], x[:, 3:]):
        np.testing.assert_allclose(ours(piece), theirs(piece), rtol=1e-5, atol=1e-6)
    ours.reset_state()
    theirs.reset_state()
    np.testing.assert_allclose(ours(x[:, 3:]), theirs(x[:, 3:]), rtol=1e-5, atol=1e-6)
