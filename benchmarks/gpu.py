"""How fast the recurrences are on an NVIDIA GPU: Cello's functions beside their peers.

    make bench-gpu ARGS=--quick                    the most telling rows (about two minutes)
    python benchmarks/gpu.py --seconds 600         all rows (over a thousand), as far as that goes
    python benchmarks/gpu.py --layers GRU --units 128,256 --steps 1024 --peers torch

Peers are PyTorch's modules (cuDNN), cuDNN's LSTM in JAX, `lax.scan`, and for `linear_scan` the
associative scans of JAX, of PyTorch and of the package accelerated-scan, where they run. In
`float32` no product is rounded to TF32, in `tf32` all may be; in `bfloat16` so are the arrays.
There are as many features as units. Arrays lie on the device, batch first. `forward` gives the
outputs of all steps, `training` from a gradient for them the gradients for inputs and weights.

All is measured in one process, the peers of a row in turn, after calls to warm up; the median of
several windows counts, each of calls sent off back to back for at least 20 ms. Those of PyTorch
are measured by CUDA events; JAX has no events: there a window ends when the last result is there,
so that sending off is hidden wherever the device is the slower of the two.

The shares are those of a copy's bytes a second and of a large matrix product's operations a
second, measured before the rows; `Row.bytes` and `Row.operations` (harness/gpu_rows.py) say what is
counted. Each result is written at once, and rows that are in the file are not run again.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import os
import sys
import time
from importlib import metadata
from pathlib import Path

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # PyTorch needs memory, too

import dataclasses
import gc
import json

import jax
import numpy as np
from rich.console import Console

from harness import gpu_picture, gpu_report, gpu_rows
from harness.gpu_timing import ceilings, first_line, in_turn
from peers import Unavailable
from peers.gpu import PEERS, draw, sample

LISTS = {
    "batches": (1, 16, 64, 256),
    "steps": (128, 1024, 8192),
    "units": (64, 128, 256, 512, 1024),
    "layers": (*gpu_rows.LAYERS, "linear_scan"),
    "precisions": ("float32", "tf32", "bfloat16"),
    "modes": ("forward", "training"),
    "peers": tuple(name for name in PEERS if name != "cello"),
    "options": ("plain", "mask", "dropout"),
}
"""The options that are lists; what numbers there are is free, what names is not."""


def main(arguments=None) -> None:
    chosen = parse(arguments)
    console = Console()
    if not console.is_terminal:
        console.width = 180  # a file, or a pipe: nobody's window
    device = jax.devices()[0]
    if device.platform != "gpu" and not chosen.any_device:
        raise SystemExit(f"JAX computes on {device.platform} here: this needs a GPU.")
    report = start(chosen, device.device_kind)
    began = time.perf_counter()
    limits = ceilings(chosen.precisions, small=device.platform != "gpu")
    console.print(device.device_kind, "; ".join(ceiling_lines(limits)), highlight=False)
    left = [
        row for row in chosen.rows if not finished(report["results"].get(row.name), row, chosen)
    ]
    try:
        while left and time.perf_counter() - began < chosen.seconds:
            row = left[0]
            result = measure(row, chosen) | {"ceilings": limits}
            report["results"][row.name] = result
            gpu_report.save(chosen.output, report)
            left.pop(0)
            console.print(line(row, result), highlight=False)
    except KeyboardInterrupt:
        console.print("interrupted; the rows so far:")
    finish(report, chosen, console)
    if left:
        console.print(f"{len(left)} of {len(chosen.rows)} rows left out; run again to go on")


def parse(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, known in LISTS.items():
        default = ",".join(map(str, known))
        parser.add_argument(f"--{name}", help=f"with commas between, {default} by default")
    parser.add_argument("--quick", action="store_true", help="the rows that tell most")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no row later")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results/gpu.json")
    parser.add_argument("--picture", type=Path, help="the output's name with .png by default")
    parser.add_argument("--any-device", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "--scan-shapes", type=shapes, default=gpu_rows.SCANS, help=argparse.SUPPRESS
    )
    chosen = parser.parse_args(arguments)
    for name, known in LISTS.items():
        given = getattr(chosen, name)
        values = list(known) if given is None else [type(known[0])(v) for v in given.split(",")]
        unknown = [value for value in values if isinstance(value, str) and value not in known]
        if unknown:
            parser.error(f"--{name}: unknown {', '.join(unknown)}; there are {', '.join(known)}")
        if name == "peers" and given is None and chosen.quick:
            values = [value for value in values if PEERS[value].quick]
        setattr(chosen, name, values)
    chosen.scans = chosen.scan_shapes if "linear_scan" in chosen.layers else ()
    chosen.layers = [name for name in chosen.layers if name != "linear_scan"]
    chosen.rows = gpu_rows.rows(chosen)
    if not chosen.rows:
        parser.error("no row has all that; --quick has few shapes")
    return chosen


def shapes(text):
    return tuple(tuple(map(int, shape.split(","))) for shape in text.split(";"))


def start(chosen, device: str) -> dict:
    """The report in the file, where there is one, to go on with."""
    header = {
        "device": device,
        "date": datetime.datetime.now().astimezone().isoformat(" ", "minutes"),
        "versions": ", ".join(filter(None, map(version, ("cello-rnn", "jax", "torch", "triton")))),
    }
    if not chosen.output.exists():
        return {"header": header, "results": {}}
    report = json.loads(chosen.output.read_text())
    if report["header"]["device"] != device:
        raise SystemExit(
            f"{chosen.output} holds times of {report['header']['device']}, and this is {device}: "
            "name another file with --output."
        )
    return report | {"header": header}


def version(package: str) -> str:
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return ""


def names_of(row, chosen) -> list[str]:
    """Whom the row is measured with: "cello", "cello mask", ..., then the peers."""
    options = [f"cello {option}" for option in row.options if option in chosen.options]
    return ["cello", *options, *(n for n in chosen.peers if PEERS[n].scans == row.is_scan)]


def finished(result, row, chosen) -> bool:
    if result is None:
        return False
    known = {*result["times"], *result["failed"], *result["unavailable"]}
    return known >= set(names_of(row, chosen))


def measure(row, chosen) -> dict:
    """Cello and its peers in one row; one that raises is noted, and the others go on."""
    result = {
        "row": dataclasses.asdict(row),
        "times": {},
        "failed": {},
        "unavailable": {},
        "notes": {},
        "differences": {},
    }
    runs, samples = {}, {}
    try:
        data = draw(row)
    except Exception as error:  # no memory
        return result | {"failed": dict.fromkeys(names_of(row, chosen), first_line(error))}
    for name in names_of(row, chosen):
        peer, *option = name.split()
        try:
            module = importlib.import_module(PEERS[peer].module)
            run = module.prepare(row, data, *option)
            samples[name] = sample(row, run)
            runs[name] = module.window, run
            if hasattr(run, "note"):
                result["notes"][name] = run.note
        except Unavailable as reason:
            result["unavailable"][name] = str(reason)
        except ModuleNotFoundError as error:
            result["unavailable"][name] = f"{error.name} is not installed"
        except Exception as error:
            result["failed"][name] = first_line(error)
    for name, values in samples.items():
        if not name.startswith("cello") and "cello" in samples:
            ours = samples["cello"]
            largest = float(np.abs(ours).max())
            result["differences"][name] = float(np.abs(values - ours).max()) / (largest or 1.0)
    for name, found in in_turn(runs).items():
        result["failed" if isinstance(found, str) else "times"][name] = found
    del runs, data
    forget()
    return result


def forget() -> None:
    """Give back the memory of a row."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def ceiling_lines(limits: dict[str, float]) -> list[str]:
    products = [f"{name} {limit / 1e12:.3g}" for name, limit in limits.items() if name != "copy"]
    return [f"copy {limits['copy'] / 1e9:.4g} GB/s", f"products, TFLOP/s: {', '.join(products)}"]


def line(row, result) -> str:
    """A row in one line, as soon as it is measured."""
    times = [
        f"{gpu_report.title(name)} {gpu_report.milliseconds(seconds)}"
        for name, seconds in result["times"].items()
    ]
    failed = [f"{gpu_report.title(name)} failed" for name in result["failed"]]
    return f"{row.name}: {', '.join(times + failed)} (ms)"


def finish(report, chosen, console) -> None:
    if not report["results"]:
        return
    for table in gpu_report.tables(report):
        console.print(table)
    console.print(
        "mask, dropout: Cello's time with it by that without; % copy, % product: the share that "
        "Cello reaches of the bytes a second of a copy, and of the operations of a product"
    )
    for text in (*gpu_report.notes(report), *gpu_report.promises(report)):
        console.print(text, highlight=False, markup=False)
    written = [chosen.output]
    picture = chosen.picture or chosen.output.with_suffix(".png")
    try:
        gpu_picture.draw(report, picture)
        written.append(picture)
    except ModuleNotFoundError as error:
        console.print(f"no picture: {error.name} is not installed")
    console.print("written:", *written, soft_wrap=True, highlight=False)


if __name__ == "__main__":
    main()
