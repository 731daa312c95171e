"""Recurrent layers in ONNX: one `LSTM`, `GRU` or `RNN` node each.

A node counts the steps of a row from the front (`sequence_lens`), a mask may be anything. Under a
mask the steps that count are moved to the front, in their order; the node runs over so many; and
its outputs are put back to where their steps were.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import numpy as np

from cello.cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from cello.core.variable import Variable
from cello.ops.gated import Gated, reordered
from cello.ops.gru import GRU
from cello.ops.lstm import LSTM
from cello.ops.simple_rnn import SIMPLE_RNN
from cello.saving.onnx import activations
from cello.saving.onnx.builder import Builder, Value
from cello.saving.onnx.write_masks import Valid, valid


@dataclasses.dataclass(frozen=True)
class Form:
    """How ONNX says a cell.

    Attributes:
        kind: the operator.
        cell: its declaration here.
        gates: the gates in ONNX's order.
        functions: the cell's activations in ONNX's order.
    """

    kind: str
    cell: Gated
    gates: str
    functions: tuple[str, ...]

    @property
    def states(self) -> str:
        return self.cell.states

    def written(self, array):
        """Blocks along the last axis in the order of ONNX."""
        return reordered(np.asarray(array), self.cell.gates, self.gates)

    def read(self, array):
        """The way back."""
        return reordered(array, self.gates, self.cell.gates)


FORMS: dict[type, Form] = {
    SimpleRNNCell: Form("RNN", SIMPLE_RNN, "g", ("activation",)),
    GRUCell: Form("GRU", GRU, "zrn", ("recurrent_activation", "activation")),
    LSTMCell: Form("LSTM", LSTM, "iofg", ("recurrent_activation", "activation", "activation")),
}

# ------------------------------------------------------------------------------------- the node


def cells_of(layer, cell) -> list[Any]:
    """The gated cells of a recurrent layer, from the input to the output."""
    if type(cell) is StackedRNNCells:
        return [c for inner in cell.cells for c in cells_of(layer, inner)]
    if type(cell) not in FORMS:
        raise ValueError(
            f"{layer} runs {type(cell).__name__}, for which ONNX has no operator: it has LSTM, GRU "
            "and SimpleRNN. Use LSTMCell, GRUCell or SimpleRNNCell, or keep the model in Cello: "
            "model.save_weights."
        )
    return [cell]


def weights(cell) -> dict[str, np.ndarray]:
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


def recurrent_node(
    b: Builder, layer, cells, x: Value, direction: str, lengths: Value | None, starts,
    sequence: bool,
) -> tuple[Value | None, list[Value]]:  # fmt: skip
    """One node for one cell, or for one cell a direction.

    Args:
        x: `(time, batch, features)`.
        lengths: the number of steps a row, int32, or `None`.
        starts: the states before the first step, each `(directions, batch, units)`, or `None`.
        sequence: whether the outputs of all steps are wanted.

    Returns:
        `(time, directions, batch, units)` or `None`, and the states after the last step.
    """
    form = FORMS[type(cells[0])]
    names = [activations.recurrent(getattr(c, f), layer) for c in cells
             for f in form.functions]  # fmt: skip
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
            found = [weights(c) for c in cells]
            shape = next(w[name].shape for w in found if name in w)
            return np.stack([w.get(name, np.zeros(shape, cells[0].dtype)) for w in found])

        return b.weight(cells, name, make)

    with_bias = any(c.bias is not None for c in cells)
    outputs = b.op(
        form.kind, x, stack("W"), stack("R"), stack("B") if with_bias else None, lengths,
        *(starts or []), outputs=[sequence] + [True] * len(form.states), **attributes,
    )  # fmt: skip
    return outputs[0], list(outputs[1:])


# ------------------------------------------------------------------------------------ the layers


@dataclasses.dataclass
class Run:
    """What running a layer one way needs and gives; arrays are `(batch, ...)`."""

    cells: list[Any]
    starts: list[Value] | None
    streams: bool


def state_sizes(cells) -> dict[str, int]:
    """Names and sizes of the states of cells in a row."""
    numbered = len(cells) > 1
    return {
        f"{i}/{name}" if numbered else name: cell.units
        for i, cell in enumerate(cells)
        for name in FORMS[type(cell)].states
    }


def prepare(e, layer, x: Value, given) -> Run:
    """The cells of `layer` and the states that they start from."""
    cells = cells_of(layer, layer.cell)
    if layer.return_all_states:
        raise ValueError(
            f"{layer} cannot be exported to ONNX with return_all_states: its operators give the "
            "states after the last step. h after every step is the output of return_sequences."
        )
    sizes = state_sizes(cells)
    if given is not None:
        leaves = jax.tree.leaves(given)
        starts = [e.b.cast(_value(e, s, layer), layer.dtype) for s in leaves]
        return Run(cells, starts, False)
    learned = _learned(e, layer, sizes)
    if e.streams(layer):
        if e.streaming and not layer.stateful and layer.go_backwards:
            raise ValueError(
                f"{layer} runs backwards, from the end of the sequence, so it cannot be written "
                "with states=True: export without it."
            )
        return Run(cells, e.states(layer, sizes, x, layer.dtype, learned), True)
    if learned is None:
        return Run(cells, None, False)
    batch, own = e.batch(x), []
    for name, start in learned.items():
        value = e.b.weight([layer], f"initial/{name}", lambda start=start: start)
        own.append(e.b.op("Expand", value, e.b.shape(batch, start.shape[-1])))
    return Run(cells, own, False)


def _learned(e, layer, sizes: dict[str, int]) -> dict[str, np.ndarray] | None:
    """The weights that a sequence starts from, `(1, units)` each, by the states' names."""
    if layer.initial_state == "zeros":
        return None
    variables = jax.tree.leaves(layer.learned_state, is_leaf=lambda v: isinstance(v, Variable))
    return {name: v.numpy()[None] for name, v in zip(sizes, variables, strict=True)}


