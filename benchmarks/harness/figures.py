"""The numbers that the tables and the picture show, from the results."""

from __future__ import annotations

import math

from harness.rounds import Result, Time
from peers import PEERS

DISTURBED = 0.9
"""A row before which the machine reached less than this share of its peak is marked."""


def median(result: Result, peer: str) -> float | None:
    return result.times[peer].median if peer in result.times else None


def ours(result: Result) -> float | None:
    """Cello's time: of the layers, or of the function where there is no layer."""
    return median(result, "cello_ops" if result.row.cell == "linear_scan" else "cello")


def best_peer(result: Result) -> tuple[str, float] | None:
    """The fastest of the others, and its time."""
    times = {n: median(result, n) for n in result.times if PEERS[n].competes}
    known = {n: t for n, t in times.items() if t is not None}
    return min(known.items(), key=lambda item: item[1]) if known else None


def ratio(result: Result) -> float | None:
    """The best peer's time by Cello's: above 1, Cello is faster."""
    best, own = best_peer(result), ours(result)
    return best[1] / own if best and own else None


def share_of_peak(result: Result, peer: str, peak: float | None) -> float | None:
    """Of the machine's multiply-adds; none for masks, whose steps a peer may leave out."""
    seconds = median(result, peer)
    if not (peak and seconds) or result.row.mask:
        return None
    return result.row.flops / seconds / peak


def above_bare_ops(result: Result) -> float | None:
    """What `fit` or `predict` takes above the bare function."""
    whole, bare = median(result, "cello"), median(result, "cello_ops")
    return whole / bare - 1 if whole and bare else None


def factor(result: Result, results: list[Result], peer: str) -> float | None:
    """The time with the row's option by the time without; `results` hold both."""
    bases = [r for r in results if r.row == result.base]
    with_it, without = median(result, peer), median(bases[0], peer) if bases else None
    return with_it / without if with_it and without else None


def geometric_mean(results: list[Result], mode: str) -> float | None:
    """Of the ratios of all models' rows of one mode."""
    chosen = [r for r in results if r.table == "models" and r.row.mode == mode]
    ratios = [x for x in map(ratio, chosen) if x]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None


def disturbed(result: Result, peak: float | None) -> bool:
    return bool(peak and result.fma_peak and result.fma_peak < DISTURBED * peak)


def missing(time: Time) -> str:
    """What stands in place of a time."""
    return "failed" if time.kind == "failed" else "-"
