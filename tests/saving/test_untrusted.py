"""A model file is not trusted: files made to do harm, each refused with its cause.

While one is loaded, a booby trap fails the test where anything but that file is opened, or
anything is imported, compiled, executed or started.
"""

# ruff: noqa: SIM115, UP020

import contextlib
import copy
import importlib
import io
import json
import marshal
import os
import pathlib
import pickle
import socket
import subprocess
import threading
import zipfile
import zlib

import h5py
import numpy as np
import pytest
from crafted import (
    CONFIG,
    METADATA,
    WEIGHTS,
    Sprung,
    called,
    config_of,
    graph,
    h5_file,
    hdf5,
    input_layer,
    keras_file,
    layer,
    load,
    load_h5_config,
    load_weights,
    operation,
    sequential,
    tensor,
    trap,
    unzipped,
    valid,
    zeros,
    zipped,
)

import cello
from cello.saving import ModelFileError

COMPILATIONS = 10


def refused(path, content, message, suffix=".keras", loader=load, **options):
    """The file is refused, with a message that names the cause, and touches nothing else."""
    path = pathlib.Path(path) / f"m{suffix}"
    path.write_bytes(content)
    with trap(path), pytest.raises(ModelFileError, match=message) as caught:
        loader(path, **options)
    assert path.name in str(caught.value)


# --------------------------------------------------------------------------------- the trap


SECRET = str(pathlib.Path(__file__).parent / "fixtures" / "keras_sequential.npz")


def _spring_exec():
    exec("1")


@pytest.mark.parametrize(
    "touch",
    [
        lambda: open(SECRET),
        lambda: io.open(SECRET),
        lambda: pathlib.Path(SECRET).read_text(),
        lambda: os.open(SECRET, os.O_RDONLY),
        lambda: os.system("true"),
        lambda: os.listdir("."),
        lambda: subprocess.Popen(["true"]),
        lambda: socket.socket(),
        lambda: importlib.import_module("json"),
        lambda: __import__("wave_that_is_not_there"),
        lambda: pickle.loads(pickle.dumps(print)),
        lambda: marshal.loads(marshal.dumps(1)),
        lambda: eval("1"),
        lambda: compile("1", "", "eval"),
        _spring_exec,
    ],
)
def test_the_trap_springs(touch, tmp_path):
    with pytest.raises(Sprung), trap(tmp_path / "m.keras"):
        touch()


def test_the_trap_notices_what_was_caught(tmp_path):
    with pytest.raises(Sprung), trap(tmp_path / "m.keras"), contextlib.suppress(BaseException):
        open(SECRET)


def test_the_trap_refuses_writing(tmp_path):
    with pytest.raises(Sprung), trap(tmp_path / "m.keras"):
        open(tmp_path / "m.keras", "wb")


@pytest.mark.parametrize("suffix", [".keras", ".h5", ".weights.h5", ".safetensors"])
def test_a_valid_file_opens_under_the_trap(suffix, tmp_path):
    path = tmp_path / f"m{suffix}"
    path.write_bytes(valid(suffix))
    loader = load if suffix in (".keras", ".h5") else load_weights
    loader(path)  # JAX imports parts of itself when they are first needed
    with trap(path):
        loader(path)


# --------------------------------------------------------------------------- code and names

