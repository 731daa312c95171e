"""Recurrent layers to and from PyTorch: the same outputs, states and gradients, both ways."""

import subprocess
import sys

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from safetensors.numpy import save_file

import cello
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    LSTMCell,
    Masking,
    ProjectedLSTM,
    SimpleRNN,
)
from cello.saving import from_torch, to_torch

COMPILATIONS = 330

torch = pytest.importorskip("torch")

# PyTorch tells of the speed of its own projection.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def randomised(module, seed=0):
    """No two parameters alike, so that exchanged gates and biases are noticed."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.5, generator=generator)
    return module.eval()


def random_weights(layer, seed=0):
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(size=w.shape) * 0.5 for w in layer.weights])
    return layer


def run(module, x):
    """`(outputs, [states of the last layer, forward first])` on `(batch, time, features)`."""
    x = torch.tensor(x)
    outputs, states = module(x if module.batch_first else x.transpose(0, 1))
    outputs = outputs if module.batch_first else outputs.transpose(0, 1)
    states = states if isinstance(states, tuple) else (states,)
    directions = 2 if module.bidirectional else 1
    last = [s[d - directions] for d in range(directions) for s in states]
    return outputs.detach().numpy(), [s.detach().numpy() for s in last]


def close(got, want, tolerance=1e-5):
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


@st.composite
def modules(draw):
    """What `torch.nn` takes, a name first."""
    name = draw(st.sampled_from(["RNN", "LSTM", "GRU"]))
    options = {
        "input_size": 3,
        "hidden_size": 4,
        "num_layers": draw(st.integers(1, 2)),
        "bidirectional": draw(st.booleans()),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
    }
    if name == "RNN":
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    if name == "LSTM":
        options["proj_size"] = draw(st.sampled_from([0, 2]))
    if options["num_layers"] > 1:
        options["dropout"] = draw(st.sampled_from([0.0, 0.3]))
    return name, options, draw(st.integers(0, 2**31))


BIG = {"input_size": 3, "hidden_size": 4, "num_layers": 2, "bidirectional": True}


@settings(settings.get_profile("brief"))
@given(modules())
@example(("LSTM", {**BIG, "proj_size": 2, "dropout": 0.5}, 1))
@example(("GRU", BIG, 2))
@example(("RNN", {**BIG, "nonlinearity": "relu"}, 3))
@example(("GRU", {"input_size": 1, "hidden_size": 1, "num_layers": 3}, 4))
def test_the_same_outputs_and_states_both_ways(case):
    name, options, seed = case
    module = randomised(getattr(torch.nn, name)(**options), seed)
    x = normal(2, 5, options["input_size"], seed=seed)
    want, want_states = run(module, x)

    layer = from_torch(module, return_state=True)
    outputs, *states = layer(x)
    close(outputs, want)
    assert len(states) == len(want_states)
    for got, state in zip(states, want_states, strict=True):
        close(got, state)
    close(from_torch(module, return_sequences=False)(x), last_of(module, want))

    back = to_torch(layer)
    assert type(back) is type(module) and not back.training and back.batch_first
    for field in ("input_size", "hidden_size", "num_layers", "bias", "bidirectional", "dropout"):
        assert getattr(back, field) == getattr(module, field), field
    assert back.proj_size == module.proj_size
    got, got_states = run(back, x)
    close(got, want)
    for g, state in zip(got_states, want_states, strict=True):
        close(g, state)


def last_of(module, outputs):
    """The output at the last step of each direction."""
    if not module.bidirectional:
        return outputs[:, -1]
    half = outputs.shape[-1] // 2
    return np.concatenate([outputs[:, -1, :half], outputs[:, 0, half:]], -1)


@st.composite
def layers(draw):
    """One of ours, with random weights and biases of its own in each direction and layer."""
    kind = draw(st.sampled_from([SimpleRNN, LSTM, GRU, ProjectedLSTM]))
    options = {"return_sequences": True, "use_bias": draw(st.booleans())}
    if kind is SimpleRNN:
        options["activation"] = draw(st.sampled_from(["tanh", "relu"]))
    both, dropout = draw(st.booleans()), draw(st.booleans())
    chain = []
    for i in range(draw(st.integers(1, 2))):
        if i and dropout:
            chain.append(Dropout(0.2))
        layer = kind(4, **options)
        chain.append(Bidirectional(layer) if both else layer)
    whole = chain[0] if len(chain) == 1 else cello.Sequential(chain)
    seed = draw(st.integers(0, 2**31))
    whole.build((None, None, 3))
    return random_weights(whole, seed), seed


@settings(settings.get_profile("brief"))
@given(layers())
def test_a_layer_made_here_is_the_same_there(case):
    layer, seed = case
    x = normal(2, 5, 3, seed=seed)
    module = to_torch(layer)
    close(run(module, x)[0], layer(x))
    close(from_torch(module)(x), layer(x))


def test_gradients_are_those_of_pytorch():
    module = randomised(torch.nn.LSTM(3, 4, 2, bidirectional=True, batch_first=True), 5)
    layer = from_torch(module)
    x, weight = normal(2, 5, 3), normal(2, 5, 8, seed=1)
    given_x = torch.tensor(x, requires_grad=True)
    (module(given_x)[0] * torch.tensor(weight)).sum().backward()

    def loss(weights, x):
        with cello.core.variable.Binding(dict(zip(layer.weights, weights, strict=True))):
            return jnp.sum(layer(x) * weight)

    ours, ours_x = jax.grad(loss, (0, 1))([w.value for w in layer.weights], jnp.asarray(x))
    close(ours_x, given_x.grad, 1e-4)
    theirs = [
        getattr(module, f"{name}_l{i}{d}").grad.numpy().T
        for i in range(2)
        for d in ("", "_reverse")
        for name in ("weight_ih", "weight_hh", "bias_ih")
    ]
    for got, want in zip(ours, theirs, strict=True):
        close(got, want, 1e-4)


def test_fine_tuning_there_starts_from_the_same_loss():
    """A module that was moved trains: its parameters have gradients."""
    module = to_torch(random_weights(built(GRU(4, return_sequences=True))))
    module.train()
    module(torch.tensor(normal(2, 3, 2)))[0].sum().backward()
    assert all(p.grad is not None for p in module.parameters())


def built(layer, features=2):
    layer.build((None, None, features))
    return layer


# ----------------------------------------------------------------------- what is given


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(9, 3)
        self.encoder = torch.nn.LSTM(3, 4, batch_first=True)
        self.head = torch.nn.Linear(4, 2)

    def forward(self, tokens):
        return self.head(self.encoder(self.embed(tokens))[0])


def test_a_whole_network_layer_by_layer():
    network = randomised(Network())
    tokens = np.array([[1, 5, 8], [0, 2, 2]])
    model = cello.Sequential([from_torch(network, p) for p in ("embed", "encoder.", "head")])
    want = network(torch.tensor(tokens)).detach().numpy()
    close(model(tokens), want)
    state = network.state_dict()
    close(from_torch(state)(normal(1, 2, 3)), from_torch(network.encoder)(normal(1, 2, 3)))
    close(from_torch(state, "head")(normal(2, 4)), from_torch(network.head)(normal(2, 4)))
    for name, layer in zip(("embed", "head"), (model.layers[0], model.layers[2]), strict=True):
        back = to_torch(layer)
        assert type(back) is type(getattr(network, name))
        np.testing.assert_array_equal(back.weight.detach(), state[f"{name}.weight"])
    plain = randomised(torch.nn.Linear(3, 2, bias=False))
    close(from_torch(plain)(normal(2, 3)), plain(torch.tensor(normal(2, 3))).detach())
    assert to_torch(from_torch(plain)).bias is None


@pytest.mark.parametrize("kind", ["tensors", "numpy", "jax", "safetensors", "float64", "bfloat16"])
def test_every_kind_of_state_dict(kind, tmp_path):
    module = randomised(torch.nn.GRU(3, 4, 2, bidirectional=True))
    if kind == "bfloat16":
        module = module.bfloat16()
    state = module.state_dict()
    arrays = {n: t.float().numpy() for n, t in state.items()}
    source = {
        "tensors": lambda: state,
        "numpy": lambda: arrays,
        "jax": lambda: {n: jnp.asarray(a) for n, a in arrays.items()},
        "safetensors": lambda: tmp_path / "w.safetensors",
        "float64": lambda: {n: a.astype("float64") for n, a in arrays.items()},
        "bfloat16": lambda: state,
    }[kind]()
    if kind == "safetensors":
        save_file(arrays, source)
    layer = from_torch(source)
    assert {w.dtype.name for w in layer.weights} == {"float32"}
    close(layer(normal(2, 5, 3)), from_torch(module.float())(normal(2, 5, 3)), 1e-6)


def test_bfloat16_in_a_safetensors_file(tmp_path):
    import ml_dtypes

    state = randomised(torch.nn.LSTM(2, 3)).state_dict()
    arrays = {n: t.numpy().astype(ml_dtypes.bfloat16) for n, t in state.items()}
    save_file(arrays, tmp_path / "w.safetensors")
    layer = from_torch(str(tmp_path / "w.safetensors"))
    want = from_torch({n: a.astype("float32") for n, a in arrays.items()})
    np.testing.assert_array_equal(layer(normal(1, 2, 2)), want(normal(1, 2, 2)))


def test_without_pytorch(tmp_path):
    """A file is read where PyTorch cannot be imported, and to_torch says that it wants it."""
    module = randomised(torch.nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2, batch_first=True))
    save_file({n: t.numpy() for n, t in module.state_dict().items()}, tmp_path / "w.safetensors")
    x = normal(2, 5, 3)
    np.save(tmp_path / "x.npy", x)
    program = f"""
