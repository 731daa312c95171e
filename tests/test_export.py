"""Models as C and JavaScript: what the files compute is what `predict` gives."""

import ctypes
import functools
import inspect
import re
import subprocess
import threading
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract import each, inputs_of, moved, normal
from sources import C_COMPILERS, QUICKLY, call_javascript, installed, run_c, run_javascript, within
from streams import BUILD, built, series

import cello
from cello import Input, Model, Sequential
from cello.layers import GRU, LSTM, RNN, Bidirectional, Dense, Embedding, Lambda, MaxPooling1D
from cello.lowering.names import Unique, comment, identifier

COMPILATIONS = 300

has_gcc = pytest.mark.skipif(not installed("gcc"), reason="there is no gcc")
has_node = pytest.mark.skipif(not installed("node"), reason="there is no Node")

LAYERS = {
    name: thing
    for name in cello.layers.__all__
    if inspect.isclass(thing := getattr(cello.layers, name)) and issubclass(thing, RNN)
    if thing is not RNN and name not in ("ConvLSTM1D", "ConvLSTM3D", "ConvGRU2D", "ConvGRU3D")
}
REFUSED = {"ODERNN"}  # a solver that stops when it is exact enough takes no known time
QUICK = ["SLSTM", "LRU", "Mamba", "RetNet", "MinGRU", "GRUD"]  # one for each kind of rule


def recurrent(name, time=40, units=4):
    """A model of one recurrent layer with weights of its own, and inputs for it."""
    layer = LAYERS[name]
    x = inputs_of(layer, rows=1, time=time)
    start = each(lambda a: Input((None, *a.shape[2:])), x)
    return moved(Model(start, layer(units, return_sequences=True)(start)), seed=3), x


def export_all(models, folder, ending, tolerance=lambda model, x: 1e-5):
    """Write each model with a test in it; by what they are called how exact they must be."""
    for number, (model, x) in enumerate(models):
        model.export(folder / f"m{number}.{ending}", self_test=x)
    return {f"m{number}": tolerance(*one) for number, one in enumerate(models)}


def as_exact_as_inputs(model, x):
    """1e-5; or, if that is more, eight times what outputs move by if inputs do by half an ULP."""
    rng = np.random.default_rng(0)
    exact = model.predict(x, verbose=0)

    def nudged(a):
        return (a * (1 + rng.uniform(-6e-8, 6e-8, a.shape))).astype(a.dtype)

    moves = [model.predict(each(nudged, x), verbose=0) for _ in range(3)]
    pairs = [
        (m, e) for move in moves for m, e in zip(*map(jax.tree.leaves, (move, exact)), strict=True)
    ]
    return float(max(1e-5, *(8 * np.abs(m - e).max(initial=0) for m, e in pairs)))


FAST = [
    "LSTM", "GRU, reset before", "last output", "own cell, last output", "masked, zeros",
    "masked, own cell", "masked, learned start", "masked mean", "dilated", "valid, strided",
    "pooled twice", "pooled, last output", "categories", "attention, masked", "merged",
]  # fmt: skip


def stream(name, time=40):
    """A model of those of test_streaming.py, and a sequence; the first steps may be masked."""
    x = series(1, time, masked="mask" in name)
    if "mask" in name:
        x[:, :2] = 9.0
    return built(name), x


def fast_models():
    return [*map(stream, FAST), *map(recurrent, QUICK)]


def fewer_models():
    """What JavaScript writes in its own way: windows, masks, whole numbers, complex ones, loops."""
    return [*map(stream, FAST[-5:]), *map(recurrent, QUICK[:3])]


@has_gcc
def test_c(tmp_path):
    """The tests in the files, whose outputs sessions gave; test_streaming.py compares these."""
    names = export_all(fast_models(), tmp_path, "h")
    wrong = run_c(tmp_path, names, QUICKLY)
    assert wrong == dict.fromkeys(names, 0)


@has_node
def test_javascript(tmp_path):
    names = export_all(fewer_models(), tmp_path, "mjs")
    wrong = run_javascript(tmp_path, names)
    assert wrong == dict.fromkeys(names, 0)


@pytest.fixture(scope="module")
def voice(tmp_path_factory):
    """An LSTM as a library, and itself."""
    folder = tmp_path_factory.mktemp("voice")
    model = moved(Sequential([Input((None, 3)), LSTM(8, return_sequences=True), Dense(2)]), seed=1)
    model.export(folder / "voice.c")
    return model, load(folder, "voice")


