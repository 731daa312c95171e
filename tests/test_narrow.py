"""Models with weights of fewer bits: in Python, C and JavaScript, beside NumPy and float32."""

import functools
import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract import moved, normal
from sources import C_COMPILERS, QUICKLY, call_javascript, installed, run_c, run_javascript, within
from test_export import LAYERS, REFUSED, Voice, as_exact_as_inputs, load, recurrent

import cello
from cello import Input, Model, Sequential
from cello.layers import GRU, LSTM, RNN, Bidirectional, Conv1D, Dense, Embedding, MaxPooling1D

COMPILATIONS = 130
KINDS = {"int8": np.int8, "bfloat16": jnp.bfloat16, "float16": np.float16}

has_gcc = pytest.mark.skipif(not installed("gcc"), reason="there is no gcc")
has_node = pytest.mark.skipif(not installed("node"), reason="there is no Node")


def small(cell, inputs=3, units=16, seed=1):
    layer = getattr(cello.layers, cell)(units, return_sequences=True)
    return moved(Sequential([Input((None, inputs)), layer, Dense(2)]), seed=seed)


@functools.cache
def models():
    """By name a model, inputs for it, and options: products by fours and not, tables, windows."""
    found = {cell: (small(cell), normal(1, 40, 3), {}) for cell in ("LSTM", "GRU", "MinGRU")}
    windows = [Input((None, 6)), Conv1D(5, 3, padding="causal"), MaxPooling1D(3), GRU(4), Dense(3)]
    found["windows"] = moved(Sequential(windows), seed=2), normal(1, 40, 6), {}
    symbols, still = Input((None,), dtype="int32"), Input((8,))
    h = LSTM(20, return_sequences=True)(Embedding(9, 12)(symbols))
    h = cello.layers.Add()([Dense(5)(h), Dense(5)(still)])
    x = [np.arange(40, dtype="int32")[None] % 9, normal(1, 8)]
    found["several"] = moved(Model([symbols, still], [h, Dense(17)(h)]), seed=3), x, {}
    both = [Input((None, 3)), Bidirectional(LSTM(16, return_sequences=True)), Dense(17)]
    found["both"] = moved(Sequential(both), seed=4), normal(1, 11, 3), {"steps": 12}
    return found


FEW = [("LSTM", "int8"), ("windows", "int8"), ("several", "int8"), ("both", "int8")]


@functools.cache
def quantized(name, kind):
    model, x, options = models()[name]
    return model.quantized(kind, x, **options)


def export_all(folder, ending, chosen=FEW):
    """Models in some kinds, with a test in each of what Python gives."""
    tolerances = {}
    for name, kind in chosen:
        model, x, options = models()[name]
        called = f"{name}_{kind}".lower()
        narrow = {"weights": quantized(name, kind), **options}
        model.export(folder / f"{called}.{ending}", self_test=x, **narrow)
        tolerances[called] = 1e-6
    return tolerances


@has_gcc
def test_c_computes_what_python_does(tmp_path):
    names = export_all(tmp_path, "h")
    assert run_c(tmp_path, names, QUICKLY) == dict.fromkeys(names, 0)


@has_node
def test_javascript_computes_what_python_does(tmp_path):
    names = export_all(tmp_path, "mjs")
    assert run_javascript(tmp_path, names) == dict.fromkeys(names, 0)


@has_node
def test_a_page_computes_what_python_does(tmp_path):
    """Its module does; a page has gates besides, which read the same weights."""
    model, x, _ = models()["LSTM"]
    narrow = quantized("LSTM", "int8")
    model.export(tmp_path / "m.html", weights=narrow)
    text = (tmp_path / "m.html").read_text()
    (inside,) = re.findall(r'<script type="application/json" id="model">(.*?)</script', text)
    contents = json.loads(inside)
    (tmp_path / "m.mjs").write_text(contents["module"])
    outputs = [f"new Float32Array({40 * one['size']})" for one in contents["outputs"]]
    program = (
        f"const x = new Float32Array({x.ravel().tolist()}), y = [{', '.join(outputs)}];"
        "m.block(m.init(), x, ...y, 40); console.log(JSON.stringify([...y[0]]));"
    )
    found = np.reshape(call_javascript(tmp_path, "m.mjs", program), (40, 2))
    assert contents["gates"] == 4 and "Uint8Array" in contents["module"]
    within(found, narrow.predict(x)[0], 1e-6)


