"""The state of an optimiser as Keras keeps it: a list of arrays.

`[iterations, learning_rate, *slots]`, without the rate where it follows a schedule. The number is
that of the batches. The slots belong to the trained variables, in their order: moving averages and
sums of gradients, where the optimiser keeps them, and the moments of its rule.

All functions but `state_variables` are pure, and JAX can trace them.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.variable import Variable

# Groups of fields of optax' states and their names in Keras, one group after the other; within a
# group the fields alternate from variable to variable. A minus sign: Keras keeps the negative.
Groups = tuple[dict[str, str], ...]
_MOMENTS: Groups = ({"m": "momentum", "v": "velocity"},)
SLOTS: dict[str, Groups] = {
    "SGD": ({"trace": "momentum"},),
    "RMSprop": ({"nu": "velocity"}, {"-trace": "momentum"}, {"mu": "average_gradient"}),
    "Adam": (*_MOMENTS, {"extra": "velocity_hat"}),
    "Adamax": ({"m": "momentum", "v": "norm"},),
    "Nadam": (*_MOMENTS, {"extra": ""}),
    "Adagrad": ({"sum_of_squares": "accumulator"},),
    "Adadelta": ({"e_g": "accumulated_grad", "e_x": "accumulated_delta_var"},),
    "Lion": ({"mu": "momentum"},),
    "Lamb": ({"mu": "momentum", "nu": "velocity"},),
    "Adafactor": ({"v_row": "row", "v_col": "column", "v": "velocity"},),
    "Muon": _MOMENTS,
    "Ftrl": ({"accumulator": "accumulator", "linear": "linear"},),
    "ScheduleFreeAdamW": ({"z": "momentum", "v": "velocity"},),
}


def arrays_of(optimizer, state, variables) -> list[Any]:
    """A state as Keras' list. An optimiser that Keras does not have gives the leaves of its state.

    Args:
        optimizer: the optimiser.
        state: its state; that before the first step where `None`.
        variables: what it trains.
    """
    return [array for _, array in _named_arrays(optimizer, state, variables)]


def _named_arrays(optimizer, state, variables) -> list[tuple[str, Any]]:
    if state is None:
        state = optimizer.init([v.value for v in variables])
    if optimizer.inner_optimizer is not None:  # Keras has a rate of its own there, always 0
        own = [("iteration", jnp.int32(0)), ("learning_rate", jnp.float32(0))]
        own += [("step_counter", state.steps), ("dynamic_scale", state.scale)]
        return own + _named_arrays(optimizer.inner_optimizer, state.inner, variables)
    groups = slot_groups(optimizer)
    if groups is None:
        return [(f"state_{i}", leaf) for i, leaf in enumerate(jax.tree.leaves(state))]
    named = [("iteration", jnp.asarray(state.count, jnp.int32))]
    if not optimizer.follows_schedule:
        rate = jnp.asarray(state.hyperparams["learning_rate"], jnp.float32)
        named.append(("learning_rate", rate))
    fields = _fields(state)
    for group in groups:
        present = {f: name for f, name in group.items() if f.lstrip("-") in fields}
        slots = [[_sign(f, value) for value in _as_list(fields[f.lstrip("-")])] for f in present]
        if slots and "v_row" in group:
            slots = _factored_to_keras(slots, variables)
        for variable, of_variable in zip(variables, zip(*slots, strict=True), strict=False):
            path = variable.path.replace("/", "_")
            for name, array in zip(present.values(), of_variable, strict=True):
                if array is not None:
                    named.append((f"{path}_{name}" if name else "product", array))
    return named


def state_of(optimizer, variables, arrays) -> Any:
    """The state that `arrays`, a list like that of `arrays_of` and of its shapes, describes."""
    state = optimizer.init([v.value for v in variables])
    groups, arrays = slot_groups(optimizer), list(arrays)
    if optimizer.inner_optimizer is not None:
        inner = state_of(optimizer.inner_optimizer, variables, arrays[4:])
        steps, scale = arrays[2:4]
        steps = jnp.asarray(steps, state.steps.dtype)
        return state._replace(steps=steps, scale=jnp.asarray(scale, jnp.float32), inner=inner)
    if groups is None:
        leaves, structure = jax.tree.flatten(state)
        leaves = [jnp.asarray(a, leaf.dtype) for a, leaf in zip(arrays, leaves, strict=True)]
        return jax.tree.unflatten(structure, leaves)
    batches = arrays.pop(0)
    steps = batches // (optimizer.gradient_accumulation_steps or 1)
    new: dict[str, Any] = {"count": steps, "batches": batches}
    rate = None if optimizer.follows_schedule else arrays.pop(0)
    fields = _fields(state)
    for group in groups:
        names = [name for name in group if name.lstrip("-") in fields]
        if names and "v_row" in group:
            slots = _factored_from_keras(arrays, variables)
        else:
            slots = _taken([_as_list(fields[name.lstrip("-")]) for name in names], arrays)
        for name, values in zip(names, slots, strict=True):
            values = [_sign(name, v) for v in values]
            old = fields[name.lstrip("-")]
            new[name.lstrip("-")] = values if isinstance(old, list) else values[0]
    state = _with_fields(state, new)
    if rate is not None:
        hyperparams = {**state.hyperparams, "learning_rate": jnp.asarray(rate, jnp.float32)}
        state = state._replace(hyperparams=hyperparams)
    schedules = {
        name: _with_fields(schedule, {"count": batches})
        for name, schedule in state.hyperparams_states.items()
    }
    count = jnp.asarray(batches, state.count.dtype)
    return state._replace(count=count, hyperparams_states=schedules)


def _taken(old: list[list[Any]], arrays: list[Any]) -> list[list[Any]]:
    """The next arrays in the form of `old`, variable by variable; `None` where there is none."""
    rows = zip(*old, strict=True)
    new = [[None if value is None else arrays.pop(0) for value in row] for row in rows]
    return [list(values) for values in zip(*new, strict=True)] if new else [[] for _ in old]


def slot_groups(optimizer) -> Groups | None:
    """The groups of an optimiser's slots; `None` where Keras does not have it."""
    names = [c.__name__ for c in type(optimizer).__mro__ if c.__module__.startswith("cello.")]
    around: Groups = ({"average": "average"},) * optimizer.use_ema
    if optimizer.gradient_accumulation_steps:
        around += ({"accumulated": "gradient_accumulator"},)
    return next((around + SLOTS[name] for name in names if name in SLOTS), None)


