"""Models as ONNX files: ONNX Runtime computes with them what Cello does."""

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import onnx
import pytest
from hypothesis import example, given
from onnx_files import agree, close, exported, make_mask, nodes, normal, randomise, session

import cello
from cello import Input, Model, Sequential, layers, ops
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    Attention,
    Bidirectional,
    Concatenate,
    Dense,
    Embedding,
    GlobalAveragePooling1D,
    GRUCell,
    Lambda,
    LSTMCell,
    Masking,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
    TimeDistributed,
)

COMPILATIONS = 170

KINDS = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}

# ------------------------------------------------------------------------- recurrent layers


@st.composite
def recurrent_cases(draw):
    name = draw(st.sampled_from(sorted(KINDS)))
    options = {
        "units": 4,
        "use_bias": draw(st.booleans()),
        "activation": draw(
            st.sampled_from(
                "tanh sigmoid relu linear hard_sigmoid keras2_hard_sigmoid elu leaky_relu "
                "softsign softplus".split()
            )
        ),
        "return_sequences": draw(st.booleans()),
        "return_state": draw(st.booleans()),
        "go_backwards": draw(st.booleans()),
    }
    if name != "SimpleRNN":
        options["recurrent_activation"] = draw(
            st.sampled_from(["sigmoid", "hard_sigmoid", "softsign"])
        )
    if name == "GRU":
        options["reset_after"] = draw(st.booleans())
    wrap = draw(st.sampled_from([None, None, "concat", "sum", "mul", "ave", "none"]))
    if wrap is None:
        options["zero_output_for_mask"] = draw(st.booleans())
    return {
        "name": name,
        "options": options,
        "wrap": wrap,
        "mask": draw(st.sampled_from(["none", "left", "right", "holes", "empty"])),
        "given": draw(st.booleans()),
        "seed": draw(st.integers(0, 2**31)),
    }


SEQUENCES = {"return_sequences": True, "return_state": True}
CASE = {"name": "LSTM", "mask": "empty", "given": True, "seed": 5}


@given(recurrent_cases())
@example({**CASE, "wrap": None, "options": {"units": 4, **SEQUENCES, "go_backwards": True}})
@example({**CASE, "wrap": "concat", "options": {"units": 4, "return_state": True}})
@example({**CASE, "wrap": "none", "options": {"units": 4, **SEQUENCES, "go_backwards": True}})
def test_a_recurrent_layer_is_one_node_with_the_same_results(case):
    rng = np.random.default_rng(case["seed"])
    layer = getattr(layers, case["name"])(**case["options"])
    if case["wrap"] is not None:
        layer = Bidirectional(layer, merge_mode=None if case["wrap"] == "none" else case["wrap"])
    x = Input((None, 3), name="x")
    inputs, kwargs = [x], {}
    if case["mask"] != "none":
        inputs.append(Input((None,), dtype="bool", name="m"))
        kwargs["mask"] = inputs[-1]
    if case["given"]:
        n = (2 if case["name"] == "LSTM" else 1) * (1 if case["wrap"] is None else 2)
        states = [Input((case["options"]["units"],), name=f"s{i}") for i in range(n)]
        inputs, kwargs["initial_state"] = inputs + states, states
    y = layer(x, **kwargs)
    model = Model(inputs, y)
    randomise(model, case["seed"])
    proto = exported(model)
    (node,) = nodes(proto)
    assert node.op_type == KINDS[case["name"]]
    batch, time = 3, 6
    data = [rng.normal(size=(batch, time, 3)).astype("float32")]
    if case["mask"] != "none":
        data.append(make_mask(case["mask"], batch, time, rng))
        data[0][~data[1]] = np.nan  # what is under a mask reaches nothing
    if case["given"]:
        data += [rng.normal(size=(batch, *s.shape[1:])).astype("float32") for s in states]
    _, got = agree(model, data, proto)
    alone = dict(zip(model.input_names, [a[1:2] for a in data], strict=True))  # another batch
    for one, all_rows in zip(session(proto).run(None, alone), got, strict=True):
        close(one, all_rows[1:2])


