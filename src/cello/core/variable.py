"""Variables, and the scope in which a pure function sees other values in their place.

A `Variable` holds an array and a name. Computation stays pure for JAX because of `Binding`:
within `with Binding({variable: array}) as binding:` reading a variable gives the bound array, and
assigning to it changes the binding only. Every jitted function of the library is a body under a
binding: values in, `binding.values` out.
"""

from __future__ import annotations

import array
import contextlib
import contextvars
import functools
import math
import operator
from collections.abc import Callable, Mapping
from numbers import Number
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.forks import warn_at_forks
from cello.core.loading import current_loading
from cello.core.naming import add_scope
from cello.core.numbers import exact_numbers, refuse_complex
from cello.core.text import clean_text

_binding: contextvars.ContextVar[Binding | None] = contextvars.ContextVar("binding", default=None)
_autocast: contextvars.ContextVar[Any] = contextvars.ContextVar("autocast", default=None)


class Binding:
    """A scope in which variables have other values.

    Args:
        values: what the variables read as; those not in it keep the value of the outer scope.
        closed: whether it is that of a compiled program, which starts from the values that it is
            given: another variable would start each run from the value that it had first.

    Attributes:
        values: variable to array, with what was assigned in the scope.
        assigned: the variables that were assigned in the scope.
        losses: scalars that layers added to the loss (`Layer.add_loss`).
    """

    def __init__(self, values: Mapping[Variable, Any] | None = None, closed: bool = False):
        self.values: dict[Variable, Any] = dict(values or {})
        self.closed = closed
        self.assigned: dict[Variable, None] = {}
        self.losses: list[Any] = []
        self._outer: Binding | None = None

    def __enter__(self):
        self._outer = _binding.get()
        self._token = _binding.set(self)
        return self

    def __exit__(self, *exception):
        _binding.reset(self._token)

    def read(self, variable: Variable):
        scope: Binding | None = self
        while scope is not None:
            if variable in scope.values:
                return scope.values[variable]
            scope = scope._outer
        return variable._value

    def write(self, variable: Variable, value):
        """Let a variable have another value for the rest of the scope.

        Raises:
            RuntimeError: if that would be lost when a compiled program ends.
        """
        scope: Binding | None = self
        while scope is not None and variable not in scope.values:
            if scope.closed:
                raise RuntimeError(
                    f"Variable '{variable.path}' changes in a compiled program, and no layer of "
                    "the model holds it: each run would start from the same value. Keep it, or "
                    "the SeedGenerator that it belongs to, as an attribute of the layer that uses "
                    "it: layer.seed_generator = SeedGenerator()."
                )
            scope = scope._outer
        self.values[variable] = value
        self.assigned[variable] = None


def current_binding() -> Binding | None:
    return _binding.get()


@contextlib.contextmanager
def overridden(values: Mapping[Variable, Any]):
    """Within it, variables read as other values; what is assigned and added to the loss stays."""
    with Binding(values) as inner:
        yield
    for variable in inner.assigned:
        variable.assign(inner.values[variable])
    outer = _binding.get()
    if outer is not None:
        outer.losses.extend(inner.losses)


@contextlib.contextmanager
def autocast(dtype):
    """Within it, the weights of layers read as `dtype`; as they are where `None`."""
    token = _autocast.set(dtype)
    try:
        yield
    finally:
        _autocast.reset(token)


CHANGES = array.array("q", [0])  # how often a variable has got another value

_NUMBERS = (jax.Array, np.ndarray, np.generic, Number, list, tuple)


def to_device(value):
    """A copy of a NumPy array on the device; anything else as it is.

    `jnp.asarray` would compile a program for each new shape.
    """
    return jax.device_put(np.array(value)) if isinstance(value, np.ndarray) else value


