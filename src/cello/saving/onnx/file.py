"""An ONNX file, read with distrust: nothing else on the disk, no more memory than the file has."""

from __future__ import annotations

import dataclasses
import functools
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from cello.core.files import ModelFileError
from cello.saving.onnx.builder import require_onnx

OLDEST, NEWEST = 11, 26
MOST_AXES = 8
LARGEST_SIZE = 2**31 - 1
MOST_NAMES = 200_000
"""Nodes and names in them that a file may have: of the largest models some ten thousands."""

_FIELDS = {"float32": "float_data", "float64": "double_data", "int64": "int64_data",
           "uint32": "uint64_data", "uint64": "uint64_data"}  # fmt: skip
_DTYPES = ("float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool").split()


@dataclasses.dataclass
class GraphInput:
    """An input of the graph: `None` and strings in `shape` are free sizes."""

    name: str
    dtype: str
    shape: list[int | str | None]
    default: np.ndarray | None = None


@dataclasses.dataclass
class OnnxNode:
    """A node: its operator, the names of its inputs and outputs, its attributes."""

    kind: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]

    def __str__(self):
        return f"{self.kind} '{self.name or (self.outputs or ['?'])[0]}'"


@dataclasses.dataclass
class OnnxGraph:
    """What a file says, checked piece by piece."""

    opset: int
    inputs: list[GraphInput]
    outputs: list[str]
    constants: dict[str, np.ndarray]
    nodes: list[OnnxNode]
    names: int
    nbytes: int


def read(source) -> OnnxGraph:
    """The graph of a path, of bytes or of a `ModelProto`."""
    onnx = require_onnx()
    if isinstance(source, (str, os.PathLike)):
        source = Path(source).read_bytes()
    if isinstance(source, (bytes, bytearray, memoryview)):
        try:
            proto = onnx.ModelProto.FromString(bytes(source))
        except Exception as error:
            raise ModelFileError(f"This is no ONNX file, or it is damaged: {error}.") from None
    elif isinstance(source, onnx.ModelProto):
        proto = source
    else:
        raise ValueError(
            "from_onnx takes a path, the bytes of a file or a ModelProto, and got "
            f"{type(source).__name__}."
        )
    try:
        return _graph(onnx, proto)
    except ModelFileError:
        raise
    except Exception as error:  # what the file's damage may lead to, such as broken text
        raise ModelFileError(f"This ONNX file is damaged: {error}.") from error


def _graph(onnx, proto) -> OnnxGraph:
    opset = next((o.version for o in proto.opset_import if o.domain in ("", "ai.onnx")), None)
    if opset is None:
        raise ModelFileError("This is no ONNX file, or it is damaged: it names no operator set.")
    if not OLDEST <= opset <= NEWEST:
        raise ModelFileError(
            f"The file is written in opset {opset}; {OLDEST} to {NEWEST} are read. "
            "onnx.version_converter changes it."
        )
    graph = proto.graph
    names = len(graph.node) + len(graph.input) + len(graph.output)
    names += sum(len(node.input) + len(node.output) for node in graph.node[:MOST_NAMES])
    if names > MOST_NAMES:
        raise ModelFileError(
            f"The file has {names} nodes and names in them; up to {MOST_NAMES} are read."
        )
    if graph.sparse_initializer:
        raise ModelFileError("The file has sparse weights, which are not read.")
    constants = {}
    for tensor in graph.initializer:
        if tensor.name in constants:
            raise ModelFileError(f"The file has the weight {tensor.name!r} twice.")
        constants[tensor.name] = array(onnx, tensor)
    inputs = []
    for info in graph.input:
        entry = _input(onnx, info)
        if info.name in constants:
            free = any(not isinstance(d, int) for d in entry.shape)
            if proto.ir_version < 4 or not free:
                continue  # a constant, listed as files once did
            entry.default = constants.pop(info.name)
        inputs.append(entry)
    if len({i.name for i in inputs}) < len(inputs):
        raise ModelFileError("The file has two inputs of the same name.")
    nodes = []
    for node in map(functools.partial(_node, onnx), graph.node):
        if node.kind != "Constant":
            nodes.append(node)
        elif node.outputs and node.outputs[0] not in constants:
            constants[node.outputs[0]] = _constant(node)
        else:
            raise ModelFileError(f"{node} makes nothing, or what is there already.")
    outputs = [o.name for o in graph.output]
    return OnnxGraph(opset, inputs, outputs, constants, nodes, names, proto.ByteSize())


