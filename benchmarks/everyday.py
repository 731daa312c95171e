"""What should cost nothing extra: a loop, a call, one row more, a model that was dropped.

    python benchmarks/everyday.py                    # all tables; about ten minutes
    python benchmarks/everyday.py --tables calls     # one of layers, calls, growing, memory

* layers: training each layer by many batches a call, in `fit`'s compiled loop ("inside"), and by
  one batch a call ("outside"), beside Keras on JAX and PyTorch. Inside should not be slower.
* calls: one row through `predict_on_batch`, `predict` and `train_on_batch`, beside the program
  alone.
* growing: a walk forward over data that grow by one row from fit to fit, beside the same number
  of fits of whole batches. Each has a new model, and compiling counts.
* memory: what each of some models leaves after it was used and dropped, and what is left of all
  after `clear_session()`; each library in a process of its own.

Where times are compared, all take turns, and the least time of the rounds counts.
"""

import argparse
import os
import subprocess
import sys
import time

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # PyTorch's threads would work in others' turns

import jax
import keras
import numpy as np
from rich.console import Console
from rich.table import Table

import cello

try:
    import torch
except ImportError:
    torch = None

TABLES = ("layers", "calls", "growing", "memory")
SEQUENCE, MAPS = (64, 32), (8, 12, 12, 4)
LAYERS = {  # name: shape of the inputs, arguments, PyTorch's module
    "Dense": (SEQUENCE, (64,), {}, lambda: torch.nn.Linear(32, 64)),
    "Conv1D": (SEQUENCE, (64, 5), {}, lambda: torch.nn.Conv1d(32, 64, 5)),
    "Conv1D, dilated": (SEQUENCE, (64, 3), {"dilation_rate": 4},
                        lambda: torch.nn.Conv1d(32, 64, 3, dilation=4)),
    "Conv1D, in groups": (SEQUENCE, (64, 5), {"groups": 4},
                          lambda: torch.nn.Conv1d(32, 64, 5, groups=4)),
    "Conv1D, large": ((150, 128), (256, 5), {}, lambda: torch.nn.Conv1d(128, 256, 5)),
    "ConvLSTM1D": ((8, 48, 4), (8, 3), {"padding": "same"}, None),
    "ConvLSTM2D": (MAPS, (8, 3), {"padding": "same"}, None),
    "ConvGRU2D": (MAPS, (8, 3), {"padding": "same"}, None),
    "MaxPooling1D": (SEQUENCE, (2,), {}, lambda: torch.nn.MaxPool1d(2)),
    "BatchNormalization": (SEQUENCE, (), {}, lambda: torch.nn.BatchNorm1d(32)),
    "LayerNormalization": (SEQUENCE, (), {}, lambda: torch.nn.LayerNorm(32)),
    "LSTM": (SEQUENCE, (32,), {}, lambda: torch.nn.LSTM(32, 32, batch_first=True)),
    "GRU": (SEQUENCE, (32,), {}, lambda: torch.nn.GRU(32, 32, batch_first=True)),
    "SimpleRNN": (SEQUENCE, (32,), {}, lambda: torch.nn.RNN(32, 32, batch_first=True)),
    "CoupledLSTM": (SEQUENCE, (32,), {}, None),
    "LRU": (SEQUENCE, (32,), {}, None),
    "Mamba2": (SEQUENCE, (32,), {}, None),
}  # fmt: skip
BATCH, BATCHES = 16, 8


def least(works, rounds: int) -> dict[str, float]:
    """The least seconds of each of some functions, which take turns."""
    for work in works.values():
        work()
    found = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            work()  # with what the one before left in the caches
            began = time.perf_counter()
            work()
            found[name] = min(found[name], time.perf_counter() - began)
    return found


def show(title, columns, rows) -> None:
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, str) else f"{cell:.3g}" for cell in row))
    Console(width=110).print(table)


def model_of(k, name, steps):
    shape, arguments, options, _ = LAYERS[name]
    layer = getattr(k.layers, name.split(",")[0])(*arguments, **options)
    head = [layer, k.layers.Flatten(), k.layers.Dense(1)]
    model = k.Sequential([k.Input(shape), k.layers.Dense(shape[-1]), *head])
    model.compile("adam", "mse", steps_per_execution=steps)
    return model


def torch_steps(name, x, y):
    """All batches by PyTorch's module, between the same layers."""
    shape, _, _, module = LAYERS[name]
    before, module = torch.nn.Linear(shape[-1], shape[-1]), module()
    by_channel = type(module).__name__ in ("Conv1d", "MaxPool1d", "BatchNorm1d")

    def features(x):
        h = before(x)
        h = module(h.transpose(1, 2)) if by_channel else module(h)
        return (h[0][:, -1] if isinstance(h, tuple) else h).flatten(1)

    x, y = torch.tensor(x), torch.tensor(y)
    head = torch.nn.Linear(features(x[:1]).shape[1], 1)
    parts = torch.nn.ModuleList([before, module, head])
    optimizer = torch.optim.Adam(parts.parameters(), fused=True)

    def run():
        for first in range(0, len(x), BATCH):
            optimizer.zero_grad()
            outputs = head(features(x[first : first + BATCH]))
            torch.nn.functional.mse_loss(outputs, y[first : first + BATCH]).backward()
            optimizer.step()

    return run