@pytest.mark.parametrize("wrap", [None, "concat"])
@pytest.mark.parametrize("return_sequences", [True, False])
def test_cells_in_a_row_are_a_node_each(wrap, return_sequences):
    def make(**kwargs):
        cells = [LSTMCell(3), StackedRNNCells([GRUCell(4, reset_after=False), SimpleRNNCell(2)])]
        return RNN(cells, return_sequences=return_sequences, return_state=True, **kwargs)

    layer = make() if wrap is None else Bidirectional(make(), merge_mode=wrap)
    for backwards in (False, True) if wrap is None else (False,):
        x, m = Input((None, 3)), Input((None,), dtype="bool")
        layer = make(go_backwards=backwards) if wrap is None else layer
        model = Model([x, m], layer(x, mask=m))
        randomise(model)
        proto = exported(model)
        assert len(nodes(proto)) == (3 if wrap is None else 6)
        rng = np.random.default_rng(1)
        mask = make_mask("empty", 4, 5, rng)
        flat = cello.core.symbolic.symbolic_leaves(model.output)
        got = session(proto).run(
            None, dict(zip(model.input_names, [(data := normal(4, 5, 3)), mask], strict=True))
        )
        want = jax.tree.leaves(model([data, mask]))
        assert len(flat) == len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            close(g, w)


@pytest.mark.parametrize(
    "backward",
    [GRU(3, go_backwards=True, return_sequences=True), LSTM(3, activation="softsign",
     use_bias=False, go_backwards=True, return_sequences=True),
     LSTM(4, go_backwards=True, return_sequences=True)],
    ids=["another cell", "another activation", "another size"],
)  # fmt: skip
def test_directions_of_their_own(backward):
    layer = Bidirectional(LSTM(3, return_sequences=True), backward_layer=backward)
    model = Sequential([Input((None, 2)), Masking(), layer, Dense(2)])
    randomise(model)
    x = normal(3, 5, 2)
    x[0, 2:4] = x[1] = 0
    proto, _ = agree(model, [x])
    same = isinstance(backward, LSTM) and backward.units == 3
    assert len(nodes(proto)) == (1 if same else 2)


def test_directions_of_two_sequences_stay_two():
    x, y = Input((None, 2)), Input((None, 2))
    options = {"return_sequences": True}
    outputs = [GRU(3, **options)(x), GRU(3, go_backwards=True, **options)(y)]
    model = Model([x, y], [*outputs, GRU(3, go_backwards=True, **options)(outputs[0])])
    randomise(model)
    proto, _ = agree(model, [normal(2, 4, 2), normal(2, 4, 2, seed=1)])
    assert [n.op_type for n in nodes(proto)] == ["GRU"] * 3


def test_an_rnn_of_a_gated_cell_is_its_layer():
    model = Sequential([Input((None, 2)), RNN(LSTMCell(3))])
    randomise(model)
    proto, _ = agree(model, [normal(2, 4, 2)])
    assert [n.op_type for n in nodes(proto)] == ["LSTM"]


# ------------------------------------------------------------------------------------ masks


def test_masks_go_on_as_in_cello():
    """From an embedding over recurrent layers, dropout and merges to a mean and to attention."""
    a, b = Input((None,), dtype="int32", name="a"), Input((None,), dtype="int32", name="b")
    embed = Embedding(9, 4, mask_zero=True)
    x, y = embed(a), embed(b)
    x = layers.Dropout(0.5)(layers.LayerNormalization()(x))
    x = Bidirectional(GRU(3, return_sequences=True))(x)
    x = GRU(4, return_sequences=True, go_backwards=True)(x)
    y = TimeDistributed(Dense(4, "tanh"))(y)
    both = layers.Add()([x, layers.Activation("tanh")(x)])
    attended, weights = Attention(use_scale=True)([both, y], return_attention_scores=True)
    causal = layers.AdditiveAttention()([x, x], use_causal_mask=True)
    longer = Concatenate(axis=1)([attended, y])
    wide = Concatenate()([x, causal])
    outputs = [
        weights,
        causal,
        GlobalAveragePooling1D()(attended),
        GlobalAveragePooling1D(keepdims=True)(longer),
        LSTM(3)(wide),
        SimpleRNN(2, return_sequences=True)(longer),
    ]
    model = Model([a, b], outputs)
    randomise(model)
    rng = np.random.default_rng(0)
    for batch, time, other in ((4, 6, 3), (2, 1, 1)):
        data = [
            (rng.integers(1, 9, size=(batch, t)) * (rng.random((batch, t)) < 0.6)).astype("int32")
            for t in (time, other)
        ]
        data[0][0] = 0  # a row that is all masked
        proto, _ = agree(model, data)
    assert len(nodes(proto)) == 4


