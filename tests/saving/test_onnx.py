"""Models as ONNX files: ONNX Runtime computes with them what Cello does."""

import tempfile
from pathlib import Path

import hypothesis.strategies as st
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import example, given

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

COMPILATIONS = 1250

LOOPS = {"Loop", "Scan", "If"}
KINDS = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}


def exported(model, **options):
    """The file of `model`, checked."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.onnx"
        model.export(path, **options)
        proto = onnx.load(path)
        assert [p.name for p in Path(folder).iterdir()] == ["m.onnx"]
    onnx.checker.check_model(proto, full_check=True)
    assert not LOOPS & {node.op_type for node in proto.graph.node}
    return proto


def nodes(proto, *kinds):
    return [n for n in proto.graph.node if n.op_type in (kinds or ("LSTM", "GRU", "RNN"))]


def session(proto):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def randomise(model, seed=0):
    """Weights that are all different, so that exchanged gates are noticed."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        value = rng.normal(scale=0.4, size=variable.shape)
        if variable.name == "moving_variance":
            value = np.abs(value) + 0.1
        variable.assign(value.astype(variable.dtype))


def close(got, want):
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape and got.dtype == want.dtype
    scale = max(1.0, np.abs(want).max()) if want.size and want.dtype != bool else 1.0
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5 * scale)


def agree(model, data, proto=None, **options):
    """ONNX Runtime gives for `data`, one array for each input, what `model` gives."""
    proto = exported(model, **options) if proto is None else proto
    with_names = dict(zip(model.input_names, data, strict=True))
    got = session(proto).run(None, with_names)
    want = model(data if len(data) > 1 else data[0])
    want = list(want) if isinstance(want, (list, tuple)) else [want]
    for g, w in zip(got, want, strict=False):
        close(g, w)
    return proto, got


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


def make_mask(kind, batch, time, rng):
    lengths = rng.integers(1, time + 1, size=batch)
    steps = np.arange(time)
    if kind == "right":
        return steps[None] < lengths[:, None]
    if kind == "left":
        return steps[None] >= time - lengths[:, None]
    mask = rng.random((batch, time)) < 0.6
    if kind == "empty":
        mask[0] = False
    return mask


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
        import jax

        want = jax.tree.leaves(model([data, mask]))
        assert len(flat) == len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            close(g, w)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


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


# ------------------------------------------------------------------------------ every layer

SEQUENCE = (3, 6, 4)


def row(*args, inputs=SEQUENCE, dtype="float32", **kwargs):
    return args, kwargs, inputs if isinstance(inputs, list) else [inputs], dtype


