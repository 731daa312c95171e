"""`plot_history`: how training went."""

from __future__ import annotations

import numpy as np

from cello.callbacks import History, Monitor
from cello.plotting.canvas import split_axis, take_axis


def plot_history(history, metrics=None, ax=None):
    """Loss and metrics by epoch, of training (solid) and validation (dashed).

    Each has a panel of its own. A circle marks the best epoch: that of the validation where there
    is one, the highest for accuracies and the like, else the lowest.

    Args:
        history: the `History` that `fit` returned, or its dict: name to a list with one value an
            epoch, those of the validation under `val_` and the name.
        metrics: names of what to show, without `val_`; all where `None`.
        ax: an axis of matplotlib to draw in.

    Returns:
        The axis, or an array of axes where there are several panels.

    Raises:
        ValueError: where the history is empty or does not have a metric.
    """
    if isinstance(history, History):
        epochs, values = np.array(history.epoch, int) + 1, history.history
    elif isinstance(history, dict):
        epochs, values = np.arange(max(map(len, history.values()), default=0)) + 1, history
    else:
        raise TypeError(
            "plot_history needs the History that fit() returns, or its dict, and got "
            f"{type(history).__name__}."
        )
    known = list(dict.fromkeys(name.removeprefix("val_") for name in values if len(values[name])))
    names = known if metrics is None else [metrics] if isinstance(metrics, str) else list(metrics)
    if not names:
        raise ValueError("plot_history: the history has no epochs: call fit() first.")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"plot_history: the history has {known} and not {unknown}.")
    ax = take_axis(ax, "plot_history", (6.4, 0.8 + 2.2 * len(names)))
    ax.set_title("Training")
    axes = np.array([ax]) if len(names) == 1 else split_axis(ax, [1.0] * len(names))
    for panel, name in zip(axes, names, strict=True):
        _draw(panel, name, values, epochs)
    axes[-1].set_xlabel("epoch")
    axes[-1].xaxis.get_major_locator().set_params(integer=True)
    return axes[0] if len(names) == 1 else axes


def _draw(ax, name: str, values, epochs) -> None:
    styles = {
        name: {"label": "training", "color": "black", "linestyle": "-"},
        f"val_{name}": {"label": "validation", "color": "0.4", "linestyle": "--"},
    }
    for key, style in styles.items():
        if key in values:
            watched = key
            line = np.asarray(values[key], float)
            every = len(epochs) // len(line)  # epochs from one validation to the next
            steps = epochs[every - 1 :: every][: len(line)]
            ax.plot(steps, line, marker="." if len(line) < 20 else None, **style)
    if np.isfinite(line).any() and name != "learning_rate":
        sign = Monitor("plot_history", watched, "auto").sign
        best = int(np.nanargmax(np.where(np.isfinite(line), sign * line, -np.inf)))
        ax.plot(
            steps[best], line[best], "o", markersize=9, markerfacecolor="none", color="black",
            label=f"best: {line[best]:.4g} in epoch {steps[best]}",
        )  # fmt: skip
    ax.set_ylabel(name.replace("_", " "))
    ax.legend(fontsize="small")