def _value(e, state, layer) -> Value:
    return state if isinstance(state, Value) else e.b.constant(np.asarray(state, layer.dtype))


def zeros(e, x: Value, units: int, dtype) -> Value:
    """A state of zeros for each row of `x`."""
    value = e.b.onnx.numpy_helper.from_array(np.zeros(1, dtype))
    shape = e.b.shape(e.batch(x), units)
    return e.b.op("ConstantOfShape", shape, dtype=dtype, value=value)


def enter(e, layer, x: Value, steps: Valid | None) -> Value:
    """The inputs as a node takes them: `(time, batch, features)`, those that count in front."""
    x = e.b.cast(x, layer.dtype)
    if steps is not None:
        x = e.b.once(("front", x.name, steps.mask.name), lambda: steps.to_front(x))
    return e.b.op("Transpose", x, perm=[1, 0, 2])


def run_one_way(e, layer, x: Value, steps: Valid | None, run: Run, in_order: bool):
    """`layer` by one node a cell: its outputs and its states.

    Args:
        in_order: whether outputs come in the order of time although `go_backwards` is set.
    """
    b = e.b
    starts = list(run.starts) if run.starts is not None else None
    y: Any = enter(e, layer, x, steps)
    after: list[Value] = []
    start: Any = None
    last: Any = None
    direction = "reverse" if layer.go_backwards else "forward"
    for cell in run.cells:
        n = len(FORMS[type(cell)].states)
        own, starts = (starts[:n], starts[n:]) if starts is not None else (None, None)
        wants = layer.return_sequences or cell is not run.cells[-1]
        given = None if own is None else [b.unsqueeze(s, 0) for s in own]
        lengths = None if steps is None else steps.lengths
        y, states = recurrent_node(b, layer, [cell], y, direction, lengths, given, wants)
        states = [b.squeeze(s, 0) for s in states]
        if steps is not None:
            own = own or [zeros(e, x, cell.units, layer.dtype)] * n
            states = [steps.state(s, o) for s, o in zip(states, own, strict=True)]
        if wants:
            y = b.squeeze(y, 1)
        start, last = own[0] if own else None, states[0]
        after += states
    if run.streams:
        e.keep_states(layer, after)
    if not layer.return_sequences:
        return last, after
    y = b.op("Transpose", y, perm=[1, 0, 2])
    if steps is not None and layer.zero_output_for_mask:
        y = steps.back_with_zeros(y)
    elif steps is not None:
        y = steps.back_holding(y, start, layer.go_backwards)
    return (b.flip(y, 1) if layer.go_backwards and not in_order else y), after


def rnn(e, layer, sequences, initial_state=None, mask=None, training=False, constants=None):
    x = _single(layer, sequences)
    run = prepare(e, layer, x, initial_state)
    outputs, states = run_one_way(e, layer, x, valid(e.b, mask), run, in_order=False)
    return (outputs, *states) if layer.return_state else outputs