import sys
sys.modules["torch"] = None  # import torch raises ImportError
import numpy as np
from cello.saving import from_torch, to_torch
layer = from_torch(r"{tmp_path / "w.safetensors"}")
np.save(r"{tmp_path / "y.npy"}", layer(np.load(r"{tmp_path / "x.npy"}")))
try:
    to_torch(layer)
except ImportError as error:
    assert "torch" in str(error)
else:
    sys.exit("to_torch needs PyTorch")
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    close(np.load(tmp_path / "y.npy"), run(module, x)[0])


def test_what_a_state_dict_does_not_say():
    module = randomised(torch.nn.RNN(2, 3, 2, nonlinearity="relu", dropout=0.5))
    state, x = module.state_dict(), normal(2, 4, 2)
    want = run(module, x)[0]
    assert np.abs(np.asarray(from_torch(state)(x)) - want).max() > 1e-3  # tanh, PyTorch's default
    layer = from_torch(state, nonlinearity="relu", dropout=0.25)
    close(layer(x), want)
    assert layer.layers[1].rate == 0.25
    assert from_torch(module).layers[1].rate == 0.5
    assert len(from_torch(state).layers) == len(from_torch(module, dropout=0.0).layers) == 2
    with pytest.raises(ValueError, match=r"nonlinearity must be .*Received: 'selu'"):
        from_torch(state, nonlinearity="selu")