GADGET = {"origin": "https://example.org/x", "fname": "/tmp/owned"}
LAMBDA = layer("Lambda", function={"class_name": "__lambda__", "config": {"code": "4wEAAA=="}})
CODE = {
    "CVE-2024-3660: the code of a Lambda": (sequential(LAMBDA), "code in a file is never run"),
    "the code of a Lambda, as Keras 2 wrote it": (
        sequential(layer("Lambda", function=["4wEAAAA=", None, None], function_type="lambda")),
        "code in a file is never run",
    ),
    "CVE-2025-1550: a module and a function": (
        sequential({"module": "os", "class_name": "system", "config": {"command": "true"}}),
        "Unknown class 'system' of os",
    ),
    "CVE-2025-1550: a function as a layer's": (
        sequential(layer("Lambda", function={"module": "os", "class_name": "function",
                                             "config": "system", "registered_name": "function"})),
        "a file cannot hold its function",
    ),
    "a class of another module": (
        sequential(layer("Popen", module="subprocess")), "Unknown class 'Popen' of subprocess"
    ),
    "a path of attributes as a class": (
        sequential(layer("Dense.__init__.__globals__", units=1)), "Unknown class"
    ),
    "CVE-2025-8747: the library's own functions": (
        sequential({"module": "keras.utils", "class_name": "get_file", "config": GADGET}),
        "Unknown class 'get_file'",
    ),
    "CVE-2025-8747: as a function of the graph": (
        graph(input_layer(), called({"module": "keras.src.ops.numpy", "class_name": "LoadTxt",
                                     "config": {"name": "layer"}}, tensor())),
        "function 'LoadTxt' .* is not among",
    ),
    "CVE-2025-9906: safety is switched off first": (
        sequential({"module": "keras.config", "class_name": "enable_unsafe_deserialization",
                    "config": {}}, LAMBDA),
        "Unknown class 'enable_unsafe_deserialization'",
    ),
    "CVE-2025-49655: a pickle inside": (
        sequential(layer("TorchModuleWrapper", module="keras.src.utils.torch_utils",
                         torch_module="gASVCgAAAAAAAACMAm9zlC4=")),
        "Unknown class 'TorchModuleWrapper'",
    ),
    "CVE-2025-12058: a path of a vocabulary": (
        sequential(layer("StringLookup", vocabulary="/etc/passwd")), "not the name of a file"
    ),
    "CVE-2025-12058: an address of a vocabulary": (
        sequential(layer("TextVectorization", vocabulary="http://example.org")), "not the name of"
    ),
    "a library's file as a layer": (
        sequential(layer("TFSMLayer", filepath="/tmp/m")), "Unknown class 'TFSMLayer'"
    ),
    "a function of Python's as an activation": (
        sequential(layer("Activation", activation="eval")), "the name of a known activation"
    ),
    "code as an initializer": (
        sequential(layer("Dense", units=1, kernel_initializer={"class_name": "__lambda__",
                                                              "config": {}})),
        "code of a lambda",
    ),
    "a registered name of another module": (
        sequential({**layer("Dense", units=1), "module": "os", "registered_name": "os>system"}),
        "Unknown class 'Dense' of os",
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", CODE)
def test_no_code_is_run_and_no_name_resolved(attack, tmp_path):
    config, message = CODE[attack]
    refused(tmp_path, keras_file(config), message)


@pytest.mark.parametrize("attack", [a for a in CODE if "graph" not in a])
def test_nor_in_a_file_of_keras_2(attack, tmp_path):
    """CVE-2025-9905: the way around the check by `.h5`."""
    config, message = CODE[attack]
    refused(tmp_path, h5_file(config), message, ".h5")


@pytest.mark.parametrize("mode", [None, False, 0, 1, "yes"])
def test_there_is_no_other_mode(mode, tmp_path):
    """CVE-2026-12481: `safe_mode=None`."""
    path = tmp_path / "m.keras"
    path.write_bytes(valid(".keras"))
    with trap(path), pytest.raises(ValueError, match="never runs code"):
        load(path, safe_mode=mode)


def test_a_file_cannot_switch_the_mode(tmp_path):
    config = sequential(layer("Dense", units=1, safe_mode=False))
    refused(tmp_path, keras_file(config), "safe_mode")


def test_a_pickle_is_no_model(tmp_path):
    refused(tmp_path, pickle.dumps(print), "neither a .keras file")
    refused(tmp_path, pickle.dumps(print), "not a whole", ".safetensors", load_weights)


def _loss(name):
    return {"optimizer": "adam", "loss": name}


@pytest.mark.parametrize(
    ("compiled", "message"),
    [
        (_loss({"module": "os", "class_name": "system", "config": {}}), "Unknown class 'system'"),
        (_loss({"module": "builtins", "class_name": "function", "config": "eval"}), "Unknown loss"),
        (_loss("eval"), "Unknown loss"),
        ({"optimizer": "eval"}, "optimizer"),
        ({"optimizer": "adam", "metrics": ["exec"]}, "Unknown metric"),
        (
            {"metrics": [{"module": "keras.metrics", "class_name": "MeanMetricWrapper",
                          "config": {"fn": "os.system"}}]},
            "Unknown class 'MeanMetricWrapper'",
        ),
        ({"metrics": [layer("AUC", module="keras.metrics", num_thresholds=10**9)]}, "bytes of"),
        ({"loss": layer("Dense", module="keras.layers", units=1)}, "loss"),
        (["adam", "mse"], "compiled in a way"),
        ({"__class__": "x", "self": 1}, "compiled in a way"),
        ({"optimizer": layer("Adam", module="keras.optimizers", learning_rate="NaN")}, "number"),
    ],
)  # fmt: skip
def test_what_compile_is_told(compiled, message, tmp_path):
    config = {**config_of(valid(".keras")), "compile_config": compiled}
    refused(tmp_path, keras_file(config), message)


def test_a_wrapped_metric_of_keras_2(tmp_path):
    metric = {"class_name": "MeanMetricWrapper", "config": {"fn": "eval", "name": "x"}}
    training = {"optimizer_config": {"class_name": "Adam", "config": {}}, "loss": "mse"}
    compiled = {**training, "metrics": [[metric]]}
    refused(tmp_path, h5_file(training_config=compiled), "Unknown metric 'eval'", ".h5")


def test_a_function_where_a_class_is_named(tmp_path):
    called_with = []
    config = sequential(layer("Mine", module="mine", registered_name="Mine"))
    refused(
        tmp_path,
        keras_file(config),
        "Unknown class 'Mine'",
        custom_objects={"Mine": lambda *args, **kwargs: called_with.append(args)},
    )
    assert not called_with


# ----------------------------------------------------------- configurations that are no such


def _shared(*entries):
    return [{**entry, "shared_object_id": 1} for entry in entries]


KINDS = {
    "a number as a class": (sequential({**layer("Dense"), "class_name": 5}), "name of a class"),
    "a list as a class": (sequential({**layer("Dense"), "class_name": ["Dense"]}), "of a class"),
    "a list as a module": (sequential({**layer("Dense"), "module": ["os"]}), "Unknown class"),
    "a list as a configuration": (
        sequential({**layer("Dense"), "config": [1]}), "configuration of a Dense is not a dict"
    ),
    "a layer is the whole": (layer("Dense", units=1), "configuration is that of a Dense"),
    "an initializer is the whole": (
        {"module": "keras.initializers", "class_name": "Zeros", "config": {}},
        "configuration is that of a Zeros",
    ),
    "an initializer as a layer": (
        sequential({"module": "keras.initializers", "class_name": "Zeros", "config": {}}),
        "needs a layer and got Zeros",
    ),
    "a layer as an initializer": (
        sequential(layer("Dense", units=1, kernel_initializer=layer("Dense", units=1))),
        "a known initializer, and not a Dense",
    ),
    "a layer as a regularizer": (
        sequential(layer("Dense", units=1, kernel_regularizer=layer("Dense", units=1))),
        "a known regularizer, and not a Dense",
    ),
    "a layer as a cell": (sequential(layer("RNN", cell=layer("Dense", units=1))), "cell"),
    "one id for two classes": (
        sequential(*_shared(layer("Dense", "a", units=1), layer("LSTM", "b", units=1))),
        "Object 1 is a Dense and a LSTM",
    ),
    "an id that is a list": (
        sequential({**layer("Dense", units=1), "shared_object_id": [1]}), "is not a number"
    ),
    "an array of endless texts": (
        sequential(layer("Dense", units=1, bias_initializer={
            "module": "keras.initializers", "class_name": "Constant",
            "config": {"value": {"class_name": "__numpy__",
                                 "config": {"value": ["a"], "dtype": "U500000000"}}}})),
        "array in a configuration is of numbers",
    ),
    "a seed that is no seed": (sequential(layer("Dropout", rate=0.5, seed=10**30)), "too large"),
    "an operation without tensors": (
        graph(input_layer(), operation("ones", [10**6, 10**6])), "without a tensor"
    ),
    "another, that makes numbers": (
        graph(input_layer(), operation("full", [10**6, 10**6], 1.0)), "without a tensor"
    ),
    "a layer without tensors": (
        graph(input_layer(), called(layer("Dense", units=1), [[1.0]])), "without a tensor"
    ),
    "a cycle": (
        graph(input_layer(), called(layer("Dense", "a", units=1), tensor("b")),
              called(layer("Dense", "b", units=1), tensor("a")), output="b"),
        "inputs that nothing makes",
    ),
    "a layer that is its own input": (
        graph(input_layer(), called(layer("Dense", units=1), tensor("layer"))),
        "inputs that nothing makes",
    ),
    "an output that is not there": (graph(input_layer(), output="y"), "y"),
    "two layers of a name": (
        graph(input_layer(), called(layer("Dense", "a", units=1), tensor()),
              operation("add", tensor(), tensor("a"), name="a"), output="a"),
        "a",
    ),
    "a name with a path": (
        sequential(layer("Dense", "../../etc/passwd", units=1)), 'a string without "/"'
    ),
    "a policy that is none": (
        sequential(layer("Dense", units=1, dtype={"module": "keras", "class_name": "DTypePolicy",
                                                  "config": {"name": "object"}})),
        "floating dtype",
    ),
    "no layers": ({"module": "keras", "class_name": "Sequential", "config": {}}, "layers"),
    "a text as the layers": (
        {"module": "keras", "class_name": "Sequential", "config": {"layers": "abc"}}, "layer"
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", KINDS)
def test_things_of_the_wrong_kind(attack, tmp_path):
    config, message = KINDS[attack]
    refused(tmp_path, keras_file(config), message)


NO_SIZES = [10**9, 10**30, -1, 0, 2.0, 1e30, float("nan"), float("inf"), "3", "", [3, 3]]


@pytest.mark.parametrize("units", [*NO_SIZES, {"a": 3}, None, True])
@pytest.mark.parametrize("make", [
    lambda n: layer("Dense", units=n),
    lambda n: layer("LSTM", units=n),
    lambda n: layer("Conv1D", filters=1, kernel_size=n),
    lambda n: layer("Embedding", input_dim=n, output_dim=1),
], ids=["Dense", "LSTM", "Conv1D", "Embedding"])  # fmt: skip
def test_sizes_that_are_no_sizes(make, units, tmp_path):
    entry = make(units)
    shape = (None, 3) if entry["class_name"] in ("Dense", "Embedding") else (None, None, 3)
    refused(tmp_path, keras_file(sequential(entry, shape=shape)), "bytes of weights|must be")


@pytest.mark.parametrize(
    "key", ["_store", "__class__", "__init__", "__dict__", "_constructor_call", "self", "build"]
)
def test_names_of_attributes_as_arguments(key, tmp_path):
    for entry in (layer("Dense", units=1, **{key: {}}), layer("LSTM", units=1, **{key: {}})):
        refused(tmp_path, keras_file(sequential(entry)), key)


def test_names_of_arguments_of_a_build(tmp_path):
    config = {"module": "keras", "class_name": "Sequential", "config": {"layers": [
        layer("Dense", units=1)]}}  # fmt: skip
    for build in ({"shapes_dict": {"__class___shape": [1, 2]}}, {"input_shape": "abc"},
                  {"shapes_dict": []}, [1], {"input_shape": {"a": [10**30, 10**30]}}):  # fmt: skip
        refused(tmp_path, keras_file({**config, "build_config": build}), ".")


# ------------------------------------------------------------------------- more than is there


def _laughs(depth):
    """Models inside models, each of which calls the one inside twice."""
    inner = graph(input_layer(), called(layer("Dense", units=3), tensor()))
    for level in range(depth):
        inner["config"]["name"] = f"level{level}"
        twice = called(inner, tensor())
        twice["inbound_nodes"].append({"args": [tensor(f"level{level}")], "kwargs": {}})
        inner = graph(input_layer(), twice, output=f"level{level}")
        inner["config"]["output_layers"] = [[f"level{level}", 1, 0]]
    return inner


def _in_many_places(depth):
    """An unbuilt layer that is in two places of a model that is in two places ..."""
    inner = {**layer("Dense", "inner", units=1), "shared_object_id": 0}
    for level in range(1, depth):
        again = {**inner, "config": {}}
        pair = [
            layer("TimeDistributed", f"a{level}", layer=inner),
            layer("TimeDistributed", f"b{level}", layer=again),
        ]
        inner = {"module": "keras", "class_name": "Sequential", "shared_object_id": level,
                 "config": {"name": f"s{level}", "layers": pair}}  # fmt: skip
    return inner


def _sums(steps):
    """Sizes that are sums of unknown ones, squared again and again."""
    entries = [input_layer(shape=(None, None)), operation("sum", tensor(), name="f0", axis=0),
               operation("pad", tensor("f0"), [1, 1], name="f")]  # fmt: skip
    last = "f"
    for i in range(steps):
        entries.append(operation("outer", tensor(last), tensor(last), name=f"o{i}"))
        entries.append(operation("reshape", tensor(f"o{i}"), [-1], name=f"r{i}"))
        last = f"r{i}"
    return graph(*entries, output=last)


GREED = {
    "a billion units": (sequential(layer("Dense", units=10**9)), "bytes of weights"),
    "a billion symbols": (
        sequential(layer("Embedding", input_dim=10**9, output_dim=9), shape=(None, 3)),
        "bytes of weights",
    ),
    "a window of a billion": (
        sequential(layer("Conv1D", filters=1, kernel_size=10**9), shape=(None, None, 3)),
        "bytes of weights",
    ),
    "a billion features": (
        sequential(layer("LSTM", units=4), shape=(None, None, 10**9)), "bytes of weights"
    ),
    "a billion steps written out": (
        sequential(layer("LSTM", units=1, unroll=True), shape=(None, 10**9, 1)), "calls of layers"
    ),
    "a billion rows kept": (
        sequential(layer("LSTM", units=1, stateful=True), shape=(10**9, None, 1)),
        "bytes of states",
    ),
    "a billion thresholds": (
        sequential(layer("Flatten"), compile_config={"metrics": [
            layer("AUC", module="keras.metrics", num_thresholds=10**9)]}),
        "bytes of states",
    ),
    "a billion steps of a solver": (
        sequential(layer("LTC", module="cello.layers", units=1, ode_unfolds=10**9)),
        "calls of layers",
    ),
    "a billion steps within a step": (
        sequential(layer("ODERNN", module="cello.layers", units=1, ode_steps=10**9)),
        "calls of layers",
    ),
    "a billion eigenvalues": (
        sequential(
            layer("S5", module="cello.layers", units=1, state_units=10**9), shape=(None, 5, 3)
        ),
        "bytes of weights",
    ),
    "billion laughs": (_laughs(30), "calls of layers"),
    "one object in a billion places": (_in_many_places(30), "more objects"),
    "a tensor of 100 000 axes": (sequential(shape=[1] * 100_000), "at most 64 sizes"),
    "a shape of 100 000 axes": (
        graph(input_layer(), operation("expand_dims", tensor(), list(range(2, 10_000)), name="a"),
              operation("exp", tensor("a"))),
        "more axes",
    ),
    "sizes that are endless sums": (_sums(20), "more axes"),
    "a billion pieces": (
        graph(input_layer(shape=(None, 10**9)), operation("split", tensor(), 10**9, axis=1)),
        "calls of layers",
    ),
    "a billion pieces, not all alike": (
        graph(input_layer(shape=(None, 10**9)), operation("array_split", tensor(), 10**9, axis=1)),
        "calls of layers",
    ),
    "a billion columns": (
        graph(input_layer(shape=(None, 10**9)), operation("hsplit", tensor(), 10**9)),
        "calls of layers",
    ),
    "an axis of a billion taken apart": (
        graph(input_layer(shape=(None, 10**9)), operation("unstack", tensor(), axis=1)),
        "calls of layers",
    ),
    "a billion differences": (
        graph(input_layer(), operation("diff", tensor(), n=10**9)), "calls of layers"
    ),
    "a billion digits": (
        graph(input_layer(dtype="int32"), operation("round", tensor(), 10**9)), "calls of layers"
    ),
    "a billion reflections": (
        graph(input_layer(), operation("pad", tensor(), [[0, 0], [0, 10**9]], mode="reflect")),
        "calls of layers",
    ),
    "a size beyond any": (sequential(layer("Reshape", target_shape=[10**30])), "cannot give"),
    "the wrong size": (sequential(layer("Reshape", target_shape=[10**9, 10**9])), "cannot give"),
    "a billion letters": (
        graph(input_layer(), operation("einsum", "a" * 10**6 + "->a", tensor())), "sum subscript"
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", GREED)
def test_more_is_asked_for_than_there_is(attack, tmp_path):
    config, message = GREED[attack]
    refused(tmp_path, keras_file(config, hdf5(lambda file: None)), message)


@pytest.mark.parametrize(
    "entry",
    [
        called(layer("RepeatVector", n=10**12), tensor()),
        called(layer("MaxPooling1D", pool_size=10**9, strides=1, padding="same"), tensor("x3")),
        operation("full", [10**6, 10**6], tensor("s")),
        operation("linspace", tensor(), 1, num=10**9),
        operation("geomspace", tensor(), 1, num=10**9),
        operation("logspace", tensor(), 1, num=10**9),
        operation("vander", tensor("v"), 10**9),
        operation("scatter", tensor("places"), tensor("v"), [10**6, 10**6]),
        operation("segment_sum", tensor(), tensor("i"), num_segments=10**9),
        operation("multi_hot", tensor("i"), 10**12),
        operation("diag", tensor("v"), 10**9),
        operation("diagflat", tensor(), k=1000),
        operation("rfft", tensor(), fft_length=10**9),
        operation("stft", tensor(), 1, 1, 10**9),
        operation("stft", tensor(), 10**9, 1, 10**9, window="hamming"),
        operation("quantile", tensor(), [0.5] * 1000, axis=1),
        operation("rot90", tensor(), k=10**12),
        operation("kron", tensor(), tensor()),
        operation("round", tensor(), 300),
        operation("repeat", tensor(), 10**12, axis=1),
        operation("tile", tensor(), [10**6, 10**6]),
        operation("pad", tensor(), [[0, 10**9], [0, 10**9]]),
        operation("broadcast_to", tensor(), [10**6, 10**6, 2, 3]),
        operation("one_hot", tensor("i"), 10**12),
        operation("power", tensor(), 10**9),
        operation("roll", tensor(), 10**9),
        operation("einsum", ",".join(["ab"] * 300) + "->ab", *[tensor()] * 300),
    ],
    ids=lambda entry: entry["config"].get("function", entry["class_name"]),
)
def test_tensors_without_numbers_take_no_memory(entry, tmp_path):
    """They are shapes until the model is called: such a file opens."""
    config = graph(
        input_layer(shape=(2, 3)),
        input_layer("x3", (2, 3, 1)),
        input_layer("i", (2,), "int32"),
        input_layer("s", ()),
        input_layer("v", (3,)),
        input_layer("places", (3, 2), "int32"),
        entry,
        inputs=("x", "x3", "i", "s", "v", "places"),
    )
    path = tmp_path / "m.keras"
    path.write_bytes(keras_file(config, hdf5(lambda file: None)))
    load(path)
    with trap(path):
        model = load(path)
    model.summary(print_fn=lambda text: None)


def test_calls_in_the_wrong_order_take_no_longer(tmp_path):
    entries = [called(layer("Activation", f"a{i}", activation="tanh"), tensor(f"a{i - 1}"))
               for i in range(1, 1000)]  # fmt: skip
    config = graph(*entries[::-1], input_layer("a0"), inputs=("a0",), output="a999")
    path = tmp_path / "m.keras"
    path.write_bytes(keras_file(config, hdf5(lambda file: None)))
    assert len(load(path).layers) == 1000


# ------------------------------------------------------------------------------------ JSON


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no valid JSON"),
        (b"[]", "not a JSON object"),
        (b"5", "not a JSON object"),
        (b"\xff\xfe", "no valid JSON|decode"),
        (b'{"a": 1, "a": 2}', "a key twice"),
        (b'{"a": {"class_name": 1, "class_name": 2}}', "a key twice"),
        (b'{"a":' * 100_000, "nested too deeply|no valid JSON"),
        (b'{"a":' + b"[" * 300 + b"]" * 300 + b"}", "more than 200 deep"),
        (b'{"a":' + b"9" * 10_000 + b"}", "no valid JSON"),
        (b"{}", "configuration is that of a dict"),
        (b" " * (2**24 + 1), "longer than 16777216 bytes"),
    ],
)
def test_json(text, message, tmp_path):
    refused(tmp_path, keras_file(text), message)


def test_the_metadata_are_checked_as_well(tmp_path):
    refused(tmp_path, keras_file(metadata=b'{"a": 1, "a": 2}'), "a key twice")
    refused(tmp_path, keras_file(metadata=b"\0"), "no valid JSON")


# ------------------------------------------------------------------------------- archives


def _with_member(name, content=b"x", **attributes):
    file = io.BytesIO(valid(".keras"))
    with zipfile.ZipFile(file, "a") as archive:
        info = zipfile.ZipInfo(name)
        for attribute, value in attributes.items():
            setattr(info, attribute, value)
        archive.writestr(info, content)
    return file.getvalue()


def _header(content, name, offset, value, form):
    """`content` with a field of the entry of `name` in the central directory changed."""
    content = bytearray(content)
    place = content.rindex(b"PK\x01\x02", 0, content.rindex(name.encode()))
    content[place + offset : place + offset + len(value.to_bytes(form, "little"))] = value.to_bytes(
        form, "little"
    )
    return bytes(content)


def _linked():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in unzipped(valid(".keras")).items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if name == WEIGHTS else 0o100644) << 16
            archive.writestr(info, b"/etc/passwd" if name == WEIGHTS else content)
    return file.getvalue()


def _overlapping():
    """The configuration's entry points to the place of the metadata."""
    content = valid(".keras")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        place = archive.getinfo(METADATA).header_offset
    return _header(content, CONFIG, 42, place, 4)


def _without(name):
    parts = unzipped(valid(".keras"))
    del parts[name]
    return zipped(parts)


ARCHIVES = {
    "CVE-2025-12060: a member outside": (_with_member("../m.py"), r"a member '\.\./m\.py'"),
    "CVE-2025-12638: an absolute path": (_with_member("/tmp/m.py"), "a member '/tmp/m.py'"),
    "CVE-2026-12479: a link": (_linked(), "is a link"),
    "a path of Windows": (_with_member("..\\..\\m.py"), "a member"),
    "a drive of Windows": (_with_member("C:\\m.py"), "a member"),
    "a member more": (_with_member("assets/vocabulary.txt"), "a member 'assets/vocabulary.txt'"),
    "a folder": (_with_member("assets/"), "a member 'assets/'"),
    "an archive inside": (_with_member("m.keras", valid(".keras")), "a member 'm.keras'"),
    "no configuration": (_without(CONFIG), "lacks config.json"),
    "no weights": (_without(WEIGHTS), "lacks model.weights.h5"),
    "encrypted": (_header(valid(".keras"), WEIGHTS, 8, 1, 2), "or encrypted"),
    "an unknown compression": (_header(valid(".keras"), WEIGHTS, 10, 99, 2), "an unknown way"),
    "a checksum that is wrong": (_header(valid(".keras"), WEIGHTS, 16, 5, 4), "CRC"),
    "a size that is a lie, too large": (
        _header(valid(".keras"), CONFIG, 24, 2**23, 4), "not the size that it says|CRC"
    ),
    "a size that is a lie, too small": (_header(valid(".keras"), CONFIG, 24, 10, 4), "size|CRC"),
    "a size of 4 GB": (_header(valid(".keras"), WEIGHTS, 24, 2**32 - 2, 4), "more than its size"),
    "members that overlap": (_overlapping(), "differ|Overlap|not a whole"),
    "an address outside": (_header(valid(".keras"), CONFIG, 42, 2**31, 4), "."),
    "cut off": (valid(".keras")[:-30], "not a whole .keras archive"),
    "a zip bomb": (
        keras_file(weights=bytes(2**26), compression=zipfile.ZIP_DEFLATED), "more than its size"
    ),
    "a bomb in the configuration": (
        keras_file(b" " * 2**26, compression=zipfile.ZIP_DEFLATED), "longer than 16777216"
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", ARCHIVES)
def test_archives(attack, tmp_path):
    content, message = ARCHIVES[attack]
    refused(tmp_path, content, message)
    refused(tmp_path, content, message, loader=load_weights)
    assert [p.name for p in tmp_path.iterdir()] == ["m.keras"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_twice(tmp_path):
    refused(tmp_path, _with_member(CONFIG, b"{}"), "two members 'config.json'")


@pytest.mark.parametrize(
    "content",
    [valid(".keras") + b"\0" * 100, keras_file(compression=zipfile.ZIP_DEFLATED)],
    ids=["garbage behind", "compressed"],
)
def test_archives_that_are_whole_all_the_same(content, tmp_path):
    path = tmp_path / "m.keras"
    path.write_bytes(content)
    load(path)


# ------------------------------------------------------------------------------------ HDF5

DATASET = "layers/dense/vars/1"  # of the shape (1,)
VALUES = zeros(1)


def _dataset(make):
    """The bytes of the weights of a model, with `make(file, path)` in the place of one array."""

    def fill(file):
        with h5py.File(io.BytesIO(unzipped(valid(".keras"))[WEIGHTS])) as old:
            for name in old:
                old.copy(name, file)
        del file[DATASET]
        make(file, DATASET)

    return hdf5(fill)


def _created(**options):
    shape = options.pop("shape", (1,))
    options.setdefault("dtype", "f4")
    return lambda file, path: file.create_dataset(path, shape, **options)


def _virtual(file, path):
    layout = h5py.VirtualLayout((1,), "f4")
    layout[:] = h5py.VirtualSource("/tmp/secret.h5", "data", (1,))
    file.create_virtual_dataset(path, layout)


def _link(link):
    def make(file, path):
        file[path] = link

    return make


def _allocated_late(file, path):
    """A shape of which nothing is stored: what is read is the fill value."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_fill_value(np.array(1, "f4"))
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_LATE)
    space = h5py.h5s.create_simple((10**9, 10**3))
    h5py.h5d.create(file.id, path.encode(), h5py.h5t.IEEE_F32LE, space, plist)


def _gzipped(file, path):
    file.create_dataset(path, data=zeros(2**20), compression="gzip")


def _bomb(file, path):
    """A compressed chunk that unpacks to far more than the chunk."""
    made = file.create_dataset(path, (1,), "f4", chunks=(1,), compression="gzip")
    made.id.write_direct_chunk((0,), zlib.compress(bytes(2**26)))


def _filtered(number):
    def make(file, path):
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((1,))
        plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL)
        space = h5py.h5s.create_simple((1,))
        h5py.h5d.create(file.id, path.encode(), h5py.h5t.IEEE_F32LE, space, plist)

    return make


def _references(file, path):
    file.create_dataset(path, data=[file["layers"].ref], dtype=h5py.ref_dtype)


def _ring(file, path):
    file[path] = VALUES
    file["layers/dense/again"] = file["layers"]


def _twice(file, path):
    file[path] = file["layers/lstm/cell/vars/2"]


def _deep(file, path):
    file[path] = VALUES
    file.create_group("/".join("abcdefghij" * 20))


HDF5 = {
    "CVE-2026-1669: an external link": (
        _link(h5py.ExternalLink("/tmp/secret.h5", "data")), "is a ExternalLink"
    ),
    "CVE-2026-1669: external storage": (
        lambda file, path: file.create_dataset(path, (1,), "f4", external="/etc/passwd"),
        "has its data elsewhere",
    ),
    "CVE-2026-1669: a virtual dataset": (_virtual, "has its data elsewhere"),
    "a soft link": (_link(h5py.SoftLink("/layers/lstm/cell/vars/2")), "is a SoftLink"),
    "a soft link in a ring": (_link(h5py.SoftLink("/" + DATASET)), "is a SoftLink"),
    "a ring of groups": (_ring, "in two places"),
    "an array in two places": (_twice, "in two places"),
    "groups without end": (_deep, "more than 64 deep"),
    "a group for an array": (lambda file, path: file.create_group(path), "Only in the model"),
    "a type for an array": (_link(np.dtype("f4")), "neither a group nor an array"),
    "CVE-2026-0897: a shape of 4 TB": (_allocated_late, "asks for 4000000000000 bytes"),
    "a shape of 4 EB in pieces": (
        _created(shape=(10**9, 10**9), chunks=(1024, 1024)), "asks for 4000000000000000000 bytes"
    ),
    "a piece that is not there": (_created(chunks=(2**28,), maxshape=(None,)), "asks for 4 bytes"),
    "a fill value": (_created(fillvalue=5, chunks=True, shape=(10,)), "asks for 40 bytes"),
    "the wrong shape": (_created(shape=(2,), data=zeros(2)), "of shape"),
    "compressed": (_gzipped, "is compressed"),
    "a bomb": (_bomb, "is compressed"),
    "lzf": (_created(compression="lzf"), "is compressed"),
    "scaled and cut": (_created(scaleoffset=2), "is compressed"),
    "a filter of a plug-in": (_filtered(32001), "is compressed"),
    "texts": (
        lambda file, path: file.create_dataset(path, data=["a" * 99]), "not an array of numbers"
    ),
    "references": (_references, "not an array of numbers"),
    "records": (_created(dtype=[("a", "f4"), ("b", "f4")]), "not an array of numbers"),
    "opaque": (_created(dtype="V8"), "not an array of numbers"),
    "lists": (_created(dtype=h5py.vlen_dtype(np.float32)), "not an array of numbers"),
    "complex numbers": (_created(dtype="c16"), "not an array of numbers"),
    "arrays inside": (_created(dtype="(1000,1000)f8"), "not an array of numbers"),
    "no shape": (
        lambda file, path: file.create_dataset(path, data=h5py.Empty("f4")),
        "not an array of numbers",
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", HDF5)
def test_arrays_in_a_file(attack, tmp_path):
    make, message = HDF5[attack]
    weights = _dataset(make)
    refused(tmp_path, keras_file(weights=weights), message)
    refused(tmp_path, weights, message, ".weights.h5", load_weights)


def test_an_array_for_a_group(tmp_path):
    def fill(file):
        file["layers"] = VALUES

    refused(tmp_path, keras_file(weights=hdf5(fill)), "Only in the model")


def test_hdf5_opens_no_other_file(tmp_path):
    """CVE-2026-1669: the other file is a pipe, at which whoever opens it would wait."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    layout = h5py.VirtualLayout((1,), "f4")
    layout[:] = h5py.VirtualSource(str(pipe), "data", (1,))
    unlimited = h5py.VirtualLayout((1,), "f4", maxshape=(None,))
    source = h5py.VirtualSource(str(pipe), "data", (1,), maxshape=(None,))
    unlimited[: h5py.h5s.UNLIMITED] = source[: h5py.h5s.UNLIMITED]
    files = [
        _dataset(_link(h5py.ExternalLink(str(pipe), "data"))),
        _dataset(lambda file, path: file.create_dataset(path, (1,), "f4", external=str(pipe))),
        _dataset(lambda file, path: file.create_virtual_dataset(path, layout)),
        _dataset(lambda file, path: file.create_virtual_dataset(path, unlimited)),
    ]
    paths = [tmp_path / f"{i}.weights.h5" for i in range(len(files))]
    for path, content in zip(paths, files, strict=True):
        path.write_bytes(content)
    ended = []

    def attempt(path):
        try:
            load_weights(path)
        except ModelFileError as error:
            ended.append(str(error))

    for path in paths:
        thread = threading.Thread(target=attempt, args=(path,), daemon=True)
        thread.start()
        thread.join(30)
    assert len(ended) == len(files)


@pytest.mark.parametrize("number", [10_000, pytest.param(100_000, marks=pytest.mark.deep)])
def test_a_hundred_thousand_groups(number, tmp_path):
    def fill(file):
        for i in range(number):
            h5py.h5g.create(file.id, f"{i}".encode())

    refused(tmp_path, hdf5(fill), "Only in the model", ".weights.h5", load_weights)


@pytest.mark.parametrize("at", [9, 13, 14])
def test_sizes_of_addresses(at, tmp_path):
    content = bytearray(unzipped(valid(".keras"))[WEIGHTS])
    content[at] = 4
    refused(tmp_path, bytes(content), ".", ".weights.h5", load_weights)


# ------------------------------------------------------------- attributes, in files of Keras 2


def _attribute(name, value):
    def change(file):
        file["model_weights"].attrs[name] = value

    return change


def _layer_names(names):
    return _attribute("layer_names", names)


ATTRIBUTES = {
    "a layer outside": (_layer_names(["../../secret"]), "names a layer 'model_weights/../../sec"),
    "an absolute layer": (_layer_names(["/etc/passwd"]), "names a layer"),
    "a number for a name": (_layer_names(5), "should be a text"),
    "references for names": (
        lambda file: file["model_weights"].attrs.create(
            "layer_names", file.ref, (), h5py.ref_dtype
        ),
        "should be a text",
    ),
    "names in a square": (_layer_names(np.array([[b"a"]], "S1")), "should be a text"),
    "names that are no text": (_layer_names(np.array([b"\xff\xfe"], "S2")), "decode"),
    "more names than weights": (_layer_names(["a"] * 1000), "names a layer"),
    "no such attribute": (lambda file: file["model_weights"].attrs.clear(), "layers with weights"),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTRIBUTES)
def test_attributes(attack, tmp_path):
    change, message = ATTRIBUTES[attack]
    refused(tmp_path, h5_file(change=change), message, ".h5")


def _heap_changed(content, change):
    """The file with `change(bytes, place of the first heap of texts)` done to it."""
    content = bytearray(content)
    change(content, content.index(b"GCOL\x01"))
    return bytes(content)


def _no_free_space(content, heap):
    """The library walks on the spot at an object of no size."""
    place = heap + 16
    while content[place : place + 2] != b"\0\0":
        place += 16 + -(-int.from_bytes(content[place + 8 : place + 16], "little") // 8) * 8
    content[place + 8 : place + 16] = bytes(8)


def _long_object(content, heap):
    content[heap + 24 : heap + 32] = (2**40).to_bytes(8, "little")


def test_a_heap_that_never_ends(tmp_path):
    for change in (_no_free_space, _long_object):
        refused(tmp_path, _heap_changed(valid(".h5"), change), "texts are damaged", ".h5")


@pytest.mark.parametrize("name", ["model_config", "layer_names"])
def test_a_text_that_says_that_it_has_4_gigabytes(name, tmp_path):
    """The library takes them before it looks for the text."""
    content = bytearray(valid(".h5"))
    heap = content.index(b"GCOL\x01").to_bytes(8, "little")
    place = content.index(heap, content.index(name.encode() + b"\0"))
    content[place - 4 : place] = b"\xf0\xff\xff\xff"
    refused(tmp_path, bytes(content), f"A text of the attribute '{name}' is longer", ".h5")


def test_many_names_that_are_one_long_text(tmp_path):
    """4000 names of 1 MB each, all of them the same place in a file of 1 MB."""

    def change(file):
        file.attrs["long"] = "x" * 2**20
        file["model_weights"].attrs["layer_names"] = ["y"] * 4000

    content = bytearray(h5_file(change=change))
    long = content.index(b"x" * 2**20) - 16  # the object in a heap; its number is 16 bytes before
    heap = content.rindex(b"GCOL\x01", 0, long)
    values = content.index(b"layer_names\0")
    reference = (2**20).to_bytes(4, "little") + heap.to_bytes(8, "little") + b"\1\0\0\0"
    first = content.index(b"\1\0\0\0", values + 12)
    while int.from_bytes(content[first + 4 : first + 12], "little") not in _heaps(content):
        first = content.index(b"\1\0\0\0", first + 1)
    for i in range(4000):
        content[first + 16 * i : first + 16 * i + 16] = reference
    refused(tmp_path, bytes(content), "is larger than the file", ".h5")


def _heaps(content):
    found, place = set(), content.find(b"GCOL\x01")
    while place >= 0:
        found.add(place)
        place = content.find(b"GCOL\x01", place + 1)
    return found


def test_trees_in_a_ring(tmp_path):
    """The right neighbour of a node is the node itself."""
    content = bytearray(unzipped(valid(".keras"))[WEIGHTS])
    place = content.find(b"TREE")
    while place >= 0:
        content[place + 16 : place + 24] = place.to_bytes(8, "little")
        place = content.find(b"TREE", place + 1)
    path = tmp_path / "m.weights.h5"
    path.write_bytes(bytes(content))
    unharmed = tmp_path / "unharmed.weights.h5"
    unharmed.write_bytes(unzipped(valid(".keras"))[WEIGHTS])
    read, expected = load_weights(path).get_weights(), load_weights(unharmed).get_weights()
    assert all(w.any() for w in expected[:2])
    for ours, theirs in zip(read, expected, strict=True):  # no node is asked for its neighbour
        np.testing.assert_array_equal(ours, theirs)


# -------------------------------------------------------------------------- optimisers' state


def test_the_state_of_an_optimizer_is_numbered(tmp_path):
    def fill(file):
        with h5py.File(io.BytesIO(unzipped(valid(".keras"))[WEIGHTS])) as old:
            for name in old:
                if name != "optimizer":
                    old.copy(name, file)
        for name in ("a", "-1", "99"):
            file[f"optimizer/vars/{name}"] = VALUES

    refused(tmp_path, keras_file(weights=hdf5(fill)), "is not numbered")


def test_the_state_of_an_optimizer_that_does_not_fit(tmp_path):
    def fill(file):
        with h5py.File(io.BytesIO(unzipped(valid(".keras"))[WEIGHTS])) as old:
            for name in old:
                if name != "optimizer":
                    old.copy(name, file)
        for i in range(5):
            file[f"optimizer/vars/{i}"] = zeros(7, 7)

    refused(tmp_path, keras_file(weights=hdf5(fill)), "do not fit the model")


# ------------------------------------------------------------------------------- safetensors


def _safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def _entry(dtype="F32", shape=(1,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a whole"),
        ((2**63).to_bytes(8, "little") + b"{}", "not a whole"),
        ((2**31).to_bytes(8, "little") + b"{}", "not a whole"),
        (_safetensors(b"[" * 10_000), "not a whole"),
        (_safetensors(b'{"a":1,"a":2}'), "not a whole"),
        (_safetensors({"a": _entry(shape=(2**62, 2**62))}, bytes(4)), "not a whole"),
        (_safetensors({"a": _entry(shape=(10**9,), offsets=(0, 4 * 10**9))}), "not a whole"),
        (_safetensors({"a": _entry(offsets=(4, 0))}, bytes(4)), "not a whole"),
        (_safetensors({"a": _entry(), "b": _entry()}, bytes(4)), "not a whole"),
        (_safetensors({"a": _entry("F8_E5M2", (4,))}, bytes(4)), "."),
        (_safetensors({"a": _entry("C64", (1,), (0, 8))}, bytes(8)), "no weights"),
        (_safetensors({"a": _entry("O")}, bytes(4)), "not a whole"),
        (_safetensors({"../../a": _entry()}, bytes(4)), r"only in the file: \['\.\./\.\./a'\]"),
        (_safetensors({"__metadata__": {"format": "pt", "code": "eval"}}), "do not fit"),
    ],
)
def test_safetensors(content, message, tmp_path):
    refused(tmp_path, content, message, ".safetensors", load_weights)


# --------------------------------------------------------------------------- the file itself


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.keras")
    (tmp_path / "folder.keras").mkdir()
    for name in ("pipe.keras", "folder.keras", "nothing.keras"):
        with pytest.raises(FileNotFoundError, match="there is no file"):
            load(tmp_path / name)
        with pytest.raises(FileNotFoundError, match="there is no file"):
            load_weights(tmp_path / name)


def test_an_empty_file(tmp_path):
    refused(tmp_path, b"", "neither a .keras file")
    refused(tmp_path, b"", "not a whole", ".weights.h5", load_weights)
    refused(tmp_path, b"", "not a whole", ".safetensors", load_weights)


def test_weights_stay_as_they_were_where_a_file_is_refused(tmp_path):
    model = cello.Sequential([cello.layers.Input((None, 3)), cello.layers.LSTM(2)])
    model.add(cello.layers.Dense(1))
    before = model.get_weights()
    for suffix, content in (
        (".weights.h5", _dataset(_gzipped)),
        (".weights.h5", valid(".weights.h5")[:-2000]),
        (".safetensors", valid(".safetensors")[:-4]),
    ):
        path = tmp_path / f"m{suffix}"
        path.write_bytes(content)
        with pytest.raises(ModelFileError):
            model.load_weights(path)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_graph_of_keras_2_with_places_that_are_none(tmp_path):
    config = copy.deepcopy(load_h5_config())
    config["config"]["layers"] = "abc"
    refused(tmp_path, h5_file(config), ".", ".h5")
