"""ONNX files as models of Cello: what Cello and PyTorch wrote, and what must be refused."""

import contextlib
import io
import tempfile
import warnings
from pathlib import Path

import hypothesis.strategies as st
import jax
import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import example, given, settings
from onnx import TensorProto, helper, numpy_helper

import cello
from cello import Input, Model, Sequential, layers, ops
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    Activation,
    Attention,
    Bidirectional,
    Conv1D,
    Dense,
    Embedding,
    GRUCell,
    LSTMCell,
    Masking,
    SimpleRNN,
)
from cello.saving import ModelFileError, from_onnx
from cello.saving.onnx.read_nodes import TABLE

COMPILATIONS = 125


def exported(model, **options) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.onnx"
        model.export(path, **options)
        return path.read_bytes()


def randomise(model, seed=0):
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        value = rng.normal(scale=0.4, size=variable.shape)
        if variable.name == "moving_variance":
            value = np.abs(value) + 0.1
        variable.assign(value.astype(variable.dtype))
    return model


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def outputs(model, data):
    got = jax.jit(model)(data if len(data) > 1 else data[0])
    return [np.asarray(y) for y in (got if isinstance(got, (list, tuple)) else [got])]


def close(got, want):
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        g, w = np.asarray(g), np.asarray(w)
        assert g.shape == w.shape
        scale = max(1.0, np.abs(w).max()) if w.size else 1.0
        np.testing.assert_allclose(g, w, rtol=1e-5, atol=1e-5 * scale)


def runtime(proto, *data):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    run = onnxruntime.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return run.run(None, dict(zip([i.name for i in run.get_inputs()], data, strict=True)))


def kinds(model):
    return [type(v).__name__ for v in model.layers if not isinstance(v, layers.InputLayer)]


# ------------------------------------------------------------------------- what Cello writes


def sequential(*given, features=3):
    return randomise(Sequential([Input((None, features)), *given]))


ROUND = {
    "lstm": lambda: sequential(LSTM(4, return_sequences=True), LSTM(3), Dense(2, "tanh")),
    "gru": lambda: sequential(
        GRU(4, return_sequences=True, reset_after=False, use_bias=False),
        GRU(3, return_sequences=True),
    ),
    "rnn": lambda: sequential(SimpleRNN(4, "relu", return_sequences=True), SimpleRNN(3)),
    "backwards": lambda: sequential(LSTM(4, go_backwards=True, return_sequences=True)),
    "states": lambda: sequential(LSTM(4, return_sequences=True, return_state=True)),
    "bidirectional": lambda: sequential(
        Bidirectional(GRU(4, return_sequences=True)), Bidirectional(LSTM(3)), Dense(2)
    ),
    "sum": lambda: sequential(Bidirectional(LSTM(4, return_sequences=True), "sum")),
    "two of their own": lambda: sequential(
        Bidirectional(LSTM(2), backward_layer=LSTM(2, "relu", "hard_sigmoid", go_backwards=True))
    ),
    "cells": lambda: sequential(RNN([LSTMCell(3), GRUCell(2)], return_sequences=True)),
    "learned": lambda: sequential(Bidirectional(LSTM(3, initial_state="learned"))),
    "masking": lambda: sequential(Masking(), LSTM(3, return_sequences=True), GRU(2)),
    "masked both ways": lambda: sequential(
        Masking(), Bidirectional(GRU(3, return_sequences=True)),
        SimpleRNN(2, return_sequences=True, go_backwards=True), layers.GlobalAveragePooling1D(),
    ),
    "head": lambda: sequential(
        layers.LayerNormalization(), layers.BatchNormalization(), Dense(4, "gelu"),
        layers.GlobalMaxPooling1D(), Dense(3, "softmax"),
    ),
    "convolution": lambda: sequential(
        Conv1D(4, 3, padding="causal", activation="relu"), Conv1D(4, 2, strides=2),
        Conv1D(2, 3, padding="same"), layers.MaxPooling1D(2), LSTM(2),
    ),
    "activations": lambda: sequential(
        *[Activation(f) for f in cello.activations.registry.entries
          if f not in ("threshold", "glu", "exponential")],
    ),
    "reshaping": lambda: randomise(Sequential([
        Input((4, 3)), layers.Permute((2, 1)), layers.Reshape((2, 6)),
        LSTM(3, return_sequences=True), layers.Flatten(), layers.RepeatVector(3), GRU(2),
    ])),
}  # fmt: skip


