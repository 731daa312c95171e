"""The gated cells of the literature against their papers' equations, one row and gate at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from in_numpy import in_numpy, outputs_of

import cello
from cello.core.variable import Binding
from cello.layers import (
    MGU,
    SLSTM,
    UGRNN,
    CoupledLSTM,
    IndRNN,
    LayerNormGRU,
    LayerNormLSTM,
    PeepholeLSTM,
)

COMPILATIONS = 140

torch = pytest.importorskip("torch")

sigmoid, tanh, cat = torch.sigmoid, torch.tanh, torch.cat
UNITS, FEATURES = 4, 3

# Each is one step by the equations of the paper, on tensors of torch: from x, the states and the
# weights, all (batch, size) or (size, size), to the output, the states and the gates by title.


def blocks(*weights):
    """The blocks of `UNITS` columns of each array, gate by gate."""
    return [torch.split(w, UNITS, dim=-1) for w in weights]


def peephole(x, states, kernel, recurrent, bias, peepholes):
    h, c = states
    W, U, b = blocks(kernel, recurrent, bias)
    p_i, p_f, p_o = peepholes
    i = sigmoid(x @ W[0] + h @ U[0] + c * p_i + b[0])
    f = sigmoid(x @ W[1] + h @ U[1] + c * p_f + b[1])
    g = tanh(x @ W[2] + h @ U[2] + b[2])
    c = i * g + f * c
    o = sigmoid(x @ W[3] + h @ U[3] + c * p_o + b[3])
    h = o * tanh(c)
    return h, [h, c], {"input": i, "forget": f, "candidate": g, "output": o}


def coupled(x, states, kernel, recurrent, bias):
    h, c = states
    W, U, b = blocks(kernel, recurrent, bias)
    f = sigmoid(x @ W[0] + h @ U[0] + b[0])
    g = tanh(x @ W[1] + h @ U[1] + b[1])
    o = sigmoid(x @ W[2] + h @ U[2] + b[2])
    c = f * c + (1 - f) * g
    h = o * tanh(c)
    return h, [h, c], {"forget": f, "candidate": g, "output": o}


def layer_norm(x, gain, bias=None):
    return torch.nn.functional.layer_norm(x, x.shape[-1:], gain, bias, 1e-5)


def layer_norm_lstm(x, states, kernel, recurrent, bias, gain_x, gain_h, gain_c, bias_c):
    h, c = states
    sums = layer_norm(x @ kernel, gain_x) + layer_norm(h @ recurrent, gain_h) + bias
    i, f, g, o = torch.split(sums, UNITS, dim=-1)
    i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
    c = f * c + i * g
    h = o * tanh(layer_norm(c, gain_c, bias_c))
    return h, [h, c], {"input": i, "forget": f, "candidate": g, "output": o}


def layer_norm_gru(x, states, kernel, recurrent, bias, gain_x, gain_h):
    (h,) = states
    n = 2 * UNITS
    gates = layer_norm(x @ kernel[:, :n], gain_x[:n], bias[0, :n])
    gates = gates + layer_norm(h @ recurrent[:, :n], gain_h[:n], bias[1, :n])
    z, r = torch.split(sigmoid(gates), UNITS, dim=-1)
    inner = layer_norm(h @ recurrent[:, n:], gain_h[n:], bias[1, n:])
    g = tanh(layer_norm(x @ kernel[:, n:], gain_x[n:], bias[0, n:]) + r * inner)
    h = z * h + (1 - z) * g
    return h, [h], {"update": z, "reset": r, "candidate": g}


def minimal(x, states, kernel, recurrent, bias):
    (h,) = states
    W, U, b = blocks(kernel, recurrent, bias)
    f = sigmoid(cat([h, x], 1) @ cat([U[0], W[0]]) + b[0])
    g = tanh(cat([f * h, x], 1) @ cat([U[1], W[1]]) + b[1])
    h = (1 - f) * h + f * g
    return h, [h], {"forget": f, "candidate": g}


def update_gate(x, states, kernel, recurrent, bias):
    (h,) = states
    W, U, b = blocks(kernel, recurrent, bias)
    c = tanh(x @ W[1] + h @ U[1] + b[1])
    g = sigmoid(x @ W[0] + h @ U[0] + b[0])
    h = g * h + (1 - g) * c
    return h, [h], {"update": g, "candidate": c}


def independent(x, states, kernel, recurrent, bias):
    (h,) = states
    before = x @ kernel + recurrent * h + bias
    h = torch.relu(before)
    return h, [h], {"pre-activation": before}


def scalar_memory(x, states, kernel, recurrent, bias, forget=sigmoid):
    """Without the stabiliser: the states `c` and `n` are those of the cell times `exp(m)`."""
    h, c, n, m = states
    c, n = c * torch.exp(m), n * torch.exp(m)
    heads, size = recurrent.shape[:2]
    W, b = blocks(kernel, bias)
    of_head = [h[:, k * size : (k + 1) * size] @ recurrent[k] for k in range(heads)]
    U_h = [cat([r[:, j * size : (j + 1) * size] for r in of_head], 1) for j in range(4)]
    i, f, z, o = (x @ W[j] + U_h[j] + b[j] for j in range(4))
    i, f, z, o = torch.exp(i), forget(f), tanh(z), sigmoid(o)
    c = f * c + i * z
    n = f * n + i
    h = o * c / n
    gates = {"input": i, "forget": f, "candidate": z, "output": o}
    return h, [h, c, n, torch.zeros_like(m)], gates


def exponential(*args):
    return scalar_memory(*args, forget=torch.exp)


CASES = {
    "PeepholeLSTM": (PeepholeLSTM, {}, peephole),
    "CoupledLSTM": (CoupledLSTM, {}, coupled),
    "LayerNormLSTM": (LayerNormLSTM, {}, layer_norm_lstm),
    "LayerNormGRU": (LayerNormGRU, {}, layer_norm_gru),
    "MGU": (MGU, {}, minimal),
    "UGRNN": (UGRNN, {}, update_gate),
    "IndRNN": (IndRNN, {}, independent),
    "SLSTM": (SLSTM, {}, scalar_memory),
    "SLSTM, heads": (SLSTM, {"heads": 2}, scalar_memory),
    "SLSTM, exponential": (SLSTM, {"heads": 4, "forget_gate": "exponential"}, exponential),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def built(layer, seed=1):
    """`layer` with weights no two of which are alike."""
    rng = np.random.default_rng(seed)
    layer.build((2, 5, FEATURES))
    layer.set_weights([w + 0.6 * rng.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def by_paper(step, weights, x, states):
    """The outputs and the gates of all steps, `(batch, time, units)`, and the last states."""
    outputs, seen = [], []
    for t in range(x.shape[1]):
        h, states, gates = step(x[:, t], states, *weights)
        outputs.append(h)
        seen.append(gates)
    gates = {k: torch.stack([s[k] for s in seen], 1) for k in seen[0]}
    return torch.stack(outputs, 1), states, gates


def weighing(shape):
    return np.cos(np.arange(np.prod(shape))).reshape(shape)


@every_case
def test_values_and_gradients_are_those_of_the_paper(case):
    """From the states that a layer starts from, and from others."""
    kind, options, step = case
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, 5, FEATURES))
    with jax.enable_x64(True):
        layer = built(kind(UNITS, **options, return_sequences=True, return_state=True,
                           dtype="float64"))  # fmt: skip
        weights = layer.get_weights()
        start = [np.asarray(s) for s in layer.get_initial_state(2)]
        other = [np.abs(rng.normal(size=s.shape)) for s in start]  # a normaliser is above zero

        def run(weights, x, start):
            def loss(weights, x, start):
                with Binding(dict(zip(layer.weights, weights, strict=True))):
                    y, *last = layer(x, initial_state=start)
                return jnp.sum(y * weighing(y.shape)) + jnp.sum(last[0] ** 2), (y, last)

            return jax.grad(loss, (0, 1, 2), has_aux=True)(weights, x, start)

        run = in_numpy(run, weights, x, start)
        for states in (start, other):
            gradients, (y, last) = run(weights, x, states)
            given = [[torch.tensor(a, requires_grad=True) for a in weights],
                     torch.tensor(x, requires_grad=True),
                     [torch.tensor(a, requires_grad=True) for a in states]]  # fmt: skip
            want, want_last, _ = by_paper(step, *given)
            total = torch.sum(want * torch.tensor(weighing(want.shape)))
            (total + torch.sum(want_last[0] ** 2)).backward()
            same(y, want)
            if kind is SLSTM:
                h, c, n, m = last
                last = [h, c * np.exp(m), n * np.exp(m), np.zeros_like(m)]
            jax.tree.map(same, list(last), list(want_last))
            jax.tree.map(lambda a, v: same(a, v.grad), list(gradients), given)


def same(found, want):
    np.testing.assert_allclose(found, want.detach(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", CASES)
def test_gates_that_are_plotted_are_those_of_the_paper(name):
    kind, options, step = CASES[name]
    layer = built(kind(UNITS, **options))
    x = np.random.default_rng(3).normal(size=(1, 6, FEATURES)).astype("float32")
    weights = [torch.tensor(w) for w in layer.get_weights()]
    start = [torch.zeros(1, UNITS) for _ in layer.state_size]
    _, _, want = by_paper(step, weights, torch.tensor(x), start)
    axes = cello.plotting.plot_gates(layer, x)[1:]
    found = {ax.get_ylabel().split()[0]: np.asarray(ax.images[0].get_array()) for ax in axes}
    assert set(found) == set(want)
    if kind is SLSTM:  # its exponential gates are shown as they multiply
        image = cello.plotting.plot_states(layer, x, state="m")[1].images[0].get_array()
        m = torch.tensor(np.asarray(image).T)
        want["input"] = want["input"] * torch.exp(-m)
        want["forget"] = want["forget"] * torch.exp(cat([0 * m[:1], m[:-1]]) - m)
    for title, gate in want.items():
        np.testing.assert_allclose(found[title], gate[0].T, rtol=1e-6, atol=1e-5)


def test_peepholes_of_zero_are_the_lstm_of_pytorch():
    layer = built(PeepholeLSTM(UNITS, return_sequences=True))
    kernel, recurrent, bias, peepholes = layer.get_weights()
    layer.set_weights([kernel, recurrent, bias, np.zeros_like(peepholes)])
    theirs = torch.nn.LSTM(FEATURES, UNITS, batch_first=True)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(torch.tensor(kernel.T))
        theirs.weight_hh_l0.copy_(torch.tensor(recurrent.T))
        theirs.bias_ih_l0.copy_(torch.tensor(bias))
        theirs.bias_hh_l0.zero_()
    x = np.random.default_rng(4).normal(size=(2, 7, FEATURES)).astype("float32")
    np.testing.assert_allclose(outputs_of(layer, x), theirs(torch.tensor(x))[0].detach(), atol=1e-6)


def test_independent_units_are_a_diagonal_network_of_pytorch():
    layer = built(IndRNN(UNITS, return_sequences=True))
    kernel, recurrent, bias = layer.get_weights()
    theirs = torch.nn.RNN(FEATURES, UNITS, nonlinearity="relu", batch_first=True)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(torch.tensor(kernel.T))
        theirs.weight_hh_l0.copy_(torch.diag(torch.tensor(recurrent)))
        theirs.bias_ih_l0.copy_(torch.tensor(bias))
        theirs.bias_hh_l0.zero_()
    x = np.random.default_rng(4).normal(size=(2, 7, FEATURES)).astype("float32")
    np.testing.assert_allclose(outputs_of(layer, x), theirs(torch.tensor(x))[0].detach(), atol=1e-5)


@pytest.mark.parametrize("scale", [300.0, 3000.0])
def test_exponential_gates_do_not_overflow(scale):
    """Where `exp` of a gate has no number in float32, values and gradients are finite still."""
    layer = built(SLSTM(UNITS, forget_gate="exponential", return_sequences=True))
    x = scale * np.random.default_rng(5).normal(size=(3, 9, FEATURES)).astype("float32")

    def total(x):
        return jnp.sum(jnp.sin(layer(x)))

    value, gradient = in_numpy(jax.value_and_grad(total), x)(x)
    assert np.isfinite(value) and np.isfinite(gradient).all()
    assert np.abs(outputs_of(layer, x)).max() <= 1  # a weighted mean of what tanh gave


# ------------------------------------------------------------------------------- initial weights


def initial(layer, features=200):
    layer.build((1, 2, features))
    return dict(zip([w.name for w in layer.weights], layer.get_weights(), strict=True))


@pytest.mark.parametrize("kind", [c[0] for n, c in CASES.items() if "," not in n])
def test_two_layers_start_from_different_weights(kind):
    one, two = initial(kind(8), 5), initial(kind(8), 5)
    for name in ("kernel", *(["recurrent_kernel"] if kind is not SLSTM else [])):
        assert not np.isclose(one[name], two[name]).any()


def test_peephole_lstm_starts_as_in_the_paper():
    found = initial(PeepholeLSTM(100))
    for name in ("kernel", "recurrent_kernel", "peepholes"):
        w = found[name]
        assert 0.095 < np.abs(w).max() <= 0.1 and abs(w.std() - 0.2 / 12**0.5) < 0.004
    np.testing.assert_array_equal(found["bias"], [0] * 100 + [1] * 100 + [0] * 200)


def test_coupled_lstm_starts_as_in_the_paper():
    found = initial(CoupledLSTM(100))
    for name in ("kernel", "recurrent_kernel"):
        assert abs(found[name].std() - 0.1) < 0.002 and np.abs(found[name]).max() > 0.3
    np.testing.assert_array_equal(found["bias"], [1] * 100 + [0] * 200)
    assert not initial(CoupledLSTM(100, unit_forget_bias=False))["bias"].any()


def test_layer_normalisation_starts_from_gains_of_one():
    lstm, gru = initial(LayerNormLSTM(5)), initial(LayerNormGRU(5))
    for name in ("kernel_gain", "recurrent_gain"):
        np.testing.assert_array_equal(lstm[name], np.ones(20))
        np.testing.assert_array_equal(gru[name], np.ones(15))
    np.testing.assert_array_equal(lstm["state_gain"], np.ones(5))
    np.testing.assert_array_equal(lstm["state_bias"], np.zeros(5))
    np.testing.assert_array_equal(lstm["bias"], [0] * 5 + [1] * 5 + [0] * 10)
    assert not gru["bias"].any()


def test_small_units_start_as_in_their_papers():
    np.testing.assert_array_equal(initial(UGRNN(5))["bias"], [1] * 5 + [0] * 5)
    assert not initial(MGU(5))["bias"].any()
    u = initial(IndRNN(500))["recurrent_kernel"]
    assert u.shape == (500,) and 0 <= u.min() < 0.02 and 0.98 < u.max() < 1


def test_slstm_starts_as_in_its_authors_code():
    found = initial(SLSTM(40, heads=4))
    assert not found["recurrent_kernel"].any()
    assert abs(found["kernel"].std() - (2 / (5 * 200)) ** 0.5) < 0.001
    i, f, z, o = np.split(found["bias"], 4)
    assert not (i.any() or z.any() or o.any())
    place = np.arange(10) / 9
    for head in np.split(f, 4):
        np.testing.assert_allclose(head, -(-5.0 + 12.0 * place**0.3), rtol=1e-5)
    assert not initial(SLSTM(40, power_law_forget_bias=False))["bias"].any()


def test_heads_that_do_not_divide_the_units_are_refused():
    with pytest.raises(ValueError, match=r"heads must divide units.*heads=3, units=4"):
        SLSTM(4, heads=3)


def test_saturation_is_that_of_the_papers_gates():
    """`RecurrentHealth`, with weights so large that some gates are saturated."""
    names = ["PeepholeLSTM", "CoupledLSTM", "LayerNormGRU", "UGRNN", "SLSTM"]
    made = [CASES[name][0](UNITS, return_sequences=True, name=name) for name in names]
    model = cello.Sequential([cello.Input((5, FEATURES)), *made])
    rng = np.random.default_rng(6)
    model.set_weights([w + 2 * rng.normal(size=w.shape) for w in model.get_weights()])
    model.compile(cello.optimizers.SGD(0.0), "mse")
    x = rng.normal(size=(2, 5, FEATURES)).astype("float32")
    y = rng.normal(size=(2, 5, UNITS)).astype("float32")
    health = cello.callbacks.RecurrentHealth((x, y))
    model.fit(x, y, epochs=1, verbose=0, callbacks=[health])
    found = health.records[0]["layers"]
    h = torch.tensor(x)
    for layer in made:
        weights = [torch.tensor(w) for w in layer.get_weights()]
        start = [torch.zeros(2, UNITS) for _ in layer.state_size]
        h, _, gates = by_paper(CASES[layer.name][2], weights, h, start)
        kinds = ("input", "forget", "output", "update", "reset")
        values = [np.asarray(gates[k]) for k in kinds if k in gates]
        if not values or layer.name == "SLSTM":  # exponential gates do not saturate
            assert found[layer.name]["saturation"] is None
            continue
        share = np.mean((np.stack(values) < 0.05) | (np.stack(values) > 0.95))
        assert 0 < share < 1
        np.testing.assert_allclose(found[layer.name]["saturation"], share, atol=1e-6)
