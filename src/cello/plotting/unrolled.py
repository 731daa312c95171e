"""`plot_unrolled`: a recurrent network over time, a column for each step."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

from cello.core.carry import with_time
from cello.core.kinds import positive_integer
from cello.core.layer import Layer
from cello.core.symbolic import symbolic_leaves
from cello.layers.bidirectional import Bidirectional
from cello.layers.dense import Dense
from cello.layers.dropout import Dropping
from cello.layers.embedding import Embedding, Masking
from cello.layers.function import Activation
from cello.layers.normalization import ScaledNormalization
from cello.layers.rnn import RNN
from cello.layers.time_distributed import TimeDistributed
from cello.plotting.canvas import take_axis
from cello.plotting.drawing import SIZE, Picture, measure_text
from cello.plotting.recording import name_states

PITCH, WIDTH, HEIGHT, RISE = 126.0, 70.0, 26.0, 66.0
"""From column to column; of a box; from row to row. In points."""
STEPWISE = Dense, Embedding, Masking, Activation, TimeDistributed, Dropping, ScaledNormalization
"""Layers that do the same at every step by itself; another may look along time."""
SHIFT = 19.0
"""How far the two directions of a `Bidirectional` stand aside."""


def plot_unrolled(model_or_layer, steps: int = 4, ax=None):
    """Draw a recurrent network over time: a column for each step, a row for each layer.

    Inputs come from below, outputs leave at the top, and states go from step to step by their
    names, from left to right; from right to left where a layer runs backwards. Arrows leave a
    recurrent layer at every step where it has `return_sequences`, else where it ends.
    `Bidirectional` has a row for each direction, and boxes that merge them.

    Args:
        model_or_layer: a model whose layers stand in a row, each using the output of the one
            before; or a recurrent layer.
        steps: how many steps to draw, at least 2; the network itself takes any number.
        ax: an axis of matplotlib to draw in.

    Returns:
        The axis.

    Raises:
        ValueError: where `steps` is wrong, the model has no recurrent layer, has no graph, or
            branches.
    """
    try:
        steps = positive_integer(steps)
        if steps < 2:
            raise ValueError("at least 2")
    except ValueError as error:
        raise ValueError(
            f"plot_unrolled: steps must be {error}. Received: steps={steps!r}"
        ) from None
    calls = _find_calls(model_or_layer)
    if not any(isinstance(call.layer, (RNN, Bidirectional)) for call in calls):
        raise ValueError(
            f"plot_unrolled: {model_or_layer} has no recurrent layer to draw over time: use "
            "plot_model."
        )
    picture = _Unrolled(str(model_or_layer), calls, steps).picture
    size = picture.width / 72, picture.height / 72
    ax = take_axis(ax, "plot_unrolled", size)
    picture.draw(ax)
    return ax


@dataclasses.dataclass
class _Call:
    """A layer in the row: whether it is given, and gives, something at every step."""

    layer: Layer
    takes_steps: bool = True
    gives_steps: bool = True


def _find_calls(model: Any) -> list[_Call]:
    """The layers of a model in a row, from the input to the output."""
    if isinstance(model, (RNN, Bidirectional)):
        return [_Call(model, True, model.return_sequences)]
    if not isinstance(model, Layer):
        raise TypeError(
            f"plot_unrolled needs a model or a recurrent layer and got {type(model).__name__}."
        )
    graph = model.call_graph
    if graph is None:
        raise ValueError(
            f"plot_unrolled: {model} has no graph, so the order of its layers is not known. Give "
            "a Sequential an Input in front, or pass one recurrent layer."
        )
    calls = []
    nodes = [node for node in graph.nodes if not node.is_input]
    for node in nodes:
        users = [n for n in nodes if any(t.node is node for t in n.inputs)]
        if len(node.inputs) != 1 or len(users) > 1:
            raise ValueError(
                f"plot_unrolled draws layers in a row, each using the output of the one before, "
                f"and {model} branches at {node.layer}: pass one recurrent layer, or use "
                "plot_model."
            )
        if node.layer.call_graph is not None:
            calls += _find_calls(node.layer)
        else:
            given, made = node.inputs[0].spec, symbolic_leaves(node.outputs)[0].spec
            time = (with_time(given.shape, given.dtype), len(made.shape) > 2)
            calls.append(_Call(node.layer, *time))
    return calls


class _Unrolled:
    """The drawing, row by row from below.

    Attributes:
        exits: the points at which what was computed so far leaves, one a step, or only one.
        flipped: whether the first step of what was computed so far stands on the right.
    """

    def __init__(self, title: str, calls: list[_Call], steps: int):
        self.steps = steps
        self.left = max(measure_text(_write_lines(c.layer)[0], bold=True) for c in calls)
        self.left = max(
            self.left, *(measure_text(text) for c in calls for text in _write_lines(c.layer))
        )
        self.left += 74.0 + SHIFT
        self.columns = [self.left + WIDTH / 2 + PITCH * i for i in range(steps)]
        self.right = self.columns[-1] + WIDTH / 2 + 52.0 + SHIFT
        self.flipped = False
        self.picture = Picture(self.right)
        first = calls[0]
        self.y = 40.0
        self.picture.add_text((14, 14), "time", bold=True, align="left")
        for i, x in enumerate(self.columns):
            self.picture.add_text((x, 14), f"step {i + 1}")
        if first.takes_steps:
            self.exits = [(x, self.y + 8) for x in self.columns]
        else:
            self.exits = [((self.columns[0] + self.columns[-1]) / 2, self.y + 8)]
        self.picture.add_text((14, self.y), "inputs", bold=True, align="left")
        for i, (x, _) in enumerate(self.exits):
            self.picture.add_text((x, self.y), _write_number("x", i) if first.takes_steps else "x")
        self.y += 0.8 * RISE
        for call in calls:
            self._add(call)
            self.y += RISE
        self._finish(title)

    def _add(self, call: _Call) -> None:
        if isinstance(call.layer, Bidirectional):
            self._draw_both(call.layer)
        elif isinstance(call.layer, RNN):
            self._draw_recurrent(call.layer)
        elif call.takes_steps and call.gives_steps and isinstance(call.layer, STEPWISE):
            self._write_label(call.layer)
            self.exits = [self._draw_box(point, self.y, call.layer.name) for point in self.exits]
        else:
            self._draw_whole(call)

    def _draw_whole(self, call: _Call) -> None:
        """A layer that makes one thing of all steps, or all steps of one thing."""
        self._write_label(call.layer)
        if not (call.takes_steps or call.gives_steps):
            self.exits = [self._draw_box(self.exits[0], self.y, call.layer.name)]
            return
        middle = (self.columns[0] + self.columns[-1]) / 2
        width = self.columns[-1] - self.columns[0] + WIDTH
        self.picture.add_box(
            (middle, self.y), (width, HEIGHT), [type(call.layer).__name__],
            name=call.layer.name,
        )  # fmt: skip
        for x, y in self.exits:
            self.picture.add_arrow([(x, y), (x, self.y - HEIGHT / 2)], name="input")
        xs = self.columns if call.gives_steps else [middle]
        self.exits = [(x, self.y + HEIGHT / 2) for x in xs]

    def _draw_recurrent(self, layer: RNN) -> None:
        self._write_label(layer)
        boxes = [self._draw_box(point, self.y, layer.name) for point in self.exits]
        backwards = layer.go_backwards != self.flipped
        self._draw_states(layer, self.columns, self.y, backwards)
        last = 0 if backwards else -1
        self.exits = boxes if layer.return_sequences else [boxes[last]]
        self.flipped = backwards and layer.return_sequences

    def _draw_both(self, layer: Bidirectional) -> None:
        """The two directions, and what merges them."""
        self._write_label(layer)
        low, high, top = self.y, self.y + 0.75 * RISE, self.y + 1.5 * RISE
        one, other = layer.forward_layer, layer.backward_layer
        width = WIDTH - 10
        lower = [x - SHIFT for x in self.columns]
        upper = [x + SHIFT for x in self.columns]
        for (x, y), a, b in zip(self.exits, lower, upper, strict=True):
            for direction, middle, level, entry in ((one, a, low, a), (other, b, high, b + 16)):
                self.picture.add_box(
                    (middle, level),
                    (width, HEIGHT),
                    _shorten(direction, width),
                    name=direction.name,
                )
                bend = low - HEIGHT / 2 - 12
                self.picture.add_arrow(
                    [(x, y), (x, bend), (entry, bend), (entry, level - HEIGHT / 2)], name="input"
                )
        # the labels of the lower row stand beside the arrows from below to the upper row
        self._draw_states(one, lower, low, one.go_backwards != self.flipped, width, 0.76)
        self._draw_states(other, upper, high, other.go_backwards != self.flipped, width)
        ends = [-1, 0] if one.go_backwards == self.flipped else [0, -1]
        if layer.return_sequences:
            merged = [(x, a, b) for x, a, b in zip(self.columns, lower, upper, strict=True)]
        else:
            middle = (self.columns[0] + self.columns[-1]) / 2
            merged = [(middle, lower[ends[0]], upper[ends[1]])]
            self.flipped = False
        word = layer.merge_mode or "both"
        self.exits = []
        for x, a, b in merged:
            self.picture.add_box(
                (x, top), (WIDTH, 0.8 * HEIGHT), [word], name=f"{layer.name} merge"
            )
            for start, level, entry in ((a, low, x - SHIFT), (b, high, x + SHIFT)):
                bend = top - 0.4 * HEIGHT - 9
                points = [(start, level + HEIGHT / 2), (start, bend), (entry, bend)]
                self.picture.add_arrow([*points, (entry, top - 0.4 * HEIGHT)], name="output")
            self.exits.append((x, top + 0.4 * HEIGHT))
        self.y = top

    def _draw_states(
        self, layer: RNN, columns, y: float, backwards: bool, width=WIDTH, place=0.5
    ) -> None:
        """The arrows from step to step, before the first and behind the last."""
        names = name_states(layer.cell)
        short = ", ".join(names) if len(names) < 4 else "states"
        way = -1 if backwards else 1
        order = columns[::-1] if backwards else columns
        start = "learned" if layer.initial_state == "learned" else "0"
        start = "kept" if layer.stateful else start
        beside = 62 if backwards and place > 0.5 else 34  # beyond the arrow to the upper row
        begin = order[0] - way * (width / 2 + beside)
        self.picture.add_text((begin, y + 9), f"{short} =", size=8)
        self.picture.add_text((begin, y - 2), start, size=8)
        self.picture.add_arrow(
            [
                (begin + way * (4 + measure_text(start, 8) / 2), y - 2),
                (order[0] - way * width / 2, y - 2),
            ],
            name="state",
        )
        for a, b in itertools.pairwise(order):
            ends = [(a + way * width / 2, y - 2), (b - way * width / 2, y - 2)]
            self.picture.add_arrow(ends, name="state")
            left, right = sorted((a, b))
            at = left + width / 2 + place * (right - left - width)
            self.picture.add_text((at, y + 6), short, size=8)
        if layer.return_state:
            end = order[-1] + way * width / 2
            self.picture.add_arrow([(end, y - 2), (end + way * 24, y - 2)], name="state")
            self.picture.add_text((end + way * 38, y - 2), short, size=8)

    def _draw_box(self, point, y: float, name: str):
        """A box above a point, with an arrow from there; the point at which its output leaves."""
        x, below = point
        self.picture.add_box((x, y), (WIDTH, HEIGHT), self._word, name=name)
        self.picture.add_arrow([(x, below), (x, y - HEIGHT / 2)], name="input")
        return x, y + HEIGHT / 2

    def _write_label(self, layer) -> None:
        lines = _write_lines(layer)
        self._word = _shorten(layer)
        for i, text in enumerate(lines):
            at = (14.0, self.y + ((len(lines) - 1) / 2 - i) * 1.3 * SIZE)
            self.picture.add_text(at, text, bold=i == 0, align="left")

    def _finish(self, title: str) -> None:
        """The outputs and the title on top."""
        self.y -= 0.25 * RISE
        self.picture.add_text((14, self.y), "outputs", bold=True, align="left")
        several = len(self.exits) > 1
        for i, (x, y) in enumerate(self.exits):
            self.picture.add_arrow([(x, y), (x, self.y - 8)], name="output")
            number = self.steps - 1 - i if self.flipped else i
            self.picture.add_text((x, self.y), _write_number("y", number) if several else "y")
        self.y += 26
        self.picture.add_text((self.right / 2, self.y), title, size=1.15 * SIZE, bold=True)
        self.picture.height = self.y + 16


def _write_number(letter: str, i: int) -> str:
    return letter + "".join("₀₁₂₃₄₅₆₇₈₉"[int(digit)] for digit in str(i + 1))


def _shorten(layer, width: float = WIDTH) -> list[str]:
    """What stands in the box of one step, `width` wide."""
    name = type(layer).__name__
    if isinstance(layer, RNN):
        name = type(layer.cell).__name__.removesuffix("Cell") if type(layer) is RNN else name
    while measure_text(name, bold=True) > width - 10 and len(name) > 4:
        name = name.removesuffix("…")[:-1] + "…"
    return [name]


def _write_lines(layer) -> list[str]:
    """What stands left of the row of a layer."""
    lines = [type(layer).__name__, layer.name]
    one = layer.forward_layer if isinstance(layer, Bidirectional) else layer
    if isinstance(one, RNN):
        lines.append("every step" if one.return_sequences else "last step only")
    return lines
