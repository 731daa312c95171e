"""Linear recurrent cells, each against its paper's equations; the laws are in test_cells.py."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from equations import FEATURES, close, made, moved, normal, run, same_as, weights_of
from in_numpy import in_numpy, outputs_of

from cello import layers
from cello.cells.linear import LinearCell

COMPILATIONS = 800
NAMES = [
    cls.__name__
    for cls in vars(layers).values()
    if isinstance(cls, type)
    and issubclass(cls, layers.RNN)
    and issubclass(cls._cell_class or object, LinearCell)
]


# ------------------------------------------------------- beside the laws of test_cells.py

SEVERAL = "MinGRU LRU QRNN S4D Mamba RetNet MLSTM DeltaNet RWKV7".split()


@pytest.mark.parametrize(
    "name", [n if n in SEVERAL else pytest.param(n, marks=pytest.mark.deep) for n in NAMES]
)
def test_long_and_extreme_inputs_stay_finite(name):
    layer = made(name, return_sequences=True)
    for x in (normal(1, 2000, FEATURES), 1e4 * normal(2, 50, FEATURES)):
        assert all(np.isfinite(a).all() for a in jax.tree.leaves(run(layer, x)))


@pytest.mark.parametrize("name", ["LRU", "DeltaNet"])  # two parts of a state, a window
def test_learned_and_stateful_starts(name):
    x = normal(2, 5, FEATURES)
    learned = made(name, initial_state="learned", return_sequences=True)
    start = [np.broadcast_to(w.numpy(), (2, *w.shape)) for w in learned.learned_state]
    plain = made(name, return_sequences=True)
    for there, here in zip(plain.cell.weights, learned.cell.weights, strict=True):
        there.assign(here.value)
    close(outputs_of(learned, x), outputs_of(plain, x, initial_state=start))
    stateful = getattr(layers, name)(4, stateful=True, return_sequences=True)
    stateful.build(x.shape)
    stateful.set_weights(plain.get_weights())
    close(np.concatenate([stateful(x[:, :2]), stateful(x[:, 2:])], 1), outputs_of(plain, x))


@pytest.mark.parametrize("name", NAMES)
def test_dtypes_of_16_bits(name):
    x = normal(2, 6, FEATURES)
    full = getattr(layers, name)(4, return_sequences=True)
    mixed = getattr(layers, name)(
        4, return_sequences=True, return_state=True, dtype="mixed_bfloat16"
    )
    full.build(x.shape), mixed.build(x.shape)
    mixed.set_weights(full.get_weights())
    y, *states = outputs_of(mixed, x)
    assert y.dtype == jnp.bfloat16 and {s.dtype.name for s in states} == {"float32"}
    np.testing.assert_allclose(y.astype("float32"), outputs_of(full, x), atol=0.04)
    half = getattr(layers, name)(4, dtype="float16")
    half.build(x.shape)
    assert jax.eval_shape(lambda: half(x)).dtype == jnp.float16


# ---------------------------------------------------------- the equations of the papers


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_min_gru_is_the_log_space_form_of_the_paper():
    """Appendix B: a cumulative sum of logarithms, without a loop."""

    def equations(torch, w, x, states):
        softplus = torch.nn.functional.softplus
        k, c = (x @ w["kernel"] + w["bias"]).chunk(2, -1)
        g = torch.where(c >= 0, c + 0.5, torch.sigmoid(c))
        log_coefficients = torch.cumsum(-softplus(k), 1)
        log_values = torch.cat([states[0].log()[:, None], -softplus(-k) + g.log()], 1)
        ahead = torch.nn.functional.pad(log_coefficients, (0, 0, 1, 0))
        return (ahead + torch.logcumsumexp(log_values - ahead, 1)).exp()[:, 1:]

    same_as("MinGRU", equations)


def test_min_gru_without_g():
    def equations(torch, w, x, states):
        h, out = states[0], []
        for t in range(x.shape[1]):
            k, c = (x[:, t] @ w["kernel"] + w["bias"]).chunk(2, -1)
            z = torch.sigmoid(k)
            h = (1 - z) * h + z * c
            out.append(h)
        return torch.stack(out, 1)

    same_as("MinGRU", equations, positive=False)


@pytest.mark.parametrize("positive", [True, False])
def test_min_lstm(positive):
    def equations(torch, w, x, states):
        h, out = states[0], []
        for t in range(x.shape[1]):
            f, i, c = (x[:, t] @ w["kernel"] + w["bias"]).chunk(3, -1)
            f, i = torch.sigmoid(f), torch.sigmoid(i)
            if positive:
                c = torch.where(c >= 0, c + 0.5, torch.sigmoid(c))
            h = f / (f + i) * h + i / (f + i) * c
            out.append(h)
        return torch.stack(out, 1)

    same_as("MinLSTM", equations, positive=positive)


def test_min_lstm_where_both_gates_are_all_but_closed():
    """In float32 sigmoid(-200) is 0, and 0 / (0 + 0) is no number."""
    layer = layers.MinLSTM(1, positive=False, bias_initializer="zeros")
    layer.build((1, 1, 3))
    layer.set_weights([np.eye(3), np.zeros(3)])
    x = np.array([[[-200.0, -201.0, 5.0]]], "float32")
    start = [np.array([[3.0]], "float32")]
    close(outputs_of(layer, x, initial_state=start), 3 * sigmoid(1.0) + 5 * sigmoid(-1.0))


def test_lru():
    def equations(torch, w, x, states):
        n = w["nu"].shape[0]
        eigenvalues = torch.exp(torch.complex(-torch.exp(w["nu"]), torch.exp(w["theta"])))
        b = torch.complex(w["input_kernel"][:, :n], w["input_kernel"][:, n:])
        c = torch.complex(w["output_kernel"][:n], -w["output_kernel"][n:])
        h, out = torch.complex(*states), []
        for t in range(x.shape[1]):
            h = eigenvalues * h + torch.exp(w["gamma"]) * (x[:, t].to(b.dtype) @ b)
            out.append((h @ c).real + x[:, t] @ w["skip_kernel"])
        return torch.stack(out, 1)

    same_as("LRU", equations, state_units=5)


def test_lru_starts_from_a_ring_and_stays_stable():
    layer = layers.LRU(2, 4000, r_min=0.4, r_max=0.8, max_phase=1.5)
    layer.build((1, 1, 3))
    w = weights_of(layer)
    radius, phase = np.exp(-np.exp(w["nu"])), np.exp(w["theta"])
    assert 0.4 <= radius.min() < 0.42 and 0.79 < radius.max() <= 0.8 + 1e-6
    # Uniform over the ring: as many within the radius that halves its area.
    assert abs(np.mean(radius**2 < (0.4**2 + 0.8**2) / 2) - 0.5) < 0.04
    assert 0 < phase.min() < 0.01 and 1.49 < phase.max() <= 1.5 + 1e-6
    np.testing.assert_allclose(np.exp(w["gamma"]), np.sqrt(1 - radius**2), rtol=1e-4)
    assert abs(w["input_kernel"].std() * np.sqrt(2 * 3) - 1) < 0.03
    assert abs(w["output_kernel"].std() * np.sqrt(4000) - 1) < 0.03
    moved(layer, scale=3.0)
    x = np.zeros((1, 3), "float32")
    a, *_ = in_numpy(layer.cell.coefficients, x)(x)
    assert np.abs(a).max() <= 1
    with pytest.raises(ValueError, match="r_min must be less than r_max"):
        layers.LRU(2, r_min=0.9, r_max=0.9)


@pytest.mark.parametrize("features", [4, 3])
def test_sru(features):
    def equations(torch, w, x, states):
        alpha = np.sqrt(1 + 2 * np.exp(-1.0))
        c, out = states[0], []
        for t in range(x.shape[1]):
            new, f, r = (x[:, t] @ w["kernel"]).chunk(3, -1)
            b_f, b_r = w["bias"].chunk(2)
            f, r = torch.sigmoid(f + b_f), torch.sigmoid(r + b_r)
            c = f * c + (1 - f) * new
            around = x[:, t] if features == 4 else x[:, t] @ w["input_kernel"]
            out.append(r * c + (1 - r) * around * alpha)
        return torch.stack(out, 1)

    same_as("SRU", equations, features=features, highway_bias=-1.0)


def test_sru_without_the_highway():
    def equations(torch, w, x, states):
        c, out = states[0], []
        for t in range(x.shape[1]):
            new, f = (x[:, t] @ w["kernel"]).chunk(2, -1)
            f = torch.sigmoid(f + w["bias"])
            c = f * c + (1 - f) * new
            out.append(c)
        return torch.stack(out, 1)

    same_as("SRU", equations, highway=False)


def test_sru_starts_as_its_paper_says():
    layer = layers.SRU(40, highway_bias=-2.0)
    layer.build((1, 1, 50))
    w = weights_of(layer)
    np.testing.assert_array_equal(w["bias"], [0.0] * 40 + [-2.0] * 40)
    assert 0.98 < np.abs(w["kernel"]).max() / np.sqrt(3 / 50) <= 1
    # The outputs of a long sequence have the variance of the inputs.
    deep = layers.SRU(50, return_sequences=True)
    x = normal(4, 400, 50)
    deep.build(x.shape)
    assert 0.8 < outputs_of(deep, x).var() < 1.2


def test_qrnn_is_a_convolution_and_a_pooling():
    """PyTorch's convolution over the whole sequence, with the steps before in front."""

    def equations(torch, w, x, states):
        c, before = states
        kernel = w["kernel"].reshape(3, FEATURES, -1).permute(2, 1, 0)
        whole = torch.cat([before, x], 1).transpose(1, 2)
        gates = torch.nn.functional.conv1d(whole, kernel, w["bias"]).transpose(1, 2)
        z, f, o = gates.chunk(3, -1)
        z, f, o = torch.tanh(z), torch.sigmoid(f), torch.sigmoid(o)
        out = []
        for t in range(x.shape[1]):
            c = f[:, t] * c + (1 - f[:, t]) * z[:, t]
            out.append(o[:, t] * c)
        return torch.stack(out, 1)

    same_as("QRNN", equations, window=3)


