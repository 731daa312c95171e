"""`mixed_bfloat16`: bfloat16 in the products, float32 in all that lasts."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from in_numpy import in_numpy, outputs_of
from rounding import MIXED, ROUNDING, near, normal

import cello
from cello import Input, Sequential
from cello.core.variable import Binding
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    AttentionCell,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Dense,
    Dropout,
    Embedding,
    GlobalAveragePooling1D,
    GRUCell,
    Layer,
    LayerNormalization,
    LSTMCell,
    Masking,
    ProjectedLSTM,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
    TimeDistributed,
)


@pytest.fixture(autouse=True)
def settings():
    yield
    cello.config.set_dtype_policy(None)


@pytest.fixture(scope="class")  # a change of the engine forgets what is compiled
def loop():
    cello.config.engine("scan")
    yield
    cello.config.engine("auto")


class Memory(Layer):
    """A cell of one's own, as one writes it for Keras."""

    state_size = 3

    def build(self, input_shape):
        self.w = self.add_weight((input_shape[-1], 3), name="w")
        self.u = self.add_weight((3, 3), name="u")

    def get_initial_state(self, batch_size):
        return [jnp.zeros((batch_size, 3), self.compute_dtype)]

    def call(self, inputs, states):
        h = jnp.tanh(inputs @ self.w + states[0] @ self.u)
        return h, [h]


def attention(dtype):
    cell = AttentionCell(LSTMCell(5, dtype=dtype), dtype=dtype)
    layer = RNN(cell, return_sequences=True, return_state=True, dtype=dtype)
    layer.build((3, 7, 4), [(3, 3, 4)])
    return lambda x, **k: layer(x, constants=[x[:, :3] * 0.5], **k), layer


def plain(make):
    def made(dtype):
        options = {"return_sequences": True, "return_state": True, "dtype": dtype}
        layer = make(options, dtype)
        return layer, layer

    return made


def stack(options, dtype):
    return RNN([LSTMCell(4, dtype=dtype), GRUCell(5, dtype=dtype)], **options)


RECURRENT = {
    "lstm": plain(lambda o, d: LSTM(5, **o)),
    "gru": plain(lambda o, d: GRU(5, **o)),
    "gru reset before": plain(lambda o, d: GRU(5, reset_after=False, **o)),
    "simple rnn": plain(lambda o, d: SimpleRNN(5, **o)),
    "projected": plain(lambda o, d: ProjectedLSTM(6, 4, **o)),
    "learned": plain(lambda o, d: LSTM(5, initial_state="learned", **o)),
    "every state": plain(lambda o, d: GRU(5, return_all_states=True, **o)),
    "in segments": plain(lambda o, d: LSTM(5, remat=3, **o)),
    "unrolled backwards": plain(lambda o, d: GRU(5, unroll=True, go_backwards=True, **o)),
    "cell": plain(lambda o, d: RNN(SimpleRNNCell(5, dtype=d), **o)),
    "cells": plain(stack),
    "own cell": plain(lambda o, d: RNN(Memory(dtype=d), **o)),
    "bidirectional": plain(lambda o, d: Bidirectional(LSTM(4, **o), dtype=d)),
    "attention": attention,
}


def both(name, seed=1):
    """The layer in mixed precision and in float32, with the same weights."""
    found = []
    for dtype in (MIXED, "float32"):
        call, layer = RECURRENT[name](dtype)
        if not layer.built:
            layer.build((3, 7, 4))
        rng = np.random.default_rng(seed)
        layer.set_weights([rng.normal(scale=0.4, size=w.shape) for w in layer.get_weights()])
        found.append((call, layer))
    return found


def value_and_gradients(call, layer, x, **options):
    def total(values, x):
        with Binding(dict(zip(layer.weights, values, strict=True))):
            y, *states = call(x, **options)
        score = sum(jnp.sum(jnp.sin(a * 3.0)) for a in (y, *jax.tree.leaves(states)))
        return score, (y, *states)

    given = [v.numpy() for v in layer.weights], x
    (_, results), gradients = in_numpy(jax.value_and_grad(total, (0, 1), has_aux=True), *given)(
        *given
    )
    return results, gradients


def against_float32(name, masked):
    """Seven steps, each of which rounds: the count of roundings grows with them."""
    x, options = normal(3, 7, 4, seed=2), {}
    if masked:
        options["mask"] = np.arange(7)[None] < np.array([[7], [4], [1]])
        x[1, 4:] = np.nan
    (mixed, layer), (exact, exact_layer) = both(name)
    (y, *states), found = value_and_gradients(mixed, layer, x, **options)
    (want, *want_states), expected = value_and_gradients(exact, exact_layer, x, **options)
    assert y.dtype == jnp.bfloat16
    assert {s.dtype for s in jax.tree.leaves(states)} == {jnp.dtype("float32")}
    assert {v.dtype for v in layer.weights} == {jnp.dtype("float32")}
    assert {g.dtype for g in jax.tree.leaves(found)} == {jnp.dtype("float32")}
    near(y, want, 8)
    near(states, want_states, 8)
    near(found, expected, 24)
    assert np.isfinite(found[1]).all()
    return layer, states, want_states