def load(folder, name, flags=("-O1",)):
    library = folder / f"{name}.so"
    command = ["gcc", "-std=c99", *flags, "-shared", "-fPIC", "-o", library, folder / f"{name}.c"]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library))


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


class Voice:
    """A state and the functions on it."""

    def __init__(self, library, size=256):
        self.library, self.state = library, (ctypes.c_char * size)()
        library.voice_init(self.state)

    def block(self, x, features=2):
        out = np.full((len(x), features), np.nan, "float32")
        self.library.voice_block(self.state, pointer(x), pointer(out), len(x))
        return out

    def step(self, x, features=2):
        out = np.full(features, np.nan, "float32")
        self.library.voice_step(self.state, pointer(x), pointer(out))
        return out


@has_gcc
def test_a_thousand_steps_are_those_of_predict(voice):
    model, library = voice
    x = normal(1, 1000, 3)
    within(Voice(library).block(x[0]), model.predict(x, verbose=0)[0], 2e-6)


@has_gcc
def test_any_chunks(voice):
    model, library = voice
    x = normal(1, 60, 3)
    want = model.predict(x, verbose=0)[0]
    one = Voice(library)
    found = [one.block(part) for part in np.split(x[0], [1, 8, 30])]
    np.testing.assert_array_equal(np.concatenate(found), Voice(library).block(x[0]))
    two = Voice(library)
    within(np.stack([two.step(row) for row in x[0]]), want, 2e-6)


@has_gcc
def test_a_state_is_plain_data(voice):
    """Copied, it goes on from there; reset, it starts anew; another does not see it."""
    _, library = voice
    x = normal(2, 50, 3)
    one, other = Voice(library), Voice(library)
    for a, b in zip(x[0], x[1], strict=True):
        last, _ = one.step(a), other.step(b)
    np.testing.assert_array_equal(last, Voice(library).block(x[0])[-1])
    saved = bytes(one.state)
    there = one.block(x[1])
    one.state = ctypes.create_string_buffer(saved, len(saved))
    np.testing.assert_array_equal(one.block(x[1]), there)
    library.voice_reset(one.state)
    np.testing.assert_array_equal(one.block(x[0]), Voice(library).block(x[0]))


@has_gcc
def test_two_threads(voice):
    _, library = voice
    x = normal(4, 3000, 3)
    alone = [Voice(library).block(row) for row in x]
    found = {}

    def run(number):
        found[number] = Voice(library).block(x[number])

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, want in enumerate(alone):
        np.testing.assert_array_equal(found[number], want)


THREADS = """
#include <pthread.h>
#include <stdio.h>
#include "voice.c"

static void *run(void *out) {
    voice_state state;
    float x[300];
    for (int i = 0; i < 300; ++i) x[i] = (float)(i % 7) - 3.0f;
    voice_init(&state);
    for (int k = 0; k < 20; ++k) voice_block(&state, x, (float *)out, 100);
    return 0;
}

int main(void) {
    static float out[4][200];
    pthread_t threads[4];
    for (int k = 0; k < 4; ++k) pthread_create(&threads[k], 0, run, out[k]);
    for (int k = 0; k < 4; ++k) pthread_join(threads[k], 0);
    for (int k = 0; k < 4; ++k) printf("%.9g %.9g\\n", (double)out[k][0], (double)out[k][199]);
    return 0;
}
"""


