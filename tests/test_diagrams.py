"""Diagrams have a box for each layer, an arrow for each connection, and say what they should."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import hypothesis.strategies as st
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings

import cello
from cello import Input, Model, Sequential, plotting
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    Concatenate,
    Dense,
    GlobalAveragePooling1D,
    GRUCell,
    TimeDistributed,
)


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def patches(ax, kind):
    """The names of the boxes, or arrows, of a drawing."""
    found = [p.get_gid() for p in ax.patches if (p.get_gid() or "").startswith(kind + " ")]
    return [gid.removeprefix(kind + " ") for gid in found]


class Loop(Model):
    """A model that calls its layer twice."""

    def __init__(self):
        super().__init__()
        self.rnn = GRU(3, return_sequences=True, name="looped")

    def call(self, x):
        return self.rnn(self.rnn(x))


def seq2seq():
    """An encoder whose states start a decoder."""
    source, target = Input((None, 4), name="source"), Input((None, 3), name="target")
    _, h, c = LSTM(5, return_state=True, name="encoder")(source)
    decoded = LSTM(5, return_sequences=True, name="decoder")(target, initial_state=[h, c])
    return Model([source, target], Dense(3, name="head")(decoded), name="translator")


def siamese():
    """One layer on two inputs."""
    a, b = Input((None, 4), name="a"), Input((None, 4), name="b")
    shared = GRU(3, name="shared")
    return Model([a, b], Concatenate(name="joined")([shared(a), shared(b)]))


def edges_of(model):
    """`a to b` for each tensor's way, from the configuration of the model."""
    found = set()
    for layer in model.layers:
        for number, node in enumerate(layer.graph_nodes):
            found |= {(t.node.layer.name, layer.name, number) for t in node.inputs}
    return sorted(f"{a} to {b}" for a, b, _ in found)


@pytest.mark.parametrize("rankdir", ["TB", "LR"])
def test_model_has_a_box_for_each_layer_and_an_arrow_for_each_connection(rankdir):
    model = seq2seq()
    ax = plotting.plot_model(model, rankdir=rankdir)
    assert sorted(patches(ax, "box")) == sorted(layer.name for layer in model.layers)
    assert sorted(patches(ax, "arrow")) == edges_of(model)
    texts = patches(ax, "text")
    assert {"h, c", "(None, None, 4) → (None, 5), (None, 5), (None, 5)"} <= set(texts)
    dashed = [p.get_gid() for p in ax.patches if p.get_gid() and p.get_linestyle() != "-"]
    assert [gid for gid in dashed if gid.startswith("arrow")] == ["arrow encoder to decoder"]
    boxes = {p.get_gid(): p.get_extents() for p in ax.patches if p.get_gid()}
    for arrow in edges_of(model):
        a, b = (boxes[f"box {name}"] for name in arrow.split(" to "))
        assert a.x1 < b.x0 if rankdir == "LR" else a.y0 > b.y1
    assert_apart([e for gid, e in boxes.items() if gid.startswith("box")])


def assert_apart(extents):
    """No two boxes overlap."""
    for i, a in enumerate(extents):
        for b in extents[:i]:
            assert not a.overlaps(b)


def test_shared_layers_have_a_box_for_each_call():
    ax = plotting.plot_model(siamese())
    assert sorted(patches(ax, "box")) == ["a", "b", "joined", "shared", "shared"]
    assert len(patches(ax, "arrow")) == 4
    assert {"shared, call 1 of 2", "shared, call 2 of 2"} <= set(patches(ax, "text"))


@settings(max_examples=10)
@given(st.integers(0, 2**31), st.integers(2, 9))
def test_any_graph_is_drawn_with_boxes_apart_and_arrows_downwards(seed, count):
    rng = np.random.default_rng(seed)
    tensors = [Input((4, 2), name=f"in{i}") for i in range(2)]
    for i in range(count):
        chosen = rng.choice(len(tensors), size=min(len(tensors), 2), replace=False)
        tensors.append(Concatenate(name=f"n{seed}_{i}")([tensors[j] for j in chosen]))
    model = Model(tensors[:2], tensors[2:])
    ax = plotting.plot_model(model, show_shapes=bool(seed % 2))
    boxes = {
        p.get_gid().removeprefix("box "): p.get_extents()
        for p in ax.patches
        if (p.get_gid() or "").startswith("box")
    }
    assert sorted(boxes) == sorted(layer.name for layer in model.layers)
    assert_apart(list(boxes.values()))
    arrows = patches(ax, "arrow")
    assert sorted(arrows) == edges_of(model)
    for arrow in arrows:
        a, b = arrow.split(" to ")
        assert boxes[a].y0 > boxes[b].y1
    for extents in boxes.values():  # all within the picture
        corners = ax.transData.inverted().transform([extents.min, extents.max])
        assert (corners >= 0).all()
        assert (corners <= [ax.get_xlim()[1], ax.get_ylim()[1]]).all()
    plt.close("all")