class Variable:
    """A named array that a layer, a metric or a random generator owns.

    Args:
        initializer: an array, or a function `(shape, dtype) -> array`.
        shape: the shape, where `initializer` is a function.
        dtype: the dtype; that of the array, or float32, where not given.
        trainable: whether an optimiser changes it.
        name: its own name; `path` has the names of the layers around it in front.
        regularizer: function of the value whose result is added to the loss.
        constraint: function that projects the value after each update.
        weight: whether it belongs to `weights` and to a saved model; the states of random
            generators, stateful layers and metrics do not.
        autocast: whether a layer that computes in another dtype reads it in that, if it is
            trainable: what is not, states and statistics, keeps its precision.

    Attributes:
        made_trainable: `trainable` as it was when the variable was made. The order of a layer's
            weights goes by it, and does not change when one is frozen.
    """

    def __init__(
        self,
        initializer: Any,
        shape: tuple[int, ...] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        name: str = "variable",
        regularizer: Callable | None = None,
        constraint: Callable | None = None,
        weight: bool = True,
        autocast: bool = True,
    ):
        self.name = name
        self.path = add_scope(name)
        self.trainable = self.made_trainable = trainable
        self.regularizer = regularizer
        self.constraint = constraint
        self.weight = weight
        self.autocast = autocast and trainable
        loading = current_loading()
        if loading is not None and shape is not None:
            size = math.prod(shape) * jnp.dtype(dtype or "float32").itemsize
            loading.take(f"bytes of {'weights' if weight else 'states'}", size, f"'{self.path}'")
            if weight:
                initializer = np.zeros  # the file has its value
        # A layer may be built while JAX traces it; its variables are real arrays all the same.
        warn_at_forks()
        with jax.ensure_compile_time_eval():
            if callable(initializer):
                dtype = jnp.dtype(dtype or "float32")
                initializer = initializer(tuple(shape or ()), dtype)
            self._value = jnp.asarray(to_device(self._checked(initializer, dtype)), dtype)
        if shape is not None and tuple(shape) != self._value.shape:
            raise ValueError(
                f"Variable '{self.path}' has the shape {tuple(shape)}, but its initial value has "
                f"the shape {self._value.shape}."
            )

    def _checked(self, value, dtype):
        """A NumPy array with the same numbers in this dtype, or refused; anything else as it is."""
        if not isinstance(value, np.ndarray):
            return value
        what = f"Variable '{clean_text(self.path)}'"
        value = exact_numbers(value, what, dtype)
        if dtype is not None and not jnp.issubdtype(dtype, jnp.complexfloating):
            refuse_complex(value, what)
        return value

    @property
    def value(self) -> jax.Array:
        """The array: the bound one inside a pure function, else the variable's own."""
        binding = _binding.get()
        value = self._value if binding is None else binding.read(self)
        dtype = _autocast.get()
        if dtype is None or not self.autocast or not jnp.issubdtype(self.dtype, jnp.floating):
            return value
        return value.astype(dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._value.shape

    @property
    def ndim(self) -> int:
        return self._value.ndim

    @property
    def size(self) -> int:
        return self._value.size

    @property
    def dtype(self):
        return self._value.dtype

    def assign(self, value) -> jax.Array:
        """Replace the value by one of the same shape, and return it; the dtype is kept."""
        if not (isinstance(value, jax.Array) and value.aval == self._value.aval):
            value = jnp.asarray(to_device(self._checked(value, self.dtype)), self.dtype)
        if value.shape != self.shape:
            raise ValueError(
                f"Variable '{self.path}' has the shape {self.shape} and cannot take a value of the "
                f"shape {value.shape}."
            )
        binding = _binding.get()
        if binding is None:
            if isinstance(value, jax.core.Tracer):
                raise RuntimeError(
                    f"Variable '{self.path}' was assigned inside a function that JAX traces. Use "
                    "model.as_function(), which gives changed variables back."
                )
            self.hold(value)
        else:
            binding.write(self, value)
        return value

    def hold(self, value) -> None:
        """Keep an array of the same shape and dtype, unchecked, whatever is bound."""
        self._value = value
        CHANGES[0] += 1

    def assign_add(self, value) -> jax.Array:
        return self.assign(self.value + jnp.asarray(self._checked(value, self.dtype), self.dtype))

    def assign_sub(self, value) -> jax.Array:
        return self.assign(self.value - jnp.asarray(self._checked(value, self.dtype), self.dtype))

    def numpy(self) -> np.ndarray:
        return np.asarray(self.value)

    def __jax_array__(self):
        return self.value

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.value, dtype=dtype)

    def __getitem__(self, key):
        return self.value[key]

    def __len__(self):
        return len(self.value)

    def __iter__(self):
        return iter(self.value)

    def __eq__(self, other):
        """Element by element beside numbers; two variables are equal if they are one."""
        if isinstance(other, Variable) or not isinstance(other, _NUMBERS):
            return self is other
        return self.value == jnp.asarray(other)

    def __ne__(self, other):
        equal = self == other
        return not equal if isinstance(equal, bool) else ~equal

    __hash__ = object.__hash__

    def __repr__(self):
        return f"<Variable path={clean_text(self.path)} shape={self.shape} dtype={self.dtype.name}>"


def _operand(value):
    """What stands beside a variable: lists of numbers as arrays, as in Keras."""
    return jnp.asarray(value) if isinstance(value, (list, tuple)) else value


def _forward(name, function):
    """Let the operator `name` of variables be `function` of their values."""

    def forward(self, *others):
        return function(self.value, *map(_operand, others))

    setattr(Variable, f"__{name}__", forward)


def _reflect(name, function):
    setattr(Variable, f"__r{name}__", lambda self, other: function(_operand(other), self.value))


for _name in "add sub mul truediv floordiv mod pow matmul lt le gt ge neg pos abs invert".split():
    _forward(_name, getattr(operator, f"__{_name}__"))
for _name in "add sub mul truediv floordiv mod pow matmul".split():
    _reflect(_name, getattr(operator, f"__{_name}__"))
for _name in "and or xor".split():  # by truth, where JAX goes by bits
    _forward(_name, getattr(jnp, f"logical_{_name}"))
    _reflect(_name, getattr(jnp, f"logical_{_name}"))
for _function in (float, int, bool):
    _forward(_function.__name__, _function)
_forward("round", lambda value, digits=None: jnp.round(value, digits or 0))


def by_path(variables) -> dict[str, Any]:
    """Variables by their paths, numbered where two are alike."""
    found: dict[str, Any] = {}
    for variable in variables:
        path, n = variable.path, 1
        while path in found:
            path, n = f"{variable.path}_{n}", n + 1
        found[path] = variable
    return found


def takes_variables(function):
    """`function` of arrays, for which a `Variable` may stand as well."""

    def read(value):
        return value.value if isinstance(value, Variable) else value

    @functools.wraps(function)
    def taking(*args, **kwargs):
        return function(*map(read, args), **{k: read(v) for k, v in kwargs.items()})

    return taking


class TakesVariables:
    """Base of what is called on an array: its classes can be called on a `Variable` as well."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "__call__" in vars(cls):
            cls.__call__ = takes_variables(vars(cls)["__call__"])  # type: ignore[method-assign]