def test_attention_in_heads():
    a, b = Input((None,), dtype="int32", name="a"), Input((None,), dtype="int32", name="b")
    allowed = Input((None, None), dtype="int32", name="allowed")
    frames = Input((None, 3, 2), name="frames")
    embed = Embedding(9, 4, mask_zero=True)
    x, y = embed(a), embed(b)
    many = layers.MultiHeadAttention(2, 3, value_dim=4, use_gate=True, output_shape=(2, 3))
    groups = layers.GroupQueryAttention(3, 4, 2, sliding_window=2, use_bias=False)
    outputs = [
        *many(x, y, attention_mask=allowed, return_attention_scores=True),
        groups(x, y, use_causal_mask=True),
        layers.MultiHeadAttention(1, 2)(x, y, layers.Dense(5)(y)),
        layers.MultiHeadAttention(2, 3)(frames, frames),
        layers.MultiHeadAttention(2, 3, attention_axes=2)(frames, frames),
    ]
    model = Model([a, b, allowed, frames], outputs)
    randomise(model)
    rng = np.random.default_rng(0)
    for batch, time, other in ((4, 6, 3), (2, 1, 1)):
        data = [
            (rng.integers(1, 9, size=(batch, t)) * (rng.random((batch, t)) < 0.6)).astype("int32")
            for t in (time, other)
        ]
        data[0][0] = 0  # a row that is all masked
        some = (rng.random((batch, time, other)) < 0.7).astype("int32")
        agree(model, [*data, some, normal(batch, time, 3, 2)])


def test_masking_of_another_value_and_nested_models():
    inner = Sequential([Input((None, 3)), Masking(2.0), LSTM(3, return_sequences=True)], "inner")
    outer = Sequential([Input((None, 3)), Dense(3), GRU(3, return_sequences=True)], "outer")
    x = Input((None, 3))
    y = outer(inner(x))
    model = Model(x, [LSTM(2)(y), inner(outer(x))])  # inner is shared
    randomise(model)
    data = normal(3, 6, 3)
    data[0, 1:3] = data[1] = 2.0
    proto, _ = agree(model, [data])
    assert len(nodes(proto)) == 5
    assert len({n.input[1] for n in nodes(proto)}) == 3  # shared weights are there once


def test_merged_masks():
    x, y = Input((None, 3), name="x"), Input((None, 3), name="y")
    both = [layers.Masking()(x), layers.Masking()(y)]
    kinds = [layers.Multiply(), layers.Maximum(), layers.Minimum(), Concatenate(), layers.Add()]
    sums = [layers.GlobalAveragePooling1D()(kind(both)) for kind in kinds]
    one = [layers.Multiply()([both[0], y]), layers.Maximum()([both[0], y, both[1]])]
    inner = TimeDistributed(layers.GlobalAveragePooling1D())
    nested = inner(layers.Reshape((-1, 3, 1))(x), mask=ops.any(ops.not_equal(x, 0), axis=-1))
    values = [normal(2, 5, 3), normal(2, 5, 3)]
    values[0][0, 3:], values[1][0, 4:], values[1][1, :2] = 0, 0, 0
    agree(Model([x, y], [*sums, *one, nested]), values)


# --------------------------------------------------------------------------------- streaming


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("stateful", [False, True])
def test_piece_by_piece_is_the_whole(stateful, mask):
    batch = 3 if stateful else None
    model = Sequential(
        [
            Input(batch_shape=(batch, None, 2)),
            *([Masking()] if mask else []),
            LSTM(4, return_sequences=True, stateful=stateful, name="first"),
            RNN([GRUCell(3), LSTMCell(2)], return_sequences=True, stateful=stateful, name="cells"),
            Dense(2, name="head"),
        ]
    )
    randomise(model)
    proto = exported(model, states=not stateful)
    names = ["first/h", "first/c", "cells/0/h", "cells/1/h", "cells/1/c"]
    assert [i.name for i in proto.graph.input][1:] == names
    assert [o.name for o in proto.graph.output][1:] == [f"{n}_next" for n in names]
    run = session(proto)
    x = normal(3, 7, 2)
    if mask:
        x[0, 3:] = x[1, 1:4] = 0
    want = model(x)
    outputs, states = [], {}
    for start, end in ((0, 1), (1, 2), (2, 6), (6, 7)):
        piece = {model.input_names[0]: x[:, start:end], **states}  # none at first: zeros
        y, *new = run.run(None, piece)
        states = dict(zip(names, new, strict=True))
        outputs.append(y)
    close(np.concatenate(outputs, axis=1), want)
    other = run.run(None, {model.input_names[0]: x[:2]})[0]  # another batch than Input says
    close(other, want[:2])


