"""Cells of steps at any times, each against its source; the laws of all are in test_cells.py."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from equations import close, normal
from in_numpy import in_numpy, outputs_of

import cello
from cello.core.variable import Binding
from cello.layers import GRUD, LTC, ODERNN, Bidirectional, CfC, Dense, Input

COMPILATIONS = 250

ROWS, TIME, FEATURES = 3, 6, 3
every_layer = pytest.mark.parametrize("layer", [CfC, LTC, GRUD, ODERNN])
QUICK = {ODERNN: {"solver": "heun", "ode_steps": 2}}  # the others are beside their equations


def test_inputs_and_times_of_different_lengths_are_refused():
    x = np.ones((2, 5, 3), "float32")
    for t in (np.ones((2, 4), "float32"), np.ones((3, 5), "float32")):
        with pytest.raises(ValueError, match=r"as many rows and steps, and got the shapes"):
            cello.layers.CfC(4)([x, t])


def times(seed=0):
    gaps = np.random.default_rng(seed).exponential(size=(ROWS, TIME))
    return np.cumsum(gaps, axis=1).astype("float32")


def built(layer, inputs, seed=0, scale=0.3):
    """With weights no two of which are alike."""
    layer.build(jax.tree.map(np.shape, inputs))
    rng = np.random.default_rng(seed)
    for w in layer.weights:
        value = w.numpy() + scale * rng.normal(size=w.shape)
        w.assign(value if w.constraint is None else w.constraint(value))
    return layer


def with_gradients(layer, inputs, **options):
    """The outputs; and the gradients of a sum over them, by the weights and the inputs."""

    def total(weights, inputs):
        with Binding(dict(zip(layer.weights, weights, strict=True))):
            outputs = layer(inputs, **options)
        return jnp.sum(jnp.sin(outputs + 1)), outputs

    given = [w.numpy() for w in layer.weights], inputs
    slopes, outputs = in_numpy(jax.grad(total, (0, 1), has_aux=True), *given)(*given)
    return outputs, slopes


# ----------------------------------------------------------------------------- what all share


@every_layer
def test_without_times_steps_are_one_apart(layer):
    x = normal(ROWS, TIME, FEATURES)
    mask = np.array([[1, 1, 1, 1, 1, 1], [0, 1, 0, 1, 1, 0], [1, 1, 0, 0, 0, 0]], bool)
    one = built(layer(4, return_sequences=True, **QUICK.get(layer, {})), x)
    counted = np.cumsum(mask, axis=1)
    got, (by_weights, by_x) = with_gradients(one, x, mask=mask)
    wanted, (by_weights_wanted, by_both) = with_gradients(
        one, [x, counted.astype("float32")], mask=mask
    )
    close(got, wanted)
    close([by_weights, by_x], [by_weights_wanted, by_both[0]], 1e-4)
    close(outputs_of(one, [x, counted[..., None]], mask=mask), wanted)  # integers, an axis behind


@every_layer
def test_times_matter_and_only_their_differences(layer):
    x, t = normal(ROWS, TIME, FEATURES), times()
    one = built(layer(4, return_state=True, **QUICK.get(layer, {})), [x, t])
    *_, first = one.get_initial_state(ROWS)
    y, *states = outputs_of(one, [x, t])
    np.testing.assert_array_equal(states[-1][:, 0], t[:, -1])
    later = [s + 16 if s.shape[1] == 1 else s for s in one.get_initial_state(ROWS)]
    if layer is GRUD:
        later[2] = later[2] + 16
    close(outputs_of(one, [x, t + 16], initial_state=later)[0], y, 1e-4)
    assert np.abs(outputs_of(one, [x, 3 * t])[0] - y).max() > 1e-3
    assert (first == 0).all()


@every_layer
def test_times_are_not_rounded_to_16_bits(layer):
    """In bfloat16 all the times here are 256 or 258, and gaps 0 or 2."""
    x, t = normal(ROWS, TIME, FEATURES), 256 + times() / 8
    quick = QUICK.get(layer, {})
    exact, mixed = layer(4, **quick), layer(4, dtype="mixed_bfloat16", **quick)
    built(exact, [x, t]), built(mixed, [x, t])
    mixed.set_weights(exact.get_weights())
    start = [s + 256 if s.shape[1] == 1 else s for s in exact.get_initial_state(ROWS)]
    y = outputs_of(mixed, [x, t], initial_state=start)
    assert y.dtype == jnp.bfloat16
    close(y.astype("float32"), outputs_of(exact, [x, t], initial_state=start), 0.03)


def test_times_come_to_both_directions_and_through_models_as_they_are():
    x, t = normal(ROWS, TIME, FEATURES), 256 + times() / 8
    exact, mixed = (Bidirectional(CfC(4, dtype=d)) for d in ("float32", "mixed_bfloat16"))
    inputs = [Input((None, FEATURES)), Input((None,))]
    model = cello.Model(inputs, mixed(inputs))
    built(exact, [x, t], seed=2)  # times of 16 bits would be 0.7 away
    mixed.set_weights(exact.get_weights())
    close(model.predict([x, t], verbose=0).astype("float32"), outputs_of(exact, [x, t]), 0.03)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda x, t: CfC(2)([x, t, t]), r"takes the inputs x of a step, .*, or \[x, t\]"),
        (lambda x, t: CfC(2)([x, x]), "takes the inputs x of a step"),
        (lambda x, t: CfC(2)(t), "add a features axis"),
        (lambda x, t: CfC(2, "pur"), 'Did you mean "pure"'),
        (lambda x, t: GRUD(2, mean=[1.0, 2.0])(x), "one number for each of the 3 features"),
        (lambda x, t: GRUD(2, mean=np.nan), "mean must be a number, or a list"),
        (lambda x, t: ODERNN(2, solver="rk4"), "solver must be one of"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call(normal(ROWS, TIME, FEATURES), times())


# ------------------------------------------------------------------------------ the sources


def by_the_package(cell, layer, x, t, outputs=lambda y: y[0]):
    """What a cell of ncps in PyTorch gives, and its gradients by the inputs and times."""
    torch = pytest.importorskip("torch")
    x, t = (torch.tensor(v, requires_grad=True) for v in (x, t))
    h, every, last = torch.zeros(ROWS, 4), [], torch.zeros(ROWS)
    for step in range(TIME):
        y, h = cell(x[:, step], h, (t[:, step] - last)[:, None])
        last = t[:, step]
        every.append(y)
    y = torch.stack(every, 1)
    torch.sin(y + 1).sum().backward()
    return y.detach().numpy(), [x.grad.numpy(), t.grad.numpy()]


@pytest.mark.parametrize("mode", ["default", "pure", "no_gate"])
@pytest.mark.parametrize(("layers", "activation"), [(0, "lecun_tanh"), (2, "lecun_tanh")])
def test_cfc_is_that_of_its_authors(mode, layers, activation):
    torch = pytest.importorskip("torch")
    ncps = pytest.importorskip("ncps.torch")
    theirs = ncps.CfCCell(FEATURES, 4, mode, activation, backbone_units=7, backbone_layers=layers)
    x, t = normal(ROWS, TIME, FEATURES), times()
    ours = CfC(
        4, mode, backbone_units=7, backbone_layers=layers, backbone_activation=activation,
        return_sequences=True,
    )  # fmt: skip
    built(ours, [x, t])
    pairs = [] if layers == 0 else list(theirs.backbone)[::2]
    heads = [theirs.ff1] if mode == "pure" else [
        theirs.ff1, theirs.ff2, theirs.time_a, theirs.time_b
    ]  # fmt: skip

    def give(parameter, value):
        parameter.data = torch.tensor(np.asarray(value)).reshape(parameter.shape)

    for linear, (kernel, bias) in zip(pairs, ours.cell.backbone, strict=True):
        give(linear.weight, kernel.numpy().T), give(linear.bias, bias)
    kernels, biases = (np.split(w.numpy(), len(heads), axis=-1) for w in ours.cell.heads)
    for linear, kernel, bias in zip(heads, kernels, biases, strict=True):
        give(linear.weight, kernel.T), give(linear.bias, bias)
    if mode == "pure":
        give(theirs.w_tau, ours.cell.rate), give(theirs.A, ours.cell.amplitude)
    y, by_inputs = by_the_package(theirs, ours, x, t)
    got, (_, slopes) = with_gradients(ours, [x, t])
    close(got, y, 1e-5)
    close(slopes, by_inputs, 1e-4)


def test_ltc_is_that_of_its_authors():
    torch = pytest.importorskip("torch")
    ncps = pytest.importorskip("ncps.torch")
    from ncps.wirings import FullyConnected

    theirs = ncps.LTCCell(FullyConnected(4), FEATURES)
    x, t = normal(ROWS, TIME, FEATURES), times()
    ours = built(LTC(4, return_sequences=True), [x, t], scale=0.2)
    names = {
        "gleak": "leak", "vleak": "leak_potential", "cm": "capacitance", "input_w": "scale",
        "input_b": "shift", "output_w": "output_scale", "output_b": "output_shift",
        **{n: n for n in ("sigma", "mu", "w")}, "erev": "reversal",
        **{f"sensory_{n}": f"input_{n}" for n in ("sigma", "mu", "w")},
        "sensory_erev": "input_reversal",
    }  # fmt: skip
    values = {w.name: w.numpy() for w in ours.weights}
    assert set(names.values()) == set(values)
    for theirs_name, name in names.items():
        parameter = getattr(theirs, theirs_name)
        assert parameter.shape == values[name].shape
        parameter.data = torch.tensor(values[name])
    y, by_inputs = by_the_package(theirs, ours, x, t)
    got, (_, slopes) = with_gradients(ours, [x, t])
    close(got, y, 1e-5)
    close(slopes, by_inputs, 1e-4)


def test_ltc_starts_where_its_authors_do():
    layer = LTC(50)
    layer.build((None, None, 20))
    values = {w.name: w.numpy() for w in layer.weights}
    for name, (low, high) in {
        "leak": (0.001, 1), "leak_potential": (-0.2, 0.2), "capacitance": (0.4, 0.6),
        "sigma": (3, 8), "mu": (0.3, 0.8), "w": (0.001, 1), "input_w": (0.001, 1),
    }.items():  # fmt: skip
        spread = high - low
        assert low <= values[name].min() < low + 0.1 * spread
        assert high >= values[name].max() > high - 0.1 * spread
    share = (values["reversal"] == -1).mean()
    assert set(np.unique(values["reversal"])) == {-1, 1} and abs(share - 1 / 3) < 0.04
    y, *states = LTC(4, return_state=True)([normal(ROWS, 1, FEATURES), np.zeros((ROWS, 1))])
    np.testing.assert_array_equal(states[0], 0)  # no time, no change
    assert y.shape == (ROWS, 4)


def missing(x, seed=1, share=0.5):
    return np.where(np.random.default_rng(seed).random(x.shape) < share, np.float32(np.nan), x)


def test_grud_is_the_paper():
    """The recursion of the paper for the time since a value was seen, in float64."""
    torch = pytest.importorskip("torch")
    x, t = missing(normal(ROWS, TIME, FEATURES)), times()
    x[0, 0], x[1, :, 1] = 1.0, np.nan
    layer = built(GRUD(4, mean=[0.5, -1.0, 2.0], return_sequences=True), [x, t])
    w = {
        v.name: torch.tensor(v.numpy().astype("float64"), requires_grad=True) for v in layer.weights
    }
    given = torch.tensor(x.astype("float64"), requires_grad=True)
    stamps = torch.tensor(t.astype("float64"), requires_grad=True)
    known = ~torch.isnan(given)
    values = torch.where(known, given, torch.zeros_like(given))
    mean = w["mean"]
    h, last = torch.zeros(ROWS, 4, dtype=torch.float64), mean.expand(ROWS, FEATURES)
    since = torch.zeros(ROWS, FEATURES, dtype=torch.float64)
    every = []
    for s in range(TIME):
        gap = stamps[:, s] - (stamps[:, s - 1] if s else 0)
        m = known[:, s].double()
        since = gap[:, None].expand(ROWS, FEATURES) + (
            since * (1 - known[:, s - 1].double()) if s else 0
        )
        k = torch.exp(-torch.relu(since * w["input_decay"] + w["input_decay_bias"]))
        q = torch.exp(-torch.relu(since @ w["hidden_decay"] + w["hidden_decay_bias"]))
        u = m * values[:, s] + (1 - m) * (k * last + (1 - k) * mean)
        last = m * values[:, s] + (1 - m) * last
        p = q * h
        w_z, w_r, w_h = (u @ w["kernel"] + m @ w["mask_kernel"] + w["bias"]).chunk(3, -1)
        u_z, u_r, u_h = w["recurrent_kernel"].chunk(3, -1)
        z, r = torch.sigmoid(w_z + p @ u_z), torch.sigmoid(w_r + p @ u_r)
        h = z * p + (1 - z) * torch.tanh(w_h + (r * p) @ u_h)
        every.append(h)
    y = torch.stack(every, 1)
    torch.sin(y + 1).sum().backward()
    got, (by_weights, by_inputs) = with_gradients(layer, [x, t])
    close(got, y.detach().numpy())
    close(by_weights, [w[v.name].grad.numpy() for v in layer.weights], 1e-4)
    close(by_inputs, [torch.nan_to_num(given.grad).numpy(), stamps.grad.numpy()], 1e-4)


def test_grud_learns_from_what_is_missing():
    """A model is fitted to data with NaN, by time; masks and missing values do not mix."""
    x, t = missing(normal(32, TIME, FEATURES)), np.repeat(times()[:1], 32, axis=0)
    target = np.isnan(x[:, -1]).sum(-1, keepdims=True).astype("float32")
    inputs = [Input((None, FEATURES)), Input((None,))]
    model = cello.Model(inputs, Dense(1)(GRUD(8)(inputs)))
    model.compile(cello.optimizers.Adam(0.02), "mse")
    history = model.fit([x, t], target, epochs=30, verbose=0).history["loss"]
    assert np.isfinite(history).all() and history[-1] < 0.5 * history[0]
    assert np.isfinite(model.predict([x, t], verbose=0)).all()
    sequential = cello.Sequential([Input((None, FEATURES)), GRUD(4), Dense(1)])
    sequential.compile("adam", "mse")
    assert np.isfinite(sequential.fit(x, target, verbose=0).history["loss"]).all()
    before = sequential.get_weights()[-3:]
    assert np.isfinite(np.concatenate([np.ravel(w) for w in before])).all()


def by_small_steps(layer, x, t, steps=200):
    """The ODE-RNN in float64, by the classic Runge-Kutta method with many steps."""
    w = {v.name: v.numpy().astype("float64") for v in layer.weights}
    sigmoid = lambda v: 1 / (1 + np.exp(-v))  # noqa: E731

    def field(h):
        u = np.tanh(h @ w["field_kernel"] + w["field_bias"])
        return u @ w["field_output_kernel"] + w["field_output_bias"]

    h, last, every = np.zeros((len(x), layer.units)), np.zeros(len(x)), []
    for s in range(x.shape[1]):
        dt = ((t[:, s] - last) / steps)[:, None].astype("float64")
        for _ in range(steps):
            a = field(h)
            b = field(h + dt / 2 * a)
            c = field(h + dt / 2 * b)
            h = h + dt / 6 * (a + 2 * b + 2 * c + field(h + dt * c))
        last = t[:, s]
        x_z, x_r, x_h = np.split(x[:, s] @ w["kernel"] + w["bias"], 3, -1)
        u_z, u_r, u_h = np.split(w["recurrent_kernel"], 3, -1)
        z, r = sigmoid(x_z + h @ u_z), sigmoid(x_r + h @ u_r)
        h = z * h + (1 - z) * np.tanh(x_h + (r * h) @ u_h)
        every.append(h)
    return np.stack(every, 1)


def test_ode_rnn_is_its_equations():
    x, t = normal(ROWS, 4, FEATURES), times()[:, :4]
    layer = built(ODERNN(4, field_units=5, ode_steps=16, return_sequences=True), [x, t])
    wanted = by_small_steps(layer, x, t)
    close(outputs_of(layer, [x, t]), wanted, 1e-4)


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2)])
def test_errors_of_the_solvers_shrink_by_their_order(solver, order):
    with jax.enable_x64(True):
        x, t = normal(ROWS, 1, FEATURES), 1 + times()[:, :1]
        errors = []
        for steps in (16, 32):
            layer = ODERNN(4, field_units=5, solver=solver, ode_steps=steps, dtype="float64")
            start = normal(ROWS, 4, seed=2).astype("float64")
            layer.build([x.shape, t.shape])
            rng = np.random.default_rng(0)
            layer.set_weights([rng.normal(size=w.shape) * 0.5 for w in layer.get_weights()])
            t = t.astype("float64")
            got = in_numpy(layer.cell._after, start, t)(start, t)
            fine, dt = start, t / 2000
            for _ in range(2000):
                half = fine + dt / 2 * _field(layer, fine)
                fine = fine + dt * _field(layer, half)
            errors.append(np.abs(np.asarray(got) - fine).max())
    assert abs(np.log2(errors[0] / errors[1]) - order) < 0.25


def _field(layer, h):
    w = {v.name: v.numpy() for v in layer.weights}
    u = np.tanh(h @ w["field_kernel"] + w["field_bias"])
    return u @ w["field_output_kernel"] + w["field_output_bias"]


def test_without_diffrax(monkeypatch):
    monkeypatch.setitem(sys.modules, "diffrax", None)
    with pytest.raises(ImportError, match=r"cello-rnn\[ode\]"):
        ODERNN(3)


def test_backbone_dropout_draws_once_a_sequence():
    x = np.repeat(normal(1, 1, FEATURES), 2, axis=0).repeat(TIME, axis=1)
    layer = CfC(4, backbone_dropout=0.5, backbone_units=6, return_sequences=True, seed=1)
    layer.build(x.shape)
    layer.cell.backbone[0][0].assign(
        layer.cell.backbone[0][0].numpy() * (np.arange(FEATURES + 4) < FEATURES)[:, None]
    )  # which sees the inputs alone: steps that drop alike are alike
    y = outputs_of(layer, x, training=True)
    np.testing.assert_allclose(y, np.repeat(y[:, :1], TIME, axis=1), atol=1e-6)
    assert np.abs(y[0] - y[1]).max() > 1e-3
    assert np.abs(y - outputs_of(layer, x)).max() > 1e-3
