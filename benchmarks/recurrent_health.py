"""What `RecurrentHealth` costs: the time of epochs with it and without, in turn.

    python benchmarks/recurrent_health.py

The first epoch, which compiles, is reported by itself.
"""

import time

import numpy as np
from rich.console import Console
from rich.table import Table

import cello
from cello.callbacks import LambdaCallback, RecurrentHealth

ROUNDS, EPOCHS = 5, 6
CASES = {  # units, steps, batch size, batches an epoch
    "LSTM(64), 50 steps, batch 32": ("LSTM", 64, 50, 32, 400),
    "GRU(128), 100 steps, batch 32": ("GRU", 128, 100, 32, 100),
}


def epochs(model, x, y, batch, *callbacks):
    """Seconds of each epoch."""
    marks = []
    mark = LambdaCallback(on_epoch_begin=lambda epoch, logs: marks.append(time.perf_counter()))
    model.fit(x, y, batch_size=batch, epochs=EPOCHS, verbose=0, callbacks=[mark, *callbacks])
    return np.diff([*marks, time.perf_counter()])


def main():
    table = Table("model", "epoch, s", "with it, s", "more", "first epoch more, s")
    for name, (layer, units, steps, batch, batches) in CASES.items():
        rng = np.random.default_rng(0)
        x = rng.normal(size=(batch * batches, steps, 4)).astype("float32")
        y = x[:, -1, :1]
        cell = getattr(cello.layers, layer)(units)
        model = cello.Sequential([cello.Input((steps, 4)), cell, cello.layers.Dense(1)])
        model.compile("adam", "mse")
        epochs(model, x, y, batch)
        plain, with_it = [], []
        for _ in range(ROUNDS):
            plain.append(epochs(model, x, y, batch))
            with_it.append(epochs(model, x, y, batch, RecurrentHealth((x[:batch], y[:batch]))))
        first = np.min([w[0] for w in with_it]) - np.min([p[0] for p in plain])
        without = np.min([p[1:] for p in plain])
        more = np.min([w[1:] for w in with_it])
        table.add_row(
            name, f"{without:.3f}", f"{more:.3f}", f"{more / without - 1:.1%}", f"{first:.2f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
