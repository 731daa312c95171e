"""Models as pages: one file, which computes what `predict` gives."""

import json
import re
import subprocess

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract import moved, normal
from sources import call_javascript, installed, within
from streams import built

from cello import Input, Model, Sequential
from cello.layers import GRU, LSTM, Bidirectional, Dense, Embedding, MaxPooling1D

COMPILATIONS = 50

has_node = pytest.mark.skipif(not installed("node"), reason="there is no Node")
CHROMIUM = next(filter(installed, ("chromium", "chromium-browser", "google-chrome")), None)
has_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
LETTERS = "abc <\n"


def features():
    start = Input((None, 2), name="x")
    h = LSTM(5, return_sequences=True, name="lstm")(start)
    return moved(Model(start, Dense(3, name="y")(h)), seed=1)


def symbols():
    layers = [Embedding(len(LETTERS), 3), GRU(4, return_sequences=True), Dense(len(LETTERS))]
    return moved(Sequential([Input((None,), dtype="int32"), *layers]), seed=2)


def exported(model, path, **options):
    """The text of the page, and what it knows of the model."""
    model.export(path, **options)
    text = path.read_text(encoding="utf-8")
    (inside,) = re.findall(r'<script type="application/json" id="model">(.*?)</script', text)
    return text, json.loads(inside)


def runs_of(about, folder, program):
    """What a program that sees the model and `page_runs.js` prints."""
    (folder / "m.mjs").write_text(about["module"])
    about = {k: v for k, v in about.items() if k != "module"}
    text = (folder / "page.html").read_text(encoding="utf-8")
    (runs,) = re.findall(r"/\* The model over a sequence.*?(?=/\* Colours)", text, re.DOTALL)
    return call_javascript(
        folder, "m.mjs", f"{runs}\nconst about = {json.dumps(about)};\n{program}"
    )


def test_a_page_is_one_file_that_fetches_nothing(tmp_path):
    text, about = exported(features(), tmp_path / "voice.html")
    page = text.replace(json.dumps(about["module"]).replace("<", "\\u003c"), "")
    for reaching in ("http", "src=", "href", "url(", "fetch", "XMLHttp", "@import"):
        assert reaching not in page, reaching
    assert re.findall(r"\bimport\b.*", page) == ["import(url);"]
    assert "createObjectURL(new Blob([about.module]" in page
    assert len(text) - len(about["module"]) < 100_000
    assert about["title"] == "voice" and about["characters"] is None
    assert [s["label"] for s in about["states"]] == ["lstm h", "lstm c"]
    output, *gates = [b["label"] for b in about["outputs"]]
    words = ("input gate i", "forget gate f", "candidate g", "output gate o")
    assert output == "y" and gates == [f"lstm {w}" for w in words] and about["gates"] == 4


HOSTILE = "</script><script>alert(1)</script><!--<script>"


def test_no_name_or_text_leaves_its_script(tmp_path):
    name = HOSTILE.replace("/", "|")  # which no name of a layer has
    start = Input((None,), dtype="int32", name=f"{name} in")
    h = GRU(2, return_sequences=True, name=name)(Embedding(9, 2)(start))
    model = Model(start, Dense(1, name=f"{name} out")(h), name=name)
    plain, _ = exported(features(), tmp_path / "page.html")
    characters = "</!\u2028\0\"'*\\"
    path = tmp_path / "page.html"
    text, about = exported(model, path, name=HOSTILE, title=HOSTILE, characters=characters)
    for mark in ("<script", "</script", "<!--"):
        assert text.count(mark) == plain.count(mark)
    assert about["title"] == HOSTILE and about["characters"][:2] == ["<", "/"]
    assert about["inputs"][0]["label"] == f"{name} in"


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@has_node
def test_the_page_computes_what_predict_gives(tmp_path):
    """Outputs by `predict`; states and gates by the equations in float64."""
    model = features()
    _, about = exported(model, tmp_path / "page.html")
    x = normal(1, 30, 2)
    found = runs_of(
        about,
        tmp_path,
        f"""const x = new Float32Array({x.ravel().tolist()});
        const found = run(m, about, [x], 30);
        const plain = (arrays) => arrays.map((a) => Array.from(a));
        console.log(JSON.stringify({{s: plain(found.states), y: plain(found.outputs)}}));""",
    )
    within(np.reshape(found["y"][0], (30, 3)), model.predict(x, verbose=0)[0], 1e-5)
    kernel, recurrent, bias = (w.astype("float64") for w in model.get_weights()[:3])
    h = c = np.zeros(5)
    for t in range(30):
        i, f, g, o = np.split(x[0, t] @ kernel + h @ recurrent + bias, 4)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        for values, wanted in zip([*found["s"], *found["y"][1:]], [h, c, i, f, g, o], strict=True):
            within(np.reshape(values, (30, 5))[t], wanted, 1e-5)