@has_gcc
@pytest.mark.deep
def test_threads_under_a_sanitizer(voice, tmp_path):
    model, _ = voice
    model.export(tmp_path / "voice.c")
    (tmp_path / "main.c").write_text(THREADS)
    command = ["gcc", "-std=c99", "-O1", "-g", "-fsanitize=thread", "-pthread"]
    made = ["-o", tmp_path / "main", tmp_path / "main.c"]
    subprocess.run([*command, *made], check=True)
    ran = subprocess.run(["setarch", "-R", tmp_path / "main"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[:2000]
    assert len(set(ran.stdout.splitlines())) == 1


@has_gcc
def test_outputs_may_take_the_place_of_inputs(tmp_path):
    """As sound is filtered in its own buffer: nothing reads an input once an output is written."""
    start = Input((None, 2))
    slow = cello.layers.Conv1D(2, 3, padding="causal")(start)
    bent = of_each_step(jnp.tanh)(slow)
    outputs = [bent, cello.layers.Add()([slow, bent, start])]
    model = moved(Model(start, outputs), seed=1)
    model.export(tmp_path / "voice.c")
    x = normal(1, 30, 2)
    want = model.predict(x, verbose=0)
    one = Voice(load(tmp_path, "voice"))
    first, other = x[0].copy(), np.zeros((30, 2), "float32")
    one.library.voice_block(one.state, pointer(first), pointer(first), pointer(other), 30)
    within(first, want[0][0], 2e-6)
    within(other, want[1][0], 2e-6)


class Delay(cello.layers.Layer):
    """A cell of a user's whose states only move on."""

    state_size = (2, 2)

    def call(self, inputs, states):
        return states[1] + 0 * inputs, [inputs, states[0]]


@has_gcc
def test_states_move_on_together(tmp_path):
    """Each takes what another had before the step; also if outputs take the inputs' place."""
    model = Sequential([Input((None, 2)), RNN(Delay(), return_sequences=True)])
    model.export(tmp_path / "voice.c")
    array = normal(1, 30, 2)[0]
    want = np.concatenate([np.zeros((2, 2)), array[:-2]])
    one = Voice(load(tmp_path, "voice"))
    one.library.voice_block(one.state, pointer(array), pointer(array), 30)
    np.testing.assert_array_equal(array, want)


@has_gcc
def test_two_arrays_change_places(tmp_path):
    """Each is an input and, for the other input, the output."""
    ends = [Input((None, 2), name="a"), Input((None, 2), name="b")]
    Model(ends, [of_each_step(lambda x: x)(end) for end in ends]).export(tmp_path / "voice.c")
    one = Voice(load(tmp_path, "voice"))
    first, other = normal(1, 1, 2)[0], normal(1, 2, 2)[0, 1:]
    was = first.copy(), other.copy()
    one.library.voice_step(one.state, *map(pointer, (first, other, other, first)))
    each(np.testing.assert_array_equal, (other, first), was)


@has_gcc
@pytest.mark.parametrize("cell", ["LSTM", "GRU", "MinGRU"])
def test_loops_become_vectors(tmp_path, cell):
    """Each loop over units that computes a function does, by what gcc says of it."""
    layer = getattr(cello.layers, cell)(16, return_sequences=True)
    model = moved(Sequential([Input((None, 1)), layer]), seed=1)
    model.export(tmp_path / "voice.c")
    lines = (tmp_path / "voice.c").read_text().splitlines()
    command = ["gcc", "-std=c99", "-O3", "-fopt-info-vec-optimized", "-c", "voice.c"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stderr
    done = {int(n) for n in re.findall(r"voice\.c:(\d+):\d+: optimized: loop vectorized", said)}
    wanted = {
        n
        for n, (line, below) in enumerate(pairwise(lines), 1)
        if line.strip().startswith("for ") and re.search(r"voice_(logistic|tanh)\(", below)
    }
    assert wanted and wanted <= done


@has_gcc
def test_the_file_includes_and_allocates_nothing(tmp_path):
    model = moved(Sequential([Input((None, 3)), GRU(5), Dense(1)]), seed=1)
    model.export(tmp_path / "voice.c")
    text = (tmp_path / "voice.c").read_text()
    assert "#include" not in text and "malloc" not in text
    command = ["gcc", "-std=c99", "-O2", "-ffreestanding", "-nostdlib", "-c", "voice.c"]
    subprocess.run(command, cwd=tmp_path, check=True)
    symbols = subprocess.run(["nm", "voice.o"], cwd=tmp_path, capture_output=True, text=True)
    kinds = {line.split()[-1]: line.split()[-2] for line in symbols.stdout.splitlines()}
    public = {name for name, kind in kinds.items() if kind == "T"}
    assert public == {"voice_init", "voice_reset", "voice_step", "voice_block"}
    # Nothing that changes (B, D); of what is missing, only what compilers put in themselves.
    assert not {n for n, kind in kinds.items() if kind in "BbDdC"}
    assert {n for n, kind in kinds.items() if kind == "U"} <= {"memset", "memcpy", "memmove"}


@has_gcc
@has_node
def test_several_inputs_and_outputs(tmp_path):
    """Symbols, features, and one that is the same at every step."""
    symbols, features, still = (
        Input((None,), dtype="int32", name="symbols"),
        Input((None, 2)),
        Input((3,)),
    )
    h = cello.layers.Concatenate()([Embedding(7, 4)(symbols), features])
    h = LSTM(5, return_sequences=True)(h)
    mixed = cello.layers.Add()([Dense(5)(h), Dense(5)(still)])
    model = moved(Model([symbols, features, still], [mixed, Dense(1)(h)]), seed=2)
    x = [np.arange(30, dtype="int32")[None] % 7, normal(1, 30, 2), normal(1, 3)]
    wanted = model.predict(x, verbose=0)
    model.export(tmp_path / "voice.c")
    library = load(tmp_path, "voice")
    found = [np.zeros_like(w[0]) for w in wanted]
    state = (ctypes.c_char * 256)()
    library.voice_init(state)
    library.voice_block(state, *[pointer(a[0]) for a in x], *map(pointer, found), 30)
    each(lambda a, b: within(a, b[0], 2e-6), found, wanted)

    model.export(tmp_path / "voice.mjs")
    arrays = ", ".join(
        f"new {kind}({a.ravel().tolist()})"
        for kind, a in zip(["Int32Array", "Float32Array", "Float32Array"], x, strict=True)
    )
    program = (
        "const a = new Float32Array(150), b = new Float32Array(30);"
        f"m.block(m.init(), {arrays}, a, b, 30);"
        "console.log(JSON.stringify([[...a], [...b]]));"
    )
    found = call_javascript(tmp_path, "voice.mjs", program)
    for array, want in zip(found, wanted, strict=True):
        within(np.reshape(array, want[0].shape), want[0], 1e-5)


@has_gcc
def test_windows_say_when_they_end(tmp_path):
    model = Sequential([Input((None, 1)), MaxPooling1D(3)])
    model.export(tmp_path / "voice.c")
    library = load(tmp_path, "voice")
    x = normal(1, 10, 1)
    state, out = (ctypes.c_char * 64)(), np.zeros(1, "float32")
    library.voice_init(state)
    found = []
    for row in x[0]:
        if library.voice_step(state, pointer(row), pointer(out)):
            found.append(out.copy())
    within(np.stack(found), model.predict(x, verbose=0)[0], 0)
    assert library.voice_block(state, pointer(x), pointer(np.zeros(10, "float32")), 5) == 2


def of_each_step(function, name=None):
    """A layer that computes a function at each step by itself."""
    layer = Lambda(function, name=name)
    layer.streams = True
    return layer


@has_gcc
def test_loops_run_backwards(tmp_path):
    """A scan inside a step, over its features and from the last, which stacks what it sees."""

    def fade(x):
        def one(carry, value):
            carry = 0.5 * carry + jnp.tanh(value)
            return carry, carry * value

        last, rows = jax.lax.scan(one, jnp.zeros(x.shape[:2]), jnp.moveaxis(x, -1, 0), reverse=True)
        return jnp.concatenate([jnp.moveaxis(rows, 0, -1), last[..., None]], -1)

    model = Sequential([Input((None, 5)), of_each_step(fade)])
    model.export(tmp_path / "voice.c")
    x = normal(1, 20, 5)
    within(Voice(load(tmp_path, "voice")).block(x[0], 6), model.predict(x, verbose=0)[0], 2e-6)


FUNCTIONS = {
    "exp": (jnp.exp, np.exp, (-80, 80)),
    "log": (jnp.log, np.log, (1e-30, 1e30)),
    "log1p": (jnp.log1p, np.log1p, (-0.999, 1e6)),
    "expm1": (jnp.expm1, np.expm1, (-30, 30)),
    "tanh": (jnp.tanh, np.tanh, (-12, 12)),
    "sigmoid": (jax.nn.sigmoid, lambda x: 1 / (1 + np.exp(-x)), (-80, 80)),
    "sin": (jnp.sin, np.sin, (-300, 300)),
    "cos": (jnp.cos, np.cos, (-300, 300)),
    "sqrt": (jnp.sqrt, np.sqrt, (0, 1e30)),
    "rsqrt": (jax.lax.rsqrt, lambda x: x**-0.5, (1e-30, 1e30)),
    "floor": (jnp.floor, np.floor, (-1e9, 1e9)),
    "round": (jnp.round, np.round, (-50, 50)),
    "sign": (jnp.sign, np.sign, (-1, 1)),
    "power": (lambda x: jnp.power(x, 1.7), lambda x: x ** float(np.float32(1.7)), (0, 1e4)),
    "cube": (lambda x: jax.lax.integer_pow(x, 3), lambda x: x**3, (-100, 100)),
    "rest": (lambda x: jnp.fmod(x, 0.75), lambda x: np.fmod(x, 0.75), (-50, 50)),
    "erf": (jax.lax.erf, np.vectorize(__import__("math").erf), (-6, 6)),
}
EDGES = {"exp", "log", "tanh", "sigmoid", "sqrt", "sign", "floor"}


def grid(low, high):
    """Numbers of a range in float32, small and halves among them."""
    rng = np.random.default_rng(0)
    wide = rng.uniform(low, high, 400)
    near = np.concatenate([rng.uniform(-1, 1, 100), np.arange(-20, 20) / 2])
    small = np.sign(near) * np.exp(rng.uniform(-15, 0, near.shape))
    both = np.concatenate([wide, near, small])
    return both[(both >= low) & (both <= high)].astype("float32")


def ulps(found, wanted):
    """Errors in units of the last place of a float of the wanted size; 1e-38 at least."""
    space = np.spacing(np.maximum(np.abs(wanted), 1e-37).astype("float32")).astype("float64")
    return np.abs(found - wanted) / space


@has_gcc
@has_node
def test_functions_are_exact_enough(tmp_path):
    """Each function of the files beside float64, in ULP; sines by their error, far from 0."""
    for name, (function, _, _) in FUNCTIONS.items():
        model = Sequential([Input((None, 1)), of_each_step(function)])
        model.export(tmp_path / f"{name}.h", name=f"f_{name}")
        model.export(tmp_path / f"{name}.mjs")
    calls = {}
    for name, (_, exact, limits) in FUNCTIONS.items():
        x = grid(*limits)
        calls[name] = x, exact(x.astype("float64"))
    lines = [f'#define F_{n.upper()}_IMPLEMENTATION\n#include "{n}.h"' for n in FUNCTIONS]
    lines += [
        f"void run_{n}(const float *x, float *y, int k);\nvoid run_{n}(const float *x, float *y, "
        f"int k) {{ f_{n}_state s; f_{n}_init(&s); f_{n}_block(&s, x, y, k); }}"
        for n in FUNCTIONS
    ]
    (tmp_path / "all.c").write_text("\n".join(lines) + "\n")
    library = load(tmp_path, "all", ("-O3",))
    modules = "\n".join(f'import * as {n} from "./{n}.mjs";' for n in FUNCTIONS if n != "all")
    program = modules + "const found = {};" + "".join(
        f"{{ const x = new Float32Array({calls[n][0].tolist()}), y = new Float32Array(x.length);"
        f"{n}.block({n}.init(), x, y, x.length); found.{n} = [...y]; }}"
        for n in FUNCTIONS
    )  # fmt: skip
    in_javascript = call_javascript(
        tmp_path, "exp.mjs", program + "console.log(JSON.stringify(found));"
    )
    for name, (x, wanted) in calls.items():
        found = np.zeros_like(x)
        getattr(library, f"run_{name}")(pointer(x), pointer(found), len(x))
        most = {"power": 40, "erf": 6}.get(name, 4)
        for one in (found, np.array(in_javascript[name], "float32")):
            off = ulps(one.astype("float64"), wanted)
            if name in ("sin", "cos"):
                off = np.where(np.abs(one - wanted) < 2e-7, 0, off)
            k = off.argmax()
            assert off[k] <= most, (name, x[k], one[k], wanted[k])


@has_gcc
def test_nan_and_infinity(tmp_path):
    """They come out where JAX gives them."""
    x = np.array([[[np.nan], [np.inf], [-np.inf], [0.0]]], "float32")
    for name in sorted(EDGES):
        model = Sequential([Input((None, 1)), of_each_step(FUNCTIONS[name][0])])
        model.export(tmp_path / "voice.c", name="voice")
        (tmp_path / f"{name}.c").write_text((tmp_path / "voice.c").read_text())
        found = Voice(load(tmp_path, name)).block(x[0], 1)
        want = model.predict(x, verbose=0)[0]
        assert (np.isnan(found) == np.isnan(want)).all(), (name, found)
        bounded = np.minimum(np.abs(want), 7e37) * np.sign(want)
        seen = np.minimum(np.abs(found), 7e37) * np.sign(found)
        np.testing.assert_allclose(seen, bounded, atol=1e-6, err_msg=name)


HOSTILE = ['"quoted"', "new\nline", "*/ int x; /*", "a/b\\c", "héllo wörld", "日本", "for",
           "9lives", "??/", "// x", "${x}", "`x`", "lstm%s%n", " "]  # fmt: skip


@has_gcc
@has_node
@pytest.mark.parametrize("ending", ["h", "mjs"])
def test_any_name_gives_a_valid_file(tmp_path, ending):
    names = [name.replace("/", "|") for name in HOSTILE]  # which no name of a layer has
    layers = [GRU(2, return_sequences=True, name=name) for name in names]
    model = Sequential([Input((None, 1), name='"*|'), *layers], name="*| a\n")
    tolerances = export_all([(model, normal(1, 5, 1))], tmp_path, ending)
    run = functools.partial(run_c, command=QUICKLY) if ending == "h" else run_javascript
    assert run(tmp_path, tolerances) == dict.fromkeys(tolerances, 0)
    model.export(tmp_path / f"a b*.{ending}")
    assert (tmp_path / f"a b*.{ending}").exists()


@has_gcc
@has_node
def test_names_that_the_files_use_themselves(tmp_path):
    """Of inputs and outputs, which are arguments beside what a function calls its own."""
    inputs = [Input((None, 1), name=n) for n in ("t0", "i1", "n", "in", "round", "state", "step_0")]
    h = GRU(3, return_sequences=True, name="phase")(cello.layers.Concatenate(name="lane")(inputs))
    h = of_each_step(jnp.round)(cello.layers.Rescaling(4.0)(h))
    outputs = {n: Dense(2, name=n)(h) for n in ("want", "off", "size", "most", "i", "t3", "out")}
    model = moved(Model(inputs, outputs), seed=1)
    x = [normal(1, 6, 1, seed=n) for n in range(len(inputs))]
    for ending in ("h", "mjs"):
        model.export(tmp_path / f"m0.{ending}", self_test=x)
    assert run_c(tmp_path, {"m0": 1e-5}, QUICKLY) == {"m0": 0}
    assert run_javascript(tmp_path, {"m0": 1e-5}) == {"m0": 0}


def test_names():
    assert identifier("lstm/kernel:0") == "lstm_kernel_0"
    assert identifier("9") == "x_9" and identifier("for") == "x_for" and identifier("日") == "x"
    unique = Unique("out")
    assert [unique(n) for n in ("a b", "A_b", "out", "a/b")] == ["a_b", "A_b_2", "out_2", "a_b_3"]
    for text in HOSTILE:
        assert not re.search(r"\*/|/\*|//|\n|\\|\?", comment(text))


def test_what_cannot_leave_is_said_by_name(tmp_path):
    path = tmp_path / "m.c"
    both = Sequential([Input((None, 2)), Bidirectional(LSTM(2, return_sequences=True))])
    with pytest.raises(ValueError, match="Bidirectional"):
        both.export(path)
    solver, _ = recurrent("ODERNN")
    with pytest.raises(ValueError, match=r"primitive '.*layer '.*ode.*keep that part"):
        solver.export(path)
    with jax.enable_x64(True):
        double = Sequential([Input((None, 2), dtype="float64"), LSTM(2, dtype="float64")])
        with pytest.raises(ValueError, match="float32"):
            double.export(path)
    unknown = Sequential([Input((None, 2)), of_each_step(lambda x: jnp.sort(x, -1), "sorting")])
    with pytest.raises(ValueError, match=r"primitive 'sort'.*sorting"):
        unknown.export(path)
    unlearned = Sequential([Input((None, 2)), Dense(2, name="spoilt")])
    unlearned.set_weights([np.full((2, 2), np.nan), np.zeros(2)])
    with pytest.raises(ValueError, match="'spoilt/kernel' holds NaN"):
        unlearned.export(path)
    with pytest.raises(ValueError, match=r"m\.c, m\.h.*m\.js"):
        both.export(tmp_path / "m.py")
    assert not list(tmp_path.iterdir())


def both_ways():
    """Models that see whole sequences: the last step, all of them, with an input without time."""
    start, still = Input((None, 3)), Input((4,))
    h = Bidirectional(LSTM(4, return_sequences=True))(start)
    last = Bidirectional(GRU(3))(cello.layers.Dropout(0.2)(h))
    outputs = [Dense(2)(h), cello.layers.Concatenate()([last, Dense(2)(still)])]
    return moved(Model([start, still], outputs), seed=1)


@has_gcc
@has_node
def test_whole_sequences(tmp_path):
    """Of any length up to the most, each beside `predict` of it alone."""
    model, names = both_ways(), {}
    for count in (1, 5, 12):
        x = [normal(1, count, 3, seed=count), normal(1, 4)]
        names[f"m{count}"] = 1e-5
        for ending in ("h", "mjs"):
            model.export(tmp_path / f"m{count}.{ending}", steps=12, self_test=x)
    assert run_c(tmp_path, names, QUICKLY) == dict.fromkeys(names, 0)
    assert run_javascript(tmp_path, names) == dict.fromkeys(names, 0)


@has_gcc
def test_nothing_is_read_behind_the_end(tmp_path):
    model = moved(Sequential([Input((None, 2)), Bidirectional(LSTM(3))]), seed=1)
    x = normal(1, 4, 2)
    model.export(tmp_path / "m0.h", steps=9, self_test=x)
    command = C_COMPILERS["sanitized"]  # the array in the test is as long as the sequence
    assert run_c(tmp_path, {"m0": 1e-5}, command) == {"m0": 0}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"self_test": [[[1.0, 2.0]]]}, "self_test must be what predict takes, arrays"),
        ({"self_test": np.zeros((1, 4, 3))}, "has the shape"),
        ({"self_test": np.zeros((1, 7, 2)), "steps": 5}, "self_test has 7 steps, and steps=5 are"),
        ({"rest": "zero"}, "rest must be a number.* Received: rest='zero'"),
        ({"rest": [1.0, 2.0, 3.0]}, r"the inputs of a step, which have the shapes \[\(2,\)\]"),
        ({"name": 3}, "name must be a string, and it is 3"),
    ],
)
def test_options_that_do_not_fit(tmp_path, options, message):
    model = Sequential([Input((None, 2)), LSTM(2)])
    with pytest.raises(ValueError, match=message):
        model.export(tmp_path / "m.c", **options)
    assert not list(tmp_path.iterdir())


