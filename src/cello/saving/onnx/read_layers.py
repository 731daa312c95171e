"""Operators with weights as layers: `Dense`, `Embedding`, `Conv1D`, normalisation; and pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from cello import layers
from cello.core.files import ModelFileError
from cello.saving.onnx.file import OnnxNode
from cello.saving.onnx.read_shapes import SHAPES, is_host, positive
from cello.saving.onnx.reader import ops
from cello.saving.onnx.tensors import D, Filled, Tensor, plain


def constant_like(node: OnnxNode, value, what: str) -> np.ndarray:
    if not isinstance(value, np.ndarray) or value.dtype == object:
        raise ModelFileError(f"{node}: its {what} is not a constant of the file.")
    return value


def moving(r, node, x) -> Tensor:
    if isinstance(x, Filled):
        return plain(r.tensor(x))
    if not isinstance(x, Tensor):
        raise ModelFileError(f"{node} computes with a constant, which is not read.")
    return x


def check_moves(node, values) -> None:
    """Refuse what JAX would work out at once, as large as it may become."""
    if all(v is None or is_host(v) for v in values):
        raise ModelFileError(f"{node} computes with constants alone, which is not read.")


def _dense(r, node: OnnxNode, x: Tensor, shape, use_bias: bool, weights, key):
    make = lambda name: layers.Dense(shape[1], use_bias=use_bias, name=name)  # noqa: E731
    return x.map(r.layer(node, ("dense", *key), make, weights, shape[0]))


def matmul(r, node, x, w):
    check_moves(node, (x, w))
    features_last = isinstance(x, Tensor) and x.rank > 1 and x.axes[-1] == len(x.part_shape) - 1
    if not (features_last and len(x.part_shape) > 1 and is_host(w) and w.ndim == 2):
        return plain(ops.matmul(r.operand(x), r.operand(w)))
    user, bias, key = r.next_user(node), None, [node.inputs[1]]
    if user is not None and user.kind == "Add":
        other = [n for n in user.inputs if n != node.outputs[0]]
        value = r.graph.constants.get(other[0]) if len(other) == 1 else None
        if value is not None and value.shape == (w.shape[1],):
            bias, key = value, [*key, *other]
    weights = [w] if bias is None else [w, bias]
    made = _dense(r, node, x, w.shape, bias is not None, lambda: weights, key)
    if bias is not None:
        r.done[user.outputs[0]] = made
    return made


def gemm(r, node, x, w, bias=None):
    a = node.attributes
    w = constant_like(node, w, "second operand")
    if a.get("transA", 0) or not isinstance(x, Tensor) or x.rank != 2 or w.ndim != 2:
        raise ModelFileError(f"{node}: it is not a product of a tensor and a matrix of weights.")
    kernel = w.T if a.get("transB", 0) else w
    if bias is not None:
        bias = constant_like(node, bias, "bias")
        if bias.size != kernel.shape[1]:
            raise ModelFileError(f"{node}: its bias has the shape {bias.shape}.")

    def weights():
        found = [kernel * np.float32(a.get("alpha", 1.0))]
        return found if bias is None else [*found, bias.reshape(-1) * np.float32(a.get("beta", 1))]

    if x.axes != (0, 1):
        x = plain(r.tensor(x))
    key = (*node.inputs[1:], a.get("transB", 0), a.get("alpha", 1.0), a.get("beta", 1.0))
    return _dense(r, node, x, kernel.shape, bias is not None, weights, key)


def conv(r, node, x, w, bias=None):
    """A convolution along one axis; with `(batch, features, time)` in the file's order."""
    a, w = node.attributes, constant_like(node, w, "kernel")
    if w.ndim != 3 or not isinstance(x, Tensor) or x.rank != 3 or D in x.axes:
        raise ModelFileError(f"{node}: only convolutions along one axis are read.")
    size = w.shape[2]
    strides, dilation = (a.get(n, [1])[0] for n in ("strides", "dilations"))
    reach = dilation * (size - 1)
    pads, auto = list(a.get("pads", [0, 0])), a.get("auto_pad", "NOTSET")
    if auto == "SAME_UPPER" or (
        auto == "NOTSET" and strides == 1 and reach and pads == [reach // 2, reach - reach // 2]
    ):
        padding: Any = "same"
    elif auto in ("NOTSET", "VALID") and pads in ([0, 0], [reach, 0]):
        padding = "causal" if pads[0] else "valid"
    else:
        raise ModelFileError(f"{node}: its padding {pads} is none of Cello's.")
    weights = [w.transpose(2, 1, 0)]
    weights += [] if bias is None else [constant_like(node, bias, "bias")]

    def make(name):
        return layers.Conv1D(
            w.shape[0], size, strides, padding, dilation_rate=dilation, groups=a.get("group", 1),
            use_bias=bias is not None, name=name,
        )  # fmt: skip

    features = w.shape[1] * a.get("group", 1)
    call = r.layer(node, ("conv", *node.inputs[1:], str(a)), make, lambda: weights, features)
    return Tensor((0, 2, 1), [call(_time_major(r, x))])


def _time_major(r, x: Tensor):
    """`(batch, features, time)` of the file as `(batch, time, features)`."""
    order = [x.axes[0], x.axes[2], x.axes[1]]
    return x.parts[0] if order == [0, 1, 2] else ops.transpose(x.parts[0], order)


def max_pool(r, node, x):
    a = node.attributes
    plainly = not (a.get("ceil_mode", 0) or a.get("storage_order", 0))
    plainly = plainly and set(a.get("dilations", [1])) == {1} and not any(a.get("pads", [0]))
    if not plainly or not isinstance(x, Tensor) or x.rank != 3 or D in x.axes:
        raise ModelFileError(f"{node}: it has padding, or more than one axis, and is not read.")
    same: dict[str, Any] = {"NOTSET": "valid", "VALID": "valid", "SAME_UPPER": "same"}
    padding = same.get(a.get("auto_pad", "NOTSET"))
    if padding is None:
        raise ModelFileError(f"{node}: its auto_pad={a['auto_pad']} is not read.")
    window, strides = a["kernel_shape"][0], a.get("strides", [1])[0]
    make = lambda name: layers.MaxPooling1D(window, strides, padding, name=name)  # noqa: E731
    call = r.layer(node, ("pool", *node.outputs), make)
    return Tensor((0, 2, 1), [call(_time_major(r, x))])


def layer_normalization(r, node, x, scale, bias=None):
    x = moving(r, node, x)
    axis = positive(node.attributes.get("axis", -1), x.rank)
    if axis != x.rank - 1 or x.axes[-1] != len(x.part_shape) - 1:
        raise ModelFileError(f"{node}: only over the last axis is it read.")
    weights = [constant_like(node, scale, "scale")]
    weights += [] if bias is None else [constant_like(node, bias, "bias")]
    epsilon = float(node.attributes.get("epsilon", 1e-5))

    def make(name):
        return layers.LayerNormalization(epsilon=epsilon, center=bias is not None, name=name)

    key = ("norm", *node.inputs[1:], epsilon)
    return x.map(r.layer(node, key, make, lambda: weights, scale.size))


def batch_normalization(r, node, x, scale, bias, mean, variance):
    x = moving(r, node, x)
    if node.attributes.get("training_mode", 0) or x.rank < 2 or x.axes[1] is D:
        raise ModelFileError(f"{node}: only the form of inference is read.")
    weights = [constant_like(node, v, "weights") for v in (scale, bias, mean, variance)]
    epsilon, axis = float(node.attributes.get("epsilon", 1e-5)), x.axes[1]
    make = lambda name: layers.BatchNormalization(axis, epsilon=epsilon, name=name)  # noqa: E731
    key = ("batch norm", *node.inputs[1:], epsilon)
    return x.map(r.layer(node, key, make, lambda: weights, scale.size))


def gather(r, node, x, places):
    """Vectors of symbols (`Embedding`), or a place on an axis."""
    if is_host(x) and not is_host(places):
        symbols = isinstance(places, Tensor) and x.ndim == 2 and x.dtype.kind == "f"
        if not symbols or node.attributes.get("axis", 0) != 0:
            raise ModelFileError(f"{node}: only rows of a matrix of weights are looked up.")
        make = lambda name: layers.Embedding(*x.shape, name=name)  # noqa: E731
        call = r.layer(node, ("embedding", node.inputs[0]), make, lambda: [x])
        rank = len(places.part_shape)
        return Tensor((*places.axes, rank), [call(t) for t in places.parts])
    return SHAPES["Gather"](r, node, x, places)


LAYERS: dict[str, Any] = {
    "MatMul": matmul,
    "Gemm": gemm,
    "Conv": conv,
    "MaxPool": max_pool,
    "LayerNormalization": layer_normalization,
    "BatchNormalization": batch_normalization,
    "Gather": gather,
}
"""Operator to function."""
