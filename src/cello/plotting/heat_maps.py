"""`plot_states` and `plot_gates`: every unit of a recurrent layer over the steps of one input."""

from __future__ import annotations

import jax
import numpy as np

from cello.cells.steps import Passage
from cello.plotting.canvas import HATCH, LINES, split_axis, take_axis
from cello.plotting.gates import find_gates
from cello.plotting.recording import find_recurrent_layers, name_states, record


def plot_states(model, x, layer=None, state=0, ax=None):
    """The states of a recurrent layer at every step of one input, below the input itself.

    Dark is low and light is high. Steps that a mask hides are hatched: the states stay there as
    they are.

    Args:
        model: a model, or a recurrent layer.
        x: one input, with a batch of one: `(1, time, features)`, or what the model takes.
        layer: the recurrent layer inside the model, by name or itself; the first where `None`.
        state: which of its states: a number, or a name such as "h" or "c".
        ax: an axis of matplotlib to draw in.

    Returns:
        An array of two axes: the input, and the heat map `(units, time)`. The steps are in the
        order of time, also for a layer that runs backwards.

    Raises:
        ValueError: where `x` is not one input, the layer or the state does not exist, or the layer
            is not called just once in the model.
    """
    passage = _record(model, x, layer, "plot_states")
    names, every = name_states(passage.layer.cell), jax.tree.leaves(passage.states)
    place = names.index(state) if state in names else state
    if isinstance(place, str) or place not in range(len(every)):
        raise ValueError(
            f"plot_states: {passage.layer} has the states {names}, by these names or by number. "
            f"Received: state={state!r}"
        )
    values = np.asarray(every[place][0]).reshape(every[place].shape[1], -1)
    return _draw(passage, {f"state {names[place]}": values}, model, x, ax, "plot_states")


def plot_gates(model, x, layer=None, ax=None):
    """The gates of a recurrent layer at every step of one input, below the input itself.

    For LSTM the input gate i, forget gate f, candidate g and output gate o; for GRU the update
    gate z, reset gate r and candidate n; for SimpleRNN what goes into the activation; and so for
    every gated cell, and for each of several in a row or within another. They are computed from the
    inputs, the states before each step and the weights, by the cell's own step; its class has the
    equations.

    Dark is low and light is high: a gate is black where it is closed (0) and light where it is
    open (1). Steps that a mask hides are hatched: no step is made there.

    Args:
        model: a model, or a recurrent layer.
        x: one input, with a batch of one: `(1, time, features)`, or what the model takes.
        layer: the recurrent layer inside the model, by name or itself; the first where `None`.
        ax: an axis of matplotlib to draw in.

    Returns:
        An array of axes: the input, and a heat map `(units, time)` for each gate.

    Raises:
        ValueError: as `plot_states`, and for a cell whose gates are not known.
    """
    passage = _record(model, x, layer, "plot_gates")
    return _draw(passage, find_gates(passage, "plot_gates"), model, x, ax, "plot_gates")


def _record(model, x, layer, what: str) -> Passage:
    x = jax.tree.map(np.asarray, x)
    return record(model, x, find_recurrent_layers(model, layer, what)[0], what)


def _draw(passage: Passage, maps, model, x, ax, what: str) -> np.ndarray:
    ax = take_axis(ax, what, (7.2, 1.9 + 1.5 * len(maps)))
    axes = split_axis(ax, [0.8] + [1.0] * len(maps))
    where = f"{passage.layer}" if passage.layer is model else f"{passage.layer} in {model}"
    ax.set_title(where + (", which runs backwards" if passage.layer.go_backwards else ""))
    counts = passage.in_time(np.asarray(passage.counts[0]))
    _draw_input(axes[0], passage, x)
    for panel, (title, values) in zip(axes[1:], maps.items(), strict=True):
        _draw_map(panel, title, passage.in_time(values))
    for panel in axes:
        _hatch(panel, ~counts)
    axes[0].set_xlim(-0.5, len(counts) - 0.5)
    axes[-1].xaxis.get_major_locator().set_params(integer=True)
    axes[-1].set_xlabel("time step" + ("" if counts.all() else " (hatched: masked)"))
    return axes


def _draw_input(ax, passage: Passage, x) -> None:
    """The model's input where it has the layer's steps, else the layer's own."""
    steps = passage.counts.shape[1]
    own = [a for a in jax.tree.leaves(x) if a.ndim <= 3 and a.shape[1:2] == (steps,)]
    given = np.asarray(
        own[0] if own else passage.in_time(jax.tree.leaves(passage.inputs)[0][0])[None]
    )
    lines = given.reshape(steps, -1)
    few = lines.shape[1] <= len(LINES)
    for i, line in enumerate(lines.T):
        style = LINES[i] if few else {"color": "0.3", "linewidth": 0.6, "alpha": 0.7}
        marker = "." if steps <= 40 and few else None
        ax.plot(np.arange(steps), line, marker=marker, label=f"feature {i}", **style)
    if lines.shape[1] > 1 and few:
        ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1), borderaxespad=0.2)
    many = "" if few else f"\n({lines.shape[1]} features)"
    ax.set_ylabel(("input" if own else "input of\nthe layer") + many, fontsize="small")


def _draw_map(ax, title: str, values) -> None:
    """A heat map of `(time, units)` with its scale."""
    seen = values[np.isfinite(values)]
    low, high = (seen.min(), seen.max()) if len(seen) else (0.0, 1.0)
    if "gate" in title and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    else:  # zero in the middle
        low, high = -max(-low, high, 1e-12), max(-low, high, 1e-12)
    image = ax.imshow(
        values.T, aspect="auto", interpolation="nearest", cmap="cividis", vmin=low, vmax=high
    )
    ax.set_ylabel(f"{title}\nunit", fontsize="small")
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.figure.colorbar(image, cax=ax.inset_axes((1.01, 0, 0.02, 1)))


def _hatch(ax, hidden) -> None:
    """Cover the steps where `hidden` is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hidden.astype(int), [0]])))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        ax.axvspan(begin - 0.5, end - 0.5, zorder=3, **HATCH)
