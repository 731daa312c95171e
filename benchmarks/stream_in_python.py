"""How long one step takes of a model that runs sample by sample: Cello and others, in turn.

    python benchmarks/stream_in_python.py               one LSTM of 16, 32 and 64 units and a Dense
    python benchmarks/stream_in_python.py --chunk 64    64 samples at a time
    python benchmarks/stream_in_python.py --quick       few calls

The time is that of one sample in a call, from a NumPy array to a NumPy array. Each library has
a process of its own, in which nothing runs while another is measured; the median of the rounds
counts. All must give the same output.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from harness import rounds
from harness.machine import description
from harness.rows import Group, Row
from harness.worker import Worker, start_workers
from peers.stream import PEERS

UNITS = (16, 32, 64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, nargs="+", default=UNITS)
    parser.add_argument("--chunk", type=int, default=1, help="samples in a call")
    parser.add_argument("--calls", type=int, default=200, help="calls in a turn")
    parser.add_argument("--rounds", type=int, default=7)
    names = [peer.name for peer in PEERS]
    parser.add_argument("--peers", nargs="+", choices=names, default=names)
    parser.add_argument("--quick", action="store_true", help="few steps and rounds")
    options = parser.parse_args()
    if options.quick:
        options.calls, options.rounds = min(20, options.calls), 2
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        chosen = [peer for peer in PEERS if peer.name in options.peers]
        workers = start_workers(chosen, Path(folder) / "log", console.print)
        rows = [
            Row("LSTM", 1, options.chunk, 1, units, "inference", batches=options.calls)
            for units in options.units
        ]
        with console.status("measuring") as status:
            group = Group("stream", tuple(rows))
            results = rounds.measure(group, workers, options.rounds, status.update)
        for worker in workers:
            worker.stop()
    show(console, workers, results)


def show(console: Console, workers: list[Worker], results: list[rounds.Result]) -> None:
    header = description() | {k: v for w in workers for k, v in w.versions.items()}
    console.print("; ".join(f"{k} {v}" for k, v in header.items()), highlight=False)
    chunk = results[0].row.time
    table = Table(title=f"LSTM(units) and Dense(1), {chunk} a call: microseconds a sample")
    table.add_column("")
    for result in results:
        table.add_column(f"{result.row.units} units", justify="right")
    for worker in workers:
        times = [result.times[worker.peer.name] for result in results]
        figures = [f"{1e6 * t.median / chunk:.3g}" if t.median else t.reason for t in times]
        table.add_row(worker.peer.title, *figures)
    console.print(table)
    for result in results:
        outputs = {time.note for time in result.times.values() if time.note}
        if len(outputs) > 1:
            raise SystemExit(f"LSTM({result.row.units}): the outputs differ: {outputs}")


if __name__ == "__main__":
    main()
