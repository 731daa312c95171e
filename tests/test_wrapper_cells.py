"""Cells around another cell: what each does to it, and that a sequence is its repeated step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract import FEATURES, ROWS, TIME, check, close, in_pieces, normal
from in_numpy import in_numpy, outputs_of

import cello
from cello import Input, Sequential, cells
from cello.core.variable import Binding
from cello.layers import RNN, Bidirectional, RMSNormalization

COMPILATIONS = 125
INSIDE = {
    "LSTM": lambda: cells.LSTMCell(FEATURES, recurrent_dropout=0.2),
    "SRU": lambda: cells.SRUCell(FEATURES),
    "QRNN": lambda: cells.QRNNCell(FEATURES, dropout=0.2),
    "a row": lambda: cells.StackedRNNCells(
        [cells.GRUCell(2), cells.FeedForwardCell(FEATURES, expand=1.5)]
    ),
}
WRAPPERS = {
    "zoneout": lambda cell: cells.ZoneoutCell(cell, 0.3),
    "residual": lambda cell: cells.ResidualCell(cell, RMSNormalization()),
    "dropout": lambda cell: cells.DropoutCell(cell, inputs=0.3, outputs=0.3),
    "dropout of states": lambda cell: cells.DropoutCell(cell, inputs=0.3, states=0.3),
    "dropout per step": lambda cell: cells.DropoutCell(cell, 0.3, 0.3, 0.3, per_step=True),
    "drop connect": lambda cell: cells.DropConnectCell(cell, 0.3, ["recurrent_kernel", "kernel"]),
    "wrapped twice": lambda cell: cells.ResidualCell(cells.DropConnectCell(cell, 0.3, ["kernel"])),
}
CASES = [
    *(pytest.param(w, INSIDE["LSTM"], id=f"{name} of LSTM") for name, w in WRAPPERS.items()),
    pytest.param(cells.ResidualCell, INSIDE["QRNN"], id="residual of QRNN"),
    pytest.param(cells.ResidualCell, INSIDE["a row"], id="residual of a row"),
    pytest.param(WRAPPERS["dropout"], INSIDE["SRU"], id="dropout of SRU"),
    pytest.param(WRAPPERS["zoneout"], INSIDE["a row"], id="zoneout of a row"),
    *(
        pytest.param(cells.MultiplicativeIntegrationCell, c, id=f"multiplied {n}")
        for n, c in enumerate(
            (
                lambda: cells.LSTMCell(FEATURES, recurrent_dropout=0.3, dropout=0.2),
                lambda: cells.GRUCell(FEATURES),
                lambda: cells.GRUCell(FEATURES, reset_after=False, use_bias=False),
                lambda: cells.LayerNormGRUCell(FEATURES),
                lambda: cells.SLSTMCell(4, heads=2),
            )
        )
    ),
]
every_case = pytest.mark.parametrize(("wrapper", "inside"), CASES)


def built(layer, seed=0):
    layer.build((ROWS, TIME, FEATURES))
    rng = np.random.default_rng(seed)
    layer.set_weights([w + 0.3 * rng.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def drawn_anew(layer):
    """The generators that draw at each step."""
    inside = layer.flatten_layers()
    return [
        one.seed_generator.state
        for one in inside
        if isinstance(one, cells.ZoneoutCell)
        or (isinstance(one, cells.DropoutCell) and one.per_step)
    ]


OPTIONS = {
    "outputs and states of all steps": {"return_sequences": True, "return_all_states": True},
    "backwards to the last output": {"go_backwards": True},
    "zeros under the mask": {"return_sequences": True, "go_backwards": True,
                             "zero_output_for_mask": True},
}  # fmt: skip


@every_case
@pytest.mark.parametrize("options", OPTIONS)
def test_a_sequence_is_the_repeated_step(wrapper, inside, options):
    one = built(RNN(wrapper(inside()), **OPTIONS[options], return_state=True))
    check(one, draws=(0, 1), anew=drawn_anew(one))


@every_case
def test_without_masks_and_not_in_training(wrapper, inside):
    one = built(RNN(wrapper(inside()), return_sequences=True, return_state=True))
    check(one, masked=False, anew=drawn_anew(one))
    if one.cell.trainable_weights and wrapper is not cells.ResidualCell:
        check(one, training=False)


@pytest.mark.parametrize("wrapper", WRAPPERS.values(), ids=WRAPPERS)
def test_streams_files_and_both_directions(wrapper, tmp_path):
    model = Sequential(
        [
            Input((None, FEATURES)),
            RNN(wrapper(cells.LSTMCell(FEATURES)), return_sequences=True),
            RNN(cells.MultiplicativeIntegrationCell(cells.GRUCell(2)), return_sequences=True),
        ]
    )
    rng = np.random.default_rng(3)
    model.set_weights([w + 0.4 * rng.normal(size=w.shape) for w in model.get_weights()])
    x = normal(ROWS, TIME, FEATURES, seed=4)
    model.save(tmp_path / "model.keras")
    again = cello.models.load_model(tmp_path / "model.keras")
    for there, here in zip(again.weights, model.weights, strict=True):
        np.testing.assert_array_equal(there.numpy(), here.numpy())
    for there, here in zip(again.layers, model.layers, strict=True):
        assert there.cell.get_config() == here.cell.get_config()
    everything = np.ones((ROWS, TIME), bool)
    pieces = in_pieces(lambda x, mask: model(x), x, everything)
    close(pieces, outputs_of(model, x))
    both = Bidirectional(RNN(wrapper(cells.LSTMCell(FEATURES)), return_sequences=True))
    both = built(both)
    forward, backward = np.split(outputs_of(both, x), 2, axis=-1)
    close(forward, outputs_of(both.forward_layer, x))
    close(backward[:, ::-1], outputs_of(both.backward_layer, x))


# -------------------------------------------------------------------------- zoneout


def lstm_step(x, h, c, kernel, recurrent_kernel, bias):
    """Keras' order of gates, in float64."""
    sigmoid = lambda v: 1 / (1 + np.exp(-v))  # noqa: E731
    i, f, g, o = np.split(x @ kernel + h @ recurrent_kernel + bias, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def test_zoneout_is_an_average_outside_of_training():
    one = built(RNN(cells.ZoneoutCell(cells.LSTMCell(4), [0.1, 0.4]), return_sequences=True,
                    return_state=True))  # fmt: skip
    x = normal(ROWS, TIME, FEATURES, seed=1)
    weights = [np.float64(w) for w in one.get_weights()]
    h, c = np.zeros((2, ROWS, 4))
    outputs = []
    for t in range(TIME):
        new_h, new_c = lstm_step(x[:, t], h, c, *weights)
        h, c = 0.1 * h + 0.9 * new_h, 0.4 * c + 0.6 * new_c
        outputs.append(h)
    close(outputs_of(one, x), [np.stack(outputs, 1), h, c])


def test_zoneout_keeps_or_takes_each_element_of_a_state_in_training():
    cell = cells.ZoneoutCell(cells.LSTMCell(50), [0.2, 0.7], seed=1)
    one = built(RNN(cell, return_sequences=True, return_all_states=True))
    weights = [np.float64(w) for w in one.get_weights()]
    x = normal(ROWS, TIME, FEATURES, seed=1)
    y, all_h, all_c = outputs_of(one, x, training=True)
    close(y, all_h)
    kept = np.zeros((2, TIME))
    for t in range(1, TIME):
        new = lstm_step(x[:, t], all_h[:, t - 1], all_c[:, t - 1], *weights)
        for s, every in enumerate((all_h, all_c)):
            stays = every[:, t] == every[:, t - 1]
            kept[s, t] = stays.mean()
            close(every[:, t][~stays], new[s][~stays], 1e-4)
    assert np.abs(kept[:, 1:].mean(1) - [0.2, 0.7]).max() < 0.06
    assert len(set(kept[0, 1:])) > 1  # drawn anew at each step


# -------------------------------------------------------------- dropout, residual


def identity(units, **options):
    """A recurrent layer whose outputs and states are its inputs."""
    cell = cells.SimpleRNNCell(units, activation="linear", use_bias=False)
    one = RNN(cells.DropoutCell(cell, **options), return_sequences=True)
    one.build((ROWS, TIME, units))
    one.set_weights([np.eye(units), np.zeros((units, units))])
    return one


def drawn(layer):
    """What the layer gives from a seed, and the seed after it."""
    variable = layer.cell.seed_generator.state

    def run(x, seed):
        with Binding({variable: seed}) as binding:
            return layer(x, training=True), binding.values[variable]

    return run


@pytest.mark.parametrize("part", ["inputs", "outputs"])
@pytest.mark.parametrize("per_step", [False, True])
def test_dropout_of_inputs_and_outputs(part, per_step):
    units, x = 200, np.ones((ROWS, TIME, 200), "float32")
    one = identity(units, **{part: 0.25}, per_step=per_step)
    draw = in_numpy(drawn(one), x, one.cell.seed_generator.state.numpy())
    factors, seed = draw(x, one.cell.seed_generator.state.numpy())
    assert set(np.unique(factors)) == {0, np.float32(1 / 0.75)}
    assert abs((factors == 0).mean() - 0.25) < 0.05
    alike = (factors == factors[:, :1]).all()
    assert alike != per_step
    assert not np.array_equal(draw(x, seed)[0], factors)
    np.testing.assert_array_equal(outputs_of(one, x), x)


def test_dropout_of_the_first_state():
    one = identity(100, states=0.5)
    one.set_weights([np.zeros((100, 100)), np.eye(100)])
    start = np.ones((ROWS, 100), "float32")
    x = np.zeros((ROWS, 3, 100), "float32")
    y = outputs_of(one, x, training=True, initial_state=[start])
    for t in range(3):  # the same units each time, so those that are left double each time
        assert set(np.unique(y[:, t])) == {0, 2 ** (t + 1)}
    assert abs((y[:, 0] == 0).mean() - 0.5) < 0.1


def test_a_residual_connection_adds_the_input():
    one = built(RNN(cells.ResidualCell(cells.LSTMCell(FEATURES)), return_sequences=True))
    plain = cello.layers.LSTM(FEATURES, return_sequences=True)
    x = normal(ROWS, TIME, FEATURES)
    plain.build(x.shape)
    plain.set_weights(one.get_weights())
    close(outputs_of(one, x), outputs_of(plain, x) + x)
    behind = RNN(cells.ResidualCell(one.cell.cell, RMSNormalization()), return_sequences=True)
    behind.build(x.shape)
    scale = np.array([1, 2, 3], "float32")
    behind.cell.normalization.scale.assign(scale)
    normal_x = x / np.sqrt(np.mean(np.square(x), -1, keepdims=True) + 1e-6) * scale
    close(outputs_of(behind, x), outputs_of(plain, normal_x.astype("float32")) + x)


# ---------------------------------------------------- drop connect, multiplication


def test_dropped_connections_are_an_lstm_with_fewer_weights():
    one = built(RNN(cells.DropConnectCell(cells.LSTMCell(20), 0.4, seed=5)))
    x = normal(ROWS, TIME, FEATURES)
    kernel, recurrent_kernel, bias = one.get_weights()
    weights = {w.name: w for w in one.weights}
    seed = {v: v.value for v in one.variables if not v.weight}

    def output(u):
        with Binding({weights["recurrent_kernel"]: u, **seed}):
            return one(x, training=True)

    total = jax.value_and_grad(lambda u: (jnp.sum(y := output(u)), y), has_aux=True)
    (_, thinned), slopes = in_numpy(total, recurrent_kernel)(recurrent_kernel)
    left = slopes != 0  # no gradient reaches a dropped weight
    assert abs(left.mean() - 0.6) < 0.05
    plain = cello.layers.LSTM(20)
    plain.build(x.shape)
    plain.set_weights([kernel, recurrent_kernel * left / 0.6, bias])
    close(thinned, outputs_of(plain, x))
    plain.set_weights([kernel, recurrent_kernel, bias])
    close(outputs_of(one, x), outputs_of(plain, x))
    assert one.engine == plain.engine


@pytest.mark.parametrize("reset_after", [True, False])
def test_multiplicative_integration_is_that_of_the_paper(reset_after):
    cell = cells.GRUCell(4, reset_after=reset_after)
    one = built(RNN(cells.MultiplicativeIntegrationCell(cell), return_sequences=True))
    w = {v.name: np.float64(v.value) for v in one.weights}
    blocks = lambda v: np.split(v, 3, axis=-1)  # noqa: E731
    (W, U, a, b1, b2) = (
        blocks(w[n]) for n in ("kernel", "recurrent_kernel", "gain", "recurrent_gain", "input_gain")
    )
    b, d = (blocks(v) for v in (w["bias"] if reset_after else (w["bias"], 0 * w["bias"])))
    sigmoid = lambda v: 1 / (1 + np.exp(-v))  # noqa: E731

    x = np.float64(normal(ROWS, TIME, FEATURES))
    h = np.zeros((ROWS, 4))
    outputs = []
    for t in range(TIME):

        def products(k, h, x=x[:, t]):
            """The input's part and the recurrent part of gate k, the latter multiplied."""
            return b2[k] * (x @ W[k]) + b[k], (a[k] * (x @ W[k]) + b1[k]) * (h @ U[k])

        z = sigmoid(sum(products(0, h)) + d[0])
        r = sigmoid(sum(products(1, h)) + d[1])
        if reset_after:
            first, second = products(2, h)
            g = np.tanh(first + r * (second + d[2]))
        else:
            g = np.tanh(sum(products(2, r * h)))
        h = z * h + (1 - z) * g
        outputs.append(h)
    close(outputs_of(one, x.astype("float32")), np.stack(outputs, 1))


# ------------------------------------------------------------------------ bad input


def test_what_does_not_fit_is_refused():
    x = normal(ROWS, TIME, FEATURES)
    with pytest.raises(ValueError, match=r"adds its inputs.*Dense"):
        RNN(cells.ResidualCell(cells.LSTMCell(FEATURES + 1)))(x)
    with pytest.raises(ValueError, match="normalization must be None or a layer"):
        cells.ResidualCell(cells.LSTMCell(FEATURES), "rms")
    with pytest.raises(ValueError, match=r"one for each of the 2 state"):
        RNN(cells.ZoneoutCell(cells.LSTMCell(4), [0.1]))(x)
    with pytest.raises(ValueError, match="rate"):
        cells.ZoneoutCell(cells.LSTMCell(4), 1.5)
    with pytest.raises(ValueError, match=r"recurrent_kernel.*SRUCell has.*names="):
        RNN(cells.DropConnectCell(cells.SRUCell(4)))(x)
    with pytest.raises(ValueError, match=r"derive from GatedCell.*SRUCell"):
        cells.MultiplicativeIntegrationCell(cells.SRUCell(4))
    with pytest.raises(ValueError, match="a cell, with call"):
        cells.ResidualCell(cello.layers.Dense(3))


# ---------------------------------------------------------------------- feed forward


@pytest.mark.parametrize("gated", [True, False])
def test_a_feed_forward_cell_is_two_products_on_each_step(gated):
    one = built(RNN(cells.FeedForwardCell(4, 1.3, "tanh", gated), return_sequences=True))
    x = normal(ROWS, TIME, FEATURES)
    kernel, output_kernel = one.get_weights()
    assert output_kernel.shape == (6, 4)
    hidden = x @ kernel
    hidden = np.tanh(hidden[..., :6]) * hidden[..., 6:] if gated else np.tanh(hidden)
    close(outputs_of(one, x), hidden @ output_kernel)
