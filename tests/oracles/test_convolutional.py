"""Convolutional recurrent layers: ConvLSTM as Keras', ConvGRU as its equations in PyTorch."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from equations import run
from in_numpy import in_numpy, outputs_of
from layer_table import close, weighted

import cello
from cello.core.variable import Binding

COMPILATIONS = 260

FIRST = "channels_first"
LSTM_CASES = [
    (1, {"kernel_size": 3, "strides": 2, "padding": "same", "use_bias": False}, (2, 3, 5, 2)),
    (2, {"kernel_size": (2, 3), "dilation_rate": (1, 2), "data_format": FIRST, "go_backwards": True,
         "recurrent_activation": "hard_sigmoid"}, (2, 3, 2, 4, 5)),
    (3, {"kernel_size": (2, 1, 2), "strides": (1, 2, 1), "activation": "softsign",
         "return_sequences": True}, (2, 3, 3, 2, 3, 2)),
]  # fmt: skip
# PyTorch pads both sides alike, so windows are odd.
GRU_CASES = [
    (1, {"kernel_size": (3,), "strides": 2}, (2, 3, 2, 6)),
    (2, {"kernel_size": (1, 3), "dilation_rate": (2, 2), "use_bias": False}, (2, 3, 2, 3, 5)),
    (3, {"kernel_size": (3, 1, 1), "strides": (1, 2, 1)}, (2, 3, 2, 4, 3, 2)),
]


def random_weights(layer, seed):
    """No two alike, so that exchanged gates are noticed."""
    rng = np.random.default_rng(seed)
    return [rng.normal(scale=0.4, size=w.shape).astype("float32") for w in layer.get_weights()]


def all_weighted(outputs):
    return sum(map(weighted, outputs))


@pytest.mark.parametrize(
    "rank, options, shape", [*LSTM_CASES[:2], pytest.param(*LSTM_CASES[2], marks=pytest.mark.deep)]
)
def test_conv_lstm_is_that_of_keras(rank, options, shape, seed=1):
    """Values, states and gradients. Keras cannot mask maps: that stands in test_cells.py."""
    x = np.random.default_rng(seed).normal(size=shape).astype("float32")
    theirs = getattr(keras.layers, f"ConvLSTM{rank}D")(3, **options, return_state=True)
    ours = getattr(cello.layers, f"ConvLSTM{rank}D")(3, **options, return_state=True)
    theirs.build(x.shape), ours.build(x.shape)
    weights = random_weights(theirs, seed)
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in weights]
    fixed = [v.value for v in theirs.non_trainable_variables]  # seeds only

    def keras_loss(weights, x):
        outputs, _ = theirs.stateless_call(weights, fixed, x)
        return all_weighted(outputs), outputs

    def cello_loss(weights, x):
        with Binding(dict(zip(ours.weights, weights, strict=True))):
            outputs = ours(x)
        return all_weighted(outputs), outputs

    arguments = [jnp.asarray(w) for w in weights], jnp.asarray(x)
    wanted, outputs_wanted = jax.jit(jax.grad(keras_loss, (0, 1), has_aux=True))(*arguments)
    run = jax.grad(cello_loss, (0, 1), has_aux=True)
    got, outputs = in_numpy(run, *arguments)(*arguments)
    close(list(outputs), list(outputs_wanted), 1e-5)
    close(got, wanted, 1e-4)


def conv_gru(torch, weights, x, options, rank):
    """The equations, step by step, in float64 and with the channels first."""
    convolution = getattr(torch.nn.functional, f"conv{rank}d")
    kernel, recurrent, *bias = weights
    to_torch = (rank + 1, rank, *range(rank))  # (out, in, *window)
    kernels = kernel.permute(to_torch).chunk(3)
    recurrents = recurrent.permute(to_torch).chunk(3)
    biases = bias[0].chunk(3) if bias else [None] * 3
    same = [(k // 2) for k in options["kernel_size"]]

    def inner(h, u):
        return convolution(h, u, padding=same)

    def step(x, h):
        placed = {"stride": options.get("strides", 1), "dilation": options.get("dilation_rate", 1)}
        z, r, g = [convolution(x, w, b, **placed) for w, b in zip(kernels, biases, strict=True)]
        h = torch.zeros_like(z) if h is None else h
        z = torch.sigmoid(z + inner(h, recurrents[0]))
        r = torch.sigmoid(r + inner(h, recurrents[1]))
        g = torch.tanh(g + inner(r * h, recurrents[2]))
        return z * h + (1 - z) * g

    h, every = None, []
    for t in range(x.shape[1]):
        h = step(x[:, t], h)
        every.append(h)
    return torch.stack(every, 1)


@pytest.mark.parametrize(
    "rank, options, shape", [*GRU_CASES[:2], pytest.param(*GRU_CASES[2], marks=pytest.mark.deep)]
)
def test_conv_gru_is_its_equations(rank, options, shape, seed=1):
    torch = pytest.importorskip("torch")
    options = {**options, "filters": 3, "return_sequences": True, "data_format": FIRST}
    layer = getattr(cello.layers, f"ConvGRU{rank}D")(**options)
    x = np.random.default_rng(seed).normal(size=shape).astype("float32")
    layer.build(x.shape)
    layer.set_weights(random_weights(layer, seed))
    tensor = lambda v: torch.tensor(np.asarray(v, "float64"), requires_grad=True)  # noqa: E731
    weights, theirs = [tensor(w) for w in layer.get_weights()], tensor(x)
    wanted = conv_gru(torch, weights, theirs, options, rank)
    y, slopes = run(layer, x)
    close(y, wanted.detach().numpy(), 1e-5)
    last = dict(options, data_format="channels_last")
    same = getattr(cello.layers, f"ConvGRU{rank}D")(**last)
    same.build(np.moveaxis(x, 2, -1).shape)
    same.set_weights(layer.get_weights())
    close(np.moveaxis(outputs_of(same, np.moveaxis(x, 2, -1)), -1, 2), y, 1e-5)
    torch.sin(wanted + 1).sum().backward()
    close(slopes[:2], ([w.grad.numpy() for w in weights], theirs.grad.numpy()), 1e-4)


@pytest.mark.parametrize("name", ["ConvLSTM1D", "ConvGRU1D"])
def test_dropout_draws_once_a_sequence(name):
    """All of the inputs, or of the state, dropped are none; one draw holds at every step."""
    x = np.ones((2, 4, 3, 3), "float32")
    layer = getattr(cello.layers, name)(2, 1, dropout=0.5, seed=1, return_sequences=True)
    layer.build(x.shape)
    kernel, recurrent, bias = layer.get_weights()
    layer.set_weights([kernel, 0 * recurrent, bias])
    layer.cell.activation = lambda v: v
    y = outputs_of(layer, x, training=True)
    gate = jax.eval_shape(lambda: layer.cell.project(jnp.zeros_like(x[:, 0]))[0])
    assert gate.shape[1:] == (3, len(layer.cell.recurrence.gates) * 2)
    assert (y[0] != y[1]).any() and np.isfinite(y).all()
    changes = y[:, 1:] - y[:, :-1]
    assert (np.sign(changes[:, 1:]) * np.sign(changes[:, :-1]) >= 0).all()  # the same inputs again
    everything = getattr(cello.layers, name)(2, recurrent_dropout=1.0, return_sequences=True)
    everything.build(x.shape)
    weights = everything.get_weights()
    plain = getattr(cello.layers, name)(2, return_sequences=True)
    plain.build(x.shape)
    plain.set_weights([weights[0], 0 * weights[1], weights[2]])
    close(outputs_of(everything, x, training=True), outputs_of(plain, x), 1e-5)


def test_stateful_and_cells_in_a_row():
    x = np.random.default_rng(0).normal(size=(2, 6, 5, 5, 3)).astype("float32")
    theirs = keras.layers.ConvLSTM2D(4, 3, stateful=True)
    ours = cello.layers.ConvLSTM2D(4, 3, stateful=True)
    for layer in (theirs, ours):
        layer.build((2, 3, 5, 5, 3))
    weights = random_weights(theirs, 2)
    theirs.set_weights(weights), ours.set_weights(weights)
    for piece in (x[:, :3], x[:, 3:]):
        close(ours(piece), theirs(piece), 1e-5)
    cells = [cello.layers.ConvLSTM2DCell(4), cello.layers.ConvGRU2DCell(2)]
    rows = cello.layers.RNN(cells, return_state=True)
    rows.build(x.shape)
    y, *states = outputs_of(rows, x)
    first, second = (
        cello.layers.ConvLSTM2D(4, return_sequences=True), cello.layers.ConvGRU2D(2)
    )  # fmt: skip
    first.build(x.shape), second.build((2, 6, 3, 3, 4))
    first.set_weights(cells[0].get_weights()), second.set_weights(cells[1].get_weights())
    close(y, outputs_of(lambda x: second(first(x)), x), 1e-5)
    assert [s.shape for s in jax.tree.leaves(states)] == [(2, 3, 3, 4)] * 2 + [(2, 1, 1, 2)]


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda k: k.ConvLSTM2D(2, strides=2, dilation_rate=2), "both strides > 1 and dilation"),
        (lambda k: k.ConvGRU2D(2, (3, 3, 3)), "kernel_size must be a number, or one for each of"),
        (lambda k: k.ConvLSTM1D(2, 0), "kernel_size must be a positive integer"),
        (lambda k: k.ConvLSTM2D(2)(np.zeros((2, 3, 5, 5))), "add a channels axis"),
        (lambda k: k.ConvLSTM2D(2)(cello.Input((None, None, 5, 3))), "the size of space"),
        (lambda k: k.ConvGRU1D(2)(np.zeros((2, 3, 2, 3))), "no window fits"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call(cello.layers)


def test_mixed_precision_keeps_states_in_float32():
    x = np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype("float32")
    for name in ("ConvLSTM1D", "ConvGRU1D"):
        exact = getattr(cello.layers, name)(3)
        rounded = getattr(cello.layers, name)(3, return_state=True, dtype="mixed_bfloat16")
        exact.build(x.shape), rounded.build(x.shape)
        rounded.set_weights(exact.get_weights())
        wanted, (y, *states) = outputs_of(exact, x), outputs_of(rounded, x)
        assert y.dtype == jnp.bfloat16 and {s.dtype.name for s in states} == {"float32"}
        close(states[0], wanted, 0.03)
