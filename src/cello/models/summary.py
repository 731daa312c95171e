"""The table that `model.summary()` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cello.core.text import clean_text

if TYPE_CHECKING:
    from cello.models.model import Model


def print_summary(
    model: Model,
    line_length=None,
    print_fn=None,
    expand_nested=False,
    show_trainable=False,
    engines=False,
) -> None:
    """Print the table of `model`; see `Model.summary` for the arguments."""
    if print_fn is None:
        console = Console(width=line_length) if line_length else Console()
        console.print(*summary_parts(model, expand_nested, show_trainable, engines), sep="\n")
        return
    console = Console(width=line_length or 80, color_system=None)
    with console.capture() as capture:
        console.print(*summary_parts(model, expand_nested, show_trainable, engines), sep="\n")
    print_fn(capture.get())


def summary_parts(
    model, expand_nested: bool, show_trainable: bool, engines: bool = False
) -> list[Any]:
    """Title, table and totals."""
    connected = _has_branches(model)
    table = Table(box=box.SQUARE, show_lines=True, expand=False, pad_edge=False)
    table.add_column("Layer (type)", overflow="fold")
    table.add_column("Output shape", overflow="fold")
    table.add_column("Params", justify="right")
    if connected:
        table.add_column("Connected to", overflow="fold")
    if show_trainable:
        table.add_column("Trainable", justify="center")
    if engines:
        table.add_column("Engine", overflow="fold")
    _add_rows(table, model, connected, expand_nested, show_trainable, engines, "")
    title = Text.assemble("Model: ", (clean_text(model.name), "bold"))
    return [title, table, _totals(model)]


def list_layers(model) -> list[str]:
    """A line for each layer: its name, its class, its output shapes and parameters."""
    used = set(model.whole_graph.nodes) if model.whole_graph else set()
    lines = []
    for layer in model.sublayers:
        shapes = ", ".join(_shapes([node for node in layer.graph_nodes if node in used]))
        count = f"{layer.count_params():,}" if layer.built else "?"
        lines.append(f"{layer.name} ({type(layer).__name__}) {shapes}: {count} parameters")
    return lines


def _add_rows(table, model, connected, expand_nested, show_trainable, engines, indent) -> None:
    used = set(model.whole_graph.nodes) if model.whole_graph else set()
    for layer in model.sublayers:
        nodes = [node for node in layer.graph_nodes if node in used]
        row: list[Any] = [
            Text.assemble(
                indent, (clean_text(layer.name), "bold"), f"\n{indent}({type(layer).__name__})"
            ),
            "\n".join(_shapes(nodes)) or "?",
            f"{layer.count_params():,}" if layer.built else "not built",
        ]
        if connected:
            row.append("\n".join(_origins(nodes)))
        if show_trainable:
            row.append(_trainable(layer))
        if engines:
            row.append(_engine(layer))
        table.add_row(*row)
        if expand_nested and hasattr(layer, "layers"):
            _add_rows(
                table, layer, connected, expand_nested, show_trainable, engines, indent + "  "
            )


def _has_branches(model) -> bool:
    """Whether the graph is anything but a chain, or a model inside it is."""
    if model.whole_graph is None:
        return False
    nodes = model.whole_graph.nodes
    consumers: dict[int, int] = {}
    for node in nodes:
        inputs = {id(t) for t in node.inputs}
        if len(inputs) > 1:
            return True
        for t in inputs:
            consumers[t] = consumers.get(t, 0) + 1
    several_calls = len({node.layer for node in nodes}) < len(nodes)
    return several_calls or any(n > 1 for n in consumers.values())


def _shapes(nodes) -> list[str]:
    """One line for each output; a layer with several outputs has a list of shapes.

    Calls of one layer that give the same shapes are shown once.
    """
    calls: dict[tuple[str, ...], None] = {}
    for node in nodes:
        shapes = [str(t.shape) for t in jax.tree.leaves(node.outputs)]
        if len(shapes) > 1:
            shapes = [
                ("[" if i == 0 else " ") + s + ("]" if i == len(shapes) - 1 else ",")
                for i, s in enumerate(shapes)
            ]
        calls[tuple(shapes)] = None
    return [line for lines in calls for line in lines]


def _origins(nodes) -> list[str]:
    """`layer[output]` for each tensor that the layer was called on."""
    lines = []
    for node in nodes:
        for t in node.inputs:
            several = len(jax.tree.leaves(t.node.outputs)) > 1
            name = clean_text(t.node.layer.name)
            lines.append(f"{name}[{t.index}]" if several else name)
    return lines or ["-"]


def _trainable(layer) -> str:
    if not layer.weights:
        return "-"
    n = len(layer.trainable_weights)
    return "no" if n == 0 else "yes" if n == sum(v.trainable for v in layer.weights) else "partly"


def _engine(layer) -> str:
    """The engine of a recurrent layer, and why it is not the fastest."""
    engine = getattr(layer, "engine", None)
    if engine is None:
        return "-"
    return engine if engine.reason is None else f"{engine}: {engine.reason}"


def _totals(model) -> Text:
    trainable, frozen = model.trainable_weights, model.non_trainable_weights
    lines = [
        _total("Total params", [*trainable, *frozen]),
        _total("Trainable params", trainable),
        _total("Non-trainable params", frozen),
    ]
    return Text("\n".join(lines))


def _total(label: str, variables) -> str:
    count = sum(v.size for v in variables)
    size = float(sum(v.size * v.dtype.itemsize for v in variables))
    unit = "B"
    for larger in ("KB", "MB", "GB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    amount = f"{size:.0f} {unit}" if unit == "B" else f"{size:.2f} {unit}"
    return f"{label}: {count:,} ({amount})"
