"""The results on a GPU as a picture: the time of each peer by Cello's, and the shares reached."""

from __future__ import annotations

from pathlib import Path

from harness import gpu_report
from harness.gpu_rows import Row
from peers.gpu import PEERS

COLORS = {"torch": "#d1495b", "jax_cudnn": "#edae49", "scan": "#30638e"}
SCAN_COLORS = {"cello": "#2e7d4f", "associative_scan": "#30638e", "torch_scan": "#d1495b",
               "accelerated_scan": "#7b5ea7"}  # fmt: skip
MARKERS = {"float32": "o", "tf32": "s", "bfloat16": "^"}
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


def draw(report: dict, path: Path) -> None:
    """A line of panels for each layer, training left and forward right; below, linear scans."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    results = gpu_report.in_order(report)
    layers = list(dict.fromkeys(row.layer for row, _ in results if not row.is_scan))
    scans = [item for item in results if item[0].is_scan]
    places = {layer: slots(results, layer) for layer in layers}
    width = max([11, *(2 + 0.5 * len(p) for p in places.values())])
    heights = [3.0] * len(layers) + ([0.8 + 0.22 * bars(scans)] if scans else [])
    figure = plt.figure(figsize=(min(width, 34), 0.9 + sum(heights)), layout="constrained")
    grid = figure.add_gridspec(len(heights), 2, height_ratios=heights)
    first = None
    for i, layer in enumerate(layers):
        for j, mode in enumerate(("training", "forward")):
            axes = figure.add_subplot(grid[i, j], sharey=first)
            first = first or axes
            chosen = [(r, x) for r, x in results if r.layer == layer and r.mode == mode]
            ratios(axes, chosen, places[layer])
            axes.set_title(f"{layer}, {mode}", loc="left", fontsize=10, fontweight="bold")
            if j == 0:
                axes.set_ylabel("time / Cello's time", fontsize=8)
    if first is not None:
        scale(first)
        legend(figure, results)
    if scans:
        speeds(figure.add_subplot(grid[len(layers), :]), scans)
    header = report["header"]
    figure.suptitle(f"{header['device']}; {header['versions']}; {header['date'][:10]}", fontsize=9)
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
    """A mark for each peer and precision; where there is none, the peer does not run there."""
    width = 0.7 / len(MARKERS)
    for row, result in results:
        place = places[row.units, row.steps, row.batch]
        place += (list(MARKERS).index(row.precision) - 1) * width
        for name, color in COLORS.items():
            value = gpu_report.ratio(result, name)
            if value:
                axes.plot(place, value, MARKERS[row.precision], color=color, markersize=6,
                          markeredgecolor="white", markeredgewidth=0.5, zorder=3)  # fmt: skip
    axes.axhline(1, color="black", linewidth=1)
    axes.set_xticks(
        list(places.values()),
        [f"{batch} x {steps}" for _, steps, batch in places],
        rotation=90 if len(places) > 8 else 0,
        fontsize=7,
    )
    axes.set_xlim(-0.8, max(places.values(), default=0) + 0.8)
    for units in dict.fromkeys(shape[0] for shape in places):
        mine = [place for shape, place in places.items() if shape[0] == units]
        axes.axvspan(min(mine) - 0.6, max(mine) + 0.6, color="#f3f3f0", zorder=0)
        axes.annotate(
            f"{units} units",
            (sum(mine) / len(mine), 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, -3),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=7,
            color="#555555",
        )
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", linewidth=0.4, zorder=1)


def scale(axes) -> None:
    """The same for all panels: logarithmic, plain numbers, a little room at the top."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    low, high = min(0.5, low), max(2.0, high)
    axes.set_ylim(low, high * 1.8)
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks], fontsize=8)
    axes.set_yticks([], minor=True)


def legend(figure, results) -> None:
    from matplotlib.lines import Line2D

    peers = [n for n in COLORS if any(n in result["times"] for _, result in results)]
    precisions = [p for p in MARKERS if any(r.precision == p for r, _ in results if not r.is_scan)]
    marks = [Line2D([], [], color=COLORS[n], linewidth=5, label=PEERS[n].title) for n in peers]
    marks += [
        Line2D([], [], linestyle="", marker=MARKERS[p], color="#555555", label=p)
        for p in precisions
    ]
    marks.append(Line2D([], [], color="black", linewidth=1, label="Cello (above: Cello is faster)"))
    figure.legend(
        handles=marks,
        loc="outside upper center",
        ncols=len(marks),
        frameon=False,
        fontsize=8,
        title="under each place: batch x steps",
        title_fontsize=7,
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
    axes.margins(x=0.15)
    axes.set_xlim(left=0)
    axes.set_xlabel("share of a copy's bytes a second, %", fontsize=8)
    axes.set_title("linear_scan, float32", loc="left", fontsize=10, fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