PICTURE = (3, 5, 6, 4)
# fmt: off
ROWS = {
    "GRU": [row(3)],
    "LSTM": [row(3)],
    "RNN": [row(GRUCell(3)), row([SimpleRNNCell(3), SimpleRNNCell(2)])],
    "SimpleRNN": [row(3)],
    "Activation": [row(f, inputs=(3, 4)) for f in cello.activations.registry.entries
                   if f != "threshold"],
    "Add": [row(inputs=[(3, 4), SEQUENCE, (3, 1, 4)])],
    "AdditiveAttention": [row(inputs=[SEQUENCE, (3, 2, 4)]), row(False, inputs=[SEQUENCE] * 2)],
    "Attention": [
        row(inputs=[SEQUENCE, (3, 2, 5), (3, 2, 4)]),
        row(True, inputs=[SEQUENCE] * 2),
        row(True, "concat", inputs=[SEQUENCE] * 2),
        row(score_mode="concat", inputs=[SEQUENCE] * 2),
    ],
    "Average": [row(inputs=[SEQUENCE] * 3), row(inputs=[(3, 4), SEQUENCE])],
    "BatchNormalization": [
        row(), row(axis=1), row(center=False, scale=False, inputs=(3, 4)), row(epsilon=0.1),
    ],
    "Bidirectional": [row(LSTM(2)), row(RNN(GRUCell(3)), merge_mode="ave")],
    "Concatenate": [row(inputs=[SEQUENCE, (3, 6, 2)]), row(axis=1, inputs=[SEQUENCE, (3, 2, 4)])],
    "Conv1D": [
        row(5, 3), row(4, 2, strides=2, padding="same", groups=2), row(4, 3, strides=3,
        padding="same"), row(3, 2, padding="same"), row(3, 4, padding="same", dilation_rate=2),
        row(4, 2, dilation_rate=3, padding="causal", use_bias=False, activation="gelu"),
        row(4, 3, padding="causal", strides=2), row(4, 2, strides=3, activation="glu"),
    ],
    "Dense": [row(5), row(4, "relu", use_bias=False, inputs=(3, 4)), row(4, "glu"),
              row(2, dtype="int32")],
    "Dot": [
        row(2, inputs=[SEQUENCE, (3, 2, 4)]), row((1, 2), inputs=[(3, 4, 6), (3, 2, 4)]),
        row(1, normalize=True, inputs=[(3, 4), (3, 4)]), row((1, 2), inputs=[(3, 4), SEQUENCE]),
    ],
    "Dropout": [row(0.5)],
    "EinsumDense": [
        row("abc,cd->abd", (None, 5), bias_axes="d", activation="relu"),
        row("...c,cde->...de", (2, 3), bias_axes="e"), row("ab...,bd->ad...", 5, activation="glu"),
    ],
    "ActivityRegularization": [row(0.1)],
    "ReLU": [row(), row(1.5, 0.2, 0.3)],
    "PReLU": [row(shared_axes=[1]), row(inputs=(3, 4))],
    "Softmax": [row(), row(axis=[1, 2]), row(axis=1)],
    "Rescaling": [row(0.5, 0.1), row([1.0, 2.0, 3.0, 4.0], 1.0), row(2.0, dtype="int32")],
    "Normalization": [row(mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 0.0, 4.0, 2.0]),
                      row(axis=None, mean=0.5, variance=2.0, invert=True)],
    "UnitNormalization": [row(), row(axis=[1, 2])],
    "GroupNormalization": [row(2), row(-1, epsilon=0.1), row(2, center=False, inputs=(3, 4)),
                           row(1, axis=1), row(2, inputs=(3, 2, 5, 4))],
    "Conv1DTranspose": [row(5, 3), row(3, 2, 3), row(3, 4, 2, "same"),
                        row(3, 3, 2, output_padding=1),
                        row(3, 3, 1, "same", dilation_rate=2, activation="tanh")],
    "Conv2D": [row(4, 3, inputs=PICTURE), row(4, (2, 3), (2, 1), "same", inputs=PICTURE),
               row(4, 3, padding="same", dilation_rate=2, groups=2, inputs=PICTURE)],
    "DepthwiseConv1D": [row(3), row(2, 2, "same", 2), row(3, padding="causal", depth_multiplier=3)],
    "SeparableConv1D": [row(5, 3), row(4, 2, 2, "same", depth_multiplier=2, activation="relu")],
    "AveragePooling1D": [row(2), row(3, 2, "same"), row(2, 3, "same"), row(2, 1)],
    "AveragePooling2D": [row(2, inputs=PICTURE), row((2, 3), 1, "same", inputs=PICTURE)],
    "MaxPooling2D": [row(inputs=PICTURE), row((2, 3), 2, "same", inputs=PICTURE)],
    "GlobalAveragePooling2D": [row(inputs=PICTURE), row(keepdims=True, inputs=PICTURE)],
    "GlobalMaxPooling2D": [row(inputs=PICTURE), row(keepdims=True, inputs=PICTURE)],
    "UpSampling1D": [row(), row(3)],
    "ZeroPadding1D": [row(), row((2, 0))],
    "Cropping1D": [row(), row((0, 2)), row((1, 0))],
    "AlphaDropout": [row(0.5)],
    "ELU": [row(0.7)],
    "GaussianDropout": [row(0.5)],
    "GaussianNoise": [row(0.5)],
    "Identity": [row()],
    "LeakyReLU": [row(0.2)],
    "Embedding": [row(9, 3, inputs=(3, 5), dtype="int32"), row(9, 3, inputs=(3,), dtype="int32"),
                  row(9, 2, inputs=(3, 5), dtype="float32-symbols")],
    "Flatten": [row(), row(inputs=(3,)), row(inputs=(3, 2, 2, 2))],
    "GlobalAveragePooling1D": [row(), row(keepdims=True)],
    "GlobalMaxPooling1D": [row(), row(keepdims=True)],
    "LayerNormalization": [
        row(), row(axis=[1, 2], center=False), row(axis=1), row(scale=False), row(center=False,
        scale=False), row(epsilon=0.1, inputs=(3, 4)), row(axis=[1, 2]),
    ],
    "GroupQueryAttention": [],  # test_attention_in_heads has both
    "MultiHeadAttention": [],
    "Masking": [row()],
    "MaxPooling1D": [row(), row(3, 2, "same"), row(2, 3, "same"), row(2, 1)],
    "Maximum": [row(inputs=[SEQUENCE] * 3)],
    "Minimum": [row(inputs=[SEQUENCE] * 2)],
    "Multiply": [row(inputs=[(3, 4), SEQUENCE])],
    "Permute": [row((2, 1)), row((3, 1, 2), inputs=(3, 2, 4, 5))],
    "RMSNormalization": [row(), row(axis=[1, 2]), row(axis=1, epsilon=0.1)],
    "RepeatVector": [row(3, inputs=(3, 4))],
    "Reshape": [row((4, 6)), row((-1, 2)), row((24,))],
    "SpatialDropout1D": [row(0.5)],
    "Subtract": [row(inputs=[SEQUENCE, (3, 4)])],
    "TimeDistributed": [
        row(Dense(3)), row(LSTM(2), inputs=(3, 2, 5, 4)), row(layers.Flatten(),
        inputs=(3, 2, 5, 4)),
    ],
}
# fmt: on
NOT_LAYERS = {"InputLayer", "InputSpec", "Layer"}