@has_node
def test_influences_are_slopes(tmp_path):
    """JAX has the derivatives; of symbols, predictions for each other symbol."""
    model, x = features(), normal(1, 12, 2)
    _, about = exported(model, tmp_path / "page.html")
    found = runs_of(
        about,
        tmp_path,
        f"""const x = new Float32Array({x.ravel().tolist()});
        const {{ before }} = run(m, about, [x], 12);
        const unit = {{ kind: "outputs", index: 0, unit: 1 }};
        const all = Array.from(x, (_, i) => influence(
          m, about, before, [x], {{ k: 0, f: i % 2, t: i >> 1 }}, 9, unit, []));
        console.log(JSON.stringify(all.slice(0, 20)));""",
    )
    slope = jax.grad(lambda x: model(x)[0, 9, 1])(jnp.asarray(x))
    np.testing.assert_allclose(found, np.asarray(slope)[0, :10].ravel(), rtol=2e-2, atol=1e-4)


@has_node
def test_influences_of_symbols_are_mean_changes(tmp_path):
    model = symbols()
    x = np.array([[0, 3, 1, 1, 5]], "int32")
    _, about = exported(model, tmp_path / "page.html", characters=LETTERS)
    found = runs_of(
        about,
        tmp_path,
        f"""const x = new Int32Array({x[0].tolist()});
        const {{ before }} = run(m, about, [x], 5);
        const unit = {{ kind: "outputs", index: 0, unit: 2 }};
        const all = Array.from(x, (_, t) => influence(
          m, about, before, [x], {{ k: 0, f: 0, t }}, 4, unit, [0, 1, 3]));
        console.log(JSON.stringify(all));""",
    )
    others = [[v for v in (0, 1, 3) if v != own] for own in x[0]]
    rows = [(t, v) for t, values in enumerate(others) for v in values]
    changed = np.repeat(x, len(rows) + 1, 0)
    for row, (t, v) in enumerate(rows):
        changed[row, t] = v
    y = model.predict(changed, verbose=0)[:, 4, 2]
    changes = [[y[i] - y[-1] for i, (t, _) in enumerate(rows) if t == at] for at in range(5)]
    within(found, [np.mean(each) for each in changes], 1e-5)


@has_node
def test_steps_without_an_output_have_no_number(tmp_path):
    model = Sequential([Input((None, 1)), MaxPooling1D(2), LSTM(3, return_sequences=True)])
    _, about = exported(model, tmp_path / "page.html")
    x = normal(1, 6, 1)
    found = runs_of(
        about,
        tmp_path,
        f"""const x = new Float32Array({x.ravel().tolist()});
        const found = run(m, about, [x], 6);
        console.log(JSON.stringify(found.outputs.map((a) => Array.from(a))));""",
    )
    y, *gates = (np.reshape(np.array(a, float), (6, 3)) for a in found)
    for values in (y, *gates):
        assert np.isnan(values[::2]).all() and np.isfinite(values[1::2]).all()
    within(y[1::2], model.predict(x, verbose=0)[0], 1e-5)