def integrator(dtype):
    """A memory that adds a little at every step: i g = 0.001 or so, f = 1."""
    layer = LSTM(4, return_state=True, dtype=dtype, unit_forget_bias=False)
    layer.build((1, 2, 3))
    kernel, recurrent = normal(3, 16, seed=1, scale=0.3), normal(4, 16, seed=2, scale=0.05)
    bias = np.repeat([-6.0, 12.0, 1.0, 0.0], 4)
    layer.set_weights([kernel, recurrent, bias])
    return layer


every_recurrence = pytest.mark.parametrize("name", RECURRENT)
masked_or_not = pytest.mark.parametrize("masked", [False, True])


@every_recurrence
@masked_or_not
def test_recurrences_against_float32(name, masked):
    layer, states, want = against_float32(name, masked)
    if layer.engine == "native":
        near(states, want, 1e-3)  # not rounded at all, inside


@pytest.mark.usefixtures("loop")
class TestInTheLoop:
    @every_recurrence
    @pytest.mark.parametrize("masked", [pytest.param(False, marks=pytest.mark.deep), True])
    def test_recurrences_against_float32(self, name, masked):
        _, states, want = against_float32(name, masked)
        assert np.abs(np.asarray(states[0]) - np.asarray(want[0])).max() > 1e-5  # rounded

    def test_products_are_of_bfloat16_into_float32(self):
        layer = LSTM(4, dtype=MIXED)
        text = jax.jit(lambda x: layer(x)).lower(normal(2, 5, 3)).as_text()
        assert "cello_forward" not in text
        products = [line for line in text.splitlines() if "dot_general" in line]
        assert products
        for line in products:
            factors, result = line.split(" : ")[-1].split(" -> ")
            assert "xbf16>" in factors and "f32" not in factors and "xf32>" in result

    def test_the_state_does_not_drift_over_5000_steps(self):
        """States of bfloat16 stop growing where what is added is less than half a last bit."""
        x = normal(2, 5000, 3, seed=5)
        exact = np.asarray(integrator("float32")(x)[2])
        mixed = np.asarray(integrator(MIXED)(x)[2])
        drifting = np.asarray(integrator("bfloat16")(x)[2], "float32")
        assert np.abs(exact).min() > 2
        assert np.abs(mixed / exact - 1).max() < 4 * ROUNDING
        assert np.abs(drifting / exact - 1).min() > 0.2  # so the line above can fail

    def test_gradients_are_added_up_over_time_in_float32(self):
        x = normal(1, 3000, 3, seed=5)

        def gradient(dtype):
            layer = integrator(dtype)

            def total(kernel):
                with Binding({layer.cell.recurrent_kernel: kernel}):
                    return jnp.sum(layer(x)[2].astype("float32"))

            return np.asarray(jax.grad(total)(layer.cell.recurrent_kernel.value), "float32")

        exact, mixed, drifting = map(gradient, ("float32", MIXED, "bfloat16"))
        scale = np.abs(exact).max()
        assert np.abs(mixed - exact).max() < 4 * ROUNDING * scale
        assert np.abs(drifting - exact).max() > 0.2 * scale


@pytest.mark.parametrize("name", [n for n in RECURRENT if n not in ("bidirectional", "attention")])
def test_the_states_go_in_as_they_came_out(name):
    """Two halves give what the whole gives, to the last bit of float32."""
    (call, layer), _ = both(name)
    if layer.go_backwards or layer.return_all_states:
        pytest.skip("the halves are other ones")
    x = normal(3, 7, 4, seed=2)
    whole, *last = outputs_of(call, x)
    first, *states = outputs_of(call, x[:, :3])
    second, *end = outputs_of(call, x[:, 3:], initial_state=states)
    np.testing.assert_allclose(
        np.concatenate([first, second], 1).astype("float32"), np.asarray(whole, "float32"),
        rtol=2**-7, atol=1e-6,
    )  # fmt: skip
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), end, last)


def test_the_engine_says_the_truth():
    layer = LSTM(4, dtype=MIXED)
    assert layer.engine == "native" and layer.engine.reason is None
    assert Bidirectional(layer).engine == "native"
    assert LSTM(4, dtype="bfloat16").engine == "scan"
    assert "bfloat16" in LSTM(4, dtype="bfloat16").engine.reason
    assert "cello_forward" in jax.jit(lambda x: layer(x)).lower(normal(2, 5, 3)).as_text()


