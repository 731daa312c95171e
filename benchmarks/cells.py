"""Recurrent layers: whole sequences beside step by step and other libraries; cost by length.

    python benchmarks/cells.py                        all layers on vectors of features
    python benchmarks/cells.py --layers Mamba GLA     some of them
    python benchmarks/cells.py --lengths              without the second table

Milliseconds are the least of several runs of a compiled function, the runs of a row in turn:
`forward` gives the outputs of all steps, `training` the gradients of a sum of them for weights and
inputs. `by step` is the same layer with its cell's step in JAX's loop; `other` is a well-known
implementation of the same layer, with PyTorch on the same processor, where one is installed.

The second table is of the layers that are parallel along time, each line by a process of its own.
Memory is what JAX says that the compiled training step holds: inputs, weights, results and all that
lies between (what a native kernel needs for itself for a moment is not in it).
"""

import argparse
import functools
import json
import subprocess
import sys
import time

MATRICES = ["RetNet", "GLA", "MLSTM", "DeltaNet", "GatedDeltaNet", "RWKV7", "Mamba2"]
LINEAR = ["MinGRU", "MinLSTM", "LRU", "SRU", "QRNN", "RGLRU", "HGRN", "S4D", "S5", "Mamba"]
OTHERS = ["LSTM", "GRU", "SimpleRNN", "PeepholeLSTM", "ProjectedLSTM", "CoupledLSTM",
          "LayerNormLSTM", "LayerNormGRU", "MGU", "UGRNN", "IndRNN", "SLSTM", "CfC", "LTC", "GRUD",
          "ODERNN", "EchoState"]  # fmt: skip
LAYERS = OTHERS + LINEAR + MATRICES


def peer(name: str, options):
    """`(what, module)` of PyTorch that computes such a layer, or `None`."""
    try:
        import torch
        import transformers
        from ncps.torch import LTC, CfC
    except ImportError:
        return None
    features, units = options.features, options.units
    if name in ("LSTM", "GRU", "SimpleRNN"):
        kind = {"SimpleRNN": "RNN"}.get(name, name)
        return f"torch.nn.{kind}", getattr(torch.nn, kind)(features, units, batch_first=True)
    if name in ("CfC", "LTC"):
        return f"ncps {name}", {"CfC": CfC, "LTC": LTC}[name](features, units)
    if name in ("Mamba", "Mamba2"):
        more = {"num_heads": 2 * options.heads, "head_dim": units // options.heads, "n_groups": 1}
        made = getattr(transformers, f"{name}Config")(
            hidden_size=units, state_size=16 if name == "Mamba" else 128, num_hidden_layers=1,
            vocab_size=8, **(more if name == "Mamba2" else {}),
        )  # fmt: skip
        model = getattr(transformers, f"{name}Model")(made)
        return f"transformers {name} (slow path)", model.layers[0].mixer
    return None


def peer_functions(module, steps: int, options):
    """As `functions`, of a module of PyTorch."""
    import torch

    own = isinstance(module, (torch.nn.RNNBase,)) or hasattr(module, "rnn_cell")
    width = options.features if own else options.units
    x = torch.randn(options.batch, steps, width, requires_grad=True)

    def outputs():
        y = module(x)
        return y[0] if isinstance(y, tuple) else y

    def forward():
        with torch.no_grad():
            outputs()

    def training():
        for weight in module.parameters():
            weight.grad = None
        torch.sin(outputs()).sum().backward()

    return {"forward": forward, "training": training}


def functions(name: str, steps: int, options):
    """`{"forward": call, "training": call}` of the layer as it is, and of its step repeated."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    import cello
    from cello.cells.loop import repeat_step
    from cello.core.observation import Observer
    from cello.core.variable import Binding

    cello.utils.set_random_seed(0)
    layer = getattr(cello.layers, name)
    more = {"heads": options.heads} if "heads" in layer.declared else {}
    layer = layer(options.units, **more, return_sequences=True)
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

        made = {"forward": forward, "training": jax.grad(loss, (0, 1))}
        compiled = {kind: jax.jit(f).lower(values, x).compile() for kind, f in made.items()}
        return {kind: functools.partial(wait_for, f, values, x) for kind, f in compiled.items()}

    class Stepping(Observer):
        def on_run(self, cell, inputs, states, run, proceed):
            return repeat_step(cell, inputs, states, run)

    def stepped(x):
        with Stepping():
            return layer(x)

    return of(layer), of(stepped)


def wait_for(function, *arguments):
    import jax

    return jax.block_until_ready(function(*arguments))


def least(calls, rounds: int) -> list[float]:
    """Milliseconds of each call, all of them in turn."""
    for call in calls:
        call()
    times = [[] for _ in calls]
    for _ in range(rounds):
        for call, found in zip(calls, times, strict=True):
            began = time.perf_counter()
            call()
            found.append(time.perf_counter() - began)
    return [1e3 * min(found) for found in times]


def measure(name: str, steps: int, options) -> dict:
    """Time and memory of a training step of `steps` steps."""
    whole, _ = functions(name, steps, options)
    memory = whole["training"].args[0].memory_analysis()
    sizes = ("argument_size_in_bytes", "output_size_in_bytes", "temp_size_in_bytes")
    (milliseconds,) = least([whole["training"]], 2)
    return {"MiB": sum(getattr(memory, size) for size in sizes) / 2**20, "ms": milliseconds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", nargs="+", choices=LAYERS, default=LAYERS)
    parser.add_argument("--steps", type=int, default=1024, help="of the first table")
    parser.add_argument("--lengths", type=int, nargs="*", default=[1_000, 10_000, 100_000],
                        help="of the second table")  # fmt: skip
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
    columns = ("forward", "by step", "other", "training", "by step", "other")
    print(f"{f'{options.steps} steps, ms':16}" + "".join(f"{c:>10}" for c in columns))
    for name in options.layers:
        runs = [*functions(name, options.steps, options)]
        beside = peer(name, options)
        if beside is not None:
            runs.append(peer_functions(beside[1], options.steps, options))
        times = {}
        for kind in ("forward", "training"):
            for i, milliseconds in enumerate(least([run[kind] for run in runs], options.rounds)):
                times[kind, i] = f"{milliseconds:>10.1f}"
        row = [
            times.get((kind, i), f"{'':10}") for kind in ("forward", "training") for i in range(3)
        ]
        what = f"  {beside[0]}" if beside else ""
        print(f"{name:16}" + "".join(row) + what, flush=True)
    if options.lengths:
        print(f"\ntraining{'steps':>16}{'ms':>10}{'memory':>20}")
    for name in (n for n in options.layers if n not in OTHERS):
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