def by_hand(x, kernel, most):
    """A product of whole numbers, and what it stands for."""
    units = np.abs(kernel).max(0) / 127
    weights = np.rint(kernel / units).astype("int64")
    inputs = np.clip(np.floor(x * 127.0 / most + 0.5), -127, 127).astype("int64")
    return inputs @ weights, units * most / 127


@has_gcc
@pytest.mark.parametrize(("inputs", "units"), [(24, 9), (64, 60), (64, 16), (7, 33)])
def test_sums_of_whole_numbers_are_exact(tmp_path, inputs, units):
    """In NumPy by 64 bits, in Python, and in C with and without instructions for such products."""
    model = moved(Sequential([Input((None, inputs)), Dense(units, use_bias=False)]), seed=1)
    x = normal(1, 30, inputs)
    x[0, 0], x[0, 1] = 100.0, -100.0  # all of them at the end of what there is
    calibrate = np.concatenate([x[:, 2:], -x[:, 2:]])
    kernel = model.get_weights()[0]
    sums, scale = by_hand(x[0].astype("float64"), kernel.astype("float64"), np.abs(x[0, 2:]).max())
    found = model.quantized("int8", calibrate).predict(x)[0]
    np.testing.assert_array_equal(np.rint(found / scale), sums)
    within(found, sums * scale, 1e-5)
    ways = ["-O0"], ["-O1", "-U__SSE2__"], ["-O3", "-march=native"]
    for number, flags in enumerate(ways):  # a library for each, as one path is loaded once
        path = tmp_path / f"voice{number}.c"
        model.export(path, name="voice", weights="int8", calibrate=calibrate)
        block = Voice(load(tmp_path, path.stem, flags)).block(x[0], units)
        np.testing.assert_array_equal(block, found)


@has_gcc
def test_what_is_not_a_number_is_zero(tmp_path):
    model = moved(Sequential([Input((None, 8)), Dense(16, use_bias=False)]), seed=1)
    x = normal(1, 4, 8)
    model.export(tmp_path / "voice.c", weights="int8", calibrate=x)
    x[0, 0], x[0, 1, 0], x[0, 2, 1] = np.nan, np.inf, -np.inf
    found = Voice(load(tmp_path, "voice")).block(x[0], 16)
    np.testing.assert_array_equal(found, model.quantized("int8", normal(1, 4, 8)).predict(x)[0])
    assert np.isfinite(found).all() and not found[0].any()


@has_gcc
@has_node
@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_every_number_of_16_bits_is_widened(tmp_path, kind):
    """As NumPy does; those without a leading 1, zeros and signs included."""
    bits = np.arange(0, 2**16, 7, dtype="uint16")
    numbers = bits.view(KINDS[kind]).astype("float32")
    size = np.abs(numbers)  # XLA takes the least ones of float32 for 0
    numbers = numbers[(size < 60000) & ((size > 1e-37) | (size == 0))]
    model = Sequential([Input((None, 1)), Dense(len(numbers), use_bias=False)])
    model.set_weights([numbers[None]])
    x = np.ones((1, 1, 1), "float32")
    model.export(tmp_path / "voice.c", weights=kind)
    found = Voice(load(tmp_path, "voice")).block(x[0], len(numbers))[0]
    np.testing.assert_array_equal(found, numbers)
    model.export(tmp_path / "m.mjs", weights=kind, self_test=x)
    assert run_javascript(tmp_path, {"m": 0.0}) == {"m": 0}


@pytest.mark.parametrize("kind", ["bfloat16", "float16"])
def test_16_bits_are_those_of_rounded_weights(kind):
    model, x = small("LSTM"), normal(2, 50, 3)
    found = model.quantized(kind).predict(x)
    rounded = [w.astype(KINDS[kind]).astype("float32") if w.ndim > 1 else w
               for w in model.get_weights()]  # fmt: skip
    assert np.abs(found - model.predict(x, verbose=0)).max() > 1e-5
    model.set_weights(rounded)
    within(found, model.predict(x, verbose=0), 2e-6)


