"""How long a batch of `fit` takes: Cello beside Keras on JAX, in one process, in turn.

    KERAS_BACKEND=jax python benchmarks/fit.py

For each model: microseconds a batch of `fit` in Cello and in Keras (the least of several runs of
five epochs) and their ratio. Then where Cello's time goes: "compiled" is what the compiled calls of
that `fit` take when they are made once more, one after the other and with nothing in between; the
rest is Python's share. "Bare loop" is the training step alone in one compiled loop over the same
batches, without results for each batch.
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

ROUNDS, EPOCHS, BATCHES = 7, 5, 400
CASES = {  # units, steps, batch size
    "LSTM(16), 10 steps, batch 8": ("LSTM", 16, 10, 8),
    "LSTM(64), 50 steps, batch 32": ("LSTM", 64, 50, 32),
    "GRU(64), 50 steps, batch 32": ("GRU", 64, 50, 32),
}
COLUMNS = (
    "model", "Cello, us", "Keras, us", "Keras / Cello", "compiled, us", "Python", "bare loop, us",
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
    program = model._program("train")
    return program.func.__self__, program.args[0]()


def compiled_calls(model, fit):
    """A function that makes the compiled calls of one `fit` again and returns their seconds."""
    runner, _ = runner_and_state(model)
    compiled, calls = runner._compiled, []

    def noting(*args):
        calls.append(args)
        return compiled(*args)

    runner._compiled = noting
    fit()
    runner._compiled = compiled

    def seconds():
        began = time.perf_counter()
        for args in calls:
            jax.block_until_ready(compiled(*args))
        return time.perf_counter() - began

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
    for name, (layer, units, steps, batch) in CASES.items():
        rng = np.random.default_rng(0)
        x = rng.normal(size=(BATCHES * batch, steps, 4)).astype("float32")
        y = rng.normal(size=(BATCHES * batch, 1)).astype("float32")
        ours = make(cello, layer, units, steps)
        fit, keras_fit = (
            fitting(model, x, y, batch) for model in (ours, make(keras, layer, units, steps))
        )
        fit(), keras_fit()
        timed = [fit, keras_fit, compiled_calls(ours, fit), bare_loop(ours, x, y, batch)]
        timed[-1]()
        rounds = np.array([[seconds() for seconds in timed] for _ in range(ROUNDS)])
        cello_us, keras_us, compiled_us, bare_us = rounds.min(axis=0) / (EPOCHS * BATCHES) * 1e6
        table.add_row(
            name,
            f"{cello_us:.0f}",
            f"{keras_us:.0f}",
            f"{keras_us / cello_us:.1f}",
            f"{compiled_us:.0f}",
            f"{1 - compiled_us / cello_us:.1%}",
            f"{bare_us:.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
