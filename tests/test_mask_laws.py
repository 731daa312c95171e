"""What stands under a mask changes nothing: layers, losses and metrics, from one table."""

import functools
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from masked import FEATURES, ROWS, TIME, close, masks, normal

import cello
from cello.core.masking import MaskDropped, set_mask
from cello.core.variable import Binding
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    AttentionCell,
    Bidirectional,
    GlobalAveragePooling1D,
    GRUCell,
    Layer,
    LSTMCell,
    ProjectedLSTM,
    SimpleRNN,
)


class Leaky(Layer):
    """A cell of a user's, whose output is no state."""

    state_size = 3
    output_size = 2

    def build(self, input_shape):
        self.rate = self.add_weight((3,), "random_normal", name="rate")

    def call(self, inputs, states):
        state = jax.nn.sigmoid(self.rate.value) * states[0] + jnp.tanh(inputs)
        return state[:, :2] * 2, [state]


pytestmark = pytest.mark.usefixtures("compiled_lightly")
RECURRENT = {
    "simple": lambda **k: SimpleRNN(3, **k),
    "lstm": lambda **k: LSTM(3, **k),
    "gru": lambda **k: GRU(3, **k),
    "gru, reset before": lambda **k: GRU(3, reset_after=False, **k),
    "projected": lambda **k: ProjectedLSTM(4, 3, **k),
    "both directions": lambda go_backwards, **k: Bidirectional(LSTM(3, **k)),
    "stacked": lambda **k: RNN([LSTMCell(2), GRUCell(3)], **k),
    "own cell": lambda **k: RNN(Leaky(), **k),
    "attention": lambda **k: RNN(AttentionCell(LSTMCell(3)), **k),
}
POOLING = {"mean": lambda **k: GlobalAveragePooling1D()}  # the others take no mask, and say so


@functools.cache
def compiled(kind, **options):
    """The layer's weights, and a compiled function of `(weights, x, mask, memory)`.

    It gives the outputs and states, and the gradients of a loss over what counts of them, for the
    weights and the inputs.
    """
    layer = {**RECURRENT, **POOLING}[kind](**options)
    more = {"constants": [normal(ROWS, 4, 2)]} if kind == "attention" else {}
    layer(normal(ROWS, TIME, FEATURES), **more)
    rng = np.random.default_rng(1)
    weights = [jnp.asarray(w + 0.4 * rng.normal(size=w.shape), "float32") for w in
               layer.get_weights()]  # fmt: skip
    each_step = options.get("return_sequences", False) and kind in RECURRENT

    def loss(weights, x, mask, memory):
        set_mask(x, mask)
        more = {"constants": [memory]} if kind == "attention" else {}
        with Binding(dict(zip(layer.weights, weights, strict=True))):
            results = layer(x, **more)
        outputs, *states = results if isinstance(results, tuple) else (results,)
        if each_step:
            in_order = jnp.flip(mask, 1) if options["go_backwards"] else mask
            outputs = jnp.where(in_order[..., None], outputs, 0)
        counts = jnp.any(mask, axis=1)
        total = 0.0
        for leaf in jax.tree.leaves((outputs, states)):
            of_rows = jnp.sum(jnp.sin(leaf + 1).reshape(len(x), -1), axis=1)
            total += jnp.sum(jnp.where(counts, of_rows, 0))
        return total, (outputs, states)

    return weights, jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))


@settings(max_examples=25)
@given(
    kind=st.sampled_from([*RECURRENT, *POOLING]),
    sequences=st.booleans(),
    zero=st.booleans(),
    backwards=st.booleans(),
    mask=masks(),
    unreal=st.sampled_from([np.nan, np.inf, -np.inf]),
    row=st.integers(0, ROWS - 1),
)
def test_layers(kind, sequences, zero, backwards, mask, unreal, row):
    """Values, states and gradients; and a row of the batch is its real steps alone."""
    backwards = backwards and kind != "both directions"
    weights, run = compiled(
        kind, return_sequences=sequences, return_state=True, zero_output_for_mask=zero,
        go_backwards=backwards,
    )  # fmt: skip
    x, memory = normal(ROWS, TIME, FEATURES, seed=2), normal(ROWS, 4, 2, seed=3)
    spoiled = np.where(mask[..., None], x, np.float32(unreal))
    (_, got), (of_weights, of_x) = run(weights, spoiled, mask, memory)
    (_, want), want_gradients = run(weights, np.where(mask[..., None], x, 0), mask, memory)
    for i in np.flatnonzero(mask.any(1)):
        close(jax.tree.map(lambda a, i=i: a[i], got), jax.tree.map(lambda a, i=i: a[i], want))
    close((of_weights, of_x), want_gradients)
    assert all(np.isfinite(g).all() for g in of_weights)
    assert not np.asarray(of_x)[~mask].any()
    if not mask[row].any():
        return
    one, real = slice(row, row + 1), mask[row]
    count = real.sum()
    (_, alone), (_, alone_x) = run(
        weights, x[one][:, real], np.ones((1, count), bool), memory[one]
    )  # fmt: skip
    outputs, states = jax.tree.map(lambda a: np.asarray(a)[one], got)
    if sequences and kind in RECURRENT:
        outputs = outputs[:, real[::-1] if backwards else real]
    close((outputs, states), alone, 1e-4)
    close(np.asarray(of_x)[one][:, real], alone_x, 1e-4)