@pytest.mark.parametrize("features", [4, 3])
def test_rglru(features):
    def equations(torch, w, x, states):
        h, out = states[0], []
        for t in range(x.shape[1]):
            r, i = torch.sigmoid(x[:, t] @ w["kernel"] + w["bias"]).chunk(2, -1)
            a = torch.sigmoid(w["decay"]) ** (8 * r)
            v = x[:, t] if features == 4 else x[:, t] @ w["input_kernel"]
            h = a * h + torch.sqrt(1 - a**2) * (i * v)
            out.append(h)
        return torch.stack(out, 1)

    same_as("RGLRU", equations, features=features, tolerance=1e-4)


def test_rglru_starts_as_its_paper_says():
    layer = layers.RGLRU(4000)
    layer.build((1, 1, 3))
    decay = sigmoid(weights_of(layer)["decay"]) ** 8
    assert 0.9 - 1e-4 <= decay.min() < 0.901 and 0.998 < decay.max() <= 0.999 + 1e-4
    assert abs(np.mean(decay < 0.92) - 0.02 / 0.099) < 0.03
    assert abs(weights_of(layer)["kernel"].std() * np.sqrt(3) - 1) < 0.03


def test_hgrn():
    def equations(torch, w, x, states):
        h, out = torch.complex(*states), []
        silu = torch.nn.functional.silu
        for t in range(x.shape[1]):
            real, imaginary, m, *g = (x[:, t] @ w["kernel"] + w["bias"]).chunk(5, -1)
            keep = 0.3 + 0.7 * torch.sigmoid(m)
            c = torch.complex(silu(real), silu(imaginary))
            h = torch.polar(keep, w["theta"].expand_as(keep)) * h + (1 - keep) * c
            parts = torch.cat([h.real, h.imag], -1)
            normal = torch.nn.functional.layer_norm(parts, (8,), w["scale"], w["shift"])
            gated = silu(torch.cat(g, -1)) * normal
            out.append(gated @ w["output_kernel"] + w["output_bias"])
        return torch.stack(out, 1)

    same_as("HGRN", equations, tolerance=1e-4, lower_bound=0.3)


