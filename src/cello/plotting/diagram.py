"""`plot_model`: the layers of a model as boxes, what flows between them as arrows."""

from __future__ import annotations

import io
from typing import Any

import jax

from cello.core.kinds import one_of
from cello.core.operation import Operation
from cello.core.symbolic import Node, symbolic_leaves
from cello.layers.bidirectional import Bidirectional
from cello.layers.rnn import RNN
from cello.layers.time_distributed import TimeDistributed
from cello.models.model import Model
from cello.models.sequential import Sequential
from cello.plotting.canvas import require_matplotlib, save, take_axis
from cello.plotting.drawing import LINE, SIZE, Picture, measure_box, measure_text
from cello.plotting.graph_layout import lay_out_graph
from cello.plotting.recording import name_states

MARGIN = 14.0


def plot_model(
    model,
    to_file=None,
    *,
    show_shapes: bool = True,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 120,
    ax=None,
):
    """Draw the layers of a model as boxes, with arrows from each to those that use its output.

    There is a box for each call of a layer. One that is called several times shares its weights
    among the calls: its boxes look like two, one behind the other, and are numbered. A dashed
    arrow carries the states of a recurrent layer, by their names. No program beside matplotlib is
    needed.

    Args:
        model: a model with a graph: `Sequential` or `Model(inputs, outputs)`.
        to_file: a file to write, in the format that its ending says: `.svg`, `.png`, `.pdf`. It is
            written as a whole, or not at all.
        show_shapes: whether to show the shapes of inputs and outputs, and the states of recurrent
            layers.
        show_layer_names: whether to show the names of the layers.
        rankdir: "TB", from top to bottom, or "LR", from left to right.
        expand_nested: whether to draw the layers of models inside.
        dpi: dots an inch, for a file of dots.
        ax: an axis of matplotlib to draw in.

    Returns:
        The axis.

    Raises:
        ValueError: for a model without a graph, or a wrong `rankdir` or ending.
    """
    options = show_shapes, show_layer_names, _check_direction(rankdir), expand_nested
    picture = _draw_model(_check_model(model), *options)
    size = picture.width / 72, picture.height / 72
    if ax is None:
        figure = require_matplotlib().figure(figsize=size, dpi=dpi)
        ax = figure.add_axes((0, 0, 1, 1))
    ax = take_axis(ax, "plot_model", size)
    picture.draw(ax)
    if to_file is not None:
        save(ax.figure, to_file, "plot_model", dpi)
    return ax


def draw_svg(model) -> str | None:
    """The diagram of a model as SVG, for notebooks; `None` where it cannot be drawn."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    if model.call_graph is None:
        return None
    picture = _draw_model(model, True, True, "TB", False)
    figure = Figure(figsize=(picture.width / 72, picture.height / 72))
    picture.draw(figure.add_axes((0, 0, 1, 1)))
    text = io.StringIO()
    figure.savefig(text, format="svg")
    return text.getvalue()


def _check_direction(rankdir: str) -> str:
    try:
        return one_of("TB", "LR")(rankdir)
    except ValueError as error:
        raise ValueError(
            f"plot_model: rankdir must be {error}. Received: rankdir={rankdir!r}"
        ) from None


def _check_model(model):
    if not isinstance(model, Model):
        raise TypeError(f"plot_model needs a model and got {type(model).__name__}.")
    if model.call_graph is None:
        raise ValueError(
            f"plot_model: {model} has no graph of layers to draw: "
            + (
                "give it an Input in front, or call it on data first."
                if isinstance(model, Sequential)
                else "its call() decides what it computes. summary() lists its layers."
            )
        )
    return model


def _draw_model(model, shapes: bool, names: bool, direction: str, expand: bool) -> Picture:
    """The picture of a model with its title, and a margin around."""
    inner = _draw_graph(model, shapes, names, direction, expand)
    title = str(model)
    width = max(inner.width, measure_text(title, 1.15 * SIZE, True)) + 2 * MARGIN
    picture = Picture(width, inner.height + 2 * MARGIN + 2 * SIZE)
    picture.add_text((width / 2, picture.height - MARGIN), title, 1.15 * SIZE, bold=True)
    picture.include(inner, ((width - inner.width) / 2, MARGIN))
    return picture


def _draw_graph(model, shapes: bool, names: bool, direction: str, expand: bool) -> Picture:
    """The boxes and arrows of a model's graph."""
    graph = model.whole_graph
    known = set(graph.nodes)
    # an input may be a tensor inside another graph: what computes it there is not drawn
    outside = [t for t in graph.flat_inputs if t.node not in known]
    boxes: list[Any] = [*outside, *graph.nodes]
    place = {box: i for i, box in enumerate(graph.nodes, len(outside))}
    place_of_outside = {id(t): i for i, t in enumerate(outside)}

    texts, inside, sizes = [], {}, []
    for i, box in enumerate(boxes):
        lines = _write_lines(graph, box, shapes, names)
        width, height = measure_box(lines)
        layer = box.layer if isinstance(box, Node) else None
        if expand and isinstance(layer, Model) and layer.call_graph is not None:
            inner = inside[i] = _draw_graph(layer, shapes, names, direction, expand)
            height = inner.height + len(lines) * LINE * SIZE + 18
            width = max(width, inner.width + 20)
        texts.append(lines)
        sizes.append((width, height))

    flows: dict[tuple[int, int], list[Any]] = {}
    for node in graph.nodes:
        for tensor in node.inputs:
            source = place_of_outside.get(id(tensor), place.get(tensor.node))
            if source is not None:
                flows.setdefault((source, place[node]), []).append(tensor)
    labels = {edge: _write_shape(tensors) for edge, tensors in flows.items()}
    flat = direction == "LR"
    room = 30.0 if not any(labels.values()) else 40.0
    if flat and any(labels.values()):
        room = max(room, max(measure_text(text, 8) for text in labels.values()) + 30)
    where = lay_out_graph([(h, w) if flat else (w, h) for w, h in sizes], list(flows), 18.0, room)

    size = (where.height, where.width) if flat else (where.width, where.height)
    picture = Picture(*size)

    def turn(point):
        x, y = point
        return (y, picture.height - x) if flat else (x, picture.height - y)

    for edge, route in zip(flows, where.routes, strict=True):
        name = " to ".join(_name_box(boxes[i]) for i in edge)
        states = all(_find_state(t) is not None for t in flows[edge])
        picture.add_arrow(
            [turn(p) for p in route], bent="x" if flat else "y", dashed=states,
            label=labels[edge], name=name,
        )  # fmt: skip
    for i, box in enumerate(boxes):
        centre, (width, height) = turn(where.centres[i]), sizes[i]
        picture.add_box(
            centre, sizes[i], texts[i], stacked=_count_calls(graph, box) > 1, frame=i in inside,
            fill="white" if isinstance(box, Node) and box.inputs else "0.93", name=_name_box(box),
        )  # fmt: skip
        if i in inside:
            inner = inside[i]
            picture.include(inner, (centre[0] - inner.width / 2, centre[1] - height / 2 + 9))
    return picture


