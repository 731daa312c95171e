"""`model.find_nan`: something that is not finite is put in at a known place and has to be found."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import cello
from cello import Input, Model, Sequential
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Lambda,
    Layer,
    LSTMCell,
    ProjectedLSTM,
    SimpleRNN,
    TimeDistributed,
)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


COMPILATIONS = 640
X, Y = normal(4, 6, 3), normal(4, 1, seed=1)


def compiled(*layers, loss="mse"):
    model = Sequential([Input((None, 3)), *layers])
    model.compile("sgd", loss)
    return model


@pytest.fixture(scope="module")
def deep_once():
    return compiled(
        Dense(4), Bidirectional(GRU(3, return_sequences=True)), Dropout(0.2),
        TimeDistributed(Dense(4)), LSTM(3), Dense(1),
    )  # fmt: skip


@pytest.fixture
def deep(deep_once):
    """A model of many layers, with the weights that it had."""
    weights = deep_once.get_weights()
    yield deep_once
    deep_once.set_weights(weights)


def weights_and_states(model):
    return [v.numpy() for v in model.variables]


def test_nothing_is_found_where_all_is_finite_and_nothing_changes(deep):
    before, predicted = weights_and_states(deep), deep.predict(X, verbose=0)
    assert deep.find_nan(X) is None
    assert deep.find_nan(X, Y) is None
    jax.tree.map(np.testing.assert_array_equal, weights_and_states(deep), before)
    assert deep.optimizer.state is None
    np.testing.assert_array_equal(deep.predict(X, verbose=0), predicted)


# ------------------------------------------------------------------------------- the data


@pytest.mark.parametrize(("value", "y"), [(np.nan, None), (np.inf, Y)])
def test_in_the_data(value, y, deep):
    x = X.copy()
    x[2, 4, 1] = value
    found = deep.find_nan(x, y)
    assert (found.where, found.row, found.step) == ("data", 2, 4)
    assert found.value == ("nan" if np.isnan(value) else "inf")
    assert found.layer is deep.layers[0]
    assert str(found).startswith(f"The inputs have {found.value} in row 2 at step 4, which Dense")


def test_in_the_targets(deep):
    y = Y.copy()
    y[3] = np.nan
    found = deep.find_nan(X, y)
    assert (found.where, found.row, found.step, found.layer) == ("data", 3, None, None)
    assert str(found).startswith("The targets have nan in row 3.")


def test_masked_steps_do_not_count():
    """What a layer makes of steps that the mask hides."""

    class Ends(Layer):
        supports_masking = True

        def call(self, inputs):
            return inputs

        def compute_mask(self, inputs, previous_mask):
            return inputs[..., 2] < 500

    x = X.copy()
    x[1, 3:] = 1e3
    big = compiled(Ends(), Lambda(lambda x: jnp.exp(x), mask=lambda x, m: m), GRU(3), Dense(1))
    assert big.find_nan(x, Y) is None  # exp(1000) is inf, at masked steps
    x[0, 5, :2] = 1e3
    found = big.find_nan(x, Y)
    assert (found.where, found.row, found.step) == ("forward", 0, 5)
    assert found.layer is big.layers[1] and found.value == "inf"


def test_lists_of_sequences():
    x = [normal(n, 3, seed=n) for n in (3, 7, 5, 7)]
    model = compiled(LSTM(4, return_sequences=True), LSTM(3), Dense(1))
    assert model.find_nan(x, Y) is None
    x[2][4, 0] = np.nan
    found = model.find_nan(x, Y)
    assert (found.where, found.row, found.step) == ("data", 2, 4)


# --------------------------------------------------------------------------- the way forward


@pytest.mark.parametrize(
    ("index", "name"), [(0, "kernel"), (1, "recurrent_kernel"), (3, "bias"), (4, "kernel")]
)
def test_in_the_weights(index, name, deep):
    layer = deep.layers[index]
    weight = [w for w in layer.weights if w.name == name][-1]
    value = weight.numpy().copy()
    value.flat[1] = np.nan
    weight.assign(value)
    found = deep.find_nan(X, Y)
    assert (found.where, found.name) == ("weights", name)
    inner = {1: lambda: layer.backward_layer, 3: lambda: layer.layer}
    assert found.layer is inner.get(index, lambda: layer)()
    assert f"has nan in its weight '{name}'" in str(found) and "clipnorm" in str(found)


def test_a_weight_that_no_output_depends_on():
    model = Sequential([Input((None,), dtype="int32"), Embedding(9, 3), GRU(2), Dense(1)])
    table = model.layers[0].embeddings
    table.assign(table.value.at[8, 0].set(np.inf))
    found = model.find_nan(np.array([[1, 2, 3]]))
    assert (found.where, found.layer, found.value) == ("weights", model.layers[0], "inf")


class Bursts(Layer):
    """A cell whose state doubles, and is squared beyond a limit."""

    state_size = 2

    def call(self, inputs, states):
        h = states[0] * 2.0 + jnp.sum(inputs, -1, keepdims=True)
        h = jnp.where(h > 60.0, jnp.exp(h * h), h)
        return jnp.tanh(h), [h]


def expected_step(x):
    """The first step at which the state above is not finite, by plain Python; and the row."""
    first = []
    for row, sequence in enumerate(x):
        h = 0.0
        for step, inputs in enumerate(sequence):
            h = h * 2 + float(inputs.sum())
            if h > 60:
                first.append((step, row))
                break
    return min(first)


def steps_of(backwards=False):
    x = np.abs(normal(3, 12, 3, seed=3))
    x[0] *= 0.3
    step, row = expected_step(x[:, ::-1] if backwards else x)
    return x, (11 - step if backwards else step), row


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
def test_the_step_in_a_cell_of_ones_own(backwards, sequences):
    """The output, tanh, stays finite: the state is what tells."""
    x, step, row = steps_of(backwards)
    layer = RNN(Bursts(), go_backwards=backwards, return_sequences=sequences)
    model = compiled(layer, Dense(1))
    found = model.find_nan(x)
    assert (found.where, found.layer, found.value) == ("forward", layer, "inf")
    assert (found.step, found.row) == (step, row)
    assert str(found).startswith(f"RNN 'rnn' makes inf, first in row {row} at step {step}.")


def test_the_direction_of_a_bidirectional_and_nested_models():
    x, step, row = steps_of(backwards=True)
    both = Bidirectional(
        RNN(LSTMCell(2), return_sequences=True),
        backward_layer=RNN(Bursts(), return_sequences=True, go_backwards=True),
    )
    inner = Sequential([Input((None, 3)), Dropout(0.1), both])
    inputs = Input((None, 3))
    model = Model(inputs, Dense(1)(LSTM(2)(inner(inputs))))
    found = model.find_nan(x)
    assert found.layer is both.backward_layer
    assert (found.where, found.step, found.row) == ("forward", step, row)


def test_between_the_layers_of_a_model_class():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = GRU(3, return_sequences=True), GRU(2)

        def call(self, x):
            return self.b(1.0 / jnp.where(jnp.arange(x.shape[1])[:, None] == 3, 0.0, self.a(x)))

    model = Own()
    found = model.find_nan(X)
    assert (found.where, found.layer, found.step) == ("forward", model, 3)


@pytest.mark.parametrize("make", [LSTM, SimpleRNN, lambda n, **k: ProjectedLSTM(2 * n, n, **k)])
def test_steps_of_each_recurrence(make):
    """A linear network grows by a factor a step, until it overflows."""
    layer = make(3, activation="linear", return_sequences=True)
    model = compiled(layer, Dense(1))
    rng = np.random.default_rng(0)
    layer.set_weights([30.0 * np.abs(rng.normal(size=w.shape)) for w in layer.get_weights()])
    x = np.abs(normal(2, 80, 3)) * np.array([1e-3, 1.0])[:, None, None]
    cello.config.engine("scan")
    try:
        every = np.asarray(layer(x))
    finally:
        cello.config.engine("auto")
    found = model.find_nan(x)
    assert found.where == "forward" and found.layer is layer
    finite = np.isfinite(every).all(2)
    assert not finite.all()
    first = int(np.argmin(finite.all(0)))
    assert found.step in (first, first - 1)  # c of an LSTM may be the first
    assert not finite[found.row, first]


# ----------------------------------------------------------------------- loss and gradient


def test_in_the_loss():
    def log_ratio(y_true, y_pred):
        return jnp.abs(jnp.log(y_true))

    model = compiled(GRU(3), Dense(1), loss=log_ratio)
    y = np.abs(Y) + 0.1
    assert model.find_nan(X, y) is None
    y[2] = 0.0
    found = model.find_nan(X, y)
    assert (found.where, found.row, found.value, found.layer) == ("loss", 2, "inf", None)
    assert str(found).startswith("The loss is inf in row 2.")


def test_in_the_gradient_of_a_layer():
    """The derivative of a root at zero."""
    fifth = lambda x: jnp.cumsum(jnp.ones_like(x), axis=1) == 5  # noqa: E731
    root = Lambda(lambda x: jnp.sqrt(jnp.where(fifth(x), 0.0 * x, x * x + 1)))
    model = compiled(Dense(4), GRU(4, return_sequences=True), root, LSTM(3), Dense(1))
    assert model.find_nan(X) is None
    found = model.find_nan(X, Y)
    assert (found.where, found.layer, found.step, found.row) == ("gradient", root, 4, 0)
    assert "becomes nan in Lambda" in str(found)


def test_in_the_gradient_of_the_loss():
    model = compiled(GRU(3), Dense(1), loss=lambda y, p: jnp.sqrt((y - p) * 0.0))
    found = model.find_nan(X, Y)
    assert (found.where, found.layer) == ("gradient", None)
    assert "in the loss" in str(found)


def test_in_the_gradient_within_a_recurrence():
    """Forward all is finite; backwards a factor a step overflows."""

    class Grows(Layer):
        state_size = 1

        def build(self, input_shape):
            self.w = self.add_weight((), "ones", name="w")

        def call(self, inputs, states):
            h = 0.0 * states[0] + 1e-30 * jnp.tanh(self.w * inputs[:, :1])
            h = h + jax.lax.stop_gradient(-1e6 * states[0]) + 1e6 * states[0]
            return h, [h]

    layer = RNN(Grows())
    model = compiled(Dense(3), layer, Dense(1))
    x = normal(2, 30, 3)
    assert model.find_nan(x) is None
    found = model.find_nan(x, normal(2, 1))
    assert (found.where, found.layer) == ("gradient", layer)


def test_in_the_gradient_of_a_weight_alone():
    """Symbols have no gradient that could be looked at."""
    model = Sequential([Input((None,), dtype="int32"), Embedding(5, 3), GRU(2), Dense(1)])
    model.compile("sgd", "mse")
    table = model.layers[0].embeddings
    table.regularizer = lambda w: jnp.sum(jnp.sqrt(jnp.abs(w) * 0.0))
    found = model.find_nan(np.array([[1, 2, 3]]), normal(1, 1))
    assert (found.where, found.layer) == ("gradient", model.layers[0])


# -------------------------------------------------------------------------- who points to it


def test_fit_and_terminate_on_nan_point_to_it(capsys):
    x = X.copy()
    x[1, 2, 0] = np.nan
    model = compiled(GRU(3), Dense(1))
    assert model.find_nan(x, Y).where == "data"
    with pytest.warns(UserWarning, match=r"model\.find_nan\(x, y\) names the layer"):
        model.fit(x, Y, verbose=0)
    model.fit(x, Y, verbose=0, callbacks=[cello.callbacks.TerminateOnNaN()])
    assert "model.find_nan(x, y)" in capsys.readouterr().out
    assert model.find_nan(x, Y).where == "data"
    assert model.find_nan(X, Y).where == "weights"  # of the step that was done


def test_y_needs_compile():
    model = Sequential([Input((None, 3)), LSTM(2)])
    with pytest.raises(RuntimeError, match="find_nan: call compile"):
        model.find_nan(X, Y)
    assert model.find_nan(X) is None