def test_options_that_no_file_has(tmp_path, voice):
    with pytest.raises(
        TypeError, match=r"a file \.c has no option 'wieghts'. Did you mean \"weights\"\? Its op"
    ):
        voice[0].export(tmp_path / "m.c", wieghts="int8")
    with pytest.raises(TypeError, match=r"a file \.onnx has no option 'self_test'"):
        voice[0].export(tmp_path / "m.onnx", self_test=1)


@pytest.mark.parametrize("ending", ["c", "js"])
def test_the_file_says_what_is_in_it(tmp_path, ending):
    layers = [LSTM(8, return_sequences=True, name='a " b'), Dense(2, name="last")]
    Sequential([Input((None, 3)), *layers]).export(tmp_path / f"m.{ending}")
    text = (tmp_path / f"m.{ending}").read_text()
    assert " *   a _ b (LSTM) (None, None, 8): 384 parameters\n" in text
    assert " *   last (Dense) (None, None, 2): 18 parameters\n" in text
    assert re.search(r"/\* last/kernel \(8, 2\) \*/|last/kernel.*\(8, 2\)", text)


def test_what_sequences_refuse(tmp_path):
    model = Sequential([Input((None, 2)), Bidirectional(LSTM(2)), Dense(1)])
    for steps in (0, -1, 2.5, True, "all"):
        with pytest.raises(ValueError, match="steps must be a positive integer"):
            model.export(tmp_path / "m.c", steps=steps)
    with pytest.raises(ValueError, match="rest= is for streams"):
        model.export(tmp_path / "m.c", steps=5, rest=0.0)
    with pytest.raises(ValueError, match="Bidirectional") as caught:
        model.export(tmp_path / "m.c")
    assert "steps=100" in "".join(caught.value.__notes__)
    blind = Sequential([Input((None, 2)), cello.layers.GlobalMaxPooling1D()])
    with pytest.raises(cello.core.masking.MaskDropped, match="does not support masking"):
        blind.export(tmp_path / "m.c", steps=5)
    assert not list(tmp_path.iterdir())


