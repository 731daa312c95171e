"""Pictures show what they say: the drawn numbers against Keras, PyTorch, NumPy and differences."""

import jax
import matplotlib.pyplot as plt
import numpy as np
import pytest

import cello
from cello import Input, Model, Sequential, plotting
from cello.callbacks import History
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    ConvLSTM1D,
    Dense,
    Embedding,
    GRUCell,
    LSTMCell,
    Masking,
    MultiplicativeIntegrationCell,
    ProjectedLSTM,
    ResidualCell,
    SimpleRNN,
    TimeDistributed,
)

COMPILATIONS = 530


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def randomized(layer, rng):
    """Give `layer` random weights, no two alike."""
    layer.set_weights([rng.normal(scale=0.6, size=w.shape) for w in layer.get_weights()])
    return layer.get_weights()


def sequence(rng, steps=7, features=3):
    return rng.normal(size=(1, steps, features)).astype("float32")


def heat(ax):
    """The numbers of a heat map, `(units, time)`."""
    (image,) = ax.images
    return np.ma.filled(image.get_array().astype(float), np.nan)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# ----------------------------------------------------------------------------------- history


def test_history_draws_the_numbers_that_fit_returned():
    rng = np.random.default_rng(0)
    model = Sequential([Input((5, 2)), GRU(3), Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = rng.normal(size=(20, 5, 2)), rng.integers(0, 2, 20)
    history = model.fit(x, y, validation_split=0.25, epochs=4, verbose=0)
    loss, accuracy = plotting.plot_history(history)
    for ax, name in ((loss, "loss"), (accuracy, "accuracy")):
        training, validation, best = ax.lines
        np.testing.assert_array_equal(training.get_ydata(), history.history[name])
        np.testing.assert_array_equal(validation.get_ydata(), history.history[f"val_{name}"])
        np.testing.assert_array_equal(training.get_xdata(), [1, 2, 3, 4])
        assert training.get_linestyle() != validation.get_linestyle()
        choose = min if name == "loss" else max
        assert best.get_ydata() == [choose(history.history[f"val_{name}"])]
    assert accuracy.get_xlabel() == "epoch" and loss.get_ylabel() == "loss"


def test_history_of_a_dict_with_few_validations_and_one_metric():
    values = {"loss": [3.0, 2.0, float("nan"), 1.0], "val_loss": [2.5, 2.75], "mae": [1, 2, 3, 4]}
    ax = plotting.plot_history(values, "loss")
    _training, validation, best = ax.lines
    assert list(validation.get_xdata()) == [2, 4]
    assert (list(best.get_xdata()), list(best.get_ydata())) == ([2], [2.5])
    best = plotting.plot_history({"loss": [3.0, float("nan"), 1.0]}).lines[-1]
    assert (list(best.get_xdata()), list(best.get_ydata())) == ([3], [1.0])
    given_axis = plt.subplots()[1]
    assert plotting.plot_history(values, ["mae"], ax=given_axis) is given_axis


def test_history_goes_on_from_a_later_epoch():
    history = History()
    for epoch in (5, 6, 7):
        history.on_epoch_end(epoch, {"loss": 1.0 / epoch})
    assert list(plotting.plot_history(history).lines[0].get_xdata()) == [6, 7, 8]


def test_history_refuses_by_name():
    with pytest.raises(ValueError, match=r"has \['loss'\] and not \['mae'\]"):
        plotting.plot_history({"loss": [1.0]}, ["mae"])
    with pytest.raises(ValueError, match="no epochs: call fit"):
        plotting.plot_history(History())
    with pytest.raises(TypeError, match=r"plot_history needs the History.* got list"):
        plotting.plot_history([1.0])
    with pytest.raises(TypeError, match=r"plot_history: ax must be one axis.* got ndarray"):
        plotting.plot_history({"loss": [1.0]}, ax=plt.subplots(2)[1])


# ------------------------------------------------------------------------- states and gates


@pytest.mark.parametrize(("name", "backwards"), [("SimpleRNN", False), ("GRU", True)])
def test_states_are_those_of_keras(name, backwards):
    import keras

    rng = np.random.default_rng(1)
    x = sequence(rng)
    layer = getattr(cello.layers, name)(4, go_backwards=backwards)
    layer(x)
    weights = randomized(layer, rng)
    reference = getattr(keras.layers, name)(4, return_sequences=True, go_backwards=backwards)
    reference.build(x.shape)
    reference.set_weights(weights)
    want = np.asarray(reference(x))[0]
    axes = plotting.plot_states(layer, x)
    np.testing.assert_allclose(heat(axes[1]), (want[::-1] if backwards else want).T, atol=1e-5)
    drawn = [line.get_ydata() for line in axes[0].lines]
    np.testing.assert_array_equal(drawn, x[0].T)
    assert axes[0].get_shared_x_axes().joined(*axes)


def lstm_by_hand(x, kernel, recurrent, bias, units):
    """Gates i, f, g, o and states h, c of an LSTM, each `(time, units)`."""
    h = c = np.zeros(units)
    rows = []
    for step in x:
        i, f, g, o = np.split(step @ kernel + h @ recurrent + bias, 4)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        rows.append((i, f, g, o, h, c))
    return np.moveaxis(np.array(rows), 1, 0)


def gru_by_hand(x, kernel, recurrent, bias, units, reset_after):
    """Gates z, r, n of a GRU, each `(time, units)`."""
    h = np.zeros(units)
    inner_bias = bias[1] if reset_after else np.zeros(3 * units)
    bias = bias[0] if reset_after else bias
    rows = []
    for step in x:
        a_z, a_r, a_n = np.split(step @ kernel + bias, 3)
        u_z, u_r, u_n = np.split(recurrent, 3, axis=1)
        d_z, d_r, d_n = np.split(inner_bias, 3)
        z, r = sigmoid(a_z + h @ u_z + d_z), sigmoid(a_r + h @ u_r + d_r)
        n = np.tanh(a_n + (r * (h @ u_n + d_n) if reset_after else (r * h) @ u_n))
        h = z * h + (1 - z) * n
        rows.append((z, r, n))
    return np.moveaxis(np.array(rows), 1, 0)


@pytest.mark.parametrize("backwards", [False, True])
def test_gates_of_lstm_are_those_of_the_equations(backwards):
    rng = np.random.default_rng(2)
    x = sequence(rng)
    layer = LSTM(4, go_backwards=backwards)
    layer(x)
    in_order = x[0, ::-1] if backwards else x[0]
    want = lstm_by_hand(in_order, *randomized(layer, rng), 4)
    want = want[:, ::-1] if backwards else want
    axes = plotting.plot_gates(layer, x)
    titles = ["input gate i", "forget gate f", "candidate g", "output gate o"]
    assert [ax.get_ylabel().splitlines()[0] for ax in axes[1:]] == titles
    for ax, gate in zip(axes[1:], want[:4], strict=True):
        np.testing.assert_allclose(heat(ax), gate.T, atol=1e-5)
    for state, values in (("h", want[4]), (1, want[5])):
        shown = plotting.plot_states(layer, x, state=state)[1]
        np.testing.assert_allclose(heat(shown), values.T, atol=1e-5)


@pytest.mark.parametrize("reset_after", [False, True])
def test_gates_of_gru_are_those_of_the_equations(reset_after):
    rng = np.random.default_rng(2)
    x = sequence(rng)
    layer = GRU(3, reset_after=reset_after)
    layer(x)
    want = gru_by_hand(x[0], *randomized(layer, rng), 3, reset_after)
    axes = plotting.plot_gates(layer, x)
    titles = ["update gate z", "reset gate r", "candidate n"]
    assert [ax.get_ylabel().splitlines()[0] for ax in axes[1:]] == titles
    for ax, gate in zip(axes[1:], want, strict=True):
        np.testing.assert_allclose(heat(ax), gate.T, atol=1e-5)


def test_pre_activations_of_simple_rnn_and_gates_of_a_projected_lstm():
    rng = np.random.default_rng(3)
    x = sequence(rng)
    layer = SimpleRNN(4)
    layer(x)
    randomized(layer, rng)
    states = heat(plotting.plot_states(layer, x)[1])
    shown = plotting.plot_gates(layer, x)[1]
    np.testing.assert_allclose(np.tanh(heat(shown)), states, atol=1e-6)
    assert "pre-activation" in shown.get_ylabel()

    projected = ProjectedLSTM(4, projection=2)
    projected(x)
    kernel, recurrent, bias, projection = randomized(projected, rng)
    whole = lstm_by_hand(x[0], kernel, projection @ recurrent, bias, 4)
    for ax, gate in zip(plotting.plot_gates(projected, x)[1:], whole[:4], strict=True):
        np.testing.assert_allclose(heat(ax), gate.T, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "shape", "of", "state"),
    [
        (lambda: ConvLSTM1D(2, 3, padding="same"), (1, 6, 4, 3), "", 1),
        (lambda: RNN(MultiplicativeIntegrationCell(LSTMCell(2))), (1, 6, 3), "", 1),
        (lambda: RNN([LSTMCell(2, name="low"), GRUCell(3)]), (1, 6, 3), "\nof low", "c1"),
        (lambda: RNN(ResidualCell(LSTMCell(3))), (1, 6, 3), "", 1),
    ],
)
def test_gates_of_cells_in_rows_and_within_others_make_their_memory(make, shape, of, state):
    """c_t = f c_{t-1} + i g, whatever is around."""
    x = np.random.default_rng(12).normal(size=shape).astype("float32")
    layer = make()
    axes = plotting.plot_gates(layer, x)[1:]
    maps = {ax.get_ylabel().removesuffix("\nunit"): heat(ax) for ax in axes}
    i, f, g = (maps[f"{title}{of}"] for title in ("input gate i", "forget gate f", "candidate g"))
    c = heat(plotting.plot_states(layer, x, state=state)[1])
    before = np.concatenate([0 * c[:, :1], c[:, :-1]], axis=1)
    np.testing.assert_allclose(c, f * before + i * g, atol=1e-6)
    assert len(maps) == (7 if of else 4)


def test_masked_steps_are_hatched_and_count_for_nothing():
    rng = np.random.default_rng(4)
    x = sequence(rng, steps=8)
    x[0, [0, 1, 5]] = 0
    kept = [2, 3, 4, 6, 7]
    model = Sequential([Input((None, 3)), Masking(), LSTM(4), Dense(1)])
    randomized(model, rng)
    layer = model.layers[1]
    alone = lstm_by_hand(x[0, kept], *layer.get_weights(), 4)
    axes = plotting.plot_gates(model, x)
    for ax, gate in zip(axes[1:], alone[:4], strict=True):
        np.testing.assert_allclose(heat(ax)[:, kept], gate.T, atol=1e-5)
        assert np.isnan(np.delete(heat(ax), kept, axis=1)).all()
        spans = [p.get_extents().transformed(ax.transData.inverted()) for p in ax.patches]
        np.testing.assert_allclose([(s.x0, s.x1) for s in spans], [(-0.5, 1.5), (4.5, 5.5)])
    states = heat(plotting.plot_states(model, x)[1])
    np.testing.assert_allclose(states[:, kept], alone[4].T, atol=1e-5)
    np.testing.assert_array_equal(states[:, 5], states[:, 4])


class Own(cello.Layer):
    """A cell of one's own, with a state that has two axes, and one that is a vector."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.state_size = [2, (2, 3)]

    def call(self, inputs, states):
        h = inputs[:, :2] + 0.5 * states[0]
        return h, [h, states[1] + inputs[:, None, :3]]


def test_states_of_inner_layers_and_of_cells_of_ones_own():
    rng = np.random.default_rng(5)
    tokens = rng.integers(0, 9, (1, 6))
    inner = Sequential([Input((None, 5)), GRU(4, return_sequences=True, name="second")])
    start = Input((None,), dtype="int32")
    embedded = Embedding(9, 5)(start)
    both = Bidirectional(LSTM(3, return_sequences=True, name="first"), name="both")(embedded)
    second = inner(Dense(5)(both))
    model = Model(start, Dense(2)(second))
    randomized(model, rng)
    axes = plotting.plot_states(model, tokens, layer="second")
    last, (sides,) = Model(start, [second, both]).predict(tokens, verbose=0)
    np.testing.assert_allclose(heat(axes[1]), last[0].T, atol=1e-5)
    np.testing.assert_array_equal(axes[0].lines[0].get_ydata(), tokens[0])
    for i, name in enumerate(("forward_first", "backward_first")):
        shown = heat(plotting.plot_states(model, tokens, layer=name)[1])
        np.testing.assert_allclose(shown, sides[:, 3 * i : 3 * i + 3].T, atol=1e-5)

    x = sequence(rng, 5)
    own = RNN(Own())
    shown = heat(plotting.plot_states(own, x, state=1)[1])
    sums = np.cumsum(x[0], axis=0)
    np.testing.assert_allclose(shown, np.concatenate([sums, sums], axis=1).T, atol=1e-5)


def test_looking_changes_nothing():
    rng = np.random.default_rng(6)
    x = sequence(rng)
    model = Sequential([Input(batch_shape=(1, 7, 3)), LSTM(3, stateful=True, remat=True)])
    before = model.predict(x, verbose=0)
    states = model.get_states()
    plotting.plot_states(model, x)
    plotting.plot_gates(model, x)
    jax.tree.map(np.testing.assert_array_equal, states, model.get_states())
    model.reset_states()
    np.testing.assert_array_equal(model.predict(x, verbose=0), before)


class Loop(Model):
    """A model that calls its layer twice."""

    def __init__(self):
        super().__init__()
        self.rnn = GRU(3, return_sequences=True, name="looped")

    def call(self, x):
        return self.rnn(self.rnn(x))


def test_states_and_gates_refuse_by_name():
    x = np.zeros((1, 4, 3), "float32")
    model = Sequential([Input((None, 3)), Bidirectional(GRU(2, name="g"), name="b"), Dense(1)])
    with pytest.raises(ValueError, match=r"plot_states: Sequential .* no recurrent layer 'h'"):
        plotting.plot_states(model, x, layer="h")
    with pytest.raises(ValueError, match=r"Bidirectional 'b' runs two layers, \('forward_g'"):
        plotting.plot_gates(model, x, layer="b")
    with pytest.raises(ValueError, match=r"x with a batch of one.*\(4, 4, 3\): pass x\[:1\]"):
        plotting.plot_states(model, np.zeros((4, 4, 3)))
    with pytest.raises(ValueError, match=r"has the states \['h'\].*state='c'"):
        plotting.plot_states(model, x, state="c")
    with pytest.raises(ValueError, match=r"has the states \['h'\].*state=1"):
        plotting.plot_states(model, x, state=1)
    with pytest.raises(ValueError, match=r"plot_states: Dense .* has no recurrent layer"):
        plotting.plot_states(Dense(2), x)
    with pytest.raises(TypeError, match="plot_states needs a model or a layer and got ndarray"):
        plotting.plot_states(x, x)
    with pytest.raises(ValueError, match=r"calls GRU 'looped' 2 times, and not once"):
        plotting.plot_states(Loop(), x)
    with pytest.raises(ValueError, match=r"knows the gates of LSTM.* runs Own.*plot_states"):
        plotting.plot_gates(RNN(Own()), x)
    within = Sequential([Input((2, 4, 3)), TimeDistributed(LSTM(2, name="words"))])
    with pytest.raises(ValueError, match=r"LSTM 'words' is not run on .* input as one sequence"):
        plotting.plot_states(within, np.zeros((1, 2, 4, 3)))


# ----------------------------------------------------------------------------- gradient flow


def test_gradient_flow_is_that_of_torch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(5, 9, 3)).astype("float32"), rng.normal(size=(5, 1)).astype("float32")
    model = Sequential([Input((None, 3)), LSTM(4, return_sequences=True), GRU(3), Dense(1)])
    randomized(model, rng)
    model.compile("sgd", "mse")
    first, second = cello.saving.to_torch(model.layers[0]), cello.saving.to_torch(model.layers[1])
    kernel, bias = map(torch.tensor, model.layers[2].get_weights())
    hidden = {"lstm": [], "gru": []}
    lower = []
    h, c = torch.zeros(1, 5, 4), torch.zeros(1, 5, 4)
    for t in range(9):  # step by step, to keep the state of each
        out, (h, c) = first(torch.tensor(x[:, t : t + 1]), (h, c))
        # one tensor that goes both up and on
        h = out.transpose(0, 1).contiguous()
        h.retain_grad()
        hidden["lstm"].append(h)
        lower.append(h.transpose(0, 1))
    h = torch.zeros(1, 5, 3)
    for out in lower:
        _, h = second(out, h)
        h.retain_grad()
        hidden["gru"].append(h)
    ((h[0] @ kernel + bias - torch.tensor(y)) ** 2).mean().backward()
    ax = plotting.plot_gradient_flow(model, x, y)
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert len(lines) == 2 and ax.get_yscale() == "log"
    for layer, states in zip(model.layers, hidden.values(), strict=False):
        want = [float(torch.linalg.norm(h.grad)) for h in states]
        np.testing.assert_allclose(lines[layer.name], want, rtol=1e-4)


def test_gradient_flow_of_a_cell_of_ones_own_with_a_mask_is_that_of_the_equations():
    # h_t = x_t + h_{t-1} / 2 and loss = mean of h_T squared: d loss / d h_t = 2^(t - T) h_T
    rng = np.random.default_rng(8)
    x = np.abs(rng.normal(size=(1, 6, 3))).astype("float32")
    x[0, 2] = 0
    model = Sequential([Input((6, 3)), Masking(), RNN(Own(), name="own")])
    model.compile("sgd", "mse")
    end = np.zeros(2)
    for t in (0, 1, 3, 4, 5):
        end = x[0, t, :2] + end / 2
    line = plotting.plot_gradient_flow(model, x, np.zeros((1, 2))).lines[0].get_ydata()
    halves = 0.5 ** np.array([4, 3, np.nan, 2, 1, 0])  # the masked step makes no state
    np.testing.assert_allclose(line, halves * np.linalg.norm(end), rtol=1e-5)


@pytest.mark.parametrize("backwards", [False, True])
def test_gradient_flow_with_outputs_at_all_steps_is_that_of_differences(backwards):
    rng = np.random.default_rng(9)
    x, y = sequence(rng, 5), rng.normal(size=(1, 5, 2)).astype("float32")
    layer = SimpleRNN(2, return_sequences=True, go_backwards=backwards)
    model = Sequential([Input((5, 3)), layer])
    kernel, recurrent, bias = (w.astype(float) for w in randomized(model, rng))
    model.compile("sgd", "mse")
    order = x[0, ::-1] if backwards else x[0]

    def loss(step, push):
        h, total = np.zeros(2), 0.0
        for t, row in enumerate(order.astype(float)):
            h = np.tanh(row @ kernel + h @ recurrent + bias) + (push if t == step else 0)
            total += np.sum((h - y[0, t]) ** 2)
        return total / 10

    want = [
        np.linalg.norm([(loss(t, e) - loss(t, -e)) / 2e-5 for e in 1e-5 * np.eye(2)])
        for t in range(5)
    ]
    line = plotting.plot_gradient_flow(model, x, y, layer=layer).lines[0].get_ydata()
    np.testing.assert_allclose(line, want[::-1] if backwards else want, rtol=1e-4)


def test_gradient_flow_marks_what_vanishes_and_explodes():
    x, y = np.full((1, 12, 1), 0.01, "float32"), np.zeros((1, 1), "float32")
    for factor, word in ((0.1, "vanishes"), (3.0, "explodes")):
        layer = SimpleRNN(1, activation="linear", use_bias=False)
        model = Sequential([Input((12, 1)), layer])
        model.set_weights([[[1.0]], [[factor]]])
        model.compile("sgd", "mse")
        ax = plotting.plot_gradient_flow(model, x, y)
        line = ax.lines[0].get_ydata()
        np.testing.assert_allclose(line[:-1] / line[1:], factor, rtol=1e-4)
        places = {t.get_text(): t.get_position()[1] for t in ax.texts}
        low, high = 1e-6 * line[-1], 1e3 * line[-1]
        assert places["vanishes"] < low < high < places["explodes"]
        bottom, top = ax.get_ylim()
        assert bottom < line.min() and line.max() < top
        assert (line[0] < low) == (word == "vanishes") and (line[0] > high) == (word == "explodes")


def test_gradient_flow_has_a_line_for_each_call_and_refuses_by_name():
    rng = np.random.default_rng(10)
    model = Loop()
    x, y = sequence(rng), np.zeros((1, 7, 3), "float32")
    with pytest.raises(RuntimeError, match=r"plot_gradient_flow: call compile"):
        plotting.plot_gradient_flow(model, x, y)
    model.compile("sgd", "mse")
    model(x)
    lines = plotting.plot_gradient_flow(model, x, y).lines
    assert [line.get_label() for line in lines] == ["looped, call 1", "looped, call 2"]
    decoder = Sequential([Input((None, 3)), RNN(Doubling(), name="doubling")])
    decoder.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"RNN 'doubling' is none of the states of its Doubling"):
        plotting.plot_gradient_flow(decoder, x, np.zeros((1, 3), "float32"))
    model.unused = GRU(3, name="unused")
    with pytest.raises(ValueError, match=r"Loop '.*' calls none of its layers \['unused'\]"):
        plotting.plot_gradient_flow(model, x, y, layer="unused")
    with pytest.raises(TypeError, match="plot_gradient_flow needs a model and got LSTM"):
        plotting.plot_gradient_flow(LSTM(2), x, y)
    with pytest.raises(ValueError, match="no recurrent layer 'other'"):
        plotting.plot_gradient_flow(model, x, y, layer="other")


class Doubling(cello.Layer):
    """A cell whose output is not its state."""

    state_size = 3

    def call(self, inputs, states):
        return 2 * (inputs + states[0]), [inputs + states[0]]


# ---------------------------------------------------------------------------- alignments


def test_alignment_shows_the_weights_and_the_texts():
    weights = np.random.default_rng(11).dirichlet(np.ones(5), size=3)
    ax = plotting.plot_alignment(weights, "hello", ["a", "b", "end"])
    np.testing.assert_array_equal(heat(ax), weights)
    assert [t.get_text() for t in ax.get_xticklabels()] == list("hello")
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b", "end"]
    with pytest.raises(ValueError, match=r"need 5 texts for the source and got 4"):
        plotting.plot_alignment(weights, "hell")
    with pytest.raises(ValueError, match=r"need 3 texts for the target and got 1"):
        plotting.plot_alignment(weights, target="a")
    with pytest.raises(ValueError, match=r"got \(1, 3, 5\): .* weights\[0\]"):
        plotting.plot_alignment(weights[None])
