"""Draws tile.png beside it: one tile of the recurrent kernels. Run: python docs/figures/tile.py"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

GATES = ["i", "f", "c", "o"]
HATCHES = ["", "..", "//", "xx"]


def grid(axes, x, y, rows, columns, size, label, shade=None, **style):
    """A block of squares with its upper left corner at (x, y)."""
    for i in range(rows):
        for j in range(columns):
            fill = "0.75" if shade is not None and shade(i, j) else "white"
            axes.add_patch(
                Rectangle(
                    (x + j * size, y - (i + 1) * size), size, size, facecolor=fill,
                    edgecolor="0.4", linewidth=0.5, **style,
                )
            )  # fmt: skip
    axes.add_patch(
        Rectangle((x, y - rows * size), columns * size, rows * size, fill=False, linewidth=1.6)
    )
    axes.text(x + columns * size / 2, y + 0.25, label, ha="center", va="bottom", fontsize=10)


def main():
    figure, axes = plt.subplots(figsize=(9.5, 5.6))
    grid(axes, 0, 0, 6, 4, 0.5, "$x_t$", shade=lambda i, j: j == 1)
    grid(axes, 2.0, 0, 6, 8, 0.5, "$h_{t-1}$")
    axes.annotate("", (5.9, -3.45), (0.1, -3.45), arrowprops={"arrowstyle": "->"})
    axes.text(3.0, -3.6, "k: one loop over features, then units", ha="center", va="top", fontsize=9)
    axes.text(-0.25, -1.5, "6 rows of the batch", rotation=90, ha="right", va="center", fontsize=9)

    for g, (gate, hatch) in enumerate(zip(GATES, HATCHES, strict=True)):
        x = 7.0 + 2.1 * g
        axes.add_patch(Rectangle((x, 0.9), 2.0, 2.0, fill=False, linewidth=1.2))
        axes.add_patch(Rectangle((x, 2.9), 2.0, 1.0, fill=False, linewidth=1.2))
        axes.add_patch(Rectangle((x, 3.4), 2.0, 0.25, facecolor="0.75", edgecolor="0.4"))
        axes.text(x + 1.0, 1.8, "U", ha="center", fontsize=11)
        axes.text(x + 1.0, 3.05, "W", ha="center", fontsize=11)
        axes.text(x + 1.0, 4.0, f"gate {gate}", ha="center", va="bottom", fontsize=10)
        axes.add_patch(
            Rectangle((x, -3.0), 2.0, 3.0, facecolor="white", edgecolor="0.4", hatch=hatch)
        )
        axes.add_patch(Rectangle((x, -3.0), 2.0, 3.0, fill=False, linewidth=1.6))
    axes.text(
        11.15, 4.75, "one panel: 16 units of every gate, packed row after row",
        ha="center", fontsize=10,
    )  # fmt: skip
    axes.text(
        11.15, -3.2,
        "24 registers: 6 rows by 4 gates by 16 units of pre-activations,\n"
        "of which the pointwise function makes $c_t$ and $h_t$",
        ha="center", va="top", fontsize=9,
    )  # fmt: skip
    axes.text(
        3.0, 2.6, "shaded: one k.\n6 numbers of x, each times\n4 vectors of a packed row",
        ha="center", va="center", fontsize=9,
    )  # fmt: skip
    axes.set_xlim(-0.9, 15.6)
    axes.set_ylim(-4.4, 5.3)
    axes.set_aspect("equal")
    axes.axis("off")
    figure.savefig(Path(__file__).with_name("tile.png"), dpi=110, bbox_inches="tight")


if __name__ == "__main__":
    main()