@pytest.mark.parametrize("name", ROUND)
def test_a_round_trip_predicts_the_same(name):
    model = ROUND[name]()
    data = normal(3, 4 if name == "reshaping" else 8, 3, seed=1)
    if "mask" in name:
        data[0, 4:] = data[1, :2] = data[2] = 0
    back = from_onnx(exported(model))
    close(outputs(back, [data]), outputs(model, [data]))
    assert back.input_names == [n.replace("/", "_") for n in model.input_names]


def test_a_round_trip_gives_the_same_layers():
    model = sequential(
        Bidirectional(GRU(4, return_sequences=True), name="both"), LSTM(3, name="last"),
        Dense(2, "tanh", name="head"),
    )  # fmt: skip
    back = from_onnx(exported(model))
    assert kinds(back) == ["Bidirectional", "LSTM", "Dense", "Activation"]
    assert [back.get_layer(n).name for n in ("both", "last", "head")] == ["both", "last", "head"]
    for one, other in zip(back.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    back.compile("adam", "mse")
    before = back.get_weights()
    back.fit(normal(4, 5, 3), normal(4, 2), verbose=0)
    assert all(np.abs(a - b).max() > 0 for a, b in zip(before, back.get_weights(), strict=True))


def test_weights_of_zeros_stay_weights():
    model = Sequential([Input((None, 3)), LSTM(1), Dense(1), Dense(2)])  # whose biases are zeros
    back = from_onnx(exported(model))
    assert [w.shape for w in back.get_weights()] == [w.shape for w in model.get_weights()]


def test_weights_that_happen_to_be_equal_are_not_shared():
    start = Input((2,))
    one, other = (Dense(2, kernel_initializer="ones", name=name) for name in ("one", "other"))
    back = from_onnx(exported(Model(start, [one(start), other(start)])))
    assert len(back.get_weights()) == 4


def test_round_trips_of_graphs():
    s = Input((None,), dtype="int32", name="s")
    t = Input((None, 3), name="t")
    e = Embedding(9, 3, mask_zero=True)(s)
    h, c = LSTM(4, return_state=True)(e)[1:]
    y, *states = LSTM(4, return_sequences=True, return_state=True)(t, initial_state=[h, c])
    z = Attention()([layers.Add()([t, Dense(3)(y)]), e])
    shared = Dense(2, name="shared")
    model = Model(
        [s, t],
        [
            *states,
            shared(z),
            layers.GlobalAveragePooling1D()(shared(e)),
            ops.mean(y, axis=1) * 2 - 1,
        ],
    )
    randomise(model)
    data = [np.array([[1, 2, 0, 4], [0, 0, 0, 0], [3, 0, 5, 0]], "int32"), normal(3, 5, 3)]
    back = from_onnx(exported(model))
    close(outputs(back, data), outputs(model, data))
    assert kinds(back).count("LSTM") == 2 and "Embedding" in kinds(back)
    assert [v.name for v in back.layers].count("shared") == 1


def test_states_that_may_be_left_out_become_inputs():
    model = sequential(LSTM(3, return_sequences=True, name="lstm"), Dense(2))
    back = from_onnx(exported(model, states=True))
    assert back.input_names[1:] == ["lstm_h", "lstm_c"]
    x, zero = normal(2, 6, 3), np.zeros((2, 3), "float32")
    first = outputs(back, [x[:, :2], zero, zero])
    second = outputs(back, [x[:, 2:], *first[1:]])
    close([np.concatenate([first[0], second[0]], 1)], outputs(model, [x]))


@st.composite
def cases(draw):
    name = draw(st.sampled_from(["LSTM", "GRU", "SimpleRNN"]))
    options = {
        "units": 4,
        "use_bias": draw(st.booleans()),
        "activation": draw(st.sampled_from("tanh relu linear elu softsign leaky_relu".split())),
        "return_sequences": draw(st.booleans()),
        "return_state": draw(st.booleans()),
        "go_backwards": draw(st.booleans()),
    }
    if name == "GRU":
        options["reset_after"] = draw(st.booleans())
    if name != "SimpleRNN":
        options["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "hard_sigmoid"]))
    wrap = draw(st.sampled_from([None, "concat", "sum", "none"]))
    return name, options, wrap, draw(st.booleans()), draw(st.booleans()), draw(st.integers(0, 99))


@settings(settings.get_profile("brief"))
@given(cases())
@example(("LSTM", {"units": 4, "return_sequences": True, "return_state": True}, "concat", 1, 1, 0))
def test_recurrent_layers_come_back(case):
    name, options, wrap, masked, given_state, seed = case
    layer = getattr(layers, name)(**options)
    if wrap is not None:
        layer = Bidirectional(layer, None if wrap == "none" else wrap)
    x = Input((None, 2), name="x")
    inputs, kwargs = [x], {}
    if masked:
        inputs.append(Input((None,), dtype="bool", name="m"))
        kwargs["mask"] = inputs[-1]
    if given_state:
        n = (1 + (name == "LSTM")) * (1 if wrap is None else 2)
        states = [Input((options["units"],), name=f"s{i}") for i in range(n)]
        inputs, kwargs["initial_state"] = inputs + states, states
    model = randomise(Model(inputs, layer(x, **kwargs)), seed)
    back = from_onnx(exported(model))
    rng = np.random.default_rng(seed)
    data = [normal(3, 5, 2, seed=seed)]
    if masked:
        mask = rng.random((3, 5)) < 0.6
        mask[0] = False
        data.append(mask)
    data += [normal(3, options["units"], seed=i) for i in range(len(inputs) - len(data))]
    close(outputs(back, data), outputs(model, data))


# ------------------------------------------------------------------------ what PyTorch writes


def torch_file(module, *data, **names):
    """The file of a PyTorch module, all sizes but the features free."""
    import torch

    file = io.BytesIO()
    axes = {}
    for name, value in zip(names["inputs"], data, strict=True):
        batch = {1: "batch"} if name in "hc" else {0: "a", 1: "b"}
        axes[name] = batch if value.ndim == 3 else {0: "a", 1: "b"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(), tuple(data), file, dynamo=False, input_names=list(names["inputs"]),
            dynamic_axes=names.get("axes", axes), opset_version=names.get("opset", 17),
        )  # fmt: skip
    return file.getvalue()


@pytest.mark.parametrize(
    ("layers_", "opset", "batch_first"),
    [
        (1, 13, False),
        (2, 20, True),
        pytest.param(1, 13, True, marks=pytest.mark.deep),
        pytest.param(2, 20, False, marks=pytest.mark.deep),
    ],
)
@pytest.mark.parametrize("both_ways", [False, True])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_pytorchs_recurrent_modules(kind, batch_first, both_ways, layers_, opset):
    torch = pytest.importorskip("torch")
    torch.manual_seed(layers_)

    class Module(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = getattr(torch.nn, kind)(
                3, 4, layers_, batch_first=batch_first, bidirectional=both_ways
            )
            self.head = torch.nn.Linear(4 * (1 + both_ways), 2)

        def forward(self, x, h, c=None):
            y, last = self.rnn(x, h if c is None else (h, c))
            return (
                self.head(y),
                y[:, -1] if batch_first else y[-1],
                *(last if isinstance(last, tuple) else [last]),
            )

    module = Module()
    x = torch.randn(2, 5, 3) if batch_first else torch.randn(5, 2, 3)
    states = [torch.randn(layers_ * (1 + both_ways), 2, 4) for _ in range(1 + (kind == "LSTM"))]
    names = "xhc"[: 1 + len(states)]
    model = from_onnx(torch_file(module, x, *states, inputs=names, opset=opset))
    x = torch.randn(3, 7, 3) if batch_first else torch.randn(7, 3, 3)
    states = [torch.randn(layers_ * (1 + both_ways), 3, 4) for _ in states]
    with torch.no_grad():
        want = [y.numpy() for y in module(x, *states)]
    if not batch_first:
        x, want[0] = x.swapaxes(0, 1), want[0].swapaxes(0, 1)
    want[2:] = [y.swapaxes(0, 1) for y in want[2:]]
    got = outputs(model, [x.numpy(), *(s.numpy().swapaxes(0, 1) for s in states)])
    if layers_ == 1 and not both_ways:  # without the axis of one layer
        want[2:] = [y[:, 0] for y in want[2:]]
    close(got, want)
    name = {"RNN": "SimpleRNN"}.get(kind, kind)
    name = "Bidirectional" if both_ways else name
    assert kinds(model).count(name) == layers_ and "Dense" in kinds(model)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("both_ways", [False, True])
def test_pytorchs_classifier_is_made_of_layers_alone(kind, both_ways):
    torch = pytest.importorskip("torch")

    class Module(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = torch.nn.Embedding(9, 3)
            self.rnn = getattr(torch.nn, kind)(
                3, 4, 2, batch_first=True, bidirectional=both_ways, bias=kind != "GRU", dropout=0.2
            )
            self.norm = torch.nn.LayerNorm(4 * (1 + both_ways))
            self.head = torch.nn.Sequential(
                torch.nn.Linear(4 * (1 + both_ways), 5), torch.nn.ReLU(), torch.nn.Linear(5, 2)
            )

        def forward(self, symbols):
            return torch.softmax(self.head(self.norm(self.rnn(self.embed(symbols))[0])), -1)

    module = Module()
    model = from_onnx(torch_file(module, torch.randint(0, 9, (2, 5)), inputs=["x"]))
    symbols = torch.randint(0, 9, (3, 7))
    with torch.no_grad():
        want = module(symbols).numpy()
    close(outputs(model, [symbols.numpy()]), [want])
    name = "Bidirectional" if both_ways else {"RNN": "SimpleRNN"}.get(kind, kind)
    assert kinds(model) == [
        "Embedding", name, name, "LayerNormalization", "Dense", "Activation", "Dense", "Activation"
    ]  # fmt: skip


def test_pytorchs_convolutions_and_fixed_sizes():
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(
        torch.nn.Conv1d(3, 4, 3, padding=1), torch.nn.BatchNorm1d(4), torch.nn.GELU(),
        torch.nn.MaxPool1d(2), torch.nn.Flatten(), torch.nn.Linear(12, 2), torch.nn.Hardtanh(),
    )  # fmt: skip
    module[1].running_mean.normal_()
    model = from_onnx(torch_file(module, torch.randn(2, 3, 6), inputs=["x"], opset=18, axes={}))
    x = torch.randn(2, 3, 6)
    with torch.no_grad():
        close(outputs(model, [x.numpy()]), [module(x).numpy()])


# ---------------------------------------------------------------- files that others could write


def node_file(kind="LSTM", directions=1, lengths=False, change=None, batch=None, **attributes):
    """A file of one recurrent node, its inputs time-major."""
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    arrays = {
        "W": normal(directions, gates * 3, 2),
        "R": normal(directions, gates * 3, 3, seed=1) * 0.5,
        "B": normal(directions, gates * 6, seed=2),
    }
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["t", batch or "b", 2])]
    if lengths:
        inputs.append(helper.make_tensor_value_info("n", TensorProto.INT32, [batch or "b"]))
    names = ["x", "W", "R", "B", "n" if lengths else ""]
    node = helper.make_node(kind, names, ["y", "h"], "node", hidden_size=3, **attributes)
    graph = helper.make_graph(
        [node], "g", inputs,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * 4),
         helper.make_tensor_value_info("h", TensorProto.FLOAT, [None] * 3)],
        [numpy_helper.from_array(v, k) for k, v in arrays.items()],
    )  # fmt: skip
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if change is not None:
        change(proto)
    return proto


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_bare_nodes_and_lengths(kind, lengths, direction):
    directions = 1 + (direction == "bidirectional")
    proto = node_file(kind, directions, lengths, direction=direction)
    model = from_onnx(proto)
    x, n = normal(6, 3, 2, seed=4), np.array([6, 2, 1], "int32")
    y, h = runtime(proto, *[x, n][: 1 + lengths])
    y, h = y.transpose(2, 1, 0, 3), h.swapaxes(0, 1)
    if directions == 1:
        y, h = y[:, 0], h[:, 0]
    close(outputs(model, [x.swapaxes(0, 1), n][: 1 + lengths]), [y, h])


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"clip": 1.0}, "LSTM 'node': its attribute clip is not read"),
        ({"input_forget": 1}, "LSTM 'node': input_forget"),
        ({"layout": 1}, "LSTM 'node': layout=1"),
        ({"activations": ["Sigmoid", "Tanh", "Relu"]}, "LSTM 'node': it has the activations"),
        (
            {"activations": ["HardSigmoid", "Tanh", "Tanh"], "activation_alpha": [0.3]},
            "its activation HardSigmoid .alpha=0.3",
        ),
        ({"activations": ["Sigmoid", "Swish", "Swish"]}, "its activation Swish"),
        ({"activations": ["Sigmoid"]}, "it has 1 activations, not 3"),
        ({"direction": "sideways"}, "its direction 'sideways' is unknown"),
        ({"hidden_size": 9}, "its weights do not fit together"),
    ],
)
def test_attributes_that_are_not_read_are_named(attributes, words):
    def change(proto):
        node = proto.graph.node[0]
        for name, value in attributes.items():
            kept = [a for a in node.attribute if a.name != name]
            del node.attribute[:]
            node.attribute.extend([*kept, helper.make_attribute(name, value)])

    with pytest.raises(ModelFileError, match=words):
        from_onnx(node_file(change=change))