def test_a_stateful_layer_called_twice_goes_on_from_itself():
    x = Input(batch_shape=(2, 3, 2))
    shared = Bidirectional(GRU(2, return_sequences=True, stateful=True), merge_mode="sum", name="b")
    model = Model(x, shared(shared(x)))
    randomise(model)
    proto = exported(model)
    names = ["b/forward_gru/h", "b/backward_gru/h"]
    assert [i.name for i in proto.graph.input][1:] == names
    data = normal(2, 3, 2)
    run, feed = session(proto), {model.input_names[0]: data}
    for _ in range(3):
        got, *states = run.run(None, feed)
        close(got, model(data))
        feed |= dict(zip(names, states, strict=True))


@pytest.mark.parametrize(("streams", "wrap"), [(False, False), (True, False), (False, True)])
def test_states_that_are_learned(streams, wrap):
    layer = RNN([LSTMCell(2), GRUCell(3)], initial_state="learned", return_sequences=True)
    layer = Bidirectional(LSTM(3, initial_state="learned"), "sum") if wrap else layer
    model = Sequential([Input((None, 2)), Masking(), layer])
    randomise(model)
    x = normal(3, 4, 2)
    x[0, :2] = x[1] = 0
    proto, _ = agree(model, [x], states=streams)
    if streams:  # a state that is given counts
        states = [i.name for i in proto.graph.input][1:]
        feed = {n: np.ones((3, 3 if n.endswith("1/h") else 2), "float32") for n in states}
        got = session(proto).run(None, {model.input_names[0]: x, **feed})[0]
        start = [[feed[states[0]], feed[states[1]]], [feed[states[2]]]]
        want = layer(x, initial_state=start, mask=np.any(x != 0, axis=-1))
        close(got, want)


def test_what_needs_the_whole_sequence_does_not_stream():
    for layer in (Bidirectional(LSTM(2), name="odd"), LSTM(2, go_backwards=True, name="odd")):
        with pytest.raises(ValueError, match=r"'odd' .*states=True: export without it"):
            exported(Sequential([Input((None, 2)), layer]), states=True)


def test_encoder_and_decoder():
    """States of one layer are the initial states of another, and the file's own inputs."""
    source, target = Input((None,), dtype="int32", name="s"), Input((None, 2), name="t")
    h, c = LSTM(3, return_state=True, name="encoder")(Embedding(5, 3, mask_zero=True)(source))[1:]
    decoder = LSTM(3, return_sequences=True, return_state=True, name="decoder")
    model = Model([source, target], decoder(target, initial_state=[h, c]))
    randomise(model)
    proto, _ = agree(model, [np.array([[1, 2, 0], [0, 0, 0]], "int32"), normal(2, 4, 2)])
    assert [o.name for o in proto.graph.output] == ["decoder_0", "decoder_1", "decoder_2"]
    assert all(node.input[5] for node in nodes(proto) if "decoder" in node.name)


# --------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (Lambda(lambda x: jnp.fft.fft(x).real, name="odd"), "primitive 'fft' of JAX .*/odd'"),
        (Lambda(lambda x: x.astype("int32") & 3, name="odd"), "'and' of JAX on int32 .*/odd'"),
        (TimeDistributed(Lambda(lambda x: jnp.cbrt(x), name="odd")), "'cbrt' of JAX .*/odd'"),
    ],
)
def test_what_onnx_cannot_say_is_refused_by_name(layer, words, tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"before")
    model = Sequential([Input((5, 2)), layer])
    with pytest.raises(ValueError, match=words):
        model.export(path)
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["m.onnx"]


def test_a_file_that_would_be_too_large_is_refused(monkeypatch):
    monkeypatch.setattr("cello.saving.onnx.builder.BYTES", 1000)
    with pytest.raises(ValueError, match="ends at 2 GiB"):
        exported(Sequential([Input((20,)), Dense(20)]))


def test_options_are_checked():
    model = Sequential([Input((2,)), Dense(2)])
    with pytest.raises(ValueError, match="opset must be from 17 to 23"):
        exported(model, opset=12)
    with pytest.raises(TypeError, match="version"):
        exported(model, version=3)