@has_gcc
def test_the_test_in_a_file_takes_inputs_by_name(tmp_path):
    ends = [Input((None, 2), name="late"), Input((None, 2), name="early")]
    model = Model(ends, cello.layers.Subtract()(ends))
    x = {"early": normal(1, 9, 2), "late": normal(1, 9, 2, seed=1)}
    model.export(tmp_path / "m0.h", self_test=x)
    assert run_c(tmp_path, {"m0": 1e-6}, QUICKLY) == {"m0": 0}


@has_gcc
def test_the_test_in_a_file_begins_at_rest(tmp_path):
    model = moved(Sequential([Input((None, 2)), LSTM(3, return_sequences=True)]), seed=1)
    model.export(tmp_path / "m0.h", rest=0.3, self_test=normal(1, 20, 2))
    assert run_c(tmp_path, {"m0": 1e-5}, QUICKLY) == {"m0": 0}


@has_gcc
def test_the_test_in_a_file_can_fail(tmp_path):
    model = moved(Sequential([Input((None, 2)), LSTM(3, return_sequences=True)]), seed=1)
    model.export(tmp_path / "m0.h", self_test=normal(1, 20, 2))
    text = (tmp_path / "m0.h").read_text()
    weight = re.search(r"(?<=recurrent_kernel\[36\] = \{\n    )-?[\d.]+f", text)
    (tmp_path / "m0.h").write_text(text[: weight.start()] + "9.0f" + text[weight.end() :])
    assert run_c(tmp_path, {"m0": 1e-5}, QUICKLY)["m0"] > 0