def _input(onnx, info) -> GraphInput:
    if not info.type.HasField("tensor_type"):
        raise ModelFileError(f"The input {info.name!r} is no tensor, which is not read.")
    kind = info.type.tensor_type
    dtype = _dtype(onnx, kind.elem_type, info.name)
    if not kind.HasField("shape"):
        raise ModelFileError(f"The input {info.name!r} does not say how many axes it has.")
    shape: list[int | str | None] = []
    for dim in kind.shape.dim:
        if dim.HasField("dim_value"):
            if not 0 <= dim.dim_value <= LARGEST_SIZE:
                raise ModelFileError(f"The input {info.name!r} has a size of {dim.dim_value}.")
            shape.append(dim.dim_value)
        else:
            shape.append(dim.dim_param or None)
    if len(shape) > MOST_AXES:
        raise ModelFileError(f"The input {info.name!r} has {len(shape)} axes.")
    return GraphInput(info.name, dtype, shape)


def _dtype(onnx, elem_type: int, name: str) -> str:
    try:
        dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(elem_type)).name
    except Exception:
        dtype = f"of type {elem_type}"
    if dtype not in _DTYPES:
        raise ModelFileError(f"{name!r} holds numbers {dtype}, which are not read.")
    return dtype


def array(onnx, tensor) -> np.ndarray:
    """The numbers of a tensor that holds them itself, as many as it says."""
    if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
        raise ModelFileError(
            f"The weight {tensor.name!r} is kept in another file (external data), which is not "
            "read: save the model with its weights inside, onnx.save(onnx.load(path), 'm.onnx')."
        )
    dtype = _dtype(onnx, tensor.data_type, tensor.name)
    dims = list(tensor.dims)
    if any(d < 0 for d in dims) or len(dims) > MOST_AXES:
        raise ModelFileError(f"The weight {tensor.name!r} has the shape {dims}.")
    count = math.prod(dims)
    if tensor.HasField("raw_data"):
        there, want = len(tensor.raw_data), count * np.dtype(dtype).itemsize
    else:
        there, want = len(getattr(tensor, _FIELDS.get(dtype, "int32_data"))), count
    if there != want:
        raise ModelFileError(
            f"The weight {tensor.name!r} of shape {dims} does not hold as many numbers."
        )
    return np.asarray(onnx.numpy_helper.to_array(tensor)).reshape(dims)


def _constant(node: OnnxNode) -> np.ndarray:
    """What a `Constant` node holds."""
    for name, dtype in (("value_float", np.float32), ("value_floats", np.float32),
                        ("value_int", np.int64), ("value_ints", np.int64)):  # fmt: skip
        if name in node.attributes:
            return np.asarray(node.attributes[name], dtype)
    value = node.attributes.get("value")
    if not isinstance(value, np.ndarray):
        raise ModelFileError(f"{node} holds no numbers.")
    return value


def _node(onnx, node) -> OnnxNode:
    if node.domain not in ("", "ai.onnx"):
        raise ModelFileError(
            f"The operator {node.op_type} of {node.domain!r} is not one of ONNX's own, and not "
            "read."
        )
    attributes = {}
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.TENSOR:
            attributes[attribute.name] = array(onnx, attribute.t)
        elif attribute.type in (
            onnx.AttributeProto.GRAPH,
            onnx.AttributeProto.GRAPHS,
            onnx.AttributeProto.SPARSE_TENSOR,
        ):
            raise ModelFileError(
                f"The operator {node.op_type} '{node.name}' holds a graph or sparse numbers "
                f"({attribute.name}), which is not read."
            )
        else:
            value = onnx.helper.get_attribute_value(attribute)
            if isinstance(value, bytes):
                value = value.decode()
            elif isinstance(value, (list, tuple)):
                value = [v.decode() if isinstance(v, bytes) else v for v in value]
            attributes[attribute.name] = value
    return OnnxNode(node.op_type, node.name, list(node.input), list(node.output), attributes)
