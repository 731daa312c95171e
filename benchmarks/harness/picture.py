"""The results as a picture, legible in black and white."""

from __future__ import annotations

from pathlib import Path

from harness import figures
from harness.report import Report
from peers import PEERS


def draw(report: Report, path: Path) -> bool:
    """Left the ratio to the best peer, right the share of the FMA peak; `False`: nothing to draw.

    Training is black, inference white; a row of the table is a line of the picture.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    results = [r for r in report.results if r.table == "models" and figures.ratio(r)]
    if not results:
        return False
    names = list(dict.fromkeys(r.row.label for r in results))
    fig, (left, right) = plt.subplots(
        1, 2, figsize=(11, 1.6 + 0.42 * len(names)), sharey=True, layout="constrained"
    )
    for result in results:
        training = result.row.training
        y = names.index(result.row.label) + (-0.19 if training else 0.19)
        value, (peer, _) = figures.ratio(result), figures.best_peer(result)
        fill = {"color": "black"} if training else {"facecolor": "white", "edgecolor": "black"}
        left.barh(y, value, height=0.36, **fill)
        label = f" {value:.2f}, {PEERS[peer].title}"
        left.text(max(value, 1), y, label, va="center", fontsize=7)
        face = "black" if training else "white"
        for name, marker in (("cello", "o"), (peer, "|")):
            share = figures.share_of_peak(result, name, report.fma_peak)
            if share is not None:
                right.plot(
                    100 * share, y, marker, markerfacecolor=face, markeredgecolor="black",
                    markersize=7 if marker == "o" else 11,
                )  # fmt: skip
    left.axvline(1, color="black", linewidth=1)
    left.set_xlim(0, 1.35 * max(1, *(figures.ratio(r) for r in results)))
    left.set_yticks(range(len(names)), names, fontsize=8)
    left.set_ylim(len(names) - 0.4, -0.6)
    left.set_xlabel("time of the best peer / time of Cello; named: the best peer")
    left.fill_between([], [], color="black", label="training")
    left.fill_between([], [], facecolor="white", edgecolor="black", label="inference")
    right.plot([], [], "o", color="black", label="Cello, training")
    right.plot([], [], "o", markerfacecolor="white", color="black", label="Cello, inference")
    right.plot([], [], "|", color="black", markersize=11, label="best peer")
    right.set_xlim(0, 105)
    peak = f"{report.fma_peak / 1e9:.0f} GFLOP/s" if report.fma_peak else "not measured"
    right.set_xlabel(f"share of the FMA peak, % (peak: {peak})")
    right.grid(axis="x", linewidth=0.4)
    for y in range(len(names) - 1):
        right.axhline(y + 0.5, color="0.8", linewidth=0.5)
        left.axhline(y + 0.5, color="0.8", linewidth=0.5)
    for axes in (left, right):
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    about = f"{report.header['processor']}, {report.header['cores']} cores"
    fig.suptitle(f"{about}; {report.header['date'][:10]}", fontsize=9)
    fig.savefig(path, dpi=150)
    plt.close(fig)
    return True
