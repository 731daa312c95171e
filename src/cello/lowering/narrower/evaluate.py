"""Flat functions computed by JAX, those with whole numbers and what watches them included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cello.lowering.flat import Array, Equation, Flat
from cello.lowering.narrower.narrow import Watch

Values = Mapping[Array, Any]
Measured = dict[str, Any]  # by the weight that was watched


def known_in(flat: Flat) -> dict[Array, Any]:
    """The arrays whose numbers are known before, in its loops as well."""
    found: dict[Array, Any] = {a: a.value for a in flat.outputs if a.value is not None}
    for equation in flat.equations:
        found.update((a, a.value) for a in equation.inputs if a.value is not None)
        for body in equation.bodies:
            found |= known_in(body)
    return found


def evaluate(flat: Flat, inputs: Sequence[Any], known: Values) -> tuple[list[Any], Measured]:
    """What a function gives, and the greatest of what was measured at each weight.

    Args:
        flat: the function.
        inputs: the arrays of its inputs.
        known: the values of those of `known_in`, or arrays of JAX in their place.
    """
    values = {**known, **dict(zip(flat.inputs, inputs, strict=True))}
    measured: Measured = {}
    for equation in flat.equations:
        given = [values[a] for a in equation.inputs]
        if isinstance(equation.primitive, Watch):
            watch = equation.primitive
            add_measured(measured, {watch.weight: watch.measure(*given)})
            continue
        if equation.bodies:
            results, inside = _with_bodies(equation, given, known)
            add_measured(measured, inside)
        else:
            results = equation.primitive.bind(*given, **equation.params)
        results = results if equation.primitive.multiple_results else [results]
        values.update(zip(equation.outputs, results, strict=True))
    return [values[a] for a in flat.outputs], measured


def add_measured(measured: Measured, more: Measured) -> None:
    for name, numbers in more.items():
        measured[name] = jnp.maximum(measured[name], numbers) if name in measured else numbers


def greatest(measured: Measured) -> Measured:
    """Of numbers that were measured again and again, along the first axis."""
    return jax.tree.map(lambda a: a.max(0), measured)


def _with_bodies(equation: Equation, given, known: Values) -> tuple[list[Any], Measured]:
    if equation.primitive.name == "scan":
        return _loop(equation, given, known)
    which, *rest = given
    found = [evaluate(body, rest, known) for body in equation.bodies]
    measured: Measured = {}
    for _, inside in found:
        add_measured(measured, inside)
    results = zip(*[results for results, _ in found], strict=True)
    return [jax.lax.select_n(which, *cases) for cases in results], measured


def _loop(equation: Equation, given, known: Values) -> tuple[list[Any], Measured]:
    params, (body,) = equation.params, equation.bodies
    consts, carried = params["num_consts"], params["num_carry"]
    kept, start, rows = given[:consts], given[consts:][:carried], given[consts + carried :]

    def step(carry, row):
        results, inside = evaluate(body, [*kept, *carry, *row], known)
        return results[:carried], (results[carried:], inside)

    last, (collected, inside) = jax.lax.scan(
        step, start, rows, params["length"], reverse=params["reverse"]
    )
    return [*last, *collected], greatest(inside)