def test_without_onnx_it_is_asked_for(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "cello-rnn\[onnx\]"'):
        Sequential([Input((2,)), Dense(2)]).export(tmp_path / "m.onnx")


# ---------------------------------------------------------------------------- models of all kinds


class Forecaster(Model):
    def __init__(self, rate=None):
        super().__init__(name="forecaster")
        self.lstm = LSTM(3, return_sequences=True)
        self.head = Dense(1)

    def call(self, x):
        return self.head(self.lstm(x)[:, -1]) * 2


def test_a_class_with_a_call_of_its_own():
    model = Forecaster()
    x = normal(2, 5, 3)
    with pytest.raises(ValueError, match="'forecaster' is not built yet"):
        exported(model)
    want = model(x)
    with pytest.raises(ValueError, match=r"'forecaster' has a call of its own.*inputs=Input"):
        exported(model)
    proto = exported(model, inputs=Input((None, 3), name="x"))
    close(session(proto).run(None, {"x": x})[0], want)
    assert not model.lstm.graph_nodes  # nothing is left of the tracing
    outer = Model(y := Input((None, 3), name="y"), Dense(2)(model(y)))
    randomise(outer)
    agree(outer, [x])
    close(session(exported(model)).run(None, {"y": x})[0], model(x))  # its input is known now


def test_a_graph_under_a_call_of_its_own_is_not_taken_for_it():
    class Twice(Model):
        def call(self, x):
            return self.layers[1](self.layers[1](x))

    x = Input((None, 3), name="x")
    model = Twice(x, Dense(3)(x), name="twice")
    randomise(model)
    agree(model, [normal(2, 4, 3)])
    y = Input((None, 3))
    agree(Model(y, model(y)), [normal(2, 4, 3)])

    class Masked(Model):
        def compute_mask(self, inputs, mask):
            return mask

    masked = Masked(x, Dense(3)(x))(Masking()(y))
    data = normal(2, 4, 3)
    data[0, 1:] = 0
    agree(Model(y, GlobalAveragePooling1D()(masked)), [data])


def test_a_call_that_is_more_than_layers():
    class Odd(Model):
        def call(self, x):
            return jnp.sin(x)

    model = Odd(name="odd")
    model(normal(2, 3))
    proto = exported(model, inputs=Input((3,), name="x"))
    close(session(proto).run(["output"], {"x": normal(4, 3)})[0], np.sin(normal(4, 3)))


@pytest.mark.parametrize("first", [LSTM(3), Dense(3), Embedding(9, 3)], ids=lambda v: v.name)
def test_shapes_that_came_with_the_data_are_free(first):
    model = Sequential([first, layers.Activation("tanh")])
    symbols = isinstance(first, Embedding)
    data = [np.ones((n, t), "int32") if symbols else normal(n, t, 3) for n, t in ((2, 4), (3, 7))]
    model(data[0])
    proto = exported(model)
    for x in data:
        close(session(proto).run(None, {model.input_names[0]: x})[0], model(x))


def test_a_sequential_that_needs_its_first_sizes_keeps_them():
    model = Sequential([layers.Flatten(), Dense(2)])
    model(normal(2, 4, 3))
    agree(model, [normal(5, 4, 3)])


def test_names_and_dtypes_of_inputs_and_outputs():
    a, b = Input((None,), dtype="int32", name="symbols"), Input((3,), name="features")
    h = LSTM(3, name="lstm")(Embedding(5, 2)(a))
    model = Model({"q": a, "p": b}, {"one": Dense(2, name="one")(h), "two": b, "three": h + b})
    proto = exported(model)
    inputs = {i.name: i.type.tensor_type for i in proto.graph.input}
    assert inputs["symbols"].elem_type == onnx.TensorProto.INT32
    assert [d.dim_param for d in inputs["symbols"].shape.dim] == ["batch", "time"]
    assert inputs["features"].elem_type == onnx.TensorProto.FLOAT
    assert len(proto.graph.output) == 3 and "one" in [o.name for o in proto.graph.output]
    feed = {"symbols": np.ones((2, 3), "int32"), "features": normal(2, 3)}
    got = session(proto).run(["one"], feed)[0]
    close(got, model({"q": feed["symbols"], "p": feed["features"]})["one"])
    assert (proto.producer_name, proto.producer_version) == ("cello", cello.__version__)
    assert proto.ir_version <= 8 and [o.version for o in proto.opset_import] == [17]


def test_half_precision():
    model = Sequential([Input((None, 3), dtype="float16"), LSTM(4, dtype="float16", name="half")])
    proto = exported(model)
    assert nodes(proto)[0].op_type == "LSTM"
    x = normal(2, 4, 3).astype("float16")
    got = session(proto).run(None, {model.input_names[0]: x})[0]
    assert got.dtype == np.float16
    np.testing.assert_allclose(got, model(x), rtol=5e-3, atol=5e-3)