class StateVariable(Variable):
    """An array of an optimiser's state, as Keras lists it; assigning to it changes the state."""

    def __init__(self, optimizer, place: int, name: str):
        self.optimizer, self.place = optimizer, place
        self.name, self.path = name, f"{optimizer.name}/{name}"
        self.trainable = self.made_trainable = self.weight = self.autocast = False
        self.regularizer = self.constraint = None

    @property
    def _value(self):
        return arrays_of(self.optimizer, self.optimizer.state, self.optimizer.trained)[self.place]

    @_value.setter
    def _value(self, value):
        optimizer = self.optimizer
        arrays = arrays_of(optimizer, optimizer.state, optimizer.trained)
        arrays[self.place] = value
        optimizer.state = state_of(optimizer, optimizer.trained, arrays)


def state_variables(optimizer) -> list[Variable]:
    """The state of an optimiser as a list of variables."""
    named = _named_arrays(optimizer, optimizer.state, optimizer.trained)
    return [StateVariable(optimizer, i, name) for i, (name, _) in enumerate(named)]


def _sign(name: str, value):
    return -value if name.startswith("-") and value is not None else value


def _as_list(value) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _fields(state) -> dict[str, Any]:
    """The fields of all named tuples inside a state; an empty one (`()`) is none."""
    found: dict[str, Any] = {}
    if isinstance(state, tuple):
        for name, value in zip(getattr(state, "_fields", [""] * len(state)), state, strict=True):
            if name and not isinstance(value, tuple):
                found[name] = value
            found.update(_fields(value))
    return found


def _with_fields(state, new: dict[str, Any]):
    """`state` with other values of these fields, in the dtypes that they have."""
    if not isinstance(state, tuple):
        return state
    names = getattr(state, "_fields", [""] * len(state))
    values = [
        jax.tree.map(lambda n, o: jnp.asarray(n, o.dtype), new[name], old)
        if name in new and not isinstance(old, tuple)
        else _with_fields(old, new)
        for name, old in zip(names, state, strict=True)
    ]
    return type(state)(*values) if hasattr(state, "_fields") else tuple(values)


# Adafactor: Keras takes the means over the last two axes, optax over the two largest, and each has
# its own stand-ins for what an array does not need.


def _swapped(shape) -> bool:
    """Whether optax' row is Keras' column: the largest axis is the last but one."""
    return int(np.argsort(shape)[-1]) == len(shape) - 2


def _factored_to_keras(slots, variables):
    found: list[tuple[Any, Any, Any]] = []
    for row, column, v, variable in zip(*slots, variables, strict=True):
        if variable.ndim < 2:
            found.append((jnp.float32(0), jnp.float32(0), v))
            continue
        row, column = (column, row) if _swapped(variable.shape) else (row, column)
        found.append((row, column, jnp.zeros(variable.shape, variable.dtype)))
    return list(zip(*found, strict=True))


def _factored_from_keras(arrays, variables):
    none = jnp.zeros((1,), jnp.float32)
    found: list[tuple[Any, Any, Any]] = []
    for variable in variables:
        row, column, whole = (arrays.pop(0) for _ in range(3))
        if variable.ndim < 2:
            found.append((none, none, whole))
        else:
            row, column = (column, row) if _swapped(variable.shape) else (row, column)
            found.append((row, column, none))
    return [list(slot) for slot in zip(*found, strict=True)]
