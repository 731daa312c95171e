"""Layers with a matrix as state: in chunks beside step by step; time and memory by length.

    python benchmarks/matrix_memory.py

Milliseconds are the least of several runs of a compiled function: `forward` gives the outputs of
all steps, `training` the gradients of a sum of them for weights and inputs. `by step` is the same
layer with its cell's step in JAX's loop. Each line of the second table is a process of its own, so
that the peak of its memory is its own; it is that above what the process had before.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

LAYERS = ["RetNet", "GLA", "MLSTM", "DeltaNet", "GatedDeltaNet", "RWKV7", "Mamba2"]


def functions(name: str, steps: int, options):
    """`{"forward": call, "training": call}` of the layer as it is, and of its step repeated."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    import cello
    from cello.cells.running import repeat_step, running
    from cello.core.variable import Binding

    cello.utils.set_random_seed(0)
    layer = getattr(cello.layers, name)(options.units, heads=options.heads, return_sequences=True)
    layer.build((options.batch, steps, options.features))
    shape = (options.batch, steps, options.features)
    x = jnp.asarray(np.random.default_rng(0).normal(size=shape), "float32")
    values = [w.value for w in layer.weights]

    def of(call):
        def forward(values, x):
            with Binding(dict(zip(layer.weights, values, strict=True))):
                return call(x)

        def loss(values, x):
            return jnp.sum(jnp.sin(forward(values, x)))

        made = {"forward": jax.jit(forward), "training": jax.jit(jax.grad(loss, (0, 1)))}
        return {kind: (lambda f=f: jax.block_until_ready(f(values, x))) for kind, f in made.items()}

    def stepped(x):
        with running([layer], lambda one, *given, **o: repeat_step(one.cell, *given, **o)):
            return layer(x)

    return of(layer), of(stepped)


def least(call, rounds: int) -> float:
    call()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return 1e3 * min(times)


def measure(name: str, steps: int, options) -> dict:
    """Time and memory of a training step of `steps` steps."""
    whole, _ = functions(name, 8, options)
    whole["training"]()  # imports, threads
    whole, _ = functions(name, steps, options)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    milliseconds = least(whole["training"], 2)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"MiB": (peak - before) / 1024, "ms": milliseconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", nargs="+", choices=LAYERS, default=LAYERS)
    parser.add_argument("--steps", type=int, default=1024, help="of the first table")
    parser.add_argument("--lengths", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--heads", type=int, default=2)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="short sequences")
    parser.add_argument("--one", choices=LAYERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.steps, options.lengths, options.units, options.rounds = 64, [64], 8, 1
    if options.one:
        print(json.dumps(measure(options.one, options.lengths[0], options)))
        return
    print(f"batch {options.batch}, {options.units} units, {options.heads} heads, "
          f"{options.features} features, float32")  # fmt: skip
    print(f"{options.steps} steps, ms{'forward':>14}{'by step':>10}{'training':>10}{'by step':>10}")
    for name in options.layers:
        whole, by_step = functions(name, options.steps, options)
        times = [
            least(calls[kind], options.rounds)
            for kind in ("forward", "training")
            for calls in (whole, by_step)
        ]
        print(f"{name:16}" + "".join(f"{t:>10.1f}" for t in times), flush=True)
    print(f"\ntraining{'steps':>16}{'ms':>10}{'peak above start':>20}")
    for name in options.layers:
        for steps in options.lengths:
            given = {key: getattr(options, key) for key in ("batch", "units", "heads", "features")}
            arguments = [f"--{key}={value}" for key, value in given.items()]
            arguments += [f"--lengths={steps}", f"--one={name}"]
            done = subprocess.run(
                [sys.executable, __file__, *arguments], check=True, capture_output=True, text=True
            )
            found = json.loads(done.stdout.splitlines()[-1])
            print(f"{name:16}{steps:>8}{found['ms']:>10.0f}{found['MiB']:>16.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
