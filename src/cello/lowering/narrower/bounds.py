"""What is known of the size of numbers before any come: `tanh` gives no more than 1.

Each array has an interval. A state is first taken to stay within -1 and 1; if what a step makes of
that does not, nothing is known of it. So far from all is found; it is enough for gated cells.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np

from cello.lowering.flat import Array, Equation, Flat
from cello.lowering.narrower.narrow import Watch, watched

Interval = tuple[float, float]
ANY: Interval = (-math.inf, math.inf)
UNIT: Interval = (-1.0, 1.0)
RANGES = {"logistic": (0.0, 1.0), "tanh": UNIT, "sin": UNIT, "cos": UNIT, "erf": UNIT}
MOVES = (
    "broadcast_in_dim reshape squeeze expand_dims transpose rev slice split unstack copy copy_p "
    "convert_element_type stop_gradient dynamic_slice gather reduce_max reduce_min"
).split()
JOINS = {"concatenate": 0, "stack": 0, "pad": 0, "select_n": 1}  # the first that is in the hull


def bounds_of(flats: Sequence[Flat], starts: Sequence[np.ndarray]) -> dict[str, float]:
    """The greatest sizes of what weights are multiplied by in the steps of a stream.

    Args:
        flats: the functions of the steps; first of their inputs, and last of their outputs, are
            the states.
        starts: the states at the start.

    Returns:
        By the name of the weight; infinite if it is not known.
    """
    flats = list(map(watched, flats))
    count = len(starts)

    def after(states: list[Interval]) -> tuple[list[Interval], dict[str, float]]:
        found: dict[str, float] = {}
        ends = []
        for flat in flats:
            given = [*states, *[ANY] * (len(flat.inputs) - count)]
            ends.append(_run(flat, given, found)[len(flat.outputs) - count :])
        return [_hull(pieces) for pieces in zip(*ends, strict=True)], found

    return _settled([_interval(s) for s in starts], after)


def bounds_in(flat: Flat) -> dict[str, float]:
    """The same of a function without states."""
    found: dict[str, float] = {}
    _run(watched(flat), [ANY] * len(flat.inputs), found)
    return found


def _settled(starts: list[Interval], after: Callable):
    """What `after` finds, of the smallest intervals of states that hold after each step."""
    states = [_hull([start, UNIT]) for start in starts]
    while True:
        ends, found = after(states)
        held = [_within(end, state) for end, state in zip(ends, states, strict=True)]
        if all(held):
            return found
        states = [state if h else ANY for state, h in zip(states, held, strict=True)]


def _run(flat: Flat, given: Sequence[Interval], found: dict[str, float]) -> list[Interval]:
    """The intervals of what comes out; the sizes at each watch are put into `found`."""
    known = dict(zip(flat.inputs, given, strict=True))
    makers: dict[Array, Equation] = {}

    def interval(array: Array) -> Interval:
        return known[array] if array.value is None else _interval(np.asarray(array.value))

    for equation in flat.equations:
        intervals = [interval(a) for a in equation.inputs]
        if isinstance(equation.primitive, Watch):
            name, size = equation.primitive.weight, max(map(abs, intervals[0]))
            found[name] = max(size, found.get(name, 0.0))
            continue
        if equation.primitive.name == "scan":
            results = _loop(equation, intervals, found)
        elif equation.bodies:
            branches = [_run(body, intervals[1:], found) for body in equation.bodies]
            results = [_hull(pieces) for pieces in zip(*branches, strict=True)]
        else:
            result = _mean(equation, makers, interval) or _of_numbers(equation, intervals)
            results = [result] * len(equation.outputs)
        known.update(zip(equation.outputs, results, strict=True))
        makers.update(dict.fromkeys(equation.outputs, equation))
    return [interval(a) for a in flat.outputs]


def _loop(equation: Equation, intervals: list[Interval], found: dict[str, float]):
    consts, carried = equation.params["num_consts"], equation.params["num_carry"]
    kept, starts = intervals[:consts], intervals[consts:][:carried]
    rows, (body,) = intervals[consts + carried :], equation.bodies

    def after(states):
        inside: dict[str, float] = {}
        results = _run(body, [*kept, *states, *rows], inside)
        return results[:carried], (results, inside)

    results, inside = _settled(starts, after)
    found.update(inside)
    return results


def _of_numbers(equation: Equation, given: list[Interval]) -> Interval:
    name = equation.primitive.name
    if name in RANGES:
        return RANGES[name]
    if name in MOVES:
        return given[0]
    if name in JOINS:
        return _hull(given[JOINS[name] :])
    if name == "neg":
        return -given[0][1], -given[0][0]
    if name in ("add", "add_any", "sub"):
        (a, b), (c, d) = given
        return (a - d, b - c) if name == "sub" else (a + c, b + d)
    if name == "mul":
        products = [x * y for x, y in itertools.product(*given)]
        return ANY if any(map(math.isnan, products)) else (min(products), max(products))
    if name in ("max", "min"):
        choose = max if name == "max" else min
        return choose(given[0][0], given[1][0]), choose(given[0][1], given[1][1])
    return ANY


def _mean(equation: Equation, makers: dict[Array, Equation], interval: Callable):
    """The interval of `p * x + (1 - p) * y` with p from 0 to 1: between x and y."""
    parts = [makers[a] for a in equation.inputs if a in makers]
    products = [part for part in parts if part.primitive.name == "mul"]
    if equation.primitive.name != "add" or len(products) < 2:
        return None
    for one, other in itertools.permutations(products):
        for p, x in itertools.permutations(one.inputs):
            for q, y in itertools.permutations(other.inputs):
                maker = makers.get(q)
                if maker is None or maker.primitive.name != "sub" or maker.inputs[1] is not p:
                    continue
                if interval(maker.inputs[0]) == (1.0, 1.0) and _within(interval(p), (0.0, 1.0)):
                    return _hull([interval(x), interval(y)])
    return None


def _interval(value: np.ndarray) -> Interval:
    if value.dtype.kind not in "fiub" and str(value.dtype) != "bfloat16":
        return ANY
    return (float(value.min()), float(value.max())) if value.size else (0.0, 0.0)


def _hull(intervals: Sequence[Interval]) -> Interval:
    return min(low for low, _ in intervals), max(high for _, high in intervals)


def _within(inner: Interval, outer: Interval) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]