def refused(change, words, **options):
    with pytest.raises(ModelFileError, match=words):
        from_onnx(node_file(change=change, **options))


def test_operators_that_are_not_read_are_named():
    def other(kind, domain=""):
        def change(proto):
            proto.graph.node[0].op_type, proto.graph.node[0].domain = kind, domain

        return change

    refused(other("Loop"), r"operator Loop \(Loop 'node'\) is not read")
    refused(other("Attention", "com.microsoft"), "Attention of 'com.microsoft'")

    def peepholes(proto):
        proto.graph.node[0].input.extend(["", "", "B"])

    refused(peepholes, "peephole weights")

    def graph_inside(proto):
        body = helper.make_graph([], "body", [], [])
        proto.graph.node[0].attribute.append(helper.make_attribute("body", body))

    refused(graph_inside, "holds a graph")


def test_nothing_else_on_the_disk_is_opened(tmp_path):
    (tmp_path / "weights").write_bytes(bytes(4 * 24))

    def external(proto):
        tensor = proto.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="weights")

    proto = node_file(change=external)
    (tmp_path / "m.onnx").write_bytes(proto.SerializeToString())
    for source in (tmp_path / "m.onnx", str(tmp_path / "m.onnx"), proto):
        with pytest.raises(ModelFileError, match="'W' is kept in another file"):
            from_onnx(source)


