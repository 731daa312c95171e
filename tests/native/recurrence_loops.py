"""The recurrences that kernels know as plain loops in NumPy, with their gradients, by hand.

In float64 they are the truth, in float32 they say what rounding costs.
"""

import dataclasses
import itertools

import numpy as np

from cello.ops.gated import Gated
from cello.ops.gru import GRU, GRU_RESET_BEFORE
from cello.ops.layer_norm import LAYER_NORM_GRU, LAYER_NORM_LSTM
from cello.ops.lstm import LSTM
from cello.ops.simple_rnn import SIMPLE_RNN

CELLS = {
    c.name: c
    for c in (LSTM, GRU, GRU_RESET_BEFORE, SIMPLE_RNN, LAYER_NORM_LSTM, LAYER_NORM_GRU)
}  # fmt: skip
VECTORS = {"layer_norm_lstm": 14, "layer_norm_gru": 10}
"""Rows of `vectors`: gains of both products, biases, gain and bias of the memory."""

# Functions, their slopes by their values, and the corners where these are not smooth.
FUNCTIONS = {
    "tanh": (np.tanh, lambda y: 1 - y * y, ()),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda y: y * (1 - y), ()),
    "hard_sigmoid": (
        lambda x: np.clip(x + 3, 0, 6) / 6,
        lambda y: ((y > 0) & (y < 1)).astype(y.dtype) / 6,
        (-3, 3),
    ),
    "relu": (lambda x: np.maximum(x, 0), lambda y: (y > 0).astype(y.dtype), (0,)),
    "linear": (lambda x: x, np.ones_like, ()),
}
ACTIVATIONS = list(FUNCTIONS)  # by the numbers in native/kernels.h


@dataclasses.dataclass
class Problem:
    """A recurrence, its arrays by the names of native/kernels.h, and the gradients of its results.

    Gradients that are `None` are zero.
    """

    cell: Gated
    activation: str
    recurrent_activation: str
    go_backwards: bool
    epsilon: float
    arrays: dict
    d_results: dict

    def cast(self, dtype):
        """The same in another precision."""

        def of(arrays):
            return {
                n: a if a is None or a.dtype == bool else a.astype(dtype) for n, a in arrays.items()
            }

        return dataclasses.replace(self, arrays=of(self.arrays), d_results=of(self.d_results))


