"""How fast recurrent layers are: Cello and its peers, in one run, in turn.

    python benchmarks/recurrent.py             all rows (twenty minutes on two cores)
    python benchmarks/recurrent.py --quick     small rows (under three minutes)
    python benchmarks/recurrent.py --rows 'GRU 32,100.*inference' --peers cello,torch

A time is that of one batch in Cello's `fit` or `predict` and in the same work of a peer: same
batches, an output layer on the last output, mean squared error, Adam, no gradient for the data.
Each peer has a process of its own; one works while the others wait. In every round all of them have
their turn; the median of the rounds counts. After each row everything so far is written.
"""

from __future__ import annotations

import argparse
import datetime
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harness import figures, picture, report, rounds, rows
from harness.machine import Limits, description
from harness.worker import start_workers
from peers import PEERS

HERE = Path(__file__).parent


def main(arguments=None) -> None:
    chosen = parse(arguments)
    console = Console()
    if not console.is_terminal:
        console.width = 200  # a file, or a pipe: nobody's window
    if chosen.show:
        finish(report.Report.load(chosen.show), chosen.show.with_suffix(""), console)
        return
    groups = chosen.groups
    stem = chosen.out / f"{datetime.datetime.now():%Y-%m-%d_%H%M%S}"
    chosen.out.mkdir(parents=True, exist_ok=True)
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    progress = Progress(*columns, console=console, disable=not console.is_terminal)
    with tempfile.TemporaryDirectory() as folder, progress:
        task = progress.add_task("starting the peers", total=sum(len(g.rows) for g in groups))

        def say(text):
            progress.update(task, description=text)

        limits = Limits(folder)
        workers = start_workers(
            [PEERS[name] for name in chosen.peers], stem.with_suffix(".log"), console.print
        )
        header = description() | {k: v for w in workers for k, v in w.versions.items()}
        result = report.Report(header, [w.peer.name for w in workers], chosen.rounds)
        if limits.why_not:
            console.print(limits.why_not, highlight=False)
        say("measuring the machine")
        result.fma_peak, result.stream_add = limits.fma(1.0), limits.stream_add()
        try:
            for group in groups:
                peak = limits.fma()
                taking = [w for w in workers if not group.peers or w.peer.name in group.peers]
                found = rounds.measure(group, taking, chosen.rounds, say)
                for one in found:
                    one.fma_peak = peak
                result.results += found
                result.fma_peak = max(filter(None, (result.fma_peak, peak)), default=None)
                result.save(stem)
                progress.advance(task, len(found))
                for one in found:
                    console.print(line(one), highlight=False)
        except KeyboardInterrupt:
            console.print("interrupted; the rows so far:")
        finally:
            for worker in workers:
                worker.stop()
    finish(result, stem, console)


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small rows only, three rounds")
    parser.add_argument("--rows", default="", help="regular expression that names must contain")
    parser.add_argument("--peers", help=f"names with commas between, of {', '.join(PEERS)}")
    parser.add_argument("--rounds", type=int, help="5, or 3 with --quick, where not given")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the results")
    parser.add_argument("--list", action="store_true", help="print the names of the rows and end")
    parser.add_argument("--show", type=Path, help="draw the results of a JSON file again and end")
    parser.add_argument(
        "--shape", type=shape, help="batch,time,features,units: all rows at a shape of your own"
    )
    chosen = parser.parse_args(arguments)
    chosen.rounds = chosen.rounds or (3 if chosen.quick else 5)
    if chosen.peers is None:
        chosen.peers = [n for n, peer in PEERS.items() if peer.quick or not chosen.quick]
    else:
        chosen.peers = chosen.peers.split(",")
        unknown = sorted(set(chosen.peers) - set(PEERS))
        if unknown:
            parser.error(f"unknown peers {unknown}; there are {', '.join(PEERS)}")
    chosen.groups = select(chosen)
    if not chosen.groups:
        parser.error(f"no row's name contains {chosen.rows!r}; --list prints the names")
    if chosen.list:
        parser.exit(0, "".join(f"{row}\n" for group in chosen.groups for row in group.rows))
    return chosen


def shape(text):
    sizes = tuple(int(size) for size in text.split(","))
    if len(sizes) != 4 or min(sizes) < 1:
        raise ValueError
    return sizes


def select(chosen):
    if chosen.shape:
        groups = rows.groups_of(chosen.shape)
    else:
        groups = rows.quick_groups() if chosen.quick else rows.all_groups()
    return [g for g in (group.with_only(chosen.rows) for group in groups) if g.rows]


def line(result) -> str:
    """A row in one line, as soon as it is measured."""
    shown = [n for n, time in result.times.items() if time.kind != "unavailable"]
    times = ", ".join(f"{PEERS[n].title} {report.milliseconds(result, n)}" for n in shown)
    ratio = figures.ratio(result)
    return f"{result.row}: {times} ms" + (f"; best peer / Cello {ratio:.2f}" if ratio else "")


def finish(result, stem, console) -> None:
    report.show(result, console)
    written = [stem.with_suffix(end) for end in (".json", ".md")]
    try:
        if picture.draw(result, stem.with_suffix(".png")):
            written.append(stem.with_suffix(".png"))
    except ModuleNotFoundError as error:
        console.print(f"no picture: {error.name} is not installed")
    console.print("written:", *written, soft_wrap=True, highlight=False)


if __name__ == "__main__":
    main()