def test_sizes_are_those_of_what_is_there():
    def dims(*sizes):
        def change(proto):
            del proto.graph.initializer[0].dims[:]
            proto.graph.initializer[0].dims.extend(sizes)

        return change

    refused(dims(2**40, 2**40), "'W' of shape .* does not hold as many numbers")
    refused(dims(-1, 12, 2), "'W' has the shape")
    refused(dims(1, 12, 3), "does not hold as many numbers")
    refused(dims(1, 8, 3), "its weights do not fit together")

    def large(proto):
        size = helper.make_node("Constant", [], ["s"], value_ints=[2**40])
        zeros = helper.make_node("ConstantOfShape", ["s"], ["z"])
        proto.graph.node.extend([size, zeros, helper.make_node("Mul", ["z", "y"], ["q"])])
        proto.graph.output[0].name = "q"

    refused(large, "constant of the shape")


def test_an_input_does_not_make_the_weights_larger():
    def wide(proto):
        proto.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 2**31 - 1

    refused(wide, "LSTM 'node': its weights are for 2 features, and the input has 2147483647")
    proto = onnx.load_from_string(exported(sequential(Dense(2))))
    wide(proto)
    with pytest.raises(ModelFileError, match="its weights are for 3 features"):
        from_onnx(proto)

    def negative(proto):
        proto.graph.input[0].type.tensor_type.shape.dim[2].dim_value = -2

    refused(negative, "'x' has a size of -2")