def classes():
    return {
        name: cls
        for name in layers.__all__
        if isinstance(cls := getattr(layers, name), type) and name not in NOT_LAYERS
    }


def test_every_layer_has_a_row_or_a_reason():
    from cello.saving.onnx.refused import REFUSED

    names = {cls.__name__ for cls in classes().values()}
    known = {name for name in names if not name.endswith(("Cell", "Cells"))}
    refused = {cls.__name__ for cls in REFUSED}
    # Of the recurrent layers ONNX has three.
    refused |= {n for n in known if issubclass(getattr(layers, n), RNN)} - set(ROWS)
    assert known == set(ROWS) | refused and {"RNN", "LSTM", "GRU", "SimpleRNN"} <= set(ROWS)


def opened(name, args, kwargs, shapes):
    """The shapes with a free time, where there is one and the layer does not need to know it."""
    if name.endswith("Normalization") and "axis" in kwargs:
        return None
    if (name == "Dot" and args == ((1, 2),)) or args[:1] == ("ab...,bd->ad...",):
        return None
    free = [(s[0], None, *s[2:]) if len(s) == 3 else s for s in shapes]
    return None if free == shapes else free


def cases_of_each_layer():
    for name, rows in ROWS.items():
        for case in rows:
            yield pytest.param(name, case, case[2], id=f"{name}{case[:3]}")
            free = opened(name, *case[:3])
            if free is not None:
                yield pytest.param(name, case, free, id=f"{name}{case[:3]}-open")


@pytest.mark.parametrize(("name", "case", "shapes_in"), [*cases_of_each_layer()])
def test_each_layer(name, case, shapes_in):
    args, kwargs, shapes, dtype = case
    open_time = shapes_in != shapes
    symbols = "symbols" in dtype or name == "Embedding"
    dtype = dtype.split("-")[0]
    if open_time and name != "Reshape":  # another length than any that the layer was told of
        shapes = [(s[0], 7, *s[2:]) if s[1:2] == (6,) else s for s in shapes]
    layer = getattr(layers, name)(*args, **kwargs)
    layer = type(layer).from_config(layer.get_config())  # rows share objects
    inputs = [Input(s[1:], dtype=dtype) for s in shapes_in]
    model = Model(inputs, layer(inputs if len(inputs) > 1 else inputs[0]))
    randomise(model)
    rng = np.random.default_rng(0)
    batch = 3
    data = [
        rng.integers(0, 9, size=(batch, *s[1:])).astype(dtype)
        if symbols or dtype == "int32"
        else rng.normal(size=(batch, *s[1:])).astype(dtype) * 2
        for s in shapes
    ]
    for opset in (18,) if open_time else (17, 23):
        agree(model, data, opset=opset)


# ------------------------------------------------------------------------ functions of cello.ops

