"""Layers beside their authors' or a well-known implementation, on its weights.

The files of tests/golden/ hold inputs, weights, outputs, last states, and the gradients of a random
projection of these, by inputs and weights; tests/golden/write.py says by which packages, and wrote
them. Here are the differences from Cello: how gates are ordered, what is transposed, which signs.
The weights of the other implementation are those that are differentiated.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from in_numpy import in_numpy

from cello import layers
from cello.core.variable import Binding

COMPILATIONS = 120

FOLDER = Path(__file__).parents[1] / "golden"
TOLERANCE = 1e-4
"""Of the largest number of an array."""


@dataclass
class Case:
    """A layer, and how the weights and results of a file are its own.

    Attributes:
        layer: makes it, from `return_sequences` and `return_state`.
        weights: those of the layer by name, from those of the file.
        results: `[outputs, *states]`, as the file has them.
    """

    layer: Callable[..., Any]
    weights: Callable[[dict[str, Any]], dict[str, Any]]
    results: Callable[[list[Any]], list[Any]] = field(default=list)


def layer(name, *args, **options):
    return lambda **more: getattr(layers, name)(*args, **options, **more)


def zoneout(cell, rate):
    return lambda **more: layers.RNN(layers.ZoneoutCell(cell(5), rate), **more)


def columns(array, *order):
    """The blocks of the last axis, in this order."""
    return jnp.concatenate([jnp.split(array, len(order), -1)[i] for i in order], -1)


def of_torch(*order, suffix=""):
    """Products with `(units, features)`, blocks from the top down, and two biases."""

    def weights(w):
        return {
            "kernel": columns(w[f"weight_ih{suffix}"].T, *order),
            "recurrent_kernel": columns(w[f"weight_hh{suffix}"].T, *order),
            "bias": columns(w[f"bias_ih{suffix}"] + w[f"bias_hh{suffix}"], *order),
        }

    return weights


def ind_rnn(w):
    bias = w["bias_ih"] + w["bias_hh"]
    return {"kernel": w["weight_ih"].T, "recurrent_kernel": w["vector_u"], "bias": bias}


def peephole_lstm(w):
    return of_torch(0, 1, 2, 3)(w) | {"peepholes": w["weight_ph"].reshape(3, -1)}


def projected_lstm(w):
    return of_torch(0, 1, 2, 3, suffix="_l0")(w) | {"projection_kernel": w["weight_hr_l0"].T}


def coupled_lstm(w):
    """Gates i, o, f, c; the forget gate is 1 - i, and f is not used."""

    def gates(array):
        i, o, _, c = jnp.split(array, 4, -1)
        return jnp.concatenate([-i, c, o], -1)

    bias = sum(jnp.split(w["B"][0], 2))
    return {
        "kernel": gates(w["W"][0].T),
        "recurrent_kernel": gates(w["R"][0].T),
        "bias": gates(bias),
    }


def haste_lstm(w):
    return {name: columns(w[name], 0, 2, 1, 3) for name in ("kernel", "recurrent_kernel", "bias")}


def layer_norm_lstm(w):
    kernel_gain, recurrent_gain = columns(w["gamma"], 0, 2, 1, 3)
    gains = {"kernel_gain": kernel_gain, "recurrent_gain": recurrent_gain}
    return haste_lstm(w) | gains | {"state_gain": w["gamma_h"], "state_bias": w["beta_h"]}


def haste_gru(w):
    bias = jnp.stack([w["bias"], w["recurrent_bias"]])
    return {"kernel": w["kernel"], "recurrent_kernel": w["recurrent_kernel"], "bias": bias}


def slstm(w):
    recurrent = jnp.swapaxes(w["_recurrent_kernel_"], 1, 2)
    return {"kernel": w["kernel"], "recurrent_kernel": recurrent, "bias": w["_bias_"]}


def conv_gru(w):
    """A convolution of the state and the inputs side by side, and 1 - z for z."""
    signs = {"z": -1, "r": 1, "q": 1}
    both = jnp.concatenate([s * w[f"conv{g}.weight"] for g, s in signs.items()])
    recurrent, kernel = jnp.split(jnp.transpose(both, (2, 3, 1, 0)), [3], axis=2)
    bias = jnp.concatenate([s * w[f"conv{g}.bias"] for g, s in signs.items()])
    return {"kernel": kernel, "recurrent_kernel": recurrent, "bias": bias}


def echo_state(w):
    return {"kernel": w["Win"].T, "recurrent_kernel": w["W"].T, "bias": w["bias"]}


def grud(w):
    """Gates r, z, n; one product of inputs, state and mask, and one more of the state."""
    w = w | {k[5:]: v * w[k[5:]] for k, v in w.items() if k.startswith("keep/")}
    u, h, m = jnp.split(w["rnn_cell.weight_ih"].T, [4, 9])
    bias = w["rnn_cell.bias_ih"] + w["opened"] + w["rnn_cell.bias_hh"]
    products = {
        "kernel": u,
        "recurrent_kernel": h + w["rnn_cell.weight_hh"].T,
        "mask_kernel": m,
        "bias": bias,
    }
    return {name: columns(array, 1, 0, 2) for name, array in products.items()} | {
        "input_decay": jnp.diagonal(w["temp_decay_x.W"]),
        "input_decay_bias": w["temp_decay_x.b"],
        "hidden_decay": w["temp_decay_h.W"].T,
        "hidden_decay_bias": w["temp_decay_h.b"],
        "mean": w["mean"],
    }


def sru(w):
    """The columns of a unit side by side: c, f, r, and the highway's, which is not scaled."""
    blocks = jnp.moveaxis(w["weight"].reshape(len(w["weight"]), 5, -1), -1, 0)
    weights = {"kernel": jnp.concatenate(blocks[:3], -1), "bias": w["bias"]}
    if len(blocks) == 3:
        return weights
    return weights | {"input_kernel": blocks[3] / math.sqrt(1 + 2 * math.exp(-1))}


