"""The results as tables: one description, drawn on the terminal and in Markdown."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from harness import figures
from harness.rounds import Result, Time
from harness.rows import Row
from peers import PEERS


@dataclasses.dataclass
class Report:
    """Everything about a run.

    Attributes:
        header: machine, date and versions.
        fma_peak: the most flops a second seen in the run.
        stream_add: bytes a second by kind of store.
    """

    header: dict[str, str]
    peers: list[str]
    rounds: int
    fma_peak: float | None = None
    stream_add: dict[str, float] | None = None
    results: list[Result] = dataclasses.field(default_factory=list)

    def save(self, stem: Path) -> None:
        """Write `stem.json` and `stem.md`."""
        write(stem.with_suffix(".json"), json.dumps(dataclasses.asdict(self), indent=1))
        write(stem.with_suffix(".md"), markdown(self))

    @classmethod
    def load(cls, path) -> Report:
        values = json.loads(Path(path).read_text())
        for one in values["results"]:
            one["row"], one["base"] = Row(**one["row"]), Row(**one["base"])
            one["times"] = {name: Time(**time) for name, time in one["times"].items()}
        values["results"] = [Result(**one) for one in values["results"]]
        return cls(**values)


def write(path: Path, text: str) -> None:
    """All of it or, when interrupted, what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


Table = tuple[str, list[str], list[list[str]]]
"""Title, names of the columns, lines."""


def tables(report: Report) -> list[Table]:
    both = [models(report, mode) for mode in ("training", "inference")]
    return [table for table in [*both, factors(report), linear_scans(report)] if table[2]]


def models(report: Report, mode: str) -> Table:
    results = [r for r in report.results if r.table == "models" and r.row.mode == mode]
    names = taking_part(report, results)
    method = "fit" if mode == "training" else "predict"
    head = ["batch, time, features, units", *(PEERS[n].title for n in names)]
    head += ["best peer / Cello", "% of FMA peak", f"{method} above ops, %"]
    lines = []
    for result in results:
        mark = " *" if figures.disturbed(result, report.fma_peak) else ""
        line = [result.row.label + mark, *(milliseconds(result, n) for n in names)]
        share = figures.share_of_peak(result, "cello", report.fma_peak)
        above = figures.above_bare_ops(result)
        lines.append([*line, number(figures.ratio(result)), percent(share), percent(above)])
    return f"{mode.capitalize()}: milliseconds a batch of {method}", head, lines


def factors(report: Report) -> Table:
    results = [r for r in report.results if r.table == "factors"]
    names = taking_part(report, results)
    head = ["option", "mode", "without", *(PEERS[n].title for n in names)]
    lines = []
    for result in results:
        if result.base == result.row or result.row.states == "outputs":
            continue
        line = [number(figures.factor(result, results, n)) for n in names]
        without = result.base.variant or "no option"
        lines.append([result.row.label, result.row.mode, without, *line])
    return "What an option costs: the time with it / without", head, lines


def linear_scans(report: Report) -> Table:
    results = [r for r in report.results if r.table == "linear_scan"]
    names = taking_part(report, results)
    head = ["batch, time, units", "", *(PEERS[n].title for n in names), "best peer / Cello"]
    kinds = report.stream_add or {}
    head += [f"Cello, % of STREAM add, {kind}" for kind in kinds]
    lines = []
    for result in results:
        what = "forward, backward" if result.row.training else "forward"
        own = figures.ours(result)
        shares = [result.row.bytes / own / speed if own else None for speed in kinds.values()]
        line = [result.row.label, what, *(milliseconds(result, n) for n in names)]
        lines.append([*line, number(figures.ratio(result)), *map(percent, shares)])
    return "Linear recurrence: milliseconds a jitted call", head, lines


def taking_part(report: Report, results: list[Result]) -> list[str]:
    """The peers that have a time, or failed, in some row; of the others the notes say why not."""
    return [
        n
        for n in report.peers
        if any(n in r.times and r.times[n].kind != "unavailable" for r in results)
    ]


def milliseconds(result: Result, name: str) -> str:
    time = result.times.get(name)
    if time is None:
        return ""
    if time.median is None:
        return figures.missing(time)
    return f"{time.median * 1e3:.3g}" if time.median < 1 else f"{time.median * 1e3:.0f}"


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f}"


def summary(report: Report) -> list[str]:
    """The lines around the tables that say what was measured and how it came out."""
    lines = [f"{key}: {value}" for key, value in report.header.items()]
    lines.append(f"medians over the rounds, of which there are {report.rounds}; all peers in turn")
    if report.fma_peak:
        lines.append(f"FMA peak: {report.fma_peak / 1e9:.0f} GFLOP/s (float32, all cores)")
    for kind, speed in (report.stream_add or {}).items():
        lines.append(f"STREAM add, {kind}: {speed / 1e9:.1f} GB/s")
    for mode in ("training", "inference"):
        mean = figures.geometric_mean(report.results, mode)
        if mean:
            lines.append(f"best peer / Cello, geometric mean, {mode}: {mean:.2f}")
    if any(figures.disturbed(r, report.fma_peak) for r in report.results):
        share = f"{100 * figures.DISTURBED:.0f} %"
        lines.append(f"*: just before this row the machine reached less than {share} of its peak")
    return lines


def notes(report: Report) -> list[str]:
    """Why times are missing, and what peers said: each sentence once, with its rows counted."""
    rows: dict[str, list[str]] = {}
    for result in report.results:
        for name, time in result.times.items():
            for text in (time.reason, time.note):
                if text:
                    kind = "failed: " if time.kind == "failed" else ""
                    key = f"{PEERS[name].title}: {kind}{text}"
                    rows.setdefault(key, []).append(result.row.name)
    return [
        f"{text} ({names[0] if len(names) == 1 else f'{len(names)} rows'})"
        for text, names in rows.items()
    ]


def markdown(report: Report) -> str:
    parts = ["# Recurrent layers, measured", *(f"* {line}" for line in summary(report))]
    for title, head, lines in tables(report):
        rows = [head, ["---"] * len(head), *lines]
        parts += ["", f"## {title}", "", *("| " + " | ".join(row) + " |" for row in rows)]
    said = notes(report)
    parts += ["", "## Missing times, and notes", "", *(f"* {n}" for n in said)] if said else []
    return "\n".join(parts) + "\n"


def show(report: Report, console) -> None:
    """Draw it on a terminal."""
    from rich import box, table
    from rich.markup import escape

    for title, head, lines in tables(report):
        drawn = table.Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
        for n, name in enumerate(head):
            drawn.add_column(name, justify="left" if n == 0 else "right", no_wrap=n == 0)
        for line in lines:
            drawn.add_row(*map(escape, line))
        console.print(drawn)
    for line in [*summary(report), *notes(report)]:
        console.print(escape(line), highlight=False)
