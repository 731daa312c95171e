"""One sample at a time of small recurrent models: the C that Cello writes, and others, in turn.

    make bench-stream                  # all cells and sizes; some minutes
    make bench-stream ARGS=--quick     # few and short windows
    python benchmarks/stream.py --cells LSTM --units 16 32

Each model is one recurrent layer and a `Dense(1)` on one input, with drawn weights. All take turns
in one process; the least time of many short windows counts. All must give the same outputs.

* C: `model.export("x.c")`, compiled as the columns say, by `x_block`; nanoseconds a sample. `limit`
  is what the multiply-adds take at the peak of one core, or loading the constants once, 32 KB of
  them from the first-level cache and the rest from the second, whichever is longer; all measured
  in the same run. It has no functions such as `tanh` in it. Rows with `bfloat16` and `int8` are
  the same models with such weights.
* Python: one sample a call, from a NumPy array to a NumPy array; microseconds.

Peers that are not installed are named below the tables. TensorFlow Lite and its interpreter for
microcontrollers (TFLM) get a step of an LSTM that TensorFlow converts, whose states go in and out.
`keras2c` 2.0 fails on import beside pydantic 2.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import cello
from harness.machine import description
from peers.lite import in_lite

try:
    import onnx
except ImportError:
    onnx = None
try:
    import onnxruntime
except ImportError:
    onnxruntime = None

ENGINES = ("native", "c", "jax")
CELLS = ("LSTM", "GRU", "MinGRU", "LRU", "SLSTM")
UNITS = (16, 32, 64, 128)
FLAGS = {"native": ["-O3", "-march=native"], "-O3": ["-O3"]}
NARROW = ("LSTM", "GRU")  # of which there are rows with narrower weights
KINDS = ("bfloat16", "int8")
IN_ONNX = ("LSTM", "GRU")
STEPS = 512  # of the sequence that all get
CACHES = {"L1": 16384, "L2": 262144}  # bytes that are read again and again
CHAIN, READ = 40000, 2**25  # steps and bytes in a window
LINE = 16  # floats of a cache line
HELD = 32768  # bytes of constants that a first-level cache holds
CORE = Path(__file__).parent / "harness" / "core.c"

# ONNX has one step, states in and out; so that all are called in the same way.
AROUND = """
void voice_init(void *state) {{ float *s = state; for (int i = 0; i < {size}; ++i) s[i] = 0.0f; }}
void voice_block(void *state, const float *in, float *out, int n) {{
    float *s = state, next[{size}];
    for (int i = 0; i < n; ++i) {{
        net((const void *)(in + i), {old}, (void *)(out + i), {new});
        for (int k = 0; k < {size}; ++k) s[k] = next[k];
    }}
}}
"""


def model_of(cell: str, units: int):
    layer = getattr(cello.layers, cell)(units, return_sequences=True)
    model = cello.Sequential([cello.Input((None, 1)), layer, cello.layers.Dense(1)])
    rng = np.random.default_rng(units)
    moved = [w + rng.normal(size=w.shape) / (4 * np.sqrt(units)) for w in model.get_weights()]
    model.set_weights([w.astype("float32") for w in moved])
    return model


def compiled(source: Path, command: list[str]) -> Path:
    library = source.with_name(f"{source.stem}_{'_'.join(command)}.so".replace("=", "_"))
    options = ["-std=c99", "-shared", "-fPIC", "-o", str(library), str(source), "-lm"]
    subprocess.run([*command, *options], check=True)
    return library


def code_size(library: Path) -> int:
    """Bytes of the functions, without constants and what a loader needs."""
    command = ["size", "-A", library]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(re.search(r"^\.text\s+(\d+)", said, re.M)[1])


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


class InC:
    """A compiled file, its state and its outputs."""

    def __init__(self, library: Path, x: np.ndarray):
        self.functions = ctypes.CDLL(str(library))
        self._state = (ctypes.c_char * 65536)()
        self.out = np.zeros(len(x), "float32")
        self._x, self._arrays = x, (pointer(x), pointer(self.out))
        self.functions.voice_init(self._state)

    def block(self) -> None:
        self.functions.voice_block(self._state, *self._arrays, len(self._x))

    def steps(self) -> None:
        """One call for each sample, as a program in Python would make them."""
        step, state = self.functions.voice_step, self._state
        sample, result = (ctypes.c_float * 1)(), (ctypes.c_float * 1)()
        for i, value in enumerate(self._x):
            sample[0] = value
            step(state, sample, result)
            self.out[i] = result[0]


def in_session(session, x):
    rows = list(x.reshape(-1, 1, 1, 1))

    def run():
        run.out = [session(row) for row in rows]

    return run


def in_onnxruntime(path, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (first,) = session.get_inputs()
    rows = list(x.reshape(-1, 1, 1, 1))
    kept = {
        i.name: np.zeros((1, i.shape[-1]), "float32")
        for i in session.get_overridable_initializers()
    }

    def run():
        run.out = []
        for row in rows:
            y, *states = session.run(None, {first.name: row, **kept})
            kept.update(zip(kept, states, strict=True))
            run.out.append(y)

    return run


def emx_source(path: Path) -> Path:
    """What emx-onnx-cgen makes of a step in ONNX, between `voice_init` and `voice_block`."""
    net = onnx.load(path)
    for value in (*net.graph.input, *net.graph.output):
        for axis in value.type.tensor_type.shape.dim:
            axis.dim_value = axis.dim_value or 1
    given = {value.name for value in net.graph.input}
    kept = [t for t in net.graph.initializer if t.name not in given]
    del net.graph.initializer[:]
    net.graph.initializer.extend(kept)
    onnx.save(net, path.with_suffix(".step.onnx"))
    source = path.with_suffix(".emx.c")
    program = Path(sys.executable).with_name("emx-onnx-cgen")
    whole = ["--model-name", "net", "--large-weight-threshold", "0"]  # no file beside it
    command = [program, "compile", *whole, path.with_suffix(".step.onnx"), source]
    subprocess.run(command, check=True, capture_output=True)
    sizes = [v.type.tensor_type.shape.dim[-1].dim_value for v in list(net.graph.input)[1:]]
    starts = np.cumsum([0, *sizes]).tolist()
    old, new = (", ".join(f"(void *)({n} + {s})" for s in starts[:-1]) for n in ("s", "next"))
    source.write_text(source.read_text() + AROUND.format(size=starts[-1], old=old, new=new))
    return source


class Core:
    """The limits of one core: the functions are windows, `best` their least seconds."""

    def __init__(self, folder: Path):
        source = folder / "core.c"
        source.write_text(CORE.read_text())
        self._library = ctypes.CDLL(str(compiled(source, ["gcc", *FLAGS["native"]])))
        memory = np.ones(max(CACHES.values()) // 4 + LINE, "float32")
        self._memory = memory[-memory.ctypes.data % (4 * LINE) // 4 :]  # at the start of a line
        self.best = dict.fromkeys(("fma", *CACHES), float("inf"))

    def windows(self):
        read, memory = self._library.read_all, pointer(self._memory)
        fma = {"fma": lambda: self._library.fma_chains(CHAIN)}
        return fma | {
            name: lambda size=size: read(memory, size // 4, READ // size)
            for name, size in CACHES.items()
        }

    def rates(self) -> dict[str, float]:
        """Multiply-adds a second, and bytes a second of each cache."""
        per_window = {"fma": CHAIN * self._library.lanes()} | dict.fromkeys(CACHES, READ)
        return {name: per_window[name] / seconds for name, seconds in self.best.items()}

    def limit(self, constants: int) -> float:
        """Seconds of a step with so many constants, each multiplied and added once."""
        rates = self.rates()
        held = min(4 * constants, HELD)
        loading = held / rates["L1"] + (4 * constants - held) / rates["L2"]
        return max(constants / rates["fma"], loading)


def take_turns(windows, rounds: int, again: bool = False) -> dict[str, float]:
    """The least seconds of each window; run twice in turn, the second counts."""
    found = dict.fromkeys(windows, float("inf"))
    for _ in range(rounds):
        for name, window in windows.items():
            if again:  # the caches are full of what others did; a loop of calls finds them warm
                window()
            began = time.perf_counter()
            window()
            found[name] = min(found[name], time.perf_counter() - began)
    return found


def libraries_of(source: Path) -> dict[str, Path]:
    """A file as the columns say."""
    return {
        f"{compiler} {kind}": compiled(source, [compiler, *flags])
        for compiler in ("gcc", "clang")
        if shutil.which(compiler)
        for kind, flags in FLAGS.items()
    }


def sizes_in(source: Path) -> tuple[int, int, int]:
    """The number of constants, their bytes, and bytes of the state, as the file says."""
    said = r"\* (\d+) constants of (\d+) bytes; (\d+) bytes of state"
    return tuple(map(int, re.search(said, source.read_text()).groups()))


class Narrow:
    """One model with narrower weights in C: seconds a sample, and sizes."""

    def __init__(self, cell: str, units: int, folder: Path, rounds: int, weights: str):
        self.name = f"{cell}({units}) {weights}"
        model = model_of(cell, units)
        x = np.random.default_rng(1).normal(size=STEPS).astype("float32")
        rows = x[None, :, None]
        narrow = model.quantized(weights, rows)
        source = folder / f"{cell}{units}_{weights}.c"
        model.export(source, name="voice", weights=narrow)
        _, self.bytes, self.state = sizes_in(source)
        libraries = libraries_of(source)
        self.code = {name: code_size(path) for name, path in libraries.items()}
        in_c = {name: InC(path, x) for name, path in libraries.items()}
        want = np.ravel(narrow.predict(rows))
        for name, peer in in_c.items():
            peer.block()  # another compiler may round one number of int8 the other way
            np.testing.assert_allclose(peer.out, want, 1e-2, 1e-2, err_msg=f"{self.name} {name}")
        found = take_turns({name: peer.block for name, peer in in_c.items()}, 40 * rounds)
        self.seconds = {name: seconds / STEPS for name, seconds in found.items()}

    def limit(self, core: Core) -> str:
        return "-"


class Measured:
    """One model: seconds a sample by all who can run it, and sizes."""

    def __init__(self, cell: str, units: int, folder: Path, core: Core, rounds: int):
        self.name = f"{cell}({units})"
        model = model_of(cell, units)
        x = np.random.default_rng(1).normal(size=STEPS).astype("float32")
        source = folder / f"{cell}{units}.c"
        model.export(source, name="voice")
        self.constants, self.bytes, self.state = sizes_in(source)
        libraries = libraries_of(source)
        self.code = {name: code_size(path) for name, path in libraries.items()}
        in_c = {name: InC(path, x) for name, path in libraries.items()}
        in_python = {
            f"session, {engine}": in_session(model.stream(engine=engine), x) for engine in ENGINES
        }
        by_ctypes = InC(libraries["gcc native"], x)
        if onnx and cell in IN_ONNX:
            path = source.with_suffix(".onnx")
            model.export(path, states=True)
            if onnxruntime:
                in_python["ONNX Runtime"] = in_onnxruntime(path, x)
            if cell == "LSTM" and shutil.which(Path(sys.executable).with_name("emx-onnx-cgen")):
                in_c["emx native"] = InC(compiled(emx_source(path), ["gcc", *FLAGS["native"]]), x)
        if cell == "LSTM":
            in_python |= in_lite(model, x)
        self._compare(model, x, in_c, in_python, by_ctypes)
        quick = {name: peer.block for name, peer in in_c.items()} | core.windows()
        slow = in_python | {"ctypes": by_ctypes.steps}
        found = take_turns(quick, 40 * rounds) | take_turns(slow, rounds, again=True)
        core.best = {name: min(best, found[name]) for name, best in core.best.items()}
        self.seconds = {name: seconds / STEPS for name, seconds in found.items()}

    def limit(self, core: Core) -> str:
        return f"{1e9 * core.limit(self.constants):.3g}"

    def _compare(self, model, x, in_c, in_python, by_ctypes) -> None:
        want = np.ravel(model.predict(x[None, :, None], verbose=0))
        for name, peer in in_c.items():
            peer.block()
            np.testing.assert_allclose(peer.out, want, 1e-4, 1e-5, err_msg=f"{self.name} {name}")
        for name, run in in_python.items():
            run()
            np.testing.assert_allclose(np.ravel(run.out), want, 1e-4, 1e-5, err_msg=name)
        by_ctypes.steps()
        np.testing.assert_allclose(by_ctypes.out, want, 1e-4, 1e-5, err_msg="ctypes")


def show(title: str, columns: list[str], rows: list[list[str]]) -> None:
    table = Table("", title=title)
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*row)
    Console(width=160).print(table)


def show_all(rows: list[Measured | Narrow], core: Core) -> None:
    results = [r for r in rows if isinstance(r, Measured)]
    compilers = list(results[0].code)
    peers = [*compilers, *(["emx native"] if "emx native" in results[0].seconds else [])]
    code = [n for n in compilers if n.startswith("gcc")]

    def times(result, names, unit):
        found = [result.seconds.get(name) for name in names]
        return ["-" if s is None else f"{s / unit:.3g}" for s in found]

    show(
        "In C: nanoseconds a sample; bytes",
        [*peers, "limit", *(f"code, {n}" for n in code), "constants", "state"],
        [
            [r.name, *times(r, peers, 1e-9), r.limit(core),
             *(str(r.code[n]) for n in code), str(r.bytes), str(r.state)]
            for r in rows
        ],
    )  # fmt: skip
    calls = [*(f"session, {engine}" for engine in ENGINES), "ctypes", "ONNX Runtime"]
    calls += ["TF Lite", "TFLM"]
    rows = [[r.name, *times(r, calls, 1e-6)] for r in results]
    show("From Python, one sample a call: microseconds", calls, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", nargs="+", default=CELLS)
    parser.add_argument("--units", type=int, nargs="+", default=UNITS)
    parser.add_argument("--weights", nargs="*", default=KINDS, help="narrower ones as well")
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--quick", action="store_true", help="few windows")
    chosen = parser.parse_args()
    rounds = 2 if chosen.quick else chosen.rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        core = Core(folder)
        results: list[Measured | Narrow] = []
        for cell in chosen.cells:
            for units in chosen.units:
                results.append(Measured(cell, units, folder, core, rounds))
                kinds = chosen.weights if cell in NARROW else ()
                results += [Narrow(cell, units, folder, rounds, kind) for kind in kinds]
    show_all(results, core)
    rates = core.rates()
    print(
        f"One core: {2e-9 * rates['fma']:.0f} GFLOP/s of multiply-adds; loads from the first-level"
        f" cache {1e-9 * rates['L1']:.0f} GB/s, from the second-level {1e-9 * rates['L2']:.0f}"
    )
    print("; ".join(f"{k} {v}" for k, v in description().items()))
    emx = shutil.which(Path(sys.executable).with_name("emx-onnx-cgen"))
    there = {"onnx": onnx, "onnxruntime": onnxruntime, "emx-onnx-cgen": emx}
    there |= {name: importlib.util.find_spec(name) for name in ("tensorflow", "tflite_micro")}
    missing = [name for name, found in there.items() if not found]
    print("Not installed: " + (", ".join(missing) or "nothing"))
    print("Not measured: keras2c (why: in this file's head)")


if __name__ == "__main__":
    main()