def fitting(k, name, steps, x, y):
    """A function that fits with so many batches a call."""
    model = model_of(k, name, steps)
    return lambda: model.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0)


def layers(rounds, only=""):
    for name, (shape, *_, module) in LAYERS.items():
        if only not in name:
            continue
        rng = np.random.default_rng(0)
        x = rng.normal(size=(BATCHES * BATCH, *shape)).astype("float32")
        y = rng.normal(size=(len(x), 1)).astype("float32")
        works = {"inside": fitting(cello, name, BATCHES, x, y)}
        works["outside"] = fitting(cello, name, 1, x, y)
        if hasattr(keras.layers, name.split(",")[0]):
            works["Keras"] = fitting(keras, name, 1, x, y)
        if torch is not None and module is not None:
            works["PyTorch"] = torch_steps(name, x, y)
        found = {label: 1e3 * s / BATCHES for label, s in least(works, rounds).items()}
        times = [found.get(label, "-") for label in ("inside", "outside", "Keras", "PyTorch")]
        yield name, *times, found["inside"] / found["outside"]


def calls(rounds):
    x, y = np.zeros((1, 20, 4), "float32"), np.zeros((1, 1), "float32")
    models = {}
    for k in (cello, keras):
        models[k] = k.Sequential([k.Input((20, 4)), k.layers.LSTM(16), k.layers.Dense(1)])
        models[k].compile("adam", "mse")
    ours, theirs = models[cello], models[keras]

    def bare(mode, batch):
        programs = ours.trainer.programs
        runner, state = programs.runner(mode), programs.state(mode).read()
        chunk = jax.tree.map(lambda a: a[None], batch)
        return lambda: jax.tree.map(np.asarray, runner._compiled(state, chunk, 1)[1])

    ours.train_on_batch(x, y)
    rows = {
        "predict_on_batch": ("predict", (x, None, None), lambda m: m.predict_on_batch(x)),
        "predict": ("predict", (x, None, None), lambda m: m.predict(x, verbose=0)),
        "train_on_batch": ("train", (x, y, None), lambda m: m.train_on_batch(x, y)),
        "test_on_batch": ("test", (x, y, None), lambda m: m.test_on_batch(x, y)),
    }
    for name, (mode, batch, call) in rows.items():
        found = least(
            {"Cello": lambda call=call: call(ours), "program": bare(mode, batch),
             "Keras": lambda call=call: call(theirs)},
            100 * rounds,
        )  # fmt: skip
        us = [1e6 * found[label] for label in ("Cello", "program", "Keras")]
        yield name, *us, us[0] - us[1]


def growing(rounds, steps=24):
    """Seconds of fits and predictions; one round, since compiling is part of it."""
    for label, k in (("Cello", cello), ("Keras", keras)):
        for way in ("rows", "whole batches"):
            model = k.Sequential([k.Input((20, 4)), k.layers.LSTM(16), k.layers.Dense(1)])
            model.compile("adam", "mse")
            began = time.perf_counter()
            for i in range(steps):
                rows = 90 + i if way == "rows" else 96
                x = np.zeros((rows, 20, 4), "float32")
                model.fit(x, x[:, 0, :1], verbose=0)
                model.predict(x, verbose=0)
            yield f"{label}, {way}", time.perf_counter() - began


def memory(rounds):
    for label in ("cello", "keras"):
        command = [sys.executable, __file__, "--leave", label]
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        yield label, *map(float, out.split()[-2:])


def leave(name, models=12):
    """Print the MiB that each model leaves after two, and what all leave after clear_session."""
    k = {"cello": cello, "keras": keras}[name]

    def size():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

    x = np.zeros((64, 20, 4), "float32")
    sizes = []
    for _ in range(models):
        model = k.Sequential([k.Input((20, 4)), k.layers.LSTM(32), k.layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(x, x[:, 0, :1], verbose=0)
        model.predict(x, verbose=0)
        del model
        sizes.append(size())
    k.utils.clear_session()
    print((sizes[-1] - sizes[1]) / (models - 2), size() - sizes[1])


COLUMNS = {
    "layers": ("a batch, ms", "inside", "outside", "Keras", "PyTorch", "inside / outside"),
    "calls": ("one row, us", "Cello", "the program alone", "Keras", "Cello above it"),
    "growing": ("24 fits and predictions", "seconds"),
    "memory": ("library", "a dropped model leaves, MiB", "after clear_session, MiB"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="layers whose name has this")
    parser.add_argument("--leave", choices=("cello", "keras"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.leave:
        leave(chosen.leave)
        return
    for table in chosen.tables:
        options = {"only": chosen.only} if table == "layers" else {}
        show(table, COLUMNS[table], globals()[table](chosen.rounds, **options))


if __name__ == "__main__":
    main()
