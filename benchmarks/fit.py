"""How long a batch of `fit` takes: Cello beside Keras on JAX, in one process, in turn.

    KERAS_BACKEND=jax python benchmarks/fit.py

For each model: microseconds a batch of `fit` in Cello and in Keras (the least of several runs of
five epochs), their ratio, and what Cello's takes above a bare compiled loop over the same batches.
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

ROUNDS, EPOCHS, BATCHES = 3, 5, 400
CASES = {  # units, steps, batch size
    "LSTM(16), 10 steps, batch 8": ("LSTM", 16, 10, 8),
    "LSTM(64), 50 steps, batch 32": ("LSTM", 64, 50, 32),
    "GRU(64), 50 steps, batch 32": ("GRU", 64, 50, 32),
}


def make(k, layer, units, steps):
    model = k.Sequential([k.Input((steps, 4)), getattr(k.layers, layer)(units), k.layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def seconds_of_fit(model, x, y, batch):
    began = time.perf_counter()
    model.fit(x, y, batch_size=batch, epochs=EPOCHS, shuffle=False, verbose=0)
    return (time.perf_counter() - began) / EPOCHS


def bare_loop(model, x, y, batch):
    """The training step of `model` over all batches in one compiled call, and no more."""
    state, _ = model._state("train")
    chunks = [a.reshape(-1, batch, *a.shape[1:]) for a in (x, y)]

    @jax.jit
    def run(state, xs, ys):
        step = model._runner("train")._step
        return jax.lax.fori_loop(0, len(xs), lambda i, s: step(s, (xs[i], ys[i], None))[0], state)

    values = state()

    def seconds():
        began = time.perf_counter()
        jax.block_until_ready(run(values, *chunks))
        return time.perf_counter() - began

    return seconds


def main():
    table = Table("model", "Cello, us", "Keras, us", "Keras / Cello", "bare loop, us", "above it")
    for name, (layer, units, steps, batch) in CASES.items():
        rng = np.random.default_rng(0)
        x = rng.normal(size=(BATCHES * batch, steps, 4)).astype("float32")
        y = rng.normal(size=(BATCHES * batch, 1)).astype("float32")
        ours, theirs = make(cello, layer, units, steps), make(keras, layer, units, steps)
        seconds_of_fit(ours, x, y, batch), seconds_of_fit(theirs, x, y, batch)
        bare = bare_loop(ours, x, y, batch)
        bare()
        times = [
            (seconds_of_fit(ours, x, y, batch), seconds_of_fit(theirs, x, y, batch), bare())
            for _ in range(ROUNDS)
        ]
        cello_s, keras_s, bare_s = np.min(times, axis=0)
        each = [f"{s / BATCHES * 1e6:.0f}" for s in (cello_s, keras_s, bare_s)]
        table.add_row(
            name,
            each[0],
            each[1],
            f"{keras_s / cello_s:.1f}",
            each[2],
            f"{cello_s / bare_s - 1:.1%}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
