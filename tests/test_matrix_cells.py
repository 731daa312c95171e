"""Cells with a matrix as state, each against its paper or its authors' code.

The laws of all cells are in test_cells.py, those of linear cells in test_linear_cells.py.
"""

import numpy as np
import pytest
from equations import close, made, normal, run, same_as, some_states, weights_of

from cello import layers

COMPILATIONS = 150

NAMES = ["RetNet", "GLA", "MLSTM", "DeltaNet", "GatedDeltaNet", "RWKV7", "Mamba2"]


@pytest.mark.parametrize("name", NAMES)
def test_heads_must_divide_units(name):
    with pytest.raises(ValueError, match=r"heads must divide units. Received: heads=3, units=4"):
        getattr(layers, name)(4, heads=3)


# ---------------------------------------------------------- the equations of the papers


def by_head(x, heads):
    return x.reshape(*x.shape[:-1], heads, -1)


def rms(torch, x, epsilon):
    return x / torch.sqrt((x**2).mean(-1, keepdim=True) + epsilon)


def length_one(torch, x):
    return x / torch.sqrt((x**2).sum(-1, keepdim=True) + 1e-6)


def convolution(torch, before, x, kernel):
    """PyTorch's convolution of each channel, over the steps before and these."""
    whole = torch.cat([before, x], 1).transpose(1, 2)
    kernel = kernel.T[:, None]
    return torch.nn.functional.conv1d(whole, kernel, groups=kernel.shape[0]).transpose(1, 2)


def test_retention_is_the_parallel_form_of_its_paper():
    """A lower triangle of powers of gamma, and keys turned as complex numbers."""

    def equations(torch, w, x, states):
        state, start = states
        steps = x.shape[1]
        q, k, v, g = (x @ w["kernel"]).split([8, 8, 8, 8], -1)
        q, k, v, g = (by_head(part, 2) for part in (q, k, v, g))
        angle = 10000.0 ** -torch.tensor([0.0, 1.0], dtype=x.dtype)
        t = start + torch.arange(1, steps + 1)
        turn = torch.polar(torch.ones(1, dtype=x.dtype), t[..., None] * angle)[:, :, None]
        turned = lambda z: torch.view_as_complex(z.reshape(*z.shape[:-1], 2, 2)) * turn  # noqa: E731
        q, k = turned(q), turned(k / 2)
        gamma = 1 - 2.0 ** (-5 - torch.arange(2, dtype=x.dtype))
        ago = torch.arange(steps)[:, None] - torch.arange(steps)
        decay = torch.where(ago >= 0, gamma[:, None, None] ** ago.clamp(min=0), 0)
        scores = torch.einsum("bthj,bshj->bhts", q, k.conj()).real
        y = torch.einsum("bhts,hts,bshv->bthv", scores, decay, v)
        q = torch.view_as_real(q).reshape(2, steps, 2, 4)
        left = gamma ** torch.arange(1, steps + 1)[:, None]
        y = y + left[None, ..., None] * torch.einsum("bthk,bhkv->bthv", q, state)
        y = torch.nn.functional.silu(g) * rms(torch, y, 1e-6)
        return y.flatten(2) @ w["output_kernel"]

    same_as("RetNet", equations, heads=2, key_dim=4, tolerance=1e-4)


def test_gated_linear_attention():
    def equations(torch, w, x, states):
        S, out = states[0], []
        sizes = [6, 6, 4, 4, 16]
        q, k, v, g, low = (x @ w["kernel"]).split(sizes, -1)
        alpha = torch.sigmoid(low @ w["gate_kernel"] + w["gate_bias"]) ** (1 / 16)
        q, k, v, alpha = (by_head(part, 2) for part in (q, k, v, alpha))
        for t in range(x.shape[1]):
            S = alpha[:, t, ..., None] * S + k[:, t, ..., None] * v[:, t, :, None]
            out.append(torch.einsum("bhk,bhkv->bhv", q[:, t] / 3**0.5, S))
        y = w["scale"] * rms(torch, torch.stack(out, 1), 1e-5)
        return (torch.nn.functional.silu(g) * y.flatten(2)) @ w["output_kernel"]

    same_as("GLA", equations, heads=2, key_dim=3, tolerance=1e-4)