def test_hgrn_turns_by_the_frequencies_of_rotary_positions():
    layer = layers.HGRN(8, lower_bound=0.9)
    layer.build((1, 1, 3))
    theta = weights_of(layer)["theta"]
    np.testing.assert_allclose(theta[1:] / theta[:-1], 10000 ** (-2 / 8), rtol=1e-5)
    assert theta[0] == 1
    x = np.float32(1e3) * normal(50, 3)
    a, *_ = in_numpy(layer.cell.coefficients, x)(x)
    radius = np.abs(a)
    assert 0.9 - 1e-6 <= radius.min() < 0.91 and 0.99 < radius.max() <= 1 + 1e-6


@pytest.mark.parametrize("discretization", ["zoh", "bilinear"])
@pytest.mark.parametrize("features", [4, 3])
def test_s4d(features, discretization):
    def equations(torch, w, x, states):
        h, out = torch.complex(*states), []
        step = w["log_step"].exp()[:, None]
        A = torch.complex(-w["log_decay"].exp(), w["frequency"])
        if discretization == "zoh":
            a = torch.exp(step * A)
            b = (a - 1) / A
        else:
            a = (1 + step / 2 * A) / (1 - step / 2 * A)
            b = step / (1 - step / 2 * A)
        C = torch.complex(*w["readout_weights"])
        for t in range(x.shape[1]):
            u = x[:, t] if features == 4 else x[:, t] @ w["input_kernel"]
            h = a * h + b * u[..., None]
            v = torch.nn.functional.gelu(2 * (C * h).sum(-1).real + w["skip"] * u)
            out.append(torch.nn.functional.glu(v @ w["output_kernel"] + w["output_bias"]))
        return torch.stack(out, 1)

    options = {"state_units": 6, "discretization": discretization}
    same_as("S4D", equations, features=features, tolerance=1e-4, **options)


