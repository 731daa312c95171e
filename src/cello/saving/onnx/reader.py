"""What goes through the nodes of an ONNX file and calls layers for them."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

import cello.ops
from cello.core.files import ModelFileError
from cello.core.symbolic import BATCH, SymbolicTensor
from cello.layers import Input
from cello.models.model import Model
from cello.saving.onnx.batch_axes import batch_axes
from cello.saving.onnx.budget import take_numbers
from cello.saving.onnx.file import OnnxGraph, OnnxNode
from cello.saving.onnx.tensors import NARROW, D, Filled, Tensor, bound, plain

ops: Any = cello.ops


class Reader:
    """Goes through the nodes of a file and calls layers for them.

    Attributes:
        values: name to what stands for it: an array (constants, and shapes: an array of objects
            where sizes are free), a `Filled` or a `Tensor`.
        table: name of an operator to the function that reads it.
        usage: for each recurrent node, which of its outputs were asked for, and how; from the first
            of two rounds, so that the second makes the layer that fits.
    """

    def __init__(self, graph: OnnxGraph, table: dict[str, Any], usage: dict[int, set[str]]):
        self.graph = graph
        self.table = table
        self.usage = usage
        self.asked: dict[int, set[str]] = {}
        self.values: dict[str, Any] = {}
        self.places: dict[str, tuple[SymbolicTensor, int]] = {}
        self.needed = self._needed()
        self.users: dict[str, list[OnnxNode | None]] = {name: [None] for name in graph.outputs}
        for node in graph.nodes:
            if self.needed & set(node.outputs):
                for name in node.inputs:
                    self.users.setdefault(name, []).append(node)
        self.done: dict[str, Tensor] = {}
        self._in_jax: dict[Any, tuple[np.ndarray, Any]] = {}
        self._layers: dict[Any, Any] = {}
        self._names: dict[str, int] = {}  # to each, the last number behind it
        self._named: dict[str, Any] = {}

    def run(self) -> tuple[Model, dict[int, set[str]]]:
        graph, needed = self.graph, self.needed
        self.values.update(graph.constants)
        inputs = self._inputs()
        for node in graph.nodes:
            for name in node.outputs:
                if name and name in self.values:
                    raise ModelFileError(f"{node} makes {name!r}, which is there already.")
            if not needed & set(node.outputs):
                continue
            function = self.table.get(node.kind)
            if function is None:
                raise ModelFileError(
                    f"The operator {node.kind} ({node}) is not read. Those that are: "
                    f"{', '.join(sorted(self.table))}."
                )
            given = [self._value(node, n) for n in node.inputs]
            if all(v is None or isinstance(v, np.ndarray) for v in given):
                take_numbers([v for v in given if v is not None], node)
            try:
                outputs = function(self, node, *given)
            except ModelFileError:
                raise
            except Exception as error:  # whatever inputs that do not fit together lead to
                raise ModelFileError(
                    f"{node} does not fit to its inputs or attributes: {error}"
                ) from error
            outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
            take_numbers([v for v in outputs if isinstance(v, np.ndarray)], node)
            for name, value in zip(node.outputs, outputs, strict=False):
                if name:
                    self.values[name] = value
        outputs = [self.output(name) for name in graph.outputs]
        if not outputs:
            raise ModelFileError("The file has no outputs.")
        self._name_the_rest(outputs)
        model = Model(inputs if len(inputs) > 1 else inputs[0],
                      outputs if len(outputs) > 1 else outputs[0])  # fmt: skip
        return model, self.asked

    def _needed(self) -> set[str]:
        """The names that lead to an output."""
        needed = set(self.graph.outputs)
        for node in reversed(self.graph.nodes):
            if needed & set(node.outputs):
                needed.update(node.inputs)
        return needed

    def _value(self, node: OnnxNode, name: str):
        if not name:
            return None
        if name not in self.values:
            raise ModelFileError(f"{node} needs {name!r}, which nothing before it makes.")
        return self.values[name]

    def output(self, name: str) -> SymbolicTensor:
        """An output of the model: batch-first, without axes of one direction."""
        value = self.values.get(name)
        if not isinstance(value, Tensor):
            raise ModelFileError(f"The output {name!r} does not depend on the inputs.")
        parts = value.parts
        t = parts[0] if len(parts) == 1 else ops.stack(parts, axis=1)
        sizes = list(t.spec.shape)
        batch = next((i for i, d in enumerate(sizes) if d is BATCH or str(d) == str(BATCH)), 0)
        return t if batch == 0 else ops.moveaxis(t, batch, 0)

    def unstack(self, value: Tensor, axis: int) -> list[Tensor]:
        """The slices along the file's axis `axis`."""
        if value.axes[axis] is D:
            return [value.without(axis, p) for p in value.parts]
        if D in value.axes:
            value = plain(self.tensor(value))
        size, own = value.dims[axis], value.axes[axis]
        if not isinstance(size, int):
            raise ModelFileError("A tensor is taken apart along an axis of free size.")
        before = (slice(None),) * own
        part: Any = value.parts[0]
        return [value.without(axis, part[(*before, i)]) for i in range(size)]

    # ------------------------------------------------------------------------------ layers

    def name(self, wish: str) -> str:
        """`wish`, or `wish_1`, ... where it is taken."""
        wish = name = wish.strip("/").replace("/", "_") or "layer"
        while name in self._names:
            self._names[wish] += 1
            name = f"{wish}_{self._names[wish]}"
        self._names[name] = 0
        return name

    def _name_the_rest(self, outputs: list[SymbolicTensor]) -> None:
        """Names for the layers that got none from the file: `add`, `add_1`, ..."""
        waiting, seen = [t.node for t in outputs], set()
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            waiting += [t.node for t in node.inputs]
            layer = node.layer
            if layer.name not in self._named:
                layer.name = self.name(getattr(layer, "function", type(layer).__name__.lower()))
                self._named[layer.name] = layer
            elif self._named[layer.name] is not layer:
                layer.name = self.name(layer.name)
                self._named[layer.name] = layer

    def layer(self, node: OnnxNode, key, make, weights=None, features: int | None = None):
        """The layer `make(name)`; one for all nodes with the same `key`.

        Args:
            weights: a function that gives its weights, asked by the first call alone; `None` for a
                layer without.
            features: size of the axis of features that they are for; it is checked before the
                layer makes its own, so that no input makes it larger than the file.

        Returns:
            A function that calls it.
        """
        fresh = key not in self._layers
        if fresh:
            scope, _, _ = node.name.rpartition("/")
            made = make(self.name(scope or node.kind.lower()))
            self._layers[key] = self._named[made.name] = made
        layer = self._layers[key]

        def call(x, **kwargs):
            size = x.shape[getattr(layer, "axis", -1)] if features is not None else None
            if size != features:
                raise ModelFileError(
                    f"{node}: its weights are for {features} features, and the input has {size}."
                )
            built = layer.built
            outputs = layer(x, **kwargs)
            if weights is not None and not built:
                layer.set_weights(weights())
            return outputs

        return call

    def next_user(self, node: OnnxNode) -> OnnxNode | None:
        """The node that alone takes the first output of `node`."""
        users = self.users.get(node.outputs[0], [])
        return users[0] if len(users) == 1 else None

    # ----------------------------------------------------------------------------- inputs

    def _inputs(self) -> list[SymbolicTensor]:
        axes = batch_axes(self.graph)
        made = []
        for entry in self.graph.inputs:
            if entry.name in self.values:
                raise ModelFileError(f"The input {entry.name!r} is a weight as well.")
            rank, batch = len(entry.shape), axes.get(entry.name, 0)
            if rank == 0:
                raise ModelFileError(f"The input {entry.name!r} is a single number, without batch.")
            order = [batch, *[a for a in range(rank) if a != batch]]
            shape = [d if isinstance(d, int) else None for d in (entry.shape[a] for a in order)]
            dtype = {"int64": "int32", "float64": "float32"}.get(entry.dtype, entry.dtype)
            name = self.name(entry.name.replace("/", "_"))
            t = Input(batch_shape=tuple(shape), dtype=dtype, name=name)
            made.append(t)
            self._named[name] = t.node.layer
            self.values[entry.name] = Tensor(tuple(order.index(a) for a in range(rank)), [t])
        if not made:
            raise ModelFileError("The file has no inputs.")
        return made

    # ------------------------------------------------------------- tensors in the file's form

    def dims(self, value) -> list[Any]:
        """The shape of any value."""
        if isinstance(value, np.ndarray):
            return list(value.shape)
        if isinstance(value, Tensor):
            t = value.given[0] if value.given else value.joined
            for axis, size in enumerate(t.spec.shape):  # type: ignore[union-attr]
                if not isinstance(size, int):
                    self.places.setdefault(str(size), (t, axis))  # type: ignore[arg-type]
        return value.dims

    def tensor(self, value) -> SymbolicTensor:
        """`value` as one tensor with its axes in the file's order."""
        if isinstance(value, Filled):
            return self._fill(value)
        if isinstance(value, np.ndarray):
            raise ModelFileError("A constant stands where the inputs should lead to.")
        if value.plain:
            return value.parts[0]
        axes = value.axes
        if D not in axes:
            return ops.transpose(value.parts[0], axes)
        rest = [a for a in axes if a is not D]
        if value.count == 1 and rest == sorted(rest):
            return ops.expand_dims(value.parts[0], axes.index(D))
        t = ops.stack(value.parts, axis=0)
        return ops.transpose(t, [0 if a is D else a + 1 for a in axes])

    def operand(self, value):
        """A tensor, or a constant as JAX takes it, in the file's form."""
        if isinstance(value, np.ndarray):
            if value.dtype == object:
                return self.sizes(value)
            return self.in_jax(value)
        return self.tensor(value)

    def in_jax(self, value: np.ndarray, shape=None, order=None):
        """A value of the file as JAX has it; one array for all nodes that take it.

        A single number is one of Python's; int64 and float64 become int32 and float32.

        Args:
            shape, order: how it is reshaped, and transposed then.
        """
        if value.ndim == 0:
            return value.item()
        key = id(value), shape, order
        if key not in self._in_jax:
            view = value if shape is None else value.reshape(shape).transpose(order)
            view = view.astype(NARROW.get(view.dtype.name, view.dtype))
            take_numbers([view], "A constant")
            self._in_jax[key] = value, jnp.asarray(view)  # and `value`, so that no other has its id
        return self._in_jax[key][1]

    def sizes(self, value: np.ndarray):
        """Free sizes as a tensor, worked out when the model runs."""
        parts = [d if isinstance(d, int) else self._size(d) for d in value.reshape(-1)]
        if len(parts) != 1:
            raise ModelFileError("Several free sizes are computed with, which is not read.")
        return parts[0] if value.ndim == 0 else ops.reshape(parts[0], (1,) * value.ndim)

    def _ones(self, size):
        """A vector of ones, int32, of a free size."""
        if str(size) not in self.places:
            raise ModelFileError(f"The free size {size} comes from no tensor.")
        t: Any
        t, axis = self.places[str(size)]
        key = tuple(slice(None) if a == axis else 0 for a in range(t.ndim))
        return ops.cast(ops.ones_like(t[key]), "int32")

    def _size(self, size):
        return ops.sum(self._ones(size))

    def steps(self, size):
        """`0, 1, ...` up to a free size."""
        return ops.cumsum(self._ones(size), axis=0) - 1

    def _fill(self, value: Filled) -> SymbolicTensor:
        rank = len(value.dims)
        bound([d for d in value.dims if isinstance(d, int)])
        number = np.asarray(value.number)
        dtype = NARROW.get(number.dtype.name, number.dtype.name)
        t: Any = np.ones([d if isinstance(d, int) else 1 for d in value.dims], dtype)
        take_numbers([t], "A constant")
        for axis, size in enumerate(value.dims):
            if not isinstance(size, int):
                shape = [1] * rank
                shape[axis] = -1
                t = ops.multiply(ops.cast(ops.reshape(self._ones(size), shape), dtype), t)
        if not isinstance(t, SymbolicTensor):
            raise ModelFileError("A constant stands where the inputs should lead to.")
        return t * number.item()