@pytest.mark.parametrize("forget_gate", ["sigmoid", "exponential"])
def test_mlstm_is_its_equations_without_a_stabiliser(forget_gate):
    def equations(torch, w, x, states):
        joined, m = states
        joined = joined * torch.exp(m)[..., None, None]
        C, n, out = joined[..., :-1], joined[..., -1], []
        q, k, v, o = (x @ w["kernel"] + w["bias"]).split([6, 6, 4, 4], -1)
        q, k, v, o = (by_head(part, 2) for part in (q, k / 3**0.5, v, o))
        i, f = (x @ w["gate_kernel"] + w["gate_bias"]).chunk(2, -1)
        i, f = torch.exp(i), torch.sigmoid(f) if forget_gate == "sigmoid" else torch.exp(f)
        for t in range(x.shape[1]):
            it, ft = i[:, t, :, None], f[:, t, :, None]
            C = ft[..., None] * C + (it * k[:, t])[..., None] * v[:, t, :, None]
            n = ft * n + it * k[:, t]
            found = torch.einsum("bhk,bhkv->bhv", q[:, t], C)
            norm = (q[:, t] * n).sum(-1, keepdim=True).abs().clamp(min=1)
            out.append((torch.sigmoid(o[:, t]) * found / norm).flatten(1))
        return torch.stack(out, 1)

    same_as("MLSTM", equations, heads=2, key_dim=3, forget_gate=forget_gate, tolerance=1e-4)


def test_delta_net():
    """`S` as in the paper: values by keys."""

    def equations(torch, w, x, states):
        S, before = states[0].transpose(-1, -2), states[1]
        projected, beta = (x @ w["kernel"]).split([16, 2], -1)
        projected = convolution(torch, before, projected, w["convolution"])
        parts = torch.nn.functional.silu(projected).split([6, 6, 4], -1)
        q, k, v = (by_head(part, 2) for part in parts)
        q, k, out = length_one(torch, q), length_one(torch, k), []
        for t in range(x.shape[1]):
            b, key = torch.sigmoid(beta[:, t])[..., None, None], k[:, t]
            erase = torch.eye(3) - b * key[..., None] * key[:, :, None]
            S = S @ erase + b * v[:, t, ..., None] * key[:, :, None]
            out.append(torch.einsum("bhvk,bhk->bhv", S, q[:, t] / 3**0.5))
        y = w["scale"] * rms(torch, torch.stack(out, 1), 1e-5)
        return y.flatten(2) @ w["output_kernel"]

    same_as("DeltaNet", equations, heads=2, key_dim=3, tolerance=1e-4)


def test_rwkv7():
    """As in the authors' code: values by keys, decays of decays, one rank-one term."""

    def equations(torch, w, x, states):
        S, previous = states[0].transpose(-1, -2), states[1]
        xx = torch.cat([previous, x[:, :-1]], 1) - x
        x_r, x_w, x_k, x_v, x_a, x_g = (x + xx * mix for mix in w["mix"])
        r, k, v = x_r @ w["receptance_kernel"], x_k @ w["key_kernel"], x_v @ w["value_kernel"]
        decay = torch.tanh(x_w @ w["decay_down_kernel"]) @ w["decay_up_kernel"]
        decay = -torch.nn.functional.softplus(-(w["decay_bias"] + decay)) - 0.5
        decay = torch.exp(-torch.exp(decay))
        a = torch.sigmoid(w["rate_bias"] + x_a @ w["rate_down_kernel"] @ w["rate_up_kernel"])
        g = torch.sigmoid(x_g @ w["gate_down_kernel"]) @ w["gate_up_kernel"]
        kk = length_one(torch, by_head(k * w["erase"], 2))
        k = k * (1 + (a - 1) * w["replace"])
        r, k, v, decay, a = (by_head(part, 2) for part in (r, k, v, decay, a))
        out = []
        for t in range(x.shape[1]):
            found = torch.einsum("bhvk,bhk->bhv", S, -kk[:, t])
            S = S * decay[:, t, :, None] + found[..., None] * (kk * a)[:, t, :, None]
            S = S + v[:, t, ..., None] * k[:, t, :, None]
            out.append(torch.einsum("bhvk,bhk->bhv", S, r[:, t]))
        y = torch.stack(out, 1).flatten(0, 1).flatten(1)
        y = torch.nn.functional.group_norm(y, 2, w["scale"], w["shift"], eps=64e-5)
        y = y.reshape(*x.shape[:2], -1)
        bonus = (r * k * by_head(w["bonus"], 2)).sum(-1, keepdim=True) * v
        return (g * (y + bonus.flatten(2))) @ w["output_kernel"]

    same_as("RWKV7", equations, heads=2, tolerance=1e-4)


# ------------------------------------------------------------- the authors' code, and others'


def module_of(name):
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    return torch, pytest.importorskip(f"transformers.models.{name}")