def test_second_derivatives_of_a_native_layer():
    (call, _), (exact, _) = both("lstm")
    x = normal(2, 4, 4, seed=3)

    def second(call):
        def first(x):
            return jax.grad(lambda x: jnp.sum(call(x)[0].astype("float32") ** 2))(x)

        return jax.grad(lambda x: jnp.sum(first(x) ** 2))(x)

    near(in_numpy(lambda: second(call))(), in_numpy(lambda: second(exact))(), 24)


# ------------------------------------------------------------------------ what lasts long


def test_statistics_of_normalisation_are_float32():
    """Of numbers around 100 that differ by less than bfloat16 tells apart nothing is left over."""
    x = 100 + normal(64, 8, seed=3)
    layers = [BatchNormalization(dtype=MIXED, momentum=0.9), LayerNormalization(dtype=MIXED)]
    for layer in layers:
        layer(x, training=True)
        assert {v.dtype for v in layer.weights} == {jnp.dtype("float32")}
    moving = layers[0].moving_mean
    as_given = np.asarray(jnp.asarray(x, jnp.bfloat16), "float32")
    np.testing.assert_allclose(moving.numpy(), 0.1 * as_given.mean(0), rtol=1e-6)


def test_embedding_gradients_of_a_frequent_symbol():
    """A thousand times 1/512 in bfloat16 would stop at 1/2."""
    layer = Embedding(3, 2, dtype=MIXED)
    symbols = np.ones((4, 256), "int32")
    layer(symbols)

    def total(table):
        with Binding({layer.embeddings: table}):
            return jnp.sum(layer(symbols).astype("float32")) / 512

    gradient = jax.grad(total)(layer.embeddings.value)
    np.testing.assert_allclose(gradient[1], 2.0, rtol=1e-6)


def test_softmax_losses_and_metrics_are_float32():
    logits = jnp.asarray(normal(4, 300, seed=2), jnp.bfloat16)
    chances = cello.activations.softmax(logits)
    assert chances.dtype == jnp.bfloat16
    exact = jax.nn.softmax(logits.astype("float32"))
    np.testing.assert_allclose(chances.astype("float32"), exact, rtol=ROUNDING)
    labels = np.arange(4)
    loss = cello.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert loss(labels, logits).dtype == jnp.float32
    np.testing.assert_allclose(
        loss(labels, logits), loss(labels, logits.astype("float32")), rtol=1e-6
    )
    mean = cello.metrics.MeanSquaredError()
    y = jnp.asarray(normal(5000, 1, seed=3), jnp.bfloat16)
    mean.update_state(jnp.zeros((5000, 1)), y)
    np.testing.assert_allclose(mean.result(), np.mean(np.asarray(y, "float64") ** 2), rtol=1e-5)


# -------------------------------------------------------------------------- whole models


def layers():
    return [
        Conv1D(8, 3, padding="causal"), Masking(), Bidirectional(GRU(6, return_sequences=True)),
        LayerNormalization(), Dropout(0.1), TimeDistributed(Dense(6, "relu")),
        RNN(StackedRNNCells([LSTMCell(8), GRUCell(8)])), Dense(1, dtype="float32"),
    ]  # fmt: skip


def test_a_training_ends_about_where_float32_does():
    x = normal(96, 8, 3)
    y = np.tanh(x[:, :, 0].sum(1, keepdims=True)) * x[:, -1:, 1]

    def losses(policy):
        cello.utils.set_random_seed(2)
        cello.config.set_dtype_policy(policy)
        model = Sequential(
            [Input((None, 3)), GRU(16, return_sequences=True), LSTM(16), Dense(1, dtype="float32")]
        )
        model.compile(cello.optimizers.Adam(0.01), "mse", metrics=["mae"])
        history = model.fit(x, y, batch_size=16, epochs=25, verbose=0).history
        assert {v.dtype for v in model.weights} == {jnp.dtype("float32")}
        leaves = jax.tree.leaves(model.optimizer.state)
        assert {a.dtype for a in leaves if a.ndim} == {jnp.dtype("float32")}
        return history["loss"]

    mixed, exact = losses(MIXED), losses("float32")
    np.testing.assert_allclose(mixed[:3], exact[:3], rtol=0.02)
    assert exact[-1] < 0.2 * exact[0]
    assert mixed[-1] < 1.2 * exact[-1] + 0.01


