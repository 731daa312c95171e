"""ONNX Runtime: the same model as Cello exports it for streaming; one thread."""

import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

import cello
from peers.stream import build, runner


def prepare(row):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        build(cello, row).export(path, states=True)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (first,) = [i.name for i in session.get_inputs()]
    others = [o.name.removesuffix("_next") for o in session.get_outputs()][1:]
    zeros = {name: np.zeros((1, row.units), np.float32) for name in others}
    feed = {}

    def step(x):
        feed[first] = x
        y, *states = session.run(None, feed)
        feed.update(zip(others, states, strict=True))
        return y

    return runner(row, lambda: feed.update(zeros), step)
