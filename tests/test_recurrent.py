"""Recurrent layers: cells in a row, dropout, and the uses that Keras' documentation shows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract import FEATURES, ROWS, TIME, check, close, normal

import cello
from cello import Input, Model, Sequential
from cello.core.masking import get_mask
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    Dense,
    Embedding,
    GRUCell,
    LSTMCell,
    Masking,
    ProjectedLSTMCell,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
)  # fmt: skip

COMPILATIONS = 380

CELLS = {
    "simple": lambda **k: SimpleRNNCell(4, **k),
    "lstm": lambda **k: LSTMCell(4, recurrent_activation="hard_sigmoid", **k),
    "gru": lambda **k: GRUCell(4, **k),
    "gru before": lambda **k: GRUCell(4, reset_after=False, use_bias=False, **k),
    "projected": lambda **k: ProjectedLSTMCell(4, 3, **k),
    "stacked": lambda **k: StackedRNNCells([LSTMCell(3, **k), GRUCell(4, **k)]),
}


def random_weights(layer, seed=0):
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(size=w.shape) * 0.5 for w in layer.weights])


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_a_sequence_is_the_repeated_step(cell, go_backwards):
    """Cells with options of theirs, and in a row; written out as well."""
    how = {"go_backwards": go_backwards, "return_sequences": not go_backwards}
    cell = CELLS[cell](dropout=0.4, recurrent_dropout=0.3, seed=3)
    one = RNN(cell, return_state=True, return_all_states=True, unroll=go_backwards, **how)
    one.build((ROWS, TIME, FEATURES))
    random_weights(one)
    check(one, draws=(0, 1))
    check(one, masked=False, training=False)


@pytest.mark.parametrize("layer", [SimpleRNN, LSTM, GRU])
def test_dropout_keeps_one_draw_for_the_whole_sequence(layer):
    """Inputs of ones through an identity: what is dropped at the first step is always dropped."""
    one = layer(50, dropout=0.5, use_bias=False, return_sequences=True, seed=1)
    x = np.ones((2, 6, 50), "float32")
    still = one(x)
    np.testing.assert_array_equal(one(x), still)  # only in training
    blocks = len(one.cell.recurrence.gates)
    kernel = np.concatenate([np.eye(50, dtype="float32")] * blocks, 1)
    one.set_weights([kernel, np.zeros((50, 50 * blocks), "float32")])
    active = np.asarray(one(x, training=True))
    rest = np.asarray(one(np.zeros_like(x)))[0, 0, 0]
    dropped = np.isclose(active, rest, atol=1e-6)
    assert (dropped == dropped[:, :1]).all()
    assert 0.25 < dropped[:, 0].mean() < 0.75
    assert (dropped[0] != dropped[1]).any()
    again = np.asarray(one(x, training=True))
    assert (np.isclose(again, rest, atol=1e-6) != dropped).any()


def test_states_are_those_of_the_equations():
    """Each gate by hand, one step: weights no two of which are alike."""
    lstm = LSTM(2, return_state=True)
    x = normal(1, 1, 3)
    lstm(x)
    random_weights(lstm)
    k, r, b = lstm.get_weights()
    h0, c0 = normal(1, 2, seed=4), normal(1, 2, seed=5)
    i, f, c, o = np.split(x[:, 0] @ k + h0 @ r + b, 4, axis=1)
    sigmoid = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    new_c = sigmoid(f) * c0 + sigmoid(i) * np.tanh(c)
    _, h, got_c = lstm(x, initial_state=[h0, c0])
    close(got_c, new_c)
    close(h, sigmoid(o) * np.tanh(new_c))


def test_unit_forget_bias():
    lstm = LSTM(3)
    lstm(normal(1, 2, 2))
    np.testing.assert_array_equal(lstm.get_weights()[2], [0] * 3 + [1] * 3 + [0] * 6)
    plain = LSTM(3, unit_forget_bias=False)
    plain(normal(1, 2, 2))
    assert not plain.get_weights()[2].any()


def test_regularizers_and_constraints_reach_the_right_weights():
    options = {
        "kernel_regularizer": cello.regularizers.L2(0.1),
        "recurrent_regularizer": cello.regularizers.L1(0.2),
        "bias_constraint": "non_neg",
    }
    model = Sequential([Input((4, 2)), LSTM(3, bias_initializer="ones", **options), Dense(1)])
    k, r, _ = model.layers[0].get_weights()
    want = 0.1 * np.sum(k**2) + 0.2 * np.sum(np.abs(r))
    np.testing.assert_allclose(sum(model.losses), want, rtol=1e-6)
    model.compile(cello.optimizers.SGD(5.0), "mse")
    model.fit(normal(32, 4, 2), -10 + normal(32, 1), epochs=2, verbose=0)
    assert (model.layers[0].get_weights()[2] >= 0).all()


# ----------------------------------------------------------- uses that Keras documents


def test_masks_reach_the_layers_above():
    tokens = np.array([[7, 2, 0, 0], [3, 0, 5, 1]])
    embedded = Embedding(9, 3, mask_zero=True)(tokens)
    np.testing.assert_array_equal(get_mask(embedded), tokens != 0)
    middle = LSTM(4, return_sequences=True)(embedded)
    np.testing.assert_array_equal(get_mask(middle), tokens != 0)
    assert get_mask(GRU(4)(middle)) is None
    model = Sequential([Input((None,)), Embedding(9, 3, mask_zero=True), LSTM(4), Dense(1)])
    model.compile("adam", "mse")
    model.fit(tokens, np.ones((2, 1)), verbose=0)
    longer = np.pad(tokens, ((0, 0), (0, 3)))
    close(model.predict(longer, verbose=0), model.predict(tokens, verbose=0))
    padded = np.pad(normal(2, 3, 2), ((0, 0), (0, 2), (0, 0)))
    both = Bidirectional(GRU(3, return_sequences=True))
    got = both(Masking()(padded))
    close(got[:, :3], both(padded[:, :3]))
    assert not np.asarray(got[:, 3:]).any()


def test_the_mask_of_a_way_back_is_turned_round():
    x, mask = normal(2, 4, 3), np.array([[1, 1, 1, 0], [1, 0, 0, 0]], bool)
    x[~mask] = 0
    back = GRU(3, return_sequences=True, go_backwards=True)
    np.testing.assert_array_equal(get_mask(back(Masking()(x))), mask[:, ::-1])


def test_a_text_classifier_of_bidirectional_layers():
    model = Sequential(
        [
            Input((None,), dtype="int32"),
            Embedding(20, 8),
            Bidirectional(LSTM(6, return_sequences=True)),
            Bidirectional(LSTM(5)),
            Dense(1, activation="sigmoid"),
        ]
    )
    assert model.layers[1].name == "bidirectional"
    assert model.output_shape == (None, 1) and model.layers[2].output.shape == (None, 10)
    model.compile(cello.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    tokens = np.random.default_rng(0).integers(0, 20, (128, 7))
    labels = (tokens[:, 0] > 9).astype("float32")[:, None]
    history = model.fit(tokens, labels, epochs=40, verbose=0).history
    assert history["accuracy"][-1] > 0.9


@pytest.mark.parametrize("merge_mode", ["concat", "sum", "mul", "ave", None])
@pytest.mark.parametrize("sequences", [False, True])
def test_bidirectional_as_in_keras(merge_mode, sequences):
    import keras

    def make(k):
        return k.layers.Bidirectional(
            k.layers.LSTM(3, return_sequences=sequences, return_state=True),
            merge_mode=merge_mode,
            backward_layer=k.layers.LSTM(
                3, return_sequences=sequences, return_state=True, go_backwards=True,
                activation="relu",
            ),
        )  # fmt: skip

    theirs, ours = make(keras), make(cello)
    x, mask = normal(2, 5, 4), np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1]], bool)
    states = [normal(2, 3, seed=i) for i in range(4)]
    theirs(x), ours(x)
    random_weights(ours)
    theirs.set_weights(ours.get_weights())
    for options in ({}, {"mask": mask}, {"initial_state": states}):
        close(list(ours(x, **options)), list(theirs(x, **options)))
    again = Bidirectional.from_config(ours.get_config())
    again(x)
    again.set_weights(ours.get_weights())
    close(list(again(x)), list(ours(x)))
    assert again.backward_layer.cell.activation is cello.activations.relu


def test_bidirectional_in_a_graph_with_states():
    x = Input((None, 4))
    outputs, fh, fc, bh, bc = Bidirectional(LSTM(3, return_state=True))(x)
    assert outputs.shape == (None, 6) and bc.shape == (None, 3)
    decoded = Bidirectional(LSTM(3))(x, initial_state=[fh, fc, bh, bc])
    assert Model(x, decoded)(normal(2, 5, 4)).shape == (2, 6)


def test_bidirectional_refuses_layers_that_do_not_go_together():
    with pytest.raises(ValueError, match="go_backwards"):
        Bidirectional(LSTM(3), backward_layer=LSTM(3))
    with pytest.raises(ValueError, match="same return_sequences"):
        Bidirectional(LSTM(3), backward_layer=LSTM(3, go_backwards=True, return_sequences=True))
    both = Bidirectional(LSTM(3, stateful=True))
    x = normal(2, 5, 4)
    first = both(x)
    assert np.abs(np.asarray(both(x)) - first).max() > 1e-4
    both.reset_state()
    close(both(x), first, 1e-7)


def test_a_long_sequence_in_parts_with_a_stateful_layer():
    x = normal(4, 30, 2)
    layer, whole = LSTM(3, stateful=True), LSTM(3)
    whole(x)
    layer(x[:, :10])
    layer.set_weights(whole.get_weights())
    layer.reset_state()
    for part in np.split(x, 3, axis=1):
        last = layer(part)
    close(last, whole(x))
    layer.reset_state()
    close(layer(x[:, :10]), whole(x[:, :10]))


def test_a_list_of_cells_is_a_stack():
    x = normal(2, 5, 3)
    stack = RNN([LSTMCell(4), GRUCell(3)], return_state=True, return_sequences=True)
    outputs, (h, c), last = stack(x)
    first, second = LSTM(4, return_sequences=True), GRU(3, return_sequences=True)
    close(second(first(x)).shape, outputs.shape)
    first.set_weights(stack.get_weights()[:3])
    second.set_weights(stack.get_weights()[3:])
    close(outputs, second(first(x)))
    close(h, first(x)[:, -1])
    close(jax.tree.leaves(last)[0], outputs[:, -1])
    assert c.shape == (2, 4)


class MinimalCell(cello.Layer):
    """The recurrent layer of Keras' documentation: a cell of one's own, with one state."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], self.units), "uniform", name="kernel")
        self.recurrent = self.add_weight((self.units, self.units), "uniform", name="recurrent")

    def call(self, inputs, states):
        output = inputs @ self.kernel + states[0] @ self.recurrent
        return output, [output]