def bidirectional(e, layer, sequences, initial_state=None, mask=None, training=False):
    x, steps = _single(layer, sequences), valid(e.b, mask)
    both = (layer.forward_layer, layer.backward_layer)
    if e.streaming and not layer.stateful and initial_state is None and not e.in_rows:
        raise ValueError(
            f"{layer} needs the whole sequence, so it cannot be written with states=True: export "
            "without it."
        )
    half = len(initial_state) // 2 if initial_state is not None else 0
    given = (
        (initial_state[:half], initial_state[half:]) if initial_state is not None else (None,) * 2
    )
    runs = []
    for direction, state in zip(both, given, strict=True):
        with e.b.scope(direction.name):
            runs.append(prepare(e, direction, x, state))
    if _one_node(runs):
        outputs, states = _run_both(e, layer, x, steps, runs)
    else:
        found = [
            run_one_way(e, d, x, steps, r, in_order=layer.return_sequences)
            for d, r in zip(both, runs, strict=True)
        ]
        outputs, states = [y for y, _ in found], [s for _, s in found]
        outputs = _merge(e.b, layer.merge_mode, outputs)
    if not layer.return_state:
        return outputs
    states = [*states[0], *states[1]]
    return (*outputs, *states) if layer.merge_mode is None else (outputs, *states)


def _one_node(runs: list[Run]) -> bool:
    """Whether one node can say both directions."""
    if any(len(run.cells) > 1 for run in runs):
        return False
    one, other = (run.cells[0] for run in runs)
    same = type(one) is type(other) and one.units == other.units and one.dtype == other.dtype
    return same and getattr(one, "reset_after", None) == getattr(other, "reset_after", None)


def _run_both(e, layer, x: Value, steps: Valid | None, runs: list[Run]):
    """Both directions by one node; the outputs merged, and the states of each layer."""
    b = e.b
    both = [layer.forward_layer, layer.backward_layer]
    turned = both[0].go_backwards  # ONNX has the direction of time first
    order = [1, 0] if turned else [0, 1]
    cells = [runs[i].cells[0] for i in order]
    units, n = cells[0].units, len(FORMS[type(cells[0])].states)
    starts = None
    if runs[0].starts is not None or runs[1].starts is not None:
        own = [r.starts or [zeros(e, x, units, layer.dtype)] * n for r in runs]
        starts = [
            b.op("Concat", *[b.unsqueeze(own[i][s], 0) for i in order], axis=0) for s in range(n)
        ]
    y, after = recurrent_node(
        b, both[0], cells, enter(e, both[0], x, steps), "bidirectional",
        None if steps is None else steps.lengths, starts, layer.return_sequences,
    )  # fmt: skip
    if steps is not None:
        zero = [zeros(e, x, units, layer.dtype)] * n
        after = [steps.state(a, s) for a, s in zip(after, starts or zero, strict=True)]
    pieces: list[list[Value]] = [[], []]
    if layer.return_state or any(r.streams for r in runs):
        for state in after:
            parts = b.split(state, [1, 1], 0)
            for i, part in zip(order, parts, strict=True):
                pieces[i].append(b.squeeze(part, 0))
        for direction, run, states in zip(both, runs, pieces, strict=True):
            if run.streams:
                e.keep_states(direction, states)
    if layer.return_sequences:
        joined = b.reshape(b.op("Transpose", y, perm=[2, 0, 1, 3]), 0, 0, 2 * units)
        joined = joined if steps is None else steps.back_with_zeros(joined)
    else:
        joined = b.reshape(b.op("Transpose", after[0], perm=[1, 0, 2]), 0, 2 * units)
    if layer.merge_mode == "concat" and not turned:
        return joined, pieces
    parts = b.split(joined, [units, units], -1)
    return _merge(b, layer.merge_mode, [parts[i] for i in order]), pieces


def _merge(b: Builder, mode, outputs: list[Value]):
    one, other = outputs
    if mode is None:
        return outputs
    if mode == "concat":
        return b.op("Concat", one, other, axis=-1)
    if mode == "mul":
        return b.op("Mul", one, other)
    total = b.op("Add", one, other)
    return total if mode == "sum" else b.op("Mul", total, b.scalar(0.5, total.dtype))


def _single(layer, sequences) -> Value:
    if not isinstance(sequences, Value):
        raise ValueError(f"{layer} takes several sequences, and a node of ONNX takes one.")
    return sequences
