"""The state of an optimiser as Keras keeps it: a list of arrays.

`[iterations, learning_rate, *slots]`, without the rate where it follows a schedule. The number is
that of the batches. The slots belong to the trained variables, in their order: moving averages and
sums of gradients, where the optimiser keeps them, and the moments of its rule.
"""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.files import ModelFileError
from cello.optimizers.optimizer import Optimizer

# Groups of fields of optax' states, one group after the other; within a group the fields alternate
# from variable to variable. A minus sign: Keras keeps the negative.
SLOTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "SGD": (("trace",),),
    "RMSprop": (("nu",), ("-trace",), ("mu",)),
    "Adam": (("m", "v"), ("extra",)),
    "Adamax": (("m", "v"),),
    "Nadam": (("m", "v"), ("extra",)),
    "Adagrad": (("sum_of_squares",),),
    "Adadelta": (("e_g", "e_x"),),
    "Lion": (("mu",),),
    "Lamb": (("mu", "nu"),),
    "Adafactor": (("v_row", "v_col", "v"),),
}


def optimizer_arrays(optimizer: Optimizer, variables) -> list[np.ndarray]:
    """The state as Keras' list; that before the first step where nothing was trained yet.

    An optimiser that Keras does not have gives the leaves of its state.
    """
    state = optimizer.state
    if state is None:
        state = optimizer.init([v.value for v in variables])
    groups = slot_groups(optimizer)
    if groups is None:
        return [np.asarray(leaf) for leaf in jax.tree.leaves(state)]
    arrays = [np.asarray(state.count, np.int32)]
    if not optimizer.follows_schedule:
        arrays.append(np.asarray(state.hyperparams["learning_rate"], np.float32))
    fields = _fields(state)
    for group in groups:
        present = [(name, fields[name.lstrip("-")]) for name in group if name.lstrip("-") in fields]
        slots = [[_sign(name, np.asarray(v)) for v in _as_list(value)] for name, value in present]
        if slots and group == ("v_row", "v_col", "v"):
            slots = _factored_to_keras(slots, variables)
        arrays += [array for of_variable in zip(*slots, strict=True) for array in of_variable]
    return arrays


def restore_optimizer(optimizer: Optimizer, variables, arrays: list[np.ndarray]) -> None:
    """Let the training go on where `arrays`, a list like that of `optimizer_arrays`, were taken.

    Raises:
        ModelFileError: where they do not fit the optimiser and the variables.
    """
    variables = list(variables)
    optimizer.state = None
    state = optimizer.init([v.value for v in variables])
    expected = optimizer_arrays(optimizer, variables)
    shapes, given = [a.shape for a in expected], [a.shape for a in arrays]
    if len(given) <= 2 < len(shapes):  # from before the first step: there are no slots yet
        return
    if len(given) < len(shapes) and not Counter(given) - Counter(shapes):
        warnings.warn(
            f"The file's state of the optimizer '{optimizer.name}' has {len(given)} arrays, and "
            f"that of the model {len(shapes)}: some weights were frozen when it was saved, and the "
            "file does not say which. The optimizer starts anew.",
            stacklevel=5,
        )
        return
    if shapes != given:
        raise ModelFileError(
            f"The file's state of the optimizer '{optimizer.name}' has {len(given)} arrays that do "
            f"not fit the model, for which it has {len(shapes)}."
        )
    if slot_groups(optimizer) is None:
        leaves = [jnp.asarray(a, e.dtype) for a, e in zip(arrays, expected, strict=True)]
        optimizer.state = jax.tree.unflatten(jax.tree.structure(state), leaves)
    else:
        optimizer.state = _fill(optimizer, state, variables, list(arrays))
    optimizer.variables = variables


def _fill(optimizer, state, variables, arrays):
    """`state` with the values of Keras' list."""
    batches = arrays.pop(0)
    steps = batches // (optimizer.gradient_accumulation_steps or 1)
    new: dict[str, Any] = {"count": steps, "batches": batches}
    rate = None if optimizer.follows_schedule else arrays.pop(0)
    fields = _fields(state)
    for group in slot_groups(optimizer) or ():
        names = [name for name in group if name.lstrip("-") in fields]
        if not names:
            continue
        if group == ("v_row", "v_col", "v"):
            slots = _factored_from_keras(arrays, variables)
        else:
            length = len(_as_list(fields[names[0].lstrip("-")]))
            taken = [arrays.pop(0) for _ in range(length * len(names))]
            slots = [taken[i :: len(names)] for i in range(len(names))]
        for name, values in zip(names, slots, strict=True):
            old = fields[name.lstrip("-")]
            values = [_sign(name, v) for v in values]
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


def slot_groups(optimizer) -> tuple[tuple[str, ...], ...] | None:
    """The groups of an optimiser's slots; `None` where Keras does not have it."""
    names = [c.__name__ for c in type(optimizer).__mro__ if c.__module__.startswith("cello.")]
    around = (("average",),) * optimizer.use_ema
    if optimizer.gradient_accumulation_steps:
        around += (("accumulated",),)
    return next((around + SLOTS[name] for name in names if name in SLOTS), None)


def _sign(name: str, value):
    return -value if name.startswith("-") else value


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
            found.append((np.float32(0), np.float32(0), v))
            continue
        row, column = (column, row) if _swapped(variable.shape) else (row, column)
        found.append((row, column, np.zeros(variable.shape, variable.dtype)))
    return list(zip(*found, strict=True))


def _factored_from_keras(arrays, variables):
    none = np.zeros((1,), np.float32)
    found: list[tuple[Any, Any, Any]] = []
    for variable in variables:
        row, column, whole = (arrays.pop(0) for _ in range(3))
        if variable.ndim < 2:
            found.append((none, none, whole))
        else:
            row, column = (column, row) if _swapped(variable.shape) else (row, column)
            found.append((row, column, none))
    return [list(slot) for slot in zip(*found, strict=True)]