def same_as_module(torch, layer, module, parameters, steps=70):
    """Values, and gradients for the inputs and one weight, of a module that holds the weights.

    Args:
        parameters: dict from the name of a parameter to its value, as the layer has it.
    """
    module = module.double()
    own = dict(module.named_parameters())
    assert own.keys() == parameters.keys()
    with torch.no_grad():
        for name, value in parameters.items():
            own[name].copy_(torch.tensor(value).reshape(own[name].shape))
    x = normal(2, steps, 4)
    theirs = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    wanted = module.eval()(theirs)
    torch.sin(wanted + 1).sum().backward()
    y, (by_weights, by_x, _) = run(layer, x)
    close(y, wanted.detach().numpy(), 1e-4)
    close(by_x, theirs.grad.numpy(), 1e-3)
    places = {w.name: g for w, g in zip(layer.weights, by_weights, strict=True)}
    return places, {name: p.grad.numpy() for name, p in own.items()}


def test_mamba2_is_that_of_transformers():
    torch, mamba2 = module_of("mamba2.modeling_mamba2")
    layer = made("Mamba2", 4, 4, heads=2, state_units=5, return_sequences=True)
    config = mamba2.Mamba2Config(
        hidden_size=4, num_heads=2, head_dim=4, state_size=5, n_groups=1, chunk_size=16,
        layer_norm_epsilon=1e-5, num_hidden_layers=1,
    )  # fmt: skip
    w = weights_of(layer)
    ours, theirs = same_as_module(
        torch, layer, mamba2.Mamba2Mixer(config, 0),
        {
            "dt_bias": w["step_bias"], "A_log": w["decay"], "D": w["skip"],
            "conv1d.weight": w["convolution"].T, "conv1d.bias": w["convolution_bias"],
            "in_proj.weight": w["kernel"].T, "norm.weight": w["scale"],
            "out_proj.weight": w["output_kernel"].T,
        },
    )  # fmt: skip
    close(ours["decay"], theirs["A_log"], 1e-3)
    close(ours["kernel"], theirs["in_proj.weight"].T, 1e-3)


def test_gated_delta_net_is_that_of_qwen3_next():
    torch, qwen = module_of("qwen3_next.modeling_qwen3_next")
    heads, key, value = 2, 3, 4
    layer = made("GatedDeltaNet", 4, 4, heads=heads, key_dim=key, return_sequences=True)
    config = qwen.Qwen3NextConfig(
        hidden_size=4, linear_num_value_heads=heads, linear_num_key_heads=heads,
        linear_key_head_dim=key, linear_value_head_dim=value, linear_conv_kernel_dim=4,
        rms_norm_eps=1e-5, num_hidden_layers=1, layer_types=["linear_attention"],
    )  # fmt: skip
    w = weights_of(layer)
    ends = np.cumsum([heads * key, heads * key, heads * value, heads, heads])
    *parts, g = np.split(w["kernel"].T, ends)
    q, k, v, beta, a, g = (part.reshape(heads, -1, 4) for part in (*parts, g))
    side_by_side = lambda *parts: np.concatenate(parts, 1)  # of one head  # noqa: E731
    ours, theirs = same_as_module(
        torch, layer, qwen.Qwen3NextGatedDeltaNet(config, 0),
        {
            "dt_bias": w["step_bias"], "A_log": w["decay"], "conv1d.weight": w["convolution"].T,
            "in_proj_qkvz.weight": side_by_side(q, k, v, g),
            "in_proj_ba.weight": side_by_side(beta, a),
            "norm.weight": w["scale"], "out_proj.weight": w["output_kernel"].T,
        },
    )  # fmt: skip
    close(ours["decay"], theirs["A_log"], 1e-3)
    close(ours["convolution"], theirs["conv1d.weight"][:, 0].T, 1e-3)