def test_a_cell_of_ones_own():
    x = normal(2, 5, 3)
    layer = RNN(MinimalCell(4))
    got = layer(x)
    kernel, recurrent = layer.get_weights()
    h = np.zeros((2, 4), "float32")
    for t in range(5):
        h = x[:, t] @ kernel + h @ recurrent
    close(got, h)
    both = RNN([MinimalCell(4), MinimalCell(2)])
    inputs = Input((None, 3))
    assert Model(inputs, both(inputs))(x).shape == (2, 2)
    model = Sequential([Input((None, 3)), layer, Dense(1)])
    again = Sequential.from_config(model.get_config(), custom_objects={"MinimalCell": MinimalCell})
    again.set_weights(model.get_weights())
    close(again(x), model(x))


class NestedCell(cello.Layer):
    """Nested inputs and states of several ranks, as in Keras' documentation."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.state_size = [(3,), (2, 2)]
        self.output_size = [(3,), (2, 2)]

    def build(self, input_shape):
        self.a = self.add_weight((2, 3), name="a")
        self.b = self.add_weight((2, 2), name="b")

    def call(self, inputs, states):
        vector, matrix = inputs["vector"], inputs["matrix"]
        new = [states[0] + vector @ self.a, states[1] + matrix @ self.b]
        return {"v": new[0], "m": new[1]}, new


def test_nested_inputs_outputs_and_states():
    data = {"vector": normal(2, 5, 2), "matrix": normal(2, 5, 2, 2)}
    layer = RNN(NestedCell(), return_state=True)
    outputs, v, m = layer(data)
    a, b = layer.get_weights()
    close(outputs["v"], (data["vector"] @ a).sum(1))
    close(outputs["m"], (data["matrix"] @ b).sum(1))
    close([v, m], [outputs["v"], outputs["m"]])
    inputs = {"vector": Input((None, 2)), "matrix": Input((None, 2, 2))}
    model = Model(inputs, RNN(NestedCell())(inputs))
    assert {k: t.shape for k, t in model.output.items()} == {"m": (None, 2, 2), "v": (None, 3)}
    model.compile("sgd", {"v": "mse", "m": "mae"})
    model.fit(data, {"v": normal(2, 3), "m": normal(2, 2, 2)}, verbose=0)


class Counting(cello.Layer):
    """A state that is no array of floats by features, and starts where it says."""

    state_size = {"count": 1}

    def get_initial_state(self, batch_size=None):
        return {"count": jnp.full((batch_size, 1), 10.0)}

    def call(self, inputs, states):
        new = {"count": states["count"] + 1}
        return new["count"], new


def test_a_cell_may_say_where_it_starts():
    close(RNN(Counting())(normal(2, 5, 3)), np.full((2, 1), 15.0))
    mask = np.array([[1, 1, 0, 0, 0], [1, 1, 1, 1, 0]], bool)
    close(RNN(Counting())(normal(2, 5, 3), mask=mask), np.array([[12.0], [14.0]]))


def test_ops_work_on_plain_arrays():
    x = normal(2, 5, 3)
    layer = LSTM(4, return_sequences=True)
    want = layer(x)
    outputs, (h, _) = cello.ops.lstm(x, *layer.get_weights())
    close(outputs, want)
    close(h, want[:, -1])
    gru = GRU(4, return_sequences=True)
    want = gru(x)
    close(cello.ops.gru(x, *gru.get_weights())[0], want)
    simple = SimpleRNN(4, return_sequences=True)
    want = simple(x)
    close(cello.ops.simple_rnn(x, *simple.get_weights())[0], want)
    batched = jax.vmap(lambda x: cello.ops.lstm(x, *layer.get_weights())[0])(x[None])
    close(batched[0], outputs)


def test_no_steps_leave_the_states_that_were_given():
    layer = LSTM(4, return_sequences=True, return_all_states=True, stateful=True)
    layer.build((2, 3, 3))
    layer(np.ones((2, 3, 3), "float32"))
    before = [s.numpy() for s in layer.states]
    outputs, h, c = layer(np.ones((2, 0, 3), "float32"))
    assert outputs.shape == h.shape == c.shape == (2, 0, 4)
    for state, old in zip(layer.states, before, strict=True):
        np.testing.assert_array_equal(state.numpy(), old)


def test_constants_that_a_cell_does_not_declare_are_refused_with_what_to_write():
    class Deaf(cello.cells.Cell):
        state_size = 4

        def call(self, inputs, states, constants=None):
            return states[0], states

    x = np.ones((2, 3, 3), "float32")
    with pytest.raises(ValueError, match="takes_constants = True"):
        RNN(Deaf())(x, constants=[x])
