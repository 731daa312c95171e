"""What becomes of each operator of an ONNX file: one table, from its name to a function.

A function takes the reader, the node and what its inputs stand for, and returns what its outputs
stand for. Constants and shapes are worked out at once; tensors become calls of layers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cello import layers
from cello.core.files import ModelFileError
from cello.saving.onnx.budget import LARGEST_DEGREE
from cello.saving.onnx.read_layers import LAYERS, check_moves, constant_like, moving
from cello.saving.onnx.read_recurrent import recurrent
from cello.saving.onnx.read_shapes import SHAPES, axes_given, is_host, positive
from cello.saving.onnx.reader import ops
from cello.saving.onnx.tensors import D, Filled, Tensor, bound, plain

# ---------------------------------------------------------------------------- element by element


def activation(name: str, **known):
    """A layer `Activation`, where the attributes are those of Cello's function."""

    def read(r, node, x):
        for attribute, (value, default) in known.items():
            given = node.attributes.get(attribute, default)
            if abs(given - value) > 1e-6:
                if node.kind in ("LeakyRelu", "Elu"):
                    return _sloped(r, node, x, given)
                raise ModelFileError(f"{node}: its {attribute}={given} is none of Cello's.")
        x = moving(r, node, x)
        call = r.layer(node, ("activation", *node.outputs), _maker(name))
        return x.map(call)

    return read


def _maker(name):
    return lambda layer_name: layers.Activation(name, name=layer_name)


def _sloped(r, node, x, alpha):
    function = ops.leaky_relu if node.kind == "LeakyRelu" else ops.elu
    return moving(r, node, x).map(lambda t: function(t, alpha))


def hard_sigmoid(r, node, x):
    alpha = node.attributes.get("alpha", 0.2)
    beta = node.attributes.get("beta", 0.5)
    if abs(alpha - 1 / 6) < 1e-6 and abs(beta - 0.5) < 1e-6:
        return activation("hard_sigmoid")(r, node, x)
    if abs(alpha - 0.2) < 1e-6 and abs(beta - 0.5) < 1e-6:
        return activation("keras2_hard_sigmoid")(r, node, x)
    return moving(r, node, x).map(lambda t: ops.clip(t * alpha + beta, 0, 1))


def gelu(r, node, x):
    approximate = node.attributes.get("approximate", "none") == "tanh"
    return moving(r, node, x).map(lambda t: ops.gelu(t, approximate=approximate))


def shrink(r, node, x):
    lambd, bias = node.attributes.get("lambd", 0.5), node.attributes.get("bias", 0.0)

    def shrunk(t):
        return ops.where(t > lambd, t - bias, ops.where(t < -lambd, t + bias, 0.0))

    return moving(r, node, x).map(shrunk)


def unary(function, fold=None):
    def read(r, node, x):
        if is_host(x) and fold is not None:
            return fold(x)
        return moving(r, node, x).map(function)

    return read


def softmax(kind):
    function = ops.softmax if kind == "softmax" else ops.log_softmax

    def read(r, node, x):
        x = moving(r, node, x)
        axis = positive(node.attributes.get("axis", -1 if r.graph.opset >= 13 else 1), x.rank)
        if r.graph.opset < 13 and axis != x.rank - 1:
            raise ModelFileError(f"{node}: over several axes, as before opset 13, is not read.")
        own = x.axes[axis]
        if own is D:
            return plain(function(r.tensor(x), axis=axis))
        if own == len(x.part_shape) - 1:
            return activation(kind)(r, node, x)
        return x.map(lambda t: function(t, axis=own))

    return read


# ------------------------------------------------------------------------------- two operands


def binary(function, fold, layer=None):
    def read(r, node, x, y):
        if node.outputs[0] in r.done:
            return r.done[node.outputs[0]]
        if is_host(x) and is_host(y):
            bound(np.broadcast_shapes(x.shape, y.shape), x, y)
            return np.asarray(fold(x, y))
        if isinstance(x, Tensor) and isinstance(y, Tensor):
            return _two_tensors(r, node, x, y, function, layer)
        for tensor, other, swap in ((x, y, False), (y, x, True)):
            if isinstance(tensor, Tensor) and is_host(other) and other.dtype != object:
                value = _laid_out(r, tensor, other)
                if value is not None:
                    return tensor.map(lambda t, v=value, s=swap: function(v, t) if s
                                      else function(t, v))  # fmt: skip
        return plain(function(r.operand(x), r.operand(y)))

    return read


def _laid_out(r, tensor: Tensor, value: np.ndarray):
    """`value` for the parts of `tensor`; `None` where it makes the result larger."""
    if value.size == 1 and value.ndim <= tensor.rank:
        return value.reshape(()).item()
    if value.ndim > tensor.rank:
        return None
    shape = [1] * (tensor.rank - value.ndim) + list(value.shape)
    for axis, size in enumerate(tensor.dims):
        if shape[axis] not in (1, size):
            return None
    if D in tensor.axes and shape.pop(tensor.axes.index(D)) != 1:
        return None
    order = [a for a in tensor.axes if a is not D]
    return r.in_jax(value, tuple(shape), tuple(order.index(a) for a in range(len(order))))