def test_names_dtype_and_trainable():
    assert from_torch(torch.nn.GRU(2, 3)).name == "gru"
    module = torch.nn.LSTM(2, 3, 2)
    assert from_torch(module, name="encoder").name == "encoder"
    assert from_torch(torch.nn.GRU(2, 3), name="encoder").name == "encoder"
    assert from_torch(torch.nn.GRU(2, 3, bidirectional=True), name="both").name == "both"
    half = from_torch(module, dtype="bfloat16")
    assert {w.dtype.name for w in half.weights} == {"bfloat16"}
    assert to_torch(half).weight_ih_l0.dtype == torch.bfloat16
    assert from_torch(module).trainable_weights
    module.requires_grad_(False)
    assert not from_torch(module).trainable_weights
    assert from_torch(module.state_dict()).trainable_weights


def test_the_result_is_a_layer_like_any_other():
    x = normal(16, 6, 2)
    encoder = from_torch(randomised(torch.nn.LSTM(2, 4, 2, dropout=0.2)), return_sequences=False)
    model = cello.Sequential([cello.Input((None, 2)), encoder, Dense(1)])
    model.compile("adam", "mse")
    before = encoder.get_weights()
    model.fit(x, x.sum((1, 2))[:, None], epochs=2, verbose=0)
    assert all((a != b).any() for a, b in zip(before, encoder.get_weights(), strict=True))
    again = cello.Sequential.from_config(model.get_config())
    again.set_weights(model.get_weights())
    close(again(x), model(x), 1e-6)
    module = to_torch(encoder)
    close(last_of(module, run(module, x)[0]), encoder(x))


# --------------------------------------------------------------------------- refusals


def without(state, *names, **more):
    return {**{n: t for n, t in state.items() if n not in names}, **more}


LSTM_STATE = torch.nn.LSTM(2, 3, 2).state_dict()
TWO = torch.nn.ModuleDict({"a": torch.nn.LSTM(2, 3), "b": torch.nn.GRU(2, 3)})