def test_graphs_that_do_not_hold_together():
    def names(*inputs):
        def change(proto):
            proto.graph.node[0].input[:] = inputs

        return change

    refused(names("nowhere", "W", "R", "B"), "needs 'nowhere', which nothing before it makes")
    refused(names("y", "W", "R", "B"), "needs 'y', which nothing before it makes")
    refused(names("x", "x", "R", "B"), "its W is not a constant")
    refused(lambda p: p.graph.ClearField("output"), "has no outputs")
    refused(lambda p: p.graph.ClearField("input"), "has no inputs")
    refused(lambda p: p.ClearField("opset_import"), "names no operator set")
    refused(lambda p: setattr(p.opset_import[0], "version", 3), "written in opset 3")
    for data in (b"", b"no model", bytes(100)):
        with pytest.raises(ModelFileError):
            from_onnx(data)
    with pytest.raises(ValueError, match="takes a path, the bytes"):
        from_onnx(3)
    with pytest.raises(FileNotFoundError):
        from_onnx("/nowhere/m.onnx")


FILES = [
    exported(sequential(Masking(), Bidirectional(GRU(2)), Dense(2))),
    exported(sequential(Conv1D(2, 2), LSTM(2, return_sequences=True), Dense(1)), states=True),
    node_file("GRU", 2, lengths=True, direction="bidirectional").SerializeToString(),
]