def test_nested_models_and_wrappers():
    inner = Sequential([Input((None, 4)), GRU(3, name="deep")], name="inner")
    model = Sequential(
        [
            Input((None, 4)),
            Bidirectional(LSTM(2, return_sequences=True, name="l"), name="both"),
            TimeDistributed(Dense(4), name="each"),
            inner,
            Dense(1, name="head"),
        ]
    )
    closed, opened = plotting.plot_model(model), plotting.plot_model(model, expand_nested=True)
    assert "deep" not in patches(closed, "box") and len(patches(closed, "box")) == 5
    boxes = {p.get_gid(): p.get_extents() for p in opened.patches if p.get_gid()}
    arrows = [p.zorder for p in opened.patches if (p.get_gid() or "").startswith("arrow")]
    frame = next(p.zorder for p in opened.patches if p.get_gid() == "box inner")
    assert len(arrows) == 5 and min(arrows) > frame  # those inside are seen
    outer, within = boxes["box inner"], boxes["box deep"]
    assert outer.x0 < within.x0 < within.x1 < outer.x1
    assert outer.y0 < within.y0 < within.y1 < outer.y1
    texts = patches(opened, "text")
    wanted = {"Bidirectional(LSTM)", "TimeDistributed(Dense)", "states h 3 · last step"}
    assert {*wanted, "states h 2, c 2 each way · all steps"} <= set(texts)
    bare = plotting.plot_model(model, show_shapes=False, show_layer_names=False)
    assert not [t for t in patches(bare, "text") if "None" in t or t == "head"]


def test_models_on_inner_tensors_of_other_graphs():
    model = seq2seq()
    decoder = model.get_layer("decoder")
    tail = Model(decoder.output, model.output)
    assert sorted(patches(plotting.plot_model(tail), "arrow")) == ["decoder to head"]


