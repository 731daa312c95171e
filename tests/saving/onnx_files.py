"""Models as ONNX files, and what ONNX Runtime computes with them."""

import tempfile
from pathlib import Path

import jax
import numpy as np
import onnx
import onnxruntime

LOOPS = {"Loop", "Scan", "If"}


def exported(model, loops=False, **options):
    """The file of `model`, checked; it has loops if that is said, and only then."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.onnx"
        model.export(path, **options)
        proto = onnx.load(path)
        assert [p.name for p in Path(folder).iterdir()] == ["m.onnx"]
    onnx.checker.check_model(proto, full_check=True)
    assert loops == bool(LOOPS & {node.op_type for node in proto.graph.node})
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


def agree(model, data, proto=None, loops=False, **options):
    """ONNX Runtime gives for `data`, one array for each input, what `model` gives."""
    proto = exported(model, loops, **options) if proto is None else proto
    with_names = dict(zip(model.input_names, data, strict=True))
    got = session(proto).run(None, with_names)
    want = jax.jit(model)(data if len(data) > 1 else data[0])
    want = list(want) if isinstance(want, (list, tuple)) else [want]
    for g, w in zip(got, want, strict=False):
        close(g, w)
    return proto, got


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


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")