class Loop:
    """`Loop(problem)` runs forward: `results`. `gradients()` runs back."""

    def __init__(self, problem):
        self.p, a = problem, problem.arrays
        self.batch, self.time, self.features = a["x"].shape
        self.units, self.gates = a["recurrent_kernel"].shape[0], len(problem.cell.gates)
        self.normalises, self.has_c = (
            "layer_norm" in problem.cell.name,
            len(problem.cell.states) > 1,
        )
        self.late = problem.cell.name == "gru_reset_before"
        self.dtype = a["x"].dtype
        self.act, self.d_act, self.act_corners = FUNCTIONS[problem.activation]
        self.gate, self.d_gate, self.gate_corners = FUNCTIONS[problem.recurrent_activation]
        self.from_corner = np.inf  # the least distance of a number from one
        h, c = a["h0"], a["c0"]
        self.tape, hs, cs = [], [], []
        for step in range(self.time):
            h, c = self.step(step, h, c)
            hs.append(h), cs.append(c)
        self.results = {"hs": np.stack(hs, 1), "h_last": h}
        if self.has_c:
            self.results |= {"cs": np.stack(cs, 1), "c_last": c}

    # ---- one step forward

    def step(self, step, h, c):
        a = self.p.arrays
        t = self.time - 1 - step if self.p.go_backwards else step
        keep = np.ones((self.batch, 1), bool) if a["mask"] is None else a["mask"][:, t, None]
        x = np.where(keep, a["x"][:, t], 0)
        entering = h if a["recurrent_mask"] is None else h * a["recurrent_mask"]
        xs = self.blocks(x @ a["kernel"])
        us = self.blocks(entering @ a["recurrent_kernel"])
        seen = {"t": t, "keep": keep, "x": x, "entering": entering, "h": h, "c": c}
        if self.normalises:
            g, vectors = self.gates, a["vectors"]
            xs, seen["of_x"] = self.scaled(xs, vectors[:g])
            us, seen["of_h"] = self.scaled(us, vectors[g : 2 * g])
            biases = vectors[2 * g : 2 * g + 4]
            xs = xs + biases[:g]
            if g == 3:
                us = us + np.array([0, 0, 1], self.dtype)[:, None] * biases[3]
        elif a["bias"] is not None:
            bias = a["bias"].reshape(-1, self.gates, self.units)
            xs = xs + bias[0]
            us = us + bias[1] if len(bias) > 1 else us
        new_h, new_c = self.pointwise(seen, xs, us)
        self.tape.append(seen)
        return np.where(keep, new_h, h), c if new_c is None else np.where(keep, new_c, c)

    def pointwise(self, seen, xs, us):
        h, c, cell = seen["h"], seen["c"], self.p.cell.name
        if self.has_c:
            z = xs + us
            i, f, o = (self.gated(seen, z[:, n]) for n in (0, 1, 3))
            g = self.activated(seen, z[:, 2])
            c = f * c + i * g
            inner = c
            if self.normalises:
                inner, seen["of_c"] = self.normalised(c)
            y = self.activated(seen, inner)
            seen["values"] = i, f, g, o, y
            return o * y, c
        if cell == "simple_rnn":
            h = seen["values"] = self.activated(seen, xs[:, 0] + us[:, 0])
            return h, None
        z, r = (self.gated(seen, xs[:, n] + us[:, n]) for n in (0, 1))
        if self.late:
            inner = (r * seen["entering"]) @ self.p.arrays["recurrent_kernel"][:, 2 * self.units :]
            n = self.activated(seen, xs[:, 2] + inner)
        else:
            inner = us[:, 2]
            n = self.activated(seen, xs[:, 2] + r * inner)
        seen["values"] = z, r, n, inner
        return z * h + (1 - z) * n, None

    def activated(self, seen, x):
        self.note(seen, x, self.act_corners)
        return self.act(x)

    def gated(self, seen, x):
        self.note(seen, x, self.gate_corners)
        return self.gate(x)

    def note(self, seen, x, corners):
        for corner in corners:
            near = np.where(seen["keep"], np.abs(x - corner), np.inf).min()
            self.from_corner = min(self.from_corner, near)

    def blocks(self, product):
        return product.reshape(self.batch, self.gates, self.units)

    def parts(self):
        """Blocks that are normalised together."""
        ends = [0, *self.p.cell.ends, self.gates]
        return [slice(a, b) for a, b in itertools.pairwise(ends)]

    def scaled(self, x, gain):
        normal, scales = np.empty_like(x), []
        for part in self.parts():
            mean_square = np.mean(x[:, part] ** 2, (1, 2), keepdims=True)
            scales.append(1 / np.sqrt(mean_square + self.dtype.type(self.p.epsilon)))
            normal[:, part] = x[:, part] * scales[-1]
        return normal * gain, (normal, scales)

    def normalised(self, c):
        gain, bias = self.p.arrays["vectors"][-2:]
        centred = c - c.mean(1, keepdims=True)
        variance = np.mean(centred**2, 1, keepdims=True)
        scale = 1 / np.sqrt(variance + self.dtype.type(self.p.epsilon))
        return centred * scale * gain + bias, (centred * scale, scale)

    # ---- and back

    def gradients(self):
        a, d = self.p.arrays, self.p.d_results
        names = ("kernel", "recurrent_kernel", "bias", "vectors", "x")
        self.d = {f"d_{n}": np.zeros_like(a[n]) for n in names if a[n] is not None}
        dh, dc = d["h_last"], d["c_last"]
        for step in reversed(range(self.time)):
            if d["hs"] is not None:
                dh = dh + d["hs"][:, step]
            if self.has_c and d["cs"] is not None:
                dc = dc + d["cs"][:, step]
            dh, dc = self.step_back(self.tape[step], dh, dc)
        return self.d | {"d_h0": dh} | ({"d_c0": dc} if self.has_c else {})

    def step_back(self, seen, dh, dc):
        a, keep = self.p.arrays, seen["keep"]
        dh_new = np.where(keep, dh, 0)
        dc_new = np.where(keep, dc, 0) if self.has_c else None
        seen["d_entering"] = np.zeros_like(dh)
        dxs, dus, dh_before, dc_before = self.pointwise_back(seen, dh_new, dc_new)
        if self.normalises:
            g = self.gates
            biases = self.d["d_vectors"][2 * g : 2 * g + 4]
            biases[:g] += dxs.sum(0)
            if g == 3:
                biases[3] += dus[:, 2].sum(0)
            dxs = self.scaled_back(seen["of_x"], dxs, slice(g))
            dus = self.scaled_back(seen["of_h"], dus, slice(g, 2 * g))
        elif a["bias"] is not None:
            bias = self.d["d_bias"].reshape(-1, self.gates, self.units)
            bias[0] += dxs.sum(0)
            if len(bias) > 1:
                bias[1] += dus.sum(0)
        dxs, dus = dxs.reshape(self.batch, -1), dus.reshape(self.batch, -1)
        self.d["d_kernel"] += seen["x"].T @ dxs
        self.d["d_recurrent_kernel"] += seen["entering"].T @ dus
        self.d["d_x"][:, seen["t"]] = dxs @ a["kernel"].T
        d_entering = seen["d_entering"] + dus @ a["recurrent_kernel"].T
        if a["recurrent_mask"] is not None:
            d_entering = d_entering * a["recurrent_mask"]
        dh = np.where(keep, dh_before + d_entering, dh)
        return dh, np.where(keep, dc_before, dc) if self.has_c else None

    def pointwise_back(self, seen, dh, dc):
        """Gradients of both products, and of the states as the pointwise part sees them."""
        h, c, cell = seen["h"], seen["c"], self.p.cell.name
        if self.has_c:
            i, f, g, o, y = seen["values"]
            d_inner = dh * o * self.d_act(y)
            if self.normalises:
                normal, scale = seen["of_c"]
                self.d["d_vectors"][-2] += (d_inner * normal).sum(0)
                self.d["d_vectors"][-1] += d_inner.sum(0)
                d = d_inner * self.p.arrays["vectors"][-2]
                along = (d * normal).mean(1, keepdims=True)
                d_inner = scale * (d - d.mean(1, keepdims=True) - normal * along)
            dc = dc + d_inner
            dz = np.stack(
                [dc * g * self.d_gate(i), dc * c * self.d_gate(f), dc * i * self.d_act(g),
                 dh * y * self.d_gate(o)], 1,
            )  # fmt: skip
            return dz, dz, np.zeros_like(dh), dc * f
        if cell == "simple_rnn":
            dz = (dh * self.d_act(seen["values"]))[:, None]
            return dz, dz, np.zeros_like(dh), None
        z, r, n, inner = seen["values"]
        dn = dh * (1 - z) * self.d_act(n)
        dz = dh * (h - n) * self.d_gate(z)
        if self.late:
            columns = slice(2 * self.units, None)
            late = r * seen["entering"]
            self.d["d_recurrent_kernel"][:, columns] += late.T @ dn
            d_late = dn @ self.p.arrays["recurrent_kernel"][:, columns].T
            dr = d_late * seen["entering"] * self.d_gate(r)
            seen["d_entering"] = d_late * r
            return np.stack([dz, dr, dn], 1), np.stack([dz, dr, 0 * dn], 1), dh * z, None
        dr = dn * inner * self.d_gate(r)
        return np.stack([dz, dr, dn], 1), np.stack([dz, dr, dn * r], 1), dh * z, None

    def scaled_back(self, kept, d, rows):
        normal, scales = kept
        self.d["d_vectors"][rows] += (d * normal).sum(0)
        d = d * self.p.arrays["vectors"][rows]
        out = np.empty_like(d)
        for part, scale in zip(self.parts(), scales, strict=True):
            along = np.mean(d[:, part] * normal[:, part], (1, 2), keepdims=True)
            out[:, part] = scale * (d[:, part] - normal[:, part] * along)
        return out