def qrnn(w):
    """This step above the one before, and 1 - f for f."""

    def signed(array):
        z, f, o = jnp.split(array, 3, -1)
        return jnp.concatenate([z, -f, o], -1)

    now, before = jnp.split(w["linear.weight"].T, 2)
    return {
        "kernel": signed(jnp.concatenate([before, now])),
        "bias": signed(w["linear.bias"]),
    }


def minimal(name, *order):
    return lambda w: {
        "kernel": columns(w[f"{name}.weight"].T, *order),
        "bias": columns(w[f"{name}.bias"], *order),
    }


def lru(w):
    return {
        "nu": w["nu_log"],
        "theta": w["theta_log"],
        "gamma": w["gamma_log"],
        "input_kernel": jnp.concatenate([w["B_re"].T, w["B_im"].T], -1),
        "output_kernel": jnp.concatenate([w["C_re"].T, -w["C_im"].T]),
        "skip_kernel": jnp.diag(w["D"]),
    }


def hgrn(w):
    """The real and the imaginary input of a unit side by side."""
    inputs = w["input_proj.weight"].T.reshape(6, 6, 2), w["input_proj.bias"].reshape(6, 2)
    weights, biases = ([a[..., 0], a[..., 1]] for a in inputs)
    others = ("lambda_proj", "gate")
    return {
        "kernel": jnp.concatenate([*weights, *(w[f"{name}.weight"].T for name in others)], -1),
        "bias": jnp.concatenate([*biases, *(w[f"{name}.bias"] for name in others)]),
        "theta": w["theta"][0, 0],
        "scale": w["norm.weight"],
        "shift": w["norm.bias"],
        "output_kernel": w["out_proj.weight"].T,
        "output_bias": w["out_proj.bias"],
    }


