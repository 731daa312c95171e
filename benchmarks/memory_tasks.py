"""What recurrent layers can remember: five tasks, every layer with as many weights.

    python benchmarks/memory_tasks.py                       all layers, all tasks (hours)
    python benchmarks/memory_tasks.py --tasks parity --layers LSTM,GRU --depth 2
    python benchmarks/memory_tasks.py --jobs 16 --seconds 60    on 16 cores, a minute of each a run
    python benchmarks/memory_tasks.py --quick               short sequences, few steps (a minute)

Fresh sequences are drawn for each step of training, by Adam with clipped gradients. A task is
solved when the score on 512 new sequences passes the mark; "blind" is the score of a model that
knows only how often each answer comes. Each result is written as soon as it is there, and what is
in the file is not computed again.

* adding (Hochreiter and Schmidhuber 1997): the sum of the two marked numbers of T; squared error.
* copy: ten of eight symbols, then T blanks, then these ten in order (Arjovsky, Shah and Bengio
  2016). Its blind cross-entropy over all T + 20 steps is 10 ln 8 / (T + 20).
* selective copy: the ten symbols lie somewhere among the T steps (Gu and Dao 2023).
* parity: whether the number of ones so far is odd, after each of T bits.
* modular: the sum modulo 5 of the digits so far, after each of T.

Linear recurrences with real, positive factors cannot solve parity, whatever their size (Merrill,
Petty and Sabharwal, "The Illusion of State in State-Space Models", 2024; Grazzi et al. 2024).
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import json
import math
import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import cello
from cello.layers import RNN, Dense, Embedding, Input

SYMBOLS, LENGTH = 8, 10
BLANK, GO = SYMBOLS, SYMBOLS + 1  # after the symbols
HELD_OUT = 512


@dataclasses.dataclass(frozen=True)
class Task:
    """Sequences and their answers.

    Attributes:
        draw: function of a NumPy generator, rows and T that gives `(x, y)`.
        words: how many tokens the inputs are drawn from; 0 for numbers.
        answers: how many classes; 0 for a number.
        steps: the values of T.
        scored: the last steps that count, of the outputs of all; 0 for the last output alone.
        blind: the score of one who does not look at the sequence.
    """

    draw: Callable[..., Any]
    words: int
    answers: int
    steps: tuple[int, ...]
    scored: int
    blind: float


def adding(rng, rows, steps):
    x = np.zeros((rows, steps, 2), "float32")
    x[..., 0] = rng.random((rows, steps))
    every = np.arange(rows)
    for place in (rng.integers(0, steps // 2, rows), rng.integers(steps // 2, steps, rows)):
        x[every, place, 1] = 1
    return x, (x[..., 0] * x[..., 1]).sum(1, keepdims=True)


def copy(rng, rows, steps):
    symbols = rng.integers(0, SYMBOLS, (rows, LENGTH))
    blanks = np.full((rows, steps), BLANK)
    go = np.full((rows, LENGTH), GO)
    return np.concatenate([symbols, blanks, go], 1), _at_the_end(symbols, LENGTH + steps)


def selective_copy(rng, rows, steps):
    symbols = rng.integers(0, SYMBOLS, (rows, LENGTH))
    x = np.full((rows, steps + LENGTH), BLANK)
    x[:, steps:] = GO
    places = np.sort(rng.random((rows, steps)).argsort(1)[:, :LENGTH], 1)
    np.put_along_axis(x, places, symbols, 1)
    return x, _at_the_end(symbols, steps)


def _at_the_end(symbols, before):
    """Blanks for so many steps, then the symbols."""
    return np.concatenate([np.full((len(symbols), before), BLANK), symbols], 1)


def parity(rng, rows, steps):
    x = rng.integers(0, 2, (rows, steps))
    return x, x.cumsum(1) % 2


def modular(rng, rows, steps):
    x = rng.integers(0, 5, (rows, steps))
    return x, x.cumsum(1) % 5


TASKS = {
    "adding": Task(adding, 0, 0, (200, 600), 0, 1 / 6),  # the variance of the sum
    "copy": Task(copy, SYMBOLS + 2, SYMBOLS + 1, (100, 500), LENGTH, 1 / SYMBOLS),
    "selective copy": Task(
        selective_copy, SYMBOLS + 2, SYMBOLS + 1, (100, 500), LENGTH, 1 / SYMBOLS
    ),
    "parity": Task(parity, 2, 2, (40,), 1, 1 / 2),
    "modular": Task(modular, 5, 5, (40,), 1, 1 / 5),
}


def recurrent_layers() -> list[str]:
    """The names of all layers that run along one axis of features."""
    found = []
    for name in dir(cello.layers):
        layer = getattr(cello.layers, name)
        is_layer = isinstance(layer, type) and issubclass(layer, RNN) and layer is not RNN
        if is_layer and not name.startswith("Conv") and not name.endswith("Block"):
            found.append(name)
    return found


def model_of(task: Task, name: str, units: int, depth: int):
    front = [Input((None,)), Embedding(task.words, 16)] if task.words else [Input((None, 2))]
    layer = getattr(cello.layers, name)
    each = [layer(units, return_sequences=bool(task.scored) or i + 1 < depth) for i in range(depth)]
    return cello.Sequential([*front, *each, Dense(task.answers or 1)])


def fitting_units(task: Task, name: str, budget: int, depth: int) -> int:
    """The most units with which the recurrent layers have at most `budget` weights."""

    def weights(units):
        layers = model_of(task, name, units, depth).layers
        return sum(v.count_params() for v in layers if isinstance(v, RNN))

    low, high = 1, 2
    while weights(high) <= budget:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if weights(middle) <= budget else (low, middle)
    return low


def score(task: Task, model, x, y) -> tuple[float, float]:
    """Squared error, or the share of right answers among the steps that count; then the loss."""
    outputs = model.predict(x, batch_size=128, verbose=0)
    if not task.answers:
        error = float(np.mean((outputs - y) ** 2))
        return error, error
    right = outputs.argmax(-1)[:, -task.scored :] == y[:, -task.scored :]
    likely = outputs - np.logaddexp.reduce(outputs, -1, keepdims=True)
    return float(right.mean()), float(-np.take_along_axis(likely, y[..., None], -1).mean())


def solved(task: Task, value: float) -> bool:
    return value < 0.01 if not task.answers else value > 0.99


class Clock(cello.callbacks.Callback):
    """Ends `fit` when the seconds of the processors are used up, and counts its steps."""

    def __init__(self, seconds: float):
        super().__init__()
        self.end, self.steps = time.process_time() + seconds, 0

    def over(self) -> bool:
        return time.process_time() > self.end

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        self.model.stop_training = self.over()


def run(task: Task, name: str, steps: int, chosen) -> dict[str, Any]:
    """Train until the task is solved or the steps, or the seconds, are used up."""
    cello.utils.set_random_seed(chosen.seed)
    units = fitting_units(task, name, chosen.budget, chosen.depth)
    cello.utils.set_random_seed(chosen.seed)
    model = model_of(task, name, units, chosen.depth)
    error = cello.losses.SparseCategoricalCrossentropy(from_logits=True) if task.answers else "mse"
    model.compile(cello.optimizers.Adam(chosen.rate, global_clipnorm=1.0), error)
    rng = np.random.default_rng(chosen.seed)
    x, y = task.draw(rng, HELD_OUT, steps)
    began, clock = time.process_time(), Clock(chosen.seconds)
    value = loss = math.nan
    while clock.steps < chosen.train_steps and not solved(task, value) and not clock.over():
        count = min(chosen.every, chosen.train_steps - clock.steps)
        batch = task.draw(rng, count * chosen.batch, steps)
        model.fit(*batch, batch_size=chosen.batch, shuffle=False, verbose=0, callbacks=[clock])
        value, loss = score(task, model, x, y)
    return {
        "units": units,
        "score": value,
        "loss": loss,
        "solved": solved(task, value),
        "train steps": clock.steps,
        "seconds": round(time.process_time() - began, 1),
    }


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--layers", help="names, with commas; all by default")
    parser.add_argument("--tasks", default=",".join(TASKS), help="names, with commas")
    parser.add_argument("--depth", type=int, default=1, help="layers on each other")
    parser.add_argument(
        "--budget", type=int, default=20_000, help="weights of the recurrent layers"
    )
    parser.add_argument("--train-steps", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=200, help="steps between two looks")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=math.inf, help="of processors, in one run")
    parser.add_argument("--longest", type=int, default=600, help="leave longer sequences out")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time, each on one core")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("memory_tasks.json"))
    chosen = parser.parse_args(arguments)
    chosen.tasks = chosen.tasks.split(",")
    chosen.layers = chosen.layers.split(",") if chosen.layers else recurrent_layers()
    if chosen.quick:
        chosen.train_steps, chosen.every, chosen.budget = 20, 10, 500
    return chosen


def workers(jobs: int):
    """A pool of processes on a core each; with one job, of one thread here, on all cores."""
    if jobs == 1:
        return concurrent.futures.ThreadPoolExecutor(1)
    context = multiprocessing.get_context("spawn")
    count = context.Value("i", 0)
    return concurrent.futures.ProcessPoolExecutor(jobs, context, _on_one_core, (count,))


def _on_one_core(count) -> None:
    with count.get_lock():
        cores = sorted(os.sched_getaffinity(0))
        core = cores[count.value % len(cores)]
        count.value += 1
    os.sched_setaffinity(0, {core})  # before JAX counts them


def main(arguments=None):
    chosen = parse(arguments)
    results = json.loads(chosen.output.read_text()) if chosen.output.exists() else {}
    jobs = [
        (name, task, steps)
        for task in chosen.tasks
        for steps in ((12,) if chosen.quick else TASKS[task].steps)
        if steps <= chosen.longest
        for name in chosen.layers
    ]
    settings = f"depth {chosen.depth}, {chosen.budget} weights, {chosen.train_steps} steps"
    keys = {
        job: f"{job[0]}, {job[1]}, T = {job[2]}, {settings}, seed {chosen.seed}" for job in jobs
    }
    jobs = [job for job in jobs if keys[job] not in results]
    failed = []
    with Progress() as progress, workers(chosen.jobs) as pool:
        bar = progress.add_task("", total=len(jobs))
        started = {pool.submit(run, TASKS[job[1]], job[0], job[2], chosen): job for job in jobs}
        for ended in concurrent.futures.as_completed(started):
            job = started[ended]
            if ended.exception() is not None:  # the others go on
                failed.append(f"{keys[job]}: {ended.exception()!r}")
                progress.advance(bar)
                continue
            results[keys[job]] = ended.result()
            temporary = chosen.output.with_suffix(".tmp")
            temporary.write_text(json.dumps(results, indent=1))
            os.replace(temporary, chosen.output)
            what = f"{job[0]}, {job[1]}: {results[keys[job]]['score']:.3f}"
            progress.update(bar, advance=1, description=what)
    columns = list(dict.fromkeys((task, steps) for _, task, steps in keys))
    table = Table("layer", *(f"{task}, {steps}" for task, steps in columns), title=settings)
    for name in chosen.layers:
        cells = []
        for task, steps in columns:
            found = results.get(keys[name, task, steps])
            if found is None:
                cells.append("failed")
                continue
            mark = (
                f"solved ({found['train steps']})" if found["solved"] else f"{found['score']:.3f}"
            )
            cells.append(f"{mark}, {found['units']}")
        table.add_row(name, *cells)
    table.add_section()
    table.add_row("blind", *(f"{TASKS[task].blind:.3f}" for task, _ in columns))
    Console(width=60 + 24 * len(columns)).print(table)
    print("solved (steps of training), units; or the score: squared error, share of right answers")
    if failed:
        raise SystemExit("\n".join(failed))


if __name__ == "__main__":
    main()
