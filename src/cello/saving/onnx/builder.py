"""An ONNX graph in the making: nodes, constants and names. Imports onnx where one is made."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

BYTES = 2**31 - 2**20
"""What the weights of a file may take: protobuf ends at 2 GiB, less some room for the graph."""

OPSETS = range(17, 24)
FIRST_INDEX, LAST_INDEX = -(2**63) + 1, 2**63 - 1


def require_onnx():
    """The module `onnx`, or an `ImportError` that says how to get it."""
    try:
        import onnx
    except ImportError:
        raise ImportError(
            "ONNX files are written and read by the package onnx, which is not installed: "
            'pip install "cello-rnn[onnx]".'
        ) from None
    return onnx


@dataclasses.dataclass(frozen=True)
class Value:
    """A tensor of the ONNX graph.

    Attributes:
        name: its name in the file.
        dtype: its NumPy dtype.
        shape: its shape, free sizes as JAX writes them.
        number: what each of its elements is, if that is known.
    """

    name: str
    dtype: np.dtype
    shape: tuple[Any, ...] = ()
    number: Any = None


class Builder:
    """Collects nodes and constants; every name it gives is new.

    Args:
        opset: version of the ONNX operators.
    """

    def __init__(self, opset: int):
        self.onnx = require_onnx()
        self.opset = opset
        self.nodes: list[Any] = []
        self.arrays: dict[str, np.ndarray] = {}
        self.defaults: dict[str, np.ndarray] = {}
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.path = ""
        self._names: set[str] = set()
        self._found: dict[Any, Any] = {}
        self._found_here: dict[Any, Any] = {}
        self._outside: list[list[Any]] = []

    # ------------------------------------------------------------------------------- names

    @contextlib.contextmanager
    def scope(self, path: str) -> Iterator[None]:
        """Within it, names begin with a path."""
        outside, self.path = self.path, path
        yield
        self.path = outside

    def unique(self, name: str) -> str:
        """`name`, or `name_1`, ... where it is taken; it is taken from now on."""
        found, n = name, 0
        while found in self._names:
            n += 1
            found = f"{name}_{n}"
        self._names.add(found)
        return found

    def add_path(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name

    def once(self, key, make):
        """What `make()` gave the first time it was asked for under this key, in this graph."""
        if key not in self._found_here:
            self._found_here[key] = make()
        return self._found_here[key]

    def once_for_all(self, key, make):
        """The same for what needs inputs of the file and constants alone: for all graphs in it."""
        if key not in self._found:
            inside = self.nodes
            self.nodes = (self._outside or [inside])[0]
            self._found[key] = make()
            self.nodes = inside
        return self._found[key]

    @contextlib.contextmanager
    def graph(self) -> Iterator[list[Any]]:
        """Within it, nodes go to the list that it gives: the body of a loop."""
        kept, found = self.nodes, self._found_here
        self._outside.append(kept)
        self.nodes, self._found_here = [], {}
        try:
            yield self.nodes
        finally:
            self._outside.pop()
            self.nodes, self._found_here = kept, found

    # ----------------------------------------------------------------- constants and nodes

    def constant(self, array, name: str = "") -> Value:
        """A constant, of its own if it has a name; of others, equal small ones are one."""
        array = np.asarray(array)
        if name or array.size > 64:
            return self._initializer(array, name or "constant")
        key = ("constant", array.dtype.str, array.shape, array.tobytes())
        kind = "ints" if array.dtype == np.int64 else "number" if array.ndim == 0 else "constant"
        return self.once_for_all(key, lambda: self._initializer(array, kind))

    def weight(self, owners, name: str, make) -> Value:
        """The constant `make()`, once for the same layers `owners`, called `path/name`."""
        key, path = (*map(id, owners), name), self.add_path(name)
        return self.once_for_all(key, lambda: self._initializer(np.asarray(make()), path))

    def integers(self, *values: int) -> Value:
        """A vector of int64, as shapes and axes are."""
        return self.constant(np.array(values, np.int64))

    def scalar(self, value, dtype) -> Value:
        return self.constant(np.array(value, dtype))

    def _initializer(self, array: np.ndarray, name: str) -> Value:
        name = self.unique(name)
        self.arrays[name] = np.ascontiguousarray(array).reshape(array.shape)
        return Value(name, array.dtype, array.shape)

    def op(self, kind: str, *inputs: Value | None, outputs: int | Sequence[bool] = 1, dtype=None,
           **attributes) -> Any:  # fmt: skip
        """Add a node and return its output, or a tuple of them.

        Args:
            kind: the operator.
            inputs: its inputs; `None` for one that is left out.
            outputs: how many, or which of them are wanted (the others are `None` in the tuple).
            dtype: that of the outputs; that of the first input where `None`.
            attributes: its attributes.
        """
        wanted = [True] * outputs if isinstance(outputs, int) else list(outputs)
        while wanted and not wanted[-1]:
            wanted.pop()
        given = list(inputs)
        while given and given[-1] is None:
            given.pop()
        name = self.unique(self.add_path(kind))
        names = [self.unique(f"{name}:{i}" if i else f"{name}:") if w else "" for i, w in
                 enumerate(wanted)]  # fmt: skip
        self.nodes.append(
            self.onnx.helper.make_node(
                kind, ["" if v is None else v.name for v in given], names, name=name, **attributes
            )
        )
        first = next((v.dtype for v in given if v is not None), np.dtype("float32"))
        made = [Value(n, np.dtype(dtype or first)) if n else None for n in names]
        if isinstance(outputs, int) and outputs == 1:
            return made[0]
        length = outputs if isinstance(outputs, int) else len(outputs)
        return (*made, *[None] * (length - len(made)))

    # ------------------------------------------------------- operators in a handier form

    def cast(self, x: Value, dtype) -> Value:
        dtype = np.dtype(dtype)
        if x.dtype == dtype:
            return x
        to = self.onnx.helper.np_dtype_to_tensor_dtype(dtype)
        return dataclasses.replace(self.op("Cast", x, dtype=dtype, to=to), shape=x.shape)

    def reduce(self, kind: str, x: Value, axes, keepdims: bool = False) -> Value:
        """`ReduceSum` and its kin over `axes`, or over all where `None`."""
        if axes is None:
            return self.op(kind, x, keepdims=int(keepdims))
        if kind == "ReduceSum" or self.opset >= 18:  # the axes became an input then
            return self.op(kind, x, self.integers(*axes), keepdims=int(keepdims))
        return self.op(kind, x, axes=list(axes), keepdims=int(keepdims))

    def split(self, x: Value, sizes, axis: int) -> list[Value]:
        outputs = self.op("Split", x, self.integers(*sizes), outputs=len(sizes), axis=axis)
        return list(outputs) if len(sizes) > 1 else [outputs]

    def sizes(self, x: Value, start: int = 0, end: int | None = None) -> Value:
        """The sizes of the axes from `start` to `end`, a vector of int64."""

        def make():
            ends = {} if end is None else {"end": end}
            return self.op("Shape", x, dtype="int64", start=start, **ends)

        return self.once(("sizes", x.name, start, end), make)

    def shape(self, *parts: Value | int) -> Value:
        """A shape put together from sizes of tensors and numbers."""
        if not any(isinstance(p, Value) for p in parts):
            return self.integers(*parts)  # type: ignore[arg-type]
        values = [p if isinstance(p, Value) else self.integers(p) for p in parts]
        return self.op("Concat", *values, axis=0)

    def reshape(self, x: Value, *parts: Value | int) -> Value:
        return self.op("Reshape", x, self.shape(*parts))

    def unsqueeze(self, x: Value, *axes: int) -> Value:
        return self.op("Unsqueeze", x, self.integers(*axes))

    def squeeze(self, x: Value, *axes: int) -> Value:
        return self.op("Squeeze", x, self.integers(*axes))

    # ------------------------------------------------------------------------ the model

    def input(self, name: str, dtype, shape) -> Value:
        """A new input of the graph; strings in `shape` name sizes that are free."""
        self.inputs.append(self._info(name, dtype, shape))
        known = tuple(d if isinstance(d, int) else None for d in shape)
        return Value(name, np.dtype(dtype), known)

    def default(self, name: str, array: np.ndarray) -> None:
        """Make the input `name` optional: `array` where it is left out."""
        self.defaults[name] = array

    def output(self, name: str, x: Value, shape) -> None:
        """Make `x` an output of the graph."""
        self.nodes.append(self.onnx.helper.make_node("Identity", [x.name], [name], name=name))
        self.outputs.append(self._info(name, x.dtype, shape))

    def _info(self, name, dtype, shape):
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.onnx.helper.make_tensor_value_info(name, kind, shape)

    def body(self, nodes, inputs: Sequence[Value], results: Sequence[Value]):
        """The graph of these nodes, which other nodes take as an attribute."""
        kept, _ = self._needed(nodes, {v.name for v in results})
        taken, given = (
            [self._info(v.name, v.dtype, _known_sizes(v)) for v in values]
            for values in (inputs, results)
        )
        return self.onnx.helper.make_graph(kept, self.unique(self.add_path("body")), taken, given)

    def _needed(self, nodes, names: set[str]) -> tuple[list[Any], set[str]]:
        """The nodes that lead to these names, and all names that they use."""
        needed, kept = set(names), []
        for node in reversed(nodes):
            if any(n in needed for n in node.output):
                kept.append(node)
                needed.update(node.input)
                for attribute in node.attribute:
                    needed.update(n for inner in attribute.g.node for n in _names_in(inner))
        return kept[::-1], needed

    def model(self, name: str, version: str, doc: str):
        """The finished `ModelProto`; nodes that lead to no output are left out."""
        helper = self.onnx.helper
        kept, needed = self._needed(self.nodes, {info.name for info in self.outputs})
        arrays = {n: a for n, a in self.arrays.items() if n in needed} | self.defaults
        if sum(array.nbytes for array in arrays.values()) > BYTES:
            raise ValueError(
                f"The weights take more than {BYTES:,} bytes, and an ONNX file ends at 2 GiB: "
                "export the model in parts."
            )
        constants = [self.onnx.numpy_helper.from_array(a, n) for n, a in arrays.items()]
        graph = helper.make_graph(kept, name, self.inputs, self.outputs, constants)
        opset = helper.make_opsetid("", self.opset)
        return helper.make_model(
            graph,
            opset_imports=[opset],
            ir_version=helper.find_min_ir_version_for([opset]),
            producer_name="cello",
            producer_version=version,
            doc_string=doc,
        )


def _known_sizes(value: Value) -> list[int | None]:
    return [d if isinstance(d, int) else None for d in value.shape]


def _names_in(node) -> Iterator[str]:
    """The names that a node uses, those of graphs within it included."""
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from _names_in(inner)