FUNCTIONS = {
    "getitem": [
        lambda x: x[:, -1], lambda x: x[..., 0], lambda x: x[:, ::2, 1:], lambda x: x[:, ::-1],
        lambda x: x[:, None, 1:-1], lambda x: x[:, 0, None, ..., -1], lambda x: x[:, -2:1:-1],
        lambda x: x[:, jnp.array([2, 0, 1])], lambda x: x[:, :, jnp.array([[0], [1]])],
    ],
    "arithmetic": [
        lambda x: x + 1, lambda x: 2 - x, lambda x: x * x / 3, lambda x: -x, lambda x: x**2,
        lambda x: x // 2, lambda x: x % 0.7, lambda x: 1 / (x + 9), lambda x: x @ np.eye(4)[:, :2],
        lambda x: ops.dot(x, jnp.ones((4, 2))), lambda x: ops.matmul(x, ops.swapaxes(x, 1, 2)),
        lambda x: ops.einsum("bij,bkj->bik", x, x), lambda x: ops.maximum(x, 0.1),
        lambda x: ops.minimum(x, x[:, :1]), lambda x: ops.subtract(x, 1), lambda x: ops.mod(x, 2.0),
        lambda x: ops.add(x, np.arange(4, dtype="float32")), lambda x: ops.divide(x, 2),
        lambda x: ops.true_divide(x, 2), lambda x: ops.floor_divide(x, 0.3),
        lambda x: ops.power(ops.abs(x), 1.5),
    ],
    "comparison": [
        lambda x: x > 0, lambda x: x <= 0.1, lambda x: ops.equal(x, x), lambda x: x < x[:, :1],
        lambda x: ops.not_equal(x, 0), lambda x: ops.where(x >= 0, x, -1.0),
        lambda x: ops.logical_and(x > 0, x < 1), lambda x: ops.logical_not(x > 0),
        lambda x: ops.logical_or(x > 1, x < 0), lambda x: ops.clip(x, -0.5, 0.5),
        lambda x: ops.clip(x, None, 0.5), lambda x: ops.isnan(x), lambda x: ops.isfinite(x),
        lambda x: ops.cast(x > 0, "float32"), lambda x: ops.cast(x, "int32") + 1,
        lambda x: ops.cast(x, "int32") / 2, lambda x: ops.greater((x > 0), (x > 1)),
    ],
    "reductions": [
        lambda x: ops.mean(x, axis=1), lambda x: ops.sum(x, axis=(1, 2)), lambda x: ops.max(x, -1),
        lambda x: ops.min(x, axis=1, keepdims=True), lambda x: ops.prod(x, axis=1), ops.sum,
        lambda x: ops.any(x > 0, axis=1), lambda x: ops.all(x > -1, axis=-1, keepdims=True),
        lambda x: ops.var(x, axis=1), lambda x: ops.std(x, axis=1, keepdims=True),
        lambda x: ops.argmax(x, axis=1), lambda x: ops.argmin(x, axis=-1), ops.mean,
        lambda x: ops.logsumexp(x, axis=-1), lambda x: ops.cumsum(x, axis=1),
        lambda x: ops.average(x, axis=1), ops.argmax,
    ],
    "shapes": [
        lambda x: ops.reshape(x, (-1, 4)), lambda x: ops.transpose(x, (0, 2, 1)), ops.transpose,
        lambda x: ops.moveaxis(x, 1, -1), lambda x: ops.squeeze(x[:, :1], axis=1), ops.flip,
        lambda x: ops.expand_dims(x, -1), lambda x: ops.concatenate([x, x * 2], axis=1),
        lambda x: ops.stack([x, -x], axis=-1), lambda x: ops.flip(x, axis=1),
        lambda x: ops.tile(x, (1, 2, 1)), lambda x: ops.repeat(x, 2, axis=1),
        lambda x: ops.repeat(x, 3, axis=-1), lambda x: ops.take(x, jnp.array([1, 0]), axis=2),
        lambda x: ops.split(x, 2, axis=-1)[1], lambda x: ops.unstack(x, axis=2)[3],
        lambda x: ops.zeros_like(x), lambda x: ops.ones_like(x) + x,
        lambda x: ops.broadcast_to(ops.sum(x), (3, 2)), lambda x: ops.swapaxes(x, 0, 1),
    ],
    "element": [
        *(getattr(ops, n) for n in (
            "abs absolute ceil cos cosh exp floor round sign sin sinh tan tanh square expm1 "
            "negative sigmoid elu leaky_relu gelu relu relu6 selu silu softplus log_sigmoid "
            "soft_sign softsign erf softmax log_softmax reciprocal arctan "
            "convert_to_tensor").split()),
        lambda x: ops.log(ops.abs(x) + 1), lambda x: ops.log10(ops.abs(x) + 1),
        lambda x: ops.log2(ops.abs(x) + 1), lambda x: ops.log1p(ops.abs(x)),
        lambda x: ops.sqrt(ops.abs(x)),
        lambda x: ops.softmax(x, axis=1), lambda x: ops.gelu(x, approximate=False),
        lambda x: ops.multiply(x, 2),
    ],
}  # fmt: skip


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


