"""Runs of cells that are one operator: a node each, or one for both directions."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from jax.extend.core import Primitive

from cello.lowering.flat import Array, Equation, Flat
from cello.saving.onnx.builder import Value
from cello.saving.onnx.forms import FORMS, Recurrence
from cello.saving.onnx.lower import Writer, rule
from cello.saving.onnx.valid import Valid, valid

BOTH = Primitive("recurrences in both directions")


@dataclasses.dataclass
class _Given:
    """What a recurrence takes: sequences, the states to start from, which steps count."""

    of: Recurrence
    x: Value
    starts: list[Value]
    steps: Valid | None

    @property
    def nonzero(self) -> bool:
        return any(start.number != 0 for start in self.starts)

    @property
    def direction(self) -> str:
        return "reverse" if self.of.run.go_backwards else "forward"


def _given(w: Writer, of: Recurrence, inputs, arrays) -> _Given:
    """Of the equation's inputs the last; in front of them are the weights."""
    n = len(of.form.states)
    x, *states = inputs[len(inputs) - 1 - n - of.masked :]
    arrays = arrays[len(arrays) - 1 - n - of.masked :]
    x = w.whole(x, arrays[0].shape)
    steps = valid(w, w.whole(states.pop(), arrays[-1].shape)) if of.masked else None
    starts = [s if s.number == 0 else w.whole(s, a.shape)
              for s, a in zip(states, arrays[1:], strict=False)]  # fmt: skip
    return _Given(of, x, starts, steps)


@rule("recurrence", spreads=True)
def recurrence(w: Writer, equation, *inputs):
    of = w.recurrences[equation.params["name"]]
    return _run(w, _given(w, of, inputs, equation.inputs))


def _run(w: Writer, given: _Given) -> list[Value]:
    """A recurrence: its outputs in the order of running, and its states."""
    of, steps = given.of, given.steps
    run, units = of.run, of.cell.units
    batch, time = given.x.shape[:2]
    starts = given.starts
    if given.nonzero or (steps is not None and run.return_sequences):
        starts = [w.whole(s, (batch, units)) for s in starts]
    own = [w.reshaped(s, (1, batch, units)) for s in starts] if given.nonzero else None
    y, after = _node(w, [given], own, given.direction)
    after = [w.reshaped(s, (batch, units)) for s in after]
    if steps is not None:
        after = [steps.state(a, s) for a, s in zip(after, starts, strict=True)]
    if not run.return_sequences:
        return [after[0], *after]
    y = w.transposed(w.reshaped(y, (time, batch, units)), [1, 0, 2])
    if steps is not None and run.zero_output_for_mask:
        y = steps.back_with_zeros(y)
    elif steps is not None:
        y = steps.back_holding(y, starts[0], run.go_backwards)
    return [w.flipped(y, (1,)) if run.go_backwards else y, *after]


def _node(w: Writer, both: list[_Given], starts, direction: str) -> tuple[Value, list[Value]]:
    """The node of one recurrence, or of two, forwards and backwards.

    Returns:
        The outputs `(time, directions, batch, units)`, and the states after the last step.
    """
    b, first = w.b, both[0]
    form, cells = first.of.form, [g.of.cell for g in both]
    names = [function for g in both for function in g.of.functions]
    attributes: dict[str, Any] = {
        "hidden_size": cells[0].units,
        "direction": direction,
        "activations": [n for n, _, _ in names],
        "activation_alpha": [alpha for _, alpha, _ in names if alpha is not None],
        "activation_beta": [beta for _, _, beta in names if beta is not None],
    }
    attributes = {k: v for k, v in attributes.items() if v != []}
    if form.kind == "GRU":
        attributes["linear_before_reset"] = int(cells[0].reset_after)

    def stack(name):
        def make():
            found = [_weights(c) for c in cells]
            shape = next(v[name].shape for v in found if name in v)
            return np.stack([v.get(name, np.zeros(shape)) for v in found]).astype(x.dtype)

        return b.weight(cells, name, make)

    x, steps = first.x, first.steps
    batch, time = x.shape[:2]
    if steps is not None:
        front = steps.to_front
        x = b.once(("front", x.name, steps.mask.name), lambda x=x: front(x))
    bias = stack("B") if any(c.bias is not None for c in cells) else None
    lengths = None if steps is None else steps.lengths
    wanted = [first.of.run.return_sequences] + [True] * len(form.states)
    y, *after = b.op(
        form.kind, w.transposed(x, [1, 0, 2]), stack("W"), stack("R"), bias, lengths,
        *(starts or []), outputs=wanted, **attributes,
    )  # fmt: skip
    state = (len(both), batch, cells[0].units)
    if y is not None:
        y = w.with_shape(y, (time, *state))
    return y, [w.with_shape(s, state) for s in after]


def _weights(cell) -> dict[str, np.ndarray]:
    """`W`, `R` and, with a bias, `B` of one direction, in ONNX's order of gates."""
    written = FORMS[type(cell)].written
    found = {
        "W": written(cell.kernel.numpy()).T,
        "R": written(cell.recurrent_kernel.numpy()).T,
    }
    if cell.bias is not None:
        bias = written(cell.bias.numpy())
        two = bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
        found["B"] = two.reshape(-1)
    return found