@pytest.mark.parametrize("name", ["LSTM", "windows", "several", "both"])
def test_int8_is_near(name):
    """Within two hundredths of the greatest output."""
    model, x, _ = models()[name]
    found = quantized(name, "int8").predict(x)
    want = model.predict(x, verbose=0)
    for one, exact in zip(*map(jax.tree.leaves, (found, want)), strict=True):
        assert one.shape == exact.shape
        assert 0 < np.abs(one - exact).max() < 0.02 * np.abs(exact).max()


def test_sequences_of_several_lengths():
    """Each as alone: all of its steps, or the last."""
    rows = [normal(n, 3, seed=n) for n in (4, 9, 6)]
    start = Input((None, 3))
    h = LSTM(16, return_sequences=True)(start)
    model = moved(Model(start, [Dense(2)(h), GRU(4)(h)]), seed=1)
    narrow = model.quantized("int8", rows)
    steps, last = narrow.predict(rows)
    for number, row in enumerate(rows):
        alone = narrow.predict(row[None])
        within(steps[number], alone[0][0], 1e-6)
        within(last[number], alone[1][0], 1e-6)


def test_nothing_overflows():
    """A cell that counts up to 300, in steps that int8 would not hold."""
    model = Sequential([Input((None, 2)), LSTM(16, return_sequences=True, return_state=True)])
    kernel, recurrent_kernel, bias = (np.zeros_like(w) for w in model.get_weights())
    bias[:] = np.repeat([20.0, 20.0, 0.0, 20.0], 16)
    kernel[:, 32:48] = normal(2, 16) / 2
    model.set_weights([kernel, recurrent_kernel + 1e-4, bias])
    x = np.ones((1, 600, 2), "float32")
    (_, _, want), (_, _, found) = model.predict(x, verbose=0), model.quantized("int8", x).predict(x)
    assert np.abs(want).max() > 270
    np.testing.assert_allclose(found, want, rtol=0.02, atol=1)


def test_the_report():
    """Each number beside what predict gives, and the product of the first weight by hand."""
    model, x, y = small("LSTM", inputs=8), normal(3, 40, 8), normal(3, 40, 2)
    model.compile("adam", "mse", metrics=["mae"])
    narrow = model.quantized("int8", x)
    report = narrow.report(x, y)
    long = np.resize(x.reshape(-1, 8), (1, 10000, 8))
    exact, found = model.predict(long, verbose=0), narrow.predict(long)
    for steps in (10, 100, 1000, 10000):
        part = np.abs(found - exact)[:, :steps].max() / np.abs(exact).max()
        np.testing.assert_allclose(report.steps[steps], part, rtol=1e-3)
    off = narrow.predict(x) - y
    before = model.evaluate(x, y, verbose=0, return_dict=True)
    np.testing.assert_allclose(report.metrics["loss"], [before["loss"], (off**2).mean()], rtol=1e-4)
    mae = [before["mae"], np.abs(off).mean()]
    np.testing.assert_allclose(report.metrics["mae"], mae, rtol=1e-4)
    assert narrow.evaluate(x, y) == {name: after for name, (_, after) in report.metrics.items()}
    kernel = model.get_weights()[0].astype("float64")
    rows = x.reshape(-1, 8).astype("float64")
    sums, scale = by_hand(rows, kernel, np.abs(x).max())
    error = np.abs(sums * scale - rows @ kernel).max() / np.abs(rows @ kernel).max()
    (name,) = [n for n in report.layers if n.endswith("lstm_cell/kernel")]
    np.testing.assert_allclose(report.layers[name], error, rtol=1e-2)
    assert [n in str(report) for n in ("after 10,000 steps", "mae", name)] == [True] * 3


