"""The results on a GPU as a picture: the time of each peer by Cello's, and the shares reached."""

from __future__ import annotations

import math
from pathlib import Path

from harness import gpu_report
from harness.gpu_rows import LAYERS, MODES, Row
from peers.gpu import PEERS

COLORS = {"torch": "#d1495b", "jax_cudnn": "#edae49", "scan": "#30638e"}
OURS = "#2e7d4f"
SCAN_COLORS = {"cello": OURS, "associative_scan": "#30638e", "torch_scan": "#d1495b",
               "accelerated_scan": "#7b5ea7"}  # fmt: skip
MARKERS = {"float32": "o", "tf32": "s", "bfloat16": "^"}
TICKS = [digit * 10.0**power for power in range(-4, 4) for digit in (1, 2, 5)]


def draw(report: dict, path: Path) -> None:
    """A panel for each layer and mode, with the shares of the ceilings below; then linear scans."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    results = gpu_report.in_order(report)
    scans = [item for item in results if item[0].is_scan]
    kinds = {(row.layer, row.mode) for row, _ in results if not row.is_scan}
    kinds = sorted(kinds, key=lambda kind: (LAYERS.index(kind[0]), MODES.index(kind[1])))
    places = {layer: slots(results, layer) for layer, _ in kinds}
    most = max((len(p) for p in places.values()), default=0)
    columns = 2 if most <= 16 else 1  # beside each other, or below each other
    lines = math.ceil(len(kinds) / columns)
    below = [0.6 + 0.2 * bars(scans)] if scans else []
    width = max(12, min(22, 2 + columns * 0.5 * most))
    figure = plt.figure(figsize=(width, 1 + 3.9 * lines + sum(below)), layout="constrained")
    grid = figure.add_gridspec(
        2 * lines + len(below), columns, height_ratios=[2.7, 1.2] * lines + below
    )
    first = second = None
    for n, (layer, mode) in enumerate(kinds):
        line, column = divmod(n, columns)
        upper = figure.add_subplot(grid[2 * line, column], sharey=first)
        lower = figure.add_subplot(grid[2 * line + 1, column], sharex=upper, sharey=second)
        first, second = first or upper, second or lower
        chosen = [(r, x) for r, x in results if (r.layer, r.mode) == (layer, mode)]
        ratios(upper, chosen, places[layer])
        shares(lower, chosen, places[layer])
        upper.set_title(f"{layer}, {mode}", loc="left", fontsize=11, fontweight="bold")
        for axes in (upper, lower):
            background(axes, places[layer])
        name_units(upper, places[layer])
        upper.tick_params(axis="x", labelbottom=False, length=0)
        if column == 0:
            upper.set_ylabel("time / Cello's time", fontsize=8)
            lower.set_ylabel("% of the ceilings", fontsize=8)
    if first is not None:
        scale(first, 0.5, 2.0, 1.8)
        scale(second, 1.0, 100.0, 1.2)
    if scans:
        speeds(figure.add_subplot(grid[2 * lines, :]), scans)
    legend(figure, report["header"], results)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def slots(results, layer: str) -> dict[tuple[int, int, int], float]:
    """Where on the axis `(units, batch, steps)` stands; there is room between the units."""
    shapes = {(r.units, r.steps, r.batch) for r, _ in results if r.layer == layer}
    found, place, before = {}, 0.0, None
    for shape in sorted(shapes):
        place += 0.0 if before is None else 1.0 if before == shape[0] else 1.7
        found[shape] = place
        before = shape[0]
    return found


def ratios(axes, results: list[tuple[Row, dict]], places) -> None:
    """A mark for each peer and precision, with a black edge where the peer is the faster one."""
    for row, result in results:
        for name, color in COLORS.items():
            value = gpu_report.ratio(result, name)
            if value:
                edge = "black" if value < 1 else "white"
                axes.plot(place(row, places), value, MARKERS[row.precision], color=color,
                          markersize=6.5, markeredgecolor=edge, markeredgewidth=0.8,
                          zorder=3)  # fmt: skip
    axes.axhline(1, color="black", linewidth=1, zorder=2)


def shares(axes, results: list[tuple[Row, dict]], places) -> None:
    """What Cello reaches of the copy (filled) and of the matrix product (hollow)."""
    for row, result in results:
        for value, face in zip(gpu_report.share(row, result), (OURS, "white"), strict=True):
            if value:
                axes.plot(place(row, places), 100 * value, MARKERS[row.precision], color=OURS,
                          markerfacecolor=face, markersize=4.5, zorder=3)  # fmt: skip


def place(row: Row, places) -> float:
    beside = 0.25 * (list(MARKERS).index(row.precision) - 1)
    return places[row.units, row.steps, row.batch] + beside


def background(axes, places) -> None:
    axes.set_xticks(
        list(places.values()),
        [f"{batch} x {steps}" for _, steps, batch in places],
        rotation=90 if len(places) > 8 else 0,
        fontsize=7,
    )
    axes.set_xlim(-0.8, max(places.values()) + 0.8)
    for _, left, right in groups(places):
        axes.axvspan(left - 0.55, right + 0.55, color="#f3f3f0", zorder=0)
    axes.tick_params(axis="y", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", linewidth=0.4, zorder=1)


def groups(places) -> list[tuple[int, float, float]]:
    """The units, and from where to where their places are."""
    found = []
    for units in dict.fromkeys(shape[0] for shape in places):
        mine = [where for shape, where in places.items() if shape[0] == units]
        found.append((units, min(mine), max(mine)))
    return found


def name_units(axes, places) -> None:
    for units, left, right in groups(places):
        axes.annotate(
            f"{units} units",
            ((left + right) / 2, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, -3),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=8,
            color="#555555",
        )


def scale(axes, low: float, high: float, room: float) -> None:
    """Logarithmic for all that share it, in plain numbers, at least from `low` to `high`."""
    axes.set_yscale("log")
    axes.autoscale(axis="y")
    bottom, top = axes.get_ylim()
    low, high = min(low, bottom), max(high, top)
    axes.set_ylim(low / 1.2, high * room)
    ticks = [tick for tick in TICKS if low <= tick <= high]
    if high / low > 50:
        ticks = [tick for tick in ticks if f"{tick:g}".strip("0.") == "1"]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks([], minor=True)


def legend(figure, header: dict, results) -> None:
    from matplotlib.lines import Line2D

    peers = [n for n in COLORS if any(n in result["times"] for _, result in results)]
    precisions = [p for p in MARKERS if any(r.precision == p for r, _ in results if not r.is_scan)]
    marks = [Line2D([], [], color=COLORS[n], linewidth=5, label=PEERS[n].title) for n in peers]
    marks += [
        Line2D([], [], linestyle="", marker=MARKERS[p], color="#555555", label=p)
        for p in precisions
    ]
    marks.append(Line2D([], [], color="black", linewidth=1, label="Cello (above: it is faster)"))
    for face, label in ((OURS, "Cello, % of a copy"), ("white", "% of a product")):
        marks.append(
            Line2D([], [], linestyle="", marker="o", color=OURS, markerfacecolor=face, label=label)
        )
    figure.legend(
        handles=marks,
        loc="outside upper center",
        ncols=len(marks),
        frameon=False,
        fontsize=8,
        title=f"{header['device']}; {header['versions']}; {header['date'][:10]}; "
        "under each place: batch x steps",
        title_fontsize=9,
    )


def bars(scans) -> int:
    return sum(1 + sum(name in result["times"] for name in SCAN_COLORS) for _, result in scans)


def speeds(axes, scans) -> None:
    """What each implementation reaches of the copy's bytes a second."""
    y = 0.0
    for row, result in scans:
        for name, color in SCAN_COLORS.items():
            if name not in result["times"]:
                continue
            part = 100 * gpu_report.share(row, result, name)[0]
            axes.barh(y, part, height=0.8, color=color)
            axes.text(part, y, f" {PEERS[name].title} {part:.3g} %", va="center", fontsize=7)
            if name == "cello":
                label = f"({row.batch}, {row.steps}, {row.units}) {row.mode}"
                axes.annotate(
                    label,
                    (0, y),
                    xycoords=("axes fraction", "data"),
                    xytext=(-6, 0),
                    textcoords="offset points",
                    ha="right",
                    va="center",
                    fontsize=8,
                )
            y += 1
        y += 0.8
    axes.set_ylim(y - 0.8, -0.8)
    axes.set_yticks([])
    axes.set_xlim(0, max(112, 1.12 * axes.get_xlim()[1]))
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel("share of a copy's bytes a second, %", fontsize=8)
    axes.set_title("linear_scan, float32", loc="left", fontsize=11, fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