def _name_box(box) -> str:
    return box.layer.name if isinstance(box, Node) else box.name


def _count_calls(graph, box) -> int:
    return sum(isinstance(box, Node) and node.layer is box.layer for node in graph.nodes)


def _write_lines(graph, box, shapes: bool, names: bool) -> list[str]:
    """What stands in a box: type, name, shapes, states."""
    if not isinstance(box, Node):
        return ["Input", *([box.name] if names else []), *([str(box.shape)] if shapes else [])]
    layer = box.layer
    lines = [_name_kind(layer)]
    calls = [node for node in graph.nodes if node.layer is layer]
    number = f"call {calls.index(box) + 1} of {len(calls)}" if len(calls) > 1 else ""
    lines += [", ".join(filter(None, (layer.name if names else "", number)))]
    if shapes:
        given, made = (
            ", ".join(str(t.shape) for t in tensors)
            for tensors in (box.inputs, symbolic_leaves(box.outputs))
        )
        lines += [f"{given} → {made}" if given else made, _describe_states(layer)]
    return [line for line in lines if line]


def _name_kind(layer) -> str:
    if isinstance(layer, (Bidirectional, TimeDistributed)):
        return f"{type(layer).__name__}({_name_kind(layer.layer)})"
    if isinstance(layer, Operation):
        return layer.function
    if type(layer) is RNN:
        return f"RNN({type(layer.cell).__name__})"
    return type(layer).__name__.removesuffix("Layer")


def _describe_states(layer) -> str:
    """The states of a recurrent layer and which outputs it gives, in a line."""
    both = isinstance(layer, Bidirectional)
    one = layer.forward_layer if both else layer
    if not isinstance(one, RNN):
        return ""
    sizes = jax.tree.leaves(one.cell.state_size, is_leaf=lambda s: isinstance(s, tuple))
    names = name_states(one.cell)
    if len(sizes) == len(names):
        names = [f"{name} {size}" for name, size in zip(names, sizes, strict=True)]
    words = ["states " + ", ".join(names) + (" each way" if both else "")]
    words.append("all steps" if one.return_sequences else "last step")
    words += ["backwards"] if one.go_backwards and not both else []
    words += ["stateful"] if one.stateful else []
    return " · ".join(words)


def _find_state(tensor) -> int | None:
    """Which state of a recurrent layer a tensor is, if it is one."""
    layer = tensor.node.layer
    if isinstance(layer, Bidirectional):
        outputs = 2 if layer.merge_mode is None else 1
    elif isinstance(layer, RNN):
        outputs = 1
    else:
        return None
    return tensor.index - outputs if tensor.index >= outputs else None


def _write_shape(tensors) -> str:
    """The names of the states among what an arrow carries."""
    words = []
    for tensor in dict.fromkeys(tensors):
        place, layer = _find_state(tensor), tensor.node.layer
        if place is None:
            words.append("output")
            continue
        both = isinstance(layer, Bidirectional)
        names = name_states((layer.forward_layer if both else layer).cell)
        way = ("forward ", "backward ")[place // len(names) % 2] if both else ""
        words.append(way + names[place % len(names)])
    return "" if set(words) == {"output"} else ", ".join(words)