def test_the_report_of_whole_sequences():
    model, _, _ = models()["both"]
    x = [normal(n, 3, seed=n) for n in (5, 8)]
    report = quantized("both", "int8").report(x)
    found, exact = (
        quantized("both", "int8").predict(x),
        [model.predict(r[None], verbose=0)[0] for r in x],
    )
    off = max(np.abs(a - b).max() for a, b in zip(found, exact, strict=True))
    assert list(report.steps) == [8] and not report.metrics
    most = max(np.abs(b).max() for b in exact)
    np.testing.assert_allclose(report.steps[8], off / most, rtol=1e-3)


def test_what_evaluate_refuses():
    start = Input((None, 3))
    model = Model(start, [Dense(2)(start), Dense(3)(start)])
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match="evaluate is for models of one output"):
        model.quantized("bfloat16").evaluate(normal(1, 4, 3), normal(1, 4, 2))


class Count(cello.layers.Layer):
    """A cell of a user's."""

    state_size = 16

    def call(self, inputs, states):
        return jnp.tanh(inputs) + states[0], [jnp.tanh(inputs) + states[0]]


@has_gcc
def test_what_is_known_needs_no_data(tmp_path):
    """Outputs of `tanh` and what embeddings give are; a weight of one input stays as it is."""
    one = small("LSTM", inputs=1)
    narrow = one.quantized("int8")
    assert [narrow.most[name] for name in narrow.most if "recurrent" in name] == [1.0]
    x = normal(1, 60, 1)
    assert np.abs(narrow.predict(x) - one.predict(x, verbose=0)).max() < 0.05
    layers = [Embedding(9, 8), GRU(12, return_sequences=True), Bidirectional(LSTM(8)), Dense(2)]
    model = moved(Sequential([Input((None,), dtype="int32"), *layers]), seed=1)
    symbols = np.arange(20)[None] % 9
    found = model.quantized("int8", steps=20).predict(symbols)
    assert np.abs(found - model.predict(symbols, verbose=0)).max() < 0.05
    with pytest.raises(ValueError, match=r"int8 has to know.*gru_cell/kernel.*pass calibrate=x"):
        small("GRU", inputs=8).export(tmp_path / "m.c", weights="int8")
    start = Input((None, 1))
    counted = RNN(Count(), return_sequences=True)(start)  # which grows without end
    with pytest.raises(ValueError, match=r"dense.*pass calibrate=x"):
        Model(start, Dense(16)(counted)).export(tmp_path / "m.c", weights="int8")
    assert not list(tmp_path.iterdir())


def test_known_bounds_hold():
    """Calibration never finds more than what is known before."""
    for cell in ("LSTM", "GRU"):
        model = small(cell, inputs=1)
        known = model.quantized("int8").most
        measured = model.quantized("int8", 5 * normal(2, 100, 1)).most
        assert all(measured[name] <= known[name] for name in measured), cell
        assert sum(np.isfinite(most) for most in known.values()) == 2


def constants(text):
    """Bytes of them in a program."""
    return int(re.search(r"constants of (\d+) bytes", text)[1])


@has_gcc
def test_files_become_smaller(tmp_path):
    """In the program and as text: int8 to about a quarter, 16 bits to a half."""
    model, sizes, lengths = small("LSTM", units=64), {}, {}
    for kind in ("float32", *KINDS):
        model.export(tmp_path / "m.c", weights=kind, calibrate=normal(1, 20, 3))
        text = (tmp_path / "m.c").read_text()
        sizes[kind] = constants(text)
        lengths[kind] = len(text)
    assert sizes["int8"] < 0.3 * sizes["float32"] and lengths["int8"] < 0.5 * lengths["float32"]
    model, _, options = models()["both"]
    for kind in ("float32", quantized("both", "int8")):  # in the loops over a sequence as well
        model.export(tmp_path / "m.c", weights=kind, **options)
        sizes["both"], before = constants((tmp_path / "m.c").read_text()), sizes.get("both")
    assert sizes["both"] < 0.45 * before
    for kind in ("bfloat16", "float16"):
        assert sizes[kind] < 0.51 * sizes["float32"] and lengths[kind] < 0.65 * lengths["float32"]


