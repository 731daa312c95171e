"""The states of recurrent layers: all of them, learned ones, and constants beside them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import cello
from cello.layers import GRU, LSTM, RNN, Bidirectional, Dense, GRUCell, LSTMCell, SimpleRNN

COMPILATIONS = 115

LAYERS = {
    "simple": lambda **k: SimpleRNN(3, **k),
    "lstm": lambda **k: LSTM(3, **k),
    "gru": lambda **k: GRU(3, reset_after=False, **k),
    "stacked": lambda **k: RNN([LSTMCell(3), GRUCell(2)], **k),
}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def random_weights(layer, seed=0):
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(size=w.shape) * 0.5 for w in layer.weights])


def close(a, b, tolerance=1e-6):
    jax.tree.map(
        lambda u, v: np.testing.assert_allclose(u, v, rtol=tolerance, atol=tolerance), a, b
    )


def test_an_lstm_returns_outputs_h_and_c_in_a_model():
    x = cello.Input((None, 2))
    layer = LSTM(3, return_sequences=True, return_all_states=True)
    y, h, c = layer(x)
    assert [t.shape for t in (y, h, c)] == [(None, None, 3)] * 3
    model = cello.Model(x, Dense(1)(c))
    model.compile("adam", "mse")
    data = normal(4, 6, 2)
    model.fit(data, normal(4, 6, 1), verbose=0)
    outputs = cello.Model(x, [y, h])(data)
    np.testing.assert_array_equal(*outputs)
    assert layer.engine == cello.layers.LSTM(1).engine


def test_stateful_layers_keep_the_last_of_all_states():
    layer = LSTM(3, return_sequences=True, return_all_states=True, stateful=True)
    x = normal(2, 6, 2)
    whole = layer(x)
    layer.reset_state()
    halves = layer(x[:, :2]), layer(x[:, 2:])
    close([jnp.concatenate(parts, 1) for parts in zip(*halves, strict=True)], list(whole))


def test_both_directions_return_states_in_the_order_of_time():
    both = Bidirectional(LSTM(3, return_sequences=True, return_all_states=True))
    y, h, _, back_h, back_c = both(normal(2, 5, 2))
    np.testing.assert_array_equal(y, jnp.concatenate([h, back_h], -1))
    assert back_c.shape == (2, 5, 3)


@pytest.mark.parametrize("kind", LAYERS)
def test_learned_initial_states(kind, tmp_path):
    x = normal(3, 4, 2)
    learned = LAYERS[kind](initial_state="learned")
    plain = LAYERS[kind]()
    learned(x), plain(x)
    random_weights(learned, seed=2)
    own = learned.weights[: len(learned.weights) - len(plain.weights)]
    plain.set_weights(learned.get_weights()[len(own) :])
    start = jax.tree.map(
        lambda v: np.broadcast_to(v.numpy(), (3, *v.shape)),
        learned.learned_state,
        is_leaf=lambda v: isinstance(v, cello.Variable),
    )
    close(learned(x), plain(x, initial_state=start))
    assert [v.name for v in own] == ["initial_state"] * len(own)
    model = cello.Sequential([cello.Input((None, 2)), learned, Dense(1)])
    model.compile("sgd", "mse")
    before = [v.numpy() for v in own]
    model.fit(x, normal(3, 1), epochs=2, verbose=0)
    assert all(np.abs(v.numpy() - b).max() > 1e-6 for v, b in zip(own, before, strict=True))
    model.save(tmp_path / "m.keras")
    again = cello.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again(x), model(x))


def test_a_learned_state_gives_way_to_a_given_one():
    layer = GRU(3, initial_state="learned")
    x, h = normal(2, 4, 2), normal(2, 3)
    layer(x)
    given = layer(x, initial_state=[h])
    random = layer.get_weights()
    layer.set_weights([np.ones_like(random[0]), *random[1:]])
    np.testing.assert_array_equal(layer(x, initial_state=[h]), given)
    with pytest.raises(ValueError, match="initial_state must be one of 'zeros', 'learned'"):
        GRU(3, initial_state="ones")


class Mixing(cello.Layer):
    """Adds a product of what it is told beside the sequence."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = self.state_size = units

    def build(self, input_shape):
        self.w = self.add_weight((input_shape[-1], self.units), name="w")

    def call(self, inputs, states, constants=None):
        (context,) = constants
        h = cello.ops.tanh(inputs @ self.w + 0.5 * states[0] + context)
        return h, [h]


