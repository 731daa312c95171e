"""S4D, S5, Mamba and RG-LRU beside their authors' equations in other forms, and transformers'."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract import ROWS, built, check, close, normal, some_states, weights_of, whole
from in_numpy import in_numpy, outputs_of

from cello import layers
from cello.cells.s5 import normal_hippo
from cello.core.variable import Binding

COMPILATIONS = 155


def named(layer):
    """The weights by name, in float64."""
    return {w.name: np.asarray(w.value, "float64") for w in layer.weights}


# ----------------------------------------------------------------- beside transformers


def transformers_or_skip():
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it deprecates while it is imported
        return torch, pytest.importorskip("transformers")


def random_parameters(torch, module):
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(0.5 * torch.randn(p.shape, generator=generator))
    return module.eval()


@pytest.fixture
def mixer():
    torch, transformers = transformers_or_skip()
    from transformers.models.mamba.modeling_mamba import MambaMixer

    config = transformers.MambaConfig(
        hidden_size=6, state_size=5, expand=2, time_step_rank=3, use_bias=True, num_hidden_layers=1
    )
    return random_parameters(torch, MambaMixer(config, layer_idx=0)), config


def mamba_of(mixer, **options):
    layer = layers.Mamba(6, state_units=5, step_rank=3, use_bias=True, **options)
    layer.build((2, 9, 6))
    theirs = {name: p.detach().numpy() for name, p in mixer.named_parameters()}
    names = {
        "input_kernel": theirs["in_proj.weight"].T,
        "input_bias": theirs["in_proj.bias"],
        "convolution_kernel": theirs["conv1d.weight"][:, 0].T,
        "convolution_bias": theirs["conv1d.bias"],
        "selection_kernel": theirs["x_proj.weight"].T,
        "step_kernel": theirs["dt_proj.weight"].T,
        "step_bias": theirs["dt_proj.bias"],
        "log_decay": theirs["A_log"],
        "skip": theirs["D"],
        "output_kernel": theirs["out_proj.weight"].T,
        "output_bias": theirs["out_proj.bias"],
    }
    layer.set_weights([names[w.name] for w in layer.weights])
    return layer


def test_mamba_is_the_mixer_of_transformers(mixer):
    """Values of a sequence, and gradients for the inputs and a kernel."""
    torch = pytest.importorskip("torch")
    mixer, _ = mixer
    x = normal(2, 9, 6)
    theirs_x = torch.tensor(x, requires_grad=True)
    want = mixer(theirs_x)
    torch.sin(want).sum().backward()
    layer = mamba_of(mixer, return_sequences=True)

    def loss(x, decay):
        (weight,) = (w for w in layer.weights if w.name == "log_decay")
        with Binding({weight: decay}):
            y = layer(x)
        return jnp.sum(jnp.sin(y)), y

    given = x, mixer.A_log.detach().numpy()
    (by_x, by_decay), y = in_numpy(jax.grad(loss, (0, 1), has_aux=True), *given)(*given)
    np.testing.assert_allclose(y, want.detach(), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(by_x, theirs_x.grad, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(by_decay, mixer.A_log.grad, rtol=1e-3, atol=1e-3)


def test_mamba_streams_as_the_mixer_with_its_cache(mixer):
    torch, transformers = transformers_or_skip()
    mixer, config = mixer
    x = normal(2, 9, 6)
    layer = mamba_of(mixer, return_sequences=True, return_state=True)
    cache = transformers.DynamicCache(config=config)
    states = None
    for start, stop in [(0, 4), *((t, t + 1) for t in range(4, 9))]:
        with torch.no_grad():
            want = mixer(torch.tensor(x[:, start:stop]), cache=cache)
        y, *states = outputs_of(layer, x[:, start:stop], initial_state=states)
        np.testing.assert_allclose(y, want, rtol=1e-4, atol=1e-4)


def test_rglru_is_the_recurrence_of_transformers():
    torch, transformers = transformers_or_skip()
    from transformers.models.recurrent_gemma.modeling_recurrent_gemma import RecurrentGemmaRglru

    config = transformers.RecurrentGemmaConfig(lru_width=6, num_attention_heads=1)
    theirs = random_parameters(torch, RecurrentGemmaRglru(config))
    x, start = normal(2, 9, 6), normal(2, 6, seed=1)
    theirs.recurrent_states = torch.tensor(start)
    positions = torch.arange(1, 10).expand(2, -1)  # they set the state to zero where it is 0
    with torch.no_grad():
        want = theirs(torch.tensor(x), positions)
    p = {name: v.detach().numpy() for name, v in theirs.named_parameters()}
    layer = layers.RGLRU(6, return_sequences=True)
    layer.build((2, 9, 6))
    gates = ("recurrent_gate", "input_gate")
    named = {
        "kernel": np.concatenate([p[f"{gate}_weight"][0] for gate in gates], -1),
        "bias": np.concatenate([p[f"{gate}_bias"][0] for gate in gates], -1),
        "decay": -p["recurrent_param"],
    }
    layer.set_weights([named[w.name] for w in layer.weights])
    y = outputs_of(layer, x, initial_state=[start])
    np.testing.assert_allclose(y, want, rtol=1e-4, atol=1e-4)


# ------------------------------------------------------------------- other forms, starts


def convolved(K, u):
    """`y_t = sum_k K_k u_{t-k}`, with `K` `(time, channels)` and `u` `(batch, time, channels)`."""
    length = 2 * u.shape[1]
    spectrum = np.fft.rfft(K, length, axis=0) * np.fft.rfft(u, length, axis=1)
    return np.fft.irfft(spectrum, length, axis=1)[:, : u.shape[1]]


@pytest.mark.parametrize("start", ["lin", "inv", "real"])
def test_s4d_is_a_convolution(start):
    """`K * u` with `K_k = 2 Re(sum(C a^k b))`, the form in which its paper trains it."""
    layer = layers.S4D(3, start=start, return_sequences=True)
    u = normal(2, 40, 3)
    layer.build(u.shape)
    y = outputs_of(layer, u)
    w = named(layer)
    A = -np.exp(w["log_decay"]) + 1j * w["frequency"]
    a = np.exp(np.exp(w["log_step"])[:, None] * A)
    C = w["readout_weights"][0] + 1j * w["readout_weights"][1]
    K = 2 * np.einsum("hn,hnk->kh", C * (a - 1) / A, a[..., None] ** np.arange(40)).real
    v = jax.nn.gelu(convolved(K, u) + w["skip"] * u, approximate=False)
    want = jax.nn.glu(v @ w["output_kernel"] + w["output_bias"])
    np.testing.assert_allclose(y, want, rtol=1e-4, atol=1e-4)


def test_s4d_starts_as_its_paper_says():
    n, N = np.arange(5), 10
    frequencies = {
        "lin": np.pi * n,
        "inv": N / np.pi * (N / (2 * n + 1) - 1),
        "real": 0 * n,
    }
    for start, frequency in frequencies.items():
        layer = layers.S4D(500, state_units=N, start=start, dt_min=0.01, dt_max=1.0)
        layer.build((1, 1, 2))
        w = named(layer)
        decay = n + 1 if start == "real" else np.full(5, 0.5)
        np.testing.assert_allclose(np.exp(w["log_decay"]), np.tile(decay, (500, 1)), rtol=1e-6)
        np.testing.assert_allclose(w["frequency"], np.tile(frequency, (500, 1)), rtol=1e-6)
        step = np.exp(w["log_step"])
        assert 0.01 * 0.9999 <= step.min() < 0.0105 and 0.95 < step.max() <= 1.0001
        assert abs(np.mean(step < 0.1) - 0.5) < 0.08  # log-uniform
        assert abs(np.mean(w["readout_weights"] ** 2) - 0.5) < 0.05


def test_s5_starts_as_the_normal_part_of_hippo():
    """Before it is made diagonal: a real system, `h' = A h + B x`, `y = C h + D x`, by the
    exponential of its matrix."""
    scipy = pytest.importorskip("scipy.linalg")
    n, step = 8, 0.05
    layer = layers.S5(3, state_units=n, dt_min=step, dt_max=step, return_sequences=True)
    x = normal(2, 30, 4)
    layer.build(x.shape)
    y = outputs_of(layer, x)
    w = named(layer)
    i, k = np.indices((n, n))
    root = np.sqrt((2 * i + 1) * (2 * k + 1))
    legs = np.where(i > k, -root, np.where(i == k, -(i + 1.0), 0))
    A = legs + root / 2
    np.testing.assert_allclose(A, -np.eye(n) / 2 + (A - A.T) / 2, atol=1e-12)
    eigenvalues, V = normal_hippo(n)
    np.testing.assert_allclose(A @ V, V * eigenvalues, atol=1e-12)
    np.testing.assert_allclose(np.exp(w["log_decay"]), 0.5, rtol=1e-6)
    B = 2 * ((w["input_kernel"][:, : n // 2] + 1j * w["input_kernel"][:, n // 2 :]) @ V.T).real
    C = w["output_kernel"][: n // 2] - 1j * w["output_kernel"][n // 2 :]
    C = 2 * (V.conj() @ C).real
    one_step = scipy.expm(step * A)
    held = np.linalg.solve(A, one_step - np.eye(n)) @ B.T
    h, want = np.zeros((2, n)), []
    for t in range(30):
        h = h @ one_step.T + x[:, t] @ held.T
        want.append(h @ C + x[:, t] @ w["skip_kernel"])
    np.testing.assert_allclose(y, np.stack(want, 1), rtol=1e-4, atol=1e-4)


def test_mamba_starts_as_its_authors_code():
    layer = layers.Mamba(64, dt_min=0.01, dt_max=1.0)
    layer.build((1, 1, 2))
    w = named(layer)
    np.testing.assert_allclose(
        np.exp(w["log_decay"]), np.tile(np.arange(1, 17), (128, 1)), rtol=1e-5
    )
    step = np.log1p(np.exp(w["step_bias"]))
    assert 0.01 * 0.999 <= step.min() < 0.013 and 0.75 < step.max() <= 1.001
    assert abs(np.mean(step < 0.1) - 0.5) < 0.15
    assert w["step_kernel"].shape == (4, 128) and np.abs(w["step_kernel"]).max() <= 0.5
    assert abs(w["output_kernel"].std() * np.sqrt(3 * 128) - 1) < 0.05


def test_bad_arguments_are_refused():
    for layer in (layers.S4D, layers.S5, layers.Mamba):
        with pytest.raises(ValueError, match=r"dt_min=0\.5, dt_max=0\.1"):
            layer(4, dt_min=0.5)
    for layer in (layers.S4D, layers.S5):
        with pytest.raises(ValueError, match=r"state_units must be .*an even positive integer"):
            layer(4, state_units=3)


# ------------------------------------------------------------------------- segments


@pytest.mark.parametrize(
    ("name", "masked", "options"),
    [
        ("S4D", True, {"return_sequences": True}),
        ("S4D", True, {}),
        ("Mamba", False, {"return_sequences": True}),
        (
            "Mamba",
            True,
            {
                "return_sequences": True,
                "go_backwards": True,
                "return_all_states": True,
                "zero_output_for_mask": True,
            },
        ),
    ],
)
def test_segments_are_the_whole(name, masked, options, monkeypatch):
    """Values and gradients, with rows whose masked steps fill a segment, or begin one."""
    layer = built(getattr(layers, name)(4, state_units=2, return_state=True, **options))
    x, states = normal(ROWS, 10, 3), some_states(layer)
    mask = np.ones((ROWS, 10), bool)
    mask[1, 2:8], mask[2, 8:], mask[3] = False, False, False
    given = weights_of(layer), [], x, states, mask, np.ones(ROWS, "float32")
    wanted = whole(layer, False, masked, x, states)(*given)
    monkeypatch.setattr(layer.cell, "segment", 3)
    close(whole(layer, False, masked, x, states)(*given), wanted, 1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"return_sequences": True},
        {},
        {"return_sequences": True, "go_backwards": True, "discretization": "bilinear"},
        {"start": "real"},
    ],
)
def test_chunks_of_s4d_are_its_repeated_step(options, monkeypatch):
    """Ten steps by chunks of four and two single ones, and by chunks of five."""
    layer = built(layers.S4D(4, state_units=6, return_state=True, **options))
    for chunk in (4, 5):
        monkeypatch.setattr(layer.cell, "chunk", chunk)
        check(layer, masked=False, training=False, time=10)