def _two_tensors(r, node, x: Tensor, y: Tensor, function, layer):
    if x.rank != y.rank or D in x.axes or D in y.axes:
        if x.axes == y.axes and x.count == y.count:
            return Tensor(x.axes, [function(a, b) for a, b in zip(x.parts, y.parts, strict=True)])
        return plain(function(r.tensor(x), r.tensor(y)))
    one, other = x.parts[0], y.parts[0]
    order = [y.axes[x.axes.index(a)] for a in range(x.rank)]
    if order != list(range(y.rank)):
        other = ops.transpose(other, order)
    if layer is None or one.dtype != other.dtype:
        return Tensor(x.axes, [function(one, other)])
    make = lambda name: layer(name=name)  # noqa: E731
    return Tensor(x.axes, [r.layer(node, ("merge", *node.outputs), make)([one, other])])


def _power(x, y):
    if object in (x.dtype, y.dtype) and not all(n in range(LARGEST_DEGREE + 1) for n in y.flat):
        raise ModelFileError(f"A free size to a power that is none of 0 to {LARGEST_DEGREE}.")
    return np.power(x, y)


def _divide(x, y):
    return x // y if x.dtype.kind in "iuO" else x / y


def divide(r, node, x, y):
    def function(a, b):
        dtypes = [getattr(v, "dtype", None) for v in (a, b)]
        whole = all(str(d).startswith(("int", "uint")) for d in dtypes if d is not None)
        return ops.floor_divide(a, b) if whole else ops.divide(a, b)

    return binary(function, _divide)(r, node, x, y)


def several(function, fold, layer):
    """`Max` and `Min`, of any number of operands."""
    two = binary(function, fold, layer)

    def read(r, node, *operands):
        total = operands[0]
        for other in operands[1:]:
            total = two(r, node, total, other)
        return total

    return read


def where(r, node, condition, x, y):
    if is_host(condition) and is_host(x) and is_host(y):
        bound(np.broadcast_shapes(condition.shape, x.shape, y.shape), x, y)
        return np.where(condition, x, y)
    return plain(ops.where(r.operand(condition), r.operand(x), r.operand(y)))


def clip(r, node, x, low=None, high=None):
    low = node.attributes.get("min") if low is None else constant_like(node, low, "min").item()
    high = node.attributes.get("max") if high is None else constant_like(node, high, "max").item()
    return moving(r, node, x).map(lambda t: ops.clip(t, low, high))


_KINDS = {1: "float32", 2: "uint8", 3: "int8", 5: "int16", 6: "int32", 7: "int64", 9: "bool",
          10: "float16", 11: "float64", 12: "uint32", 13: "uint64"}  # fmt: skip


def cast(r, node, x):
    kind = _KINDS.get(node.attributes.get("to"))
    if kind is None:
        raise ModelFileError(f"{node}: it casts to a kind of number that is not read.")
    if is_host(x):
        return x if x.dtype == object else x.astype(kind)
    if isinstance(x, Filled):
        return Filled(np.asarray(x.number).astype(kind), x.dims)
    kind = {"int64": "int32", "uint64": "uint32", "float64": "float32"}.get(kind, kind)
    return x.map(lambda t: t if t.dtype == kind else ops.cast(t, kind))


# ---------------------------------------------------------------------------------- along an axis


def reduce_by(name: str):
    function = getattr(ops, name)

    def read(r, node, x, axes=None):
        x = moving(r, node, x)
        axes = axes_given(r, node, axes)
        keep = bool(node.attributes.get("keepdims", 1))
        if axes is None and node.attributes.get("noop_with_empty_axes", 0):
            return x
        axes = list(range(x.rank)) if not axes else [positive(a, x.rank) for a in axes]
        if D in x.axes:
            x = plain(r.tensor(x))
        own = sorted(x.axes[a] for a in axes)
        t = function(x.parts[0], axis=tuple(own), keepdims=keep)
        if keep:
            return Tensor(x.axes, [t])
        rest = [a for i, a in enumerate(x.axes) if i not in axes]
        return Tensor(tuple(a - sum(o < a for o in own) for a in rest), [t])

    return read


def extreme_place(function):
    def read(r, node, x):
        x = moving(r, node, x)
        if node.attributes.get("select_last_index", 0):
            raise ModelFileError(f"{node}: select_last_index is not read.")
        axis = positive(node.attributes.get("axis", 0), x.rank)
        keep = bool(node.attributes.get("keepdims", 1))
        return plain(function(r.tensor(x), axis=axis, keepdims=keep))

    return read