# ------------------------------------------------------------------------------ both directions


def pair(flat: Flat, recurrences: dict[str, Recurrence]) -> Flat:
    """The same function, with two recurrences over one sequence, there and back, as one equation.

    What the second needs and comes between them is moved in front of the first.
    """
    equations = list(flat.equations)
    n = 0
    while n < len(equations):
        first = equations[n]
        for m in range(n + 1, len(equations)):
            second = equations[m]
            if not _fit(first, second, recurrences):
                continue
            needed, between = _makers(second, equations[n:m])
            if first in needed:
                continue
            names = (first.params["name"], second.params["name"])
            both = Equation(
                BOTH, [*first.inputs, *second.inputs], [*first.outputs, *second.outputs],
                {"names": names, "split": len(first.inputs)}, first.layer.rpartition("/")[0],
            )  # fmt: skip
            equations[n : m + 1] = [*needed, both, *[e for e in between if e is not first]]
            n += len(needed)
            break
        n += 1
    return Flat(flat.inputs, equations, flat.outputs)


def _makers(last: Equation, equations: list[Equation]) -> tuple[list[Equation], list[Equation]]:
    """Those of the equations before `last` that it needs, and the others."""
    wanted: set[Array] = set(last.inputs)
    needed, others = [], []
    for equation in reversed(equations):
        if wanted.intersection(equation.outputs):
            wanted.update(equation.inputs)
            needed.append(equation)
        else:
            others.append(equation)
    return needed[::-1], others[::-1]


def _fit(first: Equation, second: Equation, recurrences: dict[str, Recurrence]) -> bool:
    one, other = (recurrences.get(e.params.get("name", "")) for e in (first, second))
    if one is None or other is None or one.masked != other.masked:
        return False
    a, b = one.cell, other.cell
    same = type(a) is type(b) and a.units == b.units and a.dtype == b.dtype
    same = same and getattr(a, "reset_after", None) == getattr(b, "reset_after", None)
    runs = one.run.but(go_backwards=True), other.run.but(go_backwards=True)
    there_and_back = one.run.go_backwards != other.run.go_backwards
    if not (same and runs[0] == runs[1] and there_and_back):
        return False
    if one.masked and one.run.return_sequences and not one.run.zero_output_for_mask:
        return False  # held outputs are another way's
    n = 1 + len(one.form.states) + one.masked
    x, *mask = first.inputs[-n], *first.inputs[len(first.inputs) - one.masked :]
    their_x, *their_mask = second.inputs[-n], *second.inputs[len(second.inputs) - one.masked :]
    return x is their_x and all(m is t for m, t in zip(mask, their_mask, strict=True))


@rule(BOTH.name, spreads=True)
def both_directions(w: Writer, equation, *inputs):
    cut = equation.params["split"]
    pairs = (inputs[:cut], equation.inputs[:cut]), (inputs[cut:], equation.inputs[cut:])
    names = equation.params["names"]
    given = [_given(w, w.recurrences[n], *p) for n, p in zip(names, pairs, strict=True)]
    order = [1, 0] if given[0].of.run.go_backwards else [0, 1]  # ONNX has that of time first
    units, run, steps = given[0].of.cell.units, given[0].of.run, given[0].steps
    batch, time = given[0].x.shape[:2]
    starts = None
    if any(g.nonzero for g in given):
        own = [[w.whole(s, (batch, units)) for s in given[i].starts] for i in order]
        own = [[w.reshaped(s, (1, batch, units)) for s in states] for states in own]
        starts = [w.joined(states, 0) for states in zip(*own, strict=True)]
    y, after = _node(w, [given[i] for i in order], starts, "bidirectional")
    if steps is not None:
        zero = [w.number(0, s.dtype) for s in after]
        after = [steps.state(a, s) for a, s in zip(after, starts or zero, strict=True)]
    states: list[list[Value]] = [[], []]
    for state in after:
        for i, part in zip(order, w.b.split(state, [1, 1], 0), strict=True):
            part = w.with_shape(part, (1, batch, units))
            states[i].append(w.reshaped(part, (batch, units)))
    sizes: tuple[Any, ...]
    if run.return_sequences:
        sizes = batch, time
        whole = w.b.reshape(w.transposed(y, [2, 0, 1, 3]), 0, 0, 2 * units)
    else:
        sizes = (batch,)
        whole = w.b.reshape(w.transposed(after[0], [1, 0, 2]), 0, 2 * units)
    whole = w.with_shape(whole, (*sizes, 2 * units))
    if run.return_sequences and steps is not None:
        whole = steps.back_with_zeros(whole)
    parts = [w.with_shape(p, (*sizes, units)) for p in w.b.split(whole, [units, units], -1)]
    w.side_by_side[tuple(p.name for p in parts)] = whole
    outputs: list[list[Value]] = [[], []]
    for i, part in zip(order, parts, strict=True):
        turned = run.return_sequences and given[i].of.run.go_backwards
        outputs[i] = [w.flipped(part, (1,)) if turned else part, *states[i]]
    return [*outputs[0], *outputs[1]]
