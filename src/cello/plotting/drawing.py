"""Boxes, arrows and text as shapes, which keep their proportions however large they are drawn."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence

import numpy as np

from cello.plotting.canvas import require_matplotlib

SIZE = 9.0
"""Of the letters; lengths are in points, and a picture on its own has that size."""
LINE = 1.35
"""Height of a line of text, in sizes of its letters."""

Point = tuple[float, float]


def measure_text(text: str, size: float = SIZE, bold: bool = False) -> float:
    """Width of a line of text, in points."""
    return float(_measure_extents(text, size, bold)[1]) if text.strip() else 0.0


def measure_box(lines: Sequence[str], padding: float = 8.0) -> tuple[float, float]:
    """Width and height of a box around lines of text, the first of which is bold."""
    widths = [measure_text(text, bold=i == 0) for i, text in enumerate(lines)]
    return max(widths, default=0) + 2 * padding, len(lines) * LINE * SIZE + 1.3 * padding


class Picture:
    """Shapes to be drawn on an axis; x goes right, y goes up, from the lower left corner.

    Args:
        width, height: its size in points.
    """

    def __init__(self, width: float = 0.0, height: float = 0.0):
        self.width = width
        self.height = height
        self._shapes: list[Callable] = []

    def draw(self, ax) -> None:
        """Draw all shapes; the axis becomes as wide and high as the picture."""
        ax.set_axis_off()
        ax.set(xlim=(0, self.width), ylim=(0, self.height), aspect="equal")
        self._draw(ax, 0.0, 0.0)

    def _draw(self, ax, dx: float, dy: float) -> None:
        for shape in self._shapes:
            shape(ax, dx, dy)

    def include(self, other: Picture, corner: Point) -> None:
        """Another picture, with its lower left corner there."""
        x, y = corner
        self._shapes.append(lambda ax, dx, dy: other._draw(ax, x + dx, y + dy))

    def add_text(
        self, at: Point, text: str, size: float = SIZE, bold: bool = False, align: str = "center",
        halo: bool = False,
    ) -> None:  # fmt: skip
        """A line of text, `at` its middle, or its left or right end; `halo`: on white."""

        def draw(ax, dx, dy):
            from matplotlib.patches import PathPatch, Rectangle
            from matplotlib.transforms import Affine2D

            left, width, path = _measure_extents(text, size, bold)
            x = at[0] - {"left": 0, "center": width / 2, "right": width}[align]
            y = at[1] - 0.36 * size
            if halo:
                corner = (x + dx - 1, y + dy - 0.25 * size)
                ax.add_artist(Rectangle(corner, width + 2, 1.25 * size, color="white", zorder=3))
            moved = path.transformed(Affine2D().translate(x - left + dx, y + dy))
            ax.add_artist(
                PathPatch(moved, color="black", linewidth=0, zorder=4, gid=f"text {text}")
            )

        if text.strip():
            self._shapes.append(draw)

    def add_box(
        self, centre: Point, size: tuple[float, float], lines: Sequence[str] = (), *,
        stacked: bool = False, frame: bool = False, fill: str = "white", name: str = "",
    ) -> None:  # fmt: skip
        """A box with lines of text, the first of which is bold.

        Args:
            stacked: whether it looks like several, one behind the other.
            frame: whether other shapes are to come inside: dashed, with its lines at the top.
        """
        (x, y), (width, height) = centre, size

        def draw(ax, dx, dy):
            from matplotlib.patches import FancyBboxPatch

            style = "round,pad=0,rounding_size=4"
            for shift in (3, 0) if stacked else (0,):
                corner = (x - width / 2 + shift + dx, y - height / 2 + shift + dy)
                ax.add_artist(
                    FancyBboxPatch(
                        corner, width, height, boxstyle=style, facecolor=fill, edgecolor="black",
                        linewidth=1,
                        linestyle="--" if frame else "-", zorder=0.5 if frame else 2,
                        gid=f"box {name}" if shift == 0 else None,
                    )
                )  # fmt: skip

        self._shapes.append(draw)
        top = y + (height / 2 - 5 if frame else len(lines) * LINE * SIZE / 2)
        for i, text in enumerate(lines):
            self.add_text((x, top - (i + 0.5) * LINE * SIZE), text, bold=i == 0)

    def add_arrow(
        self, points: Sequence[Point], *, bent: str = "", dashed: bool = False, label: str = "",
        name: str = "",
    ) -> None:  # fmt: skip
        """A line through points with a head at the last.

        Args:
            bent: "x" or "y": curves that begin and end in this direction; straight where empty.
            label: text on its first piece.
        """
        corners = np.asarray(points, float)
        end = corners[-1].copy()
        way = corners[-1] - corners[-2]
        if bent:
            way = way * ([1, 0] if bent == "x" else [0, 1])
        way = way / max(np.hypot(*way), 1e-9)
        corners[-1] -= 5 * way
        across = np.array([-way[1], way[0]])
        head = np.stack([end, end - 7 * way + 3 * across, end - 7 * way - 3 * across])

        def draw(ax, dx, dy):
            from matplotlib.patches import PathPatch, Polygon
            from matplotlib.path import Path

            move = np.array([dx, dy])
            vertices, codes = _route_line(corners, bent)
            line = {"linestyle": (0, (4, 2.5)) if dashed else "-", "edgecolor": "black"}
            ax.add_artist(
                PathPatch(
                    Path(vertices + move, codes), facecolor="none", linewidth=1, zorder=1,
                    gid=f"arrow {name}", **line,
                )
            )  # fmt: skip
            ax.add_artist(Polygon(head + move, facecolor="black", linewidth=0, zorder=1))

        self._shapes.append(draw)
        if label:
            self.add_text(tuple((corners[0] + corners[1]) / 2), label, size=8, halo=True)


def _route_line(corners, bent: str):
    """Vertices and codes of a path through `corners`."""
    from matplotlib.path import Path

    if not bent:
        return corners, [Path.MOVETO] + [Path.LINETO] * (len(corners) - 1)
    vertices, codes = [corners[0]], [Path.MOVETO]
    along = 0 if bent == "x" else 1
    for a, b in itertools.pairwise(corners):
        first, second = a.copy(), b.copy()
        first[along] = second[along] = (a[along] + b[along]) / 2
        vertices += [first, second, b]
        codes += [Path.CURVE4] * 3
    return np.array(vertices), codes


@functools.lru_cache(maxsize=1000)
def _measure_extents(text: str, size: float, bold: bool):
    """Left end, width and outline of a line of text that begins at the origin."""
    require_matplotlib()
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
    path = TextPath((0, 0), text.replace("$", r"\$"), size=size, prop=font)
    across = path.vertices[:, 0]  # with the points that bend its curves: close to its extent
    return across.min(), np.ptp(across), path