def cumsum(r, node, x, axis):
    if node.attributes.get("exclusive", 0) or node.attributes.get("reverse", 0):
        raise ModelFileError(f"{node}: exclusive and reverse are not read.")
    axis = int(constant_like(node, axis, "axis").reshape(-1)[0])
    return plain(ops.cumsum(r.tensor(moving(r, node, x)), axis=axis))


def top_k(r, node, x, k):
    """All of an axis in order; fewer are not read."""
    x = moving(r, node, x)
    axis = positive(node.attributes.get("axis", -1), x.rank)
    if str(np.asarray(k).reshape(-1)[0]) != str(x.dims[axis]):
        raise ModelFileError(f"{node}: only the order of a whole axis is read.")
    t = r.tensor(x)
    t = -t if node.attributes.get("largest", 1) else t
    order = ops.argsort(t, axis=axis)
    return plain(ops.take_along_axis(r.tensor(x), order, axis=axis)), plain(order)


def gather_nd(r, node, x, places):
    if node.attributes.get("batch_dims", 0) != 1 or not isinstance(places, Tensor):
        raise ModelFileError(f"{node}: only one place a row (batch_dims=1) is read.")
    x, t = r.tensor(moving(r, node, x)), r.tensor(places)
    if places.rank != 3 or places.dims[-1] != 1 or x.ndim < 2:
        raise ModelFileError(f"{node}: only one place a row (batch_dims=1) is read.")
    for _ in range(x.ndim - 3):
        t = ops.expand_dims(t, -1)
    t = ops.squeeze(t, axis=-1) if x.ndim == 2 else t
    return plain(ops.take_along_axis(x, t, axis=1))


def einsum(r, node, *operands):
    check_moves(node, operands)
    return plain(ops.einsum(node.attributes["equation"], *[r.operand(x) for x in operands]))


# ------------------------------------------------------------------------------------- the table

TABLE: dict[str, Any] = {
    **SHAPES,
    **LAYERS,
    **dict.fromkeys(("LSTM", "GRU", "RNN"), recurrent),
    "Add": binary(ops.add, np.add, layers.Add),
    "Sub": binary(ops.subtract, np.subtract, layers.Subtract),
    "Mul": binary(ops.multiply, np.multiply, layers.Multiply),
    "Div": divide,
    "Pow": binary(ops.power, _power),
    "Mod": binary(ops.mod, np.mod),
    "Max": several(ops.maximum, np.maximum, layers.Maximum),
    "Min": several(ops.minimum, np.minimum, layers.Minimum),
    "Equal": binary(ops.equal, np.equal),
    "Greater": binary(ops.greater, np.greater),
    "GreaterOrEqual": binary(ops.greater_equal, np.greater_equal),
    "Less": binary(ops.less, np.less),
    "LessOrEqual": binary(ops.less_equal, np.less_equal),
    "And": binary(ops.logical_and, np.logical_and),
    "Or": binary(ops.logical_or, np.logical_or),
    "Not": unary(ops.logical_not, np.logical_not),
    "Where": where,
    "Clip": clip,
    "Cast": cast,
    "Relu": activation("relu"),
    "LeakyRelu": activation("leaky_relu", alpha=(0.2, 0.01)),
    "Elu": activation("elu", alpha=(1.0, 1.0)),
    "Celu": activation("celu", alpha=(1.0, 1.0)),
    "Selu": activation("selu", alpha=(1.67326324, 1.67326324), gamma=(1.05070102, 1.05070102)),
    "Tanh": activation("tanh"),
    "Sigmoid": activation("sigmoid"),
    "Softplus": activation("softplus"),
    "Softsign": activation("softsign"),
    "HardSigmoid": hard_sigmoid,
    "HardSwish": activation("hard_silu"),
    "Mish": activation("mish"),
    "Gelu": gelu,
    "Shrink": shrink,
    "Softmax": softmax("softmax"),
    "LogSoftmax": softmax("log_softmax"),
    **{
        kind: unary(getattr(ops, name))
        for kind, name in {
            "Abs": "abs", "Neg": "negative", "Exp": "exp", "Log": "log", "Ceil": "ceil",
            "Floor": "floor", "Round": "round", "Sign": "sign", "Sin": "sin", "Cos": "cos",
            "Tan": "tan", "Sinh": "sinh", "Cosh": "cosh", "Atan": "arctan", "Erf": "erf",
            "Reciprocal": "reciprocal", "IsNaN": "isnan",
        }.items()
    },
    "Sqrt": unary(ops.sqrt, np.sqrt),
    "ReduceSum": reduce_by("sum"),
    "ReduceMean": reduce_by("mean"),
    "ReduceMax": reduce_by("max"),
    "ReduceMin": reduce_by("min"),
    "ReduceProd": reduce_by("prod"),
    "ReduceLogSumExp": reduce_by("logsumexp"),
    "ArgMax": extreme_place(ops.argmax),
    "ArgMin": extreme_place(ops.argmin),
    "CumSum": cumsum,
    "TopK": top_k,
    "GatherND": gather_nd,
    "Einsum": einsum,
}  # fmt: skip