def test_s5():
    def equations(torch, w, x, states):
        h, out = torch.complex(*states), []
        A = torch.complex(-w["log_decay"].exp(), w["frequency"])
        a = torch.exp(w["log_step"].exp() * A)
        B = torch.complex(*w["input_kernel"].chunk(2, -1))
        real, minus_imaginary = w["output_kernel"].chunk(2)
        C = torch.complex(real, -minus_imaginary)
        for t in range(x.shape[1]):
            h = a * h + (a - 1) / A * (x[:, t].to(B.dtype) @ B)
            out.append(2 * (h @ C).real + x[:, t] @ w["skip_kernel"])
        return torch.stack(out, 1)

    same_as("S5", equations, tolerance=1e-4, state_units=6)


@pytest.mark.parametrize("options", [{}, {"use_bias": True, "window": 1, "step_rank": 3}])
def test_mamba(options):
    """With states to start from; from zeros it is beside the authors' models in tests/oracles."""

    def equations(torch, w, x, states):
        silu = torch.nn.functional.silu
        h, *window = states
        window, out = list(window[0].unbind(1)) if window else [], []
        for t in range(x.shape[1]):
            p, z = (x[:, t] @ w["input_kernel"] + w.get("input_bias", 0)).chunk(2, -1)
            window.append(p)
            u = silu(sum(k * p for k, p in zip(w["convolution_kernel"], window, strict=True))
                     + w["convolution_bias"])  # fmt: skip
            window = window[1:]
            rank = w["step_kernel"].shape[0]
            r, B, C = (u @ w["selection_kernel"]).split([rank, 5, 5], -1)
            d = torch.nn.functional.softplus(r @ w["step_kernel"] + w["step_bias"])[..., None]
            h = torch.exp(-d * w["log_decay"].exp()) * h + d * u[..., None] * B[:, None]
            y = ((C[:, None] * h).sum(-1) + w["skip"] * u) * silu(z)
            out.append(y @ w["output_kernel"] + w.get("output_bias", 0))
        return torch.stack(out, 1)

    same_as("Mamba", equations, tolerance=1e-4, state_units=5, **options)
