"""The time of an epoch over sequences of different lengths: in buckets, padded, and in Keras.

    python benchmarks/lengths.py            512 sequences of 10 to 1000 steps (a minute)
    python benchmarks/lengths.py --quick    few short ones

The lengths are log-normal. Padded means: all as long as the longest, with a Masking layer. Each way
has a process of its own and they take turns; the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from harness import rounds
from harness.machine import description
from harness.rows import Group, Row
from harness.worker import start_workers
from peers import Peer

PEERS = (
    Peer("cello", "Cello, a list of sequences", "peers.lengths.cello_list", ("cello-rnn", "jax")),
    Peer("cello_padded", "Cello, padded and masked", "peers.lengths.cello_padded"),
    Peer(
        "keras_padded", "Keras JAX, padded and masked", "peers.lengths.keras_padded", ("keras",),
        {"KERAS_BACKEND": "jax"},
    ),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--longest", type=int, default=1000)
    parser.add_argument("--sequences", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="few short sequences")
    options = parser.parse_args()
    if options.quick:
        options.longest, options.sequences, options.rounds = 40, 64, 1
    # an epoch is one call: `batches` only says by what its time is divided
    row = Row("LSTM", options.sequences, options.longest, 8, options.units, "training", batches=1)
    with tempfile.TemporaryDirectory() as folder:
        workers = start_workers(list(PEERS), Path(folder) / "log")
        (result,) = rounds.measure(Group("lengths", (row,)), workers, options.rounds)
        for worker in workers:
            worker.stop()
    from peers.lengths import lengths

    steps = lengths(row)
    header = description() | {k: v for w in workers for k, v in w.versions.items()}
    print("; ".join(f"{k} {v}" for k, v in header.items()))
    print(
        f"LSTM({row.units}), {len(steps)} sequences of {steps.min()} to {steps.max()} steps, mean "
        f"{np.mean(steps):.0f}, 8 features, batches of 32: an epoch of fit"
    )
    base = result.times["cello"].median
    for worker in workers:
        time = result.times[worker.peer.name]
        if time.median:
            print(f"{worker.peer.title:32}{time.median:8.3f} s {time.median / base:6.2f}")
        else:
            print(f"{worker.peer.title:32}{time.reason}")


if __name__ == "__main__":
    main()