@has_gcc
def test_a_model_starts_at_rest(tmp_path):
    """From there a constant input changes nothing any more."""
    model = moved(Sequential([Input((None, 1)), GRU(6, return_sequences=True), Dense(2)]), seed=1)
    model.export(tmp_path / "voice.c", rest=0.3)
    still = np.full((1, 2000, 1), 0.3, "float32")
    found = Voice(load(tmp_path, "voice")).block(still[0, :20])
    settled = model.predict(still, verbose=0)[0, -1]
    within(found, np.tile(settled, (20, 1)), 1e-5)
    pooled = Sequential([Input((None, 1)), MaxPooling1D(2)])
    with pytest.raises(ValueError, match="without windows"):
        pooled.export(tmp_path / "m.c", rest=0.0)


def test_exporting_leaves_the_model_as_it_is(tmp_path):
    model = moved(Sequential([Input((None, 2)), LSTM(3, stateful=False)]), seed=1)
    before = model.get_weights()
    x = normal(2, 4, 2)
    want = model.predict(x, verbose=0)
    model.export(tmp_path / "m.c")
    np.testing.assert_array_equal(model.predict(x, verbose=0), want)
    each(np.testing.assert_array_equal, model.get_weights(), before)
    text = (tmp_path / "m.c").read_text()
    model.export(tmp_path / "m.c")
    assert (tmp_path / "m.c").read_text() == text


# ------------------------------------------------------------------------------------- deep


def all_models():
    streams = [n for n in BUILD if "stateful" not in n]
    return [*map(stream, streams), *(recurrent(n) for n in LAYERS if n not in REFUSED)]


@pytest.mark.deep
@pytest.mark.parametrize("compiler", C_COMPILERS)
def test_every_layer_in_c(tmp_path, compiler):
    if not installed(C_COMPILERS[compiler][0]):
        pytest.skip(f"there is no {C_COMPILERS[compiler][0]}")
    names = export_all(all_models(), tmp_path, "h", as_exact_as_inputs)
    wrong = run_c(tmp_path, names, C_COMPILERS[compiler])
    assert wrong == dict.fromkeys(names, 0)


@pytest.mark.deep
@has_node
def test_every_layer_in_javascript(tmp_path):
    names = export_all(all_models(), tmp_path, "mjs", as_exact_as_inputs)
    assert run_javascript(tmp_path, names) == dict.fromkeys(names, 0)
