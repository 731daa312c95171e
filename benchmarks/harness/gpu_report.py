"""The results on a GPU as tables, and what they say of Cello's promises."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

from rich.table import Table

from harness.gpu_rows import Row
from peers.gpu import PEERS

TOLERANCE = {"float32": 2e-3, "tf32": 3e-2, "bfloat16": 0.15}
"""Where peers are further from Cello than this, of the largest number, the table says so."""
CUDNN = ("torch", "jax_cudnn")


def save(path: Path, report: dict) -> None:
    """All of it or, when interrupted, what was there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(report, indent=1))
    os.replace(temporary, path)


def in_order(report: dict) -> list[tuple[Row, dict]]:
    """The results, those that belong together one below the other."""
    found = [(Row(**result["row"]), result) for result in report["results"].values()]
    layers = ["LSTM", "GRU", "SimpleRNN", "linear_scan"]
    precisions = ["float32", "tf32", "bfloat16"]

    def place(item):
        row, _ = item
        layer, precision = layers.index(row.layer), precisions.index(row.precision)
        return layer, row.steps, row.batch, row.units, precision, row.mode

    return sorted(found, key=place)


def share(row: Row, result: dict, name: str = "cello") -> tuple[float | None, float | None]:
    """What is reached of the copy's bytes and of the matrix product's operations a second."""
    seconds, ceilings = result["times"].get(name), result["ceilings"]
    if not seconds:
        return None, None
    operations = row.operations / seconds / ceilings[row.precision] if row.operations else None
    return row.bytes / seconds / ceilings["copy"], operations


def ratio(result: dict, name: str, base: str = "cello") -> float | None:
    times = result["times"]
    return times[name] / times[base] if name in times and base in times else None


def tables(report: dict) -> list[Table]:
    results = in_order(report)
    found = []
    for mode in ("training", "forward"):
        chosen = [(r, x) for r, x in results if r.mode == mode and not r.is_scan]
        if chosen:
            found.append(recurrences(mode, chosen))
    scans = [(row, result) for row, result in results if row.is_scan]
    return [*found, linear_scans(scans)] if scans else found


def recurrences(mode: str, results) -> Table:
    peers = columns(results)
    table = Table(
        title=f"{mode.capitalize()}: ms a call (and that by Cello's)", title_justify="left"
    )
    for head in ("layer", "batch", "steps", "units", "precision", "Cello"):
        table.add_column(head, justify="left" if head in ("layer", "precision") else "right")
    for head in [*(PEERS[name].title for name in peers), "mask", "dropout", "% copy", "% product"]:
        table.add_column(head, justify="right")
    layer = None
    for row, result in results:
        if layer not in (None, row.layer):
            table.add_section()
        layer = row.layer
        shape = [row.layer, *map(str, (row.batch, row.steps, row.units)), row.precision]
        options = [number(ratio(result, f"cello {option}")) for option in ("mask", "dropout")]
        times = [cell(result, name) for name in ("cello", *peers)]
        table.add_row(*shape, *times, *options, *map(percent, share(row, result)))
    return table


def linear_scans(results) -> Table:
    peers = columns(results)
    table = Table(
        title="linear_scan, float32: ms a call (and that by Cello's)", title_justify="left"
    )
    for head in ("shape", "mode"):
        table.add_column(head)
    for head in ["Cello", *(PEERS[name].title for name in peers), "GB/s", "% copy"]:
        table.add_column(head, justify="right")
    for row, result in results:
        seconds = result["times"].get("cello")
        speed = f"{row.bytes / seconds / 1e9:.0f}" if seconds else ""
        times = [cell(result, name) for name in ("cello", *peers)]
        shape = f"({row.batch}, {row.steps}, {row.units})"
        table.add_row(shape, row.mode, *times, speed, percent(share(row, result)[0]))
    return table


def columns(results) -> list[str]:
    """The peers that have a time, or failed, somewhere; of the others the notes say why not."""
    return [
        name
        for name in PEERS
        if name != "cello" and any(name in r["times"] or name in r["failed"] for _, r in results)
    ]


def cell(result: dict, name: str) -> str:
    if name in result["failed"]:
        return "failed"
    if name not in result["times"]:
        return ""
    time, quotient = milliseconds(result["times"][name]), ratio(result, name)
    return time if name == "cello" or quotient is None else f"{time} ({quotient:.2f})"


def milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.3g}" if seconds < 0.1 else f"{1e3 * seconds:.0f}"


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.3g}"


def notes(report: dict) -> list[str]:
    """Why times are missing, each reason once with its rows, and results that are not the same."""
    rows: dict[str, list[str]] = {}
    for row, result in in_order(report):
        for name, reason in (result["failed"] | result["unavailable"] | result["notes"]).items():
            rows.setdefault(f"{title(name)}: {reason}", []).append(row.name)
        for name, difference in result["differences"].items():
            if not difference <= TOLERANCE[row.precision]:
                text = f"{title(name)} computes something else"
                rows.setdefault(text, []).append(f"{row.name} (by {difference:.1g})")
    return [
        f"{reason} [{'; '.join(names[:3])}{f'; {len(names)} rows' if len(names) > 3 else ''}]"
        for reason, names in rows.items()
    ]


def title(name: str) -> str:
    peer, *option = name.split()
    return " ".join([PEERS[peer].title, *option])


def promises(report: dict) -> list[str]:
    """Each with the worst of its rows."""
    results = [item for item in in_order(report) if not item[0].is_scan]
    lines = []
    for mode in ("training", "forward"):
        middle = [(r, x) for r, x in results if 128 <= r.units <= 512 and r.mode == mode]
        for name in CUDNN:
            lines.append(worst(f"{title(name)} / Cello, 128 to 512 units, {mode}", middle, name))
    long = [(row, result) for row, result in results if row.steps == 1024]
    lines.append(worst("lax.scan / Cello, 1024 steps", long, "scan"))
    for option in ("mask", "dropout"):
        name = f"cello {option}"
        lines.append(worst(f"with {option} / without", results, name, most=True))
    return [line for line in lines if line]


def worst(what: str, results, name: str, most: bool = False) -> str:
    found = [(q, row.name) for row, result in results if (q := ratio(result, name))]
    if not found:
        return ""
    value, where = max(found) if most else min(found)
    mean = math.exp(sum(math.log(q) for q, _ in found) / len(found))
    end = "most" if most else "least"
    return f"{what}: {end} {value:.2f} ({where}), geometric mean {mean:.2f}, rows: {len(found)}"