STEPS = normal(ROWS, TIME, 2, seed=4)
SHARES = np.exp(STEPS) / np.exp(STEPS).sum(-1, keepdims=True)
CLASSES = np.random.default_rng(5).integers(0, 2, (ROWS, TIME))


@settings(max_examples=8)
@given(mask=masks(), unreal=st.sampled_from([np.nan, np.inf]))
@pytest.mark.parametrize(
    "name, y",
    [
        ("MeanSquaredError", normal(ROWS, TIME, 2, seed=6)),
        ("MeanAbsoluteError", normal(ROWS, TIME, 2, seed=6)),
        ("SparseCategoricalCrossentropy", CLASSES),
        ("CategoricalCrossentropy", np.eye(2, dtype="float32")[CLASSES]),
    ],
)
def test_losses_and_metrics_are_those_of_the_real_steps(name, y, mask, unreal):
    outputs = SHARES if "Crossentropy" in name else STEPS
    spoiled = np.where(mask[..., None], outputs, np.float32(unreal))
    loss = getattr(cello.losses, name)()

    def of(outputs):
        set_mask(outputs, jnp.asarray(mask))
        return loss(y, outputs)

    value, gradient = jax.value_and_grad(of)(jnp.asarray(spoiled))
    assert np.isfinite(value) and not np.asarray(gradient)[~mask].any()
    metric = getattr(cello.metrics, name)()
    masked = jnp.asarray(spoiled)
    set_mask(masked, jnp.asarray(mask))
    metric.update_state(y, masked)
    if not mask.any():
        assert value == 0 and metric.result() == 0
        return
    # The real steps as a batch of their own.
    want, want_gradient = jax.value_and_grad(lambda p: loss(y[mask], p))(jnp.asarray(outputs[mask]))
    close(value, want)
    close(np.asarray(gradient)[mask], want_gradient)
    close(metric.result(), want)


class Projected(cello.Model):
    def __init__(self):
        super().__init__()
        self.first, self.last = cello.layers.Dense(3), cello.layers.GRU(2)

    def call(self, x):
        return self.last(self.first(x))


# Layers that compute on masked steps too, in front of one that does not look at them.
IN_MODELS = {
    "Dense": lambda: [cello.layers.Dense(3)],
    "TimeDistributed": lambda: [cello.layers.TimeDistributed(cello.layers.Dense(3))],
    "LayerNormalization": lambda: [cello.layers.LayerNormalization()],
    "BatchNormalization": lambda: [cello.layers.BatchNormalization()],
    "Activation": lambda: [cello.layers.Activation("tanh"), cello.layers.Dense(2)],
    "Masking": lambda: [cello.layers.Masking(7.0), cello.layers.Dense(2)],
    "two": lambda: [cello.layers.LSTM(3, return_sequences=True), cello.layers.Dense(2)],
}


@settings(max_examples=3)
@given(mask=masks(), unreal=st.sampled_from([np.nan, np.inf]))
@pytest.mark.parametrize("kind", [*IN_MODELS, "a class"])
def test_models(kind, mask, unreal):
    """Given a mask with its input, no layer of a model sees what is under it."""
    cello.utils.set_random_seed(4)
    x = normal(ROWS, TIME, FEATURES)
    if kind == "a class":
        model = Projected()
    else:
        inside = [*IN_MODELS[kind](), cello.layers.GRU(2)]
        model = cello.Sequential([cello.Input((None, FEATURES)), *inside])
    model(x)

    def loss(weights, x):
        set_mask(x, jnp.asarray(mask))
        with Binding(dict(zip(model.trainable_weights, weights, strict=True))):
            return jnp.sum(jnp.sin(model(x, training=True) + 1))

    weights = [w.value for w in model.trainable_weights]
    zeros, spoiled = (jnp.asarray(np.where(mask[..., None], x, v), "float32") for v in (0, unreal))
    want, got = (jax.value_and_grad(loss, (0, 1))(weights, v) for v in (zeros, spoiled))
    close(got, want)
    assert not np.asarray(got[1][1])[~mask].any()
    if kind != "a class":
        close(model(spoiled + 0, mask=jnp.asarray(mask)), model(zeros + 0, mask=jnp.asarray(mask)))


def test_a_step_alone_has_no_mask_to_lose():
    words = cello.Input((None,), dtype="int32")
    embedded = cello.layers.Embedding(5, 2, mask_zero=True)(words)
    h = cello.layers.LSTM(3, return_sequences=True)(embedded)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = cello.Model(words, 2 * h[:, -1])
        padded = model(np.array([[1, 2, 3, 0, 0]]))
    np.testing.assert_allclose(padded, model(np.array([[1, 2, 3]])), rtol=1e-6)
    for some in (lambda: h[..., 0], lambda: h[:, 1:], lambda: h[:, :, -1], lambda: h[1:]):
        with pytest.warns(MaskDropped, match="'getitem"):
            some()
