"""How fast recurrent layers are on a GPU: `fit` and `predict` beside PyTorch's cuDNN.

    python benchmarks/gpu.py

Milliseconds a batch, the median of several runs, from host arrays to host results. On a GPU Cello
runs JAX's loop. PyTorch computes its products in TF32, as JAX does. `linear_scan` is given in GB/s
of what must be read and written at least.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console
from rich.table import Table

import cello

ROWS = [  # layer, batch, steps, units
    (layer, batch, steps, units)
    for layer in ("LSTM", "GRU")
    for batch, steps, units in ((64, 128, 128), (64, 128, 512), (16, 1024, 256))
]
FEATURES, BATCHES = 64, 4
SCANNED = (16, 8192, 1024)


def median(work, rounds=5) -> float:
    work()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return float(np.median(times))


def of_cello(layer, x, y, batch, units):
    cello.utils.set_random_seed(0)
    recurrent = getattr(cello.layers, layer)(units)
    model = cello.Sequential([cello.Input(x.shape[1:]), recurrent, cello.layers.Dense(1)])
    model.compile("adam", "mse")
    fit = median(lambda: model.fit(x, y, batch_size=batch, verbose=0))
    predict = median(lambda: model.predict(x, batch_size=batch, verbose=0))
    return fit / BATCHES, predict / BATCHES


def of_torch(layer, x, y, batch, units):
    import torch

    torch.backends.cuda.matmul.allow_tf32 = True
    recurrent = getattr(torch.nn, layer)(FEATURES, units, batch_first=True).cuda()
    head = torch.nn.Linear(units, 1).cuda()
    optimizer = torch.optim.Adam([*recurrent.parameters(), *head.parameters()])
    x, y = (torch.from_numpy(a[:batch]).cuda() for a in (x, y))

    def train():
        optimizer.zero_grad()
        ((head(recurrent(x)[0][:, -1]) - y) ** 2).mean().backward()
        optimizer.step()
        torch.cuda.synchronize()

    def predict():
        with torch.no_grad():
            head(recurrent(x)[0][:, -1])
        torch.cuda.synchronize()

    return median(train, 10), median(predict, 10)


def main():
    device = jax.devices()[0]
    if device.platform != "gpu":
        raise SystemExit(f"JAX computes on {device.platform} here: this needs a GPU.")
    table = Table("layer", "fit, ms", "PyTorch", "predict, ms", "PyTorch", title=device.device_kind)
    rng = np.random.default_rng(0)
    for layer, batch, steps, units in ROWS:
        x = rng.normal(size=(batch * BATCHES, steps, FEATURES)).astype("float32")
        y = x[:, 0, :1].copy()
        ours, theirs = (f(layer, x, y, batch, units) for f in (of_cello, of_torch))
        times = [f"{t * 1e3:.2f}" for pair in zip(ours, theirs, strict=True) for t in pair]
        table.add_row(f"{layer}({units}), batch {batch}, {steps} steps", *times)
    a = jax.random.uniform(jax.random.key(0), SCANNED)
    scan = jax.jit(cello.ops.linear_scan)
    seconds = median(lambda: jax.block_until_ready(scan(a, a, jnp.zeros_like(a[:, 0]))))
    Console(width=110).print(table)
    print(f"linear_scan {SCANNED}: {seconds * 1e3:.1f} ms, {3 * a.nbytes / seconds / 1e9:.0f} GB/s")


if __name__ == "__main__":
    main()
