"""Recurrent layers against Keras with the same weights: values, states and gradients."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from in_numpy import in_numpy, outputs_of

import cello

COMPILATIONS = 315

LAYERS = ("SimpleRNN", "LSTM", "GRU")
MASKS = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 1], [0, 0, 0, 0]], bool)


def weights_like(layer, rng):
    """Random weights, no two alike, so that exchanged gates are noticed."""
    return [rng.normal(scale=0.5, size=w.shape).astype("float32") for w in layer.get_weights()]


HARD = {"recurrent_activation": "hard_sigmoid"}
CASES = [
    ("SimpleRNN", {}),
    ("SimpleRNN", {"activation": "relu", "use_bias": False, "unroll": True}),
    ("LSTM", {}),
    ("LSTM", {"activation": "sigmoid", "use_bias": False, **HARD}),
    ("LSTM", {"activation": "linear", "unroll": True}),
    ("GRU", {}),
    ("GRU", {"activation": "relu", "use_bias": False, **HARD}),
    ("GRU", {"reset_after": False}),
    ("GRU", {"reset_after": False, "activation": "linear", "use_bias": False, "unroll": True}),
]
WANTED = {
    "steps": {"return_sequences": True},
    "last": {},
    "backwards": {"return_sequences": True, "go_backwards": True},
    "the first": {"go_backwards": True},
}


# Every way of running for each plain layer; for the others one to all steps and one backwards.
@pytest.mark.parametrize(
    ("name", "options", "wanted"),
    [
        pytest.param(*case, w, marks=[pytest.mark.deep] if case[1] and number % 2 == i % 2 else [])
        for i, case in enumerate(CASES)
        for number, w in enumerate(WANTED)
    ],
)
def test_same_values_and_gradients_as_keras(name, options, wanted):
    """Without a mask and state, and with a mask of each kind, or a state, or both."""
    options = {"units": 3, **options, **WANTED[wanted], "return_state": True}
    rng = np.random.default_rng(len(wanted))
    x = rng.normal(size=(5, 4, 2)).astype("float32")
    theirs, ours = getattr(keras.layers, name)(**options), getattr(cello.layers, name)(**options)
    theirs.build(x.shape)
    ours.build(x.shape)
    weights = weights_like(theirs, rng)
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in weights]
    count = 2 if name == "LSTM" else 1
    some = [rng.normal(size=(5, 3)).astype("float32") for _ in range(count)]
    fixed = [v.value for v in theirs.non_trainable_variables]  # seeds only
    # Keras' unrolled loop starts from an output of zeros, its scan from the first state.
    both = [] if options.get("unroll") else [(MASKS, some)]
    for mask, state in [(None, None), (MASKS, None), (None, some), *both]:

        def keras_loss(weights, x, state, mask=mask):
            outputs, _ = theirs.stateless_call(weights, fixed, x, initial_state=state, mask=mask)
            return spread(outputs), outputs

        def cello_loss(weights, x, state, mask=mask):
            values = dict(zip(ours.weights, weights, strict=True))
            with cello.core.variable.Binding(values):
                outputs = ours(x, initial_state=state, mask=mask)
            return spread(outputs), outputs

        which = (0, 1) if state is None else (0, 1, 2)
        their_gradients, want = computed(keras_loss, which, weights, x, state)
        our_gradients, got = computed(cello_loss, which, weights, x, state)
        compare(got, want, 1e-5)
        compare(our_gradients, their_gradients, 1e-4)


def computed(loss, which, *arguments):
    return in_numpy(jax.grad(loss, which, has_aux=True), *arguments)(*arguments)


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
    got = dict([*got.items()][: len(want)])  # Keras has some behind these, by their names alone
    assert list(got.items()) == list(want.items())
    getattr(cello.layers, name)(3, use_cudnn=False) if kind == "layer" else None


@pytest.mark.parametrize("name", LAYERS)
def test_initial_weights_are_distributed_as_in_keras(name):
    x = np.zeros((1, 2, 24), "float32")
    theirs, ours = getattr(keras.layers, name)(32), getattr(cello.layers, name)(32)
    theirs.build(x.shape), ours.build(x.shape)
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
    theirs.build(x.shape), ours.build(x.shape)
    ours.set_weights(theirs.get_weights())
    want, got = outputs_of(theirs, x, mask=mask), outputs_of(ours, x, mask=mask)
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
    start = outputs_of(theirs, x)
    compare(outputs_of(ours, x), start, 1e-5)
    for options in ({"initial_state": list(start[1:])}, {"mask": mask}):
        got, want = outputs_of(ours, x, **options), outputs_of(theirs, x, **options)
        compare(got[1:], want[1:], 1e-5)


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