def test_mlstm_is_the_step_of_xlstm_in_transformers():
    """There the queries are scaled, in place of the keys: so is the memory."""
    torch, xlstm = module_of("xlstm.modeling_xlstm")
    if not hasattr(xlstm, "mlstm_recurrent_step_native"):
        pytest.skip("the xlstm package stands in for the code of transformers")
    layer = made("MLSTM", 4, 3, heads=2, return_sequences=True, return_state=True)
    x, states = normal(2, 7, 3), some_states(layer, 2)
    w = weights_of(layer)
    (y, memory, m), _ = run(layer, x, states)
    tensor = lambda v: torch.tensor(np.asarray(v, "float64"))  # noqa: E731
    joined, start = map(tensor, states)
    theirs = joined[..., :-1] * 2**0.5, joined[..., -1] * 2**0.5, start[..., None]
    parts = np.split(x @ w["kernel"] + w["bias"], 4, -1)
    q, k, v, o = (tensor(part).reshape(2, 7, 2, 2) for part in parts)
    gates = tensor(x @ w["gate_kernel"] + w["gate_bias"])
    for t in range(7):
        i, f = gates[:, t, :2, None], gates[:, t, 2:, None]
        h, theirs = xlstm.mlstm_recurrent_step_native(
            q[:, t], k[:, t], v[:, t], i, f, *theirs, eps=0.0, dtype_state=torch.float64
        )
        close(y[:, t], (torch.sigmoid(o[:, t]) * h).flatten(1).numpy())
    close(memory[..., :-1] * 2**0.5, theirs[0].numpy())
    close(memory[..., -1] * 2**0.5, theirs[1].numpy())
    close(m, theirs[2][..., 0].numpy())


# ------------------------------------------------------------------------------ how they start


def test_decays_and_steps_start_as_the_authors_have_them():
    w = weights_of(starting("Mamba2", 1000, heads=1000, state_units=1, expand=1))
    a, step = np.exp(w["decay"]), np.log1p(np.exp(w["step_bias"]))
    assert 1 <= a.min() < 1.1 and 15.9 < a.max() <= 16 and abs(a.mean() - 8.5) < 0.5
    assert step.min() * 1.001 >= 0.001 and 0.099 < step.max() <= 0.1001
    assert abs(np.log10(step).mean() + 2) < 0.05  # evenly over the logarithms
    w = weights_of(starting("GatedDeltaNet", 1000, heads=1000))
    a = np.exp(w["decay"])
    assert 0 < a.min() < 0.1 and 15.9 < a.max() <= 16 and abs(a.mean() - 8) < 0.5
    w = weights_of(starting("MLSTM", 8, heads=4))
    np.testing.assert_allclose(w["gate_bias"][4:], [3, 4, 5, 6])
    assert not w["gate_kernel"].any() and 0 < np.abs(w["gate_bias"][:4]).max() < 0.5
    w = weights_of(starting("RWKV7", 64, heads=2))
    np.testing.assert_allclose(w["decay_bias"][[0, -1]], [-6.5, -1.5])
    np.testing.assert_allclose(w["mix"][:, 0], 1)
    np.testing.assert_allclose(w["mix"][1, 3], 1 - (3 / 5) ** 0.9, rtol=1e-6)


def starting(name, units, **options):
    layer = getattr(layers, name)(units, **options)
    layer.build((1, 1, 5))
    return layer


def test_a_delta_net_gives_back_the_last_value_of_a_key():
    """With one head, its own keys and a rate near 1: what a dictionary would say."""
    n = 4
    layer = layers.DeltaNet(n, window=1, return_sequences=True)
    layer.build((1, 5, 2 * n))
    kernel = np.zeros((2 * n, 3 * n + 1))
    kernel[:n, :n] = kernel[:n, n : 2 * n] = kernel[n:, 2 * n : 3 * n] = np.eye(n)
    kernel[:n, -1] = 1
    layer.set_weights([kernel, np.ones(n), np.eye(n)])
    key, value = 30 * np.eye(n)[[0, 1, 0, 2, 1]], 5 * np.eye(n)[[0, 1, 2, 3, 3]]
    y = run(layer, np.concatenate([key, value], -1)[None].astype("float32"))[0][0]
    np.testing.assert_array_equal(np.argmax(y, -1), [0, 1, 2, 3, 3])
    np.testing.assert_allclose(np.max(y, -1), 2, rtol=1e-3)  # rms_norm of one number in four


def test_mlstm_stays_finite_for_gates_of_any_size():
    layer = layers.MLSTM(4, heads=2, forget_gate="exponential", return_sequences=True)
    layer.build((1, 1, 3))
    rng = np.random.default_rng(0)
    layer.set_weights([w + 100 * rng.normal(size=w.shape) for w in layer.get_weights()])
    x = 10 * normal(2, 50, 3)
    y, (by_weights, by_x, _) = run(layer, x)
    assert all(np.isfinite(a).all() for a in (y, *by_weights, by_x))
    # What has taken nothing in gives nothing, however large the stabiliser has grown.
    kernel, bias, gate_kernel, _ = layer.get_weights()
    layer.set_weights([kernel, bias, 0 * gate_kernel, [-1e4, -1e4, 100.0, 100.0]])
    np.testing.assert_array_equal(run(layer, x)[0], 0)