def test_the_global_policy():
    with pytest.raises(ValueError, match=r"A dtype policy must be .*mixed_bfloat16.*'float31'"):
        cello.config.set_dtype_policy("float31")
    cello.config.set_dtype_policy(MIXED)
    assert cello.config.dtype_policy() == cello.DTypePolicy(MIXED)
    assert cello.mixed_precision.global_policy().name == MIXED
    layer = Dense(2)
    assert (layer.dtype, layer.compute_dtype, layer.variable_dtype) == (
        "float32",
        "bfloat16",
        "float32",
    )
    assert Dense(2, dtype="float32").compute_dtype == "float32"
    assert Dense(2, dtype=keras.DTypePolicy("mixed_bfloat16")).compute_dtype == "bfloat16"
    assert LSTM(2).cell.compute_dtype == "bfloat16"
    assert Input((3,)).dtype == "float32"
    model = Sequential(layers())
    assert model(normal(2, 5, 3)).dtype == jnp.float32
    assert {v.dtype for v in model.weights} == {jnp.dtype("float32")}
    cello.mixed_precision.set_global_policy("float32")
    assert Dense(2)(normal(1, 2)).dtype == jnp.float32
    assert repr(cello.DTypePolicy("float32")) == '<DTypePolicy "float32">'


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Dense(2, dtype="mixed_float16"), "mixed_float16.*small range.*mixed_bfloat16"),
        (lambda: Dense(2, dtype="int32"), "dtype must be a floating dtype"),
        (lambda: cello.DTypePolicy("mixed_float16"), "small range"),
        (lambda: cello.config.set_floatx(MIXED), "set_dtype_policy"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_policy_may_come_as_an_object():
    layer = Dense(3, dtype=cello.DTypePolicy(MIXED))
    assert layer.get_config()["dtype"] == MIXED
    assert type(layer).from_config(layer.get_config()).dtype_policy == layer.dtype_policy


def test_streams_and_pieces():
    cello.config.set_dtype_policy(MIXED)
    model = Sequential(
        [Input((None, 3)), Conv1D(4, 3, padding="causal"), LSTM(5, return_sequences=True), Dense(2)]
    )
    x = normal(2, 12, 3)
    whole = np.asarray(model(x), "float32")
    session = model.stream(batch_size=2)
    pieces = [np.asarray(session(x[:, a:b]), "float32") for a, b in ((0, 5), (5, 6), (6, 12))]
    np.testing.assert_allclose(np.concatenate(pieces, 1), whole, rtol=2 * ROUNDING, atol=ROUNDING)
    mean = Sequential([Input((None, 3)), GlobalAveragePooling1D()])
    session, ones = mean.stream(), np.ones((1, 600, 3), "float32")
    for start in range(0, 600, 100):
        last = session(ones[:, start : start + 100])
    np.testing.assert_array_equal(np.asarray(last, "float32"), 1)
    model.compile("adam", "mse")
    history = model.fit(x, normal(2, 12, 2), tbptt=4, epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_stateful_layers_keep_float32():
    layer = LSTM(4, stateful=True, dtype=MIXED)
    x = normal(2, 6, 3)
    layer(x[:, :4]), layer(x[:, 4:])
    whole = LSTM(4, return_state=True, dtype=MIXED)
    whole(x)
    whole.set_weights(layer.get_weights())
    _, h, c = whole(x)
    assert {s.dtype for s in layer.states} == {jnp.dtype("float32")}
    np.testing.assert_allclose(layer.states[0].numpy(), h, rtol=1e-5)
    np.testing.assert_allclose(layer.states[1].numpy(), c, rtol=1e-5)


def test_a_model_class_and_functions_of_a_graph():
    cello.config.set_dtype_policy(MIXED)
    x = Input((None, 3))
    y = LSTM(4, return_sequences=True)(x)
    model = cello.Model(x, Dense(1)(y * 2.0 + cello.ops.exp(-x[:, :, :1])))
    assert model(normal(2, 5, 3)).dtype == jnp.bfloat16

    class Own(cello.Model):
        def __init__(self):
            super().__init__()
            self.lstm, self.scale = LSTM(4), self.add_weight((4,), "ones", name="scale")

        def call(self, x):
            return self.lstm(x) * self.scale

    assert Own()(normal(2, 5, 3)).dtype == jnp.float32  # what a model computes itself


def test_a_state_that_is_not_trained_keeps_its_precision():
    class Counter(Layer):
        def build(self, input_shape):
            self.total = self.add_weight((), "zeros", trainable=False, name="total")

        def call(self, inputs):
            self.total.assign(self.total.value + 1.0)
            return inputs * 1.0

    layer = Counter(dtype=MIXED)
    for _ in range(300):
        layer(np.ones((1, 2), "float32"))
    assert float(layer.total.value) == 300  # bfloat16 would stop at 256