@pytest.mark.parametrize("group", FUNCTIONS)
def test_functions_of_ops(group):
    """All of a group in one model."""
    x = Input((None, 4), name="x")
    outputs = [f(x) for f in FUNCTIONS[group]]
    model = Model(x, outputs)
    for opset in (17, 23):
        _, got = agree(model, [normal(3, 6, 4)], opset=opset)
        assert len(got) == len(outputs)


def test_every_function_with_a_form_is_tested():
    from cello.saving.onnx.write_operations import FUNCTIONS as known

    x = Input((None, 4))
    used = set()
    for group in FUNCTIONS.values():
        for f in group:
            used |= {
                layer.function for layer in Model(x, f(x)).sublayers if hasattr(layer, "function")
            }
    assert set(known) == used


def test_functions_without_a_form_are_named():
    x = Input((4,))
    for y, words in (
        (ops.sort(x), r"ops\.sort has no form"),
        (ops.sum(x, axis=1, where=np.ones(4, bool)), r"ops\.sum was called in a way"),
        (ops.var(x, axis=1, ddof=1), r"ops\.var divides by all"),
    ):
        with pytest.raises(ValueError, match=words):
            exported(Model(x, y))


# --------------------------------------------------------------------------------- refusals


class Own(layers.Layer):
    def call(self, x):
        return x * 2


class OwnCell(layers.LSTMCell):
    def call(self, x, states, training=False):
        return x, states


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (Lambda(lambda x: x, name="odd"), "'odd' cannot be exported to ONNX: a Python function"),
        (Own(name="odd"), "'odd' cannot be exported to ONNX: no form .* class Own"),
        (RNN(OwnCell(2), name="odd"), "'odd' runs OwnCell"),
        (RNN([LSTMCell(2), OwnCell(2)], name="odd"), "'odd' runs OwnCell"),
        (layers.ProjectedLSTM(2, name="odd"), "'odd' .* the equations of ProjectedLSTMCell; use"),
        (RNN(layers.ProjectedLSTMCell(2), name="odd"), "'odd' runs ProjectedLSTMCell"),
        (RNN(layers.SLSTMCell(2), name="odd"), "'odd' runs SLSTMCell"),
        (layers.MinGRU(2, name="odd"), "'odd' cannot be exported to ONNX: .* of MinGRUCell; use"),
        (LSTM(2, return_all_states=True, name="odd"), "'odd' cannot .* return_all_states"),
        (LSTM(2, activation="gelu", name="odd"), "'odd': .* no activation 'gelu'. Use one of tanh"),
        (Dense(2, activation=lambda x: x, name="odd"), "'odd': its activation .* no form in ONNX"),
        (TimeDistributed(Own(name="odd")), "'odd' cannot be exported"),
        (LSTM(2, dtype="bfloat16", name="odd"), "'odd' computes in bfloat16"),
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

    with pytest.raises(ValueError, match=r"'odd' cannot .* compute_mask of its own"):
        exported(Model(y, Masked(x, Dense(3)(x), name="odd")(y)))


def test_a_call_that_is_more_than_layers_is_refused():
    class Odd(Model):
        def call(self, x):
            return jnp.sin(x)

    model = Odd(name="odd")
    model(normal(2, 3))
    with pytest.raises(ValueError, match=r"'odd' cannot be traced: .*cello\.ops"):
        exported(model, inputs=Input((3,)))


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