def s4d(w):
    """B times C for C."""
    kernel = {name.removeprefix("kernel.kernel."): value for name, value in w.items()}
    (b, bi), (c, ci) = (jnp.moveaxis(a, -1, 0) for a in (kernel["B"], kernel["C"][0]))
    return {
        "log_step": kernel["log_dt"],
        "log_decay": kernel["inv_A_real"],
        "frequency": kernel["A_imag"],
        "readout_weights": jnp.stack([b * c - bi * ci, b * ci + bi * c]),
        "skip": w["D"][0],
        "output_kernel": w["output_linear.0.weight"].T,
        "output_bias": w["output_linear.0.bias"],
    }


def s5(w):
    """The real part of the outputs, where Cello adds the conjugates: half of C."""
    (decay, frequency), B, C = w["seq.Lambda"].T, w["seq.B"], w["seq.C"]
    return {
        "log_step": w["seq.log_step"],
        "log_decay": jnp.log(-decay),
        "frequency": frequency,
        "input_kernel": jnp.concatenate([B[..., 0].T, B[..., 1].T], -1),
        "output_kernel": jnp.concatenate([C[..., 0].T, -C[..., 1].T]) / 2,
        "skip_kernel": jnp.diag(w["seq.D"]),
    }


def side_by_side(w, *names):
    return jnp.concatenate([w[f"{name}.weight"].T for name in names], -1)


def retnet(w):
    kernel = side_by_side(w, *(f"{name}_proj" for name in "qkvg"))
    return {"kernel": kernel, "output_kernel": w["out_proj.weight"].T}


def gla(w):
    return {
        "kernel": side_by_side(w, "q_proj", "k_proj", "v_proj", "g_proj", "gk_proj.0"),
        "gate_kernel": w["gk_proj.1.weight"].T,
        "gate_bias": w["gk_proj.1.bias"],
        "scale": w["g_norm_swish_gate.weight"],
        "output_kernel": w["o_proj.weight"].T,
    }


def delta_net(w):
    convolution = jnp.concatenate([w[f"{name}_conv1d.weight"][:, 0] for name in "qkv"])
    return {
        "kernel": side_by_side(w, *(f"{name}_proj" for name in "qkvb")),
        "convolution": convolution.T,
        "scale": w["o_norm.weight"],
        "output_kernel": w["o_proj.weight"].T,
    }


def mlstm(w):
    return {
        "kernel": jnp.concatenate([w[name] for name in "qkvo"], -1),
        "bias": jnp.zeros(24),
        "gate_kernel": jnp.concatenate([w["i"], w["f"]], -1),
        "gate_bias": jnp.concatenate([w["i_bias"], w["f_bias"]]),
    }


def rwkv7(w):
    names = {
        "receptance_kernel": "R_", "key_kernel": "K_", "value_kernel": "V_", "output_kernel": "O_",
        "decay_bias": "w0", "rate_bias": "a0", "erase": "k_k", "replace": "k_a", "bonus": "r_k",
        "scale": "ln_w", "shift": "ln_b",
    }  # fmt: skip
    for ours, theirs in {"decay": "w", "rate": "a", "gate": "g"}.items():
        names |= {f"{ours}_down_kernel": f"{theirs}1", f"{ours}_up_kernel": f"{theirs}2"}
    mix = jnp.stack([w[f"x_{name}"] for name in "rwkvag"])
    return {"mix": mix} | {ours: w[theirs] for ours, theirs in names.items()}


