"""How long a batch of `fit` takes: Cello beside Keras on JAX, in one process, in turn.

    KERAS_BACKEND=jax python benchmarks/fit.py

For each model: microseconds a batch of `fit` in Cello and in Keras (the least of several runs of
five epochs) and their ratio. "Python" is the share of Cello's time in which no compiled call was
under way. "Bare loop" is the training step alone in one compiled loop over the same batches,
without metrics' results for each batch.
"""

import os
import time

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras
import numpy as np
from rich.console import Console
from rich.table import Table

import cello

ROUNDS, EPOCHS = 5, 5
CASES = {  # units, steps, batch size, batches an epoch
    "LSTM(16), 10 steps, batch 8": ("LSTM", 16, 10, 8, 4000),
    "LSTM(64), 50 steps, batch 32": ("LSTM", 64, 50, 32, 400),
    "GRU(64), 50 steps, batch 32": ("GRU", 64, 50, 32, 400),
}
COLUMNS = (
    "model", "Cello, us", "Keras, us", "Keras / Cello", "bare loop, us", "Python",
)  # fmt: skip


def make(k, layer, units, steps):
    model = k.Sequential([k.Input((steps, 4)), getattr(k.layers, layer)(units), k.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def fitting(model, x, y, batch):
    """A function that fits and returns the seconds of it."""

    def seconds():
        began = time.perf_counter()
        model.fit(x, y, batch_size=batch, epochs=EPOCHS, shuffle=False, verbose=0)
        return time.perf_counter() - began

    return seconds


def runner_and_state(model):
    programs = model.trainer.programs
    return programs.runner("train"), programs.state("train").read()


def without_device(model, fit):
    """A function that fits and returns the seconds in which no compiled call was under way."""
    runner, _ = runner_and_state(model)
    compiled, finished = runner._compiled, runner._finish

    def seconds():
        waits, under_way, since = [], 0, time.perf_counter()

        def started(*args):
            nonlocal under_way
            if under_way == 0:
                waits.append(time.perf_counter() - since)
            under_way += 1
            return compiled(*args)

        def ended(*chunk):
            nonlocal under_way, since
            result = finished(*chunk)
            under_way, since = under_way - 1, time.perf_counter()
            return result

        runner._compiled, runner._finish = started, ended
        fit()
        waits.append(time.perf_counter() - since)
        runner._compiled, runner._finish = compiled, finished
        return sum(waits)

    return seconds


def bare_loop(model, x, y, batch):
    """The same for the training step over all batches in one compiled call an epoch."""
    runner, values = runner_and_state(model)
    chunks = [a.reshape(-1, batch, *a.shape[1:]) for a in (x, y)]

    @jax.jit
    def run(state, xs, ys):
        def body(i, state):
            return runner._step(state, (xs[i], ys[i], None))[0]

        return jax.lax.fori_loop(0, len(xs), body, state)

    def seconds():
        began = time.perf_counter()
        for _ in range(EPOCHS):
            jax.block_until_ready(run(values, *chunks))
        return time.perf_counter() - began

    return seconds


def main():
    table = Table(*COLUMNS)
    for name, (layer, units, steps, batch, batches) in CASES.items():
        rng = np.random.default_rng(0)
        x = rng.normal(size=(batches * batch, steps, 4)).astype("float32")
        y = rng.normal(size=(batches * batch, 1)).astype("float32")
        ours = make(cello, layer, units, steps)
        fit, keras_fit = (
            fitting(model, x, y, batch) for model in (ours, make(keras, layer, units, steps))
        )
        fit(), keras_fit()
        timed = [fit, keras_fit, bare_loop(ours, x, y, batch), without_device(ours, fit)]
        timed[2]()  # compiles
        rounds = np.array([[seconds() for seconds in timed] for _ in range(ROUNDS)])
        least = rounds.min(axis=0) / (EPOCHS * batches) * 1e6
        cello_us, keras_us, bare_us, python_us = least
        table.add_row(
            name,
            f"{cello_us:.0f}",
            f"{keras_us:.0f}",
            f"{keras_us / cello_us:.1f}",
            f"{bare_us:.0f}",
            f"{python_us / cello_us:.1%}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
