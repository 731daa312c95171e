"""`plot_alignment`: where attention looked."""

from __future__ import annotations

import numpy as np

from cello.plotting.canvas import take_axis


def plot_alignment(weights, source=None, target=None, ax=None):
    """The weights of attention: a row for each step of the output, a column for one of the source.

    Args:
        weights: array `(target steps, source steps)`: what `AttentionCell(return_alignments=True)`
            gives for one row of the batch. Black is 1.
        source: a text for each step of the source: a string has one letter for each.
        target: a text for each step of the output.
        ax: an axis of matplotlib to draw in.

    Returns:
        The axis.

    Raises:
        ValueError: where `weights` has other axes, or another number of steps than the texts.

    Source: Bahdanau, Cho and Bengio 2015, figure 3.
    """
    weights = np.asarray(weights)
    if weights.ndim != 2:
        raise ValueError(
            "plot_alignment expects weights of shape (target steps, source steps) and got "
            f"{weights.shape}: pass those of one row of the batch, weights[0]."
        )
    rows, columns = weights.shape
    for name, texts, steps in (("source", source, columns), ("target", target, rows)):
        if texts is not None and len(texts) != steps:
            raise ValueError(
                f"plot_alignment: weights of shape {weights.shape} need {steps} texts for the "
                f"{name} and got {len(texts)}."
            )
    size = (1.6 + 0.32 * min(max(columns, 8), 30), 1.2 + 0.32 * min(max(rows, 6), 30))
    ax = take_axis(ax, "plot_alignment", size)
    image = ax.imshow(weights, cmap="Greys", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    ax.figure.colorbar(image, ax=ax, label="weight")
    ax.set(title="Attention", xlabel="step of the source", ylabel="step of the output")
    if source is not None:
        long = max(len(str(text)) for text in source) > 3
        ax.set_xticks(range(columns), source, rotation=90 if long else 0)
    if target is not None:
        ax.set_yticks(range(rows), target)
    return ax