CASES = {
    "ConvGRU2D": Case(
        layer("ConvGRU2D", 3, padding="same", data_format="channels_first"), conv_gru
    ),
    "CoupledLSTM": Case(layer("CoupledLSTM", 5), coupled_lstm),
    "DeltaNet": Case(layer("DeltaNet", 8, heads=2), delta_net),
    "EchoState": Case(layer("EchoState", 6, leak=0.3), echo_state),
    "GLA": Case(layer("GLA", 8, heads=2, rank=5), gla),
    "GRUD-with-a-diagonal": Case(layer("GRUD", 5), grud),
    "GRUD-with-open-gates": Case(layer("GRUD", 5), grud),
    "HGRN": Case(layer("HGRN", 6, lower_bound=0.3), hgrn),
    "IndRNN": Case(layer("IndRNN", 5), ind_rnn),
    "LRU": Case(layer("LRU", 4, state_units=6), lru),
    "LayerNormLSTM": Case(layer("LayerNormLSTM", 5), layer_norm_lstm),
    "MGU": Case(layer("MGU", 5), of_torch(0, 1)),
    "MLSTM": Case(layer("MLSTM", 6, heads=2), mlstm),
    "MinGRU": Case(layer("MinGRU", 6), minimal("to_hidden_and_gate", 1, 0)),
    "MinLSTM": Case(layer("MinLSTM", 6), minimal("to_hidden_and_f_i_gate", 1, 2, 0)),
    "PeepholeLSTM": Case(layer("PeepholeLSTM", 5), peephole_lstm),
    "ProjectedLSTM": Case(layer("ProjectedLSTM", 5, 3), projected_lstm),
    "QRNN": Case(layer("QRNN", 5), qrnn),
    "RWKV7": Case(
        layer("RWKV7", 8, heads=2, rank=3), rwkv7, lambda r: [r[0], jnp.swapaxes(r[1], -1, -2)]
    ),
    "RetNet": Case(layer("RetNet", 8, heads=2), retnet),
    "S4D": Case(layer("S4D", 3, state_units=8), s4d),
    "S4D-bilinear": Case(layer("S4D", 3, state_units=8, discretization="bilinear"), s4d),
    "S5": Case(layer("S5", 4, state_units=12), s5),
    "SLSTM": Case(layer("SLSTM", 6, heads=2), slstm),
    "SRU": Case(layer("SRU", 5, highway_bias=-1.0), sru),
    "SRU-of-4-features": Case(layer("SRU", 5, highway_bias=-1.0), sru),
    "UGRNN": Case(layer("UGRNN", 5), of_torch(1, 0)),
    "ZoneoutGRU": Case(zoneout(layers.GRUCell, 0.3), haste_gru),
    "ZoneoutLSTM": Case(zoneout(layers.LSTMCell, [0.3, 0.0]), haste_lstm),
}


def test_every_file_has_a_case():
    assert sorted(CASES) == sorted(file.stem for file in FOLDER.glob("*.npz"))


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.deep)])
@pytest.mark.parametrize("name", CASES)
def test_layer_is_the_other_implementation(name, compiled):
    with np.load(FOLDER / f"{name}.npz") as file:
        arrays = dict(file)
    parts = {kind: {} for kind in ("weight", "gradient", "result", "projection", "more")}
    for key, array in arrays.items():
        kind, _, rest = key.partition("/")
        if rest:
            parts[kind][rest] = array
    case, more, projections = CASES[name], parts["more"], parts["projection"].values()
    layer = case.layer(return_sequences=True, return_state=True)
    given = lambda x: [x, more["t"]] if "t" in more else x  # noqa: E731
    layer.build(jax.tree.map(np.shape, given(parts["weight"]["x"])))
    variables = {w.name: w for w in layer.weights}

    def total(theirs):
        ours = case.weights(theirs | more)
        assert {n: w.shape for n, w in ours.items()} == {n: w.shape for n, w in variables.items()}
        with Binding({variables[n]: w for n, w in ours.items()}):
            results = case.results(layer(given(theirs["x"])))[: len(projections)]
        return sum(jnp.sum(r * p) for r, p in zip(results, projections, strict=True)), results

    run = jax.grad(total, has_aux=True)
    run = jax.jit(run) if compiled else in_numpy(run, parts["weight"])
    gradients, results = run(parts["weight"])
    got = {"gradient": gradients, "result": dict(zip(parts["result"], results, strict=True))}
    errors = {
        f"{kind} {n}": np.abs(got[kind][n] - wanted).max() / np.abs(wanted).max()
        for kind in got
        for n, wanted in parts[kind].items()
    }
    assert max(errors.values()) < TOLERANCE, errors
