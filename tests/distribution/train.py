"""Run by test_launch.py in one process and in several: trainings, and what they give, in files.

train.py folder names...
"""

import importlib.util
import json
import os
import sys
import time
from pathlib import Path

import cases
import jax
import numpy as np

import cello
from cello.distribution import data_parallel

EXAMPLES = Path(__file__).parents[2] / "examples"
folder = Path(sys.argv[1])


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def co2_forecast():
    """The example's model and data, for two epochs of a part of the record."""
    program = example("co2_forecast")
    _, _, origins = data = program.load()
    x, before, y = program.windows(*data[:2], origins["train"][::8])
    model = program.build()
    model.compile(cello.optimizers.Adam(3e-3), "mse")
    model.fit(x, y - before, epochs=2, verbose=0)
    return model, model.predict(x[:40], verbose=0)


def variable_length():
    """The example's model, with its dropout, on its sequences of up to 12 steps."""
    program = example("variable_length")
    (x, y), _ = cello.datasets.japanese_vowels.load_data()
    steps = np.concatenate(x)
    x = program.scaled(x, steps.mean(0), steps.std(0))
    model = program.compiled()
    short = [i for i, sequence in enumerate(x) if len(sequence) <= 12]  # few programs to compile
    x, y = [x[i] for i in short], y[short]
    model.fit(x, y, batch_size=16, epochs=2, verbose=0)
    return model, model.predict(x[:10], verbose=0)


def files():
    """Everything that a training writes, in a folder for each process: only the first has any."""
    own = folder / f"written by {jax.process_index()}"
    model = cases.CASES["lstm"][0]()
    model.compile("adam", "mse")
    callbacks = [
        cello.callbacks.CSVLogger(own / "log.csv"),
        cello.callbacks.ModelCheckpoint(own / "{epoch}.keras"),
        cello.callbacks.TensorBoard(own / "board"),
        cello.callbacks.BackupAndRestore(own / "backup", delete_checkpoint=False),
    ]
    model.fit(**cases.arrays(), epochs=2, verbose=2, callbacks=callbacks)
    model.save_weights(own / "last.safetensors")
    loaded = cello.models.load_model(folder / "written by 0" / "2.keras")  # it is there for all
    assert all(map(np.array_equal, loaded.get_weights(), model.get_weights()))
    return model, model.predict(cases.arrays()["x"], verbose=0)


def other_seeds():
    """Nothing is seeded, or each process has another seed: process 0 decides."""
    if jax.process_index():
        cello.utils.set_random_seed(100 + jax.process_index())
    model = cases.CASES["dropout"][0]()
    model.compile("adam", "mse")
    model.fit(**cases.arrays(), epochs=2, verbose=0)
    return model, model.predict(cases.arrays()["x"], verbose=0)


def own_batches():
    """An iterable: each process gives its share of the rows."""
    x, y = cases.normal(5, 8, 5, 3), cases.normal(5, 8, 1, seed=1)
    share = 8 // jax.process_count()
    own = slice(jax.process_index() * share, (jax.process_index() + 1) * share)
    model = cases.CASES["lstm"][0]()
    model.compile(cases.SGD(), "mse")
    model.fit(((x[i, own], y[i, own]) for i in range(5)), verbose=0)
    return model, model.predict([(x[i, own],) for i in range(5)], verbose=0)


def epochs(seconds=0.0):
    """A training that is saved, and tells its epochs to the test, which may kill a process."""
    here = jax.process_index()
    print(f"process {here} is {os.getpid()}", flush=True)
    model = cases.CASES["dropout"][0]()
    model.compile("adam", "mse")

    def tell(epoch, logs):
        print(f"epoch {epoch} of process {here}", flush=True)
        time.sleep(seconds)

    told = cello.callbacks.LambdaCallback(on_epoch_begin=tell)
    model.fit(**cases.arrays(), epochs=12, verbose=0, callbacks=told, resume=folder / "run")
    return model, model.predict(cases.arrays()["x"], verbose=0)


def slow_epochs():
    return epochs(0.3)


def refused():
    """What the processes do not do alike is an error in each of them."""
    told = []
    here = jax.process_index()
    model = cases.CASES["lstm"][0]()
    model.compile("sgd", "mse")
    data = cases.arrays()
    for name, work in {
        "other rows": lambda: model.fit(data["x"][here:], data["y"][here:], verbose=0),
        "other batches": lambda: model.fit(
            [(data["x"], data["y"])] * (2 + here), verbose=0, steps_per_epoch=2 + here
        ),
        "lengths": lambda: model.fit([(cases.lists()["x"], cases.lists()["y"])], verbose=0),
        "no place": lambda: model.save(folder / "m.wrong"),
        "other steps": lambda: model.predict(data["x"]) if here else model.save(folder / "m.keras"),
    }.items():
        try:
            work()
            told.append(f"{name}: accepted")
        except (ValueError, RuntimeError, OSError) as error:
            told.append(f"{name}: {error}")
    (folder / f"refused by {here}.json").write_text(json.dumps(told))
    return model, np.zeros(1)


for name in sys.argv[2:]:
    cello.utils.set_random_seed(3)
    with data_parallel():
        if name in cases.CASES:
            arrays = dict(enumerate(jax.tree.leaves(cases.trained(name))))
        else:
            model, predicted = globals()[name]()
            arrays = dict(enumerate([*model.get_weights(), predicted]))
    np.savez(
        folder / f"{name} of {jax.process_index()}.npz", **{str(k): v for k, v in arrays.items()}
    )
