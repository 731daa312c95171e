"""Functions of arrays that also work on symbolic tensors: `x + y`, `x[:, -1]`, `ops.mean(x)`.

Called on arrays, a function from the table runs at once. Called on symbolic tensors, it becomes a
node of the graph, held by an `Operation` layer that remembers the function by its name.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from numbers import Number
from typing import Any

import jax
import numpy as np
from jax import Array

from cello.core.arguments import arg
from cello.core.functions import (
    FUNCTIONS,
    MAKES_AN_AXIS,
    STEPWISE,
    count_parts,
    runs_behind_time,
)
from cello.core.layer import Layer
from cello.core.naming import unique_name
from cello.core.symbolic import SymbolicTensor, symbolic_leaves
from cello.core.variable import Variable


def _function_name(value: str):
    if value not in FUNCTIONS:
        raise ValueError("the name of a function in cello.ops")
    return value


class Operation(Layer):
    """A node of a graph that applies one function of `cello.ops`."""

    function = arg(kind=_function_name, doc="Name of the function.")

    @property
    def alike(self):
        return self.function

    def typical_call(self, args, kwargs):
        """Shapes do not depend on the numbers of an array; of `x[key]` on how many places it takes.

        What is no function of each element may take shapes and the like from an array.
        """
        if self.function == "getitem" and isinstance(args[0], SymbolicTensor):
            return (args[0], _first_places(args[0].spec.shape, args[1])), kwargs
        return jax.tree.map(_form, (args, kwargs)) if self.is_elementwise else (args, kwargs)

    @property
    def input_dtype(self) -> str:
        return self.variable_dtype

    @property
    def is_elementwise(self) -> bool:
        """Whether it computes each element, or each step, by itself."""
        return self.function in STEPWISE

    def _cast(self, arguments):
        """In mixed precision alone: else a function computes in the dtypes that it is given."""
        if self.dtype_policy.mixed:
            super()._cast(arguments)

    def count_pieces(self, arguments):
        return 1 + count_parts(self.function, arguments)

    def why_not_in_pieces(self, arguments):
        name, args, kwargs = self.function, arguments.get("args", ()), arguments.get("kwargs", {})
        if name in STEPWISE and name not in MAKES_AN_AXIS:
            return None
        if runs_behind_time(name, args, kwargs):
            return None
        if name == "getitem" and _takes_every_or_last_step(args[1]):
            return None
        return f"cello.ops.{name} may look along time. Write a layer with streams = True if not."

    def _attach_masks(self, arguments, outputs, masks):
        if self.function == "getitem" and _takes_one_step(arguments["args"][1]):
            return  # without time there is nothing left to mask
        super()._attach_masks(arguments, outputs, masks)

    def call(self, *args, **kwargs):
        return FUNCTIONS[self.function](*args, **kwargs)


def _form(leaf):
    """The shape and dtype of an array."""
    if not isinstance(leaf, jax.Array):
        return leaf
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, weak_type=leaf.weak_type)


def _first_places(shape, key):
    """A key that takes as many places of each axis, the first ones, if `key` is that simple."""
    keys = key if isinstance(key, tuple) else (key,)
    if len(keys) > len(shape) or not all(type(k) in (int, slice) for k in keys):
        return key
    first: list[Any] = []
    for k, size in zip(keys, shape, strict=False):
        if not isinstance(size, int):
            first.append(k)
        elif isinstance(k, slice):
            first.append(slice(0, len(range(size)[k])))
        else:
            first.append(0 if -size <= k < size else k)
    return tuple(first)


def _takes_every_or_last_step(key) -> bool:
    """Whether `x[key]` keeps all steps, or the last one, of `(batch, time, ...)`."""
    key = key if isinstance(key, tuple) else (key,)
    if not (key and key[0] == slice(None)):
        return key[:1] == (Ellipsis,) and len(key) == 2
    return len(key) == 1 or key[1] in (slice(None), -1, Ellipsis)


def _takes_one_step(key) -> bool:
    """Whether `x[key]` is one step of `(batch, time, ...)`."""
    if not isinstance(key, tuple) or len(key) < 2:
        return False
    return key[0] == slice(None) and isinstance(key[1], int)


def _value(leaf):
    """The array of a variable: JAX' own functions do not take the variable itself."""
    return leaf.value if isinstance(leaf, Variable) else leaf


def operation(name: str, shown: str | None = None) -> Callable:
    """The function called `name`, in `cello.ops` perhaps another, for arrays and tensors alike."""
    function = FUNCTIONS[name]

    @functools.wraps(function)
    def on_tensors(*args: Any, **kwargs: Any):
        if symbolic_leaves((args, kwargs)):
            return Operation(name, name=unique_name(name))(*args, **kwargs)
        args, kwargs = jax.tree.map(_value, (args, kwargs))
        return function(*args, **kwargs)

    # Where `pickle` finds it.
    on_tensors.__module__, on_tensors.__qualname__ = "cello.ops", shown or name
    return on_tensors


def _operator(name: str, reflected: bool = False) -> Callable:
    apply = operation(name)
    return (lambda x, y: apply(y, x)) if reflected else (lambda x, y: apply(x, y))


_COMPARABLE = (SymbolicTensor, Variable, Array, np.ndarray, np.generic, Number, list, tuple)


def _equality(name: str) -> Callable:
    """Element by element beside numbers; what is no tensor, such as `None`, is never equal."""
    apply = operation(name)

    def compare(x, y):
        if not isinstance(y, _COMPARABLE):
            return NotImplemented
        return apply(x, np.asarray(y) if isinstance(y, (list, tuple)) else y)

    return compare


def _logical(name: str, symbol: str) -> Callable:
    """An operator of booleans; of integers NumPy's goes by bits and Keras' by truth."""
    apply = operation(name)

    def connect(*tensors):
        for x in tensors:
            dtype = x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype
            if dtype != "bool":
                raise TypeError(
                    f"{symbol} connects tensors of booleans, such as x != 0, and got {x!r} of the "
                    f"dtype {dtype}. Compare first, or use cello.ops.{name}, for which every "
                    "number but 0 is true."
                )
        return apply(*tensors)

    return connect


for _symbol, _name in {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide",
    "floordiv": "floor_divide", "mod": "mod", "pow": "power", "matmul": "matmul",
}.items():  # fmt: skip
    setattr(SymbolicTensor, f"__{_symbol}__", _operator(_name))
    setattr(SymbolicTensor, f"__r{_symbol}__", _operator(_name, reflected=True))
for _symbol, _name in {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "getitem": "getitem",
}.items():  # fmt: skip
    setattr(SymbolicTensor, f"__{_symbol}__", _operator(_name))
for _symbol, _name in {"eq": "equal", "ne": "not_equal"}.items():
    setattr(SymbolicTensor, f"__{_symbol}__", _equality(_name))
for _symbol, _shown in {"and": "&", "or": "|", "xor": "^"}.items():
    _connect = _logical(f"logical_{_symbol}", _shown)
    setattr(SymbolicTensor, f"__{_symbol}__", _connect)
    setattr(SymbolicTensor, f"__r{_symbol}__", lambda x, y, connect=_connect: connect(y, x))
for _symbol, _function in {
    "neg": operation("negative"), "abs": operation("absolute"), "round": operation("round"),
    "invert": _logical("logical_not", "~"), "pos": lambda x: x,
}.items():  # fmt: skip
    setattr(SymbolicTensor, f"__{_symbol}__", _function)
setattr(SymbolicTensor, "__hash__", object.__hash__)  # noqa: B010 - by identity, as dicts need it