@given(
    st.sampled_from(range(len(FILES))),
    st.lists(st.tuples(st.integers(0, 2**31), st.integers(0, 255)), min_size=1, max_size=4),
    st.sampled_from(["change", "cut", "insert"]),
)
def test_a_damaged_file_is_refused_in_one_way(which, places, how):
    data = bytearray(FILES[which])
    for place, value in places:
        place %= len(data)
        if how == "change":
            data[place] = value
        elif how == "insert":
            data.insert(place, value)
        else:
            del data[place : place + 1 + value]
    try:
        model = from_onnx(bytes(data))
    except ModelFileError:
        return
    assert isinstance(model, Model)


NAMES = sorted(TABLE)


@given(st.sampled_from(range(len(FILES))), st.integers(0, 2**31))
@settings(max_examples=40)
def test_a_file_whose_parts_do_not_fit_is_refused_in_one_way(which, seed):
    """Whole files with other operators, inputs, attributes and sizes."""
    rng = np.random.default_rng(seed)
    proto = onnx.load_from_string(FILES[which])
    graph = proto.graph
    everything = [n for node in graph.node for n in node.output] + [i.name for i in graph.input]
    everything += [t.name for t in graph.initializer]
    for _ in range(rng.integers(1, 3)):
        node = graph.node[rng.integers(len(graph.node))]
        what = rng.integers(6)
        if what == 0:
            node.op_type = str(rng.choice(NAMES))
        elif what == 1 and node.input:
            node.input[rng.integers(len(node.input))] = str(rng.choice(everything))
        elif what == 2:
            del node.input[rng.integers(len(node.input) + 1) :]
        elif what == 3 and node.attribute:
            attribute = node.attribute[rng.integers(len(node.attribute))]
            attribute.CopyFrom(helper.make_attribute(attribute.name, int(rng.integers(-3, 4))))
        elif what == 4:
            tensor = graph.initializer[rng.integers(len(graph.initializer))]
            value = numpy_helper.to_array(tensor)
            value = value.reshape(-1) if rng.random() < 0.5 else value * -7
            tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
        else:
            dims = graph.input[rng.integers(len(graph.input))].type.tensor_type.shape.dim
            dims[rng.integers(len(dims))].dim_value = int(rng.integers(0, 2**33))
    with contextlib.suppress(ModelFileError):
        assert isinstance(from_onnx(proto), Model)


def test_without_onnx_it_is_asked_for(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "cello-rnn\[onnx\]"'):
        from_onnx(b"")
