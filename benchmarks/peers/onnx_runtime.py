"""ONNX Runtime: the recurrent nodes of ONNX, time-major, with weights in the model (prepacked)."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from harness.rows import GATES
from peers import Unavailable

NODES = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}
FLOAT, INT32 = TensorProto.FLOAT, TensorProto.INT32


def prepare(row):
    if row.training:
        raise Unavailable("inference only")
    if row.cell == "linear_scan":
        raise Unavailable("no such node")
    if row.mask == "holes":
        raise Unavailable("sequence_lens mask behind the end only")
    if row.states != "last" or row.recurrent_dropout or not row.bias:
        raise Unavailable("not written for this option")
    data = row.data()
    feeds = [{"x": np.ascontiguousarray(x.swapaxes(0, 1))} for x in data.x]
    if row.mask:
        for feed, mask in zip(feeds, data.mask, strict=True):
            feed["lengths"] = mask.sum(-1).astype(np.int32)
    session = onnxruntime.InferenceSession(
        model(row).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return lambda: [session.run(None, feed)[0] for feed in feeds]


def model(row):
    rng = np.random.default_rng(1)
    directions = 2 if row.bidirectional else 1
    width = GATES[row.cell] * row.units
    weights, nodes = [], []

    def weight(name, *shape):
        values = (rng.uniform(-1, 1, shape) / np.sqrt(row.units)).astype(np.float32)
        weights.append(numpy_helper.from_array(values, name))
        return name

    def integers(name, *values):
        weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    below, features = "x", row.features
    for n in range(row.layers):
        options = {"linear_before_reset": 1} if row.cell == "GRU" else {}
        inputs = [
            below,
            weight(f"W{n}", directions, width, features),
            weight(f"R{n}", directions, width, row.units),
            weight(f"B{n}", directions, 2 * width),
            *(["lengths"] if row.mask else []),
        ]
        nodes.append(
            helper.make_node(
                NODES[row.cell],
                inputs,
                [f"y{n}", f"h{n}"],
                hidden_size=row.units,
                direction="bidirectional" if row.bidirectional else "forward",
                **options,
            )
        )
        if n == row.layers - 1:
            break
        # y is (time, directions, batch, units), h is (directions, batch, units).
        nodes += [
            helper.make_node("Transpose", [f"y{n}"], [f"ty{n}"], perm=[0, 2, 1, 3]),
            helper.make_node("Reshape", [f"ty{n}", integers(f"s{n}", 0, 0, -1)], [f"z{n}"]),
        ]
        below, features = f"z{n}", directions * row.units
    head = weight("head", directions * row.units, 1), weight("bias", 1)
    nodes += [
        helper.make_node("Transpose", [f"h{n}"], ["th"], perm=[1, 0, 2]),
        helper.make_node("Reshape", ["th", integers("s", 0, -1)], ["last"]),
        helper.make_node("Gemm", ["last", *head], ["y"]),
    ]
    x = helper.make_tensor_value_info("x", FLOAT, [row.time, row.batch, row.features])
    lengths = helper.make_tensor_value_info("lengths", INT32, [row.batch])
    y = helper.make_tensor_value_info("y", FLOAT, [row.batch, 1])
    graph = helper.make_graph(nodes, "row", [x, lengths] if row.mask else [x], [y], weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    return made
