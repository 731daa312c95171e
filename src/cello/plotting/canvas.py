"""What every picture needs of matplotlib: the package itself, axes, line styles, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cello.core.files import replacing

LINES = [
    {"color": "black", "linestyle": "-"},
    {"color": "0.35", "linestyle": "--"},
    {"color": "black", "linestyle": ":"},
    {"color": "0.6", "linestyle": "-"},
    {"color": "0.35", "linestyle": "-."},
    {"color": "0.6", "linestyle": "--"},
]
"""Lines that can be told apart without colour."""

HATCH = {"facecolor": "0.92", "edgecolor": "0.6", "hatch": "////", "linewidth": 0}
"""What marks a part of a picture that does not count."""


def require_matplotlib():
    """The module `matplotlib.pyplot`, or an `ImportError` that says how to get it."""
    try:
        import matplotlib.pyplot as pyplot
    except ImportError:
        raise ImportError(
            "cello.plotting draws with the package matplotlib, which is not installed: "
            "pip install 'cello-rnn[plot]'."
        ) from None
    return pyplot


def take_axis(ax, what: str, figsize: tuple[float, float]):
    """`ax`, checked; where it is `None`, the axis of a new figure.

    Args:
        ax: what the caller passed.
        what: name of the caller, for messages.
        figsize: width and height of the new figure, in inches.
    """
    pyplot = require_matplotlib()
    if ax is None:
        return pyplot.subplots(figsize=figsize, layout="constrained")[1]
    if not hasattr(ax, "inset_axes"):
        raise TypeError(
            f"{what}: ax must be one axis of matplotlib, as plt.subplots()[1] is, and got "
            f"{type(ax).__name__}."
        )
    return ax


def split_axis(ax, heights) -> np.ndarray:
    """Axes one above the other, with one horizontal axis, in the place of `ax`.

    Args:
        ax: the axis whose place they take; its title stays, above the first.
        heights: how high each is, from the top, in any unit.
    """
    ax.set_axis_off()
    gap = 0.15 / len(heights)
    unit = (1 - gap * (len(heights) - 1)) / sum(heights)
    found: list[Any] = []
    top = 1.0
    for height in heights:
        top -= unit * height
        share = {"sharex": found[0]} if found else {}
        found.append(ax.inset_axes((0, top, 1, unit * height), **share))
        top -= gap
    for panel in found[:-1]:
        panel.tick_params(labelbottom=False)
    return np.array(found)


def save(figure, path, what: str, dpi: float) -> None:
    """Write `figure` to a file in the format of its ending; whole, or not at all.

    Raises:
        ValueError: for an ending that names no format.
    """
    path = Path(path)
    formats = figure.canvas.get_supported_filetypes()
    ending = path.suffix.removeprefix(".").lower()
    if ending not in formats:
        raise ValueError(
            f"{what}: the ending of to_file says the format, one of {', '.join(sorted(formats))}. "
            f"Received: to_file={str(path)!r}"
        )
    with replacing(path) as temporary:
        figure.savefig(temporary, format=ending, dpi=dpi)
