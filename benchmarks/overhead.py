"""What `fit` with its progress bar and `History` costs over the bare jitted step.

    python benchmarks/overhead.py

The bare step is what a loop of one's own would call for each batch: the same loss, gradients, Adam
and metric, compiled, its results never fetched. `fit` draws its bar on a pseudo-terminal. Both take
the same batches, in turn; the median of the rounds counts. A negative share means that `fit`, which
computes many batches in one call, is faster than such a loop.
"""

import argparse
import contextlib
import os
import sys
import threading
import time

import jax
import numpy as np
from rich.console import Console
from rich.table import Table

import cello

BATCH, STEPS = 32, 30
COLUMNS = ("model", "bare step, us", "fit with bar, us", "fit silent, us", "bar", "silent")


def make(units):
    cello.utils.set_random_seed(0)
    model = cello.Sequential(
        [cello.Input((STEPS, 4)), cello.layers.LSTM(units), cello.layers.Dense(1)]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def data(batches):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batches * BATCH, STEPS, 4)).astype("float32")
    return x, rng.normal(size=(batches * BATCH, 1)).astype("float32")


def bare(model, x, y):
    """A function of nothing: one epoch of the step, called batch by batch."""
    programs = model.trainer.programs
    step = jax.jit(programs.runner("train")._step)
    state = jax.tree.map(jax.numpy.copy, programs.state("train").read())

    def epoch():
        now = state
        for first in range(0, len(x), BATCH):
            now, _ = step(now, (x[first : first + BATCH], y[first : first + BATCH], None))
        jax.block_until_ready(now)

    return epoch


@contextlib.contextmanager
def terminal():
    """Standard output goes to a pseudo-terminal that is read to the end."""
    reader, writer = os.openpty()

    def drain():
        with contextlib.suppress(OSError):
            while os.read(reader, 65536):
                pass

    threading.Thread(target=drain, daemon=True).start()
    before, sys.stdout = sys.stdout, os.fdopen(writer, "w")
    try:
        yield
    finally:
        sys.stdout.close()
        sys.stdout = before


def seconds(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measured(units, batches, rounds):
    """Seconds a batch: rounds of bare step, fit with a bar, silent fit."""
    model, (x, y) = make(units), data(batches)
    options = {"batch_size": BATCH, "epochs": 1, "shuffle": False}

    def with_bar():
        with terminal():
            model.fit(x, y, verbose=1, **options)

    def silent():
        model.fit(x, y, verbose=0, **options)

    silent()
    works = [bare(model, x, y), with_bar, silent]
    for work in works:
        work()
    return np.array([[seconds(work) for work in works] for _ in range(rounds)]) / batches


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--units", type=int, nargs="+", default=[16, 64, 96])
    parser.add_argument("--batches", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    table = Table(*COLUMNS)
    for units in chosen.units:
        times = measured(units, chosen.batches, chosen.rounds)
        step, bar, silent = np.median(times, 0) * 1e6
        ratios = np.median(times[:, 1:] / times[:, :1], 0) - 1
        table.add_row(
            f"LSTM({units}), {STEPS} steps, batch {BATCH}",
            *(f"{t:.0f}" for t in (step, bar, silent)),
            *(f"{r:+.1%}" for r in ratios),
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
