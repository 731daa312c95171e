"""Loops and branches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cello.saving.onnx.builder import Value
from cello.saving.onnx.lower import Writer, rule
from cello.saving.onnx.rules.shapes import counted


@rule("scan")
def scan(w: Writer, equation, *inputs):
    params = equation.params
    consts, carried = params["num_consts"], params["num_carry"]
    kept, rest = inputs[:consts], inputs[consts:]

    def step(states, elements):
        found = w.run(equation.bodies[0], [*kept, *states, *elements])
        return found[:carried], found[carried:]

    ends = params["length"], params["reverse"]
    states, collected = run_along(w, step, rest[:carried], rest[carried:], *ends)
    return [*states, *collected]


def run_along(
    w: Writer, step: Callable, start: Sequence[Value], rows: Sequence[Value], length, reverse: bool,
    axis: int = 0,
) -> tuple[list[Value], list[Value]]:  # fmt: skip
    """A `Scan`.

    Args:
        step: function of states and of one element of each of the rows; new states and what is
            collected.
        start: the states before the first step.
        rows: arrays that are run through along `axis`.
        length: how many steps there are.
        reverse: whether to run from the last element to the first.

    Returns:
        The states after the last step, and what was collected, along `axis`.
    """
    b = w.b
    given = rows or [counted(w, length, "int64")]  # a Scan has at least one
    with b.graph() as nodes:
        states = [_formal(b, v, v.shape) for v in start]
        elements = [_formal(b, v, (*v.shape[:axis], *v.shape[axis + 1 :])) for v in given]
        new, made = step(states, elements[: len(rows)])
        results = [_result(b, v) for v in (*new, *made)]
        body = b.body(nodes, [*states, *elements], results)
    attributes: dict[str, Any] = {"body": body, "num_scan_inputs": len(given)}
    for which, values in (("input", given), ("output", made)):
        if values and axis:
            attributes[f"scan_{which}_axes"] = [axis] * len(values)
        if values and reverse:
            attributes[f"scan_{which}_directions"] = [1] * len(values)
    found = b.op("Scan", *start, *given, outputs=len(results), **attributes)
    found = list(found) if len(results) > 1 else [found]
    shapes = [v.shape for v in new] + [(*v.shape[:axis], length, *v.shape[axis:]) for v in made]
    pairs = zip(found, (*new, *made), shapes, strict=True)
    values = [Value(f.name, v.dtype, tuple(shape)) for f, v, shape in pairs]
    return values[: len(new)], values[len(new) :]


def _formal(b, like: Value, shape) -> Value:
    """An input of a body."""
    return Value(b.unique(b.add_path("given")), like.dtype, tuple(shape))


def _result(b, value: Value) -> Value:
    made = b.op("Identity", value)
    return Value(made.name, value.dtype, value.shape)


@rule("while")
def while_(w: Writer, equation, *inputs):
    params = equation.params
    tests, steps = params["cond_nconsts"], params["body_nconsts"]
    for_test, for_step = list(inputs[:tests]), list(inputs[tests : tests + steps])
    start = list(inputs[tests + steps :])
    test, step = equation.bodies
    b = w.b
    (go_on,) = w.run(test, [*for_test, *start])
    with b.graph() as nodes:
        number = Value(b.unique("step"), np.dtype("int64"))
        before = Value(b.unique("go_on"), np.dtype(bool))
        states = [_formal(b, v, v.shape) for v in start]
        new = w.run(step, [*for_step, *states])
        (again,) = w.run(test, [*for_test, *new])
        results = [_result(b, v) for v in (again, *new)]
        body = b.body(nodes, [number, before, *states], results)
    found = b.op("Loop", None, go_on, *start, outputs=len(results) - 1, body=body)
    found = list(found) if len(results) > 2 else [found]
    values = [Value(f.name, v.dtype, v.shape) for f, v in zip(found, results[1:], strict=True)]
    return values


@rule("cond")
def cond(w: Writer, equation, which, *inputs):
    """All branches are computed, and one is chosen."""
    chosen, *others = [w.run(body, inputs) for body in equation.bodies]
    for number, found in enumerate(others, 1):
        here = w.spread("Equal", which, w.number(number, which.dtype), dtype=bool)
        pairs = zip(found, chosen, strict=True)
        chosen = [w.spread("Where", here, new, old, dtype=new.dtype) for new, old in pairs]
    return chosen
