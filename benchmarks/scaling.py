"""What a second process gains: the time of a training step in one and in two processes.

    python benchmarks/scaling.py

Each process has one core to itself, as if it were a machine, and they exchange gradients over
loopback by Gloo. Beside the measured step stands what docs/scaling.md expects of it: the step of
one process with half of the batch, and the time in which so many bytes are summed over both.
"""

import argparse
import json
import os
import subprocess
import sys
import time

TIME = 50
ROWS = [(64, 32), (64, 256), (256, 8), (256, 64), (512, 32)]
STEPS = 16
ROUNDS = 2
SIZES = (4, 2**16, 2**20, 2**23)


def parameters(units):
    """Of `LSTM(units)` on as many features, and `Dense(1)`."""
    return 4 * units * (2 * units + 1) + units + 1


def least(work, times=4):
    """The least time of some runs, after one that is not counted."""
    work()
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def seconds_a_step(units, batch):
    import numpy as np

    import cello
    from cello.layers import LSTM, Dense, Input

    rng = np.random.default_rng(0)
    x = rng.normal(size=(STEPS * batch, TIME, units)).astype("float32")
    y = rng.normal(size=(STEPS * batch, 1)).astype("float32")
    model = cello.Sequential([Input((TIME, units)), LSTM(units), Dense(1)])
    model.compile("sgd", "mse", steps_per_execution=STEPS)
    return least(lambda: model.fit(x, y, batch_size=batch, shuffle=False, verbose=0)) / STEPS


def seconds_of_a_sum(elements):
    """Summing so many float32 numbers over the processes."""
    import jax
    import numpy as np
    from jax.sharding import NamedSharding, PartitionSpec

    from cello.distribution.layout import current

    mesh = current().mesh
    rows = NamedSharding(mesh, PartitionSpec("process"))
    shape = jax.process_count(), elements
    array = jax.make_array_from_process_local_data(rows, np.ones((1, elements), "float32"), shape)
    whole = NamedSharding(mesh, PartitionSpec())
    total = jax.jit(lambda a: a.sum(0), out_shardings=whole)
    return least(lambda: total(array).block_until_ready(), 20)


def work(which):
    """In one of the processes: measure everything, and let process 0 say it."""
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[which]})
    import jax

    import cello

    with cello.distribution.data_parallel():
        found = {"steps": {}, "sums": {}}
        for units, batch in ROWS:
            for size in (batch, batch // 2) if jax.process_count() == 1 else (batch,):
                if f"{units} {size}" not in found["steps"]:
                    found["steps"][f"{units} {size}"] = seconds_a_step(units, size)
        if jax.process_count() > 1:
            sizes = {*SIZES, *(parameters(units) for units, _ in ROWS)}
            found["sums"] = {n: seconds_of_a_sum(n) for n in sorted(sizes)}
    print("FOUND", json.dumps(found))


def measured(processes):
    command = [sys.executable, "-m", "cello.launch", "--processes", str(processes), __file__]
    run = subprocess.run([*command, "--work"], stdout=subprocess.PIPE, text=True, check=True)
    line = next(line for line in run.stdout.splitlines() if line.startswith("FOUND"))
    return json.loads(line.removeprefix("FOUND"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args().work:
        work(int(os.environ["CELLO_PROCESS"]))
        return
    one, two = {}, {}
    for _ in range(ROUNDS):  # in turns, the least time of all
        for found, processes in ((one, 1), (two, 2)):
            for kind, values in measured(processes).items():
                for name, seconds in values.items():
                    known = found.setdefault(kind, {})
                    known[name] = min(seconds, known.get(name, seconds))
    print("A sum over two processes:")
    for elements, seconds in two["sums"].items():
        megabytes = 4 * int(elements) / 1e6
        print(f"  {megabytes:9.3f} MB  {1e3 * seconds:8.2f} ms  {megabytes / seconds:8.0f} MB/s")
    print("A step of LSTM(units) on as many features, 50 steps of time, ms:")
    print("  units  batch  MB summed   one process   two: expected  measured   speed-up")
    for units, batch in ROWS:
        alone = one["steps"][f"{units} {batch}"]
        both = two["steps"][f"{units} {batch}"]
        n = parameters(units)
        expected = one["steps"][f"{units} {batch // 2}"] + two["sums"][str(n)]
        print(
            f"  {units:5}  {batch:5}  {4 * n / 1e6:9.2f}  {1e3 * alone:12.1f}  "
            f"{1e3 * expected:14.1f}  {1e3 * both:8.1f}  {alone / both:9.2f}"
        )


if __name__ == "__main__":
    main()