@pytest.mark.parametrize(
    "source, options, message",
    [
        (without(LSTM_STATE, "bias_hh_l1"), {}, r"Missing: \['bias_hh_l1'\]; too many: nothing"),
        (without(LSTM_STATE, extra=torch.ones(2)), {}, r"Missing: nothing; too many: \['extra'\]"),
        (
            without(LSTM_STATE, weight_ih_l7=torch.ones(12, 3)),
            {},
            r"Missing: \['weight_ih_l2', .*too many: \['weight_ih_l7'\]",
        ),
        (
            without(LSTM_STATE, weight_ih_l1=torch.ones(12, 4)),
            {},
            r"nn.LSTM: weight_ih_l1 is \(12, 4\) and should be \(12, 3\)\.$",
        ),
        (
            without(LSTM_STATE, bias_hh_l0=torch.ones(9), weight_hh_l1=torch.ones(12, 2)),
            {},
            r"bias_hh_l0 is \(9,\) and should be \(12,\); weight_hh_l1 is \(12, 2\) and should be",
        ),
        ({"weight_ih_l0": np.ones((6, 2)), "weight_hh_l0": np.ones((6, 3))}, {}, r"1 \(RNN\), 3"),
        ({"weight_ih_l0": np.ones((6, 2)), "weight_hh_l0": np.ones(6)}, {}, "expects matrices"),
        (
            {"weight_ih_l0": np.ones((9, 2)), "weight_hh_l0": np.ones((9, 2)),
             "weight_hr_l0": np.ones((2, 3))},
            {},
            "4 with a projection",
        ),
        ({"weight_ih_l0": np.ones((3, 2), "int8")}, {}, "floating numbers and got int8"),
        ({"weight_ih_l0": [1.0]}, {}, "expects arrays in a state dict and got list"),
        (TWO, {}, r"several recurrent modules.*\['a\.', 'b\.'\]"),
        (TWO.state_dict(), {"prefix": "c"}, r"'c\.weight_ih_l0'.*at \['a\.', 'b\.'\]"),
        ({"state_dict": LSTM_STATE, "epoch": 3}, {}, "the names are state_dict, epoch"),
        (torch.nn.LSTMCell(2, 3), {}, "found no nn.RNN, nn.LSTM or nn.GRU"),
        (torch.nn.LayerNorm(3), {}, "knows nn.RNN, nn.LSTM, nn.GRU, nn.Linear and nn.Embedding"),
        (torch.nn.Embedding(3, 2, max_norm=1.0), {}, "without max_norm"),
        ({"weight": np.ones((3, 2))}, {}, "pass the module"),
        ({"weight": np.ones((3, 2)), "bias": np.ones(2)}, {}, r"bias is \(2,\) and should be \(3,"),
        (3, {}, "expects a PyTorch module, a state dict or the path .* got int"),
        ("model.pt", {}, r"weights_only=True"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_anything_is_made(
    source, options, message, monkeypatch
):
    monkeypatch.setattr(cello.Layer, "add_weight", None)  # no weight may be made
    with pytest.raises(ValueError, match=message):
        from_torch(source, **options)


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        from_torch(tmp_path / "w.safetensors")
    (tmp_path / "w.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(cello.saving.ModelFileError, match="not a whole safetensors file"):
        from_torch(tmp_path / "w.safetensors")


def chain(*parts):
    model = cello.Sequential(list(parts))
    model.build((None, None, 2))
    return model


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda: built(LSTM(3, activation="relu")),
            r"LSTM 'lstm' .*activation=relu\): it has",
        ),
        (lambda: built(GRU(3, recurrent_activation="hard_sigmoid")), "it has sigmoid only"),
        (lambda: built(SimpleRNN(3, activation="elu")), "activation=elu.*nn.RNN has tanh and relu"),
        (lambda: built(GRU(3, reset_after=False)), "reset_after=False.*train it with reset_after"),
        (lambda: built(LSTM(3, go_backwards=True)), "go_backwards=True.*flip the inputs"),
        (lambda: built(Bidirectional(LSTM(3), "sum")), "Bidirectional .*merge_mode='sum'"),
        (lambda: built(Bidirectional(LSTM(3, go_backwards=True))), "exchange the two directions"),
        (lambda: built(ProjectedLSTM(3, 3)), "projection=3, units=3.*fewer than its units"),
        (lambda: built(RNN(LSTMCell(3))), "RNN 'rnn' .*none of SimpleRNN, GRU, LSTM"),
        (lambda: chain(LSTM(3, return_sequences=True), Dense(2)), "Dense 'dense' has no"),
        (lambda: chain(Masking(), LSTM(3)), "Masking 'masking' has no counterpart"),
        (lambda: chain(LSTM(3, return_sequences=True), LSTM(4)), "differ: LSTM 'lstm' of 3 units"),
        (lambda: chain(LSTM(3, return_sequences=True), GRU(3)), "its layers differ"),
        (
            lambda: chain(Bidirectional(LSTM(3, return_sequences=True)), LSTM(3)),
            "some layers are bidirectional",
        ),
        (lambda: chain(LSTM(3), Dropout(0.1)), "PyTorch drops one fraction between all layers"),
        (lambda: built(Dense(3, "tanh")), "Dense 'dense' .*split it into Dense and Activation"),
        (lambda: LSTM(3), "LSTM 'lstm' has no weights yet"),
        (lambda: torch.nn.LSTM(2, 3), "expects a layer of Cello's and got LSTM"),
    ],
)
def test_what_pytorch_cannot_say_is_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        to_torch(make())


def test_biases_of_some_layers_only():
    """PyTorch has one `bias` for all layers: those without get zeros."""
    model = chain(LSTM(3, return_sequences=True, use_bias=False), LSTM(3, return_sequences=True))
    random_weights(model)
    module = to_torch(model)
    close(run(module, normal(2, 4, 2))[0], model(normal(2, 4, 2)))
    assert not module.bias_ih_l0.any() and module.bias_ih_l1.any()


# ------------------------------------------------------------------ the layer for proj_size


def test_a_projected_lstm_has_half_of_its_units_unless_told():
    layer = built(ProjectedLSTM(5, return_state=True))
    assert [v.shape for v in layer(normal(3, 4, 2))] == [(3, 2), (3, 2), (3, 5)]
    assert ProjectedLSTM(5).get_config()["projection"] == 2 and ProjectedLSTM(1).projection == 1
    assert layer.engine == "scan" and "no projection" in layer.engine.reason
    with pytest.raises(ValueError, match="projection must be None or a positive integer"):
        ProjectedLSTM(5, 0)


@pytest.mark.parametrize("go_backwards", [False, True])
def test_a_projected_lstm_takes_masks_states_and_directions(go_backwards):
    """Padded rows against PyTorch's packed sequences."""
    module = randomised(torch.nn.LSTM(2, 4, proj_size=3, batch_first=True))
    x, lengths = normal(3, 5, 2), [5, 3, 1]
    h, c = normal(3, 3, seed=1), normal(3, 4, seed=2)
    steps = [x[i, :n] for i, n in enumerate(lengths)]
    steps = [s[::-1].copy() for s in steps] if go_backwards else steps
    packed = torch.nn.utils.rnn.pack_sequence([torch.tensor(s) for s in steps])
    _, (want_h, want_c) = module(packed, (torch.tensor(h)[None], torch.tensor(c)[None]))
    layer = ProjectedLSTM(4, 3, return_state=True, go_backwards=go_backwards)
    built(layer).set_weights(from_torch(module).get_weights())
    mask = np.arange(5)[None] < np.array(lengths)[:, None]
    outputs, got_h, got_c = layer(x, initial_state=[h, c], mask=mask)
    close(outputs, want_h[0].detach())
    close(got_h, want_h[0].detach())
    close(got_c, want_c[0].detach())


def test_a_projected_lstm_drops_and_trains(capsys):
    model = chain(
        Bidirectional(ProjectedLSTM(6, 3, dropout=0.3, recurrent_dropout=0.3, seed=1)), Dense(1)
    )
    x = normal(64, 5, 2)
    first = model(x, training=True)
    assert np.abs(np.asarray(first) - model(x, training=True)).max() > 1e-3
    np.testing.assert_array_equal(model(x), model(x))
    model.compile(cello.optimizers.Adam(0.02), "mse")
    history = model.fit(x, x.sum((1, 2))[:, None], epochs=30, verbose=0).history["loss"]
    assert history[-1] < 0.5 * history[0]
    model.summary(engines=True, line_length=100)
    assert "(None, 6)" in capsys.readouterr().out
    again = cello.Sequential.from_config(model.get_config())
    again.set_weights(model.get_weights())
    close(again(x), model(x), 1e-6)


def test_embeddings_both_ways():
    layer = Embedding(5, 3)
    layer(np.array([[1]]))
    np.testing.assert_array_equal(
        to_torch(layer)(torch.tensor([[4, 0]])).detach(), layer(np.array([[4, 0]]))
    )