def test_inputs_by_name():
    ends = [Input((None, 8), name="late"), Input((8,), name="early")]
    h = cello.layers.Add()([Dense(16)(end) for end in ends])
    model = moved(Model(ends, LSTM(4, return_sequences=True)(h)), seed=1)
    x = [normal(3, 9, 8), normal(3, 8, seed=1)]
    found = model.quantized("int8", {"early": x[1], "late": x[0]})
    listed = model.quantized("int8", x)
    assert found.most == listed.most
    np.testing.assert_array_equal(found.predict({"early": x[1], "late": x[0]}), listed.predict(x))


def test_a_model_without_a_graph():
    class Own(cello.Model):
        def __init__(self):
            super().__init__()
            self.one, self.two = LSTM(16, return_sequences=True), Dense(3)

        def call(self, x):
            return {"y": self.two(self.one(x))}

    model, x = Own(), normal(2, 30, 8)
    model(x)
    found = moved(model, seed=1).quantized("int8", x).predict(x)["y"]
    want = model.predict(x, verbose=0)["y"]
    assert 0 < np.abs(found - want).max() < 0.03 * np.abs(want).max()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 9, 4)), r"rows of the shapes \[\(None, 3\)\].*Received.*\(9, 4\)"),
        (np.zeros((2, 0, 3)), "one step at least"),
        (np.zeros((0, 9, 3)), "Received"),
        ([np.zeros((2, 3)), np.zeros((4, 2))], r"Received.*\(2, 3\), \(4, 2\)"),
        (np.full((1, 4, 3), np.nan), "becomes NaN or infinite.*find_nan"),
    ],
)
def test_what_calibrates_nothing(x, message):
    with pytest.raises(ValueError, match=message):
        models()["LSTM"][0].quantized("int8", x)


def test_what_does_not_fit(tmp_path):
    model = small("LSTM")
    with pytest.raises(ValueError, match=r"weights must be.*int8.*Received: 'int4'"):
        model.export(tmp_path / "m.c", weights="int4")
    with pytest.raises(ValueError, match="has 9 steps, and steps=5 is the most"):
        model.quantized("int8", normal(1, 9, 3), steps=5)
    model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])
    for kind in KINDS:
        with pytest.raises(ValueError, match=r"'lstm.*holds NaN"):
            model.export(tmp_path / "m.c", weights=kind, calibrate=normal(1, 9, 3))
    assert not list(tmp_path.iterdir())


def test_numbers_that_float16_has_not_stay():
    model = Sequential([Input((None, 2)), Dense(2, use_bias=False)])
    model.set_weights([np.array([[1e6, 1.0], [2.0, 3.0]], "float32")])
    x = np.ones((1, 1, 2), "float32")
    np.testing.assert_array_equal(
        model.quantized("float16").predict(x), model.predict(x, verbose=0)
    )


# ------------------------------------------------------------------------------------- deep


@pytest.mark.deep
@pytest.mark.parametrize("compiler", C_COMPILERS)
def test_all_compilers(tmp_path, compiler):
    if not installed(C_COMPILERS[compiler][0]):
        pytest.skip(f"there is no {C_COMPILERS[compiler][0]}")
    every = [(name, kind) for name in models() for kind in KINDS]
    names = export_all(tmp_path, "h", every)
    assert run_c(tmp_path, names, C_COMPILERS[compiler]) == dict.fromkeys(names, 0)


@pytest.mark.deep
@has_gcc
@has_node
def test_every_layer(tmp_path):
    """In int8, in C and JavaScript as in Python."""
    names = {}
    for number, name in enumerate(sorted({*LAYERS} - REFUSED)):
        model, x = recurrent(name, units=16)
        narrow = model.quantized("int8", x)
        names[f"m{number}"] = as_exact_as_inputs(model, x)
        for ending in ("h", "mjs"):
            model.export(tmp_path / f"m{number}.{ending}", weights=narrow, self_test=x)
    for found in (
        run_c(tmp_path, names, C_COMPILERS["gcc, fast"]),
        run_javascript(tmp_path, names),
    ):
        assert found == dict.fromkeys(names, 0)


@pytest.mark.deep
@has_node
def test_all_in_javascript(tmp_path):
    names = export_all(tmp_path, "mjs", [(name, kind) for name in models() for kind in KINDS])
    assert run_javascript(tmp_path, names) == dict.fromkeys(names, 0)
