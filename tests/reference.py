"""Statements of the small language in NumPy, element by element: what each writer must compute."""

import itertools
import math

import numpy as np

from cello.lowering.ir import Fold, Load, Map, Number, Place, Repeat

DTYPES = {"float": "float64", "int": "int64", "unsigned": "int64", "bool": "int64"}
ONE = {
    "neg": lambda a: -a,
    "abs": abs,
    "exp": math.exp,
    "tanh": math.tanh,
    "logistic": lambda a: 1 / (1 + math.exp(-a)),
    "not": lambda a: 1 - a,
    "sign": lambda a: (a > 0) - (a < 0),
    "to_float": float,
    "to_int": int,
}
TWO = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "max": max,
    "min": min,
    "lt": lambda a, b: a < b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
}
STARTS = {"add": 0, "mul": 1, "max": -math.inf, "min": math.inf, "and": 1, "or": 0}


def run(statements, arrays):
    """Let statements change flat arrays, by their buffers."""
    _run(statements, arrays, {})


def _run(statements, arrays, at):
    for statement in statements:
        if isinstance(statement, Repeat):
            for i in range(statement.loop.size):
                _run(statement.body, arrays, at | {statement.loop.name: i})
            continue
        for here in _places(statement.loops, at):
            if isinstance(statement, Map):
                value = _value(statement.value, arrays, here)
            else:
                value = _folded(statement, arrays, here)
            arrays[statement.target][_index(statement.index, arrays, here)] = value


def _folded(fold: Fold, arrays, here):
    total = STARTS[fold.operation]
    for inner in _places(fold.inner, here):
        total = TWO[fold.operation](total, _value(fold.value, arrays, inner))
    return total


def _places(loops, at):
    for values in itertools.product(*(range(loop.size) for loop in loops)):
        yield at | dict(zip((loop.name for loop in loops), values, strict=True))


def _value(value, arrays, at):
    if isinstance(value, Load):
        return arrays[value.buffer][_index(value.index, arrays, at)].item()
    if isinstance(value, Number):
        return value.value
    if isinstance(value, Place):
        return _index(value.index, arrays, at)
    found = [_value(a, arrays, at) for a in value.arguments]
    if value.name == "select":
        return found[1] if found[0] else found[2]
    return ONE[value.name](*found) if len(found) == 1 else TWO[value.name](*found)


def _index(index, arrays, at):
    moved = sum(at[name] * factor for name, factor in index.terms)
    looked_up = sum(_value(value, arrays, at) * factor for value, factor in index.looked_up)
    return int(index.first + moved + looked_up)


def words(buffer, rng):
    """Numbers for a buffer, such that sums of them stay small."""
    if buffer.kind == "float":
        return rng.normal(size=buffer.size).astype("float32").astype("float64")
    return rng.integers(0, 2 if buffer.kind == "bool" else 4, buffer.size)


def empty(buffer):
    return np.zeros(buffer.size, DTYPES[buffer.kind])