def test_what_cannot_be_a_page_is_said(tmp_path):
    path = tmp_path / "m.html"
    both = Sequential([Input((None, 2)), Bidirectional(LSTM(2, return_sequences=True))])
    with pytest.raises(ValueError, match="Bidirectional"):
        both.export(path)
    with pytest.raises(ValueError, match="inputs of symbols"):
        features().export(path, characters="ab")
    for characters in ("aba", ["a", "b"]):
        with pytest.raises(ValueError, match="each of them once"):
            symbols().export(path, characters=characters)
    with pytest.raises(TypeError, match="self_test"):
        features().export(path, self_test=normal(1, 5, 2))
    assert not path.exists()


# --------------------------------------------------------------------------------- in a browser


def opened(path, fragment=""):
    """The document of a page after its scripts."""
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += ["--virtual-time-budget=20000", f"--user-data-dir={path.parent / 'profile'}"]
    ran = subprocess.run([*command, f"{path.as_uri()}{fragment}"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


def results_of(path):
    (found,) = re.findall(r'id="results">(.*?)</script>', opened(path, "#test"))
    return json.loads(found)


@pytest.mark.deep
@has_chromium
def test_a_page_of_features_in_a_browser(tmp_path):
    model = features()
    model.export(tmp_path / "page.html")
    found = results_of(tmp_path / "page.html")
    steps = found["steps"]
    x = np.reshape(found["inputs"][0], (1, steps, 2)).astype("float32")
    assert np.ptp(x) > 1
    within(np.reshape(found["outputs"][0], (steps, 3)), model.predict(x, verbose=0)[0], 1e-5)
    inner = Model(model.inputs, model.get_layer("lstm").output)
    within(np.reshape(found["states"][0], (steps, 5)), inner.predict(x, verbose=0)[0], 1e-5)
    slope = np.asarray(jax.grad(lambda x: model(x)[0, -1, 0])(jnp.asarray(x)))[0]
    influence = np.reshape(found["influence"][0], (steps, 2))
    np.testing.assert_allclose(influence, slope, rtol=2e-2, atol=2e-4)


@pytest.mark.deep
@has_chromium
def test_a_page_of_characters_in_a_browser(tmp_path):
    model = symbols()
    model.export(tmp_path / "page.html", characters=LETTERS, title=HOSTILE)
    found = results_of(tmp_path / "page.html")
    x = np.array(found["inputs"], "int32")
    assert x.shape == (1, found["steps"]) and len(set(x[0])) > 2
    y = np.reshape(found["outputs"][0], (found["steps"], len(LETTERS)))
    within(y, model.predict(x, verbose=0)[0], 1e-5)


PRESS = """<script type="module">
while (!document.getElementById("clock").textContent) await new Promise((r) => setTimeout(r, 10));
for (const key of {keys}) document.dispatchEvent(new KeyboardEvent("keydown", {{ key }}));
</script></body>"""


@pytest.mark.deep
@has_chromium
@pytest.mark.parametrize(
    "keys, clock, unit",
    [
        (["r", " ", "ArrowRight", " ", "ArrowLeft"], "step 2 of 120", "y, unit 0"),
        (["e", "ArrowDown", "ArrowDown", "ArrowDown"], "step 120 of 120", "lstm h, unit 0"),
        (["ArrowUp", "r"], "step 0 of 120", "lstm output gate o, unit 4"),
        (["Tab", "Tab", "t"], "step 120 of 120", "lstm c, unit 0"),
    ],
)
def test_keys(tmp_path, keys, clock, unit):
    text, _ = exported(features(), tmp_path / "page.html")
    pressed = text.replace("</body>", PRESS.format(keys=json.dumps(keys)))
    (tmp_path / "page.html").write_text(pressed, encoding="utf-8")
    document = opened(tmp_path / "page.html")
    assert f'id="clock">{clock}<' in document
    assert f'<span title="">{unit}</span>' in document
    assert f'data-theme="{"dark" if "t" in keys else "light"}"' in document


@pytest.mark.deep
@has_chromium
@pytest.mark.parametrize("name", ["merged", "masked, zeros", "pooled twice", "attention, masked"])
def test_pages_of_other_models_open(tmp_path, name):
    built(name).export(tmp_path / "page.html")
    found = results_of(tmp_path / "page.html")
    assert found["outputs"] and all(map(np.isfinite, found["influence"][0]))