def test_constants_reach_the_cell_at_every_step():
    x, context = normal(2, 4, 3), normal(2, 3, seed=1)
    layer = RNN(Mixing(3), return_sequences=True)
    outputs = layer(x, constants=[context])
    np.testing.assert_array_equal(layer(x, constants=context), outputs)  # alone, it is a list
    h = np.zeros((2, 3), "float32")
    for t in range(4):
        h = np.tanh(x[:, t] @ layer.cell.w.numpy() + 0.5 * h + context)
        np.testing.assert_allclose(outputs[:, t], h, rtol=1e-5, atol=1e-6)
    row = RNN([LSTMCell(3), Mixing(3)], return_sequences=True)
    assert row(x, constants=[context]).shape == (2, 4, 3)


def test_constants_in_a_graph_have_gradients():
    x, c = cello.Input((None, 2)), cello.Input((3,))
    model = cello.Model([x, c], RNN(Mixing(3))(x, constants=[Dense(3)(c)]))
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit([normal(4, 5, 2), normal(4, 3)], normal(4, 3), verbose=0)
    changed = [np.abs(a - b).max() > 0 for a, b in zip(before, model.get_weights(), strict=True)]
    assert all(changed)


def test_constants_for_a_cell_that_takes_none_are_refused():
    with pytest.raises(ValueError, match=r"LSTMCell, does not take: write call\(self"):
        LSTM(3)(normal(2, 4, 2), constants=[normal(2, 3)])


def stateful_model():
    inner = cello.Sequential(
        [cello.Input(batch_shape=(3, None, 4)), GRU(2, stateful=True, name="g")], name="inner"
    )
    x = cello.Input(batch_shape=(3, None, 2))
    h = LSTM(4, return_sequences=True, stateful=True, name="l")(x)
    both = Bidirectional(SimpleRNN(2, stateful=True, name="s"), name="both")(h)
    cells = RNN([LSTMCell(2), GRUCell(3)], stateful=True, name="cells")(h)
    return cello.Model(x, cello.layers.concatenate([inner(h), both, cells]))


def test_the_states_of_a_whole_model_go_and_come_back():
    model, x = stateful_model(), normal(3, 4, 2)
    model(x)
    states = model.get_states()
    paths = ["both/backward_s", "both/forward_s", "cells", "inner/g", "l"]
    assert sorted(states) == paths
    expected = model(x)
    assert np.abs(np.asarray(model(x)) - expected).max() > 1e-3  # it went on
    model.set_states(states)
    np.testing.assert_array_equal(model(x), expected)
    other = stateful_model()
    other.set_weights(model.get_weights())
    other.set_states(states)
    np.testing.assert_array_equal(other(x), expected)


@pytest.mark.parametrize("rows", [[0, 2], [True, False, True], np.array([2, 0])])
def test_single_rows_start_anew(rows):
    model, x = stateful_model(), normal(3, 4, 2)
    fresh = model(x)
    following = model(x)
    model.reset_state()
    model(x)
    model.reset_states(rows=rows)
    mixed = model(x)
    close(mixed[::2], fresh[::2])
    close(mixed[1], following[1])


def test_states_that_do_not_fit_are_refused_and_change_nothing():
    model, x = stateful_model(), normal(3, 4, 2)
    model(x)
    states = model.get_states()
    with pytest.raises(ValueError, match=r"needs the states of \['both/backward"):
        model.set_states({"l": states["l"]})
    wrong = {**states, "l": [np.ones((3, 4)), np.ones((3, 5))]}
    with pytest.raises(ValueError, match=r"'l' has states of the shapes .* and got"):
        model.set_states(wrong)
    jax.tree.map(np.testing.assert_array_equal, model.get_states(), states)
    for rows in ([3], [True], [0.5]):
        with pytest.raises(ValueError, match="rows must be numbers from 0 to 2, or 3 booleans"):
            model.reset_state(rows)
