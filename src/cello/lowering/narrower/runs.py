"""Modules computed by JAX, many rows at once: streams step by step, whole sequences at once."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.lowering.flat import Flat
from cello.lowering.ir import Buffer, Number
from cello.lowering.module import STARTS, Module
from cello.lowering.narrower.evaluate import Measured, add_measured, evaluate, greatest, known_in
from cello.lowering.tracing import named_leaves

ROWS = 256  # at once


class Runs:
    """What a module computes, run by JAX.

    Args:
        module: the module.
        flats: the function of each of its steps, or of its sequence.
        timed: for each input whether it has an axis of time.
    """

    def __init__(self, module: Module, flats: list[Flat], timed: list[bool]):
        self._module = module
        self._flats = flats
        self._timed = timed
        known: dict[Any, Any] = {}
        for flat in flats:
            known |= known_in(flat)
        self._known = list(known)
        self._values = list(known.values())
        one = self._sequence if module.length else self._stream
        self._rows = jax.jit(jax.vmap(one, (None, 0, 0)))

    def __call__(self, leaves, lengths) -> tuple[list[np.ndarray], Measured]:
        """What comes out of rows, step by step, and what was measured at most.

        Args:
            leaves: an array `(rows, ...)` for each input, `(rows, steps, ...)` if it has time.
            lengths: how many steps each row has.

        Returns:
            For each output `(rows, steps, ...)`, with fewer steps if not each has it, or for whole
            sequences what it is; and the measured numbers.
        """
        count = len(lengths)
        found, measured = [], []
        for first in range(0, count, ROWS):
            places = np.arange(first, first + min(ROWS, count)) % count  # all programs alike
            some = [np.asarray(leaf)[places] for leaf in leaves]
            outputs, numbers = self._rows(self._values, some, np.asarray(lengths)[places])
            found.append([np.asarray(o)[: count - first] for o in outputs])
            measured.append(jax.tree.map(lambda a: np.asarray(a).max(0), numbers))
        joined = [np.concatenate(parts) for parts in zip(*found, strict=True)]
        return joined, jax.tree.map(lambda *a: np.max(a, 0), *measured)

    def _sequence(self, values, leaves, length):
        known = dict(zip(self._known, values, strict=True))
        rows = [leaf[None] for leaf in leaves]
        outputs, measured = evaluate(self._flats[0], [length, *rows], known)
        return [o[0] for o in outputs], measured

    def _stream(self, values, leaves, length):
        known = dict(zip(self._known, values, strict=True))
        steps = self._module.steps
        back = steps[-1].next
        period = len(steps) - back
        count = next(len(a) for a, timed in zip(leaves, self._timed, strict=True) if timed)
        pick = functools.partial(self._at, leaves)

        def run(numbers, at, carry):
            """Some steps, one after the other; `at` gives the inputs of each."""
            found, measured = [], []
            for place, number in enumerate(numbers):
                state, fresh = carry
                given = [*state, fresh, *at(place)]
                results, numbers_there = evaluate(self._flats[number], given, known)
                shown = len(self._module.outputs)
                found.append([self._by_step(k, a) for k, a in enumerate(results[:shown])])
                carry = results[shown:], jnp.zeros((1,), bool)
                measured.append(numbers_there)
            outputs = [jnp.concatenate(parts) for parts in zip(*found, strict=True)]
            return carry, outputs, measured

        carry = start_of(self._module)
        lead = min(back, count)
        turns = (count - lead) // period
        parts, seen = [], []
        if lead:
            carry, outputs, measured = run(range(lead), pick, carry)
            parts.append(outputs)
            seen += measured
        if turns:

            def turn(carry, first):
                carry, outputs, measured = run(
                    range(back, len(steps)), lambda place: pick(first + place), carry
                )
                return carry, (outputs, measured)

            firsts = lead + period * jnp.arange(turns)
            carry, (outputs, measured) = jax.lax.scan(turn, carry, firsts)
            parts.append([o.reshape(-1, *o.shape[2:]) for o in outputs])
            seen += greatest(measured)
        done = lead + turns * period
        if done < count:
            numbers = range(back, back + count - done)
            carry, outputs, measured = run(numbers, lambda place: pick(done + place), carry)
            parts.append(outputs)
            seen += measured
        found = [jnp.concatenate(pieces) for pieces in zip(*parts, strict=True)]
        most: Measured = {}
        for numbers in seen:
            add_measured(most, numbers)
        return found, most

    def _at(self, leaves, step):
        """The inputs of a step, as those of one row."""
        return [
            leaf[step][None, None] if timed else leaf[None]
            for leaf, timed in zip(leaves, self._timed, strict=True)
        ]

    def _by_step(self, number: int, output):
        """An output of one step `(steps, ...)`: none or one, or as it is without time."""
        return output[0] if self._module.outputs[number].timed else output


def start_of(module: Module) -> tuple[list[np.ndarray], np.ndarray]:
    """The states of one row before the first step, as steps take them, and whether it starts."""
    slots = {(path, shape): buffers for path, shape, buffers in module.slots}
    found = []
    for path, leaf in named_leaves(module.steps[0].values):
        parts = [_start(module, b).reshape(leaf.shape) for b in slots[path, leaf.shape[1:]]]
        value = parts[0] + 1j * parts[1] if len(parts) == 2 else parts[0]
        found.append(value.astype(leaf.dtype))
    fresh = [_start(module, b) for b in slots[STARTS, ()]]
    return found, np.asarray(fresh, bool)


def _start(module: Module, buffer: Buffer) -> np.ndarray:
    start = module.starts.get(buffer, Number(0, buffer.kind))
    if isinstance(start, Number):
        return np.full(buffer.shape, start.value)
    return np.asarray(start.value)
