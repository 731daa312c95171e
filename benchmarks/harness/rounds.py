"""Measuring a group of rows: every peer in turn, several rounds, medians."""

from __future__ import annotations

import dataclasses
import statistics
import time

from harness.rows import Group, Row
from harness.worker import Failure, Worker
from peers import Unavailable

SETTLE_SECONDS = 0.02
"""Between two turns, so that the threads of the last peer have stopped to look for work."""


@dataclasses.dataclass
class Time:
    """What a peer did in a row: `seconds` a batch in each round, or the reason why not.

    Attributes:
        kind: "measured", "unavailable" (it has no such thing) or "failed".
    """

    kind: str
    reason: str = ""
    note: str = ""
    seconds: list[float] = dataclasses.field(default_factory=list)

    @property
    def median(self) -> float | None:
        return statistics.median(self.seconds) if self.seconds else None


@dataclasses.dataclass
class Result:
    """A row with the times of all peers.

    Attributes:
        fma_peak: flops a second that the machine did just before; low where it was disturbed.
    """

    table: str
    row: Row
    base: Row
    times: dict[str, Time]
    fma_peak: float | None = None


def measure(group: Group, workers: list[Worker], rounds: int, report=lambda text: None):
    """The results of the rows of `group`.

    Args:
        report: called with a few words at each step.
    """
    times: dict[tuple[str, Row], Time] = {}
    turns = []
    for worker in workers:
        for row in group.rows:
            report(f"{row}: preparing {worker.peer.title}")
            one = times[worker.peer.name, row] = Time("measured")
            try:
                one.note = worker.prepare(row, row)
                turns.append((worker, row, one))
            except (Unavailable, Failure) as error:
                fail(one, error)
    for n in range(rounds):
        for worker, row, one in turns:
            if one.kind != "measured":
                continue
            report(f"{row}: round {n + 1} of {rounds}, {worker.peer.title}")
            time.sleep(SETTLE_SECONDS)
            try:
                if worker.process is None:
                    raise Failure("its process ended in another row")
                one.seconds.append(worker.seconds(row) / row.batches)
            except Failure as error:
                fail(one, error)
    for worker in workers:
        try:
            worker.forget()
        except Failure as error:
            report(f"{worker.peer.title}: {error}")
    names = [worker.peer.name for worker in workers]
    return [
        Result(group.table, row, group.base(row), {name: times[name, row] for name in names})
        for row in group.rows
    ]


def fail(one: Time, error: Exception) -> None:
    one.kind = "unavailable" if isinstance(error, Unavailable) else "failed"
    one.reason = str(error)
    one.seconds = []
