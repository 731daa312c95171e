"""What files say is shown without what a terminal obeys, and not at length."""

import io
import json

import numpy as np
import pytest
from crafted import called, graph, hdf5, input_layer, keras_file, layer, tensor
from onnx import TensorProto, helper
from safetensors.numpy import save_file

import cello
from cello.core.text import clean_text
from cello.models import load_model
from cello.saving import ModelFileError, from_onnx

COMPILATIONS = 10

EVIL = "\x1b[2J\x1b]0;owned\x07\r\n\u202eevil\u2028\x9b"
LONG = EVIL * 50_000


def harmless(text) -> bool:
    return str(text).replace("\n", " ").isprintable()


def test_what_a_terminal_obeys_is_written_out():
    assert clean_text("a\x1b[31m\n") == r"a\x1b[31m\n"
    assert clean_text("\u202e\ufeff\x85") == r"\u202e\ufeff\x85"
    for text in ("schön", "層 ✓ 🎻", "a b", "it's"):
        assert clean_text(text) == text
    assert clean_text("ab" * 500, 10) == "ababa ... 990 more ... babab"
    assert clean_text(["a", 1]) == "['a', 1]"


def onnx_file(kind="Relu", name="x"):
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", 3])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    made = helper.make_graph([helper.make_node(kind, [name], ["y"])], "g", inputs, outputs)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])


def refusal(do, *arguments, **options) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        do(*arguments, **options)
    assert harmless(error.value) and len(str(error.value)) < 1200


@pytest.mark.parametrize("text", [EVIL, LONG], ids=["evil", "long"])
def test_messages_about_files(text, tmp_path):
    def dense(**config):
        return called(layer("Dense", **{"units": 2, **config}), tensor())

    configs = {
        "class": called(layer(text), tensor()),
        "name": dense(name=text + "/"),
        "argument": dense(**{text: 1}),
        "value": dense(units=[text]),
    }
    for name, entry in configs.items():
        content = keras_file(graph(input_layer(), entry), hdf5(lambda file: None))
        (tmp_path / f"{name}.keras").write_bytes(content)
        refusal(load_model, tmp_path / f"{name}.keras")
    refusal(from_onnx, onnx_file(kind=text))
    model = cello.Sequential([cello.Input((3,)), cello.layers.Dense(1)])
    save_file({text: np.zeros(2, "float32")}, tmp_path / "m.safetensors")
    refusal(model.load_weights, tmp_path / "m.safetensors")
    model.compile("sgd", "mse")
    (tmp_path / "run").mkdir()
    zeros = np.zeros((1, 1), "float32")
    record = {"epoch": 1, "batches": 0, "form": {"optimizer": text}, "logs": {}, "metrics": [],
              "stopped": False, "random": {}, "callbacks": []}  # fmt: skip
    for wrong in (record, {**record, "logs": {"an array": text}}):
        told = {"cello": json.dumps(wrong)}
        save_file({"a": zeros}, tmp_path / "run" / "training.safetensors", told)
        refusal(model.fit, np.zeros((2, 3)), np.zeros((2, 1)), resume=tmp_path / "run", verbose=0)
    assert issubclass(ModelFileError, ValueError)


def test_a_summary_of_evil_names():
    model = from_onnx(onnx_file(name=EVIL))
    shown = io.StringIO()
    model.summary(print_fn=shown.write)
    assert harmless(shown.getvalue()) and "owned" in shown.getvalue()
    assert harmless(repr(model.layers)) and harmless(repr(model.input))
    dense = cello.layers.Dense(1, name=EVIL)
    dense.build((None, 3))
    assert harmless(dense) and harmless(dense.weights)