def test_files_are_whole_readable_and_named(tmp_path):
    model = seq2seq()
    plotting.plot_model(model, tmp_path / "model.svg")
    tree = ElementTree.parse(tmp_path / "model.svg")
    ids = {e.get("id") for e in tree.iter() if e.get("id")}
    assert {"box encoder", "box decoder", "arrow encoder to decoder"} <= ids
    plotting.plot_model(model, str(tmp_path / "model.png"), dpi=50)
    image = plt.imread(tmp_path / "model.png")
    assert image.ndim == 3 and (image[..., :3] < 0.3).any() and min(image.shape[:2]) > 50
    cello.utils.plot_model(model, to_file=tmp_path / "model.pdf")
    assert (tmp_path / "model.pdf").read_bytes().startswith(b"%PDF")
    with pytest.raises(ValueError, match=r"the ending of to_file says the format.*'.*m\.docx'"):
        plotting.plot_model(model, tmp_path / "m.docx")
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["model.pdf", "model.png", "model.svg"]  # nothing temporary is left


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.svg"
    path.write_text("old")

    def half(self, file, **options):
        file.write_text("half")
        raise OSError("disk full")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", half)
    with pytest.raises(OSError, match="disk full"):
        plotting.plot_model(siamese(), path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_notebooks_show_models_with_a_graph():
    before = plt.get_fignums()
    root = ElementTree.fromstring(seq2seq()._repr_svg_())
    assert root.tag.endswith("svg") and plt.get_fignums() == before
    assert Sequential([LSTM(3)])._repr_svg_() is None and Loop()._repr_svg_() is None


def test_model_refuses_by_name():
    with pytest.raises(ValueError, match=r"Sequential '.*' has no graph.*an Input in front"):
        plotting.plot_model(Sequential([LSTM(3)]))
    with pytest.raises(ValueError, match=r"Loop '.*' has no graph.*its call\(\) decides"):
        plotting.plot_model(Loop())
    with pytest.raises(TypeError, match="plot_model needs a model and got LSTM"):
        plotting.plot_model(LSTM(3))
    with pytest.raises(ValueError, match=r"rankdir must be one of 'TB', 'LR'.*rankdir='BT'"):
        plotting.plot_model(siamese(), rankdir="BT")


# -------------------------------------------------------------------------------- unrolled


@pytest.mark.parametrize(("sequences", "outputs"), [(True, 3), (False, 1)])
def test_unrolled_has_a_box_a_step_and_outputs_where_the_layer_gives_them(sequences, outputs):
    lstm = LSTM(4, return_sequences=sequences, name="memory")
    model = Sequential([Input((None, 2)), Dense(3, name="before"), lstm, Dense(1, name="after")])
    ax = plotting.plot_unrolled(model, steps=3)
    boxes, arrows = patches(ax, "box"), patches(ax, "arrow")
    assert boxes.count("memory") == boxes.count("before") == 3
    assert boxes.count("after") == outputs
    assert arrows.count("state") == 3 and arrows.count("output") == outputs
    assert arrows.count("input") == 6 + outputs
    texts = patches(ax, "text")
    assert texts.count("h, c") == 2 and "x₃" in texts and ("y₃" in texts) == sequences
    assert_apart([p.get_extents() for p in ax.patches if (p.get_gid() or "").startswith("box")])


def ways_of_states(ax):
    """The direction, 1 or -1, of the arrows that carry states, by the height at which they are."""
    found = {}
    for patch in ax.patches:
        if patch.get_gid() == "arrow state":
            (x0, y), (x1, _) = patch.get_path().vertices[[0, -1]]
            found.setdefault(round(y), set()).add(int(np.sign(x1 - x0)))
    return [found[y] for y in sorted(found)]


def test_unrolled_shows_directions():
    def row(*layers):
        model = Sequential([Input((None, 2)), *layers])
        return plotting.plot_unrolled(model, steps=3)

    assert ways_of_states(row(GRU(2))) == [{1}]
    assert ways_of_states(row(GRU(2, go_backwards=True))) == [{-1}]
    again = row(GRU(2, go_backwards=True, return_sequences=True), GRU(2, return_sequences=True))
    assert ways_of_states(again) == [{-1}, {-1}]  # the second reads in the order of running
    numbers = [t for t in patches(again, "text") if t[0] == "y" and len(t) == 2]
    assert numbers == ["y₃", "y₂", "y₁"]
    both = row(Bidirectional(LSTM(2, return_sequences=True, name="l"), name="b"))
    assert ways_of_states(both) == [{1}, {-1}]
    boxes = patches(both, "box")
    assert [boxes.count(n) for n in ("forward_l", "backward_l", "b merge")] == [3, 3, 3]
    last = row(Bidirectional(LSTM(2)), Dense(1, name="one"))
    assert patches(last, "box").count("one") == 1
    pooled = row(GRU(2, return_sequences=True), GlobalAveragePooling1D(name="pool"), Dense(1))
    assert patches(pooled, "box").count("pool") == 1


def test_unrolled_takes_layers_and_refuses_by_name():
    ax = plotting.plot_unrolled(RNN([GRUCell(2), GRUCell(3)], name="tower"), steps=2)
    assert patches(ax, "box") == ["tower", "tower"] and "h1, h2" in patches(ax, "text")
    with pytest.raises(ValueError, match=r"steps must be at least 2.*steps=1"):
        plotting.plot_unrolled(LSTM(2), steps=1)
    with pytest.raises(ValueError, match=r"steps must be a positive integer.*steps='4'"):
        plotting.plot_unrolled(LSTM(2), steps="4")
    with pytest.raises(ValueError, match=r"translator.* branches at LSTM 'decoder'"):
        plotting.plot_unrolled(seq2seq())
    with pytest.raises(ValueError, match=r"Loop '.*' has no graph"):
        plotting.plot_unrolled(Loop())
    with pytest.raises(ValueError, match="has no recurrent layer to draw over time"):
        plotting.plot_unrolled(Sequential([Input((3,)), Dense(2)]))
    with pytest.raises(TypeError, match="needs a model or a recurrent layer and got int"):
        plotting.plot_unrolled(3)


# --------------------------------------------------------------------------- without colour


def test_drawings_have_no_colour():
    for ax in (plotting.plot_model(seq2seq()), plotting.plot_unrolled(Bidirectional(GRU(2)))):
        ax.figure.canvas.draw()
        pixels = np.asarray(ax.figure.canvas.buffer_rgba())[..., :3].astype(int)
        assert np.ptp(pixels, axis=-1).max() == 0


def test_import_is_lazy_and_says_what_is_missing():
    program = """
import sys
import cello
assert "matplotlib" not in sys.modules
sys.modules["matplotlib"] = None
model = cello.Sequential([cello.Input((None, 2)), cello.layers.LSTM(3)])
assert model._repr_svg_() is None
calls = [
    lambda: cello.plotting.plot_model(model),
    lambda: cello.plotting.plot_unrolled(model),
    lambda: cello.plotting.plot_history({"loss": [1.0]}),
    lambda: cello.plotting.plot_alignment([[1.0]]),
]
for call in calls:
    try:
        call()
    except ImportError as error:
        assert "pip install 'cello-rnn[plot]'" in str(error), error
    else:
        raise AssertionError("drawn without matplotlib")
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
