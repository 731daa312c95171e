"""What `RecurrentHealth` costs: the least time of a measurement beside the least time of an epoch.

    python benchmarks/recurrent_health.py

The first measurement, which compiles, is reported by itself.
"""

import time

import numpy as np
from rich.console import Console
from rich.table import Table

import cello
from cello.callbacks import RecurrentHealth

EPOCHS = 12
CASES = {  # units, steps, batch size, batches an epoch
    "LSTM(64), 50 steps, batch 32": ("LSTM", 64, 50, 32, 400),
    "GRU(128), 100 steps, batch 32": ("GRU", 128, 100, 32, 100),
}


class Timed(RecurrentHealth):
    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.epochs, self.measurements = [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        ended = time.perf_counter()
        super().on_epoch_end(epoch, logs)
        self.epochs.append(ended - self.began)
        self.measurements.append(time.perf_counter() - ended)


def main():
    table = Table("model", "epoch, s", "measurement, s", "share", "first measurement, s")
    for name, (layer, units, steps, batch, batches) in CASES.items():
        rng = np.random.default_rng(0)
        x = rng.normal(size=(batch * batches, steps, 4)).astype("float32")
        y = x[:, -1, :1]
        cell = getattr(cello.layers, layer)(units)
        model = cello.Sequential([cello.Input((steps, 4)), cell, cello.layers.Dense(1)])
        model.compile("adam", "mse")
        health = Timed((x[:batch], y[:batch]))
        model.fit(x, y, batch_size=batch, epochs=EPOCHS, verbose=0, callbacks=health)
        epoch, measurement = min(health.epochs[1:]), min(health.measurements[1:])
        table.add_row(
            name,
            f"{epoch:.3f}",
            f"{measurement:.4f}",
            f"{measurement / epoch:.1%}",
            f"{health.measurements[0]:.2f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
