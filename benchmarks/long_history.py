"""Memory and time of a step of training on long sequences: whole, with remat=True, with tbptt.

    python benchmarks/long_history.py [--layer Mamba]

Layers with wide states go by segments of 256 steps by themselves; "one segment" is without that.
Each row is a process of its own, so that the peak of its memory is its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

WAYS = {
    "whole": ({}, {}),
    "remat=True": ({"remat": True}, {}),
    "tbptt=500": ({}, {"tbptt": 500}),
    "by segments": ({}, {}),
    "one segment": ({}, {}),
}
LAYERS = {"LSTM": list(WAYS)[:3], "S4D": list(WAYS)[3:], "Mamba": list(WAYS)[3:]}


def measure(layer: str, way: str, steps: int, batch: int, units: int, features: int) -> dict:
    import numpy as np

    import cello

    layer_options, fit_options = WAYS[way]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, steps, features)).astype("float32")
    y = rng.normal(size=(batch, 1)).astype("float32")
    model = cello.Sequential(
        [
            cello.Input((None, features)),
            getattr(cello.layers, layer)(units, **layer_options),
            cello.layers.Dense(1),
        ]
    )
    if way == "one segment":
        model.layers[0].cell.segment = None
    model.compile("adam", "mse")
    model.fit(x[:, :8], y, verbose=0)  # imports, threads
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model.fit(x, y, verbose=0, batch_size=batch, **fit_options)  # compiles
    began = time.perf_counter()
    model.fit(x, y, verbose=0, batch_size=batch, **fit_options)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"MiB": (peak - before) / 1024, "seconds": seconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layer", choices=LAYERS, default="LSTM")
    parser.add_argument("--steps", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--features", type=int, default=8)
    parser.add_argument("--quick", action="store_true", help="short sequences")
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.steps, options.units = [1200], 16
    if options.one:
        (steps,) = options.steps
        shape = steps, options.batch, options.units, options.features
        found = measure(options.layer, options.one, *shape)
        print(json.dumps(found))
        return
    name = f"{options.layer}({options.units})"
    print(f"{name}, batch {options.batch}, {options.features} features, float32")
    print(f"{'steps':>8}  {'':12}{'peak above start':>18}{'one step of fit':>18}")
    for steps in options.steps:
        for way in LAYERS[options.layer]:
            arguments = ["--layer", options.layer, "--batch", options.batch]
            arguments += ["--units", options.units]
            arguments += ["--features", options.features, "--steps", steps, "--one", way]
            done = subprocess.run(
                [sys.executable, __file__, *map(str, arguments)],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            found = json.loads(done.stdout.splitlines()[-1])
            print(f"{steps:>8}  {way:12}{found['MiB']:>14.0f} MiB{found['seconds']:>16.2f} s")


if __name__ == "__main__":
    main()
